/*
 * stats.c
 *		Counters, activity and what was learned of accounts, for all backends.
 *
 * All of it lies in one dynamic shared memory segment of fixed size.  The
 * first backend to need it creates and pins it, and leaves its handle in a
 * slot of the limiter's block, for the others to attach to; two that come at
 * once are kept apart by AddinShmemInitLock, which guards the slot.  A crash
 * restart removes the segment and empties the slot, so the next backend makes
 * a new one.  Nothing is ever written to a table: counters survive a rollback
 * and work on a standby, and a restart of the server clears them.
 *
 * There are three tables, all guarded by one lightweight lock, which is held
 * for the time of a look-up or a copy:
 *
 * - counters, by database, server and resource, for frontcore_stat;
 * - activities, one place per backend, for frontcore_activity.  A backend
 *	 clears its own at the end of the transaction, whatever happens, and when
 *	 it exits;
 * - lessons, by account and resource: what some backend found out about the
 *	 account's routes, so that others need not ask again.
 *
 * When counters or lessons are full, the entry that was used least recently
 * makes room.  So the segment needs no cleaning: entries of servers that were
 * dropped are not shown, and go in time.
 */
#include "postgres.h"

#include "access/xact.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "shared/answers.h"
#include "shared/flight.h"
#include "shared/generation.h"
#include "shared/journal.h"
#include "shared/spending.h"
#include "shared/stats.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#define COUNTERS		512
#define LESSONS			256
#define RESETS			64
#define ACCOUNT_LENGTH	16		/* of an account's digest */
#define ERROR_LENGTH	256		/* of last_error, with its NUL */

/* What all entries that are found by a key begin with. */
typedef struct EntryHeader
{
	uint64		used;			/* larger is later; 0 means free */
	char		resource[NAMEDATALEN];
	union
	{
		struct
		{
			Oid			dbid;
			Oid			serverid;
		}			server;		/* of a counter */
		uint8		account[ACCOUNT_LENGTH];	/* of a lesson */
	}			owner;
} EntryHeader;

/* When the counters of a database were reset. */
typedef struct Reset
{
	Oid			dbid;			/* InvalidOid: free */
	TimestampTz at;
} Reset;

/* Counters of one resource on one server. */
typedef struct Counter
{
	EntryHeader header;			/* must be first */
	FcCounts	counts;
	char		last_error[ERROR_LENGTH];	/* empty if there was none */
	TimestampTz last_error_at;
	Oid			error_roleid;	/* who met it */
} Counter;

/* What was learned of one resource of one account. */
typedef struct Lesson
{
	EntryHeader header;			/* must be first */
	FcLearned	learned;
} Lesson;

/* What one backend is doing. */
typedef struct Activity
{
	int			pid;			/* 0: nothing */
	Oid			roleid;			/* the session's user */
	char		server[NAMEDATALEN];
	char		resource[NAMEDATALEN];
	FcActivityState state;
	int64		requests_done;
	int64		requests_estimated;
	int64		rows_read;
	TimestampTz since;
} Activity;

/* The segment. */
typedef struct Segment
{
	LWLock		lock;			/* guards all but the constants */
	int			tranche;		/* the lock's; constant */
	int			backends;		/* elements of activities; constant */
	uint64		clock;			/* ticks with each use of an entry */
	FcGenerations generations;	/* generation.c's, without the lock */
	FcSpendings spendings;		/* spending.c's, without a lock */
	FcArenaRoot arena;			/* arena.c's, under a lock of its own */
	FcFlights	flights;		/* flight.c's, under a lock of its own */
	FcJournalRoot journal;		/* journal.c's, under a lock of its own */
	Reset		resets[RESETS];
	Counter		counters[COUNTERS];
	Lesson		lessons[LESSONS];
	Activity	activities[FLEXIBLE_ARRAY_MEMBER];
} Segment;

/* What this backend has in hand, to tell when something new begins. */
static struct
{
	Oid			serverid;
	char		server[NAMEDATALEN];
	char		resource[NAMEDATALEN];
	int64		requests_done;
	TimestampTz since;
	bool		shown;			/* our place in activities is taken */
}			work;

static Segment *segment = NULL; /* NULL until attached */

static Reset *my_reset(void);
static bool lock_segment(LWLockMode mode);
static Segment *map_segment(uint32 *segment_slot, bool has_crashed);
static Size segment_size(void);
static bool has_our_size(dsm_segment *dsm);
static dsm_segment *create_segment(bool has_crashed);
static void hide_at_exit(int code, Datum arg);
static void hide_at_xact_end(XactEvent event, void *arg);
static void hide_at_subabort(SubXactEvent event, SubTransactionId subid,
							 SubTransactionId parent, void *arg);

