/*
 * oldrow.h
 *		What a statement has to know of the rows that it writes.
 *
 * Layer 3.
 */
#ifndef FC_OLDROW_H
#define FC_OLDROW_H

#include "nodes/pathnodes.h"
#include "option.h"

extern Bitmapset *fc_oldrow_attributes(PlannerInfo *root, RelOptInfo *rel,
									   const FcTable *table);
extern bool fc_oldrow_is_returned(List *returning);

#endif							/* FC_OLDROW_H */
