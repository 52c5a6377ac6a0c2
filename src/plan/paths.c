/*
 * paths.c
 *		The ways to scan a table: as it is, in order, by keys of others.
 *
 * A route of the API is to a path what an index is.  api/route.c chooses it:
 * in the planner by estimates, in the executor by the values themselves.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "compat.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "plan/lookup.h"
#include "plan/paths.h"

static void add_path_for(PlannerInfo *root, RelOptInfo *rel,
						 Relids required_outer, PathKey *pathkey);
static ForeignPath *create_path(PlannerInfo *root, RelOptInfo *rel,
								FcScanPath *scan, Cost startup_cost,
								double requests, List *pathkeys,
								Relids required_outer);
static const FcColumn *find_order(const FcPlanRelation *planned,
								  RelOptInfo *rel, PathKey *pathkey);
static List *find_keys(PlannerInfo *root, RelOptInfo *rel,
					   ParamPathInfo *param_info);

/*
 * frontcoreGetForeignPaths
 *		Add a path for each way to ask: as it is, in the query's order, and
 *		for the keys that each set of other relations has.
 */
void
frontcoreGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	FcPlanRelation *planned = rel->fdw_private;
	ListCell   *cell;

	add_path_for(root, rel, rel->lateral_relids, NULL);
	if (root->query_pathkeys != NIL)
		add_path_for(root, rel, rel->lateral_relids,
					 linitial(root->query_pathkeys));

	foreach(cell, fc_lookup_parameters(root, rel, planned->table))
	{
		ParamPathInfo *param_info = lfirst(cell);

		add_path_for(root, rel, param_info->ppi_req_outer, NULL);
		planned->keys = list_concat(planned->keys,
									find_keys(root, rel, param_info));
	}
}

/*
 * fc_paths_batched
 *		The inner path of a batched join by a key, which sends so many requests
 *		in all.
 *
 * Its cost leaves them out: they are in the cost of the node that collects the
 * keys on the outer side.
 */
ForeignPath *
fc_paths_batched(PlannerInfo *root, RelOptInfo *rel, const FcPlanKey *key,
				 double requests, int route, List *slot)
{
	const FcPlanRelation *planned = rel->fdw_private;
	FcScanPath *scan = palloc0(sizeof(FcScanPath));

	scan->estimate.rows = key->param_info->ppi_rows;
	scan->estimate.choice.route = &planned->table->resource->routes[route];
	scan->estimate.choice.number = route;
	scan->estimate.choice.list = -1;
	scan->estimate.choice.requests = requests;
	scan->estimate.whole = -1;
	scan->batch_key = key->pushed;
	scan->batch_slot = slot;

	return create_path(root, rel, scan, 0, 0, NIL,
					   key->param_info->ppi_req_outer);
}

/*
 * Add the path that asks with the keys of other relations, and in the order
 * of a path key if it is not NULL and the API can give it.
 */
static void
add_path_for(PlannerInfo *root, RelOptInfo *rel, Relids required_outer,
			 PathKey *pathkey)
{
	FcPlanRelation *planned = rel->fdw_private;
	ParamPathInfo *param_info = get_baserel_parampathinfo(root, rel,
														  required_outer);
	List	   *outer = param_info ? param_info->ppi_clauses : NIL;
	List	   *pushed = list_concat_copy(planned->pushed,
										  fc_pushdown_match(root, rel,
															planned->table,
															outer));
	FcScanPath *scan = palloc0(sizeof(FcScanPath));
	ForeignPath *path;
	double		startup_cost = planned->startup_cost;
	List	   *pathkeys = pathkey ? list_make1(pathkey) : NIL;

	if (pathkey != NULL)
	{
		scan->order = find_order(planned, rel, pathkey);
		scan->descending = fc_pathkey_is_descending(pathkey);
		if (scan->order == NULL)
			return;
	}

	scan->estimate = fc_cost_estimate(root, rel, pushed,
									  param_info ? param_info->ppi_rows :
									  rel->rows, scan->order,
									  fc_cost_wants_part(root, rel, pathkeys));
	if (pathkey != NULL && !scan->estimate.choice.is_ordered)
		return;

	if (param_info != NULL)
	{
		/* core knows no better, and wants the same of all such paths */
		param_info->ppi_rows = scan->estimate.rows;
		startup_cost = 0;		/* of a scan, not of each repetition */
	}
	else
		scan->estimate.rows = rel->rows;
	path = create_path(root, rel, scan, startup_cost,
					   scan->estimate.choice.requests,
					   pathkeys, required_outer);
	add_path(rel, (Path *) path);
}

