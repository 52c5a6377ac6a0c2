/*
 * pushdown.h
 *		Which clauses the API can evaluate, and as which filters.
 *
 * Nothing here does I/O.
 */
#ifndef FC_PUSHDOWN_H
#define FC_PUSHDOWN_H

#include "api/option.h"
#include "api/query.h"
#include "nodes/pathnodes.h"
#include "plan/implied.h"

/* A clause that the API can evaluate, or a superset of it. */
typedef struct FcPushed
{
	const FcColumn *column;
	FcOperator	operator;
	Expr	   *operand;		/* evaluated when the scan begins; with
								 * FC_WITHIN, the clause */
	AttrNumber	attnum;			/* the column's in the table */
	RestrictInfo *rinfo;
	bool		is_part;		/* the clause asks for more than that */
	const FcImplied *implied;	/* with FC_WITHIN: the range */
} FcPushed;

extern List *fc_pushdown_match(PlannerInfo *root, RelOptInfo *rel,
							   const FcTable *table, List *rinfos);
extern const FcColumn *fc_pushdown_column(RelOptInfo *rel,
										  const FcTable *table, Expr *expr,
										  Oid opfamily);
extern bool fc_pushdown_is_exact(const FcPushed *pushed);
extern List *fc_pushdown_conditions(const FcResource *resource,
									List *pushed, List **operands);

#endif							/* FC_PUSHDOWN_H */
