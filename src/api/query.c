/*
 * query.c
 *		A question to the API: what is asked for, as plain values.
 *
 * A query says what; a route says where.  Choosing one is the same act for
 * the planner, who guesses the numbers, and for the executor, who has them.
 */
#include "postgres.h"

#include <math.h>

#include "api/query.h"
#include "base/url.h"
#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"
#include "utils/float.h"
#include "utils/timestamp.h"

/*
 * What a query would cost that does not bind what a path names.  It fails when
 * it is run, so that any plan which binds it is better.
 */
#define REQUESTS_OF_UNBOUND	1e6

static int	columns_never_sent(const FcQuery *query, const FcRoute *route);
static bool names_parents(const FcQuery *query, const FcRoute *route);
static bool route_is_open(const FcQuery *query, const FcRoute *route,
						  const FcRouteFacts *facts);
static double parent_requests(const FcQuery *query,
							  const FcRouteFacts *facts);
static double route_requests(const FcQuery *query, const FcRoute *route,
							 const FcRouteFacts *facts);
static double count_bound_lists(const FcQuery *query);
static double pages(double rows, int page_size);
static bool route_is_ordered(const FcQuery *query, const FcRoute *route,
							 const FcRouteFacts *facts);
static int	compare_keys(const void *a, const void *b);
static void append_bound_path(StringInfo path, const FcQuery *query,
							  const FcRoute *route, const int64 *id,
							  const int64 *parents, int nparents,
							  bool is_encoded);
static void append_named_path(StringInfo path, const FcQuery *query,
							  const char *text, bool is_encoded);
static void append_key(StringInfo path, const int64 *key,
					   const FcColumn *column);
static void append_parameter(StringInfo path, const char *name,
							 const char *value, bool is_encoded);
static void append_includes(StringInfo path, const FcQuery *query,
							const FcRoute *route, bool is_encoded);
static bool needs_relation(const FcQuery *query, const FcRoute *route,
						   const char *relation);

/*
 * fc_query_conditions_to_list
 *		Conditions as a plan keeps them: a list of lists of three integers.
 */
List *
fc_query_conditions_to_list(const List *conditions)
{
	List	   *lists = NIL;
	ListCell   *cell;

	foreach(cell, conditions)
	{
		const FcCondition *condition = lfirst(cell);

		lists = lappend(lists, list_make3_int(condition->column,
											  condition->operator,
											  condition->operand));
	}
	return lists;
}

/*
 * fc_query_conditions_from_list
 *		The same as a list of FcCondition * again.
 */
List *
fc_query_conditions_from_list(const List *lists)
{
	List	   *conditions = NIL;
	ListCell   *cell;

	foreach(cell, lists)
	{
		const List *list = lfirst(cell);
		FcCondition *condition = palloc(sizeof(FcCondition));

		condition->column = linitial_int(list);
		condition->operator = lsecond_int(list);
		condition->operand = lthird_int(list);
		conditions = lappend(conditions, condition);
	}
	return conditions;
}

/*
 * fc_query_bind_keys
 *		Ask only for these keys, besides what is asked already.
 *
 * Sorts values in place, and keeps them.  No key left means no row.
 */
void
fc_query_bind_keys(FcQuery *query, FcKeys *keys, int64 *values, int count)
{
	int			kept = 0;

	qsort(values, count, sizeof(int64), compare_keys);
	for (int i = 0; i < count; i++)
	{
		if (kept > 0 && values[kept - 1] == values[i])
			continue;
		if (keys->bound &&
			bsearch(&values[i], keys->values, keys->count, sizeof(int64),
					compare_keys) == NULL)
			continue;
		values[kept++] = values[i];
	}

	keys->bound = true;
	keys->values = values;
	keys->count = kept;
	if (kept == 0)
		query->is_empty = true;
}

/*
 * fc_query_bind_parents
 *		Ask only for rows whose column, FC_PARENT or FC_LINK, is one of keys.
 *
 * A route's path takes values of one column.  The query goes by the one with
 * the fewest; of another one a single value is a filter, and several are left
 * to PostgreSQL.
 */
