/*
 * target.c
 *		Plan how the rows of a foreign table are written.
 *
 * Statements that are wrong for any rows are refused here.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "api/memo.h"
#include "api/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "parser/parsetree.h"
#include "plan/plan.h"
#include "utils/rel.h"
#include "write/body.h"
#include "write/snapshot.h"
#include "write/target.h"
#include "write/unread.h"

/* What a walk through RETURNING gathers. */
typedef struct Returned
{
	Index		varno;			/* of the written table; 0: of the only one */
	Bitmapset  *attributes;		/* attribute numbers, 0 for the whole row */
	bool		ctid;
} Returned;

static bool can_take(const FcTable *table, CmdType operation);
static void check_statement(const FcTable *table, const ModifyTable *plan,
							int subplan_index);
static List *returned_list(Relation rel, const ModifyTable *plan, Index varno,
						   int subplan_index);
static bool gather_returned(Node *node, Returned *returned);
static List *find_seen(const Plan *plan, Index scanrelid);
static List *child_plans(const Plan *plan);

/*
 * frontcoreIsForeignRelUpdatable
 *		Which of INSERT, UPDATE and DELETE a table takes.
 */
int
frontcoreIsForeignRelUpdatable(Relation rel)
{
	const FcTable *table = fc_memo_table(RelationGetRelid(rel));
	int			abilities = table->resource->abilities;
	int			events = 0;

	if (!table->updatable)
		return 0;
	if (abilities & FC_INSERT)
		events |= 1 << CMD_INSERT;

	/* the others must be able to name a row */
	for (int i = 0; i < table->natts; i++)
	{
		if (!fc_table_is_id(&table->columns[i]))
			continue;
		if (abilities & FC_UPDATE)
			events |= 1 << CMD_UPDATE;
		if (abilities & FC_DELETE)
			events |= 1 << CMD_DELETE;
	}
	return events;
}

/*
 * Has the API a way to do that to rows of the table?
 */
static bool
can_take(const FcTable *table, CmdType operation)
{
	int			ability = operation == CMD_INSERT ? FC_INSERT :
	operation == CMD_UPDATE ? FC_UPDATE : FC_DELETE;

	return table->updatable && (table->resource->abilities & ability) != 0;
}

/*
 * frontcoreAddForeignUpdateTargets
 *		Let UPDATE and DELETE carry along what names a row, and what of it
 *		they have to know.
 *
 * Core adds the whole row for UPDATE, and for DELETE with triggers.
 */
void
frontcoreAddForeignUpdateTargets(PlannerInfo *root, Index rtindex,
								 RangeTblEntry *target_rte,
								 Relation target_relation)
{
	TupleDesc	tupdesc = RelationGetDescr(target_relation);
	const FcTable *table = fc_memo_table(RelationGetRelid(target_relation));
	bool		is_delete = root->parse->commandType == CMD_DELETE;
	bool		has_key = false;

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (!fc_target_is_carried(table, column, is_delete))
			continue;
		has_key |= (column->column->flags & FC_KEY) != 0;
		add_row_identity_var(root,
							 makeVar(rtindex, attribute->attnum,
									 attribute->atttypid,
									 attribute->atttypmod,
									 attribute->attcollation, 0),
							 rtindex,
							 fc_target_carrier(tupdesc, attribute->attnum));
	}
	if (!has_key && can_take(table, root->parse->commandType))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot update or delete rows of foreign table \"%s\"",
						table->name),
				 errdetail("It has no column for \"%s\", which names a row.",
						   fc_catalog_flagged(table->resource,
											  FC_KEY)->name)));

	/* core looks for it in a plan that turns out to have no partition */
	if (planner_rt_fetch(root->parse->resultRelation, root)->relkind ==
		RELKIND_PARTITIONED_TABLE)
		add_row_identity_var(root,
							 makeVar(rtindex, SelfItemPointerAttributeNumber,
									 TIDOID, -1, InvalidOid, 0),
							 rtindex, "ctid");

	if (is_delete && root->parse->returningList != NIL)
		add_row_identity_var(root,
							 makeVar(rtindex, InvalidAttrNumber, RECORDOID,
									 -1, InvalidOid, 0),
							 rtindex, "wholerow");
}

