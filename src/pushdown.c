/*
 * pushdown.c
 *		Which clauses the API can evaluate, and as which filters.
 *
 * First, when a query is planned, fc_pushdown_match finds clauses of the form
 * "column operator operand" where the API has a parameter for the column, the
 * operator is one of core's own, and the operand does not depend on the row.
 * Later, when a scan begins and the operands are known, fc_pushdown_bind says
 * what to ask for.  What it asks for may be more than what the clauses accept,
 * never less: PostgreSQL evaluates all of them again.
 *
 * A column's values are thought of as points on a scale of integers: numbers,
 * days or microseconds.  All comparisons of a column together leave a range of
 * it, and perhaps a list of single values.
 *
 * Nothing is done with text, since who knows how the API compares it, and
 * nothing with negations.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "pgtime.h"
#include "pushdown.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/*
 * Bounds are written with years of four digits, which is what an API and the
 * database behind it surely read.  A bound beyond them is moved to them, or
 * left out where every value meets it.
 */
#define FIRST_DAY	(date2j(1000, 1, 3) - POSTGRES_EPOCH_JDATE)
#define LAST_DAY	(date2j(9999, 12, 29) - POSTGRES_EPOCH_JDATE)

/* The clock is never set back by more than so many seconds. */
#define LONGEST_SETBACK (3 * SECS_PER_HOUR)

/* Which end of a range. */
typedef enum Side
{
	LOWER = -1,
	UPPER = 1
} Side;

/* Where an operand stands on the scale of a column's values. */
typedef struct Position
{
	int			infinite;		/* -1 below, 1 above every value, else 0 */
	int64		floor;			/* greatest value not above the operand */
	int64		ceiling;		/* least value not below it */
	bool		vague;			/* the operand may be a bit off */
} Position;

/* What comparisons leave of a column's values. */
typedef struct Range
{
	int64		first;			/* PG_INT64_MIN: no bound */
	int64		last;			/* PG_INT64_MAX: no bound */
} Range;

/* What a column's type in the catalog means to comparisons. */
typedef struct Kind
{
	const char *type;			/* in the catalog; NULL ends */
	Oid			opclass;		/* its family holds all that compare it */
	const Oid  *columns;		/* types of local columns; InvalidOid ends */
	const Oid  *operands;		/* types of operands; InvalidOid ends */
	Position	(*locate) (Oid type, Datum operand);
	char	   *(*write) (int64 value, Side side, pg_tz *zone);
} Kind;

/* What the planner looks at. */
typedef struct Matcher
{
	PlannerInfo *root;
	RelOptInfo *rel;
	const FcTable *table;
} Matcher;

/* What a query is made from. */
typedef struct Binder
{
	FcQuery    *query;
	const List *conditions;
	const FcOperands *operands;
	pg_tz	   *zone;			/* of bounds, NULL if unknown */
	bool		push_filters;
} Binder;

static Position locate_number(Oid type, Datum operand);
static Position locate_day(Oid type, Datum operand);
static Position locate_instant(Oid type, Datum operand);
static char *write_day(int64 day, Side side, pg_tz *zone);
static char *write_instant(int64 instant, Side side, pg_tz *zone);

static const Oid numbers[] = {INT8OID, INT4OID, INT2OID, InvalidOid};
static const Oid dates[] = {DATEOID, InvalidOid};
static const Oid instants[] = {TIMESTAMPTZOID, InvalidOid};
static const Oid times[] = {DATEOID, TIMESTAMPOID, TIMESTAMPTZOID, InvalidOid};

static const Kind kinds[] = {
	{"bigint", INT8_BTREE_OPS_OID, numbers, numbers, locate_number},
	{"integer", INT8_BTREE_OPS_OID, numbers, numbers, locate_number},
	{"date", DATE_BTREE_OPS_OID, dates, times, locate_day, write_day},
	{"timestamptz", TIMESTAMPTZ_BTREE_OPS_OID, instants, times, locate_instant,
	write_instant},
	{NULL}
};

