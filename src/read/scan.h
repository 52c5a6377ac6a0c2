/*
 * scan.h
 *		The executor's callbacks of a scan.
 */
#ifndef FC_SCAN_H
#define FC_SCAN_H

#include "nodes/execnodes.h"

struct ExplainState;

extern void frontcoreBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *frontcoreIterateForeignScan(ForeignScanState *node);
extern void frontcoreReScanForeignScan(ForeignScanState *node);
extern void frontcoreEndForeignScan(ForeignScanState *node);
extern void frontcoreExplainForeignScan(ForeignScanState *node,
										struct ExplainState *es);

#endif							/* FC_SCAN_H */
