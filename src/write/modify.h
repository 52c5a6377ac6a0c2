/*
 * modify.h
 *		The executor's callbacks of INSERT, UPDATE, DELETE and COPY.
 */
#ifndef FC_MODIFY_H
#define FC_MODIFY_H

#include "foreign/fdwapi.h"

extern void frontcoreBeginForeignModify(ModifyTableState *mtstate,
										ResultRelInfo *rinfo,
										List *fdw_private, int subplan_index,
										int eflags);
extern void frontcoreBeginForeignInsert(ModifyTableState *mtstate,
										ResultRelInfo *rinfo);
extern TupleTableSlot *frontcoreExecForeignInsert(EState *estate,
												  ResultRelInfo *rinfo,
												  TupleTableSlot *slot,
												  TupleTableSlot *planSlot);
extern TupleTableSlot *frontcoreExecForeignUpdate(EState *estate,
												  ResultRelInfo *rinfo,
												  TupleTableSlot *slot,
												  TupleTableSlot *planSlot);
extern TupleTableSlot *frontcoreExecForeignDelete(EState *estate,
												  ResultRelInfo *rinfo,
												  TupleTableSlot *slot,
												  TupleTableSlot *planSlot);
extern void frontcoreEndForeignModify(EState *estate, ResultRelInfo *rinfo);
extern void frontcoreEndForeignInsert(EState *estate, ResultRelInfo *rinfo);
extern void frontcoreExplainForeignModify(ModifyTableState *mtstate,
										  ResultRelInfo *rinfo,
										  List *fdw_private,
										  int subplan_index,
										  struct ExplainState *es);

#endif							/* FC_MODIFY_H */
