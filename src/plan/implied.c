/*
 * implied.c
 *		Ranges of a column that follow from clauses.
 *
 * An atom compares an expression with an operand: "date_trunc('month',
 * start_at) = $1".  Where the expression is made of monotone functions of one
 * column, a range of the column follows from it.  A clause is one atom, or
 * alternatives ("arms") of several that all have to be met.  The range of a
 * clause reaches from the first to the last value that any arm accepts.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "plan/implied.h"
#include "plan/monotone.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

/* A function that an expression calls, outermost first. */
typedef struct Call
{
	int			function;		/* monotone.c's number of it */
	Expr	   *argument;		/* besides the value; NULL if none */
} Call;

/* "expression operator operand" */
typedef struct Atom
{
	FcColumnRef column;
	FcOperator	operator;		/* FC_WITHIN: the operand is a range */
	FcAxis		axis;			/* of the expression's values */
	Expr	   *operand;
	List	   *calls;			/* of Call * */
} Atom;

/* Positions in an atom's list of integers; then two for each call. */
typedef enum FcAtomIndex
{
	FC_ATOM_OPERATOR,
	FC_ATOM_AXIS,
	FC_ATOM_OPERAND,			/* number of the operand */
	FC_ATOM_CALLS				/* function, number of its argument or -1 */
} FcAtomIndex;

static List *match_arm(const FcMatcher *matcher, Expr *arm);
static Atom *match_atom(const FcMatcher *matcher, Expr *clause);
static bool match_sides(const FcMatcher *matcher, Oid operator, Expr *left,
						Expr *right, bool is_array, Atom *atom);
static FcOperator find_operator(Oid operator, Oid left, Oid right);
static bool is_range_of(Oid range, Oid type);
static bool match_expression(const FcMatcher *matcher, Expr *expr,
							 Atom *atom);
static void add_call(Atom *atom, int function, Expr *argument);
static List *atoms_about(const List *atoms, const FcColumnRef *column);
static List *atom_to_list(const Atom *atom, List **operands);
static int	add_operand(Expr *operand, List **operands);
static FcSpan span_of_atom(const List *atom, const FcOperands *operands);
static void locate_operand(FcAxis axis, FcOperator operator, Oid type,
						   Datum operand, FcSpan *span);
static void locate_array(FcAxis axis, Datum array, FcSpan *span);
static void locate_range(FcAxis axis, Oid type, Datum range, FcSpan *span);

/*
 * fc_implied_match
 *		The columns of which the clause implies a range, as FcImplied *.
 *
 * Each arm has to say something of a column.
 */
List *
fc_implied_match(const FcMatcher *matcher, Expr *clause)
{
	List	   *parts = is_orclause(clause) ?
	((BoolExpr *) clause)->args : list_make1(clause);
	List	   *arms = NIL;
	List	   *result = NIL;
	ListCell   *cell;
	ListCell   *first;

	if (contain_subplans((Node *) clause))
		return NIL;
	foreach(cell, parts)
	{
		List	   *atoms = match_arm(matcher, lfirst(cell));

		if (atoms == NIL)
			return NIL;
		arms = lappend(arms, atoms);
	}

	foreach(first, (List *) linitial(arms))
	{
		FcImplied  *implied = palloc0(sizeof(FcImplied));
		ListCell   *seen;
		bool		is_new = true;

		implied->column = ((Atom *) lfirst(first))->column;
		foreach(seen, result)
			is_new &= ((FcImplied *) lfirst(seen))->column.column !=
			implied->column.column;
		foreach(cell, arms)
		{
			List	   *atoms = atoms_about(lfirst(cell), &implied->column);

			if (atoms == NIL)
				is_new = false;
			implied->arms = lappend(implied->arms, atoms);
		}
		if (is_new)
			result = lappend(result, implied);
	}
	return result;
}

/*
 * fc_implied_to_list
 *		The arms as a plan keeps them.
 *
 * What they refer to by number, and the executor evaluates, is appended to
 * operands.
 */
List *
fc_implied_to_list(const FcImplied *implied, List **operands)
{
	List	   *arms = NIL;
	ListCell   *arm;
	ListCell   *atom;

	foreach(arm, implied->arms)
	{
		List	   *atoms = NIL;

		foreach(atom, (List *) lfirst(arm))
			atoms = lappend(atoms, atom_to_list(lfirst(atom), operands));
		arms = lappend(arms, atoms);
	}
	return arms;
}

/*
 * fc_implied_operands
 *		The numbers of the operands that the arms of a plan refer to.
 */
List *
fc_implied_operands(const List *arms)
{
	List	   *numbers = NIL;
	ListCell   *arm;
	ListCell   *cell;

	foreach(arm, arms)
	{
		foreach(cell, (List *) lfirst(arm))
		{
			const List *atom = lfirst(cell);

			numbers = lappend_int(numbers, list_nth_int(atom,
														FC_ATOM_OPERAND));
			for (int i = FC_ATOM_CALLS; i < list_length(atom); i += 2)
			{
				if (list_nth_int(atom, i + 1) >= 0)
					numbers = lappend_int(numbers, list_nth_int(atom, i + 1));
			}
		}
	}
	return numbers;
}

