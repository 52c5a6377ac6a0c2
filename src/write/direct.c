/*
 * direct.c
 *		UPDATE and DELETE of rows named by their ids, which need not be read.
 *
 * In UPDATE ...  SET title = 'x' WHERE id = 7 the condition names the row, and
 * SET gives all that is to be sent.  So the row can be written without being
 * read first.  If a PUT has to know more of it (put.c), it is read when the
 * statement runs.
 */
#include "postgres.h"

#include "access/table.h"
#include "api/memo.h"
#include "compat.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "plan/bind.h"
#include "plan/carried.h"
#include "plan/pushdown.h"
#include "read/explain.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "write/change.h"
#include "write/direct.h"
#include "write/target.h"

/* Positions in fdw_private of a scan that has become a modification. */
typedef enum FcDirectPrivateIndex
{
	FC_DIRECT_CONDITIONS,		/* as of fc_query_conditions_to_list */
	FC_DIRECT_OPERANDS,			/* integer: how many of fdw_exprs are operands
								 * of conditions; the others are SET's */
	FC_DIRECT_TARGETS,			/* integers: attributes that SET sets */
	FC_DIRECT_RETURNED,			/* integers: attributes that RETURNING wants */
	FC_DIRECT_COUNTS,			/* integer: are its rows the statement's? */
	FC_DIRECT_LENGTH
} FcDirectPrivateIndex;

typedef struct FcDirect
{
	const FcServer *server;
	const FcTable *table;
	FcChange   *change;			/* NULL if only explained */
	List	   *conditions;		/* of FcCondition * */
	List	   *operands;		/* of ExprState * */
	List	   *settings;		/* of ExprState *, in the order of targets */
	List	   *targets;		/* attribute numbers */
	Bitmapset  *target_set;
	FcQuery    *query;			/* names the rows; NULL before the first */
	int			next;			/* of query's ids */
} FcDirect;

static ForeignScan *find_scan(const ModifyTable *plan, Index resultRelation);
static bool has_transition_table(PlannerInfo *root, const ModifyTable *plan);
static bool returns_old_rows(const ModifyTable *plan, int subplan_index);
static List *match_keys(PlannerInfo *root, RelOptInfo *rel,
						const FcTable *table);
static List *find_settings(PlannerInfo *root, Index resultRelation,
						   List **attributes);
static bool can_set(const FcTable *table, List *expressions,
					List *attributes);
static FcQuery *bind_query(FcDirect *direct, ForeignScanState *node);
static bool change_next(FcDirect *direct, ForeignScanState *node);
static void evaluate_settings(FcDirect *direct, ForeignScanState *node,
							  TupleTableSlot *slot);
static const char *describe_request(const FcDirect *direct,
									const ForeignScanState *node,
									const FcQuery *query);
static const FcQuery *known_query(FcDirect *direct, ForeignScanState *node);

/*
 * frontcorePlanDirectModify
 *		Turn the scan below a modification into the modification, if the rows
 *		need not be read.
 */
