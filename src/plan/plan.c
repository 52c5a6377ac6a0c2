/*
 * plan.c
 *		Size and cost a scan, choose its paths, and write down its plan.
 *
 * The API is slow and counts requests: at 5 a second each costs a fifth of a
 * second, in which PostgreSQL could read thousands of rows of its own.  So
 * requests are what paths are costed by, and rows hardly matter.  A route of
 * the API is to a path what an index is; which one is taken, query.c says,
 * here by estimates and in the executor by the values themselves.
 *
 * Nothing here sends a request.  The role's API key is looked at only to find
 * out what this server has learned of its account; a role without one can
 * still plan and EXPLAIN.
 */
#include "postgres.h"

#include <math.h>

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "api/account.h"
#include "api/memo.h"
#include "api/sharing.h"
#include "compat.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "plan/bind.h"
#include "plan/carried.h"
#include "plan/comparison.h"
#include "plan/plan.h"
#include "plan/strict.h"
#include "utils/selfuncs.h"

/*
 * A cost unit is about the time of a page from disk, read in sequence.  A
 * second of waiting is worth so many.
 */
#define COST_OF_SECOND	5000.0

/* What a request costs where no rate limits it: the way there and back. */
#define LEAST_SECONDS_OF_REQUEST 0.02

/* Setting out costs that much, whatever the rate. */
#define SECONDS_OF_SCAN	0.2

/*
 * Core takes columns that it knows nothing of for very selective.  Of the few
 * states that a date has, and of periods that people ask for, this is nearer
 * to the truth.
 */
#define LEAST_SELECTIVITY	0.1

/* What a query, or one repetition of it, is thought to cost. */
typedef struct ScanEstimate
{
	FcRouteChoice choice;
	double		rows;			/* that it gives */
} ScanEstimate;

/* What a path tells its plan: ForeignPath.fdw_private holds a pointer. */
typedef struct ScanPath
{
	ScanEstimate estimate;
	const FcColumn *order;		/* that the path relies on, or NULL */
	bool		descending;
	FcPushed   *batch_key;		/* of a batched join, else NULL */
	List	   *batch_slot;		/* the number of the link's parameter */
} ScanPath;

static create_upper_paths_hook_type previous_hook = NULL;

static void complete_plans(PlannerInfo *root, UpperRelationKind stage,
						   RelOptInfo *input, RelOptInfo *output,
						   void *extra);
static void complete_subquery(PlannerInfo *root);
static void load_facts(FcPlanRelation *planned, RelOptInfo *rel);
static void set_costs(FcPlanRelation *planned);
static List *list_needs(const FcTable *table, const Bitmapset *attributes);
static ScanEstimate estimate_scan(PlannerInfo *root, RelOptInfo *rel,
								  List *pushed, double rows,
								  const FcColumn *order);
static void guess_query(PlannerInfo *root, const FcPlanRelation *planned,
						List *pushed, FcQuery *query);
static void guess_keys(PlannerInfo *root, const FcPushed *clause,
					   FcQuery *query);
static bool is_lookup(const FcPushed *pushed);
static bool narrows_list(PlannerInfo *root, const FcTable *table,
						 const FcPushed *pushed);
static Selectivity selectivity_of(PlannerInfo *root, RelOptInfo *rel,
								  List *pushed, bool of_parents);
static Selectivity selectivity_sent(PlannerInfo *root, RelOptInfo *rel,
									List *pushed);
static bool wants_few_rows(PlannerInfo *root, RelOptInfo *rel,
						   const Path *path);
static double plan_requests(PlannerInfo *root, RelOptInfo *rel,
							const ForeignPath *path);
static void add_path_for(PlannerInfo *root, RelOptInfo *rel,
						 Relids required_outer, PathKey *pathkey);
static ForeignPath *create_path(PlannerInfo *root, RelOptInfo *rel,
								ScanPath *scan, Cost startup_cost,
								double requests, List *pathkeys,
								Relids required_outer);
static const FcColumn *find_order(const FcPlanRelation *planned,
								  RelOptInfo *rel, PathKey *pathkey);
static List *find_parameters(PlannerInfo *root, RelOptInfo *rel);
static List *find_keys(PlannerInfo *root, RelOptInfo *rel,
					   ParamPathInfo *param_info);
