/*
 * probe_filters.c
 *		Ask which filters an account honours, in which time zone and with which
 *		bounds, and in which form it sends times and properties.
 *
 * The zone is found by asking for rows changed since the newest change, as
 * the clock shows it in one zone or another: whether the row itself comes
 * tells on which side the zone is.
 */
#include "postgres.h"

#include "base/url.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "ping.h"
#include "pgtime.h"
#include "probe.h"
#include "read/page.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#define TIME_MEMBER		"updated_at"
#define NORWAY			"Europe/Oslo"

/* Zones are between these, in minutes east of Greenwich. */
#define WEST_END		(-12 * 60)
#define EAST_END		(14 * 60 + 30)

/* What came of a filter. */
typedef enum Reaction
{
	UNTOLD,
	HONOURED,
	IGNORED,
	REFUSED
} Reaction;

/* A list whose rows tell when they were changed. */
typedef struct TimedList
{
	const FcResource *resource;
	int			route;
	FcPathKind	kind;
	const char *path;			/* up to "limit=250&page=1" */
	const FcProbePage *page;
	int			count;			/* items with a time */
	int64	   *ids;			/* of these, by time */
	TimestampTz *times;
} TimedList;

static const char *const result_words[] = {
	[UNTOLD] = "not known",
	[HONOURED] = "honoured",
	[IGNORED] = "ignored",
	[REFUSED] = "refused",
};

static void tell_forms(FcProbe *probe);
static const char *form_of_properties(const FcProbePage *page);
static const char *form_of_times(const FcProbePage *page);
static TimedList *find_timed_list(FcProbe *probe);
static TimedList *try_list(const FcProbe *probe, const FcResource *resource,
						   int flag, const FcProbePage *page);
static bool read_times(const FcProbe *probe, TimedList *list);
static bool read_time(const FcProbe *probe, FcJsonNode item,
					  TimestampTz *time);
static char *local_time(TimestampTz time, int offset);
static Reaction ask_range(FcProbe *probe, const TimedList *list);
static Reaction ask_status(FcProbe *probe);
static Reaction ask_id(FcProbe *probe);
static Reaction ask_kind(FcProbe *probe);
static Reaction ask_number(FcProbe *probe, const FcResource *resource,
						   const char *parameter);
static Reaction judge(const FcProbePage *page, bool has_others);
static void tell_filters(FcProbe *probe, const Reaction results[4]);
static bool asks_row(FcProbe *probe, const TimedList *list,
					 const char *bounds, bool *has_row);
static bool is_east_of(FcProbe *probe, const TimedList *list, int offset,
					   bool *answer);
static bool ask_zone(FcProbe *probe, const TimedList *list, int *offset);
static void ask_bounds(FcProbe *probe, const TimedList *list, int offset);
static int	offset_of(const char *zone, TimestampTz time);

/*
 * fc_probe_filters
 *		Ask for lists with each kind of filter.
 */
void
fc_probe_filters(FcProbe *probe)
{
	TimedList  *list = find_timed_list(probe);
	Reaction	results[4] = {UNTOLD};
	int			offset;

	tell_forms(probe);
	if (list != NULL)
		results[0] = ask_range(probe, list);
	results[1] = ask_status(probe);
	results[2] = ask_id(probe);
	results[3] = ask_kind(probe);
	tell_filters(probe, results);

	if (results[0] != HONOURED)
	{
		const char *why = list == NULL ?
		"no list shows when its rows were changed" :
		psprintf("the filter by time is %s", result_words[results[0]]);

		fc_probe_tell(probe, FC_ASK_FILTER_ZONE, NULL, "%s", why);
		fc_probe_tell(probe, FC_ASK_FILTER_BOUNDS, NULL, "%s", why);
	}
	else if (ask_zone(probe, list, &offset))
		ask_bounds(probe, list, offset);
	else
		fc_probe_tell(probe, FC_ASK_FILTER_BOUNDS, NULL,
					  "the zone of filters is not known");
}

