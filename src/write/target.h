/*
 * target.h
 *		Plan how the rows of a foreign table are written.
 */
#ifndef FC_TARGET_H
#define FC_TARGET_H

#include "api/option.h"
#include "foreign/fdwapi.h"

/* Positions in what ModifyTable keeps for us in its fdwPrivLists. */
typedef enum FcModifyPrivateIndex
{
	FC_MODIFY_SEEN,				/* integers: attributes of the old row that
								 * the scan reads */
	FC_MODIFY_TARGETS,			/* integers: attributes that SET sets */
	FC_MODIFY_RETURNED,			/* integers: attributes wanted after a write */
	FC_MODIFY_LENGTH
} FcModifyPrivateIndex;

extern int	frontcoreIsForeignRelUpdatable(Relation rel);
extern void frontcoreAddForeignUpdateTargets(PlannerInfo *root,
											 Index rtindex,
											 RangeTblEntry *target_rte,
											 Relation target_relation);
extern List *frontcorePlanForeignModify(PlannerInfo *root, ModifyTable *plan,
										Index resultRelation,
										int subplan_index);

extern bool fc_target_is_carried(const FcTable *table,
								 const FcTableColumn *column, bool is_delete);
extern char *fc_target_carrier(TupleDesc tupdesc, AttrNumber attnum);
extern Bitmapset *fc_target_returned(Relation rel, CmdType operation,
									 Index varno, List *returning,
									 bool *ctid);
extern Bitmapset *fc_target_attributes(const List *attributes);
extern bool fc_target_has_ctid(const List *attributes);

#endif							/* FC_TARGET_H */
