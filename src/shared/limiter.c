/*
 * limiter.c
 *		Limit the requests per second of an account, over all backends.
 *
 * Guarantee: with a limit of n per second, at most n requests arrive at the
 * API within any second, whatever the network does.  A request arrives after
 * it was sent and before its answer is here.  So a request may be sent only
 * while fewer than n earlier ones are unanswered or were answered less than a
 * second ago.  Of any n + 1 requests, the one that was sent last was then sent
 * at least a second after another of them was answered, and so it arrived at
 * least a second after that one.  Three cases need an assumption:
 *
 * - A request that was abandoned may still be under way.  It counts as
 *	 answered two seconds later.  This is the only assumption about the
 *	 network.
 * - After a crash, the new block of shared memory knows nothing of earlier
 *	 requests.  Every account counts as full at the time of the crash, and as
 *	 many requests as may be in flight at once count as abandoned when the
 *	 server started again.
 * - If the entry of an account is reused for another account, its requests
 *	 are forgotten.  A new entry counts as full at the time of the last answer
 *	 that was forgotten.
 *
 * A limit of less than one a second, such as 0.5, is one request in any two
 * seconds.  Of a larger limit the fraction is dropped: 2.5 is 2 in any second.
 * The limit per minute works in the same way, but requests of which nothing is
 * known do not count, so that nobody has to wait for a minute after a crash.
 *
 * Queue: a backend that wants to send joins the queue of the account
 * (queue.c), and may send when it is first in the queue.  A backend polls
 * (fc_limiter_poll), and is told how long to wait before it polls again: the
 * exact time if only time has to pass, and never more than a second.  The
 * latch of a backend is set when it becomes first in the queue, and when a
 * request ends that may have held it up.
 *
 * Blocks: a 429 blocks the account for all backends, until the time that the
 * API named, or for a back-off that doubles with each episode.  An answer to a
 * request that was sent before the block began belongs to the same episode.
 * It may prolong the block, by a second or until a time that the API names,
 * but it does not double the back-off.
 *
 * Locking: one lightweight lock protects the accounts and queues in shared
 * memory (block.c).  It is held while a few short arrays are searched, and
 * never while a backend waits, sends or allocates.  State of one backend is
 * not in shared memory, so that fc_limiter_start needs no lock: a callback of
 * libcurl calls it, and must neither wait nor throw.  After an ERROR or FATAL,
 * a transaction or exit callback gives up the backend's place, if the caller
 * has not done so.  If a backend is killed, the server restarts, and shared
 * memory is created anew.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "common/pg_prng.h"
#include "shared/block.h"
#include "shared/limiter.h"
#include "shared/queue.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#define ABANDONED_DELAY (2 * FC_SECOND) /* until it counts as answered */
#define LONGEST_POLL	FC_SECOND	/* until a waiter looks for itself */
#define CROWDED_POLL	(50 * FC_MILLISECOND)	/* of one out of the queue */

/*
 * How long a block lasts.  A 429 blocks for a second at least, since that is
 * the API's window.  A time of more than a day means a refusal (some servers
 * say 2147483647 seconds); the API is asked again after a minute.
 */
#define SHORTEST_BLOCK	FC_SECOND
#define LONGEST_BLOCK	(24 * 60 * FC_MINUTE)
#define REFUSAL_BLOCK	FC_MINUTE
#define MAX_EPISODE		7		/* doubling ends at 64 seconds */

StaticAssertDecl(FC_HISTORY_MARKS * FC_MINUTE < PG_INT32_MAX,
				 "a mark's time may become ambiguous");

/* How far this backend's request is. */
typedef enum Phase
{
	PHASE_NONE,					/* there is none */
	PHASE_QUEUED,				/* waits, most often in the queue */
	PHASE_IN_FLIGHT				/* was let go */
} Phase;

static struct
{
	Phase		phase;
	FcAccount	id;
	FcLimits	limits;
	char		base_url[FC_BLOCK_URL];
	int			account;		/* index of the account's entry */
	int			place;			/* index of the waiter, or NOBODY */
	int64		joined;			/* when it came */
	int64		let_go;			/* when it was let go */
	bool		waited;			/* was told to wait */
	bool		started;		/* may have reached the API */
	TimestampTz start_time;
}			request;

static void register_callbacks(void);
static void leave_queue(void);
static void leave_at_exit(int code, Datum arg);
static void leave_at_abort(XactEvent event, void *arg);
static void leave_at_subabort(SubXactEvent event, SubTransactionId subid,
							  SubTransactionId parent, void *arg);

static bool enter_queue(void);
static void let_go(FcLimiterAccount *account, int64 now);
static void count_wait(FcLimiterAccount *account, int64 now);

static int64 may_start_at(const FcLimiterAccount *account,
						  const FcLimits *limits, int64 now);