bool
frontcorePlanDirectModify(PlannerInfo *root, ModifyTable *plan,
						  Index resultRelation, int subplan_index)
{
	ForeignScan *scan = find_scan(plan, resultRelation);
	List	   *expressions = NIL;
	List	   *attributes = NIL;
	List	   *operands = NIL;
	List	   *conditions;
	int			noperands;
	List	   *keys;
	RelOptInfo *rel;
	RangeTblEntry *entry;
	Relation	relation;
	const FcTable *table;

	if (scan == NULL || returns_old_rows(plan, subplan_index) ||
		has_transition_table(root, plan))
		return false;

	/* SET (a, b) = (SELECT ...) that asks for the row is set by its scan */
	if (contain_subplans((Node *) scan->scan.plan.targetlist))
		return false;

	rel = find_base_rel(root, resultRelation);
	entry = planner_rt_fetch(resultRelation, root);
	table = fc_memo_table(entry->relid);
	fc_target_check(table, plan, subplan_index);
	keys = match_keys(root, rel, table);
	if (keys == NIL)
		return false;
	if (plan->operation == CMD_UPDATE)
		expressions = find_settings(root, resultRelation, &attributes);
	if (!can_set(table, expressions, attributes))
		return false;

	conditions = fc_pushdown_conditions(table->resource, keys, &operands);
	noperands = list_length(operands);

	scan->operation = plan->operation;
	scan->resultRelation = resultRelation;
	scan->scan.plan.qual = NIL; /* the request says it all */
	scan->fdw_exprs = list_concat(operands, expressions);
	relation = table_open(entry->relid, NoLock);
	scan->fdw_private =
		list_make5(fc_query_conditions_to_list(conditions),
				   makeInteger(noperands), attributes,
				   fc_target_returned_list(relation, plan, resultRelation,
										   subplan_index),
				   makeInteger(plan->canSetTag ? 1 : 0));
	table_close(relation, NoLock);
	Assert(list_length(scan->fdw_private) == FC_DIRECT_LENGTH);
	return true;
}

/*
 * frontcoreBeginDirectModify
 *		Prepare to write; nothing is sent yet.
 */
void
frontcoreBeginDirectModify(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	EState	   *estate = node->ss.ps.state;
	ResultRelInfo *rinfo = node->resultRelInfo;
	List	   *private = plan->fdw_private;
	FcDirect   *direct = palloc0(sizeof(FcDirect));
	List	   *expressions = ExecInitExprList(plan->fdw_exprs,
											   (PlanState *) node);
	int			noperands = intVal(list_nth(private, FC_DIRECT_OPERANDS));
	List	   *returned = list_nth(private, FC_DIRECT_RETURNED);

	node->fdw_state = direct;
	direct->server = fc_memo_server(plan->fs_server);
	direct->table = fc_memo_table(RelationGetRelid(rinfo->ri_RelationDesc));
	direct->operands = list_truncate(list_copy(expressions), noperands);
	direct->settings = list_copy_tail(expressions, noperands);
	direct->targets = list_nth(private, FC_DIRECT_TARGETS);
	direct->conditions =
		fc_query_conditions_from_list(list_nth(private,
											   FC_DIRECT_CONDITIONS));
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	direct->target_set = fc_target_attributes(direct->targets);
	direct->change = fc_change_begin(rinfo->ri_RelationDesc,
									 fc_result_user(rinfo, estate), estate,
									 fc_target_attributes(returned),
									 fc_target_has_ctid(returned));
	direct->change->put->sender->use.estimated = plan->scan.plan.plan_rows;
}

/*
 * frontcoreIterateDirectModify
 *		Write the next row and return it; or write all of them, if nobody
 *		wants to see them.
 */
TupleTableSlot *
frontcoreIterateDirectModify(ForeignScanState *node)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	FcDirect   *direct = node->fdw_state;
	EState	   *estate = node->ss.ps.state;
	ProjectionInfo *projection = node->resultRelInfo->ri_projectReturning;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext oldcontext;
	bool		counts = intVal(list_nth(plan->fdw_private,
										 FC_DIRECT_COUNTS)) != 0;

	if (direct->query == NULL)
	{
		oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
		direct->query = bind_query(direct, node);
		MemoryContextSwitchTo(oldcontext);
		if (!direct->query->is_empty)
			fc_meter_reserve(estate, direct->query->ids.count);
	}

	while (change_next(direct, node))
	{
		if (counts)
			estate->es_processed++;
		if (projection != NULL)
		{
			projection->pi_exprContext->ecxt_scantuple = slot;
			return slot;
		}
		if (node->ss.ps.instrument != NULL)
			node->ss.ps.instrument->tuplecount++;
	}
	return ExecClearTuple(slot);
}

