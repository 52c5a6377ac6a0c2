/*
 * journal.c
 *		The last requests of all sessions, and what became of the writes.
 *
 * Two rings in a dynamic shared memory segment of our own hold the last reads
 * and the last writes, so that many reads do not push out the writes.  An
 * entry has room for a path of usual length.  A longer one goes on in a ring
 * of bytes; once those are overwritten, its beginning is left.
 *
 * The backend that first sends a request makes the segment, with no lock
 * held: it may find no memory, and then there is no journal for a minute.  Its
 * handle lies in the segment of the statistics, with the lock, which is held
 * for the time of a copy.  A crash restart takes both segments away.
 *
 * An entry is made when the answer was understood.  If an error comes between,
 * the end of the transaction, or of the subtransaction, makes it.  A backend
 * that ends, by FATAL too, aborts its transaction first, so no entry is left
 * open by a backend that is gone.  If one is killed, the server restarts.
 *
 * Each backend remembers the places of its transaction's writes, to mark them
 * as committed or rolled back.  A place may hold another entry by then, which
 * its number tells.
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "shared/journal.h"
#include "shared/segment.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* The parents that a path names take some 7000 bytes (FC_BATCH_BYTES). */
#define LONGEST_PATH	8192
#define CUT_OFF			"..."	/* where a path was longer */

/*
 * Bytes for what is behind the beginnings of long paths: of a thousand paths
 * of 600 bytes, or of some 200 with a hundred parents.
 */
#define REST_BYTES		(512 * 1024)

/* So long nobody tries again to get memory. */
#define RETRY_DELAY_MS	60000

/* The segment. */
typedef struct Journal
{
	uint64		last_number;
	uint64		reads_made;		/* the next one's place is this, modulo */
	uint64		writes_made;
	uint64		rest_made;		/* bytes, likewise */
	FcJournalEntry reads[FC_JOURNAL_LENGTH];
	FcJournalEntry writes[FC_JOURNAL_LENGTH];
	char		rest[REST_BYTES];	/* of paths that go on */
} Journal;

/* A write of this transaction. */
typedef struct OpenWrite
{
	SubTransactionId subxact;
	int			place;			/* in writes */
	uint64		number;			/* of its entry */
} OpenWrite;

/* The request that this backend is about to send, or has sent. */
static struct
{
	bool		is_begun;
	bool		is_sent;
	FcJournalEntry entry;
	char		path[LONGEST_PATH];
}			current;

static FcJournalRoot *root = NULL;	/* NULL until attached */
static Journal *journal = NULL; /* NULL until mapped */

/* This transaction's writes, oldest first; in TopTransactionContext. */
static OpenWrite *open_writes = NULL;
static int	nopen = 0;
static int	capacity = 0;

static FcJournalEntry *lock_last_write(void);
static bool map_journal(bool may_create);
static bool memory_is_short(void);
static void note_shortage(const char *reason);
static bool publish(dsm_segment *dsm);
static void register_callbacks(void);
static void reserve_write(void);
static void copy_path(const char *path);
static void add_entry(void);
static void keep_path(FcJournalEntry *entry);
static const char *whole_path(const Journal *copy,
							  const FcJournalEntry *entry);
static void settle(int first, FcJournalOutcome outcome);
static int	first_write_of(SubTransactionId subxact);
static void lose_current(void);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId mine,
							   SubTransactionId parent, void *arg);
static int	compare_rows(const void *left, const void *right);

/*
 * fc_journal_init
 *		Fill in memory that was just created.
 */
void
fc_journal_init(FcJournalRoot *memory, int tranche)
{
	memset(memory, 0, sizeof(FcJournalRoot));
	memory->handle = DSM_HANDLE_INVALID;
	LWLockInitialize(&memory->lock, tranche);
}

/*
 * fc_journal_attach
 *		Use this memory from now on.
 */
void
fc_journal_attach(FcJournalRoot *memory)
{
	root = memory;
	journal = NULL;
}

/*
 * fc_journal_begin
 *		A request may be sent soon.
 */