static List *find_join_clauses(PlannerInfo *root, RelOptInfo *rel);
static List *find_equalities(PlannerInfo *root, RelOptInfo *rel,
							 AttrNumber attnum);
static bool is_member_wanted(PlannerInfo *root, RelOptInfo *rel,
							 EquivalenceClass *ec, EquivalenceMember *member,
							 void *arg);
static Bitmapset *read_attributes(PlannerInfo *root, RelOptInfo *rel,
								  const FcTable *table, List *clauses);
static Bitmapset *strict_attributes(PlannerInfo *root, RelOptInfo *rel,
									List *clauses);
static Bitmapset *clause_attributes(RelOptInfo *rel, List *clauses);
static List *list_attributes(const FcTable *table, Bitmapset *attributes);
static List *plan_order(const FcTable *table, const ScanPath *scan);
static int	plan_limit(PlannerInfo *root, RelOptInfo *rel,
					   const ForeignPath *path);
static double plan_loops(PlannerInfo *root, const ForeignPath *path,
						 List *pushed);

/*
 * frontcoreGetForeignRelSize
 *		Estimate the rows of a foreign table that its own clauses leave.
 */
void
frontcoreGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	FcPlanRelation *planned = palloc0(sizeof(FcPlanRelation));

	planned->server = fc_memo_server(rel->serverid);
	planned->table = fc_memo_table(relid);
	planned->pushed = fc_pushdown_match(root, rel, planned->table,
										rel->baserestrictinfo);
	planned->needs = list_needs(planned->table,
								read_attributes(root, rel, planned->table,
												rel->baserestrictinfo));
	load_facts(planned, rel);
	set_costs(planned);
	rel->fdw_private = planned;

	rel->tuples = planned->facts.rows;
	set_baserel_size_estimates(root, rel);
	rel->rows = estimate_scan(root, rel, planned->pushed, rel->rows,
							  NULL).rows;
	planned->is_sized = true;
}

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

	foreach(cell, find_parameters(root, rel))
	{
		ParamPathInfo *param_info = lfirst(cell);

		add_path_for(root, rel, param_info->ppi_req_outer, NULL);
		planned->keys = list_concat(planned->keys,
									find_keys(root, rel, param_info));
	}
}

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
	const ScanPath *scan = linitial(best_path->fdw_private);
	const FcRouteChoice *choice = &scan->estimate.choice;
	List	   *pushed = fc_pushdown_match(root, rel, planned->table,
										   scan->batch_key ?
										   rel->baserestrictinfo :
										   scan_clauses);
	List	   *conditions;
	List	   *operands = NIL;
	List	   *batch = NIL;
	List	   *private;

	if (scan->batch_key != NULL)
	{
		/* what else hangs on the outer row would split the batches */
		pushed = lappend(pushed, scan->batch_key);
		batch = list_make3_int(linitial_int(scan->batch_slot),
							   list_length(pushed) - 1,
							   scan->batch_key->attnum);	/* FcBatchIndex */
	}

	conditions = fc_pushdown_conditions(planned->table->resource, pushed,
										&operands);
	private = list_make5(fc_query_conditions_to_list(conditions),
						 list_attributes(planned->table,
										 read_attributes(root, rel,
														 planned->table,
														 scan_clauses)),
						 list_attributes(planned->table,
										 strict_attributes(root, rel,
														   scan_clauses)),
						 plan_order(planned->table, scan),
						 makeInteger(plan_limit(root, rel, best_path)));
	private = lappend(private, makeInteger(choice->number));
	private = lappend(private,
					  makeFloat(psprintf("%.0f",
										 plan_requests(root, rel,
													   best_path))));
	private = lappend(private,
					  makeFloat(psprintf("%.0f", plan_loops(root, best_path,
															pushed))));
	private = lappend(private, batch);
	private = lappend(private,
					  makeInteger(fc_carried_reads_ctid(root, rel,
														scan_clauses)));
	Assert(list_length(private) == FC_SCAN_LENGTH);

	planned->plans = lappend(planned->plans, private);
	return make_foreignscan(tlist, extract_actual_clauses(scan_clauses, false),
							rel->relid, operands, private, NIL, NIL,
							outer_plan);
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
 * fc_plan_relation
 *		What was planned of a relation that is one of our tables, else NULL.
 */
