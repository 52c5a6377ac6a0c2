/*
 * join.c
 *		Plan the batched join, which asks for many keys at once.
 *
 * PostgreSQL considers a nested loop with one of our tables on the inner side,
 * which sends a request for each outer row, and a hash join, which reads the
 * whole list.  We add a nested loop whose outer side collects keys, so that
 * one request serves a hundred of them (batch.c).  The planner chooses among
 * these paths by cost; where we can add one, the path that sends a request for
 * each outer row is removed.  The cost of the requests is in the path that
 * collects the keys.
 *
 * The join itself is PostgreSQL's.  It is correct wherever a nested loop with
 * the same inner side, asked for one key at a time, is correct.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "join/batch.h"
#include "join/join.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paramassign.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "plan/paths.h"
#include "utils/memutils.h"
#include "utils/selfuncs.h"

/* What we need to know to add a batched join. */
typedef struct BatchEstimate
{
	int			first;			/* keys in the first batch */
	int			size;			/* keys in a batch */
	double		requests;
} BatchEstimate;

/* What an expression is rebuilt from. */
typedef struct Rebuild
{
	const List *target;			/* what the outer side gives */
	bool		is_complete;	/* all has been found there */
} Rebuild;

static set_join_pathlist_hook_type previous_hook = NULL;

static void add_batched_paths(PlannerInfo *root, RelOptInfo *joinrel,
							  RelOptInfo *outerrel, RelOptInfo *innerrel,
							  JoinType jointype, JoinPathExtraData *extra);
static bool can_be_batched(const RelOptInfo *rel, JoinType jointype);
static int	batch_route(const FcPlanRelation *planned);
static void add_batched_path(PlannerInfo *root, RelOptInfo *joinrel,
							 Path *outer_path, RelOptInfo *innerrel,
							 JoinType jointype, JoinPathExtraData *extra,
							 const FcPlanKey *key);
static void drop_unbatched_paths(RelOptInfo *joinrel,
								 const RelOptInfo *outerrel,
								 const RelOptInfo *innerrel,
								 const FcPlanKey *key);
static bool asks_for_each(const Path *path, const RelOptInfo *outerrel,
						  const RelOptInfo *innerrel, const FcPlanKey *key);
static Node *find_keys(Path *outer_path, const FcPlanKey *key);
static bool can_nest(PlannerInfo *root, RelOptInfo *joinrel, Path *outer_path,
					 RelOptInfo *innerrel, JoinPathExtraData *extra,
					 const FcPlanKey *key, Relids *required_outer);
static void create_sides(PlannerInfo *root, Path *outer_path,
						 RelOptInfo *innerrel, Node *expression,
						 const FcPlanKey *key, Path **keys_path,
						 Path **inner_path);
static Node *rebuild_expression(Node *node, Rebuild *rebuild);
static Node *find_in_target(Node *node, const List *target);
static BatchEstimate estimate_batches(PlannerInfo *root, RelOptInfo *innerrel,
									  Path *outer_path, Node *expression,
									  const FcPlanKey *key);
static CustomPath *create_keys_path(Path *outer_path, Node *expression,
									const BatchEstimate *estimate,
									const FcPlanRelation *inner, List *slot);
static Plan *plan_keys_path(PlannerInfo *root, RelOptInfo *rel,
							CustomPath *path, List *tlist, List *clauses,
							List *plans);

static const CustomPathMethods path_methods = {
	.CustomName = "BatchKeys",
	.PlanCustomPath = plan_keys_path
};

/*
 * fc_join_init
 *		Take part in the planning of joins.
 *
 * The hook is in time: planning one of our tables loads the library.
 */
void
fc_join_init(void)
{
	RegisterCustomScanMethods(&fc_batch_keys_methods);
	previous_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = add_batched_paths;
}

/*
 * The hook: add batched joins of two relations, in that order.
 */
