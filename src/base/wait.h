/*
 * wait.h
 *		Wait so that the backend can be cancelled at any time.
 */
#ifndef FC_WAIT_H
#define FC_WAIT_H

#include "storage/latch.h"

/* What a backend waits for; shown in pg_stat_activity. */
typedef enum FcWaitCause
{
	FC_WAIT_HTTP,				/* an answer */
	FC_WAIT_RATE_LIMIT,			/* the limiter */
	FC_WAIT_BACKOFF				/* the time of the next try */
} FcWaitCause;

extern void fc_wait(double milliseconds, FcWaitCause cause);
extern int	fc_wait_sockets(WaitEventSet *set, WaitEvent *ready, int size,
							double milliseconds, FcWaitCause cause);
extern double fc_wait_clock(void);

#endif							/* FC_WAIT_H */