const FcPlanRelation *
fc_plan_relation(const RelOptInfo *rel)
{
	if (!IS_SIMPLE_REL(rel) || rel->fdwroutine == NULL ||
		rel->fdwroutine->GetForeignPaths != frontcoreGetForeignPaths)
		return NULL;
	return rel->fdw_private;
}

/*
 * fc_plan_rows_of_key
 *		How many rows the API sends for each key of a batch.
 *
 * Of all clauses only the table's own go upstream with it.
 */
double
fc_plan_rows_of_key(PlannerInfo *root, RelOptInfo *rel)
{
	const FcPlanRelation *planned = rel->fdw_private;

	return planned->facts.rows * selectivity_sent(root, rel, planned->pushed) /
		Max(planned->facts.parents, 1.0);
}

/*
 * fc_plan_batched_path
 *		The inner path of a batched join by a key, as one of requests in all.
 *
 * It costs no request: the node below the outer side, from which the keys
 * come, bears them.
 */
ForeignPath *
fc_plan_batched_path(PlannerInfo *root, RelOptInfo *rel, const FcPlanKey *key,
					 double requests, int route, List *slot)
{
	const FcPlanRelation *planned = rel->fdw_private;
	ScanPath   *scan = palloc0(sizeof(ScanPath));

	scan->estimate.rows = key->param_info->ppi_rows;
	scan->estimate.choice.route = &planned->table->resource->routes[route];
	scan->estimate.choice.number = route;
	scan->estimate.choice.requests = requests;
	scan->batch_key = key->pushed;
	scan->batch_slot = slot;

	return create_path(root, rel, scan, 0, 0, NIL,
					   key->param_info->ppi_req_outer);
}

/*
 * The hook: when the statement's own plan is about to be made, say in those of
 * its subqueries that have been made which columns decide.
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
		const FcPlanRelation *planned = rel ? fc_plan_relation(rel) : NULL;
		ListCell   *cell;

		if (rel != NULL && rel->subroot != NULL)
			complete_subquery(rel->subroot);
		if (planned == NULL)
			continue;
		foreach(cell, planned->plans)
		{
			ListCell   *strict = list_nth_cell(lfirst(cell), FC_SCAN_STRICT);
			List	   *more = list_attributes(planned->table,
											   fc_strict_attributes(root,
																	relid));

			lfirst(strict) = list_union_int(lfirst(strict), more);
		}
	}
}

/*
 * What is known of the table's list: from ANALYZE, else from what this server
 * has seen of the account, else from what is usual.
 */
static void
load_facts(FcPlanRelation *planned, RelOptInfo *rel)
{
	const FcServer *server = planned->server;
	Oid			userid = OidIsValid(rel->userid) ? rel->userid : GetUserId();
	FcMapping	mapping = fc_option_find_mapping(server->serverid, userid);
	FcAccount	account;

	if (mapping.api_key != NULL)
	{
		account = fc_account_digest(server, mapping.api_key);
		fc_present_begin(&planned->present, server, planned->table,
						 mapping.api_key, planned->needs);
	}
	fc_account_load(server, mapping.api_key ? &account : NULL,
					planned->table->resource, NULL, &planned->facts,
					&planned->learned);
	planned->has_statistics = rel->tuples >= 0;
	if (planned->has_statistics && planned->learned.rows < 0)
		planned->facts.rows = rel->tuples;
}

/*
 * What a scan and a request cost, unless options say so.
 */
static void
set_costs(FcPlanRelation *planned)
{
	const FcTable *table = planned->table;
	const FcLimits *limits = &planned->server->limits;
	double		seconds = LEAST_SECONDS_OF_REQUEST;

	if (limits->per_second > 0)
		seconds = Max(seconds, 1 / limits->per_second);
	if (limits->per_minute > 0)
		seconds = Max(seconds, 60.0 / limits->per_minute);

	planned->request_cost = table->request_cost >= 0 ? table->request_cost :
		seconds * COST_OF_SECOND;
	planned->startup_cost = table->startup_cost >= 0 ? table->startup_cost :
		SECONDS_OF_SCAN * COST_OF_SECOND;
}

