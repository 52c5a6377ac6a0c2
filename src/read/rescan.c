/*
 * rescan.c
 *		May the executor begin a scan again?
 *
 * PostgreSQL tells a node when it has to be ready for that only where the
 * operands stay as they are (EXEC_FLAG_REWIND).  So we look at the plan: what
 * is read again are the inner side of a nested loop, the recursive part of a
 * recursive query, and subqueries that are part of an expression.  All other
 * nodes read their children once, unless they are read again themselves.
 *
 * A wrong "yes" costs memory, a wrong "no" costs requests.
 */
#include "postgres.h"

#include "read/rescan.h"

/* What a walk through a plan looks for, and what it has found. */
typedef struct Search
{
	const PlannedStmt *statement;
	const Plan *scan;
	Bitmapset  *seen;			/* plan_id of subqueries that were visited */
	bool		is_found;
	bool		is_repeated;	/* there, it may be begun again */
} Search;

static void visit(Search *search, const Plan *plan, bool is_repeated);
static void visit_init_plans(Search *search, const Plan *plan,
							 bool is_repeated);
static void visit_list(Search *search, const List *plans, bool is_repeated);
static bool is_inner_repeated(const Plan *plan, bool is_repeated);
static const List *list_children(const Plan *plan);

/*
 * fc_rescan_is_possible
 *		May the plan of a statement begin this scan, a part of it, again?
 */
bool
fc_rescan_is_possible(const PlannedStmt *statement, const Plan *scan)
{
	Search		search = {statement, scan};
	int			plan_id = 0;
	ListCell   *cell;

	visit(&search, statement->planTree, false);

	/* what was not visited is used by expressions, once for each row */
	foreach(cell, statement->subplans)
	{
		plan_id++;
		if (!bms_is_member(plan_id, search.seen))
			visit(&search, lfirst(cell), true);
	}
	return !search.is_found || search.is_repeated;
}

/* Look for the scan in a part of the plan, which may be read repeatedly. */
static void
visit(Search *search, const Plan *plan, bool is_repeated)
{
	if (plan == NULL || search->is_found)
		return;
	if (plan == search->scan)
	{
		search->is_found = true;
		search->is_repeated = is_repeated;
		return;
	}

	visit_init_plans(search, plan, is_repeated);
	visit(search, outerPlan(plan), is_repeated);
	visit(search, innerPlan(plan), is_inner_repeated(plan, is_repeated));
	visit_list(search, list_children(plan), is_repeated);
	if (IsA(plan, SubqueryScan))
		visit(search, ((const SubqueryScan *) plan)->subplan, is_repeated);
}

/* Look for the scan in subqueries that are run before a part of the plan. */
static void
visit_init_plans(Search *search, const Plan *plan, bool is_repeated)
{
	ListCell   *cell;

	foreach(cell, plan->initPlan)
	{
		int			plan_id = lfirst_node(SubPlan, cell)->plan_id;

		search->seen = bms_add_member(search->seen, plan_id);
		visit(search, list_nth(search->statement->subplans, plan_id - 1),
			  is_repeated);
	}
}

static void
visit_list(Search *search, const List *plans, bool is_repeated)
{
	ListCell   *cell;

	foreach(cell, plans)
		visit(search, lfirst(cell), is_repeated);
}

/* May the inner side of a node be read more than once? */
static bool
is_inner_repeated(const Plan *plan, bool is_repeated)
{
	const Plan *inner = innerPlan(plan);

	if (IsA(plan, RecursiveUnion))
		return true;
	if (!IsA(plan, NestLoop))
		return is_repeated;

	/* Material that is told to keep its rows, as nothing can change them */
	return ((const NestLoop *) plan)->nestParams != NIL ||
		!IsA(inner, Material) || !bms_is_empty(inner->allParam);
}

/* The children of a node that has a list of them. */
static const List *
list_children(const Plan *plan)
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
			return NIL;
	}
}
