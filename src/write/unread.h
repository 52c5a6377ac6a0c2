/*
 * unread.h
 *		Which rows are written without being read first.
 */
#ifndef FC_UNREAD_H
#define FC_UNREAD_H

#include "api/option.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

extern void fc_unread_plan(PlannerInfo *root, const FcTable *table,
						   const ModifyTable *plan, Index resultRelation,
						   int subplan_index);

#endif							/* FC_UNREAD_H */