void
fc_journal_begin(const FcJournalRequest *request)
{
	FcJournalEntry *entry = &current.entry;

	current.is_begun = current.is_sent = false;
	if (!map_journal(true))
		return;
	register_callbacks();
	if (request->is_write)
		reserve_write();

	memset(entry, 0, sizeof(*entry));
	entry->pid = MyProcPid;
	entry->dbid = MyDatabaseId;
	entry->session_roleid = GetSessionUserId();
	entry->roleid = GetUserId();
	if (application_name != NULL)
		strlcpy(entry->application, application_name, NAMEDATALEN);
	strlcpy(entry->server, request->server, NAMEDATALEN);
	strlcpy(entry->resource, request->resource, NAMEDATALEN);
	strlcpy(entry->method, request->method, sizeof(entry->method));
	entry->is_write = request->is_write;
	entry->row_id = request->row_id;
	entry->answer.wait_ms = request->wait_ms;
	copy_path(request->path);
	current.is_begun = true;
}

/*
 * fc_journal_start
 *		The request is about to be sent.  Neither waits nor throws.
 */
void
fc_journal_start(void)
{
	current.is_sent = current.is_begun;
	current.entry.at = GetCurrentTimestamp();
}

/*
 * fc_journal_end
 *		The request has been answered, or will never be.
 */
void
fc_journal_end(const FcJournalAnswer *answer)
{
	FcJournalEntry *entry = &current.entry;

	if (!current.is_begun)
		return;
	entry->answer = *answer;
	if (!current.is_sent)
		entry->at = GetCurrentTimestamp();
	if (answer->row_id != 0)
		entry->row_id = answer->row_id;
	if (entry->is_write && current.is_sent && !answer->is_undone)
		entry->outcome = FC_JOURNAL_OPEN;
	add_entry();
}

/*
 * fc_journal_amend
 *		The last write of this backend, which has ended, has an outcome that
 *		its answer did not tell.
 */
void
fc_journal_amend(int sqlstate, bool is_undone)
{
	FcJournalEntry *entry = lock_last_write();

	if (entry != NULL)
	{
		entry->answer.sqlstate = sqlstate;
		if (is_undone)
			entry->outcome = FC_JOURNAL_NONE;
		LWLockRelease(&root->lock);
	}
	if (is_undone && nopen > 0)
		nopen--;
}

/*
 * fc_journal_name
 *		The last write of this backend, which has ended, has made this row.
 */
void
fc_journal_name(int64 row_id)
{
	FcJournalEntry *entry = lock_last_write();

	if (entry == NULL)
		return;
	entry->row_id = row_id;
	LWLockRelease(&root->lock);
}

/*
 * The entry of the transaction's last write, with the lock held; NULL, without
 * it, if the entry is no longer there.
 */
static FcJournalEntry *
lock_last_write(void)
{
	const OpenWrite *write;
	FcJournalEntry *entry;

	if (journal == NULL || nopen == 0)
		return NULL;
	write = &open_writes[nopen - 1];
	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	entry = &journal->writes[write->place];
	if (entry->number == write->number)
		return entry;
	LWLockRelease(&root->lock);
	return NULL;
}

/*
 * fc_journal_rows
 *		What the journal holds, newest first, in the current context.
 */
FcJournalRow *
fc_journal_rows(int *count)
{
	FcJournalRow *rows = palloc(2 * FC_JOURNAL_LENGTH * sizeof(FcJournalRow));
	Journal    *copy;

	*count = 0;
	if (!map_journal(false))
		return rows;

	copy = palloc(sizeof(Journal));
	LWLockAcquire(&root->lock, LW_SHARED);
	memcpy(copy, journal, sizeof(Journal));
	LWLockRelease(&root->lock);

	for (int i = 0; i < FC_JOURNAL_LENGTH; i++)
	{
		if (copy->reads[i].number != 0)
			rows[(*count)++] = (FcJournalRow)
		{
			copy->reads[i],
				whole_path(copy, &copy->reads[i])
		};
		if (copy->writes[i].number != 0)
			rows[(*count)++] = (FcJournalRow)
		{
			copy->writes[i],
				whole_path(copy, &copy->writes[i])
		};
	}
	qsort(rows, *count, sizeof(FcJournalRow), compare_rows);
	return rows;
}

