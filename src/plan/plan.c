/*
 * plan.c
 *		Write down the plan of a scan.
 */
#include "postgres.h"

#include <math.h>

#include "access/sysattr.h"
#include "api/table.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "plan/bind.h"
#include "plan/calls.h"
#include "plan/carried.h"
#include "plan/lookup.h"
#include "plan/paths.h"
#include "plan/plan.h"
#include "plan/strict.h"
#include "utils/selfuncs.h"

static create_upper_paths_hook_type previous_hook = NULL;

static List *list_of(Node **members, int count);
static Float *make_float(double value);
static void complete_plans(PlannerInfo *root, UpperRelationKind stage,
						   RelOptInfo *input, RelOptInfo *output,
						   void *extra);
static void complete_subquery(PlannerInfo *root);
static void complete_plan(PlannerInfo *root, const FcPlanRelation *planned,
						  Index relid, List *private);
static Bitmapset *strict_attributes(PlannerInfo *root, RelOptInfo *rel,
									List *clauses);
static List *list_attributes(const FcTable *table, Bitmapset *attributes);
static List *plan_order(const FcTable *table, const FcScanPath *scan);
static double plan_requests(PlannerInfo *root, RelOptInfo *rel,
							const ForeignPath *path);
static double list_requests(PlannerInfo *root, RelOptInfo *rel,
							const ForeignPath *path);
static int	plan_limit(PlannerInfo *root, RelOptInfo *rel,
					   const ForeignPath *path);
static double plan_loops(PlannerInfo *root, const ForeignPath *path,
						 List *pushed);

/*
 * frontcoreGetForeignPlan
 *		Write down what the executor needs to know of a path.
 *
 * All clauses stay with PostgreSQL, those pushed down too: what the API gives
 * may be too much.
 */
ForeignScan *
frontcoreGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
						ForeignPath *best_path, List *tlist,
						List *scan_clauses, Plan *outer_plan)
{
	FcPlanRelation *planned = rel->fdw_private;
	const FcTable *table = planned->table;
	const FcScanPath *scan = linitial(best_path->fdw_private);
	List	   *pushed = fc_pushdown_match(root, rel, table,
										   scan->batch_key ?
										   rel->baserestrictinfo :
										   scan_clauses);
	Bitmapset  *read = fc_carried_attributes(root, rel, table, scan_clauses);
	Bitmapset  *strict = strict_attributes(root, rel, scan_clauses);
	List	   *conditions;
	List	   *operands = NIL;
	Node	   *members[FC_SCAN_LENGTH] = {NULL};
	List	   *private;

	if (scan->batch_key != NULL)
	{
		/* what else hangs on the outer row would split the batches */
		pushed = lappend(pushed, scan->batch_key);
	}
	conditions = fc_pushdown_conditions(table->resource, pushed, &operands);
	members[FC_SCAN_CONDITIONS] = (Node *)
		fc_query_conditions_to_list(conditions);
	if (scan->batch_key != NULL)
		members[FC_SCAN_BATCH] = (Node *)
			list_make3_int(linitial_int(scan->batch_slot),
						   ((FcCondition *) llast(conditions))->operand,
						   scan->batch_key->attnum);	/* FcBatchIndex */
	members[FC_SCAN_ATTRIBUTES] = (Node *) list_attributes(table, read);
	members[FC_SCAN_STRICT] = (Node *) list_attributes(table, strict);
	members[FC_SCAN_ORDER] = (Node *) plan_order(table, scan);
	members[FC_SCAN_LIMIT] = (Node *)
		makeInteger(plan_limit(root, rel, best_path));
	members[FC_SCAN_FEW] = (Node *)
		makeInteger(fc_cost_wants_part(root, rel, best_path->path.pathkeys));
	members[FC_SCAN_ROUTE] = (Node *)
		makeInteger(scan->estimate.choice.number);
	members[FC_SCAN_LIST] = (Node *)
		makeInteger(scan->estimate.choice.list);
	members[FC_SCAN_REQUESTS] = (Node *)
		make_float(plan_requests(root, rel, best_path));
	members[FC_SCAN_LOOPS] = (Node *)
		make_float(plan_loops(root, best_path, pushed));
	members[FC_SCAN_CALLS] = (Node *)
		make_float(fc_bind_waits((Node *) operands, NULL) ?
				   fc_calls_of(root) : 0);
	members[FC_SCAN_WHOLE] = (Node *) make_float(scan->estimate.whole);
	members[FC_SCAN_CTID] = (Node *)
		makeInteger(fc_carried_reads_ctid(root, rel, scan_clauses));
	members[FC_SCAN_NAMED] = (Node *) makeInteger(0);

	private = list_of(members, FC_SCAN_LENGTH);
	planned->plans = lappend(planned->plans, private);
	return make_foreignscan(tlist, extract_actual_clauses(scan_clauses, false),
							rel->relid, operands, private, NIL, NIL,
							outer_plan);
}

