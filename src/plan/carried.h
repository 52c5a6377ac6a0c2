/*
 * carried.h
 *		What a statement has to know of the rows that it writes or marks.
 */
#ifndef FC_CARRIED_H
#define FC_CARRIED_H

#include "api/option.h"
#include "nodes/pathnodes.h"

extern Bitmapset *fc_carried_attributes(PlannerInfo *root, RelOptInfo *rel,
										const FcTable *table, List *clauses);
extern bool fc_carried_reads_ctid(PlannerInfo *root, RelOptInfo *rel,
								  List *clauses);

#endif							/* FC_CARRIED_H */
