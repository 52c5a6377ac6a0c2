/*
 * collect.h
 *		Let all rows of a plan be read before the first one is passed on.
 *
 * Layer 3.
 */
#ifndef FC_COLLECT_H
#define FC_COLLECT_H

#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

extern void fc_collect_wrap(PlannerInfo *root, ModifyTable *plan,
							Index resultRelation);

#endif							/* FC_COLLECT_H */
