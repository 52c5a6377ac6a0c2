/*
 * strict.h
 *		Which columns of a relation decide on a query's result.
 *
 * All others are merely shown.
 */
#ifndef FC_STRICT_H
#define FC_STRICT_H

#include "nodes/pathnodes.h"

extern Bitmapset *fc_strict_attributes(PlannerInfo *root, Index relid);

#endif							/* FC_STRICT_H */
