/*
 * stats.h
 *		Counters, activity and what was learned of accounts, for all backends.
 *
 * Lives in a pinned dynamic shared memory segment; its handle lies
 * in a slot that the caller of fc_stats_attach names.  Before that call
 * nothing is counted and nothing known.
 */
#ifndef FC_STATS_H
#define FC_STATS_H

#include "datatype/timestamp.h"

typedef enum FcActivityState
{
	FC_ACTIVITY_QUEUED,			/* in the limiter's queue */
	FC_ACTIVITY_WAITING,		/* first in the queue, for the rate limit */
	FC_ACTIVITY_SENDING,		/* request sent, answer awaited */
	FC_ACTIVITY_BACKING_OFF		/* before a retry */
} FcActivityState;

/* What one exchange, or one scan, adds to the counters of its resource. */
typedef struct FcCounts
{
	int64		requests;
	int64		cache_hits;
	int64		rows_read;
	int64		rows_written;
	int64		bytes_received;
	int64		retries;
	int64		errors;
	double		http_ms;
	double		wait_ms;		/* for the limiter and in back-off */
	int64		shared_hits;	/* answers taken from other sessions */
	int64		stale_hits;		/* of these, those whose time was up */
	int64		writes;			/* requests that write, sent */
	int64		unknown_outcomes;	/* of these, those without an answer */
} FcCounts;

/*
 * What PUTs of an account's resource were seen to do to fields that they were
 * not meant to change; columns as bits, by their number in the catalog.
 */
typedef struct FcPutLessons
{
	uint64		kept;			/* left out, proven to stay as they are */
	uint64		sent;			/* sent along as they were, and stayed */
	uint64		cleared;		/* sent along as null; stayed null */
	uint64		stuck;			/* sent back, but did not become that */
	uint64		unread;			/* the item by its id does not hold them */
	uint16		values[64];		/* by column, a hash of a value that stayed
								 * when left out; 0 if none is known */
} FcPutLessons;

/*
 * What was learned of an account's list (an account is a 16 byte digest).
 * Planner and pager read it; 0 means nothing known yet.
 */
typedef struct FcLearned
{
	uint64		flags;			/* the pager's and modify's bits */
	uint64		lacks[8];		/* per route, columns its items lack */
	int			longest[8];		/* per route, items of its longest page */
	int			longest_of_one; /* most items of one parent on a page */
	double		rows;			/* rows of the whole list, -1 if unknown */
	TimestampTz seen;			/* when rows was learned */
	TimestampTz flagged;		/* when a flag was set last */
	FcPutLessons put;
	TimestampTz stuck;			/* when put.stuck was learned last */
} FcLearned;

/* A row of the view frontcore_stat. */
typedef struct FcStatsRow
{
	Oid			serverid;		/* of the current database */
	const char *resource;
	FcCounts	counts;
	const char *last_error;		/* NULL if there was none */
	TimestampTz last_error_at;
	TimestampTz reset_at;		/* of the database's counters, 0 if never */
	Oid			error_roleid;	/* who met it */
} FcStatsRow;

/* A row of the view frontcore_activity. */
typedef struct FcActivity
{
	int			pid;
	Oid			roleid;			/* who logged in */
	const char *server;
	const char *resource;
	FcActivityState state;
	int64		requests_done;
	int64		requests_estimated; /* 0 if unknown */
	int64		rows_read;
	TimestampTz since;			/* when this scan, or write, began */
} FcActivity;

extern void fc_stats_attach(uint32 *segment_slot);
extern void fc_stats_add(Oid serverid, const char *resource,
						 const FcCounts *counts);
extern void fc_stats_error(Oid serverid, const char *resource,
						   const char *message);
extern FcStatsRow *fc_stats_rows(int *count);
extern void fc_stats_reset(void);

extern void fc_stats_activity(Oid serverid, const char *resource,
							  FcActivityState state,
							  int64 requests_done, int64 requests_estimated,
							  int64 rows_read);
extern void fc_stats_idle(void);
extern FcActivity *fc_stats_activities(int *count);

extern bool fc_stats_learned(const uint8 *account, const char *resource,
							 FcLearned *learned);
extern void fc_stats_learn_flags(const uint8 *account, const char *resource,
								 uint64 set, uint64 clear);
extern void fc_stats_learn_lacks(const uint8 *account, const char *resource,
								 int route, uint64 columns);
extern void fc_stats_learn_longest(const uint8 *account, const char *resource,
								   int route, int items, int of_one);
extern void fc_stats_learn_put(const uint8 *account, const char *resource,
							   const FcPutLessons *lessons);
extern void fc_stats_learn_rows(const uint8 *account, const char *resource,
								double rows);

#endif							/* FC_STATS_H */
