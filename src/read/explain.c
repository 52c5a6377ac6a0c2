/*
 * explain.c
 *		What EXPLAIN says of a scan, and what requests have cost.
 *
 * The request shown is the first one that the plan expects to send, as far as
 * it is known.  {braces} mark values known only at run time.
 */
#include "postgres.h"

#include "api/request.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "plan/bind.h"
#include "plan/comparison.h"
#include "plan/plan.h"
#include "read/explain.h"
#include "read/scan.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"

static double total_requests(const ForeignScan *plan);
static char *describe_filters(ForeignScanState *node,
							  const FcScanState *state, const FcQuery *query,
							  ExplainState *es);
static Node *name_parameters(Node *node, void *context);
static bool is_sent(const FcScanState *state, const FcQuery *query,
					const FcCondition *condition);
static bool has_bound(const FcQuery *query, const FcColumn *column);
static bool has_filter(const FcQuery *query, const char *name);
static FcQuery *known_query(ForeignScanState *node, const FcScanState *state);
static void add_placeholders(const FcScanState *state, FcQuery *query,
							 const FcCondition *condition);
static void add_placeholder(FcQuery *query, const char *name,
							const FcColumn *column);
static char *describe_request(ForeignScanState *node, const FcQuery *query);
static char *describe_route(const FcQuery *query, int number);

/*
 * frontcoreExplainForeignScan
 *		Say what goes upstream, and what it costs.
 */
void
frontcoreExplainForeignScan(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	const FcScanState *state = node->fdw_state;
	FcQuery    *query = known_query(node, state);
	char	   *filters = describe_filters(node, state, query, es);
	double		loops = fc_plan_loops(plan);
	int			route = intVal(list_nth(plan->fdw_private, FC_SCAN_ROUTE));
	int			list = intVal(list_nth(plan->fdw_private, FC_SCAN_LIST));

	if (state->is_named)
	{
		ExplainPropertyText("Remote Request", query->is_empty ? FC_NO_ROW :
							"none: rows are named by their ids", es);
		ExplainPropertyFloat("Estimated Requests", NULL, 0, 0, es);
		return;
	}
	ExplainPropertyText("Remote Request", describe_request(node, query), es);
	if (list >= 0 && !query->is_empty)
		ExplainPropertyText("Remote Details", describe_route(query, route),
							es);
	if (filters != NULL)
		ExplainPropertyText("Remote Filter", filters, es);
	ExplainPropertyFloat("Estimated Requests", NULL,
						 query->is_empty || route < 0 ? 0 :
						 total_requests(plan), 0, es);
	if (loops > 1)
		ExplainPropertyFloat("Estimated Loops", NULL, loops, 0, es);
	if (es->analyze && state->pager != NULL)
		fc_explain_use(&state->use, es);
}

/*
 * fc_explain_use
 *		Print what the requests of one plan node have cost.
 *
 * Times only where EXPLAIN prints times.
 */
void
fc_explain_use(const FcMeter *use, ExplainState *es)
{
	const FcCounts *counts = &use->counts;

	ExplainPropertyInteger("Requests", NULL, counts->requests, es);
	ExplainPropertyInteger("Cache Hits", NULL, counts->cache_hits, es);
	if (use->is_sharing)
		ExplainPropertyInteger("Shared Cache Hits", NULL, counts->shared_hits,
							   es);
	if (counts->shared_hits > 0 && es->timing)
		ExplainPropertyFloat("Oldest Answer", "ms", use->oldest_ms, 3, es);
	ExplainPropertyInteger("Retries", NULL, counts->retries, es);
	if (es->timing)
		ExplainPropertyFloat("Rate Limit Wait", "ms", counts->wait_ms, 3, es);
	ExplainPropertyInteger("Bytes Received", "B", counts->bytes_received, es);
}

/*
 * fc_explain_named
 *		The query that names a scan's rows, as far as it is known; NULL if it
 *		is not, or if the scan reads its rows.
 */
const FcQuery *
fc_explain_named(ForeignScanState *node)
{
	const FcScanState *state = node->fdw_state;

	if (!state->is_named || (state->query == NULL && state->waits))
		return NULL;
	return known_query(node, state);
}

/*
 * How many requests are expected of all loops, which are weighed against the
 * whole list before anything is asked for (read/weigh.c).
 */
static double
total_requests(const ForeignScan *plan)
{
	double		once =
	floatVal(list_nth(plan->fdw_private, FC_SCAN_REQUESTS));
	double		whole = floatVal(list_nth(plan->fdw_private, FC_SCAN_WHOLE));
	double		total = once * fc_plan_loops(plan);

	return total > once && whole >= 0 ? Min(total, whole) : total;
}

/*
 * The conditions that go upstream, as SQL; NULL if there are none.
 */
