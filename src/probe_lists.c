/*
 * probe_lists.c
 *		Ask how an account's lists are paged, ordered and wrapped.
 *
 * The list of courses is asked for pages of one and of 250, for one past its
 * end, and by since_id.
 */
#include "postgres.h"

#include "ping.h"
#include "probe.h"
#include "read/page.h"

static void ask_first(FcProbe *probe, const char *list);
static void ask_page_size(FcProbe *probe, const char *list,
						  const FcProbePage *one, const FcProbePage *second);
static const char *see_over(const FcProbe *probe, const FcProbePage *over,
							const FcProbePage *second, const char **evidence);
static void ask_past_end(FcProbe *probe, const char *list,
						 const FcProbePage *one, const FcProbePage *second);
static void tell_clamp(FcProbe *probe, const FcProbePage *second);
static void ask_since_id(FcProbe *probe, const char *list);
static void learn_length(const FcProbe *probe, const FcProbePage *second);
static int	compare_ids(const void *left, const void *right);

/*
 * fc_probe_lists
 *		Ask for the list of courses in several ways.
 */
void
fc_probe_lists(FcProbe *probe)
{
	const char *list = fc_ping_list(probe->courses);
	FcProbePage *one;
	FcProbePage *second;

	ask_first(probe, list);
	if (!probe->first->is_list)
		return;
	if (probe->first->count < 2)
	{
		static const FcProbeQuestion questions[] = {FC_ASK_PAGE_SIZE,
		FC_ASK_PAGE_CLAMP, FC_ASK_PAST_END, FC_ASK_SINCE_ID};

		for (int i = 0; i < lengthof(questions); i++)
			fc_probe_tell(probe, questions[i], NULL,
						  "the list shows fewer than two courses");
		return;
	}
	one = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
					   psprintf("%s?limit=1&page=1", list));
	probe->honours_limit = one->is_list && one->count == 1;
	second = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
						  psprintf("%s?limit=250&page=2", list));
	ask_page_size(probe, list, one, second);
	tell_clamp(probe, second);
	ask_past_end(probe, list, one, second);
	ask_since_id(probe, list);
	learn_length(probe, second);
}

/* The first request: it settles the key, and shows much else. */
static void
ask_first(FcProbe *probe, const char *list)
{
	FcProbePage *page = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
									 psprintf("%s?limit=250&page=1", list));

	probe->first = page;
	if (page->sqlstate == ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION)
		fc_probe_tell(probe, FC_ASK_KEY, "refused",
					  "the API says that the key is wrong");
	else if (page->sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
		fc_probe_tell(probe, FC_ASK_KEY, "forbidden",
					  "the key may not read courses");
	else if (page->is_list)
		fc_probe_tell(probe, FC_ASK_KEY, "accepted",
					  "the list of courses was answered");
	else
		fc_probe_tell(probe, FC_ASK_KEY, NULL, "%s", page->why);
}

/* Is limit honoured, and what becomes of one above 250? */
static void
ask_page_size(FcProbe *probe, const char *list, const FcProbePage *one,
			  const FcProbePage *second)
{
	const char *finding;
	const char *evidence;
	FcProbePage *over;

	if (!probe->honours_limit)
	{
		if (one->is_list && one->count > 1)
			fc_probe_tell(probe, FC_ASK_PAGE_SIZE, "ignored",
						  "limit=1 was answered with %d rows", one->count);
		else
			fc_probe_tell(probe, FC_ASK_PAGE_SIZE, NULL,
						  "limit=1 was not answered with a row");
		return;
	}
	over = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
						psprintf("%s?limit=251&page=1", list));
	finding = see_over(probe, over, second, &evidence);
	fc_probe_tell(probe, FC_ASK_PAGE_SIZE, finding, "limit=1 is honoured; %s",
				  evidence);
}

/* What an answer to limit=251 shows; second is page 2 of limit=250. */
static const char *
see_over(const FcProbe *probe, const FcProbePage *over,
		 const FcProbePage *second, const char **evidence)
{
	bool		has_more = second->is_list &&
	fc_probe_has_new(second, probe->first);

	if (over->is_answered && !over->is_list)
	{
		*evidence = "limit=251 is refused";
		return "error";
	}
	if (over->is_list && over->count > 250)
	{
		*evidence = "limit=251 was answered with as many rows";
		return "accepted";
	}
	if (over->is_list && over->count == 250 && has_more)
	{
		*evidence = "limit=251 was answered with 250 rows, and there are more";
		return "clamp";
	}
	if (!over->is_list)
		*evidence = "limit=251 was not answered";
	else if (has_more)
		*evidence = "limit=251 is no error; pages end before 250 rows";
	else
		*evidence = "limit=251 is no error; too few rows to see whether more than 250 would come";
	return "honoured";
}

