/*
 * probe.h
 *		Ask an account what it does where the API's documentation is silent.
 *
 * A probe sends requests within a budget, and fills in a finding for each
 * question.  probe.c has the SQL functions, probe_ask.c sends the requests,
 * and the other files ask the questions.
 */
#ifndef FC_PROBE_H
#define FC_PROBE_H

#include "api/exchange.h"
#include "api/route.h"
#include "datatype/timestamp.h"

/* A page that is past the end of any list. */
#define FC_FAR_PAGE		1000000

/* The questions, in the order of the answer. */
typedef enum FcProbeQuestion
{
	FC_ASK_KEY,
	FC_ASK_CONTAINER,
	FC_ASK_PAGE_SIZE,
	FC_ASK_PAGE_CLAMP,
	FC_ASK_PAST_END,
	FC_ASK_LIST_ORDER,
	FC_ASK_SINCE_ID,
	FC_ASK_FILTER_ZONE,
	FC_ASK_FILTER_BOUNDS,
	FC_ASK_FILTERS,
	FC_ASK_DATES_LIST,
	FC_ASK_DATES_LIST_COLUMNS,
	FC_ASK_BATCH,
	FC_ASK_INCLUDES,
	FC_ASK_PROPERTIES_EMPTY,
	FC_ASK_NAIVE_TIMES,
	FC_ASK_RATE_HEADERS,
	FC_ASK_COMPRESSION,
	FC_ASK_LATENCY,
	/* those that only writes settle */
	FC_ASK_OMITTED_FIELDS,
	FC_ASK_PROPERTIES_MERGE,
	FC_ASK_CLEARING,
	FC_QUESTIONS
} FcProbeQuestion;

typedef struct FcFinding
{
	const char *finding;		/* NULL: unknown */
	const char *evidence;		/* or why it is unknown */
	const char *advice;			/* or NULL */
} FcFinding;

/* The answer to a request, as far as questions look at it. */
typedef struct FcProbePage
{
	bool		is_answered;	/* by the API, be it with a refusal */
	bool		is_list;		/* with a list */
	FcVerdict	verdict;
	int			status;
	int			sqlstate;		/* of the error that it would be, or 0 */
	const char *why;			/* not answered: why */
	FcJsonNode	root;
	FcJsonNode	items;			/* of the list */
	const char *container;		/* of the list: array, items or data */
	int			count;			/* items that have an id */
	int64	   *ids;
	FcJsonNode *nodes;			/* these items */
} FcProbePage;

typedef struct FcProbe
{
	FcApi	   *api;
	FcMeter		use;
	const FcResource *courses;
	const FcResource *dates;
	int			left;			/* requests that it may still send */
	FcFinding	findings[FC_QUESTIONS];

	/* what any answer has shown */
	const char *rate_headers;
	const char *encoding;
	Size		longest;		/* of the answers, decoded */
	List	   *latencies;		/* of integers: ms, one per answer */

	/* what several questions look at */
	FcProbePage *first;			/* of the list of courses */
	FcProbePage *flat;			/* of the list of all dates */
	FcProbePage *batch;			/* of dates of some courses */
	const char *batch_path;		/* that it was asked by, up to "&limit" */
	bool		honours_limit;
	bool		refuses_since;	/* of courses */
} FcProbe;

extern FcProbePage *fc_probe_ask(FcProbe *probe, const FcResource *resource,
								 FcPathKind kind, const char *path);
extern bool fc_probe_has_id(const FcProbePage *page, int64 id);
extern bool fc_probe_has_new(const FcProbePage *page,
							 const FcProbePage *before);
extern bool fc_probe_is_ordered(const FcProbePage *page, bool descending);
extern void fc_probe_learn(const FcProbe *probe, const FcResource *resource,
						   uint64 set, uint64 clear);
extern int	fc_probe_route(const FcResource *resource, int flag);
extern void fc_probe_tell(FcProbe *probe, FcProbeQuestion question,
						  const char *finding, const char *evidence,...)
			pg_attribute_printf(4, 5);
extern void fc_probe_advise(FcProbe *probe, FcProbeQuestion question,
							const char *option, const char *value);

extern void fc_probe_lists(FcProbe *probe);
extern void fc_probe_dates(FcProbe *probe);
extern void fc_probe_filters(FcProbe *probe);
extern void fc_probe_writes(FcProbe *probe, int64 course_id);

#endif							/* FC_PROBE_H */