/* Map the journal, if need be a new one; false if there is none. */
static bool
map_journal(bool may_create)
{
	char	   *shortage = NULL;
	dsm_segment *dsm;
	uint32		handle;

	if (journal != NULL)
		return true;
	if (root == NULL)
		return false;

	for (int tries = 0; tries < 2; tries++)
	{
		LWLockAcquire(&root->lock, LW_SHARED);
		handle = root->handle;
		LWLockRelease(&root->lock);

		if (handle == DSM_HANDLE_INVALID && (!may_create || memory_is_short()))
			return false;
		dsm = fc_segment_map(handle, handle == DSM_HANDLE_INVALID ?
							 sizeof(Journal) : 0, &shortage);
		if (dsm == NULL)
		{
			note_shortage(shortage ? shortage : "the segment is gone");
			return false;
		}
		if (handle != DSM_HANDLE_INVALID || publish(dsm))
		{
			journal = dsm_segment_address(dsm);
			return true;
		}
	}
	return false;
}

/* Was there no memory for the journal a moment ago? */
static bool
memory_is_short(void)
{
	TimestampTz failed_at;

	LWLockAcquire(&root->lock, LW_SHARED);
	failed_at = root->failed_at;
	LWLockRelease(&root->lock);

	return failed_at != 0 &&
		!TimestampDifferenceExceeds(failed_at, GetCurrentTimestamp(),
									RETRY_DELAY_MS);
}

/* There is no memory for the journal: do without for a while. */
static void
note_shortage(const char *reason)
{
	TimestampTz now = GetCurrentTimestamp();

	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	root->failed_at = now;
	LWLockRelease(&root->lock);

	ereport(LOG,
			(errmsg("no memory for the request log of frontcore_fdw: %s",
					reason),
			 errhint("The view frontcore_requests lacks what is sent now.  Give the server more shared memory."),
			 errhidestmt(true), errhidecontext(true)));
}

/*
 * Set up a new segment, and let others find it.  False if somebody else was
 * first; then it is given back.
 */
static bool
publish(dsm_segment *dsm)
{
	bool		is_first;

	memset(dsm_segment_address(dsm), 0, sizeof(Journal));
	dsm_pin_segment(dsm);

	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	is_first = root->handle == DSM_HANDLE_INVALID;
	if (is_first)
		root->handle = dsm_segment_handle(dsm);
	LWLockRelease(&root->lock);

	if (!is_first)
	{
		dsm_unpin_segment(dsm_segment_handle(dsm));
		dsm_detach(dsm);
	}
	return is_first;
}

/* Ask to be told of the end of transactions, once in a backend's life. */
static void
register_callbacks(void)
{
	static bool is_registered = false;

	if (is_registered)
		return;
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
	is_registered = true;
}

/* Make room for one more write: there must be no error once it was sent. */
static void
reserve_write(void)
{
	if (open_writes == NULL)
	{
		capacity = 16;
		open_writes = MemoryContextAlloc(TopTransactionContext,
										 capacity * sizeof(OpenWrite));
	}
	else if (nopen == capacity)
	{
		open_writes = repalloc_huge(open_writes,
									2 * (Size) capacity * sizeof(OpenWrite));
		capacity *= 2;
	}
}

/* Keep the current request's path, or as much of it as there is room for. */
static void
copy_path(const char *path)
{
	if (strlcpy(current.path, path, LONGEST_PATH) >= LONGEST_PATH)
		strlcpy(current.path + LONGEST_PATH - sizeof(CUT_OFF), CUT_OFF,
				sizeof(CUT_OFF));
}

