/*
 * limiter.h
 *		Limit the requests per second of an account, over all backends.
 *
 * The limiter never sleeps.  It returns how long to wait; its caller waits
 * (fc_wait) and asks again:
 *
 *		fc_limiter_join(account, base_url, limits);
 *		while ((ms = fc_limiter_poll(&ahead)) > 0)
 *			fc_wait(ms, ...);
 *		... fc_limiter_start() when the request is about to be sent ...
 *		fc_limiter_finish(outcome, &advice);
 */
#ifndef FC_LIMITER_H
#define FC_LIMITER_H

#include "base/outcome.h"
#include "datatype/timestamp.h"
#include "shared/digest.h"

/* What a server's options allow; 0 means no such limit. */
typedef struct FcLimits
{
	double		per_second;		/* requests in any second */
	int			per_minute;		/* requests in any minute */
	int			max_concurrent; /* requests in flight at once, at least 1 */
} FcLimits;

/* What the headers of an answer say of the limit; -1 is unknown. */
typedef struct FcLimiterAdvice
{
	bool		throttled;		/* the answer was a 429, or counts as one */
	double		hold_ms;		/* send nothing for so long; -1 if not said */
} FcLimiterAdvice;

/* A row of the view frontcore_limiter. */
typedef struct FcLimiterStatus
{
	FcAccount	account;
	const char *base_url;		/* of the last server that used it */
	double		per_second;		/* the same server's limit, 0 if none */
	int64		requests;		/* sent */
	int64		waits;			/* requests that had to wait */
	double		wait_ms;		/* how long, all together */
	int64		throttled;		/* 429s seen */
	int			queued;			/* backends that wait */
	int			in_flight;		/* requests not answered yet */
	TimestampTz blocked_until;	/* 0 if not blocked */
	TimestampTz last_request;	/* 0 if there was none */
} FcLimiterStatus;

extern void fc_limiter_join(const FcAccount *account, const char *base_url,
							const FcLimits *limits);
extern double fc_limiter_poll(int *ahead);
extern double fc_limiter_hold(void);
extern void fc_limiter_start(void);
extern void fc_limiter_finish(FcOutcome outcome,
							  const FcLimiterAdvice *advice);
extern void fc_limiter_throttle(const FcAccount *id,
								const FcLimiterAdvice *advice, int episode);

extern void fc_limiter_leave(void);

extern FcLimiterStatus *fc_limiter_statuses(int *count);

#endif							/* FC_LIMITER_H */
