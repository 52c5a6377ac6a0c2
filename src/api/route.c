/*
 * route.c
 *		Which route answers a query, and with how many requests.
 *
 * A route is to a query what an index is.  The planner chooses by numbers that
 * it guesses, the executor by those that it knows.
 */
#include "postgres.h"

#include <math.h>

#include "api/route.h"
#include "port/pg_bitutils.h"
#include "utils/float.h"
#include "utils/timestamp.h"

/*
 * What a query would cost that does not bind what a path names.  It fails when
 * it is run, so that any plan which binds it is better.
 */
#define REQUESTS_OF_UNBOUND	1e6

static int	columns_never_sent(const FcQuery *query, const FcRoute *route);
static bool is_narrow(const FcQuery *query);
static void choose_list(const FcQuery *query, const FcRouteFacts *facts,
						int lacks, FcRouteChoice *choice);
static bool names_parents(const FcQuery *query, const FcRoute *route);
static bool route_is_open(const FcQuery *query, const FcRoute *route,
						  const FcRouteFacts *facts);
static double parent_requests(const FcQuery *query, const FcRouteFacts *facts);
static double route_requests(const FcQuery *query, const FcRoute *route,
							 const FcRouteFacts *facts);
static double count_bound_lists(const FcQuery *query);
static double pages(double rows, int page_size);
static bool route_is_ordered(const FcQuery *query, const FcRoute *route,
							 const FcRouteFacts *facts);

/*
 * fc_route_recall
 *		Take into account what was learned of a resource's routes.
 *
 * excluded are routes that the options close; they stay closed.  A route that
 * an answer has closed is open again after some time, or if no other route is
 * left: then the API is asked again, and its answer decides.
 */
void
fc_route_recall(const FcResource *resource, const FcLearned *learned,
				uint64 excluded, FcRouteFacts *facts)
{
	FcQuery		all = {.resource = resource, .page_size = 1};

	facts->batch_size = FC_BATCH_KEYS;
	for (int i = 0; i < FC_LEARNED_HALVINGS; i++)
	{
		if (learned->flags & FC_LEARNED_SMALLER(i))
			facts->batch_size = Max(facts->batch_size / 2, 1);
	}
	facts->flags = learned->flags | excluded;
	if (!TimestampDifferenceExceeds(learned->flagged, GetCurrentTimestamp(),
									FC_CLOSED_SECONDS * 1000) &&
		fc_route_choose(&all, facts).route != NULL)
		return;
	facts->flags = (learned->flags & ~FC_LEARNED_ANY_CLOSED) | excluded;
}

/*
 * fc_route_choose
 *		The route that answers the query with the fewest requests.
 *
 * A route whose items are known to lack columns that are needed is taken only
 * where every other one lacks more.
 * route is NULL if there is none, which happens only where routes are closed.
 */
FcRouteChoice
fc_route_choose(const FcQuery *query, const FcRouteFacts *facts)
{
	FcRouteChoice best = {NULL, -1, 0, false, -1};
	int			best_lacks = 0;

	for (int i = 0; query->resource->routes[i].path; i++)
	{
		const FcRoute *route = &query->resource->routes[i];
		int			lacks = fc_route_count_lacking(query, i, facts) +
		columns_never_sent(query, route);
		double		requests;

		if ((facts->flags & FC_LEARNED_CLOSED(i)) ||
			!route_is_open(query, route, facts))
			continue;
		requests = route_requests(query, route, facts);
		if (best.route != NULL &&
			(lacks > best_lacks ||
			 (lacks == best_lacks && requests >= best.requests)))
			continue;

		best.route = route;
		best.number = i;
		best.requests = requests;
		best.is_ordered = query->order == NULL ||
			(route_is_ordered(query, route, facts) &&
			 (facts->flags & FC_LEARNED_REFUSES(i)) == 0);
		best_lacks = lacks;
	}
	if (best.route != NULL && fc_route_is_fed(query, best.route) &&
		is_narrow(query))
		choose_list(query, facts, best_lacks, &best);
	if (query->is_empty)
		best.requests = 0;
	else if (best.route == NULL && fc_query_unbound(query) != NULL)
		best.requests = REQUESTS_OF_UNBOUND;
	return best;
}

/*
 * fc_route_count_lacking
 *		How many of the columns and paths that the query needs are known to be
 *		lacking in the items of a route.
 */