/*
 * frontcorePlanForeignModify
 *		Refuse what cannot be written, and note what the executor has to know.
 */
List *
frontcorePlanForeignModify(PlannerInfo *root, ModifyTable *plan,
						   Index resultRelation, int subplan_index)
{
	RangeTblEntry *entry = planner_rt_fetch(resultRelation, root);
	Relation	rel = table_open(entry->relid, NoLock);
	const FcTable *table = fc_memo_table(RelationGetRelid(rel));
	List	   *private;
	List	   *seen = NIL;
	List	   *targets = NIL;

	check_statement(table, plan, subplan_index);
	fc_unread_plan(root, table, plan, resultRelation, subplan_index);
	if (plan->operation != CMD_INSERT)
		seen = find_seen(outerPlan(plan), resultRelation);
	if (plan->operation == CMD_UPDATE)
		targets = list_nth(plan->updateColnosLists, subplan_index);
	private = list_make3(seen, targets,
						 returned_list(rel, plan, resultRelation,
									   subplan_index));
	Assert(list_length(private) == FC_MODIFY_LENGTH);

	fc_snapshot_wrap(root, plan);
	table_close(rel, NoLock);
	return private;
}

/*
 * Throw if a statement is wrong for any rows.
 */
static void
check_statement(const FcTable *table, const ModifyTable *plan,
				int subplan_index)
{
	ListCell   *cell;

	if (!can_take(table, plan->operation))
	{
		/* core refuses it, but cannot say what to do instead */
		if (plan->operation == CMD_INSERT && table->updatable &&
			table->resource->insert_hint != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("foreign table \"%s\" does not allow inserts",
							table->name),
					 errhint("%s", table->resource->insert_hint)));
		return;
	}
	if (plan->onConflictAction != ONCONFLICT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ON CONFLICT is not supported for foreign table \"%s\"",
						table->name),
				 errdetail("The API has no unique constraints to ask for.")));

	if (plan->operation != CMD_UPDATE)
		return;
	foreach(cell, (List *) list_nth(plan->updateColnosLists, subplan_index))
		fc_body_check(table, &table->columns[lfirst_int(cell) - 1], true);
}

/*
 * fc_target_is_carried
 *		Do UPDATE and DELETE carry the column along, by itself?
 *
 * The row's key; and what a PUT has to repeat, where DELETE becomes one.
 */
bool
fc_target_is_carried(const FcTable *table, const FcTableColumn *column,
					 bool is_delete)
{
	int			flags = FC_KEY | FC_PARENT;

	if (column->attnum == 0 || column->column == NULL ||
		column->property != NULL)
		return false;
	if (is_delete && table->deactivates)
		flags |= FC_RESENT;
	return (column->column->flags & flags) != 0;
}

/*
 * fc_target_carrier
 *		The name under which a column is carried along.
 *
 * Partitions share a name only where number and type are the same.
 */
char *
fc_target_carrier(TupleDesc tupdesc, AttrNumber attnum)
{
	Form_pg_attribute attribute = TupleDescAttr(tupdesc, attnum - 1);

	return psprintf("frontcore_fdw %d %u %d", attnum, attribute->atttypid,
					attribute->atttypmod);
}

/*
 * fc_target_returned
 *		The attributes that are wanted of a row after it was written.
 *
 * varno is the table's number in the expressions, 0 if they know no other.
 * *ctid is set to whether its ctid is wanted, too.
 */
