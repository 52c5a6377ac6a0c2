/*
 * flight.c
 *		Who is asking for which answer now, so that others wait for it.
 *
 * Sessions that want the same answer at the same time shall ask for it once.
 * The first one begins a flight; others who find it wait until it has ended,
 * and look for the answer then.  A flight tells whether its owner is fetching
 * now: waiting for his turn at the limiter, for the time of the next try, or
 * for an answer.  Who is fetching is waited for, however long it takes: to ask
 * beside him would only lengthen the queue.  An owner who has not been
 * fetching for a second (a cursor that rests, a slow client, a query that has
 * enough rows) is not waited for any more.  Of those who have waited, the
 * first to look begins a flight of his own, and the others wait for him.
 *
 * Backends cannot wait in a circle: one that has a flight of its own does not
 * wait for others, but asks for itself.
 *
 * A flight that fails, as the API refuses or cannot be asked, would fail for
 * the next one, too, most likely after the same back-offs.  So those who have
 * waited for it do not wait for each other, but ask at once.  The same holds
 * where an answer has come, but is too big to be kept.
 *
 * Who waits for a flight that began before a write ended would get an answer
 * that may not be kept, so flights have a mark like answers.
 *
 * One lightweight lock guards the table.  It is held for the time of a look.
 * Latches are set after it is released.  Flights and places of waiters are
 * given back at the end of the (sub)transaction, whatever happens, and at the
 * exit of the backend.  If there is no room for a flight, or for one who
 * waits, everybody asks for himself.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "shared/flight.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"

/* Times are in microseconds of the monotonic clock. */
#define SECOND			INT64CONST(1000000)
#define LONGEST_REST	SECOND	/* who rests longer is not waited for */
#define LONGEST_WAIT	SECOND	/* until one who waits looks for himself */

static FcFlights *flights = NULL;	/* NULL until attached */
static int	own_flights = 0;	/* flights of this backend's */
static bool has_failed = false; /* the error that is thrown is the API's */
static FcFlightWaiter *waiting = NULL;	/* this backend's place, or NULL */

static void end_at_exit(int code, Datum arg);
static void end_at_xact_end(XactEvent event, void *arg);
static void end_at_subabort(SubXactEvent event, SubTransactionId subid,
							SubTransactionId parent, void *arg);
static void end_all(void);
static int	my_procno(void);
static void hash_question(const FcQuestion *question, uint64 hash[2]);
static FcFlightEntry *find_flight(const uint64 hash[2], int64 begun_after,
								  int64 now);
static FcFlightEntry *find_serial(uint64 flight);
static bool rests(const FcFlightEntry *entry, int64 now);
static bool take_waiter(uint64 flight);
static void leave_waiter(void);
static int	free_flight(FcFlightEntry *entry, FcFlightEnd end, int *procnos);
static void wake(const int *procnos, int count);

/*
 * fc_flight_init
 *		Fill in memory that was just created.
 */
void
fc_flight_init(FcFlights *memory, int tranche)
{
	memset(memory, 0, sizeof(FcFlights));
	LWLockInitialize(&memory->lock, tranche);
}

/*
 * fc_flight_attach
 *		Use this memory from now on; once in a backend's life.
 */
void
fc_flight_attach(FcFlights *memory)
{
	before_shmem_exit(end_at_exit, (Datum) 0);
	RegisterXactCallback(end_at_xact_end, NULL);
	RegisterSubXactCallback(end_at_subabort, NULL);
	flights = memory;
}

/*
 * fc_flight_board
 *		Is somebody asking for the answer, since begun_after at the earliest?
 *
 * If so, and we may wait, true: *flight is what fc_flight_wait waits for.
 * Else the flight is ours, to be ended by fc_flight_end; 0 if there is no room
 * for it.  place is that of the answer's generation.
 */
