/*
 * spent.c
 *		What the transaction has spent on parts of a list.
 *
 * A scan alone cannot tell that it is one of a loop: each statement of a
 * function that looks up one row is a scan of its own.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "read/spent.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* An account of one list. */
typedef struct SpentEntry
{
	FcSpent		spent;			/* must be first */
	const char *scope;			/* whose list it is */
	const FcResource *resource;
} SpentEntry;

/* Of the current transaction, in its context; of SpentEntry *. */
static List *entries = NIL;

static uint64 hash_conditions(const FcQuery *query);
static uint64 hash_text(uint64 seed, const char *text);
static const FcKeys *keys_of(const FcQuery *query);
static uint64 question(uint64 conditions, const FcKeys *keys, int i);
static void forget_entries(void *arg);

/*
 * fc_spent_on
 *		What has been spent on parts of a resource's list in this transaction.
 *
 * The caller may add to it; it lives as long as the transaction.  scope tells
 * whose list it is, as the keys of its answers do.
 */
FcSpent *
fc_spent_on(const char *scope, const FcResource *resource)
{
	MemoryContext oldcontext;
	SpentEntry *entry;
	ListCell   *cell;

	foreach(cell, entries)
	{
		entry = lfirst(cell);
		if (entry->resource == resource && strcmp(entry->scope, scope) == 0)
			return &entry->spent;
	}

	oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	if (entries == NIL)
	{
		MemoryContextCallback *callback = palloc0(sizeof(*callback));

		callback->func = forget_entries;
		MemoryContextRegisterResetCallback(TopTransactionContext, callback);
	}
	entry = palloc0(sizeof(SpentEntry));
	entry->scope = pstrdup(scope);
	entry->resource = resource;
	entries = lappend(entries, entry);
	MemoryContextSwitchTo(oldcontext);
	return &entry->spent;
}

/*
 * fc_spent_add
 *		Add a query, and the requests that it has cost.
 */
void
fc_spent_add(FcSpent *spent, double requests)
{
	spent->queries++;
	spent->requests += requests;
}

/*
 * fc_spent_knows
 *		Has all been asked for before that the query asks for, key by key?
 *
 * Then the transaction has the answer, and must not see another one.  Which
 * columns were asked for does not matter.
 */
bool
fc_spent_knows(const FcSpent *spent, const FcQuery *query)
{
	const FcKeys *keys = keys_of(query);
	uint64		conditions = hash_conditions(query);
	bool		found = spent->questions != NULL;

	for (int i = 0; found && i < Max(keys->count, 1); i++)
	{
		uint64		key = question(conditions, keys, i);

		(void) hash_search(spent->questions, &key, HASH_FIND, &found);
	}
	return found;
}

/*
 * fc_spent_note
 *		Note what a query asks for, for the rest of the transaction.
 */
void
fc_spent_note(FcSpent *spent, const FcQuery *query)
{
	const FcKeys *keys = keys_of(query);
	uint64		conditions = hash_conditions(query);

	if (spent->questions == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(uint64);
		control.entrysize = sizeof(uint64);
		control.hcxt = TopTransactionContext;
		spent->questions = hash_create("frontcore_fdw questions", 64, &control,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	for (int i = 0; i < Max(keys->count, 1); i++)
	{
		uint64		key = question(conditions, keys, i);

		(void) hash_search(spent->questions, &key, HASH_ENTER, NULL);
	}
}

/*
 * fc_spent_reset
 *		Begin to count anew.
 */
void
fc_spent_reset(FcSpent *spent)
{
	if (spent->questions != NULL)
		hash_destroy(spent->questions);
	memset(spent, 0, sizeof(FcSpent));
}

/*
 * fc_spent_forget
 *		After a write: forget what was spent before it, since the answers it
 *		paid for are gone.
 */
void
fc_spent_forget(const FcResource *written)
{
	ListCell   *cell;

	foreach(cell, entries)
	{
		SpentEntry *entry = lfirst(cell);

		if (fc_catalog_depends(entry->resource, written))
			fc_spent_reset(&entry->spent);
	}
}

/*
 * A hash of what the query asks for besides its keys.
 */
static uint64
hash_conditions(const FcQuery *query)
{
	int64		bounds[] = {query->ids.bound, query->has_since, query->since,
	query->has_until, query->until};
	uint64		hash = hash_bytes_extended((const unsigned char *) bounds,
										   sizeof(bounds), 0);
	ListCell   *cell;

	if (query->parents.bound)
		hash = hash_text(hash, query->by->name);
	foreach(cell, query->filters)
	{
		const FcFilter *filter = lfirst(cell);

		hash = hash_text(hash_text(hash, filter->name), filter->value);
	}
	foreach(cell, query->bindings)
	{
		const FcBinding *binding = lfirst(cell);

		hash = hash_text(hash, binding->column->name);
		for (int i = 0; i < binding->count; i++)
			hash = hash_text(hash, binding->values[i]);
	}
	return hash;
}

static uint64
hash_text(uint64 seed, const char *text)
{
	return hash_bytes_extended((const unsigned char *) text, strlen(text),
							   seed);
}

/*
 * The keys that the query's answer is made up of.
 */
static const FcKeys *
keys_of(const FcQuery *query)
{
	return query->ids.bound ? &query->ids : &query->parents;
}

/*
 * What the query asks for with its key number i, if it has keys.
 */
static uint64
question(uint64 conditions, const FcKeys *keys, int i)
{
	if (!keys->bound || keys->count == 0)
		return conditions;
	return hash_bytes_extended((const unsigned char *) &keys->values[i],
							   sizeof(int64), conditions);
}

/*
 * Reset callback: the transaction is over.
 */
static void
forget_entries(void *arg)
{
	entries = NIL;
}
