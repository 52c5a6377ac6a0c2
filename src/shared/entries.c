/*
 * entries.c
 *		The table of the answers that all sessions share.
 *
 * It has a fixed number of entries.  They are found by a hash of the question,
 * and are linked by their last use.  Their memory, and the lock that guards
 * the table, are the business of answers.c.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "shared/entries.h"

/* The table has an entry for so many bytes of the segment. */
#define BYTES_PER_ENTRY		4096
#define LEAST_ENTRIES		64
#define MOST_ENTRIES		65536

static int *bucket_of(FcEntryTable *table, uint64 hash);
static uint64 hash_question(const FcQuestion *question);
static void link_newest(FcEntryTable *table, int number);
static void unlink_use(FcEntryTable *table, const FcEntry *entry);
static void free_entry(FcEntryTable *table, FcEntry *entry);

/*
 * fc_entry_table_size
 *		Bytes of the table in a segment of that size.
 */
Size
fc_entry_table_size(Size total)
{
	int			size = (int) Max(Min(total / BYTES_PER_ENTRY, MOST_ENTRIES),
								 LEAST_ENTRIES);

	return offsetof(FcEntryTable, entries) +
		size * (sizeof(FcEntry) + sizeof(int));
}

/*
 * fc_entry_table_fill
 *		Set up an empty table.
 */
void
fc_entry_table_fill(void *head, Size total, int tranche)
{
	FcEntryTable *table = head;
	Size		bytes = fc_entry_table_size(total);

	memset(table, 0, bytes);
	table->size = (bytes - offsetof(FcEntryTable, entries)) /
		(sizeof(FcEntry) + sizeof(int));
	table->newest = table->oldest = FC_NO_ENTRY;
	for (int i = 0; i < table->size; i++)
	{
		table->entries[i].next = i + 1 < table->size ? i + 1 : FC_NO_ENTRY;
		*bucket_of(table, i) = FC_NO_ENTRY;
	}
	table->first_free = 0;
	LWLockInitialize(&table->lock, tranche);
}

/*
 * fc_entry_find
 *		The entry that answers the question, true or not; NULL if none does.
 */
FcEntry *
fc_entry_find(FcEntryTable *table, dsa_area *area, const FcQuestion *question)
{
	uint64		hash = hash_question(question);

	for (int i = *bucket_of(table, hash); i != FC_NO_ENTRY;
		 i = table->entries[i].next)
	{
		FcEntry    *entry = &table->entries[i];
		const FcStoredAnswer *stored;
		const char *base;

		if (entry->hash != hash ||
			memcmp(entry->scope, question->scope, 16) != 0)
			continue;
		stored = dsa_get_address(area, entry->answer);
		base = (const char *) stored;
		if (strcmp(base + stored->request, question->request) == 0 &&
			strcmp(base + stored->resource, question->resource) == 0)
			return entry;
	}
	return NULL;
}

/*
 * fc_entry_link
 *		A new entry for a question, as the newest; there must be a free one.
 *
 * The caller fills in what the answer is.
 */
FcEntry *
fc_entry_link(FcEntryTable *table, const FcQuestion *question, Size bytes)
{
	uint64		hash = hash_question(question);
	int		   *bucket = bucket_of(table, hash);
	int			number = table->first_free;
	FcEntry    *entry = &table->entries[number];

	table->first_free = entry->next;
	entry->state = FC_ENTRY_LINKED;
	memcpy(entry->scope, question->scope, 16);
	entry->hash = hash;
	entry->serial = ++table->serial;
	entry->bytes = bytes;
	entry->next = *bucket;
	*bucket = number;
	link_newest(table, number);
	table->used += bytes;
	return entry;
}

/*
 * fc_entry_touch
 *		The entry has been used: it is the last to be pushed out.
 */
void
fc_entry_touch(FcEntryTable *table, FcEntry *entry)
{
	unlink_use(table, entry);
	link_newest(table, entry - table->entries);
}

/*
 * fc_entry_unlink
 *		Let nobody find an entry any more.
 *
 * Returns the memory to be freed once the lock is released; none if the entry
 * is pinned.
 */
dsa_pointer
fc_entry_unlink(FcEntryTable *table, FcEntry *entry)
{
	int			number = entry - table->entries;
	int		   *link = bucket_of(table, entry->hash);
	dsa_pointer answer = entry->answer;

	while (*link != number)
		link = &table->entries[*link].next;
	*link = entry->next;
	unlink_use(table, entry);
	entry->state = FC_ENTRY_UNLINKED;
	if (entry->pins > 0)
		return InvalidDsaPointer;
	free_entry(table, entry);
	return answer;
}

/*
 * fc_entry_unpin
 *		Take one pin from an entry.
 *
 * Returns the memory to be freed once the lock is released; none if the entry
 * can still be found, or is pinned.
 */
dsa_pointer
fc_entry_unpin(FcEntryTable *table, FcEntry *entry)
{
	dsa_pointer answer = entry->answer;

	Assert(entry->pins > 0);
	if (--entry->pins > 0 || entry->state != FC_ENTRY_UNLINKED)
		return InvalidDsaPointer;
	free_entry(table, entry);
	return answer;
}

/* The first entry, or FC_NO_ENTRY, of those whose hash leads there. */
static int *
bucket_of(FcEntryTable *table, uint64 hash)
{
	int		   *buckets = (int *) &table->entries[table->size];

	return &buckets[hash % table->size];
}

static uint64
hash_question(const FcQuestion *question)
{
	uint64		hash = hash_bytes_extended(question->scope, 16, 0);

	hash = hash_bytes_extended((const unsigned char *) question->resource,
							   strlen(question->resource), hash);
	return hash_bytes_extended((const unsigned char *) question->request,
							   strlen(question->request), hash);
}

static void
link_newest(FcEntryTable *table, int number)
{
	FcEntry    *entry = &table->entries[number];

	entry->newer = FC_NO_ENTRY;
	entry->older = table->newest;
	if (table->newest != FC_NO_ENTRY)
		table->entries[table->newest].newer = number;
	else
		table->oldest = number;
	table->newest = number;
}

static void
unlink_use(FcEntryTable *table, const FcEntry *entry)
{
	if (entry->newer != FC_NO_ENTRY)
		table->entries[entry->newer].older = entry->older;
	else
		table->newest = entry->older;
	if (entry->older != FC_NO_ENTRY)
		table->entries[entry->older].newer = entry->newer;
	else
		table->oldest = entry->newer;
}

/* An entry is free to be used again, whatever becomes of its memory. */
static void
free_entry(FcEntryTable *table, FcEntry *entry)
{
	table->used -= entry->bytes;
	memset(entry, 0, sizeof(FcEntry));
	entry->next = table->first_free;
	table->first_free = entry - table->entries;
}