bool
fc_flight_board(const FcQuestion *question, int place, int64 begun_after,
				bool may_wait, uint64 *flight)
{
	FcMark		mark = {.place = place};
	uint64		hash[2];
	FcFlightEntry *entry;
	bool		waits = false;

	*flight = 0;
	if (flights == NULL)
		return false;
	hash_question(question, hash);
	fc_generation_mark(&mark);

	LWLockAcquire(&flights->lock, LW_EXCLUSIVE);
	if (may_wait && own_flights == 0 &&
		(entry = find_flight(hash, begun_after, mark.asked_at)) != NULL &&
		take_waiter(entry->serial))
	{
		*flight = entry->serial;
		waits = true;
	}
	else if ((entry = find_serial(0)) != NULL)
	{
		entry->serial = *flight = ++flights->serial;
		memcpy(entry->hash, hash, sizeof(hash));
		entry->mark = mark;
		entry->procno = my_procno();
		entry->is_fetching = false;
		entry->rests_since = mark.asked_at;
		own_flights++;
	}
	LWLockRelease(&flights->lock);

	return waits;
}

/*
 * fc_flight_wait
 *		Milliseconds to wait before calling again; 0 if there is no more need
 *		to wait for the flight.  Then *has_failed tells whether it has failed.
 */
double
fc_flight_wait(uint64 flight, bool *has_failed)
{
	FcFlightEntry *entry;
	int64		now = fc_generation_clock();
	int64		wait = 0;

	*has_failed = false;
	if (flights == NULL)
		return 0;

	LWLockAcquire(&flights->lock, LW_EXCLUSIVE);
	entry = find_serial(flight);
	if (entry == NULL)
		*has_failed = flights->failures[flight % FC_FLIGHTS] == flight;
	else if (!rests(entry, now) && fc_generation_holds(&entry->mark))
		wait = entry->is_fetching ? LONGEST_WAIT :
			Min(entry->rests_since + LONGEST_REST - now + 1, LONGEST_WAIT);
	if (wait == 0)
		leave_waiter();
	LWLockRelease(&flights->lock);

	return wait / 1000.0;
}

/*
 * fc_flight_fetch
 *		We begin to fetch a page of our flight's answer, or have it.
 */
void
fc_flight_fetch(uint64 flight, bool begins)
{
	FcFlightEntry *entry;
	int64		now = fc_generation_clock();

	if (flight == 0 || flights == NULL)
		return;
	LWLockAcquire(&flights->lock, LW_EXCLUSIVE);
	entry = find_serial(flight);
	if (entry != NULL)
	{
		entry->is_fetching = begins;
		entry->rests_since = now;
	}
	LWLockRelease(&flights->lock);
}

/*
 * fc_flight_end
 *		Our flight is over; does nothing if it has ended before.
 */
void
fc_flight_end(uint64 flight, FcFlightEnd end)
{
	int			procnos[FC_FLIGHT_WAITERS];
	FcFlightEntry *entry;
	int			count = 0;

	if (flight == 0 || flights == NULL)
		return;
	LWLockAcquire(&flights->lock, LW_EXCLUSIVE);
	entry = find_serial(flight);
	if (entry != NULL)
		count = free_flight(entry, end, procnos);
	LWLockRelease(&flights->lock);
	wake(procnos, count);
}

/*
 * fc_flight_note_failure
 *		The API has failed us, and an error is about to be thrown.
 */
void
fc_flight_note_failure(void)
{
	has_failed = true;
}

/* A backend exits. */
static void
end_at_exit(int code, Datum arg)
{
	end_all();
	flights = NULL;
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
			end_all();
			break;
		default:
			break;
	}
}

/* A subtransaction ends, perhaps in the middle of a fetch. */
static void
end_at_subabort(SubXactEvent event, SubTransactionId subid,
				SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		end_all();
}

