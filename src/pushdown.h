/*
 * pushdown.h
 *		Which clauses the API can evaluate, and as which filters.
 *
 * Layer 2.  Nothing here does I/O.
 */
#ifndef FC_PUSHDOWN_H
#define FC_PUSHDOWN_H

#include "nodes/pathnodes.h"
#include "option.h"
#include "query.h"

/* A clause that the API can evaluate, or a superset of it. */
typedef struct FcPushed
{
	const FcColumn *column;
	FcOperator	operator;
	Expr	   *operand;		/* evaluated when the scan begins */
	AttrNumber	attnum;			/* the column's in the table */
	RestrictInfo *rinfo;
} FcPushed;

/* The operands of a scan's conditions, once they are known. */
typedef struct FcOperands
{
	int			count;
	const Oid  *types;
	const Datum *values;
	const bool *isnull;
} FcOperands;

/* By FcOperator, as people write them. */
extern const char *const fc_pushdown_operators[];

extern List *fc_pushdown_match(PlannerInfo *root, RelOptInfo *rel,
							   const FcTable *table, List *rinfos);
extern const FcColumn *fc_pushdown_column(RelOptInfo *rel,
										  const FcTable *table, Expr *expr,
										  Oid opfamily);
extern bool fc_pushdown_is_exact(const FcPushed *pushed);
extern List *fc_pushdown_conditions(const FcResource *resource,
									List *pushed, List **operands);
extern void fc_pushdown_bind(FcQuery *query, const List *conditions,
							 const FcOperands *operands,
							 const char *filter_timezone, bool push_filters);

#endif							/* FC_PUSHDOWN_H */
