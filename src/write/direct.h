/*
 * direct.h
 *		UPDATE and DELETE of rows named by their ids, which need not be read.
 */
#ifndef FC_DIRECT_H
#define FC_DIRECT_H

#include "foreign/fdwapi.h"

extern bool frontcorePlanDirectModify(PlannerInfo *root, ModifyTable *plan,
									  Index resultRelation,
									  int subplan_index);
extern void frontcoreBeginDirectModify(ForeignScanState *node, int eflags);
extern TupleTableSlot *frontcoreIterateDirectModify(ForeignScanState *node);
extern void frontcoreEndDirectModify(ForeignScanState *node);
extern void frontcoreExplainDirectModify(ForeignScanState *node,
										 struct ExplainState *es);

#endif							/* FC_DIRECT_H */
