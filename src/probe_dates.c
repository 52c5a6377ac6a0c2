/*
 * probe_dates.c
 *		Ask which lists of course dates an account has, and what they hold.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "ping.h"
#include "probe.h"
#include "read/page.h"

/* Does a list bring the relation that include[] asks for? */
typedef enum Brings
{
	NOT_KNOWN,
	BROUGHT,
	NOT_BROUGHT
} Brings;

static void ask_flat(FcProbe *probe);
static const char *ask_end(FcProbe *probe, const char *list,
						   const FcProbePage *page);
static bool promises_more(const FcProbePage *page);
static bool is_last(const FcProbePage *page);
static const char *word_of_end(const FcProbePage *page);
static void tell_columns(FcProbe *probe);
static void learn_lacks(const FcProbe *probe, const FcResource *resource,
						int route, const FcProbePage *page);
static void ask_batch(FcProbe *probe);
static int	ask_fewer(FcProbe *probe, const int64 *parents, int count);
static void ask_batch_limit(FcProbe *probe, bool is_limited);
static int	choose_parents(const FcProbe *probe, int64 *parents);
static char *batch_path(const FcProbe *probe, const int64 *parents,
						int count);
static bool contains(const int64 *numbers, int count, int64 number);
static int	count_parents(const FcProbe *probe, const FcProbePage *page);
static void ask_order(FcProbe *probe);
static void ask_includes(FcProbe *probe);
static const char *word_of_includes(Brings courses, Brings by_course,
									Brings flat);
static Brings ask_course_includes(FcProbe *probe);
static Brings ask_date_includes(FcProbe *probe, const FcProbePage *known,
								int flag);
static Brings see_relation(const FcProbePage *page, const char *name);
static void learn_includes(const FcProbe *probe, const FcResource *resource,
						   int route, const FcProbePage *page);
static bool refuses_relation(FcProbe *probe);
static bool has_member(const FcProbePage *page, const char *name);

/*
 * fc_probe_dates
 *		Ask for course dates in all the ways that read many of them.
 */
void
fc_probe_dates(FcProbe *probe)
{
	ask_flat(probe);
	tell_columns(probe);
	ask_batch(probe);
	ask_order(probe);
	ask_includes(probe);
	learn_lacks(probe, probe->courses,
				fc_probe_route(probe->courses, FC_SINCE), probe->first);
}

/* The list of all dates. */
static void
ask_flat(FcProbe *probe)
{
	int			number = fc_probe_route(probe->dates, FC_FLAT);
	const char *list = probe->dates->routes[number].path;
	FcProbePage *page;
	const char *word;

	page = fc_probe_ask(probe, probe->dates, FC_PATH_LIST,
						psprintf("%s?limit=250&page=1", list));
	probe->flat = page;
	if (!page->is_answered)
	{
		fc_probe_tell(probe, FC_ASK_DATES_LIST, NULL, "%s", page->why);
		return;
	}
	if (!page->is_list)
	{
		fc_probe_tell(probe, FC_ASK_DATES_LIST, "404",
					  "the list of all dates is refused with HTTP status %d",
					  page->status);
		fc_probe_advise(probe, FC_ASK_DATES_LIST, "course_dates_source",
						"batch");
		fc_probe_learn(probe, probe->dates, FC_LEARNED_CLOSED(number) |
					   fc_catalog_flat_routes(probe->dates), 0);
		return;
	}
	word = ask_end(probe, list, page);
	fc_probe_tell(probe, FC_ASK_DATES_LIST,
				  word ? psprintf("present %s", word) : "present",
				  "the list of all dates was answered in \"%s\"%s",
				  page->container, word ?
				  psprintf("; that no page follows is said by a next_page that is %s", word) : "");
	fc_probe_advise(probe, FC_ASK_DATES_LIST, "course_dates_source", "list");
	fc_probe_learn(probe, probe->dates, 0, FC_LEARNED_CLOSED(number) |
				   fc_catalog_flat_routes(probe->dates));
	fc_stats_learn_longest(probe->api->account.digest, probe->dates->name,
						   number, page->count, 0);
	if (is_last(page))
		fc_stats_learn_rows(probe->api->account.digest, probe->dates->name,
							page->count);
}