/* In which form come empty properties, and times? */
static void
tell_forms(FcProbe *probe)
{
	const FcProbePage *pages[] = {probe->first, probe->flat, probe->batch};
	const char *properties = NULL;
	const char *times = NULL;

	for (int i = 0; i < lengthof(pages); i++)
	{
		if (pages[i] == NULL)
			continue;
		if (properties == NULL)
			properties = form_of_properties(pages[i]);
		if (times == NULL)
			times = form_of_times(pages[i]);
	}
	if (properties != NULL)
		fc_probe_tell(probe, FC_ASK_PROPERTIES_EMPTY, properties,
					  "rows without custom properties show them like that");
	else
		fc_probe_tell(probe, FC_ASK_PROPERTIES_EMPTY, NULL,
					  "no row without custom properties was seen");
	if (times == NULL)
		fc_probe_tell(probe, FC_ASK_NAIVE_TIMES, NULL, "no time was seen");
	else
		fc_probe_tell(probe, FC_ASK_NAIVE_TIMES, times,
					  strcmp(times, "naive") == 0 ?
					  "times come without an offset from UTC" :
					  "times come with their offset from UTC");
	if (times != NULL && strcmp(times, "naive") == 0)
		fc_probe_advise(probe, FC_ASK_NAIVE_TIMES, "naive_timezone",
						probe->api->server->naive_timezone);
}

/* How does a row without custom properties show them?  NULL if none does. */
static const char *
form_of_properties(const FcProbePage *page)
{
	for (int i = 0; i < page->count; i++)
	{
		FcJsonNode	properties = fc_json_member(page->nodes[i],
												"custom_properties");

		switch (fc_json_kind(properties))
		{
			case FC_JSON_NULL:
				return "null";
			case FC_JSON_ARRAY:
				return "array";
			case FC_JSON_OBJECT:
				if (fc_json_count(properties) == 0)
					return "object";
				break;
			default:
				break;
		}
	}
	return NULL;
}

/* Do times have an offset?  NULL if no row has a time. */
static const char *
form_of_times(const FcProbePage *page)
{
	for (int i = 0; i < page->count; i++)
	{
		FcJsonNode	node = fc_json_member(page->nodes[i], TIME_MEMBER);
		const char *text;

		if (fc_json_kind(node) != FC_JSON_STRING)
			continue;
		text = fc_json_string(node);
		if (strlen(text) < strlen("2027-01-15 10:00:00"))
			continue;
		return strpbrk(text + strlen("2027-01-15"), "+-Z") ? "offset" :
			"naive";
	}
	return NULL;
}

/*
 * A list of rows that tell when they were changed; NULL if there is none.
 * Lists that have been read come first, then those of other resources.
 */
static TimedList *
find_timed_list(FcProbe *probe)
{
	TimedList  *list = try_list(probe, probe->courses, FC_SINCE,
								probe->first);

	if (list == NULL)
		list = try_list(probe, probe->dates, FC_BATCH, probe->batch);
	if (list == NULL)
		list = try_list(probe, probe->dates, FC_FLAT, probe->flat);
	for (int i = 0; list == NULL && fc_resources[i].name != NULL; i++)
	{
		const FcResource *resource = &fc_resources[i];
		const FcColumn *column = fc_catalog_column(resource, TIME_MEMBER);

		if (resource == probe->courses || resource == probe->dates ||
			(resource->abilities & FC_PERSONS) != 0 ||
			column == NULL || column->min == NULL)
			continue;
		list = try_list(probe, resource, FC_SINCE,
						fc_probe_ask(probe, resource, FC_PATH_LIST,
									 psprintf("%s?limit=250&page=1",
											  fc_ping_list(resource))));
	}
	return list;
}

/* The list that a page is of, whose route has a flag; NULL without times. */
static TimedList *
try_list(const FcProbe *probe, const FcResource *resource, int flag,
		 const FcProbePage *page)
{
	TimedList  *list;

	if (page == NULL)
		return NULL;
	list = palloc0(sizeof(TimedList));
	list->resource = resource;
	list->route = fc_probe_route(resource, flag);
	list->kind = flag == FC_BATCH ? FC_PATH_BATCH : FC_PATH_LIST;
	list->path = flag == FC_BATCH ? psprintf("%s&", probe->batch_path) :
		psprintf("%s?", resource->routes[list->route].path);
	list->page = page;
	return read_times(probe, list) ? list : NULL;
}

