/*
 * generation.c
 *		Which answers are still true after writes, for all backends.
 *
 * Answers are kept by the API key that they were got with, but a write changes
 * what every key sees.  So generations go by address and resource, whatever
 * the key.  They lie in a table of fixed size, found by a hash of the address
 * and the resource's number: resources of one address never share a place,
 * and where those of two addresses do, they drop each other's answers, which
 * costs a request and harms nobody.
 *
 * A write raises the generation before it is sent and again when it is over.
 * An answer carries the generation that held when its first request was sent,
 * and counts only while the two are equal.  What was asked for before a write
 * or during it therefore never counts once the write has returned, wherever it
 * was under way meanwhile.  A write whose outcome is unknown may still reach
 * the API: answers that are asked for within two seconds after it do not
 * count either, which is what the limiter assumes of lost requests, too.
 *
 * All numbers are atomic and no lock is taken.  The end of a write sets the
 * time first and raises the generation then; who reads the new generation
 * sees the time as well.  So a mark can be taken in a callback of libcurl's,
 * just before a request leaves.
 *
 * A write that is not ended by its caller is ended by the callbacks of the
 * (sub)transaction's abort, or of the backend's exit, with its outcome
 * unknown.  A crash takes this memory along; where the server has just
 * restarted after one, nothing that is asked for within two seconds counts.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "compat.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "shared/generation.h"
#include "storage/ipc.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Resources that one write may change: itself, and what hangs on it. */
#define MAX_CHANGED		24

/* Times are in microseconds of the monotonic clock. */
#define SECOND			INT64CONST(1000000)
#define UNKNOWN_DELAY	(2 * SECOND)	/* a lost write may still arrive */
#define OUTAGE_MEMORY	(5 * SECOND)	/* who cannot be asked is not tried */

/* The write that this backend has under way. */
static struct
{
	bool		is_open;
	int			count;
	int			places[MAX_CHANGED];
}			current;

static FcGenerations *generations = NULL;	/* NULL until attached */

/* An address that the current transaction has written to. */
typedef struct Written
{
	uint8		address[16];
	struct Written *next;
} Written;

static Written *written = NULL; /* in TopTransactionContext */

static void end_at_exit(int code, Datum arg);
static void end_at_xact_end(XactEvent event, void *arg);
static void end_at_subabort(SubXactEvent event, SubTransactionId subid,
							SubTransactionId parent, void *arg);
static uint64 hash_scope(const uint8 *scope);

/*
 * fc_generation_may_be_lost
 *		Has the server restarted after a crash in the last seconds?  Then a
 *		write may be under way that nobody knows of.
 *
 * The checkpointer is started with the server, and again after each crash.
 */
bool
fc_generation_may_be_lost(void)
{
	int			count = pgstat_fetch_stat_numbackends();

	for (int i = 1; i <= count; i++)
	{
		const LocalPgBackendStatus *local = fc_backend_status(i);

		if (local->backendStatus.st_backendType == B_CHECKPOINTER)
		{
			TimestampTz began = local->backendStatus.st_proc_start_timestamp;

			return began - PgStartTime > USECS_PER_SEC &&
				GetCurrentTimestamp() - began <= UNKNOWN_DELAY;
		}
	}
	return false;
}

/*
 * fc_generation_init
 *		Fill in memory that was just created.
 */
void
fc_generation_init(FcGenerations *memory, bool may_be_lost)
{
	uint64		not_before = 0;

	if (may_be_lost)
		not_before = fc_generation_clock() + UNKNOWN_DELAY;
	for (int i = 0; i < FC_GENERATION_PLACES; i++)
	{
		pg_atomic_init_u64(&memory->places[i].number, 1);
		pg_atomic_init_u64(&memory->places[i].not_before, not_before);
	}
	for (int i = 0; i < FC_OUTAGE_PLACES; i++)
	{
		pg_atomic_init_u64(&memory->outages[i].scope, 0);
		pg_atomic_init_u64(&memory->outages[i].until, 0);
	}
}

/*
 * fc_generation_attach
 *		Use this memory from now on; once in a backend's life.
 */
void
fc_generation_attach(FcGenerations *memory)
{
	before_shmem_exit(end_at_exit, (Datum) 0);
	RegisterXactCallback(end_at_xact_end, NULL);
	RegisterSubXactCallback(end_at_subabort, NULL);
	generations = memory;
}

/*
 * fc_generation_clock
 *		The time in microseconds, by a clock that is never set and that all
 *		backends of the server share.
 */
int64
fc_generation_clock(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MICROSEC(now);
}

/*
 * fc_generation_place
 *		Where the generation of an address's resource lies; address is a
 *		digest of 16 bytes, resource a number from 0, the same in all
 *		backends.
 */
int
fc_generation_place(const uint8 *address, int resource)
{
	uint64		hash = hash_bytes_extended(address, 16, 0);

	return (int) ((hash + resource) % FC_GENERATION_PLACES);
}