/* What comes for a page past the end? */
static void
ask_past_end(FcProbe *probe, const char *list, const FcProbePage *one,
			 const FcProbePage *second)
{
	const FcProbePage *past = second;
	FcProbePage *next;

	if (second->is_list && fc_probe_has_new(second, probe->first))
		past = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
							psprintf("%s?limit=250&page=%d", list,
									 FC_FAR_PAGE));
	if (!past->is_answered)
		fc_probe_tell(probe, FC_ASK_PAST_END, NULL, "%s", past->why);
	else if (past->is_list && past->count == 0)
		fc_probe_tell(probe, FC_ASK_PAST_END, "empty",
					  "a page past the end is an empty list");
	else if (!past->is_list)
		fc_probe_tell(probe, FC_ASK_PAST_END,
					  past->status == 404 ? "404" : "error",
					  "a page past the end is refused with HTTP status %d",
					  past->status);
	else
	{
		next = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
							psprintf("%s?limit=1&page=2", list));
		if (!next->is_list || !one->is_list)
			fc_probe_tell(probe, FC_ASK_PAST_END, NULL, "%s",
						  next->why ? next->why : "page 1 was not answered");
		else if (fc_probe_has_new(next, one))
			fc_probe_tell(probe, FC_ASK_PAST_END, "repeat",
						  "a page past the end repeats rows, and page 2 is another than page 1");
		else
			fc_probe_tell(probe, FC_ASK_PAST_END, "ignored",
						  "page 2 is the same as page 1: the parameter page is ignored");
	}
}

/* Do pages end before the limit? */
static void
tell_clamp(FcProbe *probe, const FcProbePage *second)
{
	const FcProbePage *first = probe->first;

	if (!probe->honours_limit)
		fc_probe_tell(probe, FC_ASK_PAGE_CLAMP, NULL,
					  "the parameter limit is ignored");
	else if (first->count >= 250)
		fc_probe_tell(probe, FC_ASK_PAGE_CLAMP, "none",
					  "limit=250 was answered with 250 rows");
	else if (second->is_list && fc_probe_has_new(second, first))
		fc_probe_tell(probe, FC_ASK_PAGE_CLAMP, "clamped",
					  "limit=250 was answered with %d rows, and page 2 holds others",
					  first->count);
	else
		fc_probe_tell(probe, FC_ASK_PAGE_CLAMP, NULL,
					  "the account has too few courses to fill a page of 250");
}

/* Does since_id=N mean ids above N? */
static void
ask_since_id(FcProbe *probe, const char *list)
{
	const FcProbePage *first = probe->first;
	int64	   *sorted = palloc(first->count * sizeof(int64));
	FcProbePage *page;
	int64		middle;
	bool		has_lower = false;

	memcpy(sorted, first->ids, first->count * sizeof(int64));
	qsort(sorted, first->count, sizeof(int64), compare_ids);
	middle = sorted[(first->count - 1) / 2];
	if (middle == sorted[first->count - 1])
	{
		fc_probe_tell(probe, FC_ASK_SINCE_ID, NULL, "all courses have one id");
		return;
	}
	page = fc_probe_ask(probe, probe->courses, FC_PATH_LIST,
						psprintf("%s?limit=250&page=1&since_id=" INT64_FORMAT,
								 list, middle));
	for (int i = 0; i < page->count; i++)
		has_lower |= page->ids[i] < middle;
	if (!page->is_answered)
		fc_probe_tell(probe, FC_ASK_SINCE_ID, NULL, "%s", page->why);
	else if (!page->is_list)
	{
		fc_probe_tell(probe, FC_ASK_SINCE_ID, "refused",
					  "a request with since_id is refused with HTTP status %d",
					  page->status);
		probe->refuses_since = true;
		fc_probe_learn(probe, probe->courses,
					   FC_LEARNED_REFUSES(fc_probe_route(probe->courses,
														 FC_SINCE)), 0);
	}
	else if (has_lower)
		fc_probe_tell(probe, FC_ASK_SINCE_ID, "ignored",
					  "rows with lower ids came");
	else if (page->count == 0)
		fc_probe_tell(probe, FC_ASK_SINCE_ID, NULL,
					  "no row came, though there are higher ids");
	else if (fc_probe_has_id(page, middle))
		fc_probe_tell(probe, FC_ASK_SINCE_ID, "inclusive",
					  "the row with that id itself came, and higher ones");
	else
		fc_probe_tell(probe, FC_ASK_SINCE_ID, "honoured",
					  "rows with higher ids came, and no others");
}

/* Tell the planner how long the list is, and how long its pages may be. */
static void
learn_length(const FcProbe *probe, const FcProbePage *second)
{
	const FcProbePage *first = probe->first;
	const uint8 *account = probe->api->account.digest;
	const char *name = probe->courses->name;

	fc_stats_learn_longest(account, name,
						   fc_probe_route(probe->courses, FC_SINCE),
						   first->count, 0);
	if (first->count < 250 && probe->honours_limit && second->is_answered &&
		!fc_probe_has_new(second, first))
		fc_stats_learn_rows(account, name, first->count);
}

static int
compare_ids(const void *left, const void *right)
{
	int64		a = *(const int64 *) left;
	int64		b = *(const int64 *) right;

	return a < b ? -1 : a > b;
}
