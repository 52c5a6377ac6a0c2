/*
 * history.h
 *		When requests were answered, and when a window of time allows more.
 *
 * A history of zeros is empty; it may lie in shared memory.
 */
#ifndef FC_HISTORY_H
#define FC_HISTORY_H

#define FC_HISTORY_MARKS	16
#define FC_NEVER			PG_INT64_MAX	/* not before something happens */

/*
 * Some requests that were answered.  Of the time only the low half is kept,
 * which is ambiguous after 71 minutes: the caller clears a history whose last
 * mark is old, and adds none that is far from it.
 */
typedef struct FcMark
{
	uint32		time;			/* when the last of them was answered */
	uint32		count;			/* how many they are */
} FcMark;

/* Oldest mark first. */
typedef struct FcHistory
{
	int			length;
	FcMark		marks[FC_HISTORY_MARKS];
} FcHistory;

extern int64 fc_history_opens_at(const FcHistory *history, int limit,
								 int64 window, int in_flight, int64 now);
extern void fc_history_add(FcHistory *history, int64 window, int64 when,
						   int64 now);
extern void fc_history_clear(FcHistory *history);

#endif							/* FC_HISTORY_H */
