/*
 * plan.h
 *		What the planner tells the executor of a scan, and itself.
 *
 * plan.c fills in a plan, scan.c reads it; it holds nothing but integers,
 * floats and lists of them, so that plans can be copied and cached.
 */
#ifndef FC_PLAN_H
#define FC_PLAN_H

#include "api/route.h"
#include "foreign/fdwapi.h"
#include "plan/present.h"
#include "plan/pushdown.h"

/* Positions in a ForeignScan's fdw_private. */
typedef enum FcScanPrivateIndex
{
	FC_SCAN_CONDITIONS,			/* as of fc_query_conditions_to_list */
	FC_SCAN_ATTRIBUTES,			/* integers: attribute numbers that are read */
	FC_SCAN_STRICT,				/* integers: those that decide on rows */
	FC_SCAN_ORDER,				/* integers: column number, is descending */
	FC_SCAN_LIMIT,				/* integer: rows wanted at first, 0 unknown */
	FC_SCAN_ROUTE,				/* integer: number of the route expected */
	FC_SCAN_REQUESTS,			/* float: requests expected, of one scan */
	FC_SCAN_LOOPS,				/* float: distinct rescans expected */
	FC_SCAN_BATCH,				/* integers by FcBatchIndex; or NIL */
	FC_SCAN_CTID,				/* integer: does the query read the ctid? */
	FC_SCAN_LENGTH
} FcScanPrivateIndex;

/* A key that other relations may be asked for. */
typedef struct FcPlanKey
{
	FcPushed   *pushed;			/* of the join clause */
	ParamPathInfo *param_info;	/* of the other relations */
} FcPlanKey;

/* A foreign table while it is planned: RelOptInfo.fdw_private. */
typedef struct FcPlanRelation
{
	const FcServer *server;
	const FcTable *table;
	List	   *pushed;			/* FcPushed of the table's own clauses */
	List	   *keys;			/* of FcPlanKey * */
	bool		has_statistics; /* ANALYZE has seen it */
	bool		is_sized;		/* by its own clauses */
	FcRouteFacts facts;
	FcLearned	learned;		/* facts point here */
	List	   *needs;			/* of FcNeed * */
	FcPresent	present;		/* what other sessions have read */
	List	   *plans;			/* fdw_private of each plan made */
	double		startup_cost;	/* of a scan */
	double		request_cost;	/* of a request */
} FcPlanRelation;

extern void frontcoreGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel,
									   Oid relid);
extern void frontcoreGetForeignPaths(PlannerInfo *root, RelOptInfo *rel,
									 Oid relid);
extern ForeignScan *frontcoreGetForeignPlan(PlannerInfo *root,
											RelOptInfo *rel, Oid relid,
											ForeignPath *best_path,
											List *tlist, List *scan_clauses,
											Plan *outer_plan);

extern void fc_plan_init(void);
extern const FcPlanRelation *fc_plan_relation(const RelOptInfo *rel);
extern double fc_plan_rows_of_key(PlannerInfo *root, RelOptInfo *rel);
extern ForeignPath *fc_plan_batched_path(PlannerInfo *root, RelOptInfo *rel,
										 const FcPlanKey *key,
										 double requests, int route,
										 List *slot);

#endif							/* FC_PLAN_H */