/*
 * A path that costs so many requests.
 *
 * No row comes before the first answer.
 */
static ForeignPath *
create_path(PlannerInfo *root, RelOptInfo *rel, FcScanPath *scan,
			Cost startup_cost, double requests, List *pathkeys,
			Relids required_outer)
{
	const FcPlanRelation *planned = rel->fdw_private;
	const QualCost *qual = &rel->baserestrictcost;
	const QualCost *target = &rel->reltarget->cost;
	double		rows = scan->estimate.rows;
	double		fetched = Min(requests * planned->table->page_size,
							  planned->facts.rows);
	double		first = Min(requests, 1);
	Cost		item_cost = 0;	/* of taking items from a list */
	Cost		total_cost;

	if (planned->present.has_list && scan->batch_key == NULL)
	{
		/* no way is set out on, but items are parsed: all, or those found */
		startup_cost = 0;
		item_cost = required_outer != NULL ?
			FC_PRESENT_LOOKUP_COST + FC_PRESENT_ITEM_COST * rows :
			FC_PRESENT_ITEM_COST * planned->facts.rows;
	}
	startup_cost += qual->startup + target->startup +
		first * planned->request_cost;
	total_cost = startup_cost + (requests - first) * planned->request_cost +
		Max(rows, fetched) * (cpu_tuple_cost + qual->per_tuple) +
		rows * target->per_tuple + item_cost;

	return fc_create_scan_path(root, rel, rows, startup_cost, total_cost,
							   pathkeys, required_outer, list_make1(scan));
}

/*
 * The column whose order is that of a path key, if the API can sort by it.
 *
 * With NULLs where each direction has them by default: a key has none, and
 * what other columns have is checked when it comes.
 */
static const FcColumn *
find_order(const FcPlanRelation *planned, RelOptInfo *rel, PathKey *pathkey)
{
	ListCell   *cell;

	if (!planned->table->push_order || pathkey->pk_eclass->ec_has_volatile)
		return NULL;

	foreach(cell, pathkey->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(cell);
		const FcColumn *column;

		if (!bms_equal(member->em_relids, rel->relids))
			continue;
		column = fc_pushdown_column(rel, planned->table, member->em_expr,
									pathkey->pk_opfamily);
		if (column != NULL && column->order_by != NULL &&
			((column->flags & FC_KEY) || pathkey->pk_nulls_first ==
			 fc_pathkey_is_descending(pathkey)))
			return column;
	}
	return NULL;
}

/*
 * The keys among the clauses that are evaluated where the table is scanned
 * for those relations.
 */
static List *
find_keys(PlannerInfo *root, RelOptInfo *rel, ParamPathInfo *param_info)
{
	const FcPlanRelation *planned = rel->fdw_private;
	List	   *keys = NIL;
	ListCell   *cell;

	foreach(cell, fc_pushdown_match(root, rel, planned->table,
									param_info->ppi_clauses))
	{
		FcPlanKey  *key = palloc(sizeof(FcPlanKey));

		key->pushed = lfirst(cell);
		key->param_info = param_info;
		if (fc_lookup_is_one(key->pushed))
			keys = lappend(keys, key);
	}
	return keys;
}