/* Fill in the times, in ascending order; false if there are none. */
static bool
read_times(const FcProbe *probe, TimedList *list)
{
	const FcProbePage *page = list->page;

	list->ids = palloc((page->count + 1) * sizeof(int64));
	list->times = palloc((page->count + 1) * sizeof(TimestampTz));
	list->count = 0;
	for (int i = 0; i < page->count; i++)
	{
		TimestampTz time;
		int			j = list->count;

		if (!read_time(probe, page->nodes[i], &time))
			continue;
		for (; j > 0 && list->times[j - 1] > time; j--)
		{
			list->times[j] = list->times[j - 1];
			list->ids[j] = list->ids[j - 1];
		}
		list->times[j] = time;
		list->ids[j] = page->ids[i];
		list->count++;
	}
	return list->count > 0;
}

/* When was an item changed?  False if it does not tell. */
static bool
read_time(const FcProbe *probe, FcJsonNode item, TimestampTz *time)
{
	FcJsonNode	node = fc_json_member(item, TIME_MEMBER);
	const char *text;
	Datum		value;

	if (fc_json_kind(node) != FC_JSON_STRING)
		return false;
	text = fc_json_string(node);
	if (strlen(text) < strlen("2027-01-15 10:00:00") ||
		text[strspn(text, "0123456789-:T +Z.")] != '\0')
		return false;
	if (strpbrk(text + strlen("2027-01-15"), "+-Z") == NULL)
		text = psprintf("%s %s", text, probe->api->server->naive_timezone);
	value = DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
								InvalidOid, -1);
	*time = DatumGetTimestampTz(value);
	return true;
}

/* What the clock shows then, so many minutes east of Greenwich; escaped. */
static char *
local_time(TimestampTz time, int offset)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(time + offset * USECS_PER_MINUTE, NULL, &tm, &fraction,
					 NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	return fc_url_escape(psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year,
								  tm.tm_mon, tm.tm_mday, tm.tm_hour,
								  tm.tm_min, tm.tm_sec));
}

/*
 * Is a range of times honoured?  The bound lies two days after a change, where
 * there is the longest pause, so that no zone matters.
 */
static Reaction
ask_range(FcProbe *probe, const TimedList *list)
{
	int			last = list->count - 1;
	bool		has_older = false;
	FcProbePage *page;
	Reaction	result;

	for (int i = 0; i + 1 < list->count; i++)
		if (list->times[i + 1] - list->times[i] > 4 * USECS_PER_DAY &&
			(last == list->count - 1 ||
			 list->times[i + 1] - list->times[i] >
			 list->times[last + 1] - list->times[last]))
			last = i;
	page = fc_probe_ask(probe, list->resource, list->kind,
						psprintf("%slimit=250&page=1&updated_at_min=%s",
								 list->path,
								 local_time(list->times[last] +
											2 * USECS_PER_DAY, 0)));
	for (int i = 0; i <= last; i++)
		has_older |= fc_probe_has_id(page, list->ids[i]);
	result = judge(page, has_older);
	if (result != UNTOLD)
	{
		uint64		refuses = FC_LEARNED_REFUSES(list->route);

		fc_probe_learn(probe, list->resource, result == REFUSED ? refuses : 0,
					   result == REFUSED || probe->refuses_since ? 0 :
					   refuses);
	}
	return result;
}

/* What a list that may have been filtered says; others should not be in it. */
static Reaction
judge(const FcProbePage *page, bool has_others)
{
	if (!page->is_answered)
		return UNTOLD;
	if (!page->is_list)
		return REFUSED;
	return has_others ? IGNORED : HONOURED;
}

/* Is status_id honoured?  Only where dates of two statuses are known. */
static Reaction
ask_status(FcProbe *probe)
{
	const FcColumn *column = fc_catalog_column(probe->dates, "status_id");
	const FcProbePage *known = probe->flat->is_list ? probe->flat :
	probe->batch;
	FcProbePage *page;
	int64		status = 0;
	bool		has_two = false;
	bool		has_others = false;
	const char *path;

	for (int i = 0; known != NULL && i < known->count; i++)
	{
		int64		other;

		if (!fc_page_item_number(column, known->nodes[i], &other))
			continue;
		has_two |= (status != 0 && other != status);
		status = other;
	}
	if (!has_two)
		return UNTOLD;
	path = probe->flat->is_list ?
		psprintf("%s?", probe->dates->routes[fc_probe_route(probe->dates,
															FC_FLAT)].path) :
		psprintf("%s&", probe->batch_path);
	page = fc_probe_ask(probe, probe->dates, FC_PATH_LIST,
						psprintf("%s%s=" INT64_FORMAT "&limit=250&page=1",
								 path, column->equals, status));
	for (int i = 0; i < page->count; i++)
	{
		int64		other;

		has_others |= fc_page_item_number(column, page->nodes[i], &other) &&
			other != status;
	}
	return judge(page, has_others);
}

