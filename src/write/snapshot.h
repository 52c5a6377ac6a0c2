/*
 * snapshot.h
 *		Let all rows of a plan be read before the first one is passed on.
 */
#ifndef FC_SNAPSHOT_H
#define FC_SNAPSHOT_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

/*
 * Look at a plan's row: throw what is wrong with it, or tell how many requests
 * more it takes at least to write it.
 */
typedef int (*FcSnapshotLook) (void *arg, TupleTableSlot *slot);

extern void fc_snapshot_look(PlanState *node, FcSnapshotLook look, void *arg);
extern PlanState *fc_snapshot_child(PlanState *node);
extern void fc_snapshot_wrap(PlannerInfo *root, ModifyTable *plan);

#endif							/* FC_SNAPSHOT_H */
