/*
 * snapshot.c
 *		Let all rows of a plan be read before the first one is written.
 *
 * A statement must not see its own writes, and the API has no snapshots.  So
 * we put a node above the plan of the rows, which collects all of them before
 * it passes on the first one.  Errors then come before anything is sent: those
 * of computing the rows, those that modify.c finds in them, and the one about
 * more rows than the limit of requests allows.
 */
#include "postgres.h"

#include "api/meter.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/tuplestore.h"
#include "write/snapshot.h"

typedef struct CollectState
{
	CustomScanState css;
	Tuplestorestate *rows;		/* NULL before they are read */
	TupleTableSlot *slot;		/* for what comes out of rows */
	List	   *lookers;		/* of Looker * */
} CollectState;

/* Who looks at the rows. */
typedef struct Looker
{
	FcSnapshotLook look;
	void	   *arg;
} Looker;

static bool is_ours(PlanState *node);
static bool needs_collecting(PlannerInfo *root, const ModifyTable *plan);
static Node *name_identities(Node *node, PlannerInfo *root);
static void tell_apart(List *tlist);
static Node *create_state(CustomScan *plan);
static void begin(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *execute(CustomScanState *node);
static void read_all(CollectState *state);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);

static const CustomScanMethods scan_methods = {
	.CustomName = "CollectRows",
	.CreateCustomScanState = create_state
};

static const CustomExecMethods exec_methods = {
	.CustomName = "CollectRows",
	.BeginCustomScan = begin,
	.ExecCustomScan = execute,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan
};

/*
 * fc_snapshot_wrap
 *		Put the node below a ModifyTable, if its plan needs it.
 */
void
fc_snapshot_wrap(PlannerInfo *root, ModifyTable *plan)
{
	Plan	   *child = outerPlan(plan);
	CustomScan *node;

	if (IsA(child, CustomScan) &&
		((CustomScan *) child)->methods == &scan_methods)
		return;					/* another partition's doing */
	if (!needs_collecting(root, plan))
		return;

	if (GetCustomScanMethods(scan_methods.CustomName, true) == NULL)
		RegisterCustomScanMethods(&scan_methods);
	node = makeNode(CustomScan);
	node->scan.plan.startup_cost = child->total_cost;
	node->scan.plan.total_cost = child->total_cost;
	node->scan.plan.plan_rows = child->plan_rows;
	node->scan.plan.plan_width = child->plan_width;
	node->scan.plan.parallel_safe = false;
	node->custom_scan_tlist =
		castNode(List, name_identities((Node *) child->targetlist, root));
	tell_apart(node->custom_scan_tlist);
	node->scan.plan.targetlist = copyObject(node->custom_scan_tlist);
	node->custom_plans = list_make1(child);
	node->methods = &scan_methods;
	outerPlan(plan) = (Plan *) node;
}

/*
 * fc_snapshot_look
 *		Have the rows looked at that the node is about to read, if it is one of
 *		ours.
 */
void
fc_snapshot_look(PlanState *node, FcSnapshotLook look, void *arg)
{
	Looker	   *looker;

	if (!is_ours(node))
		return;
	looker = palloc(sizeof(Looker));
	looker->look = look;
	looker->arg = arg;
	((CollectState *) node)->lookers =
		lappend(((CollectState *) node)->lookers, looker);
}

/*
 * fc_snapshot_child
 *		What the node collects from, or the node itself if it is not ours.
 */
PlanState *
fc_snapshot_child(PlanState *node)
{
	return is_ours(node) ?
		linitial(((CustomScanState *) node)->custom_ps) : node;
}

static bool
is_ours(PlanState *node)
{
	return IsA(node, CustomScanState) &&
		((CustomScanState *) node)->methods == &exec_methods;
}

/*
 * May the plan have more than one row, or something to read after it?
 */
static bool
needs_collecting(PlannerInfo *root, const ModifyTable *plan)
{
	const Plan *child = outerPlan(plan);
	bool		is_constants = IsA(child, Result) && outerPlan(child) == NULL;

	return !is_constants || root->glob->subplans != NIL;
}

/*
 * A target list, in which the variables that stand for a row's identity in any
 * of the written tables are those of one such table: above an Append, core
 * looks at their places only, but a list of ours may not hold them.
 */