/* Does the list of all dates find one by its id? */
static Reaction
ask_id(FcProbe *probe)
{
	const FcRoute *route = probe->dates->routes;
	FcProbePage *page;
	bool		has_others = false;

	while (route->path != NULL && (route->flags & FC_LOOKUP) == 0)
		route++;
	if (!probe->flat->is_list || probe->flat->count < 2 || route->path == NULL)
		return UNTOLD;
	page = fc_probe_ask(probe, probe->dates, FC_PATH_LIST,
						psprintf("%.*s" INT64_FORMAT "&limit=2&page=1",
								 (int) strcspn(route->path, "{"), route->path,
								 probe->flat->ids[1]));
	for (int i = 0; i < page->count; i++)
		has_others |= page->ids[i] != probe->flat->ids[1];
	return judge(page, has_others);
}

/*
 * Is a list of another resource filtered by a number?  No persons' lists are
 * asked for that.
 */
static Reaction
ask_kind(FcProbe *probe)
{
	for (int i = 0; fc_resources[i].name != NULL; i++)
	{
		const FcResource *resource = &fc_resources[i];
		const FcColumn *column = resource->columns;

		while (column->name != NULL && column->equals == NULL)
			column++;
		if (resource != probe->dates && column->name != NULL &&
			(resource->abilities & FC_PERSONS) == 0)
			return ask_number(probe, resource, column->equals);
	}
	return UNTOLD;
}

/* The same of one list and parameter: do 1 and 2 give different rows? */
static Reaction
ask_number(FcProbe *probe, const FcResource *resource, const char *parameter)
{
	const char *list = fc_ping_list(resource);
	FcProbePage *pages[2];

	for (int value = 1; value <= 2; value++)
	{
		FcProbePage *page;

		page = fc_probe_ask(probe, resource, FC_PATH_LIST,
							psprintf("%s?%s=%d&limit=250&page=1", list,
									 parameter, value));
		pages[value - 1] = page;
		if (page->is_list)
			continue;
		if (!page->is_answered)
			return UNTOLD;
		/* there may be no such list, with or without a filter */
		page = fc_probe_ask(probe, resource, FC_PATH_LIST,
							psprintf("%s?limit=1&page=1", list));
		return page->is_list ? REFUSED : UNTOLD;
	}
	if (pages[0]->count == 0 && pages[1]->count == 0)
		return UNTOLD;
	return judge(pages[0], pages[0]->count > 0 &&
				 !fc_probe_has_new(pages[0], pages[1]));
}

/* Sum up what came of the filters. */
static void
tell_filters(FcProbe *probe, const Reaction results[4])
{
	Reaction	usual = Max(results[0], results[1]);
	Reaction	worst = Max(usual, Max(results[2], results[3]));
	const char *finding = NULL;

	if (usual != UNTOLD)
		finding = result_words[usual];
	else if (worst != UNTOLD)
		finding = result_words[worst];
	if (usual == HONOURED && worst > HONOURED)
		finding = psprintf("partly %s", result_words[worst]);
	fc_probe_tell(probe, FC_ASK_FILTERS, finding,
				  "updated_at_min is %s, status_id is %s, coursedate_id is %s, id_type is %s",
				  result_words[results[0]], result_words[results[1]],
				  result_words[results[2]], result_words[results[3]]);
	if (worst > HONOURED)
		fc_probe_advise(probe, FC_ASK_FILTERS, "push_filters", "false");
}