/*
 * The columns that are read, as a query knows them.
 */
static List *
list_needs(const FcTable *table, const Bitmapset *attributes)
{
	List	   *needs = NIL;

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];
		FcNeed	   *need;

		if (column->column == NULL ||
			!bms_is_member(column->attnum - FirstLowInvalidHeapAttributeNumber,
						   attributes))
			continue;
		need = palloc0(sizeof(FcNeed));
		need->path = column->path;
		need->column = column->column;
		need->name = column->name;
		needs = lappend(needs, need);
	}
	return needs;
}

/*
 * What a query for these clauses costs, and how many rows it gives.
 *
 * rows is what core expects of all clauses.  It knows neither that ids are
 * unique nor, without statistics, how many rows a parent has.
 */
static ScanEstimate
estimate_scan(PlannerInfo *root, RelOptInfo *rel, List *pushed, double rows,
			  const FcColumn *order)
{
	FcPlanRelation *planned = rel->fdw_private;
	ScanEstimate estimate;
	FcQuery		query = {0};

	guess_query(root, planned, pushed, &query);
	query.order = order;
	planned->facts.selectivity = selectivity_sent(root, rel, pushed);
	estimate.choice = fc_route_choose(&query, &planned->facts);
	estimate.choice.requests =
		fc_present_requests(&planned->present, &query, &estimate.choice,
							planned->facts.batch_size);

	if (query.parents.bound && !planned->has_statistics)
		rows *= query.parents.count / Max(planned->facts.parents, 1.0) /
			Max(selectivity_of(root, rel, pushed, true), 1e-9);
	if (query.ids.bound)
		rows = Min(rows, query.ids.count);
	if (query.has_until)
		rows = Min(rows, query.until - (double) query.since);
	estimate.rows = clamp_row_est(query.is_empty ? 0 : rows);
	return estimate;
}

/*
 * The query that clauses will be, as far as the planner can tell.
 */
static void
guess_query(PlannerInfo *root, const FcPlanRelation *planned, List *pushed,
			FcQuery *query)
{
	const FcTable *table = planned->table;
	int			length = list_length(pushed);
	Oid		   *types = palloc(length * sizeof(Oid));
	Datum	   *values = palloc(length * sizeof(Datum));
	bool	   *isnull = palloc(length * sizeof(bool));
	FcOperands	operands = {types, values, isnull};
	int			count = 0;
	List	   *known = NIL;
	List	   *unknown = NIL;
	List	   *exprs = NIL;
	ListCell   *cell;

	query->resource = table->resource;
	query->page_size = table->page_size;
	query->push_order = table->push_order;
	query->grain = fc_sharing_grain(planned->server, table);
	query->needs = planned->needs;
	query->repetitions = 1;

	foreach(cell, pushed)
	{
		FcPushed   *clause = lfirst(cell);
		Const	   *operand;

		operand = (Const *) estimate_expression_value(root, (Node *)
													  clause->operand);
		if (!IsA(operand, Const))
		{
			unknown = lappend(unknown, clause);
			continue;
		}
		types[count] = operand->consttype;
		values[count] = operand->constvalue;
		isnull[count++] = operand->constisnull;
		known = lappend(known, clause);
	}
	fc_bind_query(query,
				  fc_pushdown_conditions(table->resource, known, &exprs),
				  &operands, planned->server,
				  table->push_filters);

	foreach(cell, unknown)
		guess_keys(root, lfirst(cell), query);
}

/*
 * Guess how many keys a clause leaves whose operand is not known yet.
 */
static void
guess_keys(PlannerInfo *root, const FcPushed *clause, FcQuery *query)
{
	FcKeys	   *keys;
	double		count = 1;

	if (!is_lookup(clause))
		return;
	keys = (clause->column->flags & FC_KEY) ? &query->ids : &query->parents;
	if (clause->operator == FC_EQUAL_ANY)
		count = fc_estimate_array_length(root, (Node *) clause->operand);

	if (!keys->bound || count < keys->count)
		keys->count = (int) Max(count, 1);
	keys->bound = true;
}