/*
 * fc_plan_loops
 *		How many different questions a scan is expected to ask, over all
 *		rescans and all runs of the query that it stands in.
 */
double
fc_plan_loops(const ForeignScan *plan)
{
	double		calls = floatVal(list_nth(plan->fdw_private, FC_SCAN_CALLS));

	return floatVal(list_nth(plan->fdw_private, FC_SCAN_LOOPS)) *
		Max(calls, 1);
}

/*
 * fc_plan_init
 *		Have plans of subqueries completed, from now on.
 */
void
fc_plan_init(void)
{
	previous_hook = create_upper_paths_hook;
	create_upper_paths_hook = complete_plans;
}

/*
 * A list of the members of an array.
 */
static List *
list_of(Node **members, int count)
{
	List	   *result = NIL;

	for (int i = 0; i < count; i++)
		result = lappend(result, members[i]);
	return result;
}

/*
 * A whole number, perhaps a large one, as a plan keeps it.
 */
static Float *
make_float(double value)
{
	return makeFloat(psprintf("%.0f", value));
}

/*
 * The hook: when the statement's own plan is about to be made, say in those of
 * its subqueries that have been made which columns decide, and how often they
 * are run.
 */
static void
complete_plans(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
			   RelOptInfo *output, void *extra)
{
	ListCell   *cell;

	if (previous_hook)
		previous_hook(root, stage, input, output, extra);
	if (stage != UPPERREL_FINAL || root->parent_root != NULL)
		return;
	foreach(cell, root->glob->subroots)
		complete_subquery(lfirst(cell));
}

/*
 * The same for the plans of a query, and of those in its FROM.
 */
static void
complete_subquery(PlannerInfo *root)
{
	for (int relid = 1; relid < root->simple_rel_array_size; relid++)
	{
		RelOptInfo *rel = root->simple_rel_array[relid];
		const FcPlanRelation *planned = rel ? fc_cost_relation(rel) : NULL;
		ListCell   *cell;

		if (rel != NULL && rel->subroot != NULL)
			complete_subquery(rel->subroot);
		if (planned == NULL)
			continue;
		foreach(cell, planned->plans)
			complete_plan(root, planned, relid, lfirst(cell));
	}
}

static void
complete_plan(PlannerInfo *root, const FcPlanRelation *planned, Index relid,
			  List *private)
{
	ListCell   *strict = list_nth_cell(private, FC_SCAN_STRICT);
	ListCell   *calls = list_nth_cell(private, FC_SCAN_CALLS);
	List	   *more = list_attributes(planned->table,
									   fc_strict_attributes(root, relid));

	lfirst(strict) = list_union_int(lfirst(strict), more);
	if (floatVal(lfirst(calls)) > 0)
		lfirst(calls) = make_float(fc_calls_of(root));
}

/*
 * The attributes that decide which rows come out, and in which order; not
 * those that are merely shown.
 */
static Bitmapset *
strict_attributes(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	Bitmapset  *attributes = bms_copy(fc_strict_attributes(root, rel->relid));

	pull_varattnos((Node *) extract_actual_clauses(clauses, false),
				   rel->relid, &attributes);
	return attributes;
}

/*
 * Attribute numbers as a plan keeps them; of a whole row, those of all, and of
 * a generated column those that it is computed from.
 */