/* However it is narrowed further, it stays empty. */
static const Range no_value = {1, 0};

/* By the strategy numbers of btree. */
static const FcOperator operators[] = {
	[BTLessStrategyNumber] = FC_LESS,
	[BTLessEqualStrategyNumber] = FC_LESS_EQUAL,
	[BTEqualStrategyNumber] = FC_EQUAL,
	[BTGreaterEqualStrategyNumber] = FC_GREATER_EQUAL,
	[BTGreaterStrategyNumber] = FC_GREATER
};

const char *const fc_pushdown_operators[] = {
	[FC_EQUAL] = "=",
	[FC_EQUAL_ANY] = "= ANY",
	[FC_LESS] = "<",
	[FC_LESS_EQUAL] = "<=",
	[FC_GREATER] = ">",
	[FC_GREATER_EQUAL] = ">="
};

PG_FUNCTION_INFO_V1(frontcore_pushdown);

/* In option.c; tells our servers from others'. */
extern PGDLLEXPORT Datum frontcore_fdw_validator(PG_FUNCTION_ARGS);

static void put_column(const FcTable *table,
					   const FcTableColumn *table_column,
					   ReturnSetInfo *result);
static bool match_clause(const Matcher *matcher, Expr *clause,
						 FcPushed *pushed);
static bool match_comparison(const Matcher *matcher, OpExpr *comparison,
							 FcPushed *pushed);
static bool match_any(const Matcher *matcher, ScalarArrayOpExpr *comparison,
					  FcPushed *pushed);
static bool match_alternatives(const Matcher *matcher, List *alternatives,
							   FcPushed *pushed);
static bool match_sides(const Matcher *matcher, Oid operator, Expr *left,
						Expr *right, FcPushed *pushed);
static const Kind *match_column(const Matcher *matcher, Expr *expr,
								FcPushed *pushed);
static bool depends_on_row(const Matcher *matcher, Expr *operand);
static Expr *widen_integer(Expr *integer);
static bool is_pushable(const FcColumn *column, FcOperator operator);
static const Kind *find_kind(const FcColumn *column);
static bool is_among(Oid type, const Oid *types);
static void bind_column(const Binder *binder, const FcColumn *column);
static bool is_list(const Binder *binder, const FcCondition *condition);
static void narrow_range(Range *range, FcOperator operator,
						 const Position *position);
static bool asks_for(FcOperator operator, Side side);
static void set_first(Range *range, int64 from, int64 offset);
static void set_last(Range *range, int64 from, int64 offset);
static void bind_keys(const Binder *binder, const FcColumn *column,
					  FcKeys *keys, const Range *range);
static int	read_list(Datum list, const Range *range, int64 **values);
static void bind_bounds(const Binder *binder, const FcColumn *column,
						const Range *range);
static bool clamp_bound(int64 *value, Side side, int64 least, int64 greatest);
static int64 divide_down(int64 value, int64 divisor);
static long offset_at(pg_time_t at, pg_tz *zone);
static long repeated_seconds(pg_time_t at, pg_tz *zone);
static FcTable *open_table(Oid relid);
static const char *name_parameter(const FcColumn *column,
								  FcOperator operator);

/*
 * fc_pushdown_match
 *		Those of the clauses that the API can evaluate, as FcPushed.
 *
 * A clause may compare a column with other relations' columns: as a parameter
 * of a nested loop they are row-independent too.  A clause that may not be
 * evaluated before all rows of the table have passed a security barrier stays
 * here: the number of requests would tell of those rows.
 */
List *
fc_pushdown_match(PlannerInfo *root, RelOptInfo *rel, const FcTable *table,
				  List *rinfos)
{
	Matcher		matcher = {root, rel, table};
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, rinfos)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		FcPushed	pushed = {0};

		if (rinfo->pseudoconstant ||
			!restriction_is_securely_promotable(rinfo, rel) ||
			!match_clause(&matcher, rinfo->clause, &pushed))
			continue;

		pushed.rinfo = rinfo;
		result = lappend(result, memcpy(palloc(sizeof(FcPushed)), &pushed,
										sizeof(FcPushed)));
	}
	return result;
}

