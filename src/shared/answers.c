/*
 * answers.c
 *		Answers that all sessions share: texts by question.
 *
 * Memory: one dynamic segment (arena.c) of frontcore_fdw.shared_cache_size.
 * It begins with a table of entries of fixed size, found by a hash of the
 * question; the rest is a dsa area from which requests and texts are
 * allocated.  Neither ever grows.  Where the area, or the table, is full, the
 * entries that were used least recently go until there is room; an answer that
 * would take more than half of it, or finds no room, is just not kept.
 *
 * Locks: one lightweight lock, in the table's head, guards the table.  It is
 * held for a look-up, and for linking and unlinking an entry: never while a
 * text is copied, while memory is allocated or freed, while anybody waits, or
 * during I/O.  dsa has locks of its own, which it takes and releases within
 * each call; ours is not held then.  The locks of arena.c and flight.c are
 * never held together with it either, so that there is no order to keep.
 *
 * Readers: who finds an answer pins its entry and reads the texts where they
 * lie, without a copy and without a lock, until his transaction ends.  An
 * entry that is unlinked (replaced, pushed out, reset) cannot be found any
 * more; if it is pinned, it is freed with the last pin.  Pins are given back
 * by callbacks at the end of the transaction and at the exit of the backend,
 * FATAL included.  A backend that is killed takes all shared memory along, in
 * the crash restart.
 *
 * Writers: texts are copied into memory that nobody else knows, and the entry
 * is linked when it is complete.  So nobody sees half an answer, and an error
 * in between frees what was allocated.  Between unlinking an entry and freeing
 * its memory nothing can throw or serve interrupts.
 *
 * Truth: an answer that was got while somebody wrote must not be given to
 * others (generation.c).  Its mark was taken before its first request was
 * sent, and is compared at every look-up, under the lock or not: a write that
 * has returned has raised the generation before.  That the mark still holds
 * when the answer is kept is only a short cut.  Where two backends keep the
 * answer to one question, the one that was asked for later stays.
 *
 * Ages go by the monotonic clock, which all backends share and nobody sets.
 * An entry whose time is up stays until it makes room: it may still serve
 * those who accept older answers, and those who cannot ask the API.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "shared/answers.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

/* The table has an entry for so many bytes of the segment. */
#define BYTES_PER_ENTRY		4096
#define LEAST_ENTRIES		64
#define MOST_ENTRIES		65536

#define NOTHING				(-1)	/* ends a list of entries */

/* Where a text lies, in the memory of an answer. */
typedef struct StoredText
{
	dsa_pointer text;
	Size		length;
} StoredText;

/*
 * An answer's memory.  StoredText for each text follows, then the meta data,
 * then request, base URL and resource, each with its NUL.
 */
typedef struct StoredAnswer
{
	int			count;
	Size		size;			/* of this, with all that follows */
	Size		meta;			/* offsets from the beginning */
	Size		meta_length;
	Size		request;
	Size		base_url;
	Size		resource;
} StoredAnswer;

typedef enum EntryState
{
	ENTRY_FREE = 0,
	ENTRY_LINKED,				/* can be found */
	ENTRY_UNLINKED				/* only those read it who have pinned it */
} EntryState;

typedef struct Entry
{
	EntryState	state;
	int			pins;
	bool		is_index;
	int			next;			/* in its bucket, or the next free entry */
	int			newer;			/* neighbours by last use */
	int			older;
	uint8		scope[16];
	uint64		hash;			/* of the question */
	uint64		serial;
	FcMark		mark;
	int64		sent_at;
	double		rows;
	uint64		hits;
	Size		bytes;			/* of answer and its texts */
	dsa_pointer answer;
} Entry;

/* The head of the segment.  Buckets follow the entries. */
typedef struct Table
{
	LWLock		lock;			/* guards all but size */
	int			size;			/* entries, and buckets; constant */
	int			first_free;		/* or NOTHING */
	int			newest;			/* by last use, or NOTHING */
	int			oldest;
	uint64		serial;			/* of the last entry made */
	Size		used;			/* bytes of all entries */
	Entry		entries[FLEXIBLE_ARRAY_MEMBER];
} Table;

/* A pin of this backend's, and what its owner was told. */
typedef struct Pin
{
	FcSharedAnswer answer;		/* must be first */
	FcArena    *arena;
	int			entry;
	MemoryContext context;		/* holds this */
	struct Pin *next;
} Pin;

