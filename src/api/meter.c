/*
 * meter.c
 *		How many requests a query may make.
 *
 * frontcore_fdw.max_requests_per_query limits a run of the executor, that is a
 * statement with all its plan nodes, but not the statements of functions that
 * it calls.
 */
#include "postgres.h"

#include "api/meter.h"
#include "lib/ilist.h"

/* One run of the executor; in its es_query_cxt. */
typedef struct Run
{
	dlist_node	node;			/* in runs */
	EState	   *estate;
	int64		requests;
	MemoryContextCallback cleanup;
} Run;

int			fc_max_requests_per_query = 0;

static dlist_head runs = DLIST_STATIC_INIT(runs);

static Run *get_run(EState *estate);
static void forget_run(void *arg);

/*
 * fc_meter_reserve
 *		Throw if a run of the executor may not make so many requests more.
 */
void
fc_meter_reserve(EState *estate, int64 requests)
{
	int64		made = get_run(estate)->requests;

	if (fc_max_requests_per_query > 0 &&
		made + requests > fc_max_requests_per_query)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("query needs more than %d requests",
						fc_max_requests_per_query),
				 errdetail("It has made " INT64_FORMAT ", and needs at least " INT64_FORMAT " to write its rows.  None of them was written.",
						   made, requests),
				 errhint("Write fewer rows at a time, or raise frontcore_fdw.max_requests_per_query.")));
}

/*
 * fc_meter_count
 *		Count a request of the executor's run; throws if it is one too many.
 */
void
fc_meter_count(const FcMeter *meter)
{
	Run		   *run;

	if (meter->estate == NULL)
		return;
	run = get_run(meter->estate);
	if (fc_max_requests_per_query > 0 &&
		run->requests >= fc_max_requests_per_query)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("query needs more than %d requests",
						fc_max_requests_per_query),
				 errhint("%s", meter->limit_hint ? meter->limit_hint :
						 "Raise frontcore_fdw.max_requests_per_query.")));
	run->requests++;
}

/* What is known of a run of the executor. */
static Run *
get_run(EState *estate)
{
	dlist_iter	iter;
	Run		   *run;

	/* nested ones are few, and the last one is at the head */
	dlist_foreach(iter, &runs)
	{
		run = dlist_container(Run, node, iter.cur);
		if (run->estate == estate)
			return run;
	}

	run = MemoryContextAllocZero(estate->es_query_cxt, sizeof(Run));
	run->estate = estate;
	run->cleanup.func = forget_run;
	run->cleanup.arg = run;
	MemoryContextRegisterResetCallback(estate->es_query_cxt, &run->cleanup);
	dlist_push_head(&runs, &run->node);
	return run;
}

/* A run is over. */
static void
forget_run(void *arg)
{
	dlist_delete(&((Run *) arg)->node);
}