static int64 second_opens_at(const FcLimiterAccount *account,
							 const FcLimits *limits, int64 now);

static void note_answer(FcLimiterAccount *account, int64 when, int64 now);
static void forget_old(FcLimiterAccount *account, int64 now);

static void follow_advice(FcLimiterAccount *account,
						  const FcLimiterAdvice *advice, int64 now);
static int64 hold_time(double hold_ms);
static int64 back_off_time(int episode);

/*
 * fc_limiter_join
 *		Enter an account's queue.
 *
 * Throws if there is no memory for the limiter, or no entry for the account.
 */
void
fc_limiter_join(const FcAccount *account, const char *base_url,
				const FcLimits *limits)
{
	leave_queue();
	fc_block_attach();
	register_callbacks();

	request.id = *account;
	request.limits = *limits;
	strlcpy(request.base_url, base_url, FC_BLOCK_URL);
	request.place = FC_NOBODY;
	request.waited = false;
	request.started = false;

	if (!enter_queue())
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("too many FrontCore accounts are in use at once"),
				 errdetail("The rate limiter has room for %d accounts, and none of them is idle.",
						   FC_BLOCK_ACCOUNTS)));
}

/*
 * fc_limiter_poll
 *		Milliseconds to wait before asking again; 0: send the request now.
 *
 * Sets *ahead to the number of backends before this one in the queue.  When 0
 * is returned the request counts as under way, until fc_limiter_finish or
 * an abort.
 */
double
fc_limiter_poll(int *ahead)
{
	FcLimiterAccount *account;
	int64		now;
	int64		when;
	int			next = FC_NOBODY;

	Assert(request.phase == PHASE_QUEUED);
	*ahead = 0;
	if (request.place == FC_NOBODY && !enter_queue())
		return CROWDED_POLL / (double) FC_MILLISECOND;

	LWLockAcquire(&fc_block->lock, LW_EXCLUSIVE);
	account = &fc_block->accounts[request.account];
	now = fc_block_clock();
	forget_old(account, now);
	*ahead = fc_queue_ahead(account, request.place);
	if (request.place == FC_NOBODY)
		when = now + CROWDED_POLL;
	else if (*ahead > 0)
		when = FC_NEVER;
	else
		when = may_start_at(account, &request.limits, now);

	if (when <= now)
	{
		let_go(account, now);
		next = fc_queue_first(account);
	}
	LWLockRelease(&fc_block->lock);

	fc_queue_wake(next);
	if (when <= now)
		return 0;
	request.waited = true;
	return Min(when - now, LONGEST_POLL) / (double) FC_MILLISECOND;
}

/*
 * fc_limiter_hold
 *		Milliseconds for which the API holds up the account, 0 if it does not.
 *
 * fc_limiter_poll includes this time, but never returns more than a second.
 */
double
fc_limiter_hold(void)
{
	int64		hold;

	if (request.phase == PHASE_NONE)
		return 0;

	LWLockAcquire(&fc_block->lock, LW_SHARED);
	hold = fc_block->accounts[request.account].blocked_until -
		fc_block_clock();
	LWLockRelease(&fc_block->lock);

	return hold > 0 ? hold / (double) FC_MILLISECOND : 0;
}

/*
 * fc_limiter_start
 *		Note that the request is about to be sent.
 *
 * Safe in a callback of libcurl's: it takes no lock and cannot throw.
 */
void
fc_limiter_start(void)
{
	request.start_time = GetCurrentTimestamp();
	request.started = true;
}

/*
 * fc_limiter_finish
 *		Note what became of the request that was let go.
 *
 * advice is what the answer said of the limit, NULL if nothing.  A request
 * that was started counts, even if the caller believes that it was not sent.
 */
void
fc_limiter_finish(FcOutcome outcome, const FcLimiterAdvice *advice)
{
	FcLimiterAccount *account;
	bool		may_arrive;		/* at the API, later */
	int64		now;
	int			next;

	if (request.phase != PHASE_IN_FLIGHT)
		return;
	if (outcome == FC_OUTCOME_NOT_SENT && request.started)
		outcome = FC_OUTCOME_LOST;
	may_arrive = outcome == FC_OUTCOME_LOST || outcome == FC_OUTCOME_TIMED_OUT;

	LWLockAcquire(&fc_block->lock, LW_EXCLUSIVE);
	account = &fc_block->accounts[request.account];
	now = fc_block_clock();
	Assert(account->in_flight > 0);
	account->in_flight--;
	account->last_used = now;
	if (outcome != FC_OUTCOME_NOT_SENT)
	{
		account->requests++;
		account->last_request = request.start_time;
		note_answer(account, now + (may_arrive ? ABANDONED_DELAY : 1), now);
		if (!may_arrive)
			follow_advice(account, advice, now);
	}
	next = fc_queue_first(account);
	LWLockRelease(&fc_block->lock);

	request.phase = PHASE_NONE;
	fc_queue_wake(next);
}