static Size table_size(Size total);
static void fill_table(void *head, Size total, int tranche);

static const FcArenaHead arena_head = {table_size, fill_table};

static Pin *pins = NULL;

static void give_back_at_exit(int code, Datum arg);
static void give_back_at_xact_end(XactEvent event, void *arg);
static void give_back_pins(void);
static uint64 hash_question(const FcQuestion *question);
static int *bucket_of(Table *table, uint64 hash);
static Entry *find_entry(FcArena *arena, const FcQuestion *question);
static bool is_fresh(const Entry *entry, const FcFreshness *freshness);
static void touch(Table *table, Entry *entry);
static void link_newest(Table *table, int number);
static void unlink_use(Table *table, const Entry *entry);
static dsa_pointer unlink_entry(Table *table, Entry *entry);
static dsa_pointer unpin(Table *table, Entry *entry);
static void free_entry(Table *table, Entry *entry);
static void free_answer(FcArena *arena, dsa_pointer answer);
static Pin *make_pin(FcArena *arena);
static void fill_pin(Pin *pin, const Entry *entry);
static Size size_limit(const FcArena *arena);
static dsa_pointer make_room(FcArena *arena, Size size);
static bool push_out_oldest(FcArena *arena);
static dsa_pointer store_answer(FcArena *arena, const FcNewAnswer *answer);
static bool fill_answer(FcArena *arena, const FcNewAnswer *answer,
						dsa_pointer place);
static StoredAnswer *lay_out(const FcNewAnswer *answer);
static bool store_texts(FcArena *arena, const FcNewAnswer *answer,
						StoredText *texts);
static uint64 link_answer(FcArena *arena, const FcNewAnswer *answer,
						  dsa_pointer stored, Size bytes);
static void copy_row(FcArena *arena, const Entry *entry, FcAnswerRow *row,
					 char **place);

/*
 * fc_answers_attach
 *		Use this memory from now on; once in a backend's life.
 */
void
fc_answers_attach(FcArenaRoot *memory)
{
	before_shmem_exit(give_back_at_exit, (Datum) 0);
	RegisterXactCallback(give_back_at_xact_end, NULL);
	fc_arena_attach(memory);
}

/*
 * fc_answers_find
 *		The answer to a question, if it is kept, true, and fresh enough; else
 *		NULL.
 *
 * It stays as it is until the transaction ends, or fc_answers_release.
 */
FcSharedAnswer *
fc_answers_find(const FcQuestion *question, const FcFreshness *freshness)
{
	FcArena    *arena = fc_arena_get(&arena_head, false);
	Table	   *table;
	Entry	   *entry;
	Pin		   *pin;

	if (arena == NULL)
		return NULL;

	/* what may throw comes first */
	pin = make_pin(arena);
	table = arena->head;
	LWLockAcquire(&table->lock, LW_EXCLUSIVE);
	entry = find_entry(arena, question);
	if (entry != NULL && is_fresh(entry, freshness))
	{
		entry->pins++;
		entry->hits++;
		touch(table, entry);
		pin->entry = entry - table->entries;
	}
	else
		entry = NULL;
	LWLockRelease(&table->lock);

	if (entry == NULL)
	{
		MemoryContextDelete(pin->context);
		return NULL;
	}
	arena->pins++;
	pin->next = pins;
	pins = pin;
	fill_pin(pin, entry);
	return &pin->answer;
}

/*
 * fc_answers_look
 *		The same without pinning it: what there is now may be gone in a moment.
 */
bool
fc_answers_look(const FcQuestion *question, const FcFreshness *freshness,
				FcAnswerGlance *glance)
{
	FcArena    *arena = fc_arena_get(&arena_head, false);
	Table	   *table;
	const Entry *entry;
	bool		found;

	if (arena == NULL)
		return false;
	table = arena->head;
	LWLockAcquire(&table->lock, LW_SHARED);
	entry = find_entry(arena, question);
	found = entry != NULL && is_fresh(entry, freshness);
	if (found)
	{
		glance->serial = entry->serial;
		glance->rows = entry->rows;
		glance->sent_at = entry->sent_at;
	}
	LWLockRelease(&table->lock);

	return found;
}

/*
 * fc_answers_has_room
 *		Might an answer of that length be kept?
 */
bool
fc_answers_has_room(Size length)
{
	FcArena    *arena = fc_arena_get(&arena_head, true);

	return arena != NULL && length <= size_limit(arena) / 2;
}

