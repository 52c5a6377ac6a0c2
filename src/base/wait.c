/*
 * wait.c
 *		Wait so that the backend can be cancelled at any time.
 *
 * All waiting of this extension is done here.  While it waits, the backend
 * also waits for its latch, and it serves interrupts.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "base/wait.h"
#include "compat.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/wait_event.h"

static const char *const event_names[] =
{
	[FC_WAIT_HTTP] = "FrontcoreHttp",
	[FC_WAIT_RATE_LIMIT] = "FrontcoreRateLimit",
	[FC_WAIT_BACKOFF] = "FrontcoreBackoff"
};

static int	get_timeout(double milliseconds);
static uint32 get_event(FcWaitCause cause);
static void serve_interrupts(void);

/*
 * fc_wait
 *		Wait for some time, or until somebody sets our latch.
 */
void
fc_wait(double milliseconds, FcWaitCause cause)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 get_timeout(milliseconds), get_event(cause));
	serve_interrupts();
}

/*
 * fc_wait_sockets
 *		Wait until a socket of the set is ready, somebody sets our latch, or
 *		the time is up.  The set has to contain our latch.
 *
 * Returns how many elements of ready are filled in.
 */
int
fc_wait_sockets(WaitEventSet *set, WaitEvent *ready, int size,
				double milliseconds, FcWaitCause cause)
{
	int			nready = WaitEventSetWait(set, get_timeout(milliseconds),
										  ready, size, get_event(cause));

	serve_interrupts();
	return nready;
}

/*
 * fc_wait_clock
 *		The time in milliseconds, of a clock that is never adjusted.
 */
double
fc_wait_clock(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MILLISEC(now);
}

/* Round up to whole milliseconds. */
static int
get_timeout(double milliseconds)
{
	return (int) ceil(Max(Min(milliseconds, INT_MAX), 0));
}

/* The server's number for what we wait for. */
static uint32
get_event(FcWaitCause cause)
{
	static uint32 events[lengthof(event_names)];

	if (events[cause] == 0)
		events[cause] = fc_new_wait_event(event_names[cause]);
	return events[cause];
}

static void
serve_interrupts(void)
{
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}
