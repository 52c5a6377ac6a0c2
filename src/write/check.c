/*
 * check.c
 *		WITH CHECK OPTION and policies, before a row is sent.
 *
 * Core looks at the check options of views after the row is written, and at a
 * partitioned table's policies for local partitions only.  What the API has
 * applied cannot be taken back, so both are checked here, before the row is
 * sent.  A check can use only the values that are known by then: those that
 * the statement gives, and those that it has read of the row.  A check that
 * reads another value is refused, unless it passes for every value.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "api/table.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "utils/rel.h"
#include "write/check.h"

static void check_unknown(FcCheck *check, const Bitmapset *unknown);
static bool null_stands_for_any(const FcTable *table, Node *qual,
								const Bitmapset *unknown);
static Bitmapset *read_attributes(const FcTable *table, Node *checks);
static bool gather_attributes(Node *node, Bitmapset **attributes);
static void refuse_unknown(const FcCheck *check,
						   const WithCheckOption *option, AttrNumber attnum);

/*
 * fc_check_begin
 *		Prepare to check rows of a written table; NULL if nothing is checked.
 *
 * operation is that of the statement: an UPDATE may insert a row into another
 * partition.
 */
FcCheck *
fc_check_begin(ResultRelInfo *rinfo, EState *estate, const FcTable *table,
			   CmdType operation)
{
	TupleDesc	tupdesc = RelationGetDescr(rinfo->ri_RelationDesc);
	FcCheck    *check;
	ListCell   *cell;

	if (rinfo->ri_WithCheckOptions == NIL)
		return NULL;
	check = palloc0(sizeof(FcCheck));
	check->rinfo = rinfo;
	check->estate = estate;
	check->table = table;
	check->policy_kind = operation == CMD_UPDATE ? WCO_RLS_UPDATE_CHECK :
		WCO_RLS_INSERT_CHECK;
	foreach(cell, rinfo->ri_WithCheckOptions)
	{
		Bitmapset  *read = read_attributes(table, lfirst(cell));

		check->each = lappend(check->each, read);
		check->attributes = bms_add_members(check->attributes, read);
	}
	check->slot = ExecInitExtraTupleSlot(estate, tupdesc, &TTSOpsVirtual);
	return check;
}

/*
 * fc_check_row
 *		Throw if a row that is about to be sent does not pass its checks, or if
 *		they cannot be made before it is sent.
 *
 * values and isnull are the row as it will be; known holds the attribute
 * numbers of those that are certain.
 */
void
fc_check_row(FcCheck *check, const Datum *values, const bool *isnull,
			 const Bitmapset *known)
{
	TupleTableSlot *slot = check->slot;
	int			natts = slot->tts_tupleDescriptor->natts;
	Bitmapset  *unknown = bms_difference(check->attributes, known);
	int			attnum = -1;

	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, isnull, natts * sizeof(bool));
	while ((attnum = bms_next_member(unknown, attnum)) >= 0)
		slot->tts_isnull[attnum - 1] = true;
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = check->table->relid;

	if (!bms_is_empty(unknown))
		check_unknown(check, unknown);
	ExecWithCheckOptions(check->policy_kind, check->rinfo, slot,
						 check->estate);
	ExecWithCheckOptions(WCO_VIEW_CHECK, check->rinfo, slot, check->estate);
	ExecClearTuple(slot);
}

/*
 * Refuse a check that reads something unknown, for which NULL stands in the
 * slot, unless it holds all the same.
 */
static void
check_unknown(FcCheck *check, const Bitmapset *unknown)
{
	ExprContext *econtext = GetPerTupleExprContext(check->estate);
	ListCell   *option_cell;
	ListCell   *state_cell;
	ListCell   *read_cell;

	econtext->ecxt_scantuple = check->slot;
	forthree(option_cell, check->rinfo->ri_WithCheckOptions,
			 state_cell, check->rinfo->ri_WithCheckOptionExprs,
			 read_cell, check->each)
	{
		const WithCheckOption *option =
		lfirst_node(WithCheckOption, option_cell);
		Bitmapset  *read = bms_intersect(lfirst(read_cell), unknown);

		if ((option->kind != check->policy_kind &&
			 option->kind != WCO_VIEW_CHECK) || bms_is_empty(read))
			continue;
		if (!null_stands_for_any(check->table, option->qual, read) ||
			!ExecQual(lfirst(state_cell), econtext))
			refuse_unknown(check, option, bms_next_member(read, -1));
	}
}

/*
 * Is what is true with NULL in place of these attributes true with any value?
 *
 * So it is with AND, OR and NOT of expressions that are strict.
 */
static bool
null_stands_for_any(const FcTable *table, Node *qual,
					const Bitmapset *unknown)
{
	Bitmapset  *read = NULL;
	List	   *arguments = NIL;
	ListCell   *cell;
	int			attnum = -1;

	if (qual == NULL)
		return true;
	if (IsA(qual, List))
		arguments = (List *) qual;
	else if (IsA(qual, BoolExpr))
		arguments = ((BoolExpr *) qual)->args;
	foreach(cell, arguments)
	{
		if (!null_stands_for_any(table, lfirst(cell), unknown))
			return false;
	}
	if (arguments != NIL)
		return true;

	if (!bms_overlap(read_attributes(table, qual), unknown))
		return true;
	if (contain_nonstrict_functions(qual))
		return false;

	/* a generated column that is computed from it may not be NULL */
	gather_attributes(qual, &read);
	while ((attnum = bms_next_member(read, attnum)) >= 0)
	{
		int			i = attnum + FirstLowInvalidHeapAttributeNumber - 1;

		if (i < 0 || table->columns[i].computed_from != NULL)
			return false;
	}
	return true;
}

/*
 * The attribute numbers that checks read; of a generated column those that it
 * is computed from, too.
 */
static Bitmapset *
read_attributes(const FcTable *table, Node *checks)
{
	Bitmapset  *offset = NULL;
	Bitmapset  *attributes = NULL;
	bool		whole_row;

	gather_attributes(checks, &offset);
	offset = fc_table_add_computed(table, offset);
	whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, offset);
	for (int i = 0; i < table->natts; i++)
	{
		/* generated ones are as certain as what they are computed from */
		if (table->columns[i].attnum != 0 &&
			(whole_row ||
			 bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber,
						   offset)))
			attributes = bms_add_member(attributes, i + 1);
	}
	return attributes;
}

/*
 * Gather the row's attributes from expressions, whatever number the table has
 * in them; offset by FirstLowInvalidHeapAttributeNumber.
 */
static bool
gather_attributes(Node *node, Bitmapset **attributes)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		const Var  *var = (const Var *) node;

		if (!IS_SPECIAL_VARNO(var->varno) && var->varlevelsup == 0)
			*attributes = bms_add_member(*attributes, var->varattno -
										 FirstLowInvalidHeapAttributeNumber);
		return false;
	}
	return expression_tree_walker(node, gather_attributes, attributes);
}

/*
 * A check reads what only the API knows before the row is written.
 */
static void
refuse_unknown(const FcCheck *check, const WithCheckOption *option,
			   AttrNumber attnum)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot check a new row of foreign table \"%s\" before it is written",
					check->table->name),
			 errdetail("A check of \"%s\" reads column \"%s\", which the statement neither gives a value nor has read.",
					   option->relname,
					   check->table->columns[attnum - 1].name),
			 errhint("Give the column a value in the statement, or write to the foreign table itself.")));
}