/*
 * fc_answers_keep
 *		Keep an answer for all sessions, in place of an older one.
 *
 * Returns its serial, or 0 if it was not kept.  Throws what answer->read may
 * throw, but nothing for lack of memory.
 */
uint64
fc_answers_keep(const FcNewAnswer *answer)
{
	FcArena    *arena;
	Size		bytes = answer->length + answer->count + answer->meta_length;
	dsa_pointer stored;

	if (!fc_generation_holds(&answer->mark) || !fc_answers_has_room(bytes))
		return 0;
	arena = fc_arena_get(&arena_head, true);
	if (arena == NULL)
		return 0;

	arena->pins++;
	stored = store_answer(arena, answer);
	arena->pins--;
	if (!DsaPointerIsValid(stored))
		return 0;
	return link_answer(arena, answer, stored, bytes);
}

/*
 * fc_answers_release
 *		Give an answer back before the transaction ends.
 */
void
fc_answers_release(FcSharedAnswer *answer)
{
	Pin		  **link = &pins;

	while (&(*link)->answer != answer)
		link = &(*link)->next;
	{
		Pin		   *pin = *link;
		Table	   *table = pin->arena->head;
		dsa_pointer freed;

		*link = pin->next;
		LWLockAcquire(&table->lock, LW_EXCLUSIVE);
		freed = unpin(table, &table->entries[pin->entry]);
		LWLockRelease(&table->lock);
		free_answer(pin->arena, freed);
		pin->arena->pins--;
		MemoryContextDelete(pin->context);
	}
}

/*
 * fc_answers_reset
 *		Forget all answers.  From now on shared_cache_size is what it is now.
 */
void
fc_answers_reset(void)
{
	FcArena    *arena = fc_arena_get(&arena_head, false);
	Table	   *table;

	if (fc_arena_replace() || arena == NULL)
		return;

	table = arena->head;
	for (int i = 0; i < table->size; i++)
	{
		Entry	   *entry = &table->entries[i];
		dsa_pointer freed = InvalidDsaPointer;

		LWLockAcquire(&table->lock, LW_EXCLUSIVE);
		if (entry->state == ENTRY_LINKED)
			freed = unlink_entry(table, entry);
		LWLockRelease(&table->lock);
		free_answer(arena, freed);
	}
}

/*
 * fc_answers_rows
 *		What is kept, as an array in the current context.
 */
FcAnswerRow *
fc_answers_rows(int *count)
{
	FcArena    *arena = fc_arena_get(&arena_head, false);
	Table	   *table;
	FcAnswerRow *rows;
	char	   *texts;
	char	   *place;
	Size		size = 0;
	Size		needed = 0;

	*count = 0;
	if (arena == NULL)
		return NULL;

	/* make room first, as much as is needed now and a little more */
	table = arena->head;
	LWLockAcquire(&table->lock, LW_SHARED);
	for (int i = table->newest; i != NOTHING; i = table->entries[i].older)
		needed += ((StoredAnswer *)
				   dsa_get_address(arena->area,
								   table->entries[i].answer))->size;
	LWLockRelease(&table->lock);
	size = needed + needed / 8 + 8192;
	rows = MemoryContextAllocHuge(CurrentMemoryContext,
								  table->size * sizeof(FcAnswerRow));
	place = texts = MemoryContextAllocHuge(CurrentMemoryContext, size);

	LWLockAcquire(&table->lock, LW_SHARED);
	for (int i = table->newest; i != NOTHING; i = table->entries[i].older)
	{
		const Entry *entry = &table->entries[i];
		const StoredAnswer *stored = dsa_get_address(arena->area,
													 entry->answer);

		if (place + stored->size > texts + size)
			break;
		if (!entry->is_index && fc_generation_holds(&entry->mark))
			copy_row(arena, entry, &rows[(*count)++], &place);
	}
	LWLockRelease(&table->lock);

	return rows;
}

/* Bytes of the table in a segment of that size. */
static Size
table_size(Size total)
{
	int			size = (int) Max(Min(total / BYTES_PER_ENTRY, MOST_ENTRIES),
								 LEAST_ENTRIES);

	return offsetof(Table, entries) + size * (sizeof(Entry) + sizeof(int));
}