/*
 * fc_implied_narrow
 *		Leave those values of a column that the arms of a plan may accept.
 */
void
fc_implied_narrow(const List *arms, const FcOperands *operands, FcSpan *span)
{
	FcSpan		hull = FC_NO_VALUE;
	ListCell   *arm;
	ListCell   *atom;

	foreach(arm, arms)
	{
		FcSpan		part = FC_ALL_VALUES;

		foreach(atom, (List *) lfirst(arm))
		{
			FcSpan		one = span_of_atom(lfirst(atom), operands);

			fc_span_intersect(&part, &one);
		}
		fc_span_extend(&hull, &part);
	}
	fc_span_intersect(span, &hull);
}

/*
 * The atoms among the conditions that an arm consists of.
 */
static List *
match_arm(const FcMatcher *matcher, Expr *arm)
{
	List	   *conditions = is_andclause(arm) ?
	((BoolExpr *) arm)->args : list_make1(arm);
	List	   *atoms = NIL;
	ListCell   *cell;

	foreach(cell, conditions)
	{
		Atom	   *atom = match_atom(matcher, lfirst(cell));

		if (atom != NULL)
			atoms = lappend(atoms, atom);
	}
	return atoms;
}

/*
 * The condition as an atom; NULL if it is none.
 */
static Atom *
match_atom(const FcMatcher *matcher, Expr *clause)
{
	Atom	   *atom = palloc0(sizeof(Atom));
	List	   *args;
	Oid			operator;
	bool		is_array = IsA(clause, ScalarArrayOpExpr);

	if (is_array)
	{
		if (!((ScalarArrayOpExpr *) clause)->useOr)
			return NULL;
		operator = ((ScalarArrayOpExpr *) clause)->opno;
		args = ((ScalarArrayOpExpr *) clause)->args;
	}
	else if (IsA(clause, OpExpr))
	{
		operator = ((OpExpr *) clause)->opno;
		args = ((OpExpr *) clause)->args;
	}
	else
		return NULL;

	if (list_length(args) != 2)
		return NULL;
	if (match_sides(matcher, operator, linitial(args), lsecond(args),
					is_array, atom))
		return atom;
	memset(atom, 0, sizeof(Atom));
	if (!is_array &&
		match_sides(matcher, get_commutator(operator), lsecond(args),
					linitial(args), false, atom))
		return atom;
	return NULL;
}

/*
 * Is left made of a column, right an operand, and operator one of core's?
 */
static bool
match_sides(const FcMatcher *matcher, Oid operator, Expr *left, Expr *right,
			bool is_array, Atom *atom)
{
	Oid			type = getBaseType(exprType((Node *) left));
	Oid			other = getBaseType(exprType((Node *) right));
	int			cast;

	if (is_array)
		other = get_base_element_type(other);
	if (operator == OID_RANGE_ELEM_CONTAINED_OP && !is_array &&
		is_range_of(other, type))
	{
		atom->operator = FC_WITHIN;
		other = type;
	}
	else
	{
		atom->operator = find_operator(operator, type, other);
		if (atom->operator == FC_WITHIN ||
			(is_array && atom->operator != FC_EQUAL))
			return false;
		if (is_array)
			atom->operator = FC_EQUAL_ANY;
	}

	/* core compares in the wider type */
	cast = fc_monotone_cast(type, other);
	if (cast >= 0)
	{
		add_call(atom, cast, NULL);
		type = other;
	}
	atom->operand = right;
	return fc_monotone_axis(type, &atom->axis) &&
		fc_monotone_takes(atom->axis, other) &&
		match_expression(matcher, left, atom) &&
		fc_operand_is_free(matcher, right);
}

/*
 * What an operator of core's means for these types; FC_WITHIN if nothing that
 * we know.
 */
static FcOperator
find_operator(Oid operator, Oid left, Oid right)
{
	TypeCacheEntry *entry = lookup_type_cache(left, TYPECACHE_BTREE_OPFAMILY);
	Oid			left_type;
	Oid			right_type;
	int			strategy;

	if (!OidIsValid(operator) || operator >= FirstNormalObjectId ||
		!OidIsValid(entry->btree_opf))
		return FC_WITHIN;
	strategy = get_op_opfamily_strategy(operator, entry->btree_opf);
	op_input_types(operator, &left_type, &right_type);
	if (strategy == InvalidStrategy || left_type != left ||
		right_type != right)
		return FC_WITHIN;
	return fc_operand_operators[strategy];
}

/*
 * Is it core's type for ranges of that type?
 */
static bool
is_range_of(Oid range, Oid type)
{
	switch (range)
	{
		case INT4RANGEOID:
			return type == INT4OID;
		case INT8RANGEOID:
			return type == INT8OID;
		case DATERANGEOID:
			return type == DATEOID;
		case TSRANGEOID:
			return type == TIMESTAMPOID;
		case TSTZRANGEOID:
			return type == TIMESTAMPTZOID;
		default:
			return false;
	}
}

/*
 * Does the expression consist of a column of which a range goes upstream, and
 * of monotone functions?  Then add these to the atom.
 */