void
fc_query_bind_parents(FcQuery *query, const FcColumn *column,
					  const FcKeys *keys)
{
	FcKeys		other = *keys;

	if (!keys->bound)
		return;
	if (!query->parents.bound || keys->count < query->parents.count)
	{
		const FcColumn *by = query->by;

		other = query->parents;
		query->parents = *keys;
		query->by = column;
		column = by;
	}
	if (other.bound && other.count == 1)
		fc_query_add_filter(query, column->equals,
							psprintf(INT64_FORMAT, other.values[0]));
}

/*
 * fc_query_add_filter
 *		Add a query parameter.  Neither side is encoded yet.
 */
void
fc_query_add_filter(FcQuery *query, const char *name, const char *value)
{
	FcFilter   *filter = palloc(sizeof(FcFilter));

	filter->name = name;
	filter->value = value;
	query->filters = lappend(query->filters, filter);
}

/*
 * fc_query_has_filters
 *		Does the query ask for less than a whole list?
 */
bool
fc_query_has_filters(const FcQuery *query)
{
	return query->ids.bound || query->parents.bound || query->has_since ||
		query->filters != NIL;
}

/*
 * fc_query_needed_columns
 *		The columns that the items must hold, as bits by column number.
 */
uint64
fc_query_needed_columns(const FcQuery *query)
{
	uint64		columns = 0;
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->column != NULL && !need->is_wish &&
			(need->column->flags & FC_BRACE) == 0)
			columns |= UINT64CONST(1) <<
				fc_catalog_column_number(query->resource, need->column);
	}
	return columns;
}

/*
 * fc_query_count_lacking
 *		How many of the columns and paths that the query needs are known to be
 *		lacking in the items of a route.
 */
int
fc_query_count_lacking(const FcQuery *query, int route,
					   const FcRouteFacts *facts)
{
	int			count = pg_popcount64(facts->lacks[route] &
									  fc_query_needed_columns(query));
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->lacked_by & (UINT64CONST(1) << route))
			count++;
	}
	return count;
}

/*
 * fc_query_binding
 *		What the query binds a column FC_BRACE to; NULL if it does not.
 */
const FcBinding *
fc_query_binding(const FcQuery *query, const FcColumn *column)
{
	ListCell   *cell;

	foreach(cell, query->bindings)
	{
		const FcBinding *binding = lfirst(cell);

		if (binding->column == column)
			return binding;
	}
	return NULL;
}

/*
 * fc_query_unbound
 *		The name of a column that the list's path needs and the query does not
 *		bind; NULL if there is none.
 */
const char *
fc_query_unbound(const FcQuery *query)
{
	const FcColumn *column = query->resource->columns;

	for (; column->name; column++)
	{
		if ((column->flags & FC_BRACE) &&
			fc_query_binding(query, column) == NULL)
			return column->name;
	}
	return NULL;
}

/*
 * fc_query_parents
 *		How many objects a column, FC_PARENT or FC_LINK, may name; 0 if no
 *		route is by that column.
 */
double
fc_query_parents(const FcResource *resource, const FcRouteFacts *facts,
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
 * fc_query_first_size
 *		How many rows the first request asks for.
 */
int
fc_query_first_size(const FcQuery *query, const FcRoute *route)
{
	int			size = query->first_page_size;

	if (route->flags & FC_LOOKUP)
		return 1;
	if (size <= 0)
		return query->page_size;

	/* of one row alone nobody can say that it is the first in order */
	return Min(Max(size, query->order ? 2 : 1), query->page_size);
}

/*
 * fc_query_recall
 *		Take into account what was learned of a resource's routes.
 *
 * excluded are routes that the options close.  What one answer has closed is
 * not closed for good; and when nothing is left, an error is for an answer to
 * give, not for our memory.
 */
void
fc_query_recall(const FcResource *resource, const FcLearned *learned,
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
		fc_query_choose(&all, facts).route != NULL)
		return;
	facts->flags = (learned->flags & ~FC_LEARNED_ANY_CLOSED) | excluded;
}

/*
 * fc_query_choose
 *		The route that answers the query with the fewest requests.
 *
 * A route whose items are known to lack columns that are needed is taken only
 * where every other one lacks more.
 * route is NULL if there is none, which happens only where routes are closed.
 */