/* Set up an empty table. */
static void
fill_table(void *head, Size total, int tranche)
{
	Table	   *table = head;
	Size		bytes = table_size(total);

	memset(table, 0, bytes);
	table->size = (bytes - offsetof(Table, entries)) /
		(sizeof(Entry) + sizeof(int));
	table->newest = table->oldest = NOTHING;
	for (int i = 0; i < table->size; i++)
	{
		table->entries[i].next = i + 1 < table->size ? i + 1 : NOTHING;
		*bucket_of(table, i) = NOTHING;
	}
	table->first_free = 0;
	LWLockInitialize(&table->lock, tranche);
}

/* A backend exits. */
static void
give_back_at_exit(int code, Datum arg)
{
	give_back_pins();
	fc_arena_detach();
}

/* A transaction ends. */
static void
give_back_at_xact_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	give_back_pins();
	fc_arena_tidy();
}

static void
give_back_pins(void)
{
	while (pins != NULL)
		fc_answers_release(&pins->answer);
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

/* The first entry, or NOTHING, of those whose hash leads there. */
static int *
bucket_of(Table *table, uint64 hash)
{
	int		   *buckets = (int *) &table->entries[table->size];

	return &buckets[hash % table->size];
}

/* The entry that answers the question; true or not.  The lock is held. */
static Entry *
find_entry(FcArena *arena, const FcQuestion *question)
{
	Table	   *table = arena->head;
	uint64		hash = hash_question(question);

	for (int i = *bucket_of(table, hash); i != NOTHING;
		 i = table->entries[i].next)
	{
		Entry	   *entry = &table->entries[i];
		const StoredAnswer *stored;
		const char *base;

		if (entry->hash != hash ||
			memcmp(entry->scope, question->scope, 16) != 0)
			continue;
		stored = dsa_get_address(arena->area, entry->answer);
		base = (const char *) stored;
		if (strcmp(base + stored->request, question->request) == 0 &&
			strcmp(base + stored->resource, question->resource) == 0)
			return entry;
	}
	return NULL;
}

/* May the entry's answer be given to somebody who wants it so fresh? */
static bool
is_fresh(const Entry *entry, const FcFreshness *freshness)
{
	return (entry->sent_at >= freshness->sent_after ||
			entry->mark.asked_at >= freshness->asked_after) &&
		fc_generation_holds(&entry->mark);
}

/* The entry has been used: it is the last to be pushed out. */
static void
touch(Table *table, Entry *entry)
{
	unlink_use(table, entry);
	link_newest(table, entry - table->entries);
}

static void
link_newest(Table *table, int number)
{
	Entry	   *entry = &table->entries[number];

	entry->newer = NOTHING;
	entry->older = table->newest;
	if (table->newest != NOTHING)
		table->entries[table->newest].newer = number;
	else
		table->oldest = number;
	table->newest = number;
}

static void
unlink_use(Table *table, const Entry *entry)
{
	if (entry->newer != NOTHING)
		table->entries[entry->newer].older = entry->older;
	else
		table->newest = entry->older;
	if (entry->older != NOTHING)
		table->entries[entry->older].newer = entry->newer;
	else
		table->oldest = entry->newer;
}

/*
 * Let nobody find an entry any more.  Returns the memory to be freed once the
 * lock is released; none if the entry is pinned.
 */
static dsa_pointer
unlink_entry(Table *table, Entry *entry)
{
	int			number = entry - table->entries;
	int		   *link = bucket_of(table, entry->hash);
	dsa_pointer answer = entry->answer;

	while (*link != number)
		link = &table->entries[*link].next;
	*link = entry->next;
	unlink_use(table, entry);
	entry->state = ENTRY_UNLINKED;
	if (entry->pins > 0)
		return InvalidDsaPointer;
	free_entry(table, entry);
	return answer;
}

/* The same for one pin less. */
static dsa_pointer
unpin(Table *table, Entry *entry)
{
	dsa_pointer answer = entry->answer;

	Assert(entry->pins > 0);
	if (--entry->pins > 0 || entry->state != ENTRY_UNLINKED)
		return InvalidDsaPointer;
	free_entry(table, entry);
	return answer;
}

/* An entry is free to be used again, whatever becomes of its memory. */
static void
free_entry(Table *table, Entry *entry)
{
	table->used -= entry->bytes;
	memset(entry, 0, sizeof(Entry));
	entry->next = table->first_free;
	table->first_free = entry - table->entries;
}

/* Free an answer's memory, which nobody else knows; may be invalid. */
static void
free_answer(FcArena *arena, dsa_pointer answer)
{
	StoredAnswer *stored;
	StoredText *texts;

	if (!DsaPointerIsValid(answer))
		return;
	stored = dsa_get_address(arena->area, answer);
	texts = (StoredText *) (stored + 1);
	for (int i = 0; i < stored->count; i++)
	{
		if (DsaPointerIsValid(texts[i].text))
			dsa_free(arena->area, texts[i].text);
	}
	dsa_free(arena->area, answer);
}

/* Memory for a pin, which the caller puts into the list. */
static Pin *
make_pin(FcArena *arena)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "frontcore_fdw shared answer",
												  ALLOCSET_SMALL_SIZES);
	Pin		   *pin = MemoryContextAllocZero(context, sizeof(Pin));

	pin->context = context;
	pin->arena = arena;
	return pin;
}

