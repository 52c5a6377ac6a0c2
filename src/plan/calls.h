/*
 * calls.h
 *		How many different questions a subquery asks.
 */
#ifndef FC_CALLS_H
#define FC_CALLS_H

#include "nodes/pathnodes.h"

extern double fc_calls_of(PlannerInfo *root);

#endif							/* FC_CALLS_H */
