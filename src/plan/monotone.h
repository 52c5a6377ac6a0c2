/*
 * monotone.h
 *		Functions that keep, or turn round, the order of values.
 *
 * From a range of such a function's results follows a range of what it is
 * given.  Which clauses are made of them is for implied.c to say.  Nothing
 * here throws because of a value: it may be out of range where no row is.
 */
#ifndef FC_MONOTONE_H
#define FC_MONOTONE_H

#include "nodes/primnodes.h"
#include "plan/span.h"

/* What values are counted in. */
typedef enum FcAxis
{
	FC_AXIS_NUMBER,				/* integers */
	FC_AXIS_DAY,				/* days, as a date */
	FC_AXIS_CLOCK,				/* microseconds, as a timestamp */
	FC_AXIS_INSTANT				/* microseconds, as a timestamptz */
} FcAxis;

extern bool fc_monotone_axis(Oid type, FcAxis *axis);
extern bool fc_monotone_takes(FcAxis axis, Oid type);
extern FcPosition fc_monotone_locate(FcAxis axis, Oid type, Datum operand);

extern int	fc_monotone_peel(Expr *expr, Expr **inner, Expr **argument);
extern int	fc_monotone_cast(Oid from, Oid to);
extern void fc_monotone_invert(int function, Oid type, Datum argument,
							   FcSpan *span);

#endif							/* FC_MONOTONE_H */