static char *
describe_filters(ForeignScanState *node, const FcScanState *state,
				 const FcQuery *query, ExplainState *es)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	List	   *context = set_deparse_context_plan(es->deparse_cxt,
												   (Plan *) plan, NIL);
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, state->conditions)
	{
		const FcCondition *condition = lfirst(cell);
		const FcColumn *column =
		&state->model.resource->columns[condition->column];
		Node	   *operand;
		Oid			type;

		if (!is_sent(state, query, condition) ||
			(condition->operator == FC_WITHIN && !has_bound(query, column)))
			continue;
		operand = name_parameters(list_nth(plan->fdw_exprs,
										   condition->operand), NULL);
		type = exprType(operand);
		if (condition->operator == FC_WITHIN)
		{
			/* the clause from which the range follows */
			appendStringInfo(&text, "%s%s", text.len > 0 ? " AND " : "",
							 deparse_expression(operand, context, false,
												false));
			continue;
		}

		appendStringInfo(&text, condition->operator == FC_EQUAL_ANY ?
						 "%s(%s %s (%s))" : "%s(%s %s %s)",
						 text.len > 0 ? " AND " : "",
						 type == TIDOID || type == TIDARRAYOID ?
						 "ctid" : column->name,
						 fc_comparison_sign(condition->operator),
						 deparse_expression(operand, context, true, false));
	}
	return text.len > 0 ? text.data : NULL;
}

/*
 * Let "$n" stand for what execution sets.  Core would look for the expression
 * that it comes from in nodes above, which an FDW is not told of.
 */
static Node *
name_parameters(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && castNode(Param, node)->paramkind == PARAM_EXEC)
	{
		Param	   *named = copyObject(castNode(Param, node));

		named->paramkind = PARAM_EXTERN;
		return (Node *) named;
	}
	return expression_tree_mutator(node, name_parameters, context);
}

/*
 * Does the API get to see the condition?
 */
static bool
is_sent(const FcScanState *state, const FcQuery *query,
		const FcCondition *condition)
{
	const FcColumn *column =
	&state->model.resource->columns[condition->column];
	const FcComparison *comparison = fc_comparison(column,
												   condition->operator);

	if (fc_comparison_is_lookup(column, condition->operator) &&
		(fc_comparison_kind(column) != FC_KIND_LINK || query->by == column))
		return true;
	if (!state->table->push_filters)
		return false;
	return comparison->takes_one ? has_filter(query, column->equals) :
		(comparison->places & ~FC_GOES_TO_UNTIL) != 0;
}

/*
 * Does the request hold a bound of the column?
 */
static bool
has_bound(const FcQuery *query, const FcColumn *column)
{
	if (column->flags & FC_KEY)
		return query->has_since ||
			has_filter(query, fc_comparison_parameter(column,
													  FC_GOES_TO_SINCE));
	return has_filter(query, column->min) || has_filter(query, column->max);
}

static bool
has_filter(const FcQuery *query, const char *name)
{
	ListCell   *cell;

	foreach(cell, query->filters)
	{
		if (strcmp(((FcFilter *) lfirst(cell))->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * The query as far as it is known: the one asked last, or else one by those
 * operands that are known already.
 */
static FcQuery *
known_query(ForeignScanState *node, const FcScanState *state)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	List	   *known = NIL;
	List	   *unknown = NIL;
	FcQuery    *query;
	ListCell   *cell;

	if (state->query != NULL && state->batch == NULL)
		return state->query;

	foreach(cell, state->conditions)
	{
		FcCondition *condition = lfirst(cell);
		Node	   *operand = list_nth(plan->fdw_exprs, condition->operand);

		if (fc_bind_waits(operand, node->ss.ps.state))
			unknown = lappend(unknown, condition);
		else
			known = lappend(known, condition);
	}
	query = fc_scan_query(state, node, known, -1, (Datum) 0);
	foreach(cell, unknown)
		add_placeholders(state, query, lfirst(cell));
	return query;
}

/*
 * Add the parameters that the condition will set; keys have their place in
 * the path.
 */
static void
add_placeholders(const FcScanState *state, FcQuery *query,
				 const FcCondition *condition)
{
	const FcColumn *column = &query->resource->columns[condition->column];
	int			places =
	fc_comparison(column, condition->operator)->places & ~FC_GOES_TO_KEY;

	if (fc_comparison_kind(column) == FC_KIND_LINK && query->by == NULL)
		query->by = column;
	if (!is_sent(state, query, condition) || column == query->by)
		return;
	if (query->has_since)
		places &= ~FC_GOES_TO_SINCE;
	for (int place = 1; place <= FC_LAST_PLACE; place <<= 1)
	{
		if (places & place)
			add_placeholder(query, fc_comparison_parameter(column, place),
							column);
	}
}

static void
add_placeholder(FcQuery *query, const char *name, const FcColumn *column)
{
	if (!has_filter(query, name))
		fc_query_add_filter(query, name, psprintf("{%s}", column->name));
}

/*
 * The request that the plan expects to send first.
 */
static char *
describe_request(ForeignScanState *node, const FcQuery *query)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	int			number = intVal(list_nth(plan->fdw_private, FC_SCAN_ROUTE));
	int			list = intVal(list_nth(plan->fdw_private, FC_SCAN_LIST));

	if (query->is_empty)
		return pstrdup(FC_NO_ROW);
	if (number < 0 && (query->resource->abilities & FC_BY_PATH))
		return psprintf("none: column \"%s\" is not bound",
						fc_query_unbound(query));
	if (number < 0)
		return pstrdup("none: the account has no such list");
	return describe_route(query, list >= 0 ? list : number);
}

static char *
describe_route(const FcQuery *query, int number)
{
	return psprintf("GET %s",
					fc_request_describe(query,
										&query->resource->routes[number]));
}