/* Give back all that this backend has: flights, and its place as a waiter. */
static void
end_all(void)
{
	FcFlightEnd end = has_failed ? FC_FLIGHT_FAILED : FC_FLIGHT_ABANDONED;
	int			procno;

	has_failed = false;
	if (flights == NULL || (own_flights == 0 && waiting == NULL))
		return;

	procno = my_procno();
	LWLockAcquire(&flights->lock, LW_EXCLUSIVE);
	leave_waiter();
	LWLockRelease(&flights->lock);
	for (int i = 0; own_flights > 0 && i < FC_FLIGHTS; i++)
	{
		FcFlightEntry *entry = &flights->entries[i];

		/* nobody but us changes our own */
		if (entry->serial != 0 && entry->procno == procno)
			fc_flight_end(entry->serial, end);
	}
	own_flights = 0;
}

static int
my_procno(void)
{
	return MyProc - ProcGlobal->allProcs;
}

/* 128 bits that no two questions share. */
static void
hash_question(const FcQuestion *question, uint64 hash[2])
{
	const char *texts[] = {question->resource, question->request};

	for (int i = 0; i < 2; i++)
	{
		hash[i] = hash_bytes_extended(question->scope, 16, i);
		for (int j = 0; j < lengthof(texts); j++)
			hash[i] = hash_bytes_extended((const unsigned char *) texts[j],
										  strlen(texts[j]), hash[i]);
	}
}

/* Somebody else's flight that is worth waiting for.  The lock is held. */
static FcFlightEntry *
find_flight(const uint64 hash[2], int64 begun_after, int64 now)
{
	for (int i = 0; i < FC_FLIGHTS; i++)
	{
		FcFlightEntry *entry = &flights->entries[i];

		if (entry->serial != 0 && entry->hash[0] == hash[0] &&
			entry->hash[1] == hash[1] && entry->procno != my_procno() &&
			entry->mark.asked_at >= begun_after && !rests(entry, now) &&
			fc_generation_holds(&entry->mark))
			return entry;
	}
	return NULL;
}

/* The flight of that serial; with 0, a free entry; or NULL. */
static FcFlightEntry *
find_serial(uint64 flight)
{
	for (int i = 0; i < FC_FLIGHTS; i++)
	{
		if (flights->entries[i].serial == flight)
			return &flights->entries[i];
	}
	return NULL;
}

/* Has the owner not been fetching for so long that nobody waits for him? */
static bool
rests(const FcFlightEntry *entry, int64 now)
{
	return !entry->is_fetching && now - entry->rests_since > LONGEST_REST;
}

/* Note that we wait for a flight; false if there is no place. */
static bool
take_waiter(uint64 flight)
{
	for (int i = 0; i < FC_FLIGHT_WAITERS; i++)
	{
		FcFlightWaiter *waiter = &flights->waiters[i];

		if (waiter->serial != 0)
			continue;
		waiter->serial = flight;
		waiter->procno = my_procno();
		waiting = waiter;
		return true;
	}
	return false;
}

/* We do not wait any more, if we did.  The lock is held. */
static void
leave_waiter(void)
{
	if (waiting != NULL)
		waiting->serial = 0;
	waiting = NULL;
}

/*
 * Free a flight of ours; fills in procnos with those who wait for it, and
 * returns their number.  The lock is held.
 */
static int
free_flight(FcFlightEntry *entry, FcFlightEnd end, int *procnos)
{
	int			count = 0;

	for (int i = 0; i < FC_FLIGHT_WAITERS; i++)
	{
		if (flights->waiters[i].serial == entry->serial)
			procnos[count++] = flights->waiters[i].procno;
	}
	if (end == FC_FLIGHT_FAILED)
		flights->failures[entry->serial % FC_FLIGHTS] = entry->serial;
	entry->serial = 0;
	own_flights--;
	return count;
}

/* Set the latches of those who wait. */
static void
wake(const int *procnos, int count)
{
	for (int i = 0; i < count; i++)
		SetLatch(&ProcGlobal->allProcs[procnos[i]].procLatch);
}