static bool
match_expression(const FcMatcher *matcher, Expr *expr, Atom *atom)
{
	while (!fc_operand_column(matcher, expr, &atom->column))
	{
		Expr	   *inner;
		Expr	   *argument;
		int			function = fc_monotone_peel(expr, &inner, &argument);

		if (function < 0 ||
			(argument != NULL && !fc_operand_is_free(matcher, argument)))
			return false;
		add_call(atom, function, argument);
		expr = inner;
	}
	return atom->column.attnum > 0 &&
		fc_comparison(atom->column.column, FC_WITHIN)->places != 0;
}

static void
add_call(Atom *atom, int function, Expr *argument)
{
	Call	   *call = palloc(sizeof(Call));

	call->function = function;
	call->argument = argument;
	atom->calls = lappend(atom->calls, call);
}

/*
 * Those of the atoms that are about the column.
 */
static List *
atoms_about(const List *atoms, const FcColumnRef *column)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, atoms)
	{
		Atom	   *atom = lfirst(cell);

		if (atom->column.column == column->column)
			result = lappend(result, atom);
	}
	return result;
}

static List *
atom_to_list(const Atom *atom, List **operands)
{
	List	   *list = list_make3_int(atom->operator, atom->axis,
									  add_operand(atom->operand, operands));
	ListCell   *cell;

	foreach(cell, atom->calls)
	{
		const Call *call = lfirst(cell);

		list = lappend_int(list, call->function);
		list = lappend_int(list, call->argument == NULL ? -1 :
						   add_operand(call->argument, operands));
	}
	return list;
}

/*
 * Append an operand, and say which number it has.
 */
static int
add_operand(Expr *operand, List **operands)
{
	*operands = lappend(*operands, operand);
	return list_length(*operands) - 1;
}

/*
 * The values of the column that an atom may accept; none if it is NULL.
 */
static FcSpan
span_of_atom(const List *atom, const FcOperands *operands)
{
	FcOperator	operator = list_nth_int(atom, FC_ATOM_OPERATOR);
	FcAxis		axis = list_nth_int(atom, FC_ATOM_AXIS);
	int			number = list_nth_int(atom, FC_ATOM_OPERAND);
	FcSpan		none = FC_NO_VALUE;
	FcSpan		span = FC_ALL_VALUES;

	if (operands->isnull[number])
		return none;
	locate_operand(axis, operator, operands->types[number],
				   operands->values[number], &span);

	for (int i = FC_ATOM_CALLS; i < list_length(atom); i += 2)
	{
		int			argument = list_nth_int(atom, i + 1);

		if (fc_span_is_empty(&span) ||
			(argument >= 0 && operands->isnull[argument]))
			return none;
		fc_monotone_invert(list_nth_int(atom, i),
						   argument < 0 ? InvalidOid :
						   operands->types[argument],
						   argument < 0 ? (Datum) 0 :
						   operands->values[argument], &span);
	}
	return span;
}

/*
 * Leave what compares so with an operand.
 */
static void
locate_operand(FcAxis axis, FcOperator operator, Oid type, Datum operand,
			   FcSpan *span)
{
	FcPosition	position;

	type = getBaseType(type);
	if (operator == FC_WITHIN)
		locate_range(axis, type, operand, span);
	else if (operator == FC_EQUAL_ANY)
		locate_array(axis, operand, span);
	else
	{
		position = fc_monotone_locate(axis, type, operand);
		fc_span_narrow(span, operator, &position);
	}
}

/*
 * Leave what lies between the first and the last element of an array.
 */
static void
locate_array(FcAxis axis, Datum array, FcSpan *span)
{
	ArrayType  *elements = DatumGetArrayTypeP(array);
	FcSpan		hull = FC_NO_VALUE;
	ArrayIterator iterator = array_create_iterator(elements, 0, NULL);
	Datum		element;
	bool		isnull;

	while (array_iterate(iterator, &element, &isnull))
	{
		FcSpan		one = FC_ALL_VALUES;

		if (isnull)
			continue;
		locate_operand(axis, FC_EQUAL, ARR_ELEMTYPE(elements), element, &one);
		fc_span_extend(&hull, &one);
	}
	array_free_iterator(iterator);
	fc_span_intersect(span, &hull);
}

/*
 * Leave what lies in a range.
 */
static void
locate_range(FcAxis axis, Oid type, Datum range, FcSpan *span)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_RANGE_INFO);
	FcSpan		none = FC_NO_VALUE;
	RangeBound	lower;
	RangeBound	upper;
	bool		is_empty;

	range_deserialize(entry, DatumGetRangeTypeP(range), &lower, &upper,
					  &is_empty);
	if (is_empty)
		*span = none;
	if (is_empty)
		return;
	type = entry->rngelemtype->type_id;
	if (!lower.infinite)
		locate_operand(axis, lower.inclusive ? FC_GREATER_EQUAL : FC_GREATER,
					   type, lower.val, span);
	if (!upper.infinite)
		locate_operand(axis, upper.inclusive ? FC_LESS_EQUAL : FC_LESS, type,
					   upper.val, span);
}
