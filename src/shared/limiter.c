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
 * Queue: a backend that wants to send joins the queue of the account, and may
 * send when it is first in the queue.  So requests are sent in the order in
 * which backends joined.  A backend polls (fc_limiter_poll), and is told how
 * long to wait before it polls again: the exact time if only time has to pass,
 * and never more than a second.  The latch of a backend is set when it becomes
 * first in the queue, and when a request ends that may have held it up.
 *
 * Blocks: a 429 blocks the account for all backends, until the time that the
 * API named, or for a back-off that doubles with each episode.  An answer to a
 * request that was sent before the block began belongs to the same episode.
 * It may prolong the block, by a second or until a time that the API names,
 * but it does not double the back-off.
 *
 * Locking: one lightweight lock protects the block.  It is held while a few
 * short arrays are searched, and never while a backend waits, sends or
 * allocates.  State of one backend is not in shared memory, so that
 * fc_limiter_start needs no lock: a callback of libcurl calls it, and must
 * neither wait nor throw.  After an ERROR or FATAL, a transaction or exit
 * callback gives up the backend's place, if the caller has not done so.  If a
 * backend is killed, the server restarts, and shared memory is created anew.
 *
 * Memory: the block is allocated on first use, from the shared memory that the
 * server keeps spare for libraries that are not preloaded; if we are
 * preloaded, at the start of the server.  The block has to be small, so there
 * are few accounts, and the history of each is short (history.c).
 */
#include "postgres.h"

#include <math.h>
#include <time.h>

#include "access/xact.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "shared/history.h"
#include "shared/limiter.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#define BLOCK_NAME		"frontcore_fdw limiter 1.0"
#define BLOCK_SIZE		(32 * 1024) /* never more than this */
#define ACCOUNTS		64
#define URL_LENGTH		64		/* longer ones are cut in the view */
#define NOBODY			(-1)	/* ends a list of waiters */

/* Times are in microseconds of the monotonic clock. */
#define MILLISECOND		INT64CONST(1000)
#define SECOND			(1000 * MILLISECOND)
#define MINUTE			(60 * SECOND)

#define ABANDONED_DELAY (2 * SECOND)	/* until it counts as answered */
#define LONGEST_POLL	SECOND	/* until a waiter looks for itself */
#define CROWDED_POLL	(50 * MILLISECOND)	/* the same, out of the queue */

/*
 * How long a block lasts.  A 429 blocks for a second at least, since that is
 * the API's window.  A time of more than a day means a refusal (some servers
 * say 2147483647 seconds); the API is asked again after a minute.
 */
#define SHORTEST_BLOCK	SECOND
#define LONGEST_BLOCK	(24 * 60 * MINUTE)
#define REFUSAL_BLOCK	MINUTE
#define MAX_EPISODE		7		/* doubling ends at 64 seconds */

/* A backend that waits, or a free place for one. */
typedef struct Waiter
{
	int			procno;			/* of its PGPROC */
	int			next;			/* behind it in the queue, or next free one */
} Waiter;

/* One account. */
typedef struct Account
{
	FcAccount	id;
	char		base_url[URL_LENGTH];	/* for the view */
	double		per_second;		/* limit of the last request, for the view */
	bool		counts_minutes; /* some request had a limit per minute */

	/* the queue, and what is under way */
	int			first;			/* waiter that goes next, or NOBODY */
	int			last;			/* waiter that came last, or NOBODY */
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
} Account;

/* The block of shared memory. */
typedef struct Block
{
	LWLock		lock;			/* guards all but the constants */
	int			tranche;		/* the lock's; constant */
	int			waiters_count;	/* elements of waiters; constant */
	uint32		segment;		/* stats.c's handle, under its own lock */
	int			free_waiter;	/* first of the free places, or NOBODY */
	int64		created;		/* constant */
	int64		crashed;		/* requests in flight before are lost */
	int64		forgotten;		/* last answer that nobody remembers */
	Account		accounts[ACCOUNTS];
	Waiter		waiters[FLEXIBLE_ARRAY_MEMBER];
} Block;

#define MAX_WAITERS \
	((int) ((BLOCK_SIZE - offsetof(Block, waiters)) / sizeof(Waiter)))

StaticAssertDecl(offsetof(Block, waiters) + 256 * sizeof(Waiter) <= BLOCK_SIZE,
				 "no room for waiters in the limiter's block");
