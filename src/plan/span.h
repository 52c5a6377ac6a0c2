/*
 * span.h
 *		What comparisons leave of values that are counted as integers.
 */
#ifndef FC_SPAN_H
#define FC_SPAN_H

#include "api/query.h"

/* Where an operand stands among the values that it is compared with. */
typedef struct FcPosition
{
	int			infinite;		/* -1 below, 1 above every value, else 0 */
	int64		floor;			/* greatest value not above the operand */
	int64		ceiling;		/* least value not below it */
	bool		vague;			/* the operand may be a bit off */
} FcPosition;

/* Values from the first to the last; none if first is above last. */
typedef struct FcSpan
{
	int64		first;			/* PG_INT64_MIN: no bound */
	int64		last;			/* PG_INT64_MAX: no bound */
} FcSpan;

#define FC_ALL_VALUES	{PG_INT64_MIN, PG_INT64_MAX}
#define FC_NO_VALUE		{PG_INT64_MAX, PG_INT64_MIN}

extern bool fc_span_is_empty(const FcSpan *span);
extern void fc_span_narrow(FcSpan *span, FcOperator operator,
						   const FcPosition *position);
extern void fc_span_intersect(FcSpan *span, const FcSpan *other);
extern void fc_span_extend(FcSpan *span, const FcSpan *other);
extern void fc_span_move(FcSpan *span, int64 by_first, int64 by_last);

#endif							/* FC_SPAN_H */