static void
add_batched_paths(PlannerInfo *root, RelOptInfo *joinrel,
				  RelOptInfo *outerrel, RelOptInfo *innerrel,
				  JoinType jointype, JoinPathExtraData *extra)
{
	FcPlanRelation *planned;
	ListCell   *cell;

	if (previous_hook)
		previous_hook(root, joinrel, outerrel, innerrel, jointype, extra);

	if (!can_be_batched(innerrel, jointype))
		return;
	planned = innerrel->fdw_private;

	foreach(cell, planned->keys)
	{
		const FcPlanKey *key = lfirst(cell);
		ListCell   *path;

		if (!(key->pushed->column->flags & FC_PARENT) ||
			key->pushed->operator != FC_EQUAL ||
			!bms_is_subset(key->param_info->ppi_req_outer, outerrel->relids))
			continue;

		if (jointype == JOIN_UNIQUE_OUTER)
		{
			UniquePath *unique;

			unique = create_unique_path(root, outerrel,
										outerrel->cheapest_total_path,
										extra->sjinfo);
			if (unique != NULL)
				add_batched_path(root, joinrel, &unique->path, innerrel,
								 JOIN_INNER, extra, key);
			continue;
		}
		foreach(path, outerrel->pathlist)
			add_batched_path(root, joinrel, lfirst(path), innerrel, jointype,
							 extra, key);
	}
}

/*
 * Is this one of our tables, does it have a route for many parents, and may it
 * be the inner side of a nested loop?
 */
static bool
can_be_batched(const RelOptInfo *rel, JoinType jointype)
{
	const FcPlanRelation *planned = fc_cost_relation(rel);

	if (planned == NULL || batch_route(planned) < 0)
		return false;

	switch (jointype)
	{
		case JOIN_INNER:
		case JOIN_LEFT:
		case JOIN_SEMI:
		case JOIN_ANTI:
		case JOIN_UNIQUE_OUTER:
			return true;
		default:
			return false;
	}
}

/*
 * The number of the route for many parents; -1 if there is none.
 */
static int
batch_route(const FcPlanRelation *planned)
{
	const FcRoute *routes = planned->table->resource->routes;

	for (int i = 0; routes[i].path; i++)
	{
		if ((routes[i].flags & FC_BATCH) &&
			!(planned->facts.flags & FC_LEARNED_CLOSED(i)))
			return i;
	}
	return -1;
}

/*
 * Add the batched join over one path of the outer relation, if there is one.
 *
 * This is what core's try_nestloop_path does, with another outer side.
 */
static void
add_batched_path(PlannerInfo *root, RelOptInfo *joinrel, Path *outer_path,
				 RelOptInfo *innerrel, JoinType jointype,
				 JoinPathExtraData *extra, const FcPlanKey *key)
{
	Node	   *expression = find_keys(outer_path, key);
	Relids		required_outer;
	JoinCostWorkspace workspace;
	Path	   *keys_path;
	Path	   *inner_path;

	if (expression == NULL ||
		!can_nest(root, joinrel, outer_path, innerrel, extra, key,
				  &required_outer))
		return;

	drop_unbatched_paths(joinrel, outer_path->parent, innerrel, key);
	create_sides(root, outer_path, innerrel, expression, key, &keys_path,
				 &inner_path);
	initial_cost_nestloop(root, &workspace, jointype, keys_path, inner_path,
						  extra);
	add_path(joinrel, (Path *)
			 create_nestloop_path(root, joinrel, jointype, &workspace, extra,
								  keys_path, inner_path, extra->restrictlist,
								  build_join_pathkeys(root, joinrel, jointype,
													  keys_path->pathkeys),
								  required_outer));
}

/*
 * Drop the nested loops that would send a request for each key.
 *
 * A batch of one key is one request, too.  Core prefers such a loop where it
 * expects few outer rows, and each row more would be one more request.
 */
static void
drop_unbatched_paths(RelOptInfo *joinrel, const RelOptInfo *outerrel,
					 const RelOptInfo *innerrel, const FcPlanKey *key)
{
	ListCell   *cell;

	foreach(cell, joinrel->pathlist)
	{
		if (asks_for_each(lfirst(cell), outerrel, innerrel, key))
			joinrel->pathlist = foreach_delete_current(joinrel->pathlist,
													   cell);
	}
}