int
fc_route_count_lacking(const FcQuery *query, int route,
					   const FcRouteFacts *facts)
{
	int			count = pg_popcount64(facts->lacks[route] &
									  fc_query_needed_columns(query));
	ListCell   *cell;

	if (query->is_list)
		return count;
	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->lacked_by & (UINT64CONST(1) << route))
			count++;
	}
	return count;
}

/*
 * fc_route_parents
 *		How many objects a column, FC_PARENT or FC_LINK, may name; 0 if no
 *		route is by that column.
 */
double
fc_route_parents(const FcResource *resource, const FcRouteFacts *facts,
				 const FcColumn *column)
{
	for (int i = 0; resource->routes[i].path; i++)
	{
		const FcRoute *route = &resource->routes[i];

		if (column != NULL && (route->flags & FC_BY_ID) == 0 &&
			fc_catalog_route_column(resource, route) == column)
			return facts->parents[i];
	}
	return 0;
}

/*
 * fc_route_is_filtered_to
 *		Is the route a list of everything that is filtered by a column?
 *
 * Then the list may still be there where the filter is refused.
 */
bool
fc_route_is_filtered_to(const FcRoute *route)
{
	return (route->flags & FC_BY_PARENT) && !(route->flags & FC_BATCH) &&
		strchr(route->path, '?') != NULL;
}

/*
 * fc_route_is_fed
 *		Must the parents be listed before the route can be asked?
 */
bool
fc_route_is_fed(const FcQuery *query, const FcRoute *route)
{
	return (route->flags & FC_BY_PARENT) &&
		!(route->flags & FC_BY_ID) && !names_parents(query, route);
}

/*
 * How many columns the query needs that only a relation brings which the
 * route does not take.
 */
static int
columns_never_sent(const FcQuery *query, const FcRoute *route)
{
	int			count = 0;
	ListCell   *cell;

	if (query->is_list)
		return 0;
	foreach(cell, query->needs)
	{
		const FcColumn *column = ((const FcNeed *) lfirst(cell))->column;
		char	   *first;

		if (column == NULL || column->include == NULL)
			continue;
		first = pnstrdup(column->include, strcspn(column->include, ","));
		count += fc_catalog_is_listed(route->includes, first) ? 0 : 1;
	}
	return count;
}

/*
 * Does a list give only a part of all rows for the query, or only the first?
 * It cannot be asked for several ids.
 */
static bool
is_narrow(const FcQuery *query)
{
	return !query->ids.bound && !query->is_list &&
		(query->filters != NIL || query->wants_few ||
		 (query->has_since && query->since > 0));
}

/*
 * A route was chosen for which parents would have to be listed, as other lists
 * lack columns.  If one of these lists can say which rows there are, it is
 * asked first, and the route only for these rows.
 *
 * How many rows a filter leaves is not known.  If they are few, that costs two
 * requests; if they are all, less than twice what the route alone costs, as
 * the list has no more pages than the route's batches.
 */
static void
choose_list(const FcQuery *query, const FcRouteFacts *facts, int lacks,
			FcRouteChoice *choice)
{
	FcQuery		list = *query;

	list.is_list = true;
	for (int i = 0; query->resource->routes[i].path; i++)
	{
		const FcRoute *route = &query->resource->routes[i];
		bool		refuses = (facts->flags & FC_LEARNED_REFUSES(i)) != 0;

		if ((route->flags & (FC_BY_ID | FC_BY_PARENT | FC_HALF |
							 FC_OTHER_HALF | FC_UNPAGED)) ||
			(facts->flags & FC_LEARNED_CLOSED(i)) ||
			!route_is_open(query, route, facts) ||
			(refuses && query->filters != NIL) ||
			fc_route_count_lacking(&list, i, facts) > 0 ||
			fc_route_count_lacking(query, i, facts) <= lacks)
			continue;
		choice->list = i;
		choice->is_ordered = query->order == NULL ||
			(!refuses && route_is_ordered(query, route, facts));
		choice->requests = route_requests(query, route, facts) +
			fc_route_rows_requests(facts, choice->number,
								   facts->rows * facts->selectivity,
								   query->page_size);
		return;
	}
}

/*
 * fc_route_rows_requests
 *		How many requests a route by parents costs for rows whose parents are
 *		known from a list.
 */
double
fc_route_rows_requests(const FcRouteFacts *facts, int route, double rows,
					   int page_size)
{
	double		parents = Max(facts->parents[route], 1.0);

	/* so many of the parents have one of the rows, if these are spread */
	parents *= 1 - exp(-rows / parents);
	return Max(ceil(parents / facts->batch_size), pages(rows, page_size));
}

