/*
 * paths.h
 *		The ways to scan a table: as it is, in order, by keys of others.
 *
 * What they cost is for cost.c to say.
 */
#ifndef FC_PATHS_H
#define FC_PATHS_H

#include "plan/cost.h"

/* What a path tells its plan: ForeignPath.fdw_private holds a pointer. */
typedef struct FcScanPath
{
	FcScanEstimate estimate;
	const FcColumn *order;		/* that the path relies on, or NULL */
	bool		descending;
	FcPushed   *batch_key;		/* of a batched join, else NULL */
	List	   *batch_slot;		/* the number of the link's parameter */
} FcScanPath;

extern void frontcoreGetForeignPaths(PlannerInfo *root, RelOptInfo *rel,
									 Oid relid);
extern ForeignPath *fc_paths_batched(PlannerInfo *root, RelOptInfo *rel,
									 const FcPlanKey *key, double requests,
									 int route, List *slot);

#endif							/* FC_PATHS_H */