Bitmapset *
fc_target_returned(Relation rel, CmdType operation, Index varno,
				   List *returning, bool *ctid)
{
	TriggerDesc *triggers = rel->trigdesc;
	Returned	returned = {varno, NULL, false};
	Bitmapset  *result = NULL;

	gather_returned((Node *) returning, &returned);
	*ctid = returned.ctid;
	if (operation == CMD_DELETE)
		return NULL;
	if (triggers != NULL &&
		((operation == CMD_INSERT && triggers->trig_insert_after_row) ||
		 (operation == CMD_UPDATE && triggers->trig_update_after_row)))
		returned.attributes = bms_add_member(returned.attributes, 0);

	if (!bms_is_member(0, returned.attributes))
		return returned.attributes;
	for (int i = 0; i < RelationGetDescr(rel)->natts; i++)
	{
		if (!TupleDescAttr(RelationGetDescr(rel), i)->attisdropped)
			result = bms_add_member(result, i + 1);
	}
	return result;
}

/*
 * The same for a plan's table, as a plan keeps it: in one list, where the ctid
 * has its own number.
 */
static List *
returned_list(Relation rel, const ModifyTable *plan, Index varno,
			  int subplan_index)
{
	List	   *returning = NIL;
	Bitmapset  *returned;
	List	   *result = NIL;
	int			attnum = -1;
	bool		ctid;

	if (plan->returningLists != NIL)
		returning = list_nth(plan->returningLists, subplan_index);

	returned = fc_target_returned(rel, plan->operation, varno, returning,
								  &ctid);
	if (ctid)
		result = list_make1_int(SelfItemPointerAttributeNumber);
	while ((attnum = bms_next_member(returned, attnum)) >= 0)
		result = lappend_int(result, attnum);
	return result;
}

/*
 * fc_target_attributes
 *		Attribute numbers that a plan has kept, as a set without the ctid.
 */
Bitmapset *
fc_target_attributes(const List *attributes)
{
	Bitmapset  *set = NULL;
	ListCell   *cell;

	foreach(cell, attributes)
	{
		if (lfirst_int(cell) > 0)
			set = bms_add_member(set, lfirst_int(cell));
	}
	return set;
}

/*
 * fc_target_has_ctid
 *		Is the ctid among the attribute numbers that a plan has kept?
 */
bool
fc_target_has_ctid(const List *attributes)
{
	return list_member_int(attributes, SelfItemPointerAttributeNumber);
}

/*
 * Gather the written table's columns from an expression.  The row as it was
 * does not count: it comes through the plan.
 */
static bool
gather_returned(Node *node, Returned *returned)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		bool		is_ours = var->varno == returned->varno;

		if (returned->varno == 0)
			is_ours = !IS_SPECIAL_VARNO(var->varno);
		if (!is_ours || var->varlevelsup > 0)
			return false;
		if (var->varattno == SelfItemPointerAttributeNumber)
			returned->ctid = true;
		if (var->varattno >= 0 && !fc_var_is_old(var))
			returned->attributes = bms_add_member(returned->attributes,
												  var->varattno);
		return false;
	}
	return expression_tree_walker(node, gather_returned, returned);
}

/*
 * The attributes that a plan's scan of a table reads, NIL if none is found.
 */
static List *
find_seen(const Plan *plan, Index scanrelid)
{
	ListCell   *cell;

	if (plan == NULL)
		return NIL;
	if (IsA(plan, ForeignScan))
	{
		const ForeignScan *scan = (const ForeignScan *) plan;

		if (scan->scan.scanrelid == scanrelid)
			return list_nth(scan->fdw_private, FC_SCAN_ATTRIBUTES);
	}
	foreach(cell, child_plans(plan))
	{
		List	   *seen = find_seen(lfirst(cell), scanrelid);

		if (seen != NIL)
			return seen;
	}
	return NIL;
}

/*
 * The plans directly below one that may hold the scan of a written table.
 */
static List *
child_plans(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Append:
			return ((const Append *) plan)->appendplans;
		case T_MergeAppend:
			return ((const MergeAppend *) plan)->mergeplans;
		case T_CustomScan:
			return ((const CustomScan *) plan)->custom_plans;
		default:
			return list_make2(plan->lefttree, plan->righttree);
	}
}
