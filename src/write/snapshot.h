/*
 * snapshot.h
 *		Let all rows of a plan be read before the first one is passed on.
 */
#ifndef FC_SNAPSHOT_H
#define FC_SNAPSHOT_H

#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

extern void fc_snapshot_wrap(PlannerInfo *root, ModifyTable *plan,
							 Index resultRelation);

#endif							/* FC_SNAPSHOT_H */