/*
 * fc_pushdown_column
 *		The column of the table that the expression is, NULL if none.
 *
 * Only one of which we know that the operator family orders it as the API
 * does.
 */
const FcColumn *
fc_pushdown_column(RelOptInfo *rel, const FcTable *table, Expr *expr,
				   Oid opfamily)
{
	Matcher		matcher = {NULL, rel, table};
	FcPushed	pushed = {0};
	const Kind *kind = match_column(&matcher, expr, &pushed);

	if (kind == NULL || get_opclass_family(kind->opclass) != opfamily)
		return NULL;
	return pushed.column;
}

/*
 * fc_pushdown_is_exact
 *		Will the API return no row that the clause refuses?
 */
bool
fc_pushdown_is_exact(const FcPushed *pushed)
{
	const FcColumn *column = pushed->column;

	switch (pushed->operator)
	{
		case FC_EQUAL:
			return column->min == NULL;
		case FC_EQUAL_ANY:
			return column->equals == NULL;	/* takes one value only */
		case FC_GREATER:
		case FC_GREATER_EQUAL:
			return (column->flags & FC_KEY) != 0;
		default:
			return false;
	}
}

/*
 * fc_pushdown_conditions
 *		The same clauses as conditions, a list of FcCondition *.
 *
 * What they refer to by number, and the executor evaluates, is appended to
 * operands.
 */
List *
fc_pushdown_conditions(const FcResource *resource, List *pushed,
					   List **operands)
{
	List	   *conditions = NIL;
	ListCell   *cell;

	foreach(cell, pushed)
	{
		const FcPushed *clause = lfirst(cell);
		FcCondition *condition = palloc(sizeof(FcCondition));

		condition->column = fc_catalog_column_number(resource, clause->column);
		condition->operator = clause->operator;
		condition->operand = list_length(*operands);
		conditions = lappend(conditions, condition);
		*operands = lappend(*operands, clause->operand);
	}
	return conditions;
}

/*
 * fc_pushdown_bind
 *		Add to a query what conditions ask for, now that operands are known.
 *
 * An operand that is an array means any of its elements, whatever the
 * operator says.  What the query gets depends on nothing but the arguments,
 * and on the session's time zone where a date or timestamp is compared with a
 * timestamptz.  Allocates in the current context.
 */
void
fc_pushdown_bind(FcQuery *query, const List *conditions,
				 const FcOperands *operands, const char *filter_timezone,
				 bool push_filters)
{
	Binder		binder = {query, conditions, operands};
	uint64		bound = 0;
	ListCell   *cell;

	binder.zone = filter_timezone ? pg_tzset(filter_timezone) : NULL;
	binder.push_filters = push_filters;

	foreach(cell, conditions)
	{
		const FcCondition *condition = lfirst(cell);
		uint64		bit = UINT64CONST(1) << condition->column;

		if (operands->isnull[condition->operand])
			query->is_empty = true;
		else if ((bound & bit) == 0)
			bind_column(&binder, &query->resource->columns[condition->column]);
		bound |= bit;
	}
}

/*
 * frontcore_pushdown
 *		What of a foreign table's columns goes upstream.
 */
Datum
frontcore_pushdown(PG_FUNCTION_ARGS)
{
	FcTable    *table = open_table(PG_GETARG_OID(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];
		const Kind *kind = column->column ? find_kind(column->column) : NULL;

		if (kind != NULL &&
			is_among(getBaseType(get_atttype(table->relid, column->attnum)),
					 kind->columns))
			put_column(table, column, result);
	}
	PG_RETURN_NULL();
}

/*
 * Put a row for each comparison of a column that goes upstream.
 */
