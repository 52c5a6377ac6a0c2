/*
 * cost.c
 *		How many rows a scan gives, and how many requests it costs.
 *
 * The API is slow and counts requests: at 5 a second each costs a fifth of a
 * second, in which PostgreSQL could read thousands of rows of its own.  So
 * requests are what paths are costed by, and rows hardly matter.
 *
 * Nothing here sends a request.  The role's API key is looked at only to find
 * out what this server has learned of its account; a role without one can
 * still plan and EXPLAIN.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "api/account.h"
#include "api/mapping.h"
#include "api/memo.h"
#include "api/sharing.h"
#include "compat.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "plan/bind.h"
#include "plan/carried.h"
#include "plan/comparison.h"
#include "plan/cost.h"
#include "plan/lookup.h"
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

/* A LIMIT is for a small part of a list if the list has so many of them. */
#define LEAST_PARTS		4

static Selectivity selectivity_sent(PlannerInfo *root, RelOptInfo *rel,
									List *pushed, const FcColumn *by);
static void load_facts(FcPlanRelation *planned, RelOptInfo *rel);
static void set_costs(FcPlanRelation *planned);
static List *list_needs(const FcTable *table, const Bitmapset *attributes);
static void guess_query(PlannerInfo *root, const FcPlanRelation *planned,
						List *pushed, FcQuery *query);
static double whole_requests(const FcPlanRelation *planned,
							 const FcQuery *query,
							 const FcRouteChoice *choice);
static bool estimate_operands(PlannerInfo *root, const List *conditions,
							  List *exprs, FcOperands *operands);
static void guess_keys(PlannerInfo *root, const FcPushed *clause,
					   FcQuery *query);
static bool narrows_list(PlannerInfo *root, const FcTable *table,
						 const FcPushed *pushed);
static Selectivity selectivity_of(PlannerInfo *root, RelOptInfo *rel,
								  List *pushed, const FcColumn *by,
								  bool of_parents);

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
								fc_carried_attributes(root, rel,
													  planned->table,
													  rel->baserestrictinfo));
	load_facts(planned, rel);
	set_costs(planned);
	rel->fdw_private = planned;

	rel->tuples = planned->facts.rows;
	set_baserel_size_estimates(root, rel);
	rel->rows = fc_cost_estimate(root, rel, planned->pushed, rel->rows,
								 NULL, false).rows;
	planned->is_sized = true;
}

/*
 * fc_cost_relation
 *		What was planned of a relation that is one of our tables, else NULL.
 */
const FcPlanRelation *
fc_cost_relation(const RelOptInfo *rel)
{
	if (!IS_SIMPLE_REL(rel) || rel->fdwroutine == NULL ||
		rel->fdwroutine->GetForeignRelSize != frontcoreGetForeignRelSize)
		return NULL;
	return rel->fdw_private;
}

/*
 * fc_cost_estimate
 *		What a query for these clauses costs, and how many rows it gives.
 *
 * wants_few: a LIMIT will end the query long before its last row.  rows is
 * core's estimate for all clauses.  Core does not know that ids are unique,
 * nor, without statistics, how many rows a parent has.
 */
FcScanEstimate
fc_cost_estimate(PlannerInfo *root, RelOptInfo *rel, List *pushed, double rows,
				 const FcColumn *order, bool wants_few)
{
	FcPlanRelation *planned = rel->fdw_private;
	FcScanEstimate estimate;
	FcQuery		query = {0};

	guess_query(root, planned, pushed, &query);
	query.order = order;
	query.wants_few = wants_few;
	planned->facts.selectivity = selectivity_sent(root, rel, pushed, query.by);
	estimate.choice = fc_route_choose(&query, &planned->facts);
	estimate.whole = whole_requests(planned, &query, &estimate.choice);
	estimate.choice.requests =
		fc_present_requests(&planned->present, &query, &estimate.choice,
							planned->facts.batch_size);

	if (query.parents.bound && !planned->has_statistics)
		rows *= query.parents.count /
			Max(fc_route_parents(query.resource, &planned->facts, query.by),
				1.0) /
			Max(selectivity_of(root, rel, pushed, query.by, true), 1e-9);
	if (query.ids.bound)
		rows = Min(rows, query.ids.count);
	if (query.has_until)
		rows = Min(rows, query.until - (double) query.since);
	estimate.rows = clamp_row_est(query.is_empty ? 0 : rows);
	return estimate;
}

/*
 * The requests of the whole list, if it would do in place of a query for a
 * part of it; else -1.
 */
static double
whole_requests(const FcPlanRelation *planned, const FcQuery *query,
			   const FcRouteChoice *choice)
{
	FcRouteFacts facts = planned->facts;
	FcQuery		all = fc_query_whole(query);
	FcRouteChoice whole;

	facts.selectivity = 1;
	whole = fc_route_choose(&all, &facts);
	if (whole.route == NULL || choice->route == NULL ||
		query->bindings != NIL ||
		fc_route_count_lacking(query, whole.number, &facts) >
		fc_route_count_lacking(query, choice->number, &facts))
		return -1;
	return whole.requests;
}

/*
 * fc_cost_wants_part
 *		Will a LIMIT end a path in that order long before its last row?
 *
 * If any rows will do, no more than one batch is to be asked for their
 * details: batches alone give them, and more, without a list.
 */
bool
fc_cost_wants_part(PlannerInfo *root, const RelOptInfo *rel,
				   const List *pathkeys)
{
	const FcPlanRelation *planned = rel->fdw_private;

	return fc_cost_wants_few(root, rel, pathkeys) &&
		root->limit_tuples * LEAST_PARTS <= planned->facts.rows &&
		(pathkeys != NIL || root->limit_tuples <= FC_BATCH_KEYS);
}