/* Tell what the pinned entry holds. */
static void
fill_pin(Pin *pin, const Entry *entry)
{
	FcSharedAnswer *answer = &pin->answer;
	const StoredAnswer *stored = dsa_get_address(pin->arena->area,
												 entry->answer);
	const StoredText *texts = (const StoredText *) (stored + 1);
	const char *base = (const char *) stored;

	answer->request = base + stored->request;
	answer->meta = base + stored->meta;
	answer->meta_length = stored->meta_length;
	answer->rows = entry->rows;
	answer->serial = entry->serial;
	answer->asked_at = entry->mark.asked_at;
	answer->sent_at = entry->sent_at;
	answer->count = stored->count;
	answer->texts = MemoryContextAllocHuge(pin->context,
										   Max(stored->count, 1) *
										   sizeof(FcAnswerText));
	for (int i = 0; i < stored->count; i++)
	{
		answer->texts[i].text = dsa_get_address(pin->arena->area,
												texts[i].text);
		answer->texts[i].length = texts[i].length;
	}
}

/* Bytes that all answers together may take. */
static Size
size_limit(const FcArena *arena)
{
	return Min(arena->room, (Size) fc_shared_cache_size * 1024);
}

/*
 * Allocate from the area; where it is full, push out what was used least
 * recently.  Invalid if even that is not enough.
 */
static dsa_pointer
make_room(FcArena *arena, Size size)
{
	for (;;)
	{
		dsa_pointer place = dsa_allocate_extended(arena->area, size,
												  DSA_ALLOC_NO_OOM |
												  DSA_ALLOC_HUGE);

		if (DsaPointerIsValid(place) || !push_out_oldest(arena))
			return place;
	}
}

/* Push out the entry that was used least recently and that nobody reads. */
static bool
push_out_oldest(FcArena *arena)
{
	Table	   *table = arena->head;
	dsa_pointer freed = InvalidDsaPointer;
	int			i;

	LWLockAcquire(&table->lock, LW_EXCLUSIVE);
	i = table->oldest;
	while (i != NOTHING && table->entries[i].pins > 0)
		i = table->entries[i].newer;
	if (i != NOTHING)
		freed = unlink_entry(table, &table->entries[i]);
	LWLockRelease(&table->lock);
	free_answer(arena, freed);

	return i != NOTHING;
}

/*
 * Copy an answer into memory that nobody else knows; invalid if there is no
 * room for it.
 */
static dsa_pointer
store_answer(FcArena *arena, const FcNewAnswer *answer)
{
	StoredAnswer *layout = lay_out(answer);
	dsa_pointer place = make_room(arena, layout->size);

	if (!DsaPointerIsValid(place))
		return place;
	memcpy(dsa_get_address(arena->area, place), layout, layout->size);
	if (fill_answer(arena, answer, place))
		return place;
	free_answer(arena, place);
	return InvalidDsaPointer;
}

/*
 * Copy the texts to an answer whose memory is laid out; false if there is no
 * room.  After an error nothing is left of it.
 */
static bool
fill_answer(FcArena *arena, const FcNewAnswer *answer, dsa_pointer place)
{
	StoredAnswer *stored = dsa_get_address(arena->area, place);
	bool		is_stored = false;

	PG_TRY();
	{
		is_stored = store_texts(arena, answer, (StoredText *) (stored + 1));
	}
	PG_CATCH();
	{
		arena->pins--;
		free_answer(arena, place);
		PG_RE_THROW();
	}
	PG_END_TRY();

	return is_stored;
}

