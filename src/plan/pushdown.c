/*
 * pushdown.c
 *		Which clauses the API can evaluate, and as which filters.
 *
 * First, when a query is planned, fc_pushdown_match finds clauses of the form
 * "column operator operand" where the API has a parameter for the column, the
 * operator is one of core's own, and the operand does not depend on the row.
 * Later, when a scan begins and the operands are known, fc_bind_query says
 * what to ask for.  What it asks for may be more than what the clauses accept,
 * never less: PostgreSQL evaluates all of them again.
 *
 * Comparisons of text become no filters, since we do not know how the API
 * compares it.  Negations do not either.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "api/memo.h"
#include "api/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "plan/operand.h"
#include "plan/pushdown.h"
#include "rewrite/rewriteManip.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(frontcore_pushdown);

static void put_column(const FcTable *table,
					   const FcTableColumn *table_column,
					   ReturnSetInfo *result);
static char *name_parameters(const FcColumn *column,
							 const FcComparison *comparison);
static List *match_implied(const FcMatcher *matcher, RestrictInfo *rinfo);
static bool match_clause(const FcMatcher *matcher, Expr *clause,
						 FcPushed *pushed);
static bool match_comparison(const FcMatcher *matcher, OpExpr *comparison,
							 FcPushed *pushed);
static bool match_any(const FcMatcher *matcher, ScalarArrayOpExpr *comparison,
					  FcPushed *pushed);
static bool match_row(const FcMatcher *matcher, RowCompareExpr *comparison,
					  FcPushed *pushed);
static bool match_alternatives(const FcMatcher *matcher, List *alternatives,
							   FcPushed *pushed);
static bool match_equality(const FcMatcher *matcher, Expr *clause,
						   FcPushed *pushed, List **operands);
static List *list_elements(Expr *array);
static bool add_elements(ArrayExpr *array, List *operands);
static bool match_sides(const FcMatcher *matcher, Oid operator, Expr *left,
						Expr *right, FcPushed *pushed);
static bool is_deterministic(Oid collation);
static Expr *widen_integer(Expr *integer);
static FcTable *open_table(Oid relid);

/*
 * fc_pushdown_match
 *		Those of the clauses that the API can evaluate, as FcPushed.
 *
 * A clause may compare a column with other relations' columns: as a parameter
 * of a nested loop they are row-independent too.  A clause that may not be
 * evaluated before all rows of the table have passed a security barrier stays
 * here: the number of requests would tell of those rows.  A clause also stays
 * here if its operand is only known when the statement has already written to
 * the table: the statement is to see what was there before.
 */
List *
fc_pushdown_match(PlannerInfo *root, RelOptInfo *rel, const FcTable *table,
				  List *rinfos)
{
	FcMatcher	matcher = {root, rel, table};
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, rinfos)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		FcPushed	pushed = {0};

		if (rinfo->pseudoconstant ||
			!restriction_is_securely_promotable(rinfo, rel))
			continue;
		if (match_clause(&matcher, rinfo->clause, &pushed))
		{
			pushed.rinfo = rinfo;
			result = lappend(result, memcpy(palloc(sizeof(FcPushed)), &pushed,
											sizeof(FcPushed)));
		}
		else
			result = list_concat(result, match_implied(&matcher, rinfo));
	}
	return result;
}

/*
 * The ranges that a clause implies, as FcPushed.
 */
static List *
match_implied(const FcMatcher *matcher, RestrictInfo *rinfo)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, fc_implied_match(matcher, rinfo->clause))
	{
		FcPushed   *pushed = palloc0(sizeof(FcPushed));

		pushed->implied = lfirst(cell);
		pushed->column = pushed->implied->column.column;
		pushed->attnum = pushed->implied->column.attnum;
		pushed->operator = FC_WITHIN;
		pushed->operand = rinfo->clause;
		pushed->rinfo = rinfo;
		pushed->is_part = true;
		result = lappend(result, pushed);
	}
	return result;
}

/*
 * fc_pushdown_column
 *		The table's column that the expression is, if the operator family
 *		orders it as the API does; else NULL.
 */
const FcColumn *
fc_pushdown_column(RelOptInfo *rel, const FcTable *table, Expr *expr,
				   Oid opfamily)
{
	FcMatcher	matcher = {NULL, rel, table};
	FcColumnRef column;

	if (!fc_operand_column(&matcher, expr, &column) ||
		fc_scale_family(column.scale) != opfamily)
		return NULL;
	return column.column;
}

/*
 * fc_pushdown_is_exact
 *		Will the API return no row that the clause refuses?
 */