/*
 * Is the path a nested loop that looks up the rows of one key at a time?
 *
 * Not if it looks up rows by id, of which there is no batch.
 */
static bool
asks_for_each(const Path *path, const RelOptInfo *outerrel,
			  const RelOptInfo *innerrel, const FcPlanKey *key)
{
	const JoinPath *join = (const JoinPath *) path;
	const Path *inner;
	const FcScanPath *scan;

	if (!IsA(path, NestPath) || join->outerjoinpath->parent != outerrel)
		return false;
	inner = join->innerjoinpath;
	if (IsA(inner, MemoizePath))
		inner = ((const MemoizePath *) inner)->subpath;
	if (!IsA(inner, ForeignPath) || inner->parent != innerrel ||
		inner->param_info != key->param_info)
		return false;
	scan = linitial(((const ForeignPath *) inner)->fdw_private);
	return scan->batch_key == NULL && scan->estimate.choice.route != NULL &&
		!(scan->estimate.choice.route->flags & FC_BY_ID);
}

/*
 * The key as an expression over what an outer path gives; NULL if it cannot
 * be told from that.
 */
static Node *
find_keys(Path *outer_path, const FcPlanKey *key)
{
	Rebuild		rebuild = {outer_path->pathtarget->exprs, true};
	Node	   *expression = rebuild_expression((Node *) key->pushed->operand,
												&rebuild);

	return rebuild.is_complete ? expression : NULL;
}

/*
 * May the table be the inner side of a nested loop over the outer path?
 * required_outer is set to what that loop needs from other relations.
 */
static bool
can_nest(PlannerInfo *root, RelOptInfo *joinrel, Path *outer_path,
		 RelOptInfo *innerrel, JoinPathExtraData *extra, const FcPlanKey *key,
		 Relids *required_outer)
{
	Relids		outer_relids = outer_path->parent->relids;
	Relids		inner_params = key->param_info->ppi_req_outer;

	if (bms_overlap(PATH_REQ_OUTER(outer_path), innerrel->relids))
		return false;
	*required_outer = calc_nestloop_required_outer(outer_relids,
												   PATH_REQ_OUTER(outer_path),
												   innerrel->relids,
												   inner_params);
	if (*required_outer != NULL &&
		(!bms_overlap(*required_outer, extra->param_source_rels) ||
		 bms_overlap(*required_outer, joinrel->relids)))
		return false;
	return !fc_has_dangerous_phv(root, outer_relids, inner_params);
}

/*
 * The two sides of a batched join: the node that collects the keys, and our
 * table.  They share the number of the link's parameter.
 */
static void
create_sides(PlannerInfo *root, Path *outer_path, RelOptInfo *innerrel,
			 Node *expression, const FcPlanKey *key, Path **keys_path,
			 Path **inner_path)
{
	const FcPlanRelation *planned = innerrel->fdw_private;
	List	   *slot = list_make1_int(-1);
	BatchEstimate estimate;
	MemoryContext oldcontext;

	estimate = estimate_batches(root, innerrel, outer_path, expression, key);
	*keys_path = (Path *) create_keys_path(outer_path, expression, &estimate,
										   planned, slot);

	/* GEQO frees the current context while the base relation lives on */
	oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(innerrel));
	*inner_path = (Path *) fc_paths_batched(root, innerrel, key,
											estimate.requests,
											batch_route(planned), slot);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * The expression over what the outer side gives.
 *
 * From PostgreSQL 16 on, a Var above an outer join differs from the same Var
 * below it (varnullingrels).  So each Var is replaced by the outer side's own.
 */
static Node *
rebuild_expression(Node *node, Rebuild *rebuild)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
	{
		Node	   *found = find_in_target(node, rebuild->target);

		if (found == NULL)
			rebuild->is_complete = false;
		return found ? copyObject(found) : node;
	}
	return expression_tree_mutator(node, rebuild_expression, rebuild);
}