StaticAssertDecl(FC_HISTORY_MARKS * MINUTE < PG_INT32_MAX,
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
	char		base_url[URL_LENGTH];
	int			account;		/* index of the account's entry */
	int			place;			/* index of the waiter, or NOBODY */
	int64		joined;			/* when it came */
	int64		let_go;			/* when it was let go */
	bool		waited;			/* was told to wait */
	bool		started;		/* may have reached the API */
	TimestampTz start_time;
}			request;

static Block *block = NULL;		/* NULL until attached */
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void request_at_startup(void);
static void create_at_startup(void);
static void attach_block(void);
static Block *get_block(bool *found);
static Size block_size(void);
static void *find_block(Size size, bool *found);
static void init_block(Block *new_block);
static void look_for_crash(Block *new_block);
static void register_callbacks(void);
static void leave_queue(void);
static void leave_at_exit(int code, Datum arg);
static void leave_at_abort(XactEvent event, void *arg);
static void leave_at_subabort(SubXactEvent event, SubTransactionId subid,
							  SubTransactionId parent, void *arg);

static int	find_account(const FcAccount *id);
static int	take_account(const FcAccount *id, int64 now);
static bool account_is_idle(const Account *account, int64 now);

static bool enter_queue(void);
static int	count_ahead(const Account *account);
static bool quit_queue(Account *account);
static void let_go(Account *account, int64 now);
static void count_wait(Account *account, int64 now);
static int	first_procno(const Account *account);
static void wake(int procno);

static int64 may_start_at(const Account *account, const FcLimits *limits,
						  int64 now);
static int64 second_opens_at(const Account *account, const FcLimits *limits,
							 int64 now);

static void note_answer(Account *account, int64 when, int64 now);
static void forget_old(Account *account, int64 now);

static void follow_advice(Account *account, const FcLimiterAdvice *advice,
						  int64 now);
static int64 hold_time(double hold_ms);
static int64 back_off_time(int episode);
static int64 read_clock(void);

/*
 * fc_limiter_request_memory
 *		Have the block created when the server starts.
 *
 * To be called by _PG_init, and only while libraries are preloaded.
 */
void
fc_limiter_request_memory(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_at_startup;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = create_at_startup;
}

/*
 * fc_limiter_segment_slot
 *		A place in shared memory for the handle of a dynamic segment.
 *
 * It is 0 when the block is created, hence also after a crash restart, which
 * removes all dynamic segments.
 */
uint32 *
fc_limiter_segment_slot(void)
{
	attach_block();
	return &block->segment;
}

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
	attach_block();

	request.id = *account;
	request.limits = *limits;
	strlcpy(request.base_url, base_url, URL_LENGTH);
	request.place = NOBODY;
	request.waited = false;
	request.started = false;

	if (!enter_queue())
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("too many FrontCore accounts are in use at once"),
				 errdetail("The rate limiter has room for %d accounts, and none of them is idle.",
						   ACCOUNTS)));
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
	Account    *account;
	int64		now;
	int64		when;
	int			next = NOBODY;

	Assert(request.phase == PHASE_QUEUED);
	*ahead = 0;
	if (request.place == NOBODY && !enter_queue())
		return CROWDED_POLL / (double) MILLISECOND;

	LWLockAcquire(&block->lock, LW_EXCLUSIVE);
	account = &block->accounts[request.account];
	now = read_clock();
	forget_old(account, now);
	*ahead = count_ahead(account);
	if (request.place == NOBODY)
		when = now + CROWDED_POLL;
	else if (*ahead > 0)
		when = FC_NEVER;
	else
		when = may_start_at(account, &request.limits, now);

	if (when <= now)
	{
		let_go(account, now);
		next = first_procno(account);
	}
	LWLockRelease(&block->lock);

	wake(next);
	if (when <= now)
		return 0;
	request.waited = true;
	return Min(when - now, LONGEST_POLL) / (double) MILLISECOND;
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

	LWLockAcquire(&block->lock, LW_SHARED);
	hold = block->accounts[request.account].blocked_until - read_clock();
	LWLockRelease(&block->lock);

	return hold > 0 ? hold / (double) MILLISECOND : 0;
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
fc_limiter_finish(FcLimiterOutcome outcome, const FcLimiterAdvice *advice)
{
	Account    *account;
	int64		now;
	int			next;

	if (request.phase != PHASE_IN_FLIGHT)
		return;
	if (outcome == FC_LIMITER_NOT_SENT && request.started)
		outcome = FC_LIMITER_ABANDONED;

	LWLockAcquire(&block->lock, LW_EXCLUSIVE);
	account = &block->accounts[request.account];
	now = read_clock();
	Assert(account->in_flight > 0);
	account->in_flight--;
	account->last_used = now;
	if (outcome != FC_LIMITER_NOT_SENT)
	{
		account->requests++;
		account->last_request = request.start_time;
		note_answer(account, outcome == FC_LIMITER_ANSWERED ? now + 1 :
					now + ABANDONED_DELAY, now);
	}
	if (outcome == FC_LIMITER_ANSWERED)
		follow_advice(account, advice, now);
	next = first_procno(account);
	LWLockRelease(&block->lock);

	request.phase = PHASE_NONE;
	wake(next);
}