/*
 * How does the last page say that no other follows, if not by null?  NULL if
 * so.  Of a long list one page past its end is asked for.
 */
static const char *
ask_end(FcProbe *probe, const char *list, const FcProbePage *page)
{
	if (promises_more(page))
		page = fc_probe_ask(probe, probe->dates, FC_PATH_LIST,
							psprintf("%s?limit=250&page=%d", list,
									 FC_FAR_PAGE));
	return page->is_list ? word_of_end(page) : NULL;
}

/* Does a page promise a next one? */
static bool
promises_more(const FcProbePage *page)
{
	FcJsonNode	next = fc_json_member(fc_json_member(page->root, "pagination"),
									  "next_page");
	int64		number;

	return fc_json_kind(next) == FC_JSON_NUMBER ?
		!fc_json_int64(next, &number) || number != 0 :
		fc_json_kind(next) == FC_JSON_STRING && *fc_json_string(next) != '\0';
}

/* Does a page say that no other follows, and hold all there is? */
static bool
is_last(const FcProbePage *page)
{
	FcJsonNode	pagination = fc_json_member(page->root, "pagination");

	return word_of_end(page) != NULL ||
		(page->count < 250 &&
		 fc_json_kind(fc_json_member(pagination, "next_page")) ==
		 FC_JSON_NULL);
}

/* How does the last page say that it is, if not by null?  NULL if so. */
static const char *
word_of_end(const FcProbePage *page)
{
	FcJsonNode	pagination = fc_json_member(page->root, "pagination");
	FcJsonNode	next = fc_json_member(pagination, "next_page");
	int64		number;

	if (page->count >= 250 || fc_json_kind(pagination) != FC_JSON_OBJECT)
		return NULL;
	switch (fc_json_kind(next))
	{
		case FC_JSON_ABSENT:
			return "absent";
		case FC_JSON_BOOL:
			return fc_json_bool(next) ? NULL : "false";
		case FC_JSON_STRING:
			return *fc_json_string(next) == '\0' ? "empty" : NULL;
		case FC_JSON_NUMBER:
			return fc_json_int64(next, &number) && number == 0 ? "zero" : NULL;
		default:
			return NULL;
	}
}

/* What do items of that list hold? */
static void
tell_columns(FcProbe *probe)
{
	const FcProbePage *page = probe->flat;
	bool		has_titles;
	bool		has_times;

	if (!page->is_list || page->count == 0)
	{
		fc_probe_tell(probe, FC_ASK_DATES_LIST_COLUMNS, NULL,
					  page->is_list ? "the first page of the list shows no dates" :
					  "there is no list of all dates");
		return;
	}
	has_titles = has_member(page, "title");
	has_times = has_member(page, "updated_at");
	fc_probe_tell(probe, FC_ASK_DATES_LIST_COLUMNS,
				  psprintf("%s%s", has_titles ? "all" : "listed",
						   has_times ? " timestamps" : ""),
				  "its items have %s, and %s",
				  has_titles ? "a title" : "no title",
				  has_times ? "updated_at" : "no updated_at");
	learn_lacks(probe, probe->dates, fc_probe_route(probe->dates, FC_FLAT),
				page);
}

/* Tell the planner which columns a list's items lack. */
static void
learn_lacks(const FcProbe *probe, const FcResource *resource, int route,
			const FcProbePage *page)
{
	uint64		lacks = 0;

	if (page->count == 0)
		return;
	for (int i = 0; resource->columns[i].name != NULL; i++)
	{
		const FcColumn *column = &resource->columns[i];
		bool		is_held = column->include || column->flat_include ||
		(column->flags & (FC_WRITE_ONLY | FC_MEMBER)) != 0;

		for (int j = 0; j < page->count && !is_held; j++)
			is_held = fc_page_item_holds(column, page->nodes[j]);
		if (!is_held)
			lacks |= UINT64CONST(1) << i;
	}
	if (lacks != 0)
		fc_stats_learn_lacks(probe->api->account.digest, resource->name, route,
							 lacks);
}