/*
 * Does the clause name rows, or their parent, by key?
 */
static bool
is_lookup(const FcPushed *pushed)
{
	return fc_comparison_is_lookup(pushed->column, pushed->operator);
}

/*
 * Does the API send fewer rows for the clause, or need not be asked for all?
 */
static bool
narrows_list(PlannerInfo *root, const FcTable *table, const FcPushed *pushed)
{
	const FcComparison *comparison = fc_comparison(pushed->column,
												   pushed->operator);

	if (!table->push_filters)
		return false;
	if (comparison->takes_one)
		return fc_estimate_array_length(root, (Node *) pushed->operand) <= 1;
	if (comparison->places == FC_GOES_TO_UNTIL)
		return pushed->column->order_by != NULL && table->push_order;
	return true;
}

/*
 * Which part of the rows those of the clauses leave that are look-ups by
 * parent, or those that are no look-ups but narrow the list.
 */
static Selectivity
selectivity_of(PlannerInfo *root, RelOptInfo *rel, List *pushed,
			   bool of_parents)
{
	const FcPlanRelation *planned = rel->fdw_private;
	List	   *rinfos = NIL;
	ListCell   *cell;

	foreach(cell, pushed)
	{
		const FcPushed *clause = lfirst(cell);

		if (of_parents ?
			is_lookup(clause) && (clause->column->flags & FC_PARENT) :
			!is_lookup(clause) && narrows_list(root, planned->table, clause))
			rinfos = lappend(rinfos, clause->rinfo);
	}
	return clauselist_selectivity(root, rinfos, rel->relid, JOIN_INNER, NULL);
}

/*
 * Which part of the list the API sends for the clauses.
 */
static Selectivity
selectivity_sent(PlannerInfo *root, RelOptInfo *rel, List *pushed)
{
	const FcPlanRelation *planned = rel->fdw_private;
	Selectivity selectivity = selectivity_of(root, rel, pushed, false);

	return planned->has_statistics ? selectivity :
		Max(selectivity, LEAST_SELECTIVITY);
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
	ScanPath   *scan = palloc0(sizeof(ScanPath));
	ForeignPath *path;
	double		startup_cost = planned->startup_cost;

	if (pathkey != NULL)
	{
		scan->order = find_order(planned, rel, pathkey);
		scan->descending = fc_pathkey_is_descending(pathkey);
		if (scan->order == NULL)
			return;
	}

	scan->estimate = estimate_scan(root, rel, pushed,
								   param_info ? param_info->ppi_rows :
								   rel->rows, scan->order);
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
					   pathkey ? list_make1(pathkey) : NIL, required_outer);
	add_path(rel, (Path *) path);
}

/*
 * A path that costs so many requests.
 *
 * No row comes before the first answer.
 */
static ForeignPath *
create_path(PlannerInfo *root, RelOptInfo *rel, ScanPath *scan,
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
 * The sets of other relations that rows, or their parents, can be looked up
 * for by key.
 */
static List *
find_parameters(PlannerInfo *root, RelOptInfo *rel)
{
	const FcPlanRelation *planned = rel->fdw_private;
	List	   *parameters = NIL;
	ListCell   *cell;

	foreach(cell, fc_pushdown_match(root, rel, planned->table,
									find_join_clauses(root, rel)))
	{
		FcPushed   *pushed = lfirst(cell);
		Relids		required_outer;
		ParamPathInfo *param_info;

		if (!is_lookup(pushed))
			continue;
		required_outer = bms_union(pushed->rinfo->clause_relids,
								   rel->lateral_relids);
		required_outer = bms_del_member(required_outer, rel->relid);
		param_info = get_baserel_parampathinfo(root, rel, required_outer);
		if (param_info != NULL)
			parameters = list_append_unique_ptr(parameters, param_info);
	}
	return parameters;
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
		if (is_lookup(key->pushed))
			keys = lappend(keys, key);
	}
	return keys;
}

/*
 * Clauses that compare the table with other relations, and can be evaluated
 * in its scan; those that core derives from equivalences for keys alone.
 */