/* Does the row that was changed last come?  False if that is not known. */
static bool
asks_row(FcProbe *probe, const TimedList *list, const char *bounds,
		 bool *has_row)
{
	FcProbePage *page;

	page = fc_probe_ask(probe, list->resource, list->kind,
						psprintf("%slimit=250&page=1&%s", list->path,
								 bounds));
	*has_row = fc_probe_has_id(page, list->ids[list->count - 1]);
	return page->is_list &&
		(*has_row || !probe->honours_limit || page->count < 250);
}

/* Is the filters' zone east of an offset, in minutes? */
static bool
is_east_of(FcProbe *probe, const TimedList *list, int offset, bool *answer)
{
	return asks_row(probe, list,
					psprintf("updated_at_min=%s",
							 local_time(list->times[list->count - 1],
										offset)),
					answer);
}

/*
 * In which zone are filters read?  UTC and Norway are tried first.  False if
 * it is not found; else offset is set to the zone's at the newest change.
 */
static bool
ask_zone(FcProbe *probe, const TimedList *list, int *offset)
{
	int			norway = offset_of(NORWAY, list->times[list->count - 1]);
	int			tries[] = {30, norway + 30, -30};
	int			low = WEST_END;
	int			high = EAST_END;

	for (int i = 0; high - low > 60; i++)
	{
		int			middle = i < lengthof(tries) ? tries[i] :
		low + ((high - low) / 2 + 30) / 60 * 60;
		bool		is_east;

		if (middle <= low || middle >= high)
		{
			if (i < lengthof(tries))
				continue;
			break;
		}
		if (low == 30 && high == norway + 30)
			break;				/* summer time in Norway is two hours */
		if (!is_east_of(probe, list, middle, &is_east))
		{
			fc_probe_tell(probe, FC_ASK_FILTER_ZONE, NULL,
						  "requests for the newest change were not answered");
			return false;
		}
		if (is_east)
			low = middle;
		else
			high = middle;
	}
	if (low == 30 && high == norway + 30)
	{
		*offset = norway;
		fc_probe_tell(probe, FC_ASK_FILTER_ZONE, NORWAY,
					  "a change is found by the time that clocks in Norway show");
		fc_probe_advise(probe, FC_ASK_FILTER_ZONE, "timezone", NORWAY);
		return true;
	}
	if (low == -30 && high == 30)
	{
		*offset = 0;
		fc_probe_tell(probe, FC_ASK_FILTER_ZONE, "UTC",
					  "a change is found by its time in UTC");
		fc_probe_advise(probe, FC_ASK_FILTER_ZONE, "timezone", "UTC");
		return true;
	}
	fc_probe_tell(probe, FC_ASK_FILTER_ZONE, "other",
				  "a change is found by a clock that is between %d and %d minutes ahead of UTC",
				  low, high);
	return false;
}

/* Do bounds include their own value? */
static void
ask_bounds(FcProbe *probe, const TimedList *list, int offset)
{
	TimestampTz time = list->times[list->count - 1];
	const char *exact = local_time(time, offset);
	const char *before = local_time(time - 2 * USECS_PER_SEC, offset);
	bool		has_min;
	bool		has_max;

	if (time % USECS_PER_SEC != 0)
		fc_probe_tell(probe, FC_ASK_FILTER_BOUNDS, NULL,
					  "times have fractions of a second");
	else if (!asks_row(probe, list, psprintf("updated_at_min=%s", exact),
					   &has_min) ||
			 !asks_row(probe, list,
					   psprintf("updated_at_min=%s&updated_at_max=%s", before,
								exact), &has_max))
		fc_probe_tell(probe, FC_ASK_FILTER_BOUNDS, NULL,
					  "requests for the newest change were not answered");
	else
		fc_probe_tell(probe, FC_ASK_FILTER_BOUNDS,
					  has_min && has_max ? "inclusive" :
					  has_min || has_max ? "mixed" : "exclusive",
					  "a row changed just then is %s by _min, and %s by _max",
					  has_min ? "found" : "left out",
					  has_max ? "found" : "left out");
}

/* A zone's offset from UTC at a time, in minutes. */
static int
offset_of(const char *zone, TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			west;
	pg_tz	   *found = pg_tzset(zone);

	if (found == NULL ||
		timestamp2tm(time, &west, &tm, &fraction, NULL, found) != 0)
		return 60;
	return -west / 60;
}
