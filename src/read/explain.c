/*
 * explain.c
 *		What a scan or a modification has cost, for EXPLAIN ANALYZE.
 */
#include "postgres.h"

#include "compat.h"
#include "nodes/execnodes.h"
#include "read/explain.h"

/*
 * fc_explain_use
 *		Print what the requests of one plan node have cost.
 *
 * Times only where EXPLAIN prints times.
 */
void
fc_explain_use(const FcMeter *use, ExplainState *es)
{
	const FcCounts *counts = &use->counts;

	ExplainPropertyInteger("Requests", NULL, counts->requests, es);
	ExplainPropertyInteger("Cache Hits", NULL, counts->cache_hits, es);
	if (use->is_sharing)
		ExplainPropertyInteger("Shared Cache Hits", NULL, counts->shared_hits,
							   es);
	if (counts->shared_hits > 0 && es->timing)
		ExplainPropertyFloat("Oldest Answer", "ms", use->oldest_ms, 3, es);
	ExplainPropertyInteger("Retries", NULL, counts->retries, es);
	if (es->timing)
		ExplainPropertyFloat("Rate Limit Wait", "ms", counts->wait_ms, 3, es);
	ExplainPropertyInteger("Bytes Received", "B", counts->bytes_received, es);
}
