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
#include "api/query.h"
#include "lib/ilist.h"

/* One run of the executor; in its es_query_cxt. */
typedef struct Run
{
	dlist_node	node;			/* in runs */
	EState	   *estate;
	int64		requests;
	const FcResource *unbound;	/* has a column that no condition binds, so
								 * that the run will fail; NULL if none */
	const char *unbound_column;
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
	if (run->unbound != NULL)
		fc_query_refuse_unbound(run->unbound, run->unbound_column);
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

/*
 * fc_meter_forbid
 *		Let a run of the executor make no request: it reads a list whose path
 *		needs a column that no condition binds.
 *
 * The run fails when it would make one, be it by another plan node.  If it
 * makes none, it may never come to that list.
 */
void
fc_meter_forbid(EState *estate, const FcResource *resource,
				const char *unbound_column)
{
	Run		   *run = get_run(estate);

	run->unbound = resource;
	run->unbound_column = unbound_column;
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