/* All of an answer but its texts, in the current context. */
static StoredAnswer *
lay_out(const FcNewAnswer *answer)
{
	const FcQuestion *question = &answer->question;
	Size		meta = sizeof(StoredAnswer) +
	answer->count * sizeof(StoredText);
	Size		request = meta + answer->meta_length;
	Size		base_url = request + strlen(question->request) + 1;
	Size		resource = base_url + strlen(answer->base_url) + 1;
	Size		size = resource + strlen(question->resource) + 1;
	StoredAnswer *layout = MemoryContextAllocHuge(CurrentMemoryContext, size);
	char	   *base = (char *) layout;

	memset(layout, 0, meta);
	layout->count = answer->count;
	layout->size = size;
	layout->meta = meta;
	layout->meta_length = answer->meta_length;
	layout->request = request;
	layout->base_url = base_url;
	layout->resource = resource;
	memcpy(base + meta, answer->meta, answer->meta_length);
	memcpy(base + request, question->request, base_url - request);
	memcpy(base + base_url, answer->base_url, resource - base_url);
	memcpy(base + resource, question->resource, size - resource);
	return layout;
}

/* Copy the texts; false if there is no room. */
static bool
store_texts(FcArena *arena, const FcNewAnswer *answer, StoredText *texts)
{
	for (int i = 0; i < answer->count; i++)
	{
		FcAnswerText text = answer->read(answer->arg, i);
		char	   *copy;

		texts[i].text = make_room(arena, text.length + 1);
		if (!DsaPointerIsValid(texts[i].text))
			return false;
		copy = dsa_get_address(arena->area, texts[i].text);
		if (text.length > 0)
			memcpy(copy, text.text, text.length);
		copy[text.length] = '\0';
		texts[i].length = text.length;
	}
	return true;
}

/* Let others find an answer that is stored; returns its serial, or 0. */
static uint64
link_answer(FcArena *arena, const FcNewAnswer *answer, dsa_pointer stored,
			Size bytes)
{
	Table	   *table = arena->head;
	const FcQuestion *question = &answer->question;
	uint64		hash = hash_question(question);
	dsa_pointer freed = InvalidDsaPointer;
	uint64		serial = 0;
	Entry	   *entry;
	bool		is_full;

	do
	{
		LWLockAcquire(&table->lock, LW_SHARED);
		is_full = table->first_free == NOTHING ||
			table->used + bytes > size_limit(arena);
		LWLockRelease(&table->lock);
	} while (is_full && push_out_oldest(arena));

	LWLockAcquire(&table->lock, LW_EXCLUSIVE);
	entry = find_entry(arena, question);
	if (entry != NULL && (entry->mark.asked_at <= answer->mark.asked_at ||
						  !fc_generation_holds(&entry->mark)))
	{
		freed = unlink_entry(table, entry);
		entry = NULL;
	}
	if (entry == NULL && table->first_free != NOTHING &&
		table->used + bytes <= size_limit(arena))
	{
		int			number = table->first_free;
		int		   *bucket = bucket_of(table, hash);

		entry = &table->entries[number];
		table->first_free = entry->next;
		entry->state = ENTRY_LINKED;
		entry->is_index = answer->is_index;
		memcpy(entry->scope, question->scope, 16);
		entry->hash = hash;
		entry->serial = serial = ++table->serial;
		entry->mark = answer->mark;
		entry->sent_at = answer->sent_at;
		entry->rows = answer->rows;
		entry->bytes = bytes;
		entry->answer = stored;
		entry->next = *bucket;
		*bucket = number;
		link_newest(table, number);
		table->used += bytes;
	}
	LWLockRelease(&table->lock);

	free_answer(arena, freed);
	if (serial == 0)
		free_answer(arena, stored);
	return serial;
}

/* Tell the view of an entry; its texts go to *place. */
static void
copy_row(FcArena *arena, const Entry *entry, FcAnswerRow *row, char **place)
{
	const StoredAnswer *stored = dsa_get_address(arena->area, entry->answer);
	const char *base = (const char *) stored;
	const Size	texts[] = {stored->request, stored->base_url,
	stored->resource};
	const char *copies[lengthof(texts)];

	for (int i = 0; i < lengthof(texts); i++)
	{
		Size		length = strlen(base + texts[i]) + 1;

		copies[i] = memcpy(*place, base + texts[i], length);
		*place += length;
	}
	memcpy(row->scope, entry->scope, 16);
	row->request = copies[0];
	row->base_url = copies[1];
	row->resource = copies[2];
	row->count = stored->count;
	row->rows = entry->rows;
	row->bytes = entry->bytes;
	row->age = fc_generation_clock() - entry->sent_at;
	row->hits = entry->hits;
}
