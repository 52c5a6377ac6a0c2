/*
 * explain.h
 *		What EXPLAIN says of a scan, and what requests have cost.
 *
 * What it says of a modification is in write/.
 */
#ifndef FC_EXPLAIN_H
#define FC_EXPLAIN_H

#include "api/exchange.h"
#include "api/query.h"
#include "nodes/execnodes.h"

struct ExplainState;

/* The request of a query or a write that is certain to find no row. */
#define FC_NO_ROW	"none: no row can match"

extern void frontcoreExplainForeignScan(ForeignScanState *node,
										struct ExplainState *es);
extern const FcQuery *fc_explain_named(ForeignScanState *node);
extern void fc_explain_use(const FcMeter *use, struct ExplainState *es);

#endif							/* FC_EXPLAIN_H */