static void
put_column(const FcTable *table, const FcTableColumn *table_column,
		   ReturnSetInfo *result)
{
	const FcColumn *column = table_column->column;
	bool		is_key = (column->flags & (FC_KEY | FC_PARENT)) != 0;

	for (int i = 0; i < lengthof(fc_pushdown_operators); i++)
	{
		const char *parameter = name_parameter(column, i);
		Datum		values[4];
		bool		nulls[4] = {false, false, false, false};

		if (parameter == NULL ||
			(!table->push_filters && parameter[0] != '{'))
			continue;
		values[0] = CStringGetTextDatum(table_column->name);
		values[1] = CStringGetTextDatum(fc_pushdown_operators[i]);
		values[2] = CStringGetTextDatum(parameter);
		values[3] = CStringGetTextDatum(is_key || column->equals != NULL ?
										"exact" : "widened");
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
}

/*
 * Is this a clause that the API can evaluate?  Then describe it.
 */
static bool
match_clause(const Matcher *matcher, Expr *clause, FcPushed *pushed)
{
	if (IsA(clause, OpExpr))
		return match_comparison(matcher, (OpExpr *) clause, pushed);
	if (IsA(clause, ScalarArrayOpExpr))
		return match_any(matcher, (ScalarArrayOpExpr *) clause, pushed);
	if (is_orclause(clause))
		return match_alternatives(matcher, ((BoolExpr *) clause)->args,
								  pushed);
	return false;
}

/*
 * "column operator operand", or the other way round.
 */
static bool
match_comparison(const Matcher *matcher, OpExpr *comparison, FcPushed *pushed)
{
	Expr	   *left;
	Expr	   *right;

	if (list_length(comparison->args) != 2)
		return false;
	left = linitial(comparison->args);
	right = lsecond(comparison->args);

	return match_sides(matcher, comparison->opno, left, right, pushed) ||
		match_sides(matcher, get_commutator(comparison->opno), right, left,
					pushed);
}

/*
 * "column = ANY (array)".
 */
static bool
match_any(const Matcher *matcher, ScalarArrayOpExpr *comparison,
		  FcPushed *pushed)
{
	if (!comparison->useOr ||
		!match_sides(matcher, comparison->opno, linitial(comparison->args),
					 lsecond(comparison->args), pushed) ||
		pushed->operator != FC_EQUAL)
		return false;

	pushed->operator = FC_EQUAL_ANY;
	return is_pushable(pushed->column, FC_EQUAL_ANY);
}

/*
 * "column = one OR column = other": an array of all operands.
 */
static bool
match_alternatives(const Matcher *matcher, List *alternatives,
				   FcPushed *pushed)
{
	ArrayExpr  *array = makeNode(ArrayExpr);
	ListCell   *cell;

	array->array_typeid = INT8ARRAYOID;
	array->element_typeid = INT8OID;
	array->location = -1;

	foreach(cell, alternatives)
	{
		FcPushed	one = {0};

		if (!IsA(lfirst(cell), OpExpr) ||
			!match_comparison(matcher, lfirst(cell), &one) ||
			one.operator != FC_EQUAL ||
			!is_pushable(one.column, FC_EQUAL_ANY) ||
			(pushed->column != NULL && pushed->attnum != one.attnum))
			return false;

		*pushed = one;
		array->elements = lappend(array->elements,
								  widen_integer(one.operand));
	}

	pushed->operator = FC_EQUAL_ANY;
	pushed->operand = (Expr *) eval_const_expressions(matcher->root,
													  (Node *) array);
	return true;
}

/*
 * Is left a column, right an operand, and operator one that we know?
 *
 * Core's operator families say what an operator means, but others may add to
 * a family; so we look whose operator and types these are.
 */
static bool
match_sides(const Matcher *matcher, Oid operator, Expr *left, Expr *right,
			FcPushed *pushed)
{
	const Kind *kind = match_column(matcher, left, pushed);
	int			strategy;
	Oid			left_type;
	Oid			right_type;

	if (kind == NULL || operator == InvalidOid ||
		operator >= FirstNormalObjectId)
		return false;
	strategy = get_op_opfamily_strategy(operator,
										get_opclass_family(kind->opclass));
	if (strategy == InvalidStrategy)
		return false;
	op_input_types(operator, &left_type, &right_type);
	if (!is_among(left_type, kind->columns) ||
		!is_among(right_type, kind->operands))
		return false;

	pushed->operator = operators[strategy];
	pushed->operand = right;
	return is_pushable(pushed->column, pushed->operator) &&
		!depends_on_row(matcher, right);
}

/*
 * Is this a column of the table, of a type that holds the API's values as
 * they are?  A column declared otherwise compares in ways of its own.
 */
static const Kind *
match_column(const Matcher *matcher, Expr *expr, FcPushed *pushed)
{
	const FcTableColumn *column;
	const Kind *kind;
	Var		   *var;

	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	var = (Var *) expr;
	if (!IsA(var, Var) || var->varno != matcher->rel->relid ||
		var->varlevelsup > 0 || var->varattno <= 0)
		return NULL;

	column = &matcher->table->columns[var->varattno - 1];
	kind = column->column ? find_kind(column->column) : NULL;
	if (kind == NULL || !is_among(getBaseType(var->vartype), kind->columns))
		return NULL;

	pushed->column = column->column;
	pushed->attnum = var->varattno;
	return kind;
}

/*
 * Must the operand be evaluated for each row?
 */
static bool
depends_on_row(const Matcher *matcher, Expr *operand)
{
	return bms_is_member(matcher->rel->relid,
						 pull_varnos(matcher->root, (Node *) operand)) ||
		contain_volatile_functions((Node *) operand) ||
		contain_subplans((Node *) operand);
}

/*
 * The same integer as an int8.
 */
static Expr *
widen_integer(Expr *integer)
{
	Oid			type = exprType((Node *) integer);

	if (type == INT8OID)
		return integer;
	return (Expr *) makeFuncExpr(type == INT4OID ? F_INT8_INT4 : F_INT8_INT2,
								 INT8OID, list_make1(integer), InvalidOid,
								 InvalidOid, COERCE_IMPLICIT_CAST);
}

/*
 * Is there any use in knowing that comparison?
 *
 * An upper bound of a key goes nowhere, but may rule out the other keys.
 */
static bool
is_pushable(const FcColumn *column, FcOperator operator)
{
	if (column->flags & FC_KEY)
		return true;
	if ((column->flags & FC_PARENT) || column->equals != NULL)
		return operator == FC_EQUAL || operator == FC_EQUAL_ANY;
	return column->min != NULL && operator != FC_EQUAL_ANY;
}

/*
 * How values of a column are compared; NULL if we do not know.
 */
static const Kind *
find_kind(const FcColumn *column)
{
	for (const Kind *kind = kinds; kind->type; kind++)
	{
		if (strcmp(kind->type, column->type) == 0)
			return kind;
	}
	return NULL;
}

static bool
is_among(Oid type, const Oid *types)
{
	while (OidIsValid(*types) && *types != type)
		types++;
	return OidIsValid(*types);
}

/*
 * Ask for what all conditions on a column leave of it.
 */
static void
bind_column(const Binder *binder, const FcColumn *column)
{
	FcQuery    *query = binder->query;
	const Kind *kind = find_kind(column);
	bool		is_key = (column->flags & (FC_KEY | FC_PARENT)) != 0;
	Range		range = {is_key ? 1 : PG_INT64_MIN, PG_INT64_MAX};
	FcKeys		keys = {0};
	ListCell   *cell;

	foreach(cell, binder->conditions)
	{
		const FcCondition *condition = lfirst(cell);
		int			number = condition->operand;
		Position	position;

		if (&query->resource->columns[condition->column] != column ||
			binder->operands->isnull[number] || is_list(binder, condition))
			continue;
		position = kind->locate(binder->operands->types[number],
								binder->operands->values[number]);
		narrow_range(&range, condition->operator, &position);
	}

	if (range.first > range.last)
		query->is_empty = true;
	else if (column->flags & FC_KEY)
	{
		bind_keys(binder, column, &query->ids, &range);
		if (!query->ids.bound && range.first > 1 && binder->push_filters)
		{
			query->has_since = true;
			query->since = range.first - 1;
		}
	}
	else if (column->flags & FC_PARENT)
		bind_keys(binder, column, &query->parents, &range);
	else if (column->equals != NULL)
	{
		bind_keys(binder, column, &keys, &range);
		if (keys.count == 1 && binder->push_filters)
			fc_query_add_filter(query, column->equals,
								psprintf(INT64_FORMAT, keys.values[0]));
	}
	else if (binder->push_filters)
		bind_bounds(binder, column, &range);
}

/*
 * Is the condition's operand an array?
 */
static bool
is_list(const Binder *binder, const FcCondition *condition)
{
	Oid			type = binder->operands->types[condition->operand];

	return OidIsValid(get_base_element_type(type));
}

/*
 * Leave those values of the range that compare so with the operand.
 */
static void
narrow_range(Range *range, FcOperator operator, const Position *position)
{
	int			step = position->vague ? 0 : 1;

	if (position->infinite != 0)
	{
		/* met by every value, or by none */
		if (!asks_for(operator, position->infinite < 0 ? LOWER : UPPER))
			*range = no_value;
		return;
	}

	switch (operator)
	{
		case FC_EQUAL:
		case FC_EQUAL_ANY:
			set_first(range, position->ceiling, 0);
			set_last(range, position->floor, 0);
			break;
		case FC_LESS:
			set_last(range, position->ceiling, -step);
			break;
		case FC_LESS_EQUAL:
			set_last(range, position->floor, 0);
			break;
		case FC_GREATER:
			set_first(range, position->floor, step);
			break;
		case FC_GREATER_EQUAL:
			set_first(range, position->ceiling, 0);
			break;
	}
}

/*
 * Does the comparison set that end of a range, and no other?
 */
static bool
asks_for(FcOperator operator, Side side)
{
	if (side == LOWER)
		return operator == FC_GREATER || operator == FC_GREATER_EQUAL;
	return operator == FC_LESS || operator == FC_LESS_EQUAL;
}

/*
 * Leave values from from + offset on; none if there is no such number.
 */
static void
set_first(Range *range, int64 from, int64 offset)
{
	int64		first;

	if (pg_add_s64_overflow(from, offset, &first))
		*range = no_value;
	else
		range->first = Max(range->first, first);
}

/*
 * Leave values up to from + offset; none if there is no such number.
 */
static void
set_last(Range *range, int64 from, int64 offset)
{
	int64		last;

	if (pg_add_s64_overflow(from, offset, &last))
		*range = no_value;
	else
		range->last = Min(range->last, last);
}

/*
 * Ask for single values of a column, where conditions leave such.
 */
static void
bind_keys(const Binder *binder, const FcColumn *column, FcKeys *keys,
		  const Range *range)
{
	int64	   *values;
	int			count;
	ListCell   *cell;

	foreach(cell, binder->conditions)
	{
		const FcCondition *condition = lfirst(cell);

		if (&binder->query->resource->columns[condition->column] != column ||
			binder->operands->isnull[condition->operand] ||
			!is_list(binder, condition))
			continue;
		count = read_list(binder->operands->values[condition->operand], range,
						  &values);
		fc_query_bind_keys(binder->query, keys, values, count);
	}

	if (range->first == range->last)
	{
		values = palloc(sizeof(int64));
		values[0] = range->first;
		fc_query_bind_keys(binder->query, keys, values, 1);
	}
}

/*
 * The elements of an array of integers that lie in a range.
 */
static int
read_list(Datum list, const Range *range, int64 **values)
{
	ArrayType  *array = DatumGetArrayTypeP(list);
	Oid			type = ARR_ELEMTYPE(array);
	Datum	   *elements;
	bool	   *nulls;
	int			length;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			count = 0;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, type, typlen, typbyval, typalign, &elements,
					  &nulls, &length);

	*values = palloc(Max(length, 1) * sizeof(int64));
	for (int i = 0; i < length; i++)
	{
		int64		value;

		if (nulls[i])
			continue;
		value = locate_number(type, elements[i]).floor;
		if (value >= range->first && value <= range->last)
			(*values)[count++] = value;
	}
	return count;
}