/*
 * fc_limiter_throttle
 *		Note that an answer that was taken for a good one is as a 429.
 *
 * episode counts from 1 how often the request has met that in turn.
 */
void
fc_limiter_throttle(const FcAccount *id, const FcLimiterAdvice *advice,
					int episode)
{
	int			index;

	LWLockAcquire(&block->lock, LW_EXCLUSIVE);
	index = find_account(id);
	if (index >= 0)
	{
		Account    *account = &block->accounts[index];
		int64		now = read_clock();

		request.let_go = account->blocked_at;	/* it is news */
		account->episode = Min(episode, MAX_EPISODE) - 1;
		follow_advice(account, advice, now);
	}
	LWLockRelease(&block->lock);
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
	FcLimiterStatus *statuses = palloc0(ACCOUNTS * sizeof(FcLimiterStatus));
	char	   *urls = palloc(ACCOUNTS * URL_LENGTH);
	TimestampTz timestamp = GetCurrentTimestamp();
	int64		now;

	attach_block();
	*count = 0;

	LWLockAcquire(&block->lock, LW_SHARED);
	now = read_clock();
	for (int i = 0; i < ACCOUNTS; i++)
	{
		const Account *account = &block->accounts[i];
		FcLimiterStatus *status = &statuses[*count];

		if (account->last_used == 0)
			continue;

		status->account = account->id;
		status->base_url = memcpy(&urls[*count * URL_LENGTH],
								  account->base_url, URL_LENGTH);
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
	LWLockRelease(&block->lock);

	return statuses;
}

/* In the postmaster, at start: ask for the block's memory. */
static void
request_at_startup(void)
{
	if (previous_request_hook)
		previous_request_hook();

	RequestAddinShmemSpace(block_size());
}

/* In the postmaster, at start and after each crash: create the block. */
static void
create_at_startup(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();

	(void) get_block(&found);
}

/* Make the block usable in this backend. */
static void
attach_block(void)
{
	Block	   *new_block;
	bool		found;

	if (block != NULL)
		return;

	new_block = get_block(&found);
	LWLockRegisterTranche(new_block->tranche, "frontcore_fdw");
	register_callbacks();
	block = new_block;

	if (!found)
		look_for_crash(new_block);
}

/* Find the block of shared memory, or create it. */
static Block *
get_block(bool *found)
{
	Block	   *found_block;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	found_block = find_block(block_size(), found);
	if (!*found)
		init_block(found_block);
	LWLockRelease(AddinShmemInitLock);

	return found_block;
}

/* The block's size: enough for every backend, within bounds. */
static Size
block_size(void)
{
	return offsetof(Block, waiters) +
		Min(MaxBackends, MAX_WAITERS) * sizeof(Waiter);
}

/* Get the block from the server, with a better message if there is no room. */
static void *
find_block(Size size, bool *found)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	void	   *volatile new_block = NULL;

	PG_TRY();
	{
		new_block = ShmemInitStruct(BLOCK_NAME, size, found);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		FlushErrorState();
		ereport(ERROR,
				(errcode(error->sqlerrcode),
				 errmsg("could not set up the rate limiter: %s",
						error->message),
				 errhint("Add \"frontcore_fdw\" to \"shared_preload_libraries\" and restart the server.")));
	}
	PG_END_TRY();

	return new_block;
}

/* Fill in a block that was just created. */
static void
init_block(Block *new_block)
{
	memset(new_block, 0, block_size());
	new_block->tranche = LWLockNewTrancheId();
	LWLockInitialize(&new_block->lock, new_block->tranche);
	new_block->created = read_clock();
	new_block->crashed = new_block->created;
	new_block->forgotten = new_block->created;

	new_block->waiters_count = Min(MaxBackends, MAX_WAITERS);
	for (int i = 0; i < new_block->waiters_count; i++)
		new_block->waiters[i].next = i + 1;
	new_block->waiters[new_block->waiters_count - 1].next = NOBODY;
}

