/*
 * probe.c
 *		Functions that ask an account what it does where the API's
 *		documentation is silent.
 *
 * frontcore_probe(server) only reads.  What it finds is known to this server's
 * planner at once, as if queries had found it.  frontcore_probe(server,
 * course_id) also writes, to that course and to its first date.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "ping.h"
#include "probe.h"
#include "utils/builtins.h"

/* Requests of a probe that only reads. */
#define READ_BUDGET		30

/* ... and of one that writes, too. */
#define WRITE_BUDGET	60

/* Many servers do not compress what is shorter, in bytes. */
#define WORTH_COMPRESSING	2048

enum
{
	PROBE_QUESTION,
	PROBE_FINDING,
	PROBE_EVIDENCE,
	PROBE_ADVICE,
	PROBE_COLUMNS
};

static const char *const questions[FC_QUESTIONS] = {
	[FC_ASK_KEY] = "key",
	[FC_ASK_CONTAINER] = "container",
	[FC_ASK_PAGE_SIZE] = "page_size",
	[FC_ASK_PAGE_CLAMP] = "page_clamp",
	[FC_ASK_PAST_END] = "past_end",
	[FC_ASK_LIST_ORDER] = "list_order",
	[FC_ASK_SINCE_ID] = "since_id",
	[FC_ASK_FILTER_ZONE] = "filter_zone",
	[FC_ASK_FILTER_BOUNDS] = "filter_bounds",
	[FC_ASK_FILTERS] = "filters",
	[FC_ASK_DATES_LIST] = "dates_list",
	[FC_ASK_DATES_LIST_COLUMNS] = "dates_list_columns",
	[FC_ASK_BATCH] = "batch",
	[FC_ASK_INCLUDES] = "includes",
	[FC_ASK_PROPERTIES_EMPTY] = "properties_empty",
	[FC_ASK_NAIVE_TIMES] = "naive_times",
	[FC_ASK_RATE_HEADERS] = "rate_headers",
	[FC_ASK_COMPRESSION] = "compression",
	[FC_ASK_LATENCY] = "latency",
	[FC_ASK_OMITTED_FIELDS] = "omitted_fields",
	[FC_ASK_PROPERTIES_MERGE] = "properties_merge",
	[FC_ASK_CLEARING] = "clearing",
};

PG_FUNCTION_INFO_V1(frontcore_probe);
PG_FUNCTION_INFO_V1(frontcore_probe_course);

static FcProbe *begin_probe(const char *name, int budget);
static void ask_reads(FcProbe *probe);
static void tell_transport(FcProbe *probe);
static int	compare_ints(const ListCell *left, const ListCell *right);
static void put_rows(ReturnSetInfo *result, const FcProbe *probe, int count);

/*
 * frontcore_probe
 *		Ask all that reads can settle; a row for each question.
 */
Datum
frontcore_probe(PG_FUNCTION_ARGS)
{
	FcProbe    *probe;

	InitMaterializedSRF(fcinfo, 0);
	probe = begin_probe(NameStr(*PG_GETARG_NAME(0)), READ_BUDGET);
	ask_reads(probe);
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, probe,
			 FC_ASK_OMITTED_FIELDS);
	return (Datum) 0;
}

/*
 * frontcore_probe_course
 *		The same, and what only writes to a course and its dates settle.
 */
Datum
frontcore_probe_course(PG_FUNCTION_ARGS)
{
	FcProbe    *probe;

	PreventCommandIfReadOnly("frontcore_probe()");
	PreventCommandDuringRecovery("frontcore_probe()");
	PreventCommandIfParallelMode("frontcore_probe()");
	InitMaterializedSRF(fcinfo, 0);
	probe = begin_probe(NameStr(*PG_GETARG_NAME(0)), READ_BUDGET);
	ask_reads(probe);
	probe->left += WRITE_BUDGET - READ_BUDGET;
	if (probe->first->is_list)
		fc_probe_writes(probe, PG_GETARG_INT64(1));
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, probe, FC_QUESTIONS);
	return (Datum) 0;
}

/* A probe of the current role's account, nothing asked yet. */
static FcProbe *
begin_probe(const char *name, int budget)
{
	FcProbe    *probe = palloc0(sizeof(FcProbe));

	probe->api = fc_ping_open(name);
	probe->courses = fc_ping_courses();
	probe->dates = fc_ping_dates();
	probe->left = budget;
	return probe;
}

/* Ask all that reads can settle. */
static void
ask_reads(FcProbe *probe)
{
	fc_probe_lists(probe);
	if (probe->first->is_list)
	{
		fc_probe_dates(probe);
		fc_probe_filters(probe);
	}
	else
	{
		for (int i = FC_ASK_KEY + 1; i < FC_ASK_OMITTED_FIELDS; i++)
			fc_probe_tell(probe, i, NULL, "the list of courses was not read: %s",
						  probe->first->why);
	}
	tell_transport(probe);
}

/* What all answers have shown. */
static void
tell_transport(FcProbe *probe)
{
	int			count = list_length(probe->latencies);

	if (count == 0)
		return;
	fc_probe_tell(probe, FC_ASK_RATE_HEADERS,
				  probe->rate_headers ? probe->rate_headers : "none",
				  probe->rate_headers ?
				  "headers tell how many requests are left" :
				  "no header tells how many requests are left");
	if (probe->encoding != NULL)
		fc_probe_tell(probe, FC_ASK_COMPRESSION, probe->encoding,
					  "answers were compressed");
	else if (probe->longest < WORTH_COMPRESSING)
		fc_probe_tell(probe, FC_ASK_COMPRESSION, NULL,
					  "all answers were too short to be worth it");
	else
		fc_probe_tell(probe, FC_ASK_COMPRESSION, "none",
					  "no answer was compressed");
	list_sort(probe->latencies, compare_ints);
	fc_probe_tell(probe, FC_ASK_LATENCY,
				  psprintf("%d ms", list_nth_int(probe->latencies, count / 2)),
				  "the median of %d requests; the slowest took %d ms", count,
				  llast_int(probe->latencies));
}

static int
compare_ints(const ListCell *left, const ListCell *right)
{
	return lfirst_int(left) - lfirst_int(right);
}

/* Return the findings on the first questions. */
static void
put_rows(ReturnSetInfo *result, const FcProbe *probe, int count)
{
	for (int i = 0; i < count; i++)
	{
		const FcFinding *finding = &probe->findings[i];
		Datum		values[PROBE_COLUMNS] = {0};
		bool		nulls[PROBE_COLUMNS] = {false};

		values[PROBE_QUESTION] = CStringGetTextDatum(questions[i]);
		values[PROBE_FINDING] = CStringGetTextDatum(finding->finding ?
													finding->finding :
													"unknown");
		values[PROBE_EVIDENCE] = CStringGetTextDatum(finding->evidence ?
													 finding->evidence :
													 "it could not be asked");
		if (finding->advice != NULL)
			values[PROBE_ADVICE] = CStringGetTextDatum(finding->advice);
		nulls[PROBE_ADVICE] = (finding->advice == NULL);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
}
