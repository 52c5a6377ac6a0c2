/*
 * calls.c
 *		How many different questions a subquery asks.
 *
 * A subquery that takes columns of the query around it is run for each of
 * that query's rows.  What it asks us for depends on the values of those
 * columns, so the number of different values counts, not that of the rows.
 *
 * A subquery in FROM is planned after the relations around it, a subquery in
 * an expression before them.  So nothing is known of the latter until the
 * plan of the whole statement is about to be made.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "plan/calls.h"
#include "utils/selfuncs.h"

/* A subquery of an expression, and the node that runs it once found. */
typedef struct Search
{
	int			plan_id;
	const SubPlan *found;
} Search;

static double calls_from(PlannerInfo *parent, PlannerInfo *root);
static const RelOptInfo *find_relation(const PlannerInfo *parent,
									   const PlannerInfo *root);
static const SubPlan *find_subplan(const PlannerInfo *parent,
								   const PlannerInfo *root);
static bool is_subplan(Node *node, void *context);
static double count_values(PlannerInfo *parent, List *exprs);
static double rows_of(PlannerInfo *root, RelOptInfo *rel);

/*
 * fc_calls_of
 *		How many different values a query takes from the queries around it, so
 *		how many different questions it asks; 1 if it takes none, or if that
 *		cannot be known yet.
 */
double
fc_calls_of(PlannerInfo *root)
{
	PlannerInfo *parent = root->parent_root;

	return parent == NULL ? 1 : calls_from(parent, root) * fc_calls_of(parent);
}

static double
calls_from(PlannerInfo *parent, PlannerInfo *root)
{
	const RelOptInfo *rel = find_relation(parent, root);
	const SubPlan *subplan;

	if (rel != NULL)
		return count_values(parent, rel->lateral_vars);
	subplan = find_subplan(parent, root);
	return subplan == NULL ? 1 : count_values(parent, subplan->args);
}

/*
 * The relation that stands for a subquery of FROM; NULL if it is none.
 */
static const RelOptInfo *
find_relation(const PlannerInfo *parent, const PlannerInfo *root)
{
	for (int i = 1; i < parent->simple_rel_array_size; i++)
	{
		const RelOptInfo *rel = parent->simple_rel_array[i];

		if (rel != NULL && rel->subroot == root)
			return rel;
	}
	return NULL;
}

/*
 * What runs a subquery of an expression; NULL if it is none, or not planned
 * yet.
 */
static const SubPlan *
find_subplan(const PlannerInfo *parent, const PlannerInfo *root)
{
	Search		search = {0};
	ListCell   *cell;

	foreach(cell, root->glob->subroots)
	{
		if (lfirst(cell) == root)
			search.plan_id = foreach_current_index(cell) + 1;
	}
	if (search.plan_id > 0)
		(void) query_tree_walker(parent->parse, is_subplan, &search,
								 QTW_IGNORE_RANGE_TABLE |
								 QTW_IGNORE_CTE_SUBQUERIES);
	return search.found;
}

static bool
is_subplan(Node *node, void *context)
{
	Search	   *search = context;

	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) &&
		castNode(SubPlan, node)->plan_id == search->plan_id)
	{
		search->found = castNode(SubPlan, node);
		return true;
	}
	return expression_tree_walker(node, is_subplan, context);
}

/*
 * How many different values the expressions have, in the rows for which a
 * subquery is run.
 */
static double
count_values(PlannerInfo *parent, List *exprs)
{
	Relids		relids = pull_varnos(parent, (Node *) exprs);
	double		rows = 1;
	int			relid = -1;

	while ((relid = bms_next_member(relids, relid)) >= 0)
	{
		/* outer joins have numbers too, but nothing to be found there */
		if (relid < parent->simple_rel_array_size &&
			parent->simple_rel_array[relid] != NULL)
			rows = Max(rows, rows_of(parent,
									 parent->simple_rel_array[relid]));
	}
	if (parent->limit_tuples > 0 && parent->query_pathkeys == NIL)
		rows = Min(rows, parent->limit_tuples);
	return rows <= 1 ? 1 : estimate_num_groups(parent, exprs, rows, NULL,
											   NULL);
}

/*
 * The rows of a relation, those that a condition with a subquery will drop
 * included.
 */
static double
rows_of(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *clauses = NIL;
	bool		has_subplans = false;
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (contain_subplans((Node *) rinfo->clause))
			has_subplans = true;
		else
			clauses = lappend(clauses, rinfo);
	}
	if (!has_subplans)
		return rel->rows;
	return clamp_row_est(rel->tuples *
						 clauselist_selectivity(root, clauses, 0, JOIN_INNER,
												NULL));
}
