/*
 * request.c
 *		The path and the parameters of a request that reads.
 */
#include "postgres.h"

#include "api/request.h"
#include "base/url.h"
#include "lib/stringinfo.h"

static void append_bound_path(StringInfo path, const FcQuery *query,
							  const FcStep *step, bool is_encoded);
static void append_batch(StringInfo path, const FcColumn *parent,
						 const FcStep *step, bool is_encoded);
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
 * fc_request_path
 *		The request for one step along its route, without paging; palloc'd.
 *
 * without says what to leave out, as the server refuses it.  What people read
 * is not encoded.
 */
char *
fc_request_path(const FcQuery *query, const FcStep *step, int without,
				bool is_encoded)
{
	const FcRoute *route = step->route;
	StringInfoData path;
	ListCell   *cell;

	initStringInfo(&path);
	append_bound_path(&path, query, step, is_encoded);
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
 * fc_request_asks_filters
 *		Does the request hold what FC_WITHOUT_FILTERS leaves out?
 */
bool
fc_request_asks_filters(const FcQuery *query, const FcRoute *route)
{
	return ((route->flags & FC_FILTERED) && query->filters != NIL) ||
		((route->flags & FC_SORTED) && query->push_order);
}

/*
 * fc_request_first_size
 *		How many rows the first request asks for.
 */
int
fc_request_first_size(const FcQuery *query, const FcRoute *route)
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
 * fc_request_describe
 *		The first request of the query by that route, for people to read.
 *
 * Of many keys, and of keys that are not known yet, the column's name is shown
 * in {braces}.
 */
char *
fc_request_describe(const FcQuery *query, const FcRoute *route)
{
	int			most = (route->flags & FC_BATCH) ? 10 : 1;
	FcStep		step = {.route = route};
	char	   *path;

	if (query->ids.bound && query->ids.count == 1)
		step.id = query->ids.values;
	if (query->parents.bound && query->parents.count <= most)
	{
		step.parents = query->parents.values;
		step.nparents = query->parents.count;
	}
	path = fc_request_path(query, &step, 0, false);
	if (route->flags & (FC_ITEM | FC_UNPAGED))
		return path;
	path = psprintf("%s%climit=%d&page=1", path,
					strchr(path, '?') ? '&' : '?',
					fc_request_first_size(query, route));
	if (query->has_since && (route->flags & FC_SINCE))
		path = psprintf("%s&since_id=" INT64_FORMAT, path, query->since);
	return path;
}

/*
 * Append the route's path with its placeholders filled in.
 */
static void
append_bound_path(StringInfo path, const FcQuery *query, const FcStep *step,
				  bool is_encoded)
{
	const FcRoute *route = step->route;
	const FcColumn *key = fc_catalog_flagged(query->resource, FC_KEY);
	const FcColumn *parent = fc_catalog_route_column(query->resource, route);
	const char *text = route->path;

	if (route->flags & FC_BATCH)
	{
		append_batch(path, parent, step, is_encoded);
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
			append_key(path, step->id, key);
		else
			append_key(path, step->nparents > 0 ? step->parents : NULL,
					   parent);
		text = end + 1;
	}
}

/*
 * Append the path of a batch, "?name[]={parent}": once for each parent.
 */
static void
append_batch(StringInfo path, const FcColumn *parent, const FcStep *step,
			 bool is_encoded)
{
	const char *text = step->route->path;
	const char *question = strchr(text, '?');
	const char *equals = strchr(question, '=');
	char	   *name = pnstrdup(question + 1, equals - question - 1);

	appendBinaryStringInfo(path, text, question - text);
	if (step->nparents == 0)
		append_parameter(path, name, psprintf("{%s}", parent->name), false);
	for (int i = 0; i < step->nparents; i++)
		append_parameter(path, name,
						 psprintf(INT64_FORMAT, step->parents[i]),
						 is_encoded);
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
