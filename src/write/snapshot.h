/*
 * snapshot.h
 *		Let all rows of a plan be read before the first one is passed on.
 */
#ifndef FC_SNAPSHOT_H
#define FC_SNAPSHOT_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

/* How many requests more does it take at least to write a plan's row? */
typedef int (*FcSnapshotCount) (void *arg, TupleTableSlot *slot);

extern void fc_snapshot_count(PlanState *node, FcSnapshotCount count,
							  void *arg);
extern void fc_snapshot_wrap(PlannerInfo *root, ModifyTable *plan);

#endif							/* FC_SNAPSHOT_H */