/*
 * Find the latest time at which the server can have crashed: when its control
 * file was written at the start.  That is usually long ago, and then nobody
 * has to wait for requests that may have been in flight.
 */
static void
look_for_crash(Block *new_block)
{
	bool		crc_ok;
	ControlFileData *control = get_controlfile(DataDir, &crc_ok);
	int64		age = (int64) (time(NULL) - control->time - 1) * SECOND;

	if (!crc_ok || age <= 0)
		return;

	LWLockAcquire(&new_block->lock, LW_EXCLUSIVE);
	new_block->crashed = new_block->created - age;
	LWLockRelease(&new_block->lock);
}

/* Register the callbacks that give up the backend's place; once. */
static void
register_callbacks(void)
{
	before_shmem_exit(leave_at_exit, (Datum) 0);
	RegisterXactCallback(leave_at_abort, NULL);
	RegisterSubXactCallback(leave_at_subabort, NULL);
}

/*
 * Give up the place in the queue, or the request that was let go.
 *
 * May be called at any time.
 */
static void
leave_queue(void)
{
	int			next = NOBODY;

	if (request.phase == PHASE_IN_FLIGHT)
		fc_limiter_finish(FC_LIMITER_NOT_SENT, NULL);
	else if (request.phase == PHASE_QUEUED && request.place != NOBODY)
	{
		Account    *account = &block->accounts[request.account];

		LWLockAcquire(&block->lock, LW_EXCLUSIVE);
		count_wait(account, read_clock());
		if (quit_queue(account))
			next = first_procno(account);
		LWLockRelease(&block->lock);
	}
	request.phase = PHASE_NONE;
	wake(next);
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

/* The index of an account's entry, often the last one used; -1 if none. */
static int
find_account(const FcAccount *id)
{
	for (int i = 0; i < ACCOUNTS; i++)
	{
		int			index = (request.account + i) % ACCOUNTS;
		const Account *account = &block->accounts[index];

		if (account->last_used != 0 &&
			memcmp(&account->id, id, sizeof(FcAccount)) == 0)
			return index;
	}
	return -1;
}

/*
 * Give an account an entry: a free one, or the idle one that was used least
 * recently.  The index of it, or -1 if there is none.
 */
static int
take_account(const FcAccount *id, int64 now)
{
	Account    *account;
	int			best = -1;

	for (int i = 0; i < ACCOUNTS; i++)
	{
		account = &block->accounts[i];
		if (account_is_idle(account, now) &&
			(best < 0 || account->last_used < block->accounts[best].last_used))
			best = i;
	}
	if (best < 0)
		return -1;

	account = &block->accounts[best];
	block->forgotten = Max(block->forgotten, account->last_answer);
	memset(account, 0, sizeof(Account));
	account->id = *id;
	account->first = account->last = NOBODY;
	account->full_at = block->forgotten;

	return best;
}

/*
 * May the entry of an account be reused?  Not while a backend uses it, nor, if
 * requests per minute are counted, before a minute has passed.
 */
static bool
account_is_idle(const Account *account, int64 now)
{
	return account->queued == 0 && account->in_flight == 0 &&
		account->blocked_until <= now &&
		(!account->counts_minutes || account->last_answer + MINUTE <= now);
}

/*
 * Enter the queue of the request's account; false if the account has no entry
 * and gets none.  If all places for waiters are taken, the request goes on
 * without one, and tries again at each poll.
 */
static bool
enter_queue(void)
{
	Account    *account;
	Waiter	   *waiter;
	int64		now;
	int			index;

	LWLockAcquire(&block->lock, LW_EXCLUSIVE);
	now = read_clock();
	index = find_account(&request.id);
	if (index < 0)
		index = take_account(&request.id, now);
	if (index < 0)
	{
		LWLockRelease(&block->lock);
		return false;
	}

	account = &block->accounts[index];
	account->last_used = now;
	account->per_second = request.limits.per_second;
	account->counts_minutes |= request.limits.per_minute > 0;
	memcpy(account->base_url, request.base_url, URL_LENGTH);

	request.account = index;
	request.place = block->free_waiter;
	if (request.place != NOBODY)
	{
		waiter = &block->waiters[request.place];
		block->free_waiter = waiter->next;
		waiter->procno = MyProc - ProcGlobal->allProcs;
		waiter->next = NOBODY;
		if (account->last == NOBODY)
			account->first = request.place;
		else
			block->waiters[account->last].next = request.place;
		account->last = request.place;
		account->queued++;
	}
	LWLockRelease(&block->lock);

	if (request.phase == PHASE_NONE)
		request.joined = now;
	request.phase = PHASE_QUEUED;
	return true;
}

/* How many backends are before this one in the queue? */
static int
count_ahead(const Account *account)
{
	int			ahead = 0;

	for (int i = account->first; i != request.place && i != NOBODY;
		 i = block->waiters[i].next)
		ahead++;

	return ahead;
}

/* Take this backend out of the queue, wherever in it it is.  Was it first? */
static bool
quit_queue(Account *account)
{
	int			place = request.place;
	int			before = NOBODY;

	for (int i = account->first; i != place; i = block->waiters[i].next)
		before = i;

	if (before == NOBODY)
		account->first = block->waiters[place].next;
	else
		block->waiters[before].next = block->waiters[place].next;
	if (account->last == place)
		account->last = before;
	account->queued--;

	block->waiters[place].next = block->free_waiter;
	block->free_waiter = place;
	request.place = NOBODY;

	return before == NOBODY;
}

/* Let this backend's request go. */
static void
let_go(Account *account, int64 now)
{
	quit_queue(account);
	count_wait(account, now);
	account->in_flight++;
	request.let_go = now;
	request.phase = PHASE_IN_FLIGHT;
}

/* Count how long this backend has waited, if it has. */
static void
count_wait(Account *account, int64 now)
{
	if (!request.waited)
		return;

	account->waits++;
	account->wait_ms += (now - request.joined) / (double) MILLISECOND;
}

/* Who is first in the queue now? */
static int
first_procno(const Account *account)
{
	if (account->first == NOBODY)
		return NOBODY;

	return block->waiters[account->first].procno;
}

/*
 * Wake up a waiting backend, so that it polls.  If it has left meanwhile,
 * another backend that uses its place is woken up, which does no harm.
 */
static void
wake(int procno)
{
	if (procno != NOBODY)
		SetLatch(&GetPGProcByNumber(procno)->procLatch);
}

/*
 * The time at which a request may be sent, as far as is known now: at once if
 * it is not in the future; FC_NEVER if another request has to end first.
 */
static int64
may_start_at(const Account *account, const FcLimits *limits, int64 now)
{
	int64		when = account->blocked_until;

	if (account->in_flight >= limits->max_concurrent)
		return FC_NEVER;

	if (limits->per_second > 0)
		when = Max(when, second_opens_at(account, limits, now));
	if (limits->per_minute > 0)
		when = Max(when, fc_history_opens_at(&account->minute,
											 limits->per_minute, MINUTE,
											 account->in_flight, now));
	return when;
}

/* The time at which the limit per second allows one more request. */
static int64
second_opens_at(const Account *account, const FcLimits *limits, int64 now)
{
	int			limit = Max(1, (int) limits->per_second);
	int64		window = SECOND;
	int64		settled;
	int64		when;

	if (limits->per_second < 1)
		window = (int64) ceil(SECOND / limits->per_second);

	/* Requests that a crash left in flight may still arrive. */
	settled = block->crashed + ABANDONED_DELAY + window;
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
note_answer(Account *account, int64 when, int64 now)
{
	forget_old(account, now);
	fc_history_add(&account->second, SECOND, when, now);
	fc_history_add(&account->minute, MINUTE, when, now);
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
forget_old(Account *account, int64 now)
{
	if (account->last_answer + MINUTE > now)
		return;

	fc_history_clear(&account->second);
	fc_history_clear(&account->minute);
}

/* Block the account if an answer says so, and count the episodes. */
static void
follow_advice(Account *account, const FcLimiterAdvice *advice, int64 now)
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
	if (hold_ms > LONGEST_BLOCK / MILLISECOND)
		return REFUSAL_BLOCK;

	return (int64) ceil(hold_ms * MILLISECOND);
}

/*
 * How long to block otherwise: 1, 2, 4 seconds and so on, plus a random part
 * of up to a half, so that several servers do not come back at the same time.
 */
static int64
back_off_time(int episode)
{
	double		jitter = pg_prng_double(&pg_global_prng_state);

	return (int64) ((SECOND << (episode - 1)) * (1 + jitter / 2));
}

/*
 * Microseconds of the monotonic clock, which all backends share.  It drops
 * fractions, hence the one microsecond that is added to an answer's time.
 */
static int64
read_clock(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MICROSEC(now);
}