/*
 * frontcoreEndDirectModify
 *		Nothing is left to be done: memory goes with the statement.
 */
void
frontcoreEndDirectModify(ForeignScanState *node)
{
}

/*
 * frontcoreExplainDirectModify
 *		Show what would be, or was, sent.
 */
void
frontcoreExplainDirectModify(ForeignScanState *node, struct ExplainState *es)
{
	FcDirect   *direct = node->fdw_state;
	const FcQuery *query = known_query(direct, node);
	double		estimated = node->ss.ps.plan->plan_rows;

	if (query != NULL)
		estimated = query->is_empty ? 0 : query->ids.count;
	ExplainPropertyText("Remote Request",
						describe_request(direct, node, query), es);
	ExplainPropertyFloat("Estimated Requests", NULL, estimated, 0, es);
	if (es->analyze && direct->change != NULL)
		fc_explain_use(&direct->change->put->sender->use, es);
}

/*
 * The scan of the written table, if there is nothing else below.
 */
static ForeignScan *
find_scan(const ModifyTable *plan, Index resultRelation)
{
	Plan	   *child = outerPlan(plan);

	if (plan->operation != CMD_UPDATE && plan->operation != CMD_DELETE)
		return NULL;
	if (!IsA(child, ForeignScan) ||
		((ForeignScan *) child)->scan.scanrelid != resultRelation)
		return NULL;
	return (ForeignScan *) child;
}

/*
 * Does a trigger of the parent's collect rows?  Then the statement is refused
 * when it begins (modify.c).
 */
static bool
has_transition_table(PlannerInfo *root, const ModifyTable *plan)
{
	const TriggerDesc *triggers;
	Relation	parent;
	bool		result;

	if (plan->rootRelation == 0)
		return false;
	parent = table_open(planner_rt_fetch(plan->rootRelation, root)->relid,
						NoLock);
	triggers = parent->trigdesc;
	result = triggers != NULL &&
		(plan->operation == CMD_DELETE ? triggers->trig_delete_old_table :
		 triggers->trig_update_old_table || triggers->trig_update_new_table);
	table_close(parent, NoLock);
	return result;
}

/*
 * Does RETURNING want to see rows as they were?  That takes a look at them.
 */
static bool
returns_old_rows(const ModifyTable *plan, int subplan_index)
{
	if (plan->returningLists == NIL)
		return false;
	return plan->operation == CMD_DELETE ||
		fc_carried_is_returned(list_nth(plan->returningLists, subplan_index));
}

/*
 * The table's clauses, if they name rows by their ids and say nothing else;
 * NIL if not.
 *
 * A row that hangs on another is read first even if both ids are given: the
 * API may not check that they belong together.  So is a row if some of its
 * columns have to be sent with every PUT.
 */
static List *
match_keys(PlannerInfo *root, RelOptInfo *rel, const FcTable *table)
{
	List	   *pushed = fc_pushdown_match(root, rel, table,
										   rel->baserestrictinfo);
	ListCell   *cell;

	if (fc_catalog_flagged(table->resource, FC_PARENT | FC_RESENT) != NULL ||
		list_length(pushed) != list_length(rel->baserestrictinfo))
		return NIL;
	foreach(cell, pushed)
	{
		const FcPushed *clause = lfirst(cell);

		if ((clause->column->flags & FC_KEY) == 0 || clause->is_part ||
			(clause->operator != FC_EQUAL &&
			 clause->operator != FC_EQUAL_ANY))
			return NIL;
	}
	return pushed;
}

/*
 * The expressions of SET; attributes is set to what they are assigned to.
 */
static List *
find_settings(PlannerInfo *root, Index resultRelation, List **attributes)
{
	List	   *tlist;
	List	   *expressions = NIL;
	ListCell   *entry;
	ListCell   *attribute;

	get_translated_update_targetlist(root, resultRelation, &tlist,
									 attributes);
	forboth(entry, tlist, attribute, *attributes)
	{
		expressions = lappend(expressions,
							  lfirst_node(TargetEntry, entry)->expr);
	}
	return expressions;
}

