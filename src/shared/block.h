/*
 * block.h
 *		The limiter's block of shared memory.
 */
#ifndef FC_BLOCK_H
#define FC_BLOCK_H

#include "datatype/timestamp.h"
#include "shared/digest.h"
#include "shared/history.h"
#include "storage/lwlock.h"

#define FC_BLOCK_ACCOUNTS	64
#define FC_BLOCK_URL	64		/* longer ones are cut in the view */
#define FC_NOBODY		(-1)	/* ends a list of waiters */

/* Times are in microseconds of the monotonic clock. */
#define FC_MILLISECOND	INT64CONST(1000)
#define FC_SECOND		(1000 * FC_MILLISECOND)
#define FC_MINUTE		(60 * FC_SECOND)

/* A backend that waits, or a free place for one. */
typedef struct FcWaiter
{
	int			procno;			/* of its PGPROC */
	int			next;			/* behind it in the queue, or next free one */
} FcWaiter;

/* One account. */
typedef struct FcLimiterAccount
{
	FcAccount	id;
	char		base_url[FC_BLOCK_URL]; /* for the view */
	double		per_second;		/* limit of the last request, for the view */
	bool		counts_minutes; /* some request had a limit per minute */

	/* the queue, and what is under way */
	int			first;			/* waiter that goes next, or FC_NOBODY */
	int			last;			/* waiter that came last, or FC_NOBODY */
	int			queued;			/* waiters in the queue */
	int			in_flight;		/* requests let go and not finished */

	/* when requests may be sent */
	int64		full_at;		/* counts as full then */
	int64		last_answer;	/* newest mark; 0 if there is none */
	int64		blocked_at;		/* when the last block began */
	int64		blocked_until;	/* 0 if never blocked */
	int			episode;		/* blocks by 429s since the last success */
	FcHistory	second;
	FcHistory	minute;

	/* counters for the view */
	int64		last_used;		/* 0 means that the entry is free */
	int64		requests;
	int64		waits;
	int64		throttled;
	double		wait_ms;
	TimestampTz last_request;
} FcLimiterAccount;

/* The block of shared memory. */
typedef struct FcBlock
{
	LWLock		lock;			/* guards all but the constants */
	int			tranche;		/* the lock's; constant */
	int			waiters_count;	/* elements of waiters; constant */
	uint32		segment;		/* stats.c's handle, under its own lock */
	int			free_waiter;	/* first of the free places, or FC_NOBODY */
	int64		created;		/* constant */
	int64		crashed;		/* requests in flight before are lost */
	int64		forgotten;		/* last answer that nobody remembers */
	FcLimiterAccount accounts[FC_BLOCK_ACCOUNTS];
	FcWaiter	waiters[FLEXIBLE_ARRAY_MEMBER];
} FcBlock;

extern void fc_block_request_memory(void);
extern void fc_block_attach(void);
extern uint32 *fc_block_segment_slot(void);

/* Under the lock: */
extern int	fc_block_find(const FcAccount *id);
extern int	fc_block_take(const FcAccount *id, int64 now);

extern int64 fc_block_clock(void);

/* NULL until fc_block_attach */
extern FcBlock *fc_block;

#endif							/* FC_BLOCK_H */