static EntryHeader make_key(const char *resource);
static EntryHeader server_key(Oid serverid, const char *resource);
static EntryHeader account_key(const uint8 *account, const char *resource);
static void *find_entry(void *entries, int count, Size size,
						const EntryHeader *key);
static void *take_entry(void *entries, int count, Size size,
						const EntryHeader *key);
static Counter *take_counter(Oid serverid, const char *resource);
static Lesson *take_lesson(const uint8 *account, const char *resource);

static bool work_goes_on(Oid serverid, const char *resource,
						 int64 requests_done);
static void begin_work(Oid serverid, const char *resource);
static Activity *my_activity(void);

/*
 * fc_stats_attach
 *		Make the segment usable in this backend; create it if need be.
 *
 * Cheap when done already.
 */
void
fc_stats_attach(uint32 *segment_slot)
{
	bool		has_crashed = false;
	Segment    *mapped;

	if (segment != NULL)
		return;

	/* looks at all backends, hence without the lock */
	if (*segment_slot == DSM_HANDLE_INVALID)
		has_crashed = fc_generation_may_be_lost();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	mapped = map_segment(segment_slot, has_crashed);
	LWLockRelease(AddinShmemInitLock);

	LWLockRegisterTranche(mapped->tranche, "frontcore_fdw");
	before_shmem_exit(hide_at_exit, (Datum) 0);
	RegisterXactCallback(hide_at_xact_end, NULL);
	RegisterSubXactCallback(hide_at_subabort, NULL);
	segment = mapped;
	fc_generation_attach(&mapped->generations);
	fc_spending_attach(&mapped->spendings);
	fc_answers_attach(&mapped->arena);
	fc_flight_attach(&mapped->flights);
	fc_journal_attach(&mapped->journal);
}

/*
 * fc_stats_add
 *		Add to the counters of a resource.
 */