/*
 * Does the query name values of the column that the route's path holds?
 */
static bool
names_parents(const FcQuery *query, const FcRoute *route)
{
	return query->parents.bound &&
		fc_catalog_route_column(query->resource, route) == query->by;
}

/*
 * Does the query bind what the route's path needs, or can it be fed?
 */
static bool
route_is_open(const FcQuery *query, const FcRoute *route,
			  const FcRouteFacts *facts)
{
	if (route->flags & FC_UNREAD)
		return false;
	if (route->flags & FC_BY_ID)
	{
		if (!query->ids.bound)
			return false;
		if (!(route->flags & FC_BY_PARENT))
			return true;
		return query->parents.bound ? query->parents.count == 1 :
			!isinf(parent_requests(query, facts));
	}
	if (query->resource->abilities & FC_BY_PATH)
		return fc_query_unbound(query) == NULL;
	if (route->flags & (FC_HALF | FC_OTHER_HALF))
		return ((facts->flags & FC_LEARNED_WHOLE) != 0) ==
			((route->flags & FC_OTHER_HALF) != 0);
	return !fc_route_is_fed(query, route) ||
		((route->flags & FC_FED) && facts->may_feed);
}

/*
 * Requests that tell the parents of the ids: a look-up for each, or else the
 * cheapest list that holds them all; infinite if there is neither.
 */
static double
parent_requests(const FcQuery *query, const FcRouteFacts *facts)
{
	double		least = get_float8_infinity();

	for (int i = 0; query->resource->routes[i].path; i++)
	{
		const FcRoute *route = &query->resource->routes[i];

		if (facts->flags & FC_LEARNED_CLOSED(i))
			continue;
		if (route->flags & FC_LOOKUP)
			return query->ids.count;
		if (!(route->flags & FC_BY_ID) &&
			route_is_open(query, route, facts))
			least = Min(least, route_requests(query, route, facts));
	}
	return least;
}

/*
 * How many requests the query costs by that route.
 */
static double
route_requests(const FcQuery *query, const FcRoute *route,
			   const FcRouteFacts *facts)
{
	double		rows = facts->rows;
	double		count;
	double		feeding = 0;
	int			number = route - query->resource->routes;

	if ((facts->flags & FC_LEARNED_REFUSES(number)) == 0)
		rows *= facts->selectivity;
	if (query->has_until && (route->flags & FC_SORTED))
		rows = Min(rows, query->until - (double) query->since);
	if (route->flags & FC_BY_ID)
		return query->ids.count +
			((route->flags & FC_BY_PARENT) && !query->parents.bound ?
			 parent_requests(query, facts) : 0);
	if (route->flags & FC_UNPAGED)
		return 1;
	if (query->bindings != NIL)
		return count_bound_lists(query) * pages(rows, query->page_size);
	if (route->flags & FC_HALF)
		return pages(rows, query->page_size) + 1;
	if (!(route->flags & FC_BY_PARENT))
		return pages(rows, query->page_size);

	/* by parents, each with its share of the rows */
	if (names_parents(query, route))
		count = query->parents.count;
	else
	{
		count = facts->parents[number];
		feeding = pages(count, query->page_size);
	}
	rows *= count / Max(facts->parents[number], 1.0);
	if (route->flags & FC_BATCH)
		return feeding + Max(ceil(count / FC_BATCH_KEYS),
							 pages(rows, query->page_size));
	return feeding +
		count * pages(rows / Max(count, 1.0), query->page_size);
}

/*
 * How many lists the query asks for, by the values that it binds.
 */
static double
count_bound_lists(const FcQuery *query)
{
	double		count = 1;
	ListCell   *cell;

	foreach(cell, query->bindings)
		count *= ((const FcBinding *) lfirst(cell))->count;
	return count;
}

static double
pages(double rows, int page_size)
{
	return Max(ceil(rows / page_size), 1.0);
}

/*
 * Does the answer come in the order asked for, in one walk?
 */
static bool
route_is_ordered(const FcQuery *query, const FcRoute *route,
				 const FcRouteFacts *facts)
{
	int			count = query->parents.count;

	if (route->flags & FC_BY_ID)
		return query->ids.count <= 1;
	if ((route->flags & FC_SORTED) == 0 || !query->push_order)
		return false;
	if (!(route->flags & FC_BY_PARENT))
		return true;
	if (!query->parents.bound || count <= 1)
		return query->parents.bound;

	return (route->flags & FC_BATCH) && count <= facts->batch_size;
}
