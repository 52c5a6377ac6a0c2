/*
 * scan.h
 *		The executor's callbacks of a scan, and its state while it runs.
 *
 * What EXPLAIN says of a scan is in explain.c.
 */
#ifndef FC_SCAN_H
#define FC_SCAN_H

#include "api/exchange.h"
#include "api/option.h"
#include "api/query.h"
#include "api/sharing.h"
#include "join/batch.h"
#include "nodes/execnodes.h"
#include "read/harvest.h"
#include "read/identity.h"
#include "read/pager.h"
#include "read/tuple.h"

typedef struct FcScanState
{
	/* what is asked, of whom */
	const FcServer *server;
	const FcTable *table;
	FcApi	   *api;			/* NULL if only explained */
	FcMeter		use;
	FcKeep		keep;
	FcSharing	sharing;		/* if the table has cache 'shared' */

	/* from the plan */
	List	   *conditions;		/* of FcCondition * */
	List	   *operands;		/* of ExprState * */
	FcQuery		model;			/* the query before its operands are known */
	bool		is_named;		/* rows are named by ids, and not asked for */

	/* while it runs */
	FcQuery    *query;			/* NULL while nothing has been asked */
	FcTupleReader *reader;
	List	   *generated;		/* of GeneratedColumn * */
	FcHarvest  *harvest;		/* keeps the items for a write, or NULL */
	FcPager    *pager;			/* NULL if nothing is asked */
	int			next_named;		/* of query's ids, if is_named */
	bool		waits;			/* for operands that execution sets */
	FcBatch    *batch;			/* inner side of a batched join, or NULL */
	FcIdentity *identity;		/* of its rows; NULL if nobody looks at it */
	MemoryContext question_context; /* of query */
	MemoryContext tuple_context;	/* of one row */
} FcScanState;

extern void frontcoreBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *frontcoreIterateForeignScan(ForeignScanState *node);
extern void frontcoreReScanForeignScan(ForeignScanState *node);
extern void frontcoreEndForeignScan(ForeignScanState *node);

extern FcQuery *fc_scan_query(const FcScanState *state,
							  ForeignScanState *node, const List *conditions,
							  int replaced, Datum replacement);

#endif							/* FC_SCAN_H */