static Node *
find_in_target(Node *node, const List *target)
{
	ListCell   *cell;

	foreach(cell, target)
	{
		Node	   *candidate = lfirst(cell);

		if (nodeTag(candidate) != nodeTag(node))
			continue;
		if (IsA(node, Var) ?
			((Var *) node)->varno == ((Var *) candidate)->varno &&
			((Var *) node)->varattno == ((Var *) candidate)->varattno &&
			((Var *) node)->varlevelsup == ((Var *) candidate)->varlevelsup :
			((PlaceHolderVar *) node)->phid ==
			((PlaceHolderVar *) candidate)->phid)
			return candidate;
	}
	return NULL;
}

/*
 * The number of requests for the keys of an outer path.
 */
static BatchEstimate
estimate_batches(PlannerInfo *root, RelOptInfo *innerrel, Path *outer_path,
				 Node *expression, const FcPlanKey *key)
{
	const FcPlanRelation *planned = innerrel->fdw_private;
	BatchEstimate estimate = {FC_BATCH_KEYS, FC_BATCH_KEYS, 0};
	double		keys = estimate_num_groups(root, list_make1(expression),
										   outer_path->rows, NULL, NULL);
	double		batches = Max(ceil(keys / estimate.size), 1);
	double		rows = keys / batches * fc_cost_rows_of_key(root, innerrel);

	/* the last page of each batch is on average half empty */
	estimate.requests = ceil(batches *
							 Max(rows / planned->table->page_size + 0.5, 1));

	/* with a LIMIT on rows in this order, few keys are needed */
	if (root->limit_tuples > 0 &&
		pathkeys_contained_in(root->query_pathkeys, outer_path->pathkeys))
		estimate.first = (int) Min(ceil(root->limit_tuples /
										key->param_info->ppi_rows),
								   estimate.size);
	return estimate;
}

/*
 * The path that collects keys from an outer path.  It bears the cost of the
 * requests.
 *
 * The first request is sent when a batch of rows has been read.
 */
static CustomPath *
create_keys_path(Path *outer_path, Node *expression,
				 const BatchEstimate *estimate, const FcPlanRelation *inner,
				 List *slot)
{
	CustomPath *path = makeNode(CustomPath);
	Cost		run_cost = outer_path->total_cost - outer_path->startup_cost;
	double		part = Min(estimate->first / Max(outer_path->rows, 1.0), 1);

	path->path.pathtype = T_CustomScan;
	path->path.parent = outer_path->parent;
	path->path.pathtarget = outer_path->pathtarget;
	path->path.param_info = outer_path->param_info;
	path->path.parallel_safe = outer_path->parallel_safe;
	path->path.rows = outer_path->rows;
	path->path.pathkeys = outer_path->pathkeys;
	fc_set_disabled_nodes(&path->path, outer_path);
	path->path.startup_cost = outer_path->startup_cost + run_cost * part +
		inner->startup_cost + inner->request_cost;
	path->path.total_cost = outer_path->total_cost + inner->startup_cost +
		estimate->requests * inner->request_cost +
		outer_path->rows * cpu_operator_cost;

	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(outer_path);
	path->custom_private = list_make3(slot, expression,
									  list_make2_int(estimate->first,
													 estimate->size));
	path->methods = &path_methods;
	return path;
}

/*
 * Make the plan node of such a path, and reserve the link's parameter.
 *
 * The plan of the inner side is made later, and reads the parameter's number.
 */
static Plan *
plan_keys_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
			   List *tlist, List *clauses, List *plans)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *child = linitial(plans);
	List	   *slot = linitial(path->custom_private);
	List	   *sizes = lthird(path->custom_private);

	linitial_int(slot) = assign_special_exec_param(root);

	/* the path below has applied all clauses */
	scan->scan.plan.targetlist = tlist;
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = plans;
	scan->custom_exprs = list_make1(lsecond(path->custom_private));
	scan->custom_private = list_make3_int(linitial_int(slot),
										  linitial_int(sizes),
										  lsecond_int(sizes));
	scan->custom_scan_tlist = copyObject(child->targetlist);
	scan->methods = &fc_batch_keys_methods;
	return &scan->scan.plan;
}
