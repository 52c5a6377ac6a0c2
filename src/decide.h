/*
 * decide.h
 *		Which columns of a relation decide on a query's result.
 *
 * Layer 3.  All others are merely shown.
 */
#ifndef FC_DECIDE_H
#define FC_DECIDE_H

#include "nodes/pathnodes.h"

extern Bitmapset *fc_decide_attributes(PlannerInfo *root, Index relid);

#endif							/* FC_DECIDE_H */
