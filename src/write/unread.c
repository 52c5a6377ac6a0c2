/*
 * unread.c
 *		Which rows are written without being read first.
 *
 * In UPDATE ...  SET title = 'x' WHERE id = 7 the condition names the row, and
 * SET gives all that is to be sent.  Then the scan of the table need not ask
 * for the row: it gives one that has the id and nothing else (read/named.c),
 * and the write will tell whether there is such a row.  If a PUT has to know
 * more of it (put.c), it is read when the statement runs.
 *
 * So a row that may not exist must not be seen by anything but the write.
 */
#include "postgres.h"

#include "api/query.h"
#include "api/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "plan/plan.h"
#include "write/unread.h"

static ForeignScan *find_scan(const ModifyTable *plan, Index resultRelation);
static bool reads_only_id(const FcTable *table, const ForeignScan *scan);
static bool names_rows(const FcTable *table, const ForeignScan *scan);
static bool can_set(const FcTable *table, const ForeignScan *scan,
					const List *targets);

/*
 * fc_unread_plan
 *		Let the scan below a modification name its rows instead of reading
 *		them, where that makes no difference to the statement.
 */
void
fc_unread_plan(PlannerInfo *root, const FcTable *table,
			   const ModifyTable *plan, Index resultRelation,
			   int subplan_index)
{
	ForeignScan *scan = find_scan(plan, resultRelation);
	const List *targets = NIL;

	/* triggers and checks are for rows that there are */
	if (scan == NULL || plan->withCheckOptionLists != NIL ||
		has_row_triggers(root, resultRelation, plan->operation))
		return;
	if (plan->operation == CMD_UPDATE)
		targets = list_nth(plan->updateColnosLists, subplan_index);
	else if (plan->returningLists != NIL)
		return;					/* the row as it was is wanted */
	if (reads_only_id(table, scan) && names_rows(table, scan) &&
		can_set(table, scan, targets))
		lfirst(list_nth_cell(scan->fdw_private, FC_SCAN_NAMED)) =
			makeInteger(1);
}

/*
 * The scan of the written table, if its rows go nowhere but to the
 * modification; else NULL.
 */
static ForeignScan *
find_scan(const ModifyTable *plan, Index resultRelation)
{
	Plan	   *child = outerPlan(plan);

	if ((plan->operation != CMD_UPDATE && plan->operation != CMD_DELETE) ||
		!IsA(child, ForeignScan) ||
		((ForeignScan *) child)->scan.scanrelid != resultRelation)
		return NULL;
	return (ForeignScan *) child;
}

/*
 * Does a scan read nothing of a row but its id?
 *
 * Generated columns and the old row in RETURNING are read by the scan, too.
 */
static bool
reads_only_id(const FcTable *table, const ForeignScan *scan)
{
	ListCell   *cell;

	foreach(cell, (List *) list_nth(scan->fdw_private, FC_SCAN_ATTRIBUTES))
	{
		if (!fc_table_is_id(&table->columns[lfirst_int(cell) - 1]))
			return false;
	}
	return true;
}

/*
 * Do the clauses of a scan that reads only the id name rows by it, and say
 * nothing else?
 *
 * A row that hangs on another is read first even if both ids are given: the
 * API may not check that they belong together.  So is a row if some of its
 * columns have to be sent with every PUT.
 */
static bool
names_rows(const FcTable *table, const ForeignScan *scan)
{
	List	   *conditions =
	fc_query_conditions_from_list(list_nth(scan->fdw_private,
										   FC_SCAN_CONDITIONS));
	ListCell   *cell;

	if (fc_catalog_flagged(table->resource, FC_PARENT | FC_RESENT) != NULL ||
		conditions == NIL ||
		list_length(conditions) != list_length(scan->scan.plan.qual))
		return false;
	foreach(cell, conditions)
	{
		const FcCondition *condition = lfirst(cell);

		if (condition->operator != FC_EQUAL &&
			condition->operator != FC_EQUAL_ANY)
			return false;
	}
	return true;
}

/*
 * Can the new values be told without knowing the row, nor whether there is
 * one?
 */
static bool
can_set(const FcTable *table, const ForeignScan *scan, const List *targets)
{
	const List *tlist = scan->scan.plan.targetlist;
	ListCell   *cell;

	/* SET (a, b) = (SELECT ...) that asks for the row has its own entry */
	if (contain_volatile_functions((Node *) tlist) ||
		contain_subplans((Node *) tlist))
		return false;
	foreach(cell, tlist)
	{
		const TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!entry->resjunk && contain_var_clause((Node *) entry->expr))
			return false;
	}
	foreach(cell, targets)
	{
		const FcTableColumn *column = &table->columns[lfirst_int(cell) - 1];

		if (column->property != NULL ||
			(column->column->flags & FC_PROPERTIES))
			return false;
	}
	return true;
}