bool
fc_pushdown_is_exact(const FcPushed *pushed)
{
	return !pushed->is_part &&
		fc_comparison(pushed->column, pushed->operator)->is_exact;
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
		FcCondition *condition = palloc0(sizeof(FcCondition));

		condition->column = fc_catalog_column_number(resource, clause->column);
		condition->operator = clause->operator;
		condition->operand = list_length(*operands);
		conditions = lappend(conditions, condition);
		*operands = lappend(*operands, clause->operand);
		if (clause->implied != NULL)
			condition->implied = fc_implied_to_list(clause->implied, operands);
	}
	return conditions;
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
		Oid			type;

		if (column->column == NULL)
			continue;
		type = getBaseType(get_atttype(table->relid, column->attnum));
		if (fc_scale_for(column->column, type) != NULL)
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
	for (FcOperator operator = 0; operator < FC_OPERATORS; operator++)
	{
		const FcComparison *comparison = fc_comparison(table_column->column,
													   operator);
		char	   *parameters = name_parameters(table_column->column,
												 comparison);
		Datum		values[4];
		bool		nulls[4] = {false, false, false, false};

		bool		is_link = fc_comparison_kind(table_column->column) ==
		FC_KIND_LINK;

		if (parameters == NULL || (comparison->takes_one && !is_link) ||
			(!table->push_filters && parameters[0] != '{'))
			continue;
		values[0] = CStringGetTextDatum(table_column->name);
		values[1] = CStringGetTextDatum(fc_comparison_sign(operator));
		values[2] = CStringGetTextDatum(parameters);
		values[3] = CStringGetTextDatum(comparison->is_exact ?
										"exact" : "widened");
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
}

/*
 * The parameters that a comparison goes to; NULL if there are none.
 */
static char *
name_parameters(const FcColumn *column, const FcComparison *comparison)
{
	int			places = comparison->places;
	StringInfoData names;

	/* a link is shown by its filter, which does the same as its key */
	if (places & FC_GOES_TO_EQUALS)
		places &= ~FC_GOES_TO_KEY;
	initStringInfo(&names);
	for (int place = 1; place <= FC_LAST_PLACE; place <<= 1)
	{
		const char *name = fc_comparison_parameter(column, place);

		if ((places & place) && name != NULL)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", name);
	}
	return names.len > 0 ? names.data : NULL;
}

/*
 * Is this a clause that the API can evaluate?  Then describe it.
 */
static bool
match_clause(const FcMatcher *matcher, Expr *clause, FcPushed *pushed)
{
	if (IsA(clause, OpExpr))
		return match_comparison(matcher, (OpExpr *) clause, pushed);
	if (IsA(clause, ScalarArrayOpExpr))
		return match_any(matcher, (ScalarArrayOpExpr *) clause, pushed);
	if (IsA(clause, RowCompareExpr))
		return match_row(matcher, (RowCompareExpr *) clause, pushed);
	if (is_orclause(clause))
		return match_alternatives(matcher, ((BoolExpr *) clause)->args,
								  pushed);
	return false;
}

/*
 * "column operator operand", or the other way round.
 */