/*
 * fc_cost_wants_few
 *		Will a path in that order be read no further than LIMIT needs?  Only if
 *		nothing beside it, and no sort, comes between.
 */
bool
fc_cost_wants_few(PlannerInfo *root, const RelOptInfo *rel,
				  const List *pathkeys)
{
	return root->limit_tuples > 0 && rel->reloptkind == RELOPT_BASEREL &&
		bms_membership(root->all_baserels) == BMS_SINGLETON &&
		pathkeys_contained_in(root->query_pathkeys, (List *) pathkeys);
}

/*
 * Which part of the list the API sends for the clauses.
 */
static Selectivity
selectivity_sent(PlannerInfo *root, RelOptInfo *rel, List *pushed,
				 const FcColumn *by)
{
	const FcPlanRelation *planned = rel->fdw_private;
	Selectivity selectivity = selectivity_of(root, rel, pushed, by, false);

	return planned->has_statistics ? selectivity :
		Max(selectivity, LEAST_SELECTIVITY);
}

/*
 * fc_cost_rows_of_key
 *		How many rows the API sends for each key of a batch.
 *
 * Of all clauses only the table's own go upstream with it.
 */
double
fc_cost_rows_of_key(PlannerInfo *root, RelOptInfo *rel)
{
	const FcPlanRelation *planned = rel->fdw_private;
	const FcResource *resource = planned->table->resource;
	const FcColumn *parent = fc_catalog_flagged(resource, FC_PARENT);

	return planned->facts.rows *
		selectivity_sent(root, rel, planned->pushed, parent) /
		Max(fc_route_parents(resource, &planned->facts, parent), 1.0);
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
	FcMapping	mapping = fc_mapping_find(server->serverid, userid);
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
 * The query that clauses will be, as far as the planner can tell.
 */
static void
guess_query(PlannerInfo *root, const FcPlanRelation *planned, List *pushed,
			FcQuery *query)
{
	const FcTable *table = planned->table;
	List	   *known = NIL;
	List	   *unknown = NIL;
	List	   *exprs = NIL;
	List	   *conditions;
	FcOperands	operands;
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
		List	   *own = NIL;

		conditions = fc_pushdown_conditions(table->resource,
											list_make1(clause), &own);
		if (estimate_operands(root, conditions, own, &operands))
			known = lappend(known, clause);
		else
			unknown = lappend(unknown, clause);
	}
	conditions = fc_pushdown_conditions(table->resource, known, &exprs);
	(void) estimate_operands(root, conditions, exprs, &operands);
	fc_bind_query(query, conditions, &operands, planned->server,
				  table->push_filters);

	/* now: guessed keys have no values that known ones could narrow */
	foreach(cell, unknown)
		guess_keys(root, lfirst(cell), query);
}

/*
 * Estimate the operands of conditions; false if one of them is not known.
 */
static bool
estimate_operands(PlannerInfo *root, const List *conditions, List *exprs,
				  FcOperands *operands)
{
	int			count = list_length(exprs);
	ListCell   *cell;

	operands->types = palloc0((count + 1) * sizeof(Oid));
	operands->values = palloc0((count + 1) * sizeof(Datum));
	operands->isnull = palloc0((count + 1) * sizeof(bool));
	foreach(cell, fc_bind_numbers(conditions))
	{
		int			i = lfirst_int(cell);
		Const	   *operand;

		operand = (Const *) estimate_expression_value(root,
													  list_nth(exprs, i));
		if (!IsA(operand, Const))
			return false;
		operands->types[i] = operand->consttype;
		operands->values[i] = operand->constvalue;
		operands->isnull[i] = operand->constisnull;
	}
	return true;
}

/*
 * Guess how many keys a clause leaves whose operand is not known yet.
 */
static void
guess_keys(PlannerInfo *root, const FcPushed *clause, FcQuery *query)
{
	bool		is_key = (clause->column->flags & FC_KEY) != 0;
	FcKeys	   *keys = is_key ? &query->ids : &query->parents;
	double		count = 1;

	if (!fc_lookup_is_one(clause))
		return;
	if (clause->column->flags & FC_BRACE)
	{
		FcBinding  *binding = palloc0(sizeof(FcBinding));

		binding->column = clause->column;
		binding->count = 1;
		query->bindings = lappend(query->bindings, binding);
		return;
	}
	if (clause->operator == FC_EQUAL_ANY)
		count = fc_estimate_array_length(root, (Node *) clause->operand);

	if (!keys->bound || count < keys->count)
	{
		keys->count = (int) Max(count, 1);
		if (!is_key)
			query->by = clause->column;
	}
	keys->bound = true;
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
 * Which part of the rows those of the clauses leave that are look-ups by a
 * column, or those that are no such look-ups but narrow the list.
 */
static Selectivity
selectivity_of(PlannerInfo *root, RelOptInfo *rel, List *pushed,
			   const FcColumn *by, bool of_parents)
{
	const FcPlanRelation *planned = rel->fdw_private;
	List	   *rinfos = NIL;
	ListCell   *cell;

	foreach(cell, pushed)
	{
		const FcPushed *clause = lfirst(cell);
		bool		is_by = fc_lookup_is_one(clause) && clause->column == by;
		bool		is_key = fc_lookup_is_one(clause) &&
		(clause->column->flags & FC_KEY) != 0;

		if (of_parents ? is_by :
			!is_by && !is_key && narrows_list(root, planned->table, clause))
			rinfos = list_append_unique_ptr(rinfos, clause->rinfo);
	}
	return clauselist_selectivity(root, rinfos, rel->relid, JOIN_INNER, NULL);
}