/*
 * fc_generation_mark
 *		Note what holds now, for an answer that is about to be asked for; the
 *		mark's place must be set.
 *
 * Safe in a callback of libcurl's: it takes no lock and cannot throw.
 */
void
fc_generation_mark(FcMark *mark)
{
	mark->asked_at = fc_generation_clock();
	mark->generation = generations == NULL ? 0 :
		pg_atomic_read_u64(&generations->places[mark->place].number);
	pg_memory_barrier();
}

/*
 * fc_generation_holds
 *		May an answer with that mark be given to others?
 */
bool
fc_generation_holds(const FcMark *mark)
{
	FcGenerationPlace *place;

	if (generations == NULL || mark->generation == 0)
		return false;
	place = &generations->places[mark->place];
	pg_memory_barrier();
	if (pg_atomic_read_u64(&place->number) != mark->generation)
		return false;
	pg_read_barrier();
	return mark->asked_at >= (int64) pg_atomic_read_u64(&place->not_before);
}

/*
 * fc_generation_begin_write
 *		A write is about to be sent, which may change what lies at these
 *		places of an address, a digest of 16 bytes.
 */
void
fc_generation_begin_write(const uint8 *address, const int *places, int count)
{
	Assert(count <= MAX_CHANGED);
	fc_generation_end_write(false);
	if (!fc_generation_wrote_to(address))
	{
		Written    *more = MemoryContextAlloc(TopTransactionContext,
											  sizeof(Written));

		memcpy(more->address, address, sizeof(more->address));
		more->next = written;
		written = more;
	}
	if (generations == NULL)
		return;

	memcpy(current.places, places, count * sizeof(int));
	current.count = count;
	current.is_open = true;
	fc_generation_raise(places, count);
}

/*
 * fc_generation_raise
 *		Let no answer count that was asked for before now, of what lies at
 *		these places.
 */
void
fc_generation_raise(const int *places, int count)
{
	if (generations == NULL)
		return;
	for (int i = 0; i < count; i++)
		(void) pg_atomic_fetch_add_u64(&generations->places[places[i]].number,
									   1);
}

/*
 * fc_generation_end_write
 *		The write is over; is its outcome known?  Does nothing if none is
 *		under way.
 */
void
fc_generation_end_write(bool is_known)
{
	uint64		not_before = fc_generation_clock() + UNKNOWN_DELAY;

	if (!current.is_open || generations == NULL)
		return;

	for (int i = 0; i < current.count; i++)
	{
		FcGenerationPlace *place = &generations->places[current.places[i]];

		/* of two times, one is as late as the other, and both are enough */
		if (!is_known)
			pg_atomic_write_u64(&place->not_before, not_before);
		(void) pg_atomic_fetch_add_u64(&place->number, 1);
	}
	current.is_open = false;
}

/*
 * fc_generation_wrote
 *		Has the current transaction written anything upstream?
 *
 * What a subtransaction wrote stays written when it rolls back.
 */
bool
fc_generation_wrote(void)
{
	return written != NULL;
}

/*
 * fc_generation_wrote_to
 *		The same of one address, a digest of 16 bytes.
 */
bool
fc_generation_wrote_to(const uint8 *address)
{
	for (const Written *each = written; each != NULL; each = each->next)
	{
		if (memcmp(each->address, address, sizeof(each->address)) == 0)
			return true;
	}
	return false;
}

/*
 * fc_generation_note_outage
 *		The API could not be asked for the answers of that scope.
 */
void
fc_generation_note_outage(const uint8 *scope)
{
	uint64		hash = hash_scope(scope);
	FcOutage   *outage;

	if (generations == NULL)
		return;
	outage = &generations->outages[hash % FC_OUTAGE_PLACES];
	pg_atomic_write_u64(&outage->scope, hash);
	pg_atomic_write_u64(&outage->until,
						fc_generation_clock() + OUTAGE_MEMORY);
}

/*
 * fc_generation_is_out
 *		Could the API not be asked for that scope a moment ago?
 */
bool
fc_generation_is_out(const uint8 *scope)
{
	uint64		hash = hash_scope(scope);
	FcOutage   *outage;

	if (generations == NULL)
		return false;
	outage = &generations->outages[hash % FC_OUTAGE_PLACES];
	return pg_atomic_read_u64(&outage->scope) == hash &&
		(int64) pg_atomic_read_u64(&outage->until) > fc_generation_clock();
}

/* A backend exits. */
static void
end_at_exit(int code, Datum arg)
{
	fc_generation_end_write(false);
	generations = NULL;
}

/* A transaction ends. */
static void
end_at_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			fc_generation_end_write(false);
			written = NULL;
			break;
		default:
			break;
	}
}

/* A subtransaction ends. */
static void
end_at_subabort(SubXactEvent event, SubTransactionId subid,
				SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		fc_generation_end_write(false);
}

/* A scope's digest as one number. */
static uint64
hash_scope(const uint8 *scope)
{
	return hash_bytes_extended(scope, 16, 0);
}
