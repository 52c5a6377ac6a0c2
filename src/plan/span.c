/*
 * span.c
 *		What comparisons leave of values that are counted as integers.
 */
#include "postgres.h"

#include "common/int.h"
#include "plan/span.h"

static const FcSpan no_value = FC_NO_VALUE;

static void set_first(FcSpan *span, int64 from, int64 offset);
static void set_last(FcSpan *span, int64 from, int64 offset);

/*
 * fc_span_is_empty
 *		Is there no value left?
 */
bool
fc_span_is_empty(const FcSpan *span)
{
	return span->first > span->last;
}

/*
 * fc_span_narrow
 *		Leave those values of the span that compare so with the operand.
 */
void
fc_span_narrow(FcSpan *span, FcOperator operator, const FcPosition *position)
{
	int			step = position->vague ? 0 : 1;
	bool		wants_less = (operator == FC_LESS ||
							  operator == FC_LESS_EQUAL);
	bool		wants_greater = (operator == FC_GREATER ||
								 operator == FC_GREATER_EQUAL);

	if (position->infinite != 0)
	{
		/* met by every value, or by none */
		if (position->infinite < 0 ? !wants_greater : !wants_less)
			*span = no_value;
		return;
	}

	switch (operator)
	{
		case FC_EQUAL:
		case FC_EQUAL_ANY:
			set_first(span, position->ceiling, 0);
			set_last(span, position->floor, 0);
			break;
		case FC_LESS:
			set_last(span, position->ceiling, -step);
			break;
		case FC_LESS_EQUAL:
			set_last(span, position->floor, 0);
			break;
		case FC_GREATER:
			set_first(span, position->floor, step);
			break;
		case FC_GREATER_EQUAL:
			set_first(span, position->ceiling, 0);
			break;
		case FC_WITHIN:
			break;
	}
}

/*
 * fc_span_intersect
 *		Leave the values that are in the other span, too.
 */
void
fc_span_intersect(FcSpan *span, const FcSpan *other)
{
	span->first = Max(span->first, other->first);
	span->last = Min(span->last, other->last);
}

/*
 * fc_span_extend
 *		Add the values of the other span, and what lies between.
 */
void
fc_span_extend(FcSpan *span, const FcSpan *other)
{
	if (fc_span_is_empty(other))
		return;
	span->first = Min(span->first, other->first);
	span->last = Max(span->last, other->last);
}

/*
 * fc_span_move
 *		Move both ends.  An end that would leave the scale is no bound any
 *		more.
 */
void
fc_span_move(FcSpan *span, int64 by_first, int64 by_last)
{
	if (span->first != PG_INT64_MIN &&
		pg_add_s64_overflow(span->first, by_first, &span->first))
		span->first = PG_INT64_MIN;
	if (span->last != PG_INT64_MAX &&
		pg_add_s64_overflow(span->last, by_last, &span->last))
		span->last = PG_INT64_MAX;
}

/*
 * Leave values from from + offset on; none if there is no such number.
 */
static void
set_first(FcSpan *span, int64 from, int64 offset)
{
	int64		first;

	if (pg_add_s64_overflow(from, offset, &first))
		*span = no_value;
	else
		span->first = Max(span->first, first);
}

/*
 * Leave values up to from + offset; none if there is no such number.
 */
static void
set_last(FcSpan *span, int64 from, int64 offset)
{
	int64		last;

	if (pg_add_s64_overflow(from, offset, &last))
		*span = no_value;
	else
		span->last = Min(span->last, last);
}