static List *
find_join_clauses(PlannerInfo *root, RelOptInfo *rel)
{
	const FcPlanRelation *planned = rel->fdw_private;
	List	   *candidates = list_copy(rel->joininfo);
	List	   *clauses = NIL;
	ListCell   *cell;

	for (int i = 0; i < planned->table->natts; i++)
	{
		const FcTableColumn *column = &planned->table->columns[i];

		if (column->column != NULL &&
			(column->column->flags & (FC_KEY | FC_PARENT)))
			candidates = list_concat(candidates,
									 find_equalities(root, rel,
													 column->attnum));
	}
	candidates = list_concat(candidates,
							 find_equalities(root, rel,
											 SelfItemPointerAttributeNumber));

	foreach(cell, candidates)
	{
		if (join_clause_is_movable_to(lfirst(cell), rel))
			clauses = lappend(clauses, lfirst(cell));
	}
	return clauses;
}

/*
 * Clauses that core derives from equivalences for a column.
 */
static List *
find_equalities(PlannerInfo *root, RelOptInfo *rel, AttrNumber attnum)
{
	if (!rel->has_eclass_joins)
		return NIL;
	return generate_implied_equalities_for_column(root, rel, is_member_wanted,
												  &attnum,
												  rel->lateral_referencers);
}

/*
 * Is the member the column whose number arg points to?
 */
static bool
is_member_wanted(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
				 EquivalenceMember *member, void *arg)
{
	Var		   *var = (Var *) member->em_expr;

	while (IsA(var, RelabelType))
		var = (Var *) ((RelabelType *) var)->arg;
	return IsA(var, Var) && var->varno == rel->relid &&
		var->varattno == *(AttrNumber *) arg;
}

/*
 * The attributes that a scan has to give or that its clauses look at, as
 * pull_varattnos counts them.
 */
static Bitmapset *
read_attributes(PlannerInfo *root, RelOptInfo *rel, const FcTable *table,
				List *clauses)
{
	Bitmapset  *attributes = fc_carried_attributes(root, rel, table);

	attributes = bms_add_members(attributes, clause_attributes(rel, clauses));
	return fc_option_add_computed(table, attributes);
}

/*
 * The attributes that decide which rows come out, and in which order; not
 * those that are merely shown.
 */
static Bitmapset *
strict_attributes(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	return bms_add_members(clause_attributes(rel, clauses),
						   fc_strict_attributes(root, rel->relid));
}

static Bitmapset *
clause_attributes(RelOptInfo *rel, List *clauses)
{
	Bitmapset  *attributes = NULL;

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

	attributes = fc_option_add_computed(table, attributes);

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
plan_order(const FcTable *table, const ScanPath *scan)
{
	if (scan->order == NULL)
		return NIL;
	return list_make2_int(fc_catalog_column_number(table->resource,
												   scan->order),
						  scan->descending);
}

/*
 * Will the path be read no further than LIMIT needs?  Only if nothing beside
 * it, and no sort, comes between.
 */
static bool
wants_few_rows(PlannerInfo *root, RelOptInfo *rel, const Path *path)
{
	return root->limit_tuples > 0 && rel->reloptkind == RELOPT_BASEREL &&
		bms_membership(root->all_baserels) == BMS_SINGLETON &&
		pathkeys_contained_in(root->query_pathkeys, path->pathkeys);
}

/*
 * How many requests are expected: of those for all rows, the part that LIMIT
 * needs.
 */
static double
plan_requests(PlannerInfo *root, RelOptInfo *rel, const ForeignPath *path)
{
	const ScanPath *scan = linitial(path->fdw_private);
	double		requests = scan->estimate.choice.requests;

	if (!wants_few_rows(root, rel, &path->path))
		return requests;
	return Min(requests,
			   ceil(requests * root->limit_tuples / path->path.rows));
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

	if (!wants_few_rows(root, rel, &path->path) ||
		root->limit_tuples > INT_MAX ||
		list_length(planned->pushed) != list_length(rel->baserestrictinfo))
		return 0;

	foreach(cell, planned->pushed)
	{
		if (!fc_pushdown_is_exact(lfirst(cell)) ||
			(!planned->table->push_filters && !is_lookup(lfirst(cell))))
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
	const ScanPath *scan = linitial(path->fdw_private);
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

		if (bms_overlap(clause->rinfo->clause_relids,
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
