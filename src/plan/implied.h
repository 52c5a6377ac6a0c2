/*
 * implied.h
 *		Ranges of a column that follow from clauses.
 *
 * Which comparisons of a column itself go upstream is for pushdown.c to say.
 * The range is a superset of what the clause accepts.  Nothing here does I/O.
 */
#ifndef FC_IMPLIED_H
#define FC_IMPLIED_H

#include "plan/operand.h"

/* The operands of a scan's conditions, by number. */
typedef struct FcOperands
{
	Oid		   *types;
	Datum	   *values;
	bool	   *isnull;
} FcOperands;

/* A column of which a clause implies a range. */
typedef struct FcImplied
{
	FcColumnRef column;
	List	   *arms;			/* alternatives: lists of Atom *, see
								 * implied.c */
} FcImplied;

extern List *fc_implied_match(const FcMatcher *matcher, Expr *clause);

/* As a plan keeps the arms: lists of integers in lists of arms. */
extern List *fc_implied_to_list(const FcImplied *implied, List **operands);
extern List *fc_implied_operands(const List *arms);
extern void fc_implied_narrow(const List *arms, const FcOperands *operands,
							  FcSpan *span);

#endif							/* FC_IMPLIED_H */
