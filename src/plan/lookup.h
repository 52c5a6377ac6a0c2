/*
 * lookup.h
 *		By which keys of other relations a table can be looked up.
 *
 * What that costs is for cost.c to say.
 */
#ifndef FC_LOOKUP_H
#define FC_LOOKUP_H

#include "plan/pushdown.h"

extern bool fc_lookup_is_one(const FcPushed *pushed);
extern List *fc_lookup_parameters(PlannerInfo *root, RelOptInfo *rel,
								  const FcTable *table);

#endif							/* FC_LOOKUP_H */