/* The dates of many courses at once. */
static void
ask_batch(FcProbe *probe)
{
	int			number = fc_probe_route(probe->dates, FC_BATCH);
	uint64		closed = FC_LEARNED_CLOSED(number);
	int64		parents[FC_BATCH_KEYS];
	int			count = choose_parents(probe, parents);
	int			asked;

	if (count == 0)
	{
		fc_probe_tell(probe, FC_ASK_BATCH, NULL, "the list shows no courses");
		return;
	}
	asked = ask_fewer(probe, parents, count);
	if (!probe->batch->is_answered)
		fc_probe_tell(probe, FC_ASK_BATCH, NULL, "%s", probe->batch->why);
	else if (!probe->batch->is_list)
	{
		fc_probe_tell(probe, FC_ASK_BATCH, "404",
					  "the batch is refused with HTTP status %d",
					  probe->batch->status);
		fc_probe_learn(probe, probe->dates, closed, 0);
	}
	else
	{
		fc_probe_learn(probe, probe->dates, 0, closed);
		ask_batch_limit(probe, asked < count);
	}
}

/*
 * Ask for the dates of so many courses, then of two, then of one, until it is
 * not refused.  Returns of how many.
 */
static int
ask_fewer(FcProbe *probe, const int64 *parents, int count)
{
	for (int asked = count;; asked = Min(asked - 1, 2))
	{
		probe->batch_path = batch_path(probe, parents, asked);
		probe->batch = fc_probe_ask(probe, probe->dates, FC_PATH_BATCH,
									psprintf("%s&limit=250&page=1",
											 probe->batch_path));
		if (asked == 1 || !probe->batch->is_answered || probe->batch->is_list)
			return asked;
	}
}

/* Does limit count all rows of a batch, or those of each course? */
static void
ask_batch_limit(FcProbe *probe, bool is_limited)
{
	const char *word = is_limited ? " limited" : "";
	const char *size = is_limited ? "; many courses at once are refused" : "";
	const char *finding = "present";
	const char *evidence = "limit=1 was not answered with one row";
	FcProbePage *one = NULL;

	if (!probe->honours_limit)
		evidence = "the parameter limit is ignored";
	else if (count_parents(probe, probe->batch) < 2)
		evidence = "too few courses have dates to see what limit counts";
	else
		one = fc_probe_ask(probe, probe->dates, FC_PATH_BATCH,
						   psprintf("%s&limit=1&page=1", probe->batch_path));

	if (one != NULL && one->is_list && one->count == 1)
	{
		finding = "whole";
		evidence = "limit=1 was answered with one row";
		fc_probe_learn(probe, probe->dates, FC_LEARNED_WHOLE_LIMIT, 0);
	}
	else if (one != NULL && one->is_list && one->count > 1 &&
			 count_parents(probe, one) == one->count)
	{
		finding = "per_course";
		evidence = "limit=1 was answered with one row of each course";
		fc_probe_learn(probe, probe->dates, 0, FC_LEARNED_WHOLE_LIMIT);
	}
	fc_probe_tell(probe, FC_ASK_BATCH, psprintf("%s%s", finding, word),
				  "%s%s", evidence, size);
}

/* The courses of a batch: first those that are known to have dates. */
static int
choose_parents(const FcProbe *probe, int64 *parents)
{
	int			count = 0;
	int64		parent;

	for (int i = 0; i < probe->flat->count && count < FC_BATCH_KEYS; i++)
		if (fc_page_item_key(probe->dates, FC_PARENT, probe->flat->nodes[i],
							 &parent) &&
			!contains(parents, count, parent))
			parents[count++] = parent;
	for (int i = 0; i < probe->first->count && count < FC_BATCH_KEYS; i++)
		if (!contains(parents, count, probe->first->ids[i]))
			parents[count++] = probe->first->ids[i];
	return count;
}

