/*
 * history.c
 *		The times of past answers, and when one more request is allowed.
 *
 * A history is an array of marks, oldest first.  Each mark has a time, and the
 * number of requests that were answered between the mark before it and that
 * time.  The array is short.  When it is full, two marks that lie close
 * together become one, with the later time.  So requests may be allowed later
 * than necessary, but never too early, and this happens only if a window
 * allows more requests than there are marks.
 *
 * Times are in microseconds of a clock that the caller chooses.
 */
#include "postgres.h"

#include "shared/history.h"

static void make_room(FcHistory *history, int64 window, int64 now);
static int64 mark_time(const FcHistoryMark *mark, int64 now);

/*
 * fc_history_opens_at
 *		The time at which a window of so many requests allows one more.
 *
 * Requests in flight are counted first, then answers, beginning with the
 * newest.  If that does not fill the window, the result is now.  If requests
 * in flight fill it, the result is FC_NEVER.  Else it is the time at which the
 * answer that fills the window leaves it.
 */
int64
fc_history_opens_at(const FcHistory *history, int limit, int64 window,
					int in_flight, int64 now)
{
	int64		count = in_flight;

	if (count >= limit)
		return FC_NEVER;

	for (int i = history->length - 1; i >= 0; i--)
	{
		count += history->marks[i].count;
		if (count >= limit)
			return mark_time(&history->marks[i], now) + window;
	}
	return now;
}

/*
 * fc_history_add
 *		Add a request that was answered, or counts as answered.
 *
 * The time of an abandoned request is in the future, so the new mark is not
 * always the newest. window is the length of the window that this history is
 * for.
 */
void
fc_history_add(FcHistory *history, int64 window, int64 when, int64 now)
{
	int			i;

	if (history->length == FC_HISTORY_MARKS)
		make_room(history, window, now);

	for (i = history->length++; i > 0; i--)
	{
		if (mark_time(&history->marks[i - 1], now) <= when)
			break;
		history->marks[i] = history->marks[i - 1];
	}
	history->marks[i].time = (uint32) when;
	history->marks[i].count = 1;
}

/*
 * fc_history_clear
 *		Forget all requests.
 */
void
fc_history_clear(FcHistory *history)
{
	history->length = 0;
}

/*
 * Drop the oldest mark if it is older than the window.  Else merge two
 * neighbours: those that span the least time.
 */
static void
make_room(FcHistory *history, int64 window, int64 now)
{
	FcHistoryMark *marks = history->marks;
	int64		start = now - window;	/* of what the older mark stands for */
	int64		least = PG_INT64_MAX;
	int			best = 0;

	if (mark_time(&marks[0], now) > start)
	{
		for (int i = 0; i + 1 < FC_HISTORY_MARKS; i++)
		{
			int64		span = mark_time(&marks[i + 1], now) - start;

			if (span < least)
			{
				least = span;
				best = i;
			}
			start = mark_time(&marks[i], now);
		}
		marks[best + 1].count += marks[best].count;
	}

	memmove(&marks[best], &marks[best + 1],
			(FC_HISTORY_MARKS - best - 1) * sizeof(FcHistoryMark));
	history->length--;
}

/* A mark's time in full. */
static int64
mark_time(const FcHistoryMark *mark, int64 now)
{
	return now + (int32) (mark->time - (uint32) now);
}
