/*
 * explain.h
 *		What a scan or a modification has cost, for EXPLAIN ANALYZE.
 *
 * Layer 4.
 */
#ifndef FC_EXPLAIN_H
#define FC_EXPLAIN_H

#include "api.h"

struct ExplainState;

extern void fc_explain_use(const FcApiUse *use, struct ExplainState *es);

#endif							/* FC_EXPLAIN_H */