/* Is a number among others? */
static bool
contains(const int64 *numbers, int count, int64 number)
{
	for (int i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* The path of a batch of courses. */
static char *
batch_path(const FcProbe *probe, const int64 *parents, int count)
{
	const FcRoute *route =
	&probe->dates->routes[fc_probe_route(probe->dates, FC_BATCH)];
	int			length = strcspn(route->path, "?");
	StringInfoData path;

	initStringInfo(&path);
	appendBinaryStringInfo(&path, route->path, length);
	for (int i = 0; i < count; i++)
		appendStringInfo(&path, "%c%.*s%%5B%%5D=" INT64_FORMAT,
						 i == 0 ? '?' : '&',
						 (int) strcspn(route->path + length + 1, "["),
						 route->path + length + 1, parents[i]);
	return path.data;
}

/* Of how many courses are the dates? */
static int
count_parents(const FcProbe *probe, const FcProbePage *page)
{
	int64	   *parents = palloc((page->count + 1) * sizeof(int64));
	int			count = 0;

	for (int i = 0; i < page->count; i++)
	{
		int64		parent;

		if (fc_page_item_key(probe->dates, FC_PARENT, page->nodes[i],
							 &parent) &&
			!contains(parents, count, parent))
			parents[count++] = parent;
	}
	return count;
}

/* In which order do lists come, and do those of dates obey order_by? */
static void
ask_order(FcProbe *probe)
{
	const FcProbePage *dates = probe->flat->is_list ? probe->flat :
	probe->batch;
	const char *path = probe->flat->is_list ?
	psprintf("%s?limit=250",
			 probe->dates->routes[fc_probe_route(probe->dates,
												 FC_FLAT)].path) :
	psprintf("%s&limit=250", probe->batch_path ? probe->batch_path : "");
	const char *order = "neither";
	const char *sort = "";
	const char *sorting = "too few dates to try order_by";

	if (probe->first->count < 3)
	{
		fc_probe_tell(probe, FC_ASK_LIST_ORDER, NULL,
					  "the list shows fewer than three courses");
		return;
	}
	if (fc_probe_is_ordered(probe->first, false))
		order = "asc";
	else if (fc_probe_is_ordered(probe->first, true))
		order = "desc";

	if (dates != NULL && dates->is_list && dates->count >= 3)
	{
		bool		descending = fc_probe_is_ordered(dates, false);
		FcProbePage *page;

		path = psprintf("%s&order_by=id&order_direction=%s&page=1", path,
						descending ? "desc" : "asc");
		page = fc_probe_ask(probe, probe->dates, FC_PATH_LIST, path);
		sorting = "order_by was not answered";
		if (page->is_list && fc_probe_is_ordered(page, descending))
			sorting = "dates obey order_by";
		else if (page->is_answered)
		{
			sort = page->is_list ? " ignored" : " refused";
			sorting = page->is_list ? "order_by changes nothing" :
				"order_by is refused";
		}
	}
	fc_probe_tell(probe, FC_ASK_LIST_ORDER, psprintf("%s%s", order, sort),
				  "courses come in %s order of ids; %s",
				  strcmp(order, "asc") == 0 ? "ascending" :
				  strcmp(order, "desc") == 0 ? "descending" : "no", sorting);
	if (*sort != '\0')
		fc_probe_advise(probe, FC_ASK_LIST_ORDER, "push_order", "false");
}

/* Do lists bring what include[] asks for, or single rows only? */
static void
ask_includes(FcProbe *probe)
{
	static const char *const verbs[] = {
		[NOT_KNOWN] = "may bring",
		[BROUGHT] = "brings",
		[NOT_BROUGHT] = "does not bring",
	};
	Brings		courses;
	Brings		by_course;
	Brings		flat;
	bool		is_strict;

	if (probe->first->count == 0)
	{
		fc_probe_tell(probe, FC_ASK_INCLUDES, NULL,
					  "the list shows no courses");
		return;
	}
	courses = ask_course_includes(probe);
	by_course = ask_date_includes(probe, probe->batch, FC_BATCH);
	flat = ask_date_includes(probe, probe->flat, FC_FLAT);
	is_strict = courses != NOT_KNOWN && refuses_relation(probe);
	if (courses == NOT_KNOWN && by_course == NOT_KNOWN && flat == NOT_KNOWN)
	{
		fc_probe_tell(probe, FC_ASK_INCLUDES, NULL,
					  "no list was answered with an include[]");
		return;
	}
	fc_probe_tell(probe, FC_ASK_INCLUDES,
				  psprintf("%s%s", word_of_includes(courses, by_course, flat),
						   is_strict ? " strict" : ""),
				  "the list of courses %s what include[] asks for, a list of dates by course %s it, the list of all dates %s it; unknown words are %s",
				  verbs[courses], verbs[by_course], verbs[flat],
				  is_strict ? "refused" : "ignored");
}

/* Where include[] is honoured, in one word. */
static const char *
word_of_includes(Brings courses, Brings by_course, Brings flat)
{
	if (courses == BROUGHT)
		return flat == BROUGHT ? "all_lists" :
			by_course == BROUGHT ? "everywhere" : "course_lists";
	return flat == BROUGHT ? "all_date_lists" :
		by_course == BROUGHT ? "date_lists" : "item";
}

/*
 * Whether the list of courses brings a relation; and how a single course is
 * wrapped.
 */
static Brings
ask_course_includes(FcProbe *probe)
{
	int			number = fc_probe_route(probe->courses, FC_SINCE);
	const FcRoute *route = &probe->courses->routes[number];
	char	   *name = pnstrdup(route->includes,
								strcspn(route->includes, ","));
	FcProbePage *list;
	FcProbePage *item;
	const char *wrapped = "";

	item = fc_probe_ask(probe, probe->courses, FC_PATH_PART,
						psprintf("%s/" INT64_FORMAT "?include%%5B%%5D=%s",
								 route->path, probe->first->ids[0], name));
	if (item->verdict == FC_VERDICT_OK &&
		fc_json_kind(item->root) == FC_JSON_ARRAY)
		wrapped = " wrapped";
	fc_probe_tell(probe, FC_ASK_CONTAINER,
				  psprintf("%s%s", probe->first->container, wrapped),
				  "the list of courses is %s; a single course is %s",
				  strcmp(probe->first->container, "array") == 0 ?
				  "a bare array" :
				  psprintf("in \"%s\"", probe->first->container),
				  *wrapped != '\0' ? "in an array" :
				  item->verdict == FC_VERDICT_OK ? "an object" : "not known");
	list = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
						psprintf("%s?limit=2&page=1&include%%5B%%5D=%s",
								 route->path, name));
	learn_includes(probe, probe->courses, number, list);
	return see_relation(list, name);
}

/*
 * Whether a list of dates brings the relation that lists of both kinds are
 * asked for.  The flag tells its route, known is a page of it.
 */
static Brings
ask_date_includes(FcProbe *probe, const FcProbePage *known, int flag)
{
	const FcRoute *routes = probe->dates->routes;
	int			number = fc_probe_route(probe->dates, flag);
	const char *name = routes[fc_probe_route(probe->dates, FC_BATCH)].includes;
	FcProbePage *list;

	if (known == NULL || known->count == 0)
		return NOT_KNOWN;
	list = fc_probe_ask(probe, probe->dates,
						flag == FC_BATCH ? FC_PATH_BATCH : FC_PATH_LIST,
						psprintf("%slimit=2&page=1&include%%5B%%5D=%s",
								 flag == FC_BATCH ?
								 psprintf("%s&", probe->batch_path) :
								 psprintf("%s?", routes[number].path), name));
	/* the list of all dates has other relations, too */
	if (flag == FC_BATCH)
		learn_includes(probe, probe->dates, number, list);
	return see_relation(list, name);
}

/* Does a page that was asked to bring a relation do so? */
static Brings
see_relation(const FcProbePage *page, const char *name)
{
	if (!page->is_answered)
		return NOT_KNOWN;
	return has_member(page, name) ? BROUGHT : NOT_BROUGHT;
}

/* Tell the planner whether a list refuses include[]. */
static void
learn_includes(const FcProbe *probe, const FcResource *resource, int route,
			   const FcProbePage *page)
{
	uint64		refuses = FC_LEARNED_NO_INCLUDES(route);

	if (page->is_answered)
		fc_probe_learn(probe, resource, page->is_list ? 0 : refuses,
					   page->is_list ? refuses : 0);
}

/* Is a relation that there is not refused? */
static bool
refuses_relation(FcProbe *probe)
{
	FcProbePage *page;

	page = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
						psprintf("%s?limit=1&page=1&include%%5B%%5D=frontcore_fdw_probe",
								 fc_ping_list(probe->courses)));
	return page->is_answered && !page->is_list;
}

/* Does an item hold a key of that name? */
static bool
has_member(const FcProbePage *page, const char *name)
{
	for (int i = 0; i < page->count; i++)
		if (fc_json_kind(fc_json_member(page->nodes[i], name)) !=
			FC_JSON_ABSENT)
			return true;
	return false;
}
