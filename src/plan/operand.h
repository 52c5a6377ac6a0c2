/*
 * operand.h
 *		What the two sides of a comparison are: a column, and an operand.
 *
 * Which comparisons of a column go upstream is for comparison.c to say.
 */
#ifndef FC_OPERAND_H
#define FC_OPERAND_H

#include "api/option.h"
#include "nodes/pathnodes.h"
#include "plan/comparison.h"

/* Whose clauses are looked at. */
typedef struct FcMatcher
{
	PlannerInfo *root;
	RelOptInfo *rel;
	const FcTable *table;
} FcMatcher;

/* A column of the table, or its ctid. */
typedef struct FcColumnRef
{
	const FcColumn *column;
	AttrNumber	attnum;
	const FcScale *scale;
} FcColumnRef;

/* By the strategy numbers of btree. */
extern const FcOperator fc_operand_operators[];

extern bool fc_operand_column(const FcMatcher *matcher, Expr *expr,
							  FcColumnRef *result);
extern bool fc_operand_is_free(const FcMatcher *matcher, Expr *operand);

#endif							/* FC_OPERAND_H */
