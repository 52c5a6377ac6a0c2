/*
 * rollback.c
 *		The transaction's account of writes that a rollback does not undo.
 *
 * A write is carried out by the API when its statement runs.  Should the
 * transaction, or the subtransaction, roll back, all that we can do is to say
 * so: a WARNING with the number, and the server log names each one.
 *
 * The WARNING comes from callbacks of the transaction's end, where nothing may
 * throw.  That is safe: ereport below ERROR does not throw, interrupts are
 * held, no critical section is open, and the transaction's memory is still
 * there.
 */
#include "postgres.h"

#include "access/xact.h"
#include "api/exchange.h"
#include "utils/memutils.h"
#include "write/rollback.h"

typedef struct Write
{
	SubTransactionId subxact;	/* whose rollback would concern it */
	const char *method;
	const char *path;
	int64		sent_before;	/* fc_exchange_writes when it began */
	bool		is_known;		/* the API has confirmed it */
	bool		has_created;	/* it made a row, of this id */
	int64		created;
} Write;

/*
 * This transaction's writes, oldest first; in TopTransactionContext.  Those of
 * one subtransaction are at the end of the list for as long as it runs.  Only
 * the last can be one whose answer is awaited.
 */
static Write *writes = NULL;
static int	nwrites = 0;
static int	capacity = 0;

/* Has a subtransaction of it been rolled back over writes? */
static bool has_left_writes = false;

static void register_callbacks(void);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId mine,
							   SubTransactionId parent, void *arg);
static int	first_write_of(SubTransactionId subxact);
static bool report_writes(int first);

/*
 * fc_rollback_begin
 *		A write is about to be sent: from now on its outcome is unknown.
 *
 * One of the two functions below ends that.  If neither is called, an error
 * came in between, and fc_exchange_writes tells whether it was sent.
 */
void
fc_rollback_begin(const char *method, const char *path)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	Write	   *write;

	register_callbacks();

	if (writes == NULL)
	{
		capacity = 16;
		writes = palloc(capacity * sizeof(Write));
	}
	else if (nwrites == capacity)
	{
		writes = repalloc_huge(writes, 2 * (Size) capacity * sizeof(Write));
		capacity *= 2;
	}

	write = &writes[nwrites];
	memset(write, 0, sizeof(*write));
	write->subxact = GetCurrentSubTransactionId();
	write->method = pstrdup(method);
	write->path = pstrdup(path);
	write->sent_before = fc_exchange_writes;
	nwrites++;

	MemoryContextSwitchTo(oldcontext);
}

/*
 * fc_rollback_stands
 *		The last write was carried out; it made the row *created, unless NULL.
 */
void
fc_rollback_stands(const int64 *created)
{
	Write	   *write = &writes[nwrites - 1];

	Assert(nwrites > 0);
	write->is_known = true;
	if (created != NULL)
	{
		write->has_created = true;
		write->created = *created;
	}
}

/*
 * fc_rollback_nothing
 *		The last write was not carried out.
 */
void
fc_rollback_nothing(void)
{
	Assert(nwrites > 0);
	nwrites--;
}

/*
 * Ask to be told of the end of transactions, once in a backend's life.
 */
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

/*
 * Speak up if writes outlive their transaction, then forget them.
 *
 * A prepared transaction may yet be rolled back, but by then we know nothing
 * of it any more.  So one that has written cannot be prepared.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (nwrites > 0 || has_left_writes)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has written to a FrontCore account"),
						 errdetail("A later ROLLBACK PREPARED could not tell what it leaves upstream.")));
			return;
		case XACT_EVENT_ABORT:
			report_writes(0);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			break;
		default:
			return;
	}

	writes = NULL;
	nwrites = 0;
	has_left_writes = false;
}

/*
 * The same for a subtransaction; its parent inherits what it wrote.
 */
static void
end_subtransaction(SubXactEvent event, SubTransactionId mine,
				   SubTransactionId parent, void *arg)
{
	int			first = first_write_of(mine);

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		has_left_writes |= report_writes(first);
		nwrites = first;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = first; i < nwrites; i++)
			writes[i].subxact = parent;
	}
}

/*
 * Where the writes of a subtransaction begin.
 */
static int
first_write_of(SubTransactionId subxact)
{
	int			first = nwrites;

	while (first > 0 && writes[first - 1].subxact == subxact)
		first--;
	return first;
}

/*
 * Say that the writes from the given one on are not undone; false if there are
 * none.
 */
static bool
report_writes(int first)
{
	int			unknown = 0;
	int			count;

	/* the last one may have come to nothing */
	if (nwrites > first && !writes[nwrites - 1].is_known &&
		writes[nwrites - 1].sent_before == fc_exchange_writes)
		nwrites--;

	count = nwrites - first;
	if (count == 0)
		return false;
	for (int i = first; i < nwrites; i++)
		unknown += writes[i].is_known ? 0 : 1;

	ereport(WARNING,
			(errmsg_plural("%d upstream write is not undone by the rollback",
						   "%d upstream writes are not undone by the rollback",
						   count, count),
			 unknown == 0 ? 0 :
			 errdetail_plural("The outcome of %d of them is unknown.",
							  "The outcome of %d of them is unknown.",
							  unknown, unknown),
			 errhint("The view frontcore_requests lists them: its outcome is \"rolled back\".  The server's log names them, too.")));

	for (int i = first; i < nwrites; i++)
	{
		const Write *write = &writes[i];
		const char *what = "upstream write not undone";

		if (!write->is_known)
			what = "upstream write of unknown outcome";
		if (write->has_created)
			ereport(LOG,
					(errmsg("%s: %s %s (id " INT64_FORMAT ")",
							what, write->method, write->path,
							write->created),
					 errhidestmt(true), errhidecontext(true)));
		else
			ereport(LOG,
					(errmsg("%s: %s %s", what, write->method, write->path),
					 errhidestmt(true), errhidecontext(true)));
	}
	return true;
}
