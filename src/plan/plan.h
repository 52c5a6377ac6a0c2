/*
 * plan.h
 *		What the planner tells the executor of a scan.
 *
 * plan.c fills in a plan, read/scan.c reads it.  A plan holds nothing but
 * integers, floats and lists of them, so that it can be copied and cached.
 */
#ifndef FC_PLAN_H
#define FC_PLAN_H

#include "foreign/fdwapi.h"

/* Positions in a ForeignScan's fdw_private. */
typedef enum FcScanPrivateIndex
{
	FC_SCAN_CONDITIONS,			/* as of fc_query_conditions_to_list */
	FC_SCAN_ATTRIBUTES,			/* integers: attribute numbers that are read */
	FC_SCAN_STRICT,				/* integers: those that decide on rows */
	FC_SCAN_ORDER,				/* integers: column number, is descending */
	FC_SCAN_LIMIT,				/* integer: rows wanted at first, 0 unknown */
	FC_SCAN_FEW,				/* integer: does a LIMIT end the scan? */
	FC_SCAN_ROUTE,				/* integer: number of the route expected */
	FC_SCAN_LIST,				/* integer: of the list that is asked before
								 * it for which rows there are; -1 if none */
	FC_SCAN_REQUESTS,			/* float: requests expected, of one scan */
	FC_SCAN_LOOPS,				/* float: distinct rescans expected, in one
								 * run of the query that it stands in */
	FC_SCAN_CALLS,				/* float: for how many values of the queries
								 * around it this one is run; 0 if the scan
								 * reads none of them */
	FC_SCAN_WHOLE,				/* float: requests of the whole list; -1 if it
								 * would not do */
	FC_SCAN_BATCH,				/* integers by FcBatchIndex; or NIL */
	FC_SCAN_CTID,				/* integer: does the query read the ctid? */
	FC_SCAN_NAMED,				/* integer: are the rows named by their ids,
								 * and not read?  set by write/unread.c */
	FC_SCAN_LENGTH
} FcScanPrivateIndex;

extern ForeignScan *frontcoreGetForeignPlan(PlannerInfo *root,
											RelOptInfo *rel, Oid relid,
											ForeignPath *best_path,
											List *tlist, List *scan_clauses,
											Plan *outer_plan);
extern double fc_plan_loops(const ForeignScan *plan);
extern void fc_plan_init(void);

#endif							/* FC_PLAN_H */