static List *
list_attributes(const FcTable *table, Bitmapset *attributes)
{
	bool		whole_row = bms_is_member(-FirstLowInvalidHeapAttributeNumber,
										  attributes);
	List	   *result = NIL;

	attributes = fc_table_add_computed(table, attributes);

	for (int i = 0; i < table->natts; i++)
	{
		AttrNumber	attnum = table->columns[i].attnum;

		if (attnum > 0 &&
			(whole_row ||
			 bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
						   attributes)))
			result = lappend_int(result, attnum);
	}
	return result;
}

/*
 * The order that the plan relies on.
 */
static List *
plan_order(const FcTable *table, const FcScanPath *scan)
{
	if (scan->order == NULL)
		return NIL;
	return list_make2_int(fc_catalog_column_number(table->resource,
												   scan->order),
						  scan->descending);
}

/*
 * How many requests are expected: of those for all rows, the part that LIMIT
 * needs.
 */
static double
plan_requests(PlannerInfo *root, RelOptInfo *rel, const ForeignPath *path)
{
	const FcScanPath *scan = linitial(path->fdw_private);
	double		requests = scan->estimate.choice.requests;

	if (!fc_cost_wants_few(root, rel, path->path.pathkeys))
		return requests;
	if (scan->estimate.choice.list >= 0)
		return list_requests(root, rel, path);
	return Min(requests,
			   ceil(requests * root->limit_tuples / path->path.rows));
}

/*
 * The same of a list and of the details of its rows.
 */
static double
list_requests(PlannerInfo *root, RelOptInfo *rel, const ForeignPath *path)
{
	const FcPlanRelation *planned = rel->fdw_private;
	const FcScanPath *scan = linitial(path->fdw_private);
	int			page_size = planned->table->page_size;
	double		part = Min(root->limit_tuples / path->path.rows, 1);
	double		rows = planned->facts.rows * planned->facts.selectivity * part;

	return Min(scan->estimate.choice.requests, Max(ceil(rows / page_size), 1) +
			   fc_route_rows_requests(&planned->facts,
									  scan->estimate.choice.number, rows,
									  page_size));
}

/*
 * How many rows will be read, if that is certain; else 0.
 *
 * It is not where rows are dropped or sorted on this side.  Only the size of
 * the first page hangs on it, never the result.
 */
static int
plan_limit(PlannerInfo *root, RelOptInfo *rel, const ForeignPath *path)
{
	const FcPlanRelation *planned = rel->fdw_private;
	ListCell   *cell;

	if (!fc_cost_wants_few(root, rel, path->path.pathkeys) ||
		root->limit_tuples > INT_MAX ||
		list_length(planned->pushed) != list_length(rel->baserestrictinfo))
		return 0;

	foreach(cell, planned->pushed)
	{
		const FcPushed *clause = lfirst(cell);

		if (!fc_pushdown_is_exact(clause) ||
			(!planned->table->push_filters && !fc_lookup_is_one(clause)))
			return 0;
	}
	return (int) root->limit_tuples;
}

/*
 * How many different questions a path will ask.
 */
static double
plan_loops(PlannerInfo *root, const ForeignPath *path, List *pushed)
{
	const FcScanPath *scan = linitial(path->fdw_private);
	ParamPathInfo *param_info = path->path.param_info;
	double		rows = 1;
	List	   *exprs = NIL;
	ListCell   *cell;
	int			relid = -1;

	if (param_info == NULL || scan->batch_key != NULL)
		return 1;

	while ((relid = bms_next_member(param_info->ppi_req_outer, relid)) >= 0)
	{
		/* outer joins have numbers too, but nothing to be found there */
		if (relid < root->simple_rel_array_size &&
			root->simple_rel_array[relid] != NULL)
			rows = Max(rows, root->simple_rel_array[relid]->rows);
	}
	foreach(cell, pushed)
	{
		const FcPushed *clause = lfirst(cell);

		if (clause->implied == NULL &&
			bms_overlap(clause->rinfo->clause_relids,
						param_info->ppi_req_outer))
			exprs = lappend(exprs, clause->operand);
	}
	if (exprs != NIL)
		rows = estimate_num_groups(root, exprs, rows, NULL, NULL);

	/* who wants few rows goes on only until they are there */
	if (root->limit_tuples > 0 && root->query_pathkeys == NIL)
		rows = Min(rows, ceil(root->limit_tuples / path->path.rows));
	return rows;
}
