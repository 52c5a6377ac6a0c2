/*
 * meter.h
 *		What a plan node's requests cost, and how many a query may make.
 */
#ifndef FC_METER_H
#define FC_METER_H

#include "api/catalog.h"
#include "nodes/execnodes.h"
#include "shared/stats.h"

/*
 * The budget and the counters of one plan node, or of one call of a function.
 * A scan or a modification owns one, and shows it in EXPLAIN ANALYZE.
 */
typedef struct FcMeter
{
	const char *resource;		/* for statistics, activity and messages */
	Oid			relid;			/* of the foreign table, if there is one */
	FcCounts	counts;
	int64		estimated;		/* requests the planner expects, or 0 */
	EState	   *estate;			/* of the executor run, NULL if none; for
								 * max_requests_per_query */
	const char *limit_hint;		/* if max_requests_per_query is reached */
	bool		is_sharing;		/* answers of other sessions may be taken */
	double		oldest_ms;		/* age of the oldest of them */
	double		stale_ms;		/* the same of those whose time is up, until
								 * it has been said */
} FcMeter;

extern void fc_meter_count(const FcMeter *meter);
extern void fc_meter_reserve(EState *estate, int64 requests);
extern void fc_meter_forbid(EState *estate, const FcResource *resource,
							const char *unbound_column);

/* GUC */
extern int	fc_max_requests_per_query;

#endif							/* FC_METER_H */
