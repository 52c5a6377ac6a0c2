/*
 * history.h
 *		The times of past answers, and when one more request is allowed.
 *
 * A history of zeros is empty; it may lie in shared memory.
 */
#ifndef FC_HISTORY_H
#define FC_HISTORY_H

#define FC_HISTORY_MARKS	16
#define FC_NEVER			PG_INT64_MAX	/* not before something happens */

/*
 * A number of answered requests.  Only the low 32 bits of the time are kept,
 * which are ambiguous after 71 minutes.  So the caller clears a history whose
 * last mark is old, and never adds a mark far from the last one.
 */
typedef struct FcHistoryMark
{
	uint32		time;			/* when the last of them was answered */
	uint32		count;			/* how many they are */
} FcHistoryMark;

/* Oldest mark first. */
typedef struct FcHistory
{
	int			length;
	FcHistoryMark marks[FC_HISTORY_MARKS];
} FcHistory;

extern int64 fc_history_opens_at(const FcHistory *history, int limit,
								 int64 window, int in_flight, int64 now);
extern void fc_history_add(FcHistory *history, int64 window, int64 when,
						   int64 now);
extern void fc_history_clear(FcHistory *history);

#endif							/* FC_HISTORY_H */
