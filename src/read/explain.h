/*
 * explain.h
 *		What a scan or a modification has cost, for EXPLAIN ANALYZE.
 */
#ifndef FC_EXPLAIN_H
#define FC_EXPLAIN_H

#include "api/exchange.h"

struct ExplainState;

extern void fc_explain_use(const FcMeter *use, struct ExplainState *es);

#endif							/* FC_EXPLAIN_H */