static Node *
name_identities(Node *node, PlannerInfo *root)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && castNode(Var, node)->varno == ROWID_VAR)
	{
		const RowIdentityVarInfo *identity =
		list_nth(root->row_identity_vars,
				 castNode(Var, node)->varattno - 1);
		Var		   *var = copyObject(identity->rowidvar);

		var->varno = bms_next_member(identity->rowidrels, -1);
		var->varnosyn = 0;
		var->varattnosyn = 0;
		return (Node *) var;
	}
	return expression_tree_mutator(node, name_identities, root);
}

/*
 * See to it that no two volatile expressions of a target list are equal.
 *
 * Core finds a column of ours by its expression, and would take the first of
 * two calls of random() for both.
 */
static void
tell_apart(List *tlist)
{
	ListCell   *cell;
	ListCell   *earlier;

	foreach(cell, tlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!contain_volatile_functions((Node *) entry->expr))
			continue;
		foreach(earlier, tlist)
		{
			const TargetEntry *other = lfirst_node(TargetEntry, earlier);

			if (other == entry)
				break;
			if (equal(other->expr, entry->expr))
			{
				Node	   *expr = (Node *) entry->expr;

				entry->expr = (Expr *)
					makeRelabelType(entry->expr, exprType(expr),
									exprTypmod(expr), exprCollation(expr),
									COERCE_IMPLICIT_CAST);
			}
		}
	}
}

static Node *
create_state(CustomScan *plan)
{
	CollectState *state = palloc0(sizeof(CollectState));

	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	CollectState *state = (CollectState *) node;
	CustomScan *plan = castNode(CustomScan, node->ss.ps.plan);
	PlanState  *child = ExecInitNode(linitial(plan->custom_plans), estate,
									 eflags);

	node->custom_ps = list_make1(child);
	state->slot = ExecInitExtraTupleSlot(estate, ExecGetResultType(child),
										 &TTSOpsMinimalTuple);
}

static TupleTableSlot *
execute(CustomScanState *node)
{
	CollectState *state = (CollectState *) node;
	TupleTableSlot *scan_slot = node->ss.ss_ScanTupleSlot;

	if (state->rows == NULL)
		read_all(state);

	ExecClearTuple(scan_slot);
	if (!tuplestore_gettupleslot(state->rows, true, false, state->slot))
		return NULL;
	slot_getallattrs(state->slot);
	memcpy(scan_slot->tts_values, state->slot->tts_values,
		   state->slot->tts_nvalid * sizeof(Datum));
	memcpy(scan_slot->tts_isnull, state->slot->tts_isnull,
		   state->slot->tts_nvalid * sizeof(bool));
	ExecStoreVirtualTuple(scan_slot);

	if (node->ss.ps.ps_ProjInfo == NULL)
		return scan_slot;
	ResetExprContext(node->ss.ps.ps_ExprContext);
	node->ss.ps.ps_ExprContext->ecxt_scantuple = scan_slot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

/*
 * Read all the rows there are.
 *
 * Those that cannot all be written within the limit of requests are refused
 * before the first one is.
 */
static void
read_all(CollectState *state)
{
	PlanState  *child = linitial(state->css.custom_ps);
	EState	   *estate = state->css.ss.ps.state;
	MemoryContext oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
	TupleTableSlot *slot;
	ListCell   *cell;
	int64		requests = 0;

	state->rows = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(oldcontext);
	for (;;)
	{
		slot = ExecProcNode(child);
		if (TupIsNull(slot))
			break;
		tuplestore_puttupleslot(state->rows, slot);
		foreach(cell, state->lookers)
		{
			const Looker *looker = lfirst(cell);

			requests += looker->look(looker->arg, slot);
		}
	}
	fc_meter_reserve(estate, requests);
}

static void
end(CustomScanState *node)
{
	CollectState *state = (CollectState *) node;

	if (state->rows != NULL)
		tuplestore_end(state->rows);
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan(CustomScanState *node)
{
	CollectState *state = (CollectState *) node;
	PlanState  *child = linitial(node->custom_ps);

	ExecClearTuple(state->slot);
	if (state->rows != NULL)
		tuplestore_end(state->rows);
	state->rows = NULL;

	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, node->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}