/*
 * fc_limiter_throttle
 *		Note that an answer that seemed good has to be treated as a 429.
 *
 * episode counts, from 1, how often in a row that happened to the request.
 */
void
fc_limiter_throttle(const FcAccount *id, const FcLimiterAdvice *advice,
					int episode)
{
	int			index;

	LWLockAcquire(&fc_block->lock, LW_EXCLUSIVE);
	index = fc_block_find(id);
	if (index >= 0)
	{
		FcLimiterAccount *account = &fc_block->accounts[index];
		int64		now = fc_block_clock();

		request.let_go = account->blocked_at;	/* it is news */
		account->episode = Min(episode, MAX_EPISODE) - 1;
		follow_advice(account, advice, now);
	}
	LWLockRelease(&fc_block->lock);
}

/*
 * fc_limiter_leave
 *		Give up what was begun by fc_limiter_join, if anything.
 */
void
fc_limiter_leave(void)
{
	leave_queue();
}

/*
 * fc_limiter_statuses
 *		All accounts, as an array in the current context.
 */
FcLimiterStatus *
fc_limiter_statuses(int *count)
{
	FcLimiterStatus *statuses =
	palloc0(FC_BLOCK_ACCOUNTS * sizeof(FcLimiterStatus));
	char	   *urls = palloc(FC_BLOCK_ACCOUNTS * FC_BLOCK_URL);
	TimestampTz timestamp = GetCurrentTimestamp();
	int64		now;

	fc_block_attach();
	*count = 0;

	LWLockAcquire(&fc_block->lock, LW_SHARED);
	now = fc_block_clock();
	for (int i = 0; i < FC_BLOCK_ACCOUNTS; i++)
	{
		const FcLimiterAccount *account = &fc_block->accounts[i];
		FcLimiterStatus *status = &statuses[*count];

		if (account->last_used == 0)
			continue;

		status->account = account->id;
		status->base_url = memcpy(&urls[*count * FC_BLOCK_URL],
								  account->base_url, FC_BLOCK_URL);
		status->per_second = account->per_second;
		status->requests = account->requests;
		status->waits = account->waits;
		status->wait_ms = account->wait_ms;
		status->throttled = account->throttled;
		status->queued = account->queued;
		status->in_flight = account->in_flight;
		if (account->blocked_until > now)
			status->blocked_until = timestamp + account->blocked_until - now;
		status->last_request = account->last_request;
		(*count)++;
	}
	LWLockRelease(&fc_block->lock);

	return statuses;
}

/* Register the callbacks that give up the backend's place; once. */
static void
register_callbacks(void)
{
	static bool is_registered = false;

	if (is_registered)
		return;
	before_shmem_exit(leave_at_exit, (Datum) 0);
	RegisterXactCallback(leave_at_abort, NULL);
	RegisterSubXactCallback(leave_at_subabort, NULL);
	is_registered = true;
}

/*
 * Give up the place in the queue, or the request that was let go.
 *
 * May be called at any time.
 */
static void
leave_queue(void)
{
	int			next = FC_NOBODY;

	if (request.phase == PHASE_IN_FLIGHT)
		fc_limiter_finish(FC_OUTCOME_NOT_SENT, NULL);
	else if (request.phase == PHASE_QUEUED && request.place != FC_NOBODY)
	{
		FcLimiterAccount *account = &fc_block->accounts[request.account];

		LWLockAcquire(&fc_block->lock, LW_EXCLUSIVE);
		count_wait(account, fc_block_clock());
		if (fc_queue_leave(account, request.place))
			next = fc_queue_first(account);
		LWLockRelease(&fc_block->lock);
	}
	request.phase = PHASE_NONE;
	fc_queue_wake(next);
}

/* A backend exits. */
static void
leave_at_exit(int code, Datum arg)
{
	leave_queue();
}

/* A transaction ends. */
static void
leave_at_abort(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		leave_queue();
}

/* A subtransaction ends. */
static void
leave_at_subabort(SubXactEvent event, SubTransactionId subid,
				  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		leave_queue();
}

/*
 * Enter the queue of the request's account; false if the account has no entry
 * and gets none.  If all places for waiters are taken, the request goes on
 * without one, and tries again at each poll.
 */
