/*
 * identity.h
 *		The ctid of a scan's rows, by which core asks for a row again.
 *
 * The scan tells which rows it gives; api/ctid.c knows which id a ctid means.
 */
#ifndef FC_IDENTITY_H
#define FC_IDENTITY_H

#include "foreign/fdwapi.h"

typedef struct FcIdentity FcIdentity;

extern RowMarkType frontcoreGetForeignRowMarkType(RangeTblEntry *rte,
												  LockClauseStrength strength);
extern void frontcoreRefetchForeignRow(EState *estate, ExecRowMark *erm,
									   Datum rowid, TupleTableSlot *slot,
									   bool *updated);

extern FcIdentity *fc_identity_begin(ForeignScanState *node,
									 bool reads_ctid);
extern void fc_identity_give(FcIdentity *identity, int64 id,
							 TupleTableSlot *slot);
extern void fc_identity_end(FcIdentity *identity);

#endif							/* FC_IDENTITY_H */
