/*
 * explain.h
 *		What EXPLAIN says of a scan, and what requests have cost.
 *
 * What it says of a modification is in write/.
 */
#ifndef FC_EXPLAIN_H
#define FC_EXPLAIN_H

#include "api/exchange.h"
#include "nodes/execnodes.h"

struct ExplainState;

extern void frontcoreExplainForeignScan(ForeignScanState *node,
										struct ExplainState *es);
extern void fc_explain_use(const FcMeter *use, struct ExplainState *es);

#endif							/* FC_EXPLAIN_H */
