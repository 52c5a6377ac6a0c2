/*
 * block.c
 *		The limiter's block of shared memory.
 *
 * It is allocated on first use, from the shared memory that the server keeps
 * spare for libraries that are not preloaded; if we are preloaded, at the
 * start of the server.  It has to be small, so there are few accounts, and the
 * history of each is short (history.c).
 *
 * After a crash the server makes shared memory anew, and a new block knows
 * nothing of earlier requests; limiter.c tells what it assumes of them.
 */
#include "postgres.h"

#include <time.h>

#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "shared/block.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#define BLOCK_NAME		"frontcore_fdw limiter 1.0"
#define BLOCK_SIZE		(32 * 1024) /* never more than this */

#define MAX_WAITERS \
	((int) ((BLOCK_SIZE - offsetof(FcBlock, waiters)) / sizeof(FcWaiter)))

StaticAssertDecl(MAX_WAITERS >= 256,
				 "no room for waiters in the limiter's block");

FcBlock    *fc_block = NULL;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void request_at_startup(void);
static void create_at_startup(void);
static FcBlock *get_block(bool *found);
static Size block_size(void);
static void *find_block(Size size, bool *found);
static void init_block(FcBlock *new_block);
static void look_for_crash(FcBlock *new_block);
static bool account_is_idle(const FcLimiterAccount *account, int64 now);

/*
 * fc_block_request_memory
 *		Have the block created when the server starts.
 *
 * To be called by _PG_init, and only while libraries are preloaded.
 */
void
fc_block_request_memory(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_at_startup;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = create_at_startup;
}

/*
 * fc_block_attach
 *		Make the block usable in this backend.
 *
 * Throws if there is no memory for it.
 */
void
fc_block_attach(void)
{
	FcBlock    *new_block;
	bool		found;

	if (fc_block != NULL)
		return;

	new_block = get_block(&found);
	LWLockRegisterTranche(new_block->tranche, "frontcore_fdw");
	fc_block = new_block;

	if (!found)
		look_for_crash(new_block);
}

/*
 * fc_block_segment_slot
 *		A place in shared memory for the handle of a dynamic segment.
 *
 * It is 0 when the block is created, hence also after a crash restart, which
 * removes all dynamic segments.
 */
uint32 *
fc_block_segment_slot(void)
{
	fc_block_attach();
	return &fc_block->segment;
}

/*
 * fc_block_find
 *		The index of an account's entry, often the last one used; -1 if none.
 */
int
fc_block_find(const FcAccount *id)
{
	static int	last = 0;

	for (int i = 0; i < FC_BLOCK_ACCOUNTS; i++)
	{
		int			index = (last + i) % FC_BLOCK_ACCOUNTS;
		const FcLimiterAccount *account = &fc_block->accounts[index];

		if (account->last_used != 0 &&
			memcmp(&account->id, id, sizeof(FcAccount)) == 0)
			return last = index;
	}
	return -1;
}

/*
 * fc_block_take
 *		Give an account an entry: a free one, or the idle one that was used
 *		least recently.
 *
 * Returns the index of it, or -1 if there is none.
 */
int
fc_block_take(const FcAccount *id, int64 now)
{
	FcLimiterAccount *account;
	int			best = -1;

	for (int i = 0; i < FC_BLOCK_ACCOUNTS; i++)
	{
		account = &fc_block->accounts[i];
		if (account_is_idle(account, now) &&
			(best < 0 ||
			 account->last_used < fc_block->accounts[best].last_used))
			best = i;
	}
	if (best < 0)
		return -1;

	account = &fc_block->accounts[best];
	fc_block->forgotten = Max(fc_block->forgotten, account->last_answer);
	memset(account, 0, sizeof(FcLimiterAccount));
	account->id = *id;
	account->first = account->last = FC_NOBODY;
	account->full_at = fc_block->forgotten;

	return best;
}

/*
 * fc_block_clock
 *		Microseconds of the monotonic clock, which all backends share.
 *
 * It drops fractions, hence the one microsecond that is added to an answer's
 * time.
 */
int64
fc_block_clock(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MICROSEC(now);
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

/* Find the block of shared memory, or create it. */
static FcBlock *
get_block(bool *found)
{
	FcBlock    *found_block;

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
	return offsetof(FcBlock, waiters) +
		Min(MaxBackends, MAX_WAITERS) * sizeof(FcWaiter);
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
init_block(FcBlock *new_block)
{
	memset(new_block, 0, block_size());
	new_block->tranche = LWLockNewTrancheId();
	LWLockInitialize(&new_block->lock, new_block->tranche);
	new_block->created = fc_block_clock();
	new_block->crashed = new_block->created;
	new_block->forgotten = new_block->created;

	new_block->waiters_count = Min(MaxBackends, MAX_WAITERS);
	for (int i = 0; i < new_block->waiters_count; i++)
		new_block->waiters[i].next = i + 1;
	new_block->waiters[new_block->waiters_count - 1].next = FC_NOBODY;
}

/*
 * Find the latest time at which the server can have crashed: when its control
 * file was written at the start.  That is usually long ago, and then nobody
 * has to wait for requests that may have been in flight.
 */
static void
look_for_crash(FcBlock *new_block)
{
	bool		crc_ok;
	ControlFileData *control = get_controlfile(DataDir, &crc_ok);
	int64		age = (int64) (time(NULL) - control->time - 1) * FC_SECOND;

	if (!crc_ok || age <= 0)
		return;

	LWLockAcquire(&new_block->lock, LW_EXCLUSIVE);
	new_block->crashed = new_block->created - age;
	LWLockRelease(&new_block->lock);
}

/*
 * May the entry of an account be reused?  Not while a backend uses it, nor, if
 * requests per minute are counted, before a minute has passed.
 */
static bool
account_is_idle(const FcLimiterAccount *account, int64 now)
{
	return account->queued == 0 && account->in_flight == 0 &&
		account->blocked_until <= now &&
		(!account->counts_minutes || account->last_answer + FC_MINUTE <= now);
}
