/*
 * batch.h
 *		Run a batched join: collect outer keys, and hold inner rows by key.
 *
 * The custom scan "BatchKeys" reads outer rows ahead of a nested
 * loop and collects their keys; the foreign scan on the inner side fetches the
 * rows of many keys at once and holds them.  join.c plans both.
 *
 * To run the inner side, a scan whose FC_SCAN_BATCH is not NIL
 *
 *	1. in BeginForeignScan, unless EXEC_FLAG_EXPLAIN_ONLY is set, calls
 *			state->batch = fc_batch_begin(node, &batch_source,
 *										  (List *) list_nth(fdw_private,
 *															FC_SCAN_BATCH));
 *	2. in IterateForeignScan does nothing but
 *			return fc_batch_next(state->batch, &id);
 *	   and give the row its ctid, by its id.  The slot returned is not always
 *	   node->ss.ss_ScanTupleSlot.
 *	3. in ReScanForeignScan does nothing but
 *			fc_batch_rescan(state->batch);
 *	   since ask, below, begins each query anew;
 *	4. gives two callbacks.  ask(node, operand, keys) evaluates all operands
 *	   but the one numbered operand, takes keys (an int8[]; its type is
 *	   INT8ARRAYOID, it is not NULL) in its place, calls fc_bind_query and
 *	   fc_pager_ask.  next(node, id) puts the next item into
 *	   node->ss.ss_ScanTupleSlot, as IterateForeignScan otherwise would, and
 *	   its id into *id; it returns false at the end.
 *
 * Keys that are NULL never reach ask.  There is nothing to end.
 */
#ifndef FC_BATCH_H
#define FC_BATCH_H

#include "nodes/execnodes.h"
#include "nodes/extensible.h"

/* Positions in FC_SCAN_BATCH of a ForeignScan's fdw_private. */
enum FcBatchIndex
{
	FC_BATCH_SLOT,				/* number of the link's executor parameter */
	FC_BATCH_OPERAND,			/* of the key in fdw_exprs */
	FC_BATCH_ATTRIBUTE			/* the key's attribute number in the table */
};

/* Positions in the custom_private of a CustomScan "BatchKeys". */
enum FcBatchKeysIndex
{
	FC_BATCH_KEYS_SLOT,			/* number of the link's executor parameter */
	FC_BATCH_KEYS_FIRST,		/* keys to collect for the first batch */
	FC_BATCH_KEYS_SIZE			/* keys to collect for a batch at most */
};

/* What the scan does for its batches. */
typedef struct FcBatchSource
{
	void		(*ask) (ForeignScanState *node, int operand, Datum keys);
	bool		(*next) (ForeignScanState *node, int64 *id);
} FcBatchSource;

typedef struct FcBatch FcBatch;

/* Of a CustomScan "BatchKeys". */
extern const CustomScanMethods fc_batch_keys_methods;

extern FcBatch *fc_batch_begin(ForeignScanState *node,
							   const FcBatchSource *source, List *private);
extern TupleTableSlot *fc_batch_next(FcBatch *batch, int64 *id);
extern void fc_batch_rescan(FcBatch *batch);

#endif							/* FC_BATCH_H */