/*
 * Ask for a range of a column's values.
 */
static void
bind_bounds(const Binder *binder, const FcColumn *column, const Range *range)
{
	const Kind *kind = find_kind(column);
	const char *bound = NULL;

	if (range->first != PG_INT64_MIN)
		bound = kind->write(range->first, LOWER, binder->zone);
	if (bound != NULL)
		fc_query_add_filter(binder->query, column->min, bound);

	bound = NULL;
	if (range->last != PG_INT64_MAX)
		bound = kind->write(range->last, UPPER, binder->zone);
	if (bound != NULL)
		fc_query_add_filter(binder->query, column->max, bound);
}

/*
 * An integer on the scale of integers.
 */
static Position
locate_number(Oid type, Datum operand)
{
	Position	position = {0};

	if (type == INT8OID)
		position.floor = DatumGetInt64(operand);
	else if (type == INT4OID)
		position.floor = DatumGetInt32(operand);
	else if (type == INT2OID)
		position.floor = DatumGetInt16(operand);
	else
		elog(ERROR, "unexpected type %u of a number", type);

	position.ceiling = position.floor;
	return position;
}

/*
 * A date or time on the scale of days.
 *
 * Core compares a date with a timestamptz as that day's midnight in the
 * session's time zone.  Midnights may be missing or come twice, so we only
 * rely on the local day of the instant.
 */