void
fc_stats_add(Oid serverid, const char *resource, const FcCounts *counts)
{
	FcCounts   *sum;

	if (!lock_segment(LW_EXCLUSIVE))
		return;

	sum = &take_counter(serverid, resource)->counts;
	sum->requests += counts->requests;
	sum->cache_hits += counts->cache_hits;
	sum->rows_read += counts->rows_read;
	sum->rows_written += counts->rows_written;
	sum->bytes_received += counts->bytes_received;
	sum->retries += counts->retries;
	sum->errors += counts->errors;
	sum->http_ms += counts->http_ms;
	sum->wait_ms += counts->wait_ms;
	sum->shared_hits += counts->shared_hits;
	sum->stale_hits += counts->stale_hits;
	sum->writes += counts->writes;
	sum->unknown_outcomes += counts->unknown_outcomes;
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_error
 *		Keep an error's text, or as much of it as there is room for.
 *
 * The caller has seen to it that the key is not in it.
 */
void
fc_stats_error(Oid serverid, const char *resource, const char *message)
{
	int			length = pg_mbcliplen(message, strlen(message),
									  ERROR_LENGTH - 1);
	TimestampTz now = GetCurrentTimestamp();
	Counter    *counter;

	if (!lock_segment(LW_EXCLUSIVE))
		return;

	counter = take_counter(serverid, resource);
	counter->last_error_at = now;
	memcpy(counter->last_error, message, length);
	counter->last_error[length] = '\0';
	counter->error_roleid = GetUserId();
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_rows
 *		The counters of the current database, as an array in the current
 *		context.
 */
FcStatsRow *
fc_stats_rows(int *count)
{
	FcStatsRow *rows = palloc0(COUNTERS * sizeof(FcStatsRow));
	Counter    *counters = palloc(COUNTERS * sizeof(Counter));
	TimestampTz reset_at = 0;

	*count = 0;
	if (!lock_segment(LW_SHARED))
		return rows;

	memcpy(counters, segment->counters, COUNTERS * sizeof(Counter));
	if (my_reset()->dbid == MyDatabaseId)
		reset_at = my_reset()->at;
	LWLockRelease(&segment->lock);

	for (int i = 0; i < COUNTERS; i++)
	{
		Counter    *counter = &counters[i];
		FcStatsRow *row = &rows[*count];

		if (counter->header.used == 0 ||
			counter->header.owner.server.dbid != MyDatabaseId)
			continue;

		row->serverid = counter->header.owner.server.serverid;
		row->resource = counter->header.resource;
		row->counts = counter->counts;
		row->reset_at = reset_at;
		if (counter->last_error[0] != '\0')
		{
			row->last_error = counter->last_error;
			row->last_error_at = counter->last_error_at;
			row->error_roleid = counter->error_roleid;
		}
		(*count)++;
	}
	return rows;
}

/*
 * fc_stats_reset
 *		Forget the counters of the current database, and what was learned of
 *		accounts: they may have changed.
 */
void
fc_stats_reset(void)
{
	TimestampTz now = GetCurrentTimestamp();
	Reset	   *reset;

	if (!lock_segment(LW_EXCLUSIVE))
		return;

	reset = my_reset();
	reset->dbid = MyDatabaseId;
	reset->at = now;

	for (int i = 0; i < COUNTERS; i++)
	{
		Counter    *counter = &segment->counters[i];

		if (counter->header.owner.server.dbid == MyDatabaseId)
			memset(counter, 0, sizeof(Counter));
	}
	memset(segment->lessons, 0, sizeof(segment->lessons));
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_activity
 *		Show what this backend is doing, until fc_stats_idle.
 */
void
fc_stats_activity(Oid serverid, const char *resource, FcActivityState state,
				  int64 requests_done, int64 requests_estimated,
				  int64 rows_read)
{
	Activity   *activity;

	if (segment == NULL)
		return;

	if (!work_goes_on(serverid, resource, requests_done))
		begin_work(serverid, resource);
	work.requests_done = requests_done;
	work.shown = true;

	LWLockAcquire(&segment->lock, LW_EXCLUSIVE);
	activity = my_activity();
	activity->pid = MyProcPid;
	activity->roleid = GetSessionUserId();
	memcpy(activity->server, work.server, NAMEDATALEN);
	memcpy(activity->resource, work.resource, NAMEDATALEN);
	activity->state = state;
	activity->requests_done = requests_done;
	activity->requests_estimated = requests_estimated;
	activity->rows_read = rows_read;
	activity->since = work.since;
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_idle
 *		Show that this backend is not working upstream.
 *
 * A scan that goes on later is still the same work, begun when it began.
 */
void
fc_stats_idle(void)
{
	if (!work.shown)
		return;

	LWLockAcquire(&segment->lock, LW_EXCLUSIVE);
	my_activity()->pid = 0;
	LWLockRelease(&segment->lock);
	work.shown = false;
}

/*
 * fc_stats_activities
 *		What all backends are doing, as an array in the current context.
 */
FcActivity *
fc_stats_activities(int *count)
{
	int			backends = segment ? segment->backends : 0;
	FcActivity *rows = palloc0(Max(backends, 1) * sizeof(FcActivity));
	Activity   *copies = palloc(Max(backends, 1) * sizeof(Activity));

	*count = 0;
	if (!lock_segment(LW_SHARED))
		return rows;

	memcpy(copies, segment->activities, backends * sizeof(Activity));
	LWLockRelease(&segment->lock);

	for (int i = 0; i < backends; i++)
	{
		Activity   *activity = &copies[i];
		FcActivity *row = &rows[*count];

		if (activity->pid == 0)
			continue;

		row->pid = activity->pid;
		row->roleid = activity->roleid;
		row->server = activity->server;
		row->resource = activity->resource;
		row->state = activity->state;
		row->requests_done = activity->requests_done;
		row->requests_estimated = activity->requests_estimated;
		row->rows_read = activity->rows_read;
		row->since = activity->since;
		(*count)++;
	}
	return rows;
}

/*
 * fc_stats_learned
 *		Get what was learned of an account's resource; false if nothing.
 */
bool
fc_stats_learned(const uint8 *account, const char *resource,
				 FcLearned *learned)
{
	EntryHeader key = account_key(account, resource);
	Lesson	   *lesson = NULL;

	memset(learned, 0, sizeof(FcLearned));
	learned->rows = -1;
	if (!lock_segment(LW_SHARED))
		return false;

	lesson = find_entry(segment->lessons, LESSONS, sizeof(Lesson), &key);
	if (lesson != NULL)
		*learned = lesson->learned;
	LWLockRelease(&segment->lock);

	return lesson != NULL;
}

/*
 * fc_stats_learn_flags
 *		Set and clear flags of an account's resource.
 */
void
fc_stats_learn_flags(const uint8 *account, const char *resource,
					 uint64 set, uint64 clear)
{
	FcLearned  *learned;

	if (!lock_segment(LW_EXCLUSIVE))
		return;

	learned = &take_lesson(account, resource)->learned;
	learned->flags = (learned->flags & ~clear) | set;
	if (set != 0)
		learned->flagged = GetCurrentTimestamp();
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_learn_lacks
 *		Note columns that a route's items were found to lack.
 */
void
fc_stats_learn_lacks(const uint8 *account, const char *resource, int route,
					 uint64 columns)
{
	Assert(route >= 0 && route < lengthof(((FcLearned *) 0)->lacks));
	if (!lock_segment(LW_EXCLUSIVE))
		return;

	take_lesson(account, resource)->learned.lacks[route] |= columns;
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_learn_longest
 *		Note how many items a page of a route had, and how many of them were of
 *		one parent.
 */
void
fc_stats_learn_longest(const uint8 *account, const char *resource, int route,
					   int items, int of_one)
{
	FcLearned  *learned;

	Assert(route >= 0 && route < lengthof(learned->longest));
	if (!lock_segment(LW_EXCLUSIVE))
		return;

	learned = &take_lesson(account, resource)->learned;
	learned->longest[route] = Max(learned->longest[route], items);
	learned->longest_of_one = Max(learned->longest_of_one, of_one);
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_learn_put
 *		Replace what PUTs were seen to do.
 *
 * The caller has merged it with what was known before.  Two that learn at
 * once may lose a lesson, which is then learned again.
 */
void
fc_stats_learn_put(const uint8 *account, const char *resource,
				   const FcPutLessons *lessons)
{
	FcLearned  *learned;
	TimestampTz now = GetCurrentTimestamp();

	if (!lock_segment(LW_EXCLUSIVE))
		return;

	learned = &take_lesson(account, resource)->learned;
	if (lessons->stuck & ~learned->put.stuck)
		learned->stuck = now;
	learned->put = *lessons;
	LWLockRelease(&segment->lock);
}

/*
 * fc_stats_learn_rows
 *		Note how many rows the whole list was found to have.
 */
void
fc_stats_learn_rows(const uint8 *account, const char *resource, double rows)
{
	FcLearned  *learned;
	TimestampTz now = GetCurrentTimestamp();

	if (!lock_segment(LW_EXCLUSIVE))
		return;

	learned = &take_lesson(account, resource)->learned;
	learned->rows = rows;
	learned->seen = now;
	LWLockRelease(&segment->lock);
}

/*
 * The last reset of this database's counters; if there was none, a place for
 * it: a free one, or that of the database whose reset is longest ago.
 */
static Reset *
my_reset(void)
{
	Reset	   *place = &segment->resets[0];

	for (int i = 0; i < RESETS; i++)
	{
		Reset	   *reset = &segment->resets[i];

		if (reset->dbid == MyDatabaseId)
			return reset;
		if (reset->at < place->at)
			place = reset;
	}
	return place;
}

/* Lock the segment; false if it is not attached, or no longer. */
static bool
lock_segment(LWLockMode mode)
{
	if (segment == NULL)
		return false;

	LWLockAcquire(&segment->lock, mode);
	return true;
}

/* Map the segment that the slot names, or a new one. */
static Segment *
map_segment(uint32 *segment_slot, bool has_crashed)
{
	dsm_segment *dsm = NULL;

	if (*segment_slot != DSM_HANDLE_INVALID)
	{
		/* An error may have left it mapped without our knowing. */
		dsm = dsm_find_mapping(*segment_slot);
		if (dsm == NULL)
			dsm = dsm_attach(*segment_slot);
		if (dsm != NULL && !has_our_size(dsm))
		{
			dsm_detach(dsm);
			dsm = NULL;
		}
	}
	if (dsm == NULL)
	{
		dsm = create_segment(has_crashed);
		*segment_slot = dsm_segment_handle(dsm);
	}
	dsm_pin_mapping(dsm);

	return dsm_segment_address(dsm);
}

/* How large the segment is. */
static Size
segment_size(void)
{
	return offsetof(Segment, activities) + MaxBackends * sizeof(Activity);
}

/*
 * Was the segment made by this version of the library?  After an update of a
 * running server it may be another's, and is left to those who have it mapped.
 * Some kinds of segments are rounded up to whole pages.
 */
static bool
has_our_size(dsm_segment *dsm)
{
	return TYPEALIGN(BLCKSZ, dsm_segment_map_length(dsm)) ==
		TYPEALIGN(BLCKSZ, segment_size());
}

/* Create the segment, empty, to last until the server stops. */
static dsm_segment *
create_segment(bool has_crashed)
{
	Size		size = segment_size();
	dsm_segment *dsm = dsm_create(size, 0);
	Segment    *new_segment = dsm_segment_address(dsm);

	memset(new_segment, 0, size);
	new_segment->backends = MaxBackends;
	new_segment->tranche = LWLockNewTrancheId();
	LWLockInitialize(&new_segment->lock, new_segment->tranche);
	fc_generation_init(&new_segment->generations, has_crashed);
	fc_spending_init(&new_segment->spendings);
	fc_arena_init(&new_segment->arena, new_segment->tranche);
	fc_flight_init(&new_segment->flights, new_segment->tranche);
	fc_journal_init(&new_segment->journal, new_segment->tranche);
	dsm_pin_segment(dsm);

	return dsm;
}

/* A backend exits.  After this the segment may be gone. */
static void
hide_at_exit(int code, Datum arg)
{
	fc_stats_idle();
	segment = NULL;
}

/* A transaction ends. */
static void
hide_at_xact_end(XactEvent event, void *arg)
{
	fc_stats_idle();
}

/* A subtransaction ends. */
static void
hide_at_subabort(SubXactEvent event, SubTransactionId subid,
				 SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		fc_stats_idle();
}

/* A key for the given resource, the owner still missing. */
static EntryHeader
make_key(const char *resource)
{
	EntryHeader key;

	memset(&key, 0, sizeof(key));
	strlcpy(key.resource, resource, NAMEDATALEN);

	return key;
}

/* The key of a resource on a server of the current database. */
static EntryHeader
server_key(Oid serverid, const char *resource)
{
	EntryHeader key = make_key(resource);

	key.owner.server.dbid = MyDatabaseId;
	key.owner.server.serverid = serverid;

	return key;
}

/* The key of a resource of an account. */
static EntryHeader
account_key(const uint8 *account, const char *resource)
{
	EntryHeader key = make_key(resource);

	memcpy(key.owner.account, account, ACCOUNT_LENGTH);

	return key;
}

/* The entry with the given key, or NULL. */
static void *
find_entry(void *entries, int count, Size size, const EntryHeader *key)
{
	for (int i = 0; i < count; i++)
	{
		EntryHeader *entry = (EntryHeader *) ((char *) entries + i * size);

		if (entry->used != 0 &&
			memcmp(&entry->owner, &key->owner, sizeof(key->owner)) == 0 &&
			strcmp(entry->resource, key->resource) == 0)
			return entry;
	}
	return NULL;
}

/*
 * The entry with the given key; if there is none, a new one, all zero, in
 * place of the one that was used least recently.  Marks it as used.
 */
static void *
take_entry(void *entries, int count, Size size, const EntryHeader *key)
{
	EntryHeader *found = find_entry(entries, count, size, key);

	if (found == NULL)
	{
		found = entries;
		for (int i = 1; i < count; i++)
		{
			EntryHeader *entry = (EntryHeader *) ((char *) entries + i * size);

			if (entry->used < found->used)
				found = entry;
		}
		memset(found, 0, size);
		*found = *key;
	}
	found->used = ++segment->clock;

	return found;
}

/* The counters of a resource, made if need be. */
static Counter *
take_counter(Oid serverid, const char *resource)
{
	EntryHeader key = server_key(serverid, resource);

	return take_entry(segment->counters, COUNTERS, sizeof(Counter), &key);
}

/* The lesson about a resource, made if need be. */
static Lesson *
take_lesson(const uint8 *account, const char *resource)
{
	EntryHeader key = account_key(account, resource);
	Lesson	   *lesson = take_entry(segment->lessons, LESSONS, sizeof(Lesson),
									&key);

	if (lesson->learned.seen == 0)
		lesson->learned.rows = -1;

	return lesson;
}

/* Is this the scan, or the write, that we showed last? */
static bool
work_goes_on(Oid serverid, const char *resource, int64 requests_done)
{
	return work.serverid == serverid &&
		strcmp(work.resource, resource) == 0 &&
		requests_done >= work.requests_done &&
		(work.shown || requests_done > 0);
}

/*
 * Remember a new piece of work.  The server's name is looked up here, since
 * others cannot: they may be in another database.
 */
static void
begin_work(Oid serverid, const char *resource)
{
	ForeignServer *server = GetForeignServer(serverid);

	work.serverid = serverid;
	strlcpy(work.server, server->servername, NAMEDATALEN);
	strlcpy(work.resource, resource, NAMEDATALEN);
	work.since = GetCurrentTimestamp();
}

/* This backend's place in activities. */
static Activity *
my_activity(void)
{
	int			procno = MyProc - ProcGlobal->allProcs;

	Assert(procno >= 0 && procno < segment->backends);
	return &segment->activities[procno];
}