FcRouteChoice
fc_query_choose(const FcQuery *query, const FcRouteFacts *facts)
{
	FcRouteChoice best = {NULL, -1, 0, false};
	int			best_lacks = 0;

	for (int i = 0; query->resource->routes[i].path; i++)
	{
		const FcRoute *route = &query->resource->routes[i];
		int			lacks = fc_query_count_lacking(query, i, facts) +
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
	if (query->is_empty)
		best.requests = 0;
	else if (best.route == NULL && fc_query_unbound(query) != NULL)
		best.requests = REQUESTS_OF_UNBOUND;
	return best;
}

/*
 * fc_query_asks_filters
 *		Does the request hold what FC_WITHOUT_FILTERS leaves out?
 */
bool
fc_query_asks_filters(const FcQuery *query, const FcRoute *route)
{
	return ((route->flags & FC_FILTERED) && query->filters != NIL) ||
		((route->flags & FC_SORTED) && query->push_order);
}

/*
 * fc_query_path
 *		The request that asks the query of a route, without paging.
 *
 * Without what a server refuses.  Decoded, it is what people read.
 */
char *
fc_query_path(const FcQuery *query, const FcRoute *route, const int64 *id,
			  const int64 *parents, int nparents, int without,
			  bool is_encoded)
{
	StringInfoData path;
	ListCell   *cell;

	initStringInfo(&path);
	append_bound_path(&path, query, route, id, parents, nparents, is_encoded);
	if (!(without & FC_WITHOUT_FILTERS) && (route->flags & FC_FILTERED))
	{
		foreach(cell, query->filters)
		{
			const FcFilter *filter = lfirst(cell);

			append_parameter(&path, filter->name, filter->value, is_encoded);
		}
	}
	if ((route->flags & FC_SORTED) && query->push_order &&
		!(without & FC_WITHOUT_FILTERS))
	{
		/* in the order of ids a list can be walked without gaps */
		const FcColumn *order = query->order ? query->order :
		fc_catalog_flagged(query->resource, FC_KEY);

		append_parameter(&path, "order_by", order->order_by, is_encoded);
		append_parameter(&path, "order_direction",
						 query->order && query->descending ? "desc" : "asc",
						 is_encoded);
	}
	if (!(without & FC_WITHOUT_INCLUDES))
		append_includes(&path, query, route, is_encoded);
	return path.data;
}

/*
 * fc_query_describe
 *		The first request of the query by that route, for people to read.
 *
 * Of keys only a few are named; what is not known stands in braces.
 */
char *
fc_query_describe(const FcQuery *query, const FcRoute *route)
{
	const int64 *id = query->ids.bound && query->ids.count == 1 ?
	query->ids.values : NULL;
	int			nparents = query->parents.bound &&
	query->parents.count <= 10 ? query->parents.count : 0;
	char	   *path;

	if ((route->flags & FC_BATCH) == 0 && nparents > 1)
		nparents = 0;
	path = fc_query_path(query, route, id, query->parents.values, nparents,
						 0, false);
	if (route->flags & (FC_ITEM | FC_UNPAGED))
		return path;
	path = psprintf("%s%climit=%d&page=1", path,
					strchr(path, '?') ? '&' : '?',
					fc_query_first_size(query, route));
	if (query->has_since && (route->flags & FC_SINCE))
		path = psprintf("%s&since_id=" INT64_FORMAT, path, query->since);
	return path;
}

/*
 * fc_query_is_filtered_to
 *		Is the route a list of everything that is filtered by a column?
 *
 * Then the list may still be there where the filter is refused.
 */
bool
fc_query_is_filtered_to(const FcRoute *route)
{
	return (route->flags & FC_BY_PARENT) && !(route->flags & FC_BATCH) &&
		strchr(route->path, '?') != NULL;
}

/*
 * fc_query_is_fed
 *		Must the parents be listed before the route can be asked?
 */
bool
fc_query_is_fed(const FcQuery *query, const FcRoute *route)
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
	return !fc_query_is_fed(query, route) ||
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

static int
compare_keys(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return (left > right) - (left < right);
}

/*
 * Append the route's path with its placeholders filled in.
 */
static void
append_bound_path(StringInfo path, const FcQuery *query, const FcRoute *route,
				  const int64 *id, const int64 *parents, int nparents,
				  bool is_encoded)
{
	const FcColumn *key = fc_catalog_flagged(query->resource, FC_KEY);
	const FcColumn *parent = fc_catalog_route_column(query->resource, route);
	const char *question = strchr(route->path, '?');
	const char *text = route->path;

	if (route->flags & FC_BATCH)
	{
		/* "?name[]={parent}": once for each parent */
		const char *equals = strchr(question, '=');
		char	   *name = pnstrdup(question + 1, equals - question - 1);

		appendBinaryStringInfo(path, route->path, question - route->path);
		if (nparents == 0)
			append_parameter(path, name, psprintf("{%s}", parent->name),
							 false);
		for (int i = 0; i < nparents; i++)
			append_parameter(path, name,
							 psprintf(INT64_FORMAT, parents[i]), is_encoded);
		return;
	}

	if (query->resource->abilities & FC_BY_PATH)
	{
		append_named_path(path, query, text, is_encoded);
		return;
	}
	while (*text != '\0')
	{
		const char *end = strchr(text, '}');

		if (*text != '{' || end == NULL)
		{
			appendStringInfoChar(path, *text++);
			continue;
		}
		if (strncmp(text + 1, key->name, end - text - 1) == 0 &&
			key->name[end - text - 1] == '\0')
			append_key(path, id, key);
		else
			append_key(path, nparents > 0 ? parents : NULL, parent);
		text = end + 1;
	}
}

/*
 * Append the path of a table that has one, with the values that are bound;
 * of several values, or none, the name stands in braces.
 */
static void
append_named_path(StringInfo path, const FcQuery *query, const char *text,
				  bool is_encoded)
{
	while (*text != '\0')
	{
		Size		length = strcspn(text, "{");
		const FcColumn *column;
		const FcBinding *binding;

		appendBinaryStringInfo(path, text, length);
		text += length;
		if (*text == '\0')
			break;
		length = strcspn(text, "}") + 1;
		column = fc_catalog_column(query->resource,
								   pnstrdup(text + 1, length - 2));
		binding = fc_query_binding(query, column);
		if (binding == NULL || binding->count != 1 || binding->values == NULL)
			appendBinaryStringInfo(path, text, length);
		else
			appendStringInfoString(path, is_encoded ?
								   fc_url_escape(binding->values[0]) :
								   binding->values[0]);
		text += length;
	}
}

/*
 * Append a key, or where it will stand.
 */
static void
append_key(StringInfo path, const int64 *key, const FcColumn *column)
{
	if (key != NULL)
		appendStringInfo(path, INT64_FORMAT, *key);
	else
		appendStringInfo(path, "{%s}", column->name);
}

/*
 * Append one query parameter.
 */
static void
append_parameter(StringInfo path, const char *name, const char *value,
				 bool is_encoded)
{
	appendStringInfoChar(path, strchr(path->data, '?') ? '&' : '?');
	appendStringInfo(path, "%s=%s",
					 is_encoded ? fc_url_escape(name) : name,
					 is_encoded ? fc_url_escape(value) : value);
}

/*
 * Append those of the route's relations that the query needs.
 */
static void
append_includes(StringInfo path, const FcQuery *query, const FcRoute *route,
				bool is_encoded)
{
	const char *rest = route->includes;

	while (rest != NULL && *rest != '\0')
	{
		Size		length = strcspn(rest, ",");
		char	   *relation = pnstrdup(rest, length);

		if (needs_relation(query, route, relation))
			append_parameter(path, "include[]", relation, is_encoded);
		rest += length + (rest[length] == ',');
	}
}

static bool
needs_relation(const FcQuery *query, const FcRoute *route,
			   const char *relation)
{
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		const FcColumn *column = ((const FcNeed *) lfirst(cell))->column;
		const char *include;

		if (column == NULL)
			continue;
		include = column->include;
		if (include == NULL && (route->flags & FC_FLAT))
			include = column->flat_include;
		if (fc_catalog_is_listed(include, relation))
			return true;
	}
	return false;
}