static Position
locate_day(Oid type, Datum operand)
{
	Position	position = {0};
	Timestamp	at = 0;

	if (type == DATEOID)
	{
		DateADT		day = DatumGetDateADT(operand);

		if (DATE_NOT_FINITE(day))
			position.infinite = DATE_IS_NOBEGIN(day) ? -1 : 1;
		position.floor = position.ceiling = day;
		return position;
	}

	at = DatumGetTimestamp(operand);
	if (TIMESTAMP_NOT_FINITE(at))
		position.infinite = TIMESTAMP_IS_NOBEGIN(at) ? -1 : 1;
	else if (type == TIMESTAMPTZOID)
	{
		at += offset_at(timestamptz_to_time_t(at), session_timezone) *
			USECS_PER_SEC;
		position.vague = true;
	}
	position.floor = divide_down(at, USECS_PER_DAY);
	position.ceiling = position.floor;
	if (!position.vague && at % USECS_PER_DAY != 0)
		position.ceiling++;
	return position;
}

/*
 * A date or time on the scale of microseconds, as core would compare it with
 * a timestamptz.
 */
static Position
locate_instant(Oid type, Datum operand)
{
	Position	position = {0};
	int			overflow = 0;
	TimestampTz at;

	if (type == DATEOID)
		at = date2timestamptz_opt_overflow(DatumGetDateADT(operand),
										   &overflow);
	else if (type == TIMESTAMPOID)
		at = timestamp2timestamptz_opt_overflow(DatumGetTimestamp(operand),
												&overflow);
	else
		at = DatumGetTimestampTz(operand);

	if (overflow != 0)
		position.infinite = overflow;
	else if (TIMESTAMP_NOT_FINITE(at))
		position.infinite = TIMESTAMP_IS_NOBEGIN(at) ? -1 : 1;
	position.floor = position.ceiling = at;
	return position;
}