static bool
match_comparison(const FcMatcher *matcher, OpExpr *comparison,
				 FcPushed *pushed)
{
	Expr	   *left;
	Expr	   *right;

	if (list_length(comparison->args) != 2 ||
		!is_deterministic(comparison->inputcollid))
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
match_any(const FcMatcher *matcher, ScalarArrayOpExpr *comparison,
		  FcPushed *pushed)
{
	if (!comparison->useOr || !is_deterministic(comparison->inputcollid) ||
		!match_sides(matcher, comparison->opno, linitial(comparison->args),
					 lsecond(comparison->args), pushed) ||
		pushed->operator != FC_EQUAL)
		return false;

	pushed->operator = FC_EQUAL_ANY;
	return fc_comparison(pushed->column, FC_EQUAL_ANY)->places != 0;
}

/*
 * "(column, ...) > (operand, ...)", as who pages by keys writes it: where the
 * first ones are equal, others decide.
 */
static bool
match_row(const FcMatcher *matcher, RowCompareExpr *comparison,
		  FcPushed *pushed)
{
	Oid			operator = linitial_oid(comparison->opnos);
	Expr	   *left = linitial(comparison->largs);
	Expr	   *right = linitial(comparison->rargs);

	if (!match_sides(matcher, operator, left, right, pushed) &&
		!match_sides(matcher, get_commutator(operator), right, left, pushed))
		return false;

	pushed->is_part = true;
	if (pushed->operator == FC_LESS)
		pushed->operator = FC_LESS_EQUAL;
	else if (pushed->operator == FC_GREATER)
		pushed->operator = FC_GREATER_EQUAL;
	return true;
}

/*
 * "column = one OR column = other OR column IN (...)": an array of all
 * operands.
 */
static bool
match_alternatives(const FcMatcher *matcher, List *alternatives,
				   FcPushed *pushed)
{
	ArrayExpr  *array = makeNode(ArrayExpr);
	ListCell   *cell;

	array->location = -1;

	foreach(cell, alternatives)
	{
		FcPushed	one = {0};
		List	   *operands;

		if (!match_equality(matcher, lfirst(cell), &one, &operands) ||
			(pushed->column != NULL && pushed->attnum != one.attnum))
			return false;
		if (!add_elements(array, operands))
			return false;
		*pushed = one;
	}

	array->array_typeid = get_array_type(array->element_typeid);
	pushed->operator = FC_EQUAL_ANY;
	pushed->operand = (Expr *) eval_const_expressions(matcher->root,
													  (Node *) array);
	return true;
}

/*
 * "column = operand" or "column IN (operands)", where the API can be asked
 * for one of several values.
 */
static bool
match_equality(const FcMatcher *matcher, Expr *clause, FcPushed *pushed,
			   List **operands)
{
	if (IsA(clause, OpExpr))
	{
		if (!match_comparison(matcher, (OpExpr *) clause, pushed) ||
			pushed->operator != FC_EQUAL)
			return false;
		*operands = list_make1(pushed->operand);
	}
	else if (!IsA(clause, ScalarArrayOpExpr) ||
			 !match_any(matcher, (ScalarArrayOpExpr *) clause, pushed))
		return false;
	else
		*operands = list_elements(pushed->operand);

	return *operands != NIL &&
		fc_comparison(pushed->column, FC_EQUAL_ANY)->places != 0;
}

/*
 * The elements of an array whose length is known; NIL if it is not.
 */
static List *
list_elements(Expr *array)
{
	Oid			type = get_base_element_type(exprType((Node *) array));
	List	   *elements = NIL;
	ArrayIterator iterator;
	Datum		value;
	Datum		list;
	bool		isnull;
	int16		length;
	bool		by_value;

	if (IsA(array, ArrayExpr) && !((ArrayExpr *) array)->multidims)
		return ((ArrayExpr *) array)->elements;
	if (!IsA(array, Const) || ((Const *) array)->constisnull)
		return NIL;

	get_typlenbyval(type, &length, &by_value);
	list = ((Const *) array)->constvalue;
	iterator = array_create_iterator(DatumGetArrayTypeP(list), 0, NULL);
	while (array_iterate(iterator, &value, &isnull))
		elements = lappend(elements,
						   makeConst(type, -1, get_typcollation(type), length,
									 isnull ? (Datum) 0 :
									 datumCopy(value, by_value, length),
									 isnull, by_value));
	array_free_iterator(iterator);
	return elements;
}

/*
 * Add operands to an array; false if they are of another type.
 */
static bool
add_elements(ArrayExpr *array, List *operands)
{
	ListCell   *cell;

	foreach(cell, operands)
	{
		Expr	   *operand = widen_integer(lfirst(cell));
		Oid			type = exprType((Node *) operand);

		if (array->elements != NIL && type != array->element_typeid)
			return false;
		array->element_typeid = type;
		array->elements = lappend(array->elements, operand);
	}
	return true;
}

/*
 * Is left a column, right an operand, and operator one that we know?
 *
 * Core's operator families say what an operator means, but others may add to
 * a family; so we look whose operator and types these are.
 */
static bool
match_sides(const FcMatcher *matcher, Oid operator, Expr *left, Expr *right,
			FcPushed *pushed)
{
	FcColumnRef column;
	int			strategy;
	Oid			left_type;
	Oid			right_type;

	if (operator == InvalidOid || operator >= FirstNormalObjectId ||
		!fc_operand_column(matcher, left, &column))
		return false;
	strategy = get_op_opfamily_strategy(operator,
										fc_scale_family(column.scale));
	if (strategy == InvalidStrategy)
		return false;
	op_input_types(operator, &left_type, &right_type);
	if (!fc_scale_is_among(left_type, column.scale->columns) ||
		!fc_scale_is_among(right_type, column.scale->operands))
		return false;
	if ((column.column->flags & FC_LINK) && !matcher->table->push_filters)
		return false;

	pushed->column = column.column;
	pushed->attnum = column.attnum;
	pushed->operator = fc_operand_operators[strategy];
	pushed->operand = right;
	return fc_comparison(pushed->column, pushed->operator)->places != 0 &&
		fc_operand_is_free(matcher, right);
}

/*
 * Are texts equal by the collation only if they are the same?
 */
static bool
is_deterministic(Oid collation)
{
	return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

/*
 * The same integer as an int8; others stay as they are.
 */
static Expr *
widen_integer(Expr *integer)
{
	Oid			type = exprType((Node *) integer);

	if (type != INT4OID && type != INT2OID)
		return integer;
	return (Expr *) makeFuncExpr(type == INT4OID ? F_INT8_INT4 : F_INT8_INT2,
								 INT8OID, list_make1(integer), InvalidOid,
								 InvalidOid, COERCE_IMPLICIT_CAST);
}

/*
 * What options say of a foreign table that is one of ours.
 */
static FcTable *
open_table(Oid relid)
{
	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table",
						get_rel_name(relid) ? get_rel_name(relid) : "?")));

	if (!fc_memo_is_our_table(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("foreign table \"%s\" is not one of frontcore_fdw",
						get_rel_name(relid))));

	LockRelationOid(relid, AccessShareLock);
	return fc_table_read(relid);
}
