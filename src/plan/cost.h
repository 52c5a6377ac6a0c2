/*
 * cost.h
 *		How many rows a scan gives, and how many requests it costs.
 *
 * Which ways of scanning there are is for paths.c to say.
 */
#ifndef FC_COST_H
#define FC_COST_H

#include "api/route.h"
#include "foreign/fdwapi.h"
#include "plan/present.h"
#include "plan/pushdown.h"

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

/* What a query, or one repetition of it, is thought to cost. */
typedef struct FcScanEstimate
{
	FcRouteChoice choice;
	double		rows;			/* that it gives */
	double		whole;			/* requests of the whole list, which would do
								 * for any number of such queries; -1 if none
								 * would */
} FcScanEstimate;

extern void frontcoreGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel,
									   Oid relid);

extern const FcPlanRelation *fc_cost_relation(const RelOptInfo *rel);
extern FcScanEstimate fc_cost_estimate(PlannerInfo *root, RelOptInfo *rel,
									   List *pushed, double rows,
									   const FcColumn *order, bool wants_few);
extern bool fc_cost_wants_part(PlannerInfo *root, const RelOptInfo *rel,
							   const List *pathkeys);
extern bool fc_cost_wants_few(PlannerInfo *root, const RelOptInfo *rel,
							  const List *pathkeys);
extern double fc_cost_rows_of_key(PlannerInfo *root, RelOptInfo *rel);

#endif							/* FC_COST_H */