/* The current request is over: let all sessions see it. */
static void
add_entry(void)
{
	FcJournalEntry *entry = &current.entry;
	int			place;

	current.is_begun = current.is_sent = false;

	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	entry->number = ++journal->last_number;
	keep_path(entry);
	if (entry->is_write)
	{
		place = journal->writes_made++ % FC_JOURNAL_LENGTH;
		journal->writes[place] = *entry;
	}
	else
	{
		place = journal->reads_made++ % FC_JOURNAL_LENGTH;
		journal->reads[place] = *entry;
	}
	LWLockRelease(&root->lock);

	if (entry->outcome == FC_JOURNAL_OPEN)
		open_writes[nopen++] = (OpenWrite)
	{
		GetCurrentSubTransactionId(), place,
			entry->number
	};
}

/* Keep the current request's path.  The lock is held. */
static void
keep_path(FcJournalEntry *entry)
{
	Size		length = strlcpy(entry->path, current.path,
								 FC_JOURNAL_PATH);

	entry->rest = journal->rest_made;
	for (Size i = FC_JOURNAL_PATH - 1; i < length; i++)
		journal->rest[journal->rest_made++ % REST_BYTES] = current.path[i];
	entry->rest_length = journal->rest_made - entry->rest;
}

/* The path of an entry, or its beginning if the rest was overwritten. */
static const char *
whole_path(const Journal *copy, const FcJournalEntry *entry)
{
	StringInfoData path;

	if (entry->rest_length == 0)
		return entry->path;
	if (copy->rest_made - entry->rest > REST_BYTES)
		return psprintf("%s" CUT_OFF, entry->path);

	initStringInfo(&path);
	appendStringInfoString(&path, entry->path);
	for (uint64 i = entry->rest; i < entry->rest + entry->rest_length; i++)
		appendStringInfoChar(&path, copy->rest[i % REST_BYTES]);
	return path.data;
}

/* Mark the transaction's writes from the given one on. */
static void
settle(int first, FcJournalOutcome outcome)
{
	if (journal == NULL || first == nopen)
		return;

	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	for (int i = first; i < nopen; i++)
	{
		FcJournalEntry *entry = &journal->writes[open_writes[i].place];

		if (entry->number == open_writes[i].number)
			entry->outcome = outcome;
	}
	LWLockRelease(&root->lock);
}

/* Where the writes of a subtransaction begin. */
static int
first_write_of(SubTransactionId subxact)
{
	int			first = nopen;

	while (first > 0 && open_writes[first - 1].subxact == subxact)
		first--;
	return first;
}

/*
 * A request was sent and will have no answer any more, as an error has come
 * between.  Of a write nobody knows then what it did.
 */
static void
lose_current(void)
{
	FcJournalEntry *entry = &current.entry;

	if (!current.is_sent)
		return;
	entry->answer.http_ms = (GetCurrentTimestamp() - entry->at) / 1000.0;
	entry->answer.sqlstate = ERRCODE_QUERY_CANCELED;
	if (entry->is_write)
	{
		entry->answer.sqlstate = ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
		entry->outcome = FC_JOURNAL_ROLLED_BACK;
	}
	add_entry();
}

/* A transaction ends.  One that has written is never prepared. */
static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
			lose_current();
			settle(0, FC_JOURNAL_ROLLED_BACK);
			break;
		case XACT_EVENT_COMMIT:
			settle(0, FC_JOURNAL_COMMITTED);
			break;
		default:
			return;
	}
	current.is_begun = false;
	open_writes = NULL;
	nopen = 0;
}

/* A subtransaction ends; its parent inherits what it wrote. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId mine,
				   SubTransactionId parent, void *arg)
{
	int			first = first_write_of(mine);

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		lose_current();
		settle(first, FC_JOURNAL_ROLLED_BACK);
		nopen = first;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = first; i < nopen; i++)
			open_writes[i].subxact = parent;
	}
}

/* The later of two requests comes first. */
static int
compare_rows(const void *left, const void *right)
{
	const FcJournalEntry *a = &((const FcJournalRow *) left)->entry;
	const FcJournalEntry *b = &((const FcJournalRow *) right)->entry;

	if (a->at != b->at)
		return a->at > b->at ? -1 : 1;
	return a->number > b->number ? -1 : 1;
}