/*
 * A bound of days, as the API reads it; NULL if every value meets it.
 *
 * A day on either side makes good that the bound itself may be left out, that
 * a day may stand for its beginning or its end, and that it may begin in any
 * zone (#8).
 */
static char *
write_day(int64 day, Side side, pg_tz *zone)
{
	int			year;
	int			month;
	int			mday;

	if (!clamp_bound(&day, side, FIRST_DAY, LAST_DAY))
		return NULL;
	j2date((int) day + side + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return psprintf("%04d-%02d-%02d", year, month, mday);
}

/*
 * A bound of instants, as the API reads it; NULL if every value meets it.
 *
 * The API compares whole seconds, and may leave out the bound itself: hence a
 * second more on either side.  Where the zone is unknown, the bound is in UTC
 * and a day more is right in each.  Where the clock repeats an hour, a time
 * stands for two instants, the wrong one of which is an hour too near.
 */
static char *
write_instant(int64 instant, Side side, pg_tz *zone)
{
	Timestamp	wall;
	struct pg_tm tm;
	fsec_t		fsec;

	if (!clamp_bound(&instant, side, FIRST_DAY * USECS_PER_DAY,
					 LAST_DAY * USECS_PER_DAY))
		return NULL;

	if (side == UPPER)
		instant += USECS_PER_SEC - 1;
	wall = divide_down(instant, USECS_PER_SEC) * USECS_PER_SEC;
	if (zone == NULL)
		wall += side * USECS_PER_DAY;
	else
	{
		pg_time_t	at = timestamptz_to_time_t(wall) + side;

		wall += (side + offset_at(at, zone) +
				 side * repeated_seconds(at, zone)) * USECS_PER_SEC;
	}

	if (timestamp2tm(wall, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	return psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/*
 * Move a bound to where it can be written.  False if it need not be: every
 * value that can be written meets it.
 */
static bool
clamp_bound(int64 *value, Side side, int64 least, int64 greatest)
{
	if (side == LOWER ? *value < least : *value > greatest)
		return false;

	*value = Min(Max(*value, least), greatest);
	return true;
}

/*
 * Division that rounds down, for a positive divisor.
 */
static int64
divide_down(int64 value, int64 divisor)
{
	return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/*
 * Seconds that a zone's clock is ahead of UTC at an instant.
 */
static long
offset_at(pg_time_t at, pg_tz *zone)
{
	struct pg_tm *tm = pg_localtime(&at, zone);

	return tm != NULL ? tm->tm_gmtoff : 0;
}

/*
 * If a zone's clock shows the time of this instant twice: the seconds between.
 */
static long
repeated_seconds(pg_time_t at, pg_tz *zone)
{
	long		here = offset_at(at, zone);
	long		before = offset_at(at - LONGEST_SETBACK, zone);
	long		after = offset_at(at + LONGEST_SETBACK, zone);

	if (before > here && offset_at(at - (before - here), zone) == before)
		return before - here;
	if (after < here && offset_at(at + (here - after), zone) == after)
		return here - after;
	return 0;
}

/*
 * What options say of a foreign table that is one of ours.
 */
static FcTable *
open_table(Oid relid)
{
	ForeignTable *table;
	ForeignServer *server;
	FmgrInfo	validator = {0};

	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table",
						get_rel_name(relid) ? get_rel_name(relid) : "?")));

	table = GetForeignTable(relid);
	server = GetForeignServer(table->serverid);
	validator.fn_oid = GetForeignDataWrapper(server->fdwid)->fdwvalidator;
	if (OidIsValid(validator.fn_oid))
		fmgr_info(validator.fn_oid, &validator);
	if (validator.fn_addr != frontcore_fdw_validator)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("foreign table \"%s\" is not one of frontcore_fdw",
						get_rel_name(relid))));

	return fc_option_table(relid, fc_option_server(table->serverid));
}

/*
 * Where a comparison of the column goes; NULL if nowhere.
 */
static const char *
name_parameter(const FcColumn *column, FcOperator operator)
{
	bool		is_lower = asks_for(operator, LOWER);

	if (!is_pushable(column, operator))
		return NULL;
	if (operator == FC_EQUAL || operator == FC_EQUAL_ANY)
	{
		if (column->flags & (FC_KEY | FC_PARENT))
			return psprintf("{%s}", column->name);
		if (column->equals != NULL)
			return operator == FC_EQUAL ? column->equals : NULL;
		return psprintf("%s, %s", column->min, column->max);
	}
	if (column->flags & FC_KEY)
		return is_lower ? "since_id" : NULL;
	return is_lower ? column->min : column->max;
}