/*
 * Can the new values be told without knowing the row?
 */
static bool
can_set(const FcTable *table, List *expressions, List *attributes)
{
	ListCell   *cell;

	if (contain_var_clause((Node *) expressions) ||
		contain_volatile_functions((Node *) expressions) ||
		contain_subplans((Node *) expressions))
		return false;
	foreach(cell, attributes)
	{
		const FcTableColumn *column = &table->columns[lfirst_int(cell) - 1];

		if (column->property != NULL ||
			(column->column->flags & FC_PROPERTIES))
			return false;
	}
	return true;
}

/*
 * The query that names the rows, with its operands as they are now.
 */
static FcQuery *
bind_query(FcDirect *direct, ForeignScanState *node)
{
	FcQuery    *query = palloc0(sizeof(FcQuery));

	query->resource = direct->table->resource;
	fc_bind_query(query, direct->conditions,
				  fc_bind_operands(direct->conditions, direct->operands,
								   node->ss.ps.ps_ExprContext, -1),
				  direct->server, false);
	return query;
}

/*
 * Write the next row that there is; false if there is none.
 */
static bool
change_next(FcDirect *direct, ForeignScanState *node)
{
	const ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	FcChange   *change = direct->change;
	const FcQuery *query = direct->query;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	while (!query->is_empty && direct->next < query->ids.count)
	{
		ErrorContextCallback callback = {error_context_stack,
		fc_change_context, change};
		MemoryContext oldcontext;
		FcOldRow   *row;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		error_context_stack = &callback;
		MemoryContextReset(change->row_context);
		oldcontext = MemoryContextSwitchTo(change->row_context);
		row = palloc0(sizeof(FcOldRow));
		row->key.id = query->ids.values[direct->next++];
		if (plan->operation == CMD_UPDATE)
		{
			evaluate_settings(direct, node, slot);
			found = fc_change_update(change, row, direct->target_set, NULL,
									 slot);
		}
		else
			found = fc_change_delete(change, row);
		MemoryContextSwitchTo(oldcontext);
		error_context_stack = callback.previous;
		if (found)
			return true;
	}
	return false;
}

/*
 * Put SET's values into the slot, and NULL elsewhere.
 */
static void
evaluate_settings(FcDirect *direct, ForeignScanState *node,
				  TupleTableSlot *slot)
{
	ListCell   *target;
	ListCell   *setting;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true,
		   slot->tts_tupleDescriptor->natts * sizeof(bool));
	forboth(target, direct->targets, setting, direct->settings)
	{
		int			i = lfirst_int(target) - 1;

		slot->tts_values[i] = ExecEvalExpr((ExprState *) lfirst(setting),
										   node->ss.ps.ps_ExprContext,
										   &slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = direct->table->relid;
}

/*
 * The request, or the first of them.  What is only known when the statement
 * runs stands in braces.
 */
static const char *
describe_request(const FcDirect *direct, const ForeignScanState *node,
				 const FcQuery *query)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	const FcResource *resource = direct->table->resource;
	const char *method = "PUT";
	FcRowKey	key = {0};

	if (plan->operation == CMD_DELETE && !direct->table->deactivates)
		method = "DELETE";
	if (query == NULL)
		return fc_send_describe(resource, method, NULL);
	if (query->is_empty)
		return "none: no row can match";

	key.id = query->ids.values[0];
	return fc_send_describe(resource, method, &key);
}

/*
 * What is asked for, as far as it is known now; NULL if it is not.
 */
static const FcQuery *
known_query(FcDirect *direct, ForeignScanState *node)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);

	if (direct->query != NULL ||
		fc_bind_waits((Node *) plan->fdw_exprs, node->ss.ps.state))
		return direct->query;
	return bind_query(direct, node);
}