static bool
enter_queue(void)
{
	FcLimiterAccount *account;
	int64		now;
	int			index;

	LWLockAcquire(&fc_block->lock, LW_EXCLUSIVE);
	now = fc_block_clock();
	index = fc_block_find(&request.id);
	if (index < 0)
		index = fc_block_take(&request.id, now);
	if (index < 0)
	{
		LWLockRelease(&fc_block->lock);
		return false;
	}

	account = &fc_block->accounts[index];
	account->last_used = now;
	account->per_second = request.limits.per_second;
	account->counts_minutes |= request.limits.per_minute > 0;
	memcpy(account->base_url, request.base_url, FC_BLOCK_URL);

	request.account = index;
	request.place = fc_queue_enter(account);
	LWLockRelease(&fc_block->lock);

	if (request.phase == PHASE_NONE)
		request.joined = now;
	request.phase = PHASE_QUEUED;
	return true;
}

/* Let this backend's request go. */
static void
let_go(FcLimiterAccount *account, int64 now)
{
	(void) fc_queue_leave(account, request.place);
	request.place = FC_NOBODY;
	count_wait(account, now);
	account->in_flight++;
	request.let_go = now;
	request.phase = PHASE_IN_FLIGHT;
}

/* Count how long this backend has waited, if it has. */
static void
count_wait(FcLimiterAccount *account, int64 now)
{
	if (!request.waited)
		return;

	account->waits++;
	account->wait_ms += (now - request.joined) / (double) FC_MILLISECOND;
}

/*
 * The time at which a request may be sent, as far as is known now: at once if
 * it is not in the future; FC_NEVER if another request has to end first.
 */
static int64
may_start_at(const FcLimiterAccount *account, const FcLimits *limits,
			 int64 now)
{
	int64		when = account->blocked_until;

	if (account->in_flight >= limits->max_concurrent)
		return FC_NEVER;

	if (limits->per_second > 0)
		when = Max(when, second_opens_at(account, limits, now));
	if (limits->per_minute > 0)
		when = Max(when, fc_history_opens_at(&account->minute,
											 limits->per_minute, FC_MINUTE,
											 account->in_flight, now));
	return when;
}

/* The time at which the limit per second allows one more request. */
static int64
second_opens_at(const FcLimiterAccount *account, const FcLimits *limits,
				int64 now)
{
	int			limit = Max(1, (int) limits->per_second);
	int64		window = FC_SECOND;
	int64		settled;
	int64		when;

	if (limits->per_second < 1)
		window = (int64) ceil(FC_SECOND / limits->per_second);

	/* Requests that a crash left in flight may still arrive. */
	settled = fc_block->crashed + ABANDONED_DELAY + window;
	if (now < settled)
	{
		limit -= limits->max_concurrent;
		if (limit <= 0)
			return settled;
	}

	when = fc_history_opens_at(&account->second, limit, window,
							   account->in_flight, now);

	return Max(when, account->full_at + window);
}

/* Add a request that was answered, or counts as answered, to the history. */
static void
note_answer(FcLimiterAccount *account, int64 when, int64 now)
{
	forget_old(account, now);
	fc_history_add(&account->second, FC_SECOND, when, now);
	fc_history_add(&account->minute, FC_MINUTE, when, now);
	account->last_answer = Max(account->last_answer, when);
}

/*
 * Clear a history if all of it is older than a minute.  This is done before a
 * history is used.
 *
 * So successive marks are at most a minute apart, and the oldest one is never
 * so old that its time becomes ambiguous.
 */
static void
forget_old(FcLimiterAccount *account, int64 now)
{
	if (account->last_answer + FC_MINUTE > now)
		return;

	fc_history_clear(&account->second);
	fc_history_clear(&account->minute);
}

/* Block the account if an answer says so, and count the episodes. */
static void
follow_advice(FcLimiterAccount *account, const FcLimiterAdvice *advice,
			  int64 now)
{
	bool		throttled = advice != NULL && advice->throttled;
	bool		named = advice != NULL && advice->hold_ms >= 0;
	bool		news = request.let_go >= account->blocked_at;
	int64		hold = named ? hold_time(advice->hold_ms) : 0;

	if (throttled)
	{
		account->throttled++;
		if (news)
		{
			account->episode = Min(account->episode + 1, MAX_EPISODE);
			account->blocked_at = now;
			if (!named)
				hold = back_off_time(account->episode);
		}
		hold = Max(hold, SHORTEST_BLOCK);
	}
	else if (news)
		account->episode = 0;

	if (hold > 0)
		account->blocked_until = Max(account->blocked_until, now + hold);
}

/* How long to block if the API has named a time. */
static int64
hold_time(double hold_ms)
{
	if (hold_ms > LONGEST_BLOCK / FC_MILLISECOND)
		return REFUSAL_BLOCK;

	return (int64) ceil(hold_ms * FC_MILLISECOND);
}

/*
 * How long to block otherwise: 1, 2, 4 seconds and so on, plus a random part
 * of up to a half, so that several servers do not come back at the same time.
 */
static int64
back_off_time(int episode)
{
	double		jitter = pg_prng_double(&pg_global_prng_state);

	return (int64) ((FC_SECOND << (episode - 1)) * (1 + jitter / 2));
}
