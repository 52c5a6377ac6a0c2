/*
 * journal.h
 *		The last requests of all sessions, and what became of the writes.
 *
 * A caller that sends a request reports it in steps:
 *
 *		fc_journal_begin(&request);		before it may be sent
 *		fc_journal_start();				when it is about to be sent
 *		fc_journal_end(&answer);		when its answer was understood
 *		fc_journal_amend(sqlstate);		if a write turns out otherwise
 *		fc_journal_name(row_id);		if it is known late what it has made
 *
 * A request that an error interrupts needs only the first two.
 * Where there is no memory for the journal, nothing is kept.
 */
#ifndef FC_JOURNAL_H
#define FC_JOURNAL_H

#include "datatype/timestamp.h"
#include "storage/lwlock.h"

/* So many reads are kept, and as many writes. */
#define FC_JOURNAL_LENGTH	1000

/* The room that an entry has for its path. */
#define FC_JOURNAL_PATH		128

/* The part of the statistics' segment that leads to the journal's own. */
typedef struct FcJournalRoot
{
	LWLock		lock;			/* guards all below, and the journal */
	uint32		handle;			/* of the segment; DSM_HANDLE_INVALID: none */
	TimestampTz failed_at;		/* when there was no memory, 0 if never */
} FcJournalRoot;

typedef enum FcJournalOutcome
{
	FC_JOURNAL_NONE,			/* a read, or a write that changed nothing */
	FC_JOURNAL_OPEN,			/* its transaction goes on */
	FC_JOURNAL_COMMITTED,
	FC_JOURNAL_ROLLED_BACK		/* nothing undoes it upstream */
} FcJournalOutcome;

/* A request that may be sent.  Texts are copied. */
typedef struct FcJournalRequest
{
	const char *server;
	const char *resource;
	const char *method;
	const char *path;			/* as people may see it */
	bool		is_write;
	int64		row_id;			/* that it changes; 0 if none or unknown */
	double		wait_ms;		/* it has waited so far */
} FcJournalRequest;

/* What came of it. */
typedef struct FcJournalAnswer
{
	int			status;			/* 0 if none came */
	int64		bytes;			/* as received, headers included */
	double		wait_ms;		/* before it was sent */
	double		http_ms;
	int			sqlstate;		/* 0: it did what it should */
	int64		row_id;			/* that it has made; 0 if none or unknown */
	bool		is_undone;		/* of a write: it has changed nothing */
} FcJournalAnswer;

/* A row of the view frontcore_requests. */
typedef struct FcJournalEntry
{
	uint64		number;			/* rises with each request; 0: free */
	TimestampTz at;				/* when it was sent, or could not be */
	int			pid;
	Oid			dbid;
	Oid			session_roleid; /* who logged in */
	Oid			roleid;			/* who ran the statement */
	char		application[NAMEDATALEN];
	char		server[NAMEDATALEN];
	char		resource[NAMEDATALEN];
	char		method[8];
	bool		is_write;
	int64		row_id;			/* 0 if none or unknown */
	FcJournalAnswer answer;
	FcJournalOutcome outcome;
	char		path[FC_JOURNAL_PATH];	/* or its beginning */
	uint64		rest;			/* where it goes on */
	int			rest_length;	/* bytes there, 0 if it does not */
} FcJournalEntry;

typedef struct FcJournalRow
{
	FcJournalEntry entry;
	const char *path;			/* as much of it as is left */
} FcJournalRow;

extern void fc_journal_init(FcJournalRoot *memory, int tranche);
extern void fc_journal_attach(FcJournalRoot *memory);

extern void fc_journal_begin(const FcJournalRequest *request);
extern void fc_journal_start(void);
extern void fc_journal_end(const FcJournalAnswer *answer);
extern void fc_journal_amend(int sqlstate, bool is_undone);
extern void fc_journal_name(int64 row_id);
extern FcJournalRow *fc_journal_rows(int *count);

#endif							/* FC_JOURNAL_H */
