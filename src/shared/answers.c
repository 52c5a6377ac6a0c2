/*
 * answers.c
 *		Answers that all sessions share: texts by question.
 *
 * Memory: one dynamic segment (arena.c) of frontcore_fdw.shared_cache_size.
 * It begins with a table of entries of fixed size (entries.c); the rest is a
 * dsa area from which requests and texts are allocated.  Neither ever grows.
 * Where the area, or the table, is full, the entries that were used least
 * recently go until there is room; an answer that would take more than half of
 * it, or finds no room, is just not kept.
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
 * others (generation.c).  Its mark is taken before its first request is sent,
 * and is compared at every look-up.  The lock does not matter for that: a
 * write raises the generation before it returns.  The mark is also compared
 * when an answer is kept, but only to save work.  Where two backends keep the
 * answer to one question, the one that was asked for later stays.
 *
 * Ages go by the monotonic clock, which all backends share and nobody sets.
 * An entry whose time is up stays until it makes room: it may still serve
 * those who accept older answers, and those who cannot ask the API.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "shared/answers.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

/* A pin of this backend's, and what its owner was told. */
typedef struct Pin
{
	FcSharedAnswer answer;		/* must be first */
	FcArena    *arena;
	int			entry;
	MemoryContext context;		/* holds this */
	struct Pin *next;
} Pin;


static const FcArenaHead arena_head = {
	fc_entry_table_size, fc_entry_table_fill
};

static Pin *pins = NULL;

static void give_back_at_exit(int code, Datum arg);
static void give_back_at_xact_end(XactEvent event, void *arg);
static void give_back_pins(void);
static bool is_fresh(const FcEntry *entry, const FcFreshness *freshness);
static void free_answer(FcArena *arena, dsa_pointer answer);
static Pin *make_pin(FcArena *arena);
static void fill_pin(Pin *pin, const FcEntry *entry);
static Size size_limit(const FcArena *arena);
static dsa_pointer make_room(FcArena *arena, Size size);
static bool push_out_oldest(FcArena *arena);
static dsa_pointer store_answer(FcArena *arena, const FcNewAnswer *answer);
static bool fill_answer(FcArena *arena, const FcNewAnswer *answer,
						dsa_pointer place);
static FcStoredAnswer *lay_out(const FcNewAnswer *answer);
static bool store_texts(FcArena *arena, const FcNewAnswer *answer,
						FcStoredText *texts);
static uint64 link_answer(FcArena *arena, const FcNewAnswer *answer,
						  dsa_pointer stored, Size bytes);
static void copy_row(FcArena *arena, const FcEntry *entry, FcAnswerRow *row,
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
	FcEntryTable *table;
	FcEntry    *entry;
	Pin		   *pin;

	if (arena == NULL)
		return NULL;

	/* what may throw comes first */
	pin = make_pin(arena);
	table = arena->head;
	LWLockAcquire(&table->lock, LW_EXCLUSIVE);
	entry = fc_entry_find(table, arena->area, question);
	if (entry != NULL && is_fresh(entry, freshness))
	{
		entry->pins++;
		entry->hits++;
		fc_entry_touch(table, entry);
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
 *		Tell whether fc_answers_find would find an answer, and about it,
 *		without pinning it: it may be gone in a moment.
 */
bool
fc_answers_look(const FcQuestion *question, const FcFreshness *freshness,
				FcAnswerGlance *glance)
{
	FcArena    *arena = fc_arena_get(&arena_head, false);
	FcEntryTable *table;
	const FcEntry *entry;
	bool		found;

	if (arena == NULL)
		return false;
	table = arena->head;
	LWLockAcquire(&table->lock, LW_SHARED);
	entry = fc_entry_find(table, arena->area, question);
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
		FcEntryTable *table = pin->arena->head;
		dsa_pointer freed;

		*link = pin->next;
		LWLockAcquire(&table->lock, LW_EXCLUSIVE);
		freed = fc_entry_unpin(table, &table->entries[pin->entry]);
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
	FcEntryTable *table;

	if (fc_arena_replace() || arena == NULL)
		return;

	table = arena->head;
	for (int i = 0; i < table->size; i++)
	{
		FcEntry    *entry = &table->entries[i];
		dsa_pointer freed = InvalidDsaPointer;

		LWLockAcquire(&table->lock, LW_EXCLUSIVE);
		if (entry->state == FC_ENTRY_LINKED)
			freed = fc_entry_unlink(table, entry);
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
	FcEntryTable *table;
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
	for (int i = table->newest; i != FC_NO_ENTRY; i = table->entries[i].older)
		needed += ((FcStoredAnswer *)
				   dsa_get_address(arena->area,
								   table->entries[i].answer))->size;
	LWLockRelease(&table->lock);
	size = needed + needed / 8 + 8192;
	rows = MemoryContextAllocHuge(CurrentMemoryContext,
								  table->size * sizeof(FcAnswerRow));
	place = texts = MemoryContextAllocHuge(CurrentMemoryContext, size);

	LWLockAcquire(&table->lock, LW_SHARED);
	for (int i = table->newest; i != FC_NO_ENTRY; i = table->entries[i].older)
	{
		const FcEntry *entry = &table->entries[i];
		const FcStoredAnswer *stored = dsa_get_address(arena->area,
													   entry->answer);

		if (place + stored->size > texts + size)
			break;
		if (!entry->is_index && fc_generation_holds(&entry->mark))
			copy_row(arena, entry, &rows[(*count)++], &place);
	}
	LWLockRelease(&table->lock);

	return rows;
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

/* May the entry's answer be given to somebody who wants it so fresh? */
static bool
is_fresh(const FcEntry *entry, const FcFreshness *freshness)
{
	return (entry->sent_at >= freshness->sent_after ||
			entry->mark.asked_at >= freshness->asked_after) &&
		fc_generation_holds(&entry->mark);
}

/* Free an answer's memory, which nobody else knows; may be invalid. */
static void
free_answer(FcArena *arena, dsa_pointer answer)
{
	FcStoredAnswer *stored;
	FcStoredText *texts;

	if (!DsaPointerIsValid(answer))
		return;
	stored = dsa_get_address(arena->area, answer);
	texts = (FcStoredText *) (stored + 1);
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
fill_pin(Pin *pin, const FcEntry *entry)
{
	FcSharedAnswer *answer = &pin->answer;
	const FcStoredAnswer *stored = dsa_get_address(pin->arena->area,
												   entry->answer);
	const FcStoredText *texts = (const FcStoredText *) (stored + 1);
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
	FcEntryTable *table = arena->head;
	dsa_pointer freed = InvalidDsaPointer;
	int			i;

	LWLockAcquire(&table->lock, LW_EXCLUSIVE);
	i = table->oldest;
	while (i != FC_NO_ENTRY && table->entries[i].pins > 0)
		i = table->entries[i].newer;
	if (i != FC_NO_ENTRY)
		freed = fc_entry_unlink(table, &table->entries[i]);
	LWLockRelease(&table->lock);
	free_answer(arena, freed);

	return i != FC_NO_ENTRY;
}

/*
 * Copy an answer into memory that nobody else knows; invalid if there is no
 * room for it.
 */
static dsa_pointer
store_answer(FcArena *arena, const FcNewAnswer *answer)
{
	FcStoredAnswer *layout = lay_out(answer);
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
	FcStoredAnswer *stored = dsa_get_address(arena->area, place);
	bool		is_stored = false;

	PG_TRY();
	{
		is_stored = store_texts(arena, answer, (FcStoredText *) (stored + 1));
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
static FcStoredAnswer *
lay_out(const FcNewAnswer *answer)
{
	const FcQuestion *question = &answer->question;
	Size		meta = sizeof(FcStoredAnswer) +
	answer->count * sizeof(FcStoredText);
	Size		request = meta + answer->meta_length;
	Size		base_url = request + strlen(question->request) + 1;
	Size		resource = base_url + strlen(answer->base_url) + 1;
	Size		size = resource + strlen(question->resource) + 1;
	char	   *base = MemoryContextAllocHuge(CurrentMemoryContext, size);
	FcStoredAnswer *layout = (FcStoredAnswer *) base;

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
store_texts(FcArena *arena, const FcNewAnswer *answer, FcStoredText *texts)
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
	FcEntryTable *table = arena->head;
	const FcQuestion *question = &answer->question;
	dsa_pointer freed = InvalidDsaPointer;
	uint64		serial = 0;
	FcEntry    *entry;
	bool		is_full;

	do
	{
		LWLockAcquire(&table->lock, LW_SHARED);
		is_full = table->first_free == FC_NO_ENTRY ||
			table->used + bytes > size_limit(arena);
		LWLockRelease(&table->lock);
	} while (is_full && push_out_oldest(arena));

	LWLockAcquire(&table->lock, LW_EXCLUSIVE);
	entry = fc_entry_find(table, arena->area, question);
	if (entry != NULL && (entry->mark.asked_at <= answer->mark.asked_at ||
						  !fc_generation_holds(&entry->mark)))
	{
		freed = fc_entry_unlink(table, entry);
		entry = NULL;
	}
	if (entry == NULL && table->first_free != FC_NO_ENTRY &&
		table->used + bytes <= size_limit(arena))
	{
		entry = fc_entry_link(table, question, bytes);
		entry->is_index = answer->is_index;
		serial = entry->serial;
		entry->mark = answer->mark;
		entry->sent_at = answer->sent_at;
		entry->rows = answer->rows;
		entry->answer = stored;
	}
	LWLockRelease(&table->lock);

	free_answer(arena, freed);
	if (serial == 0)
		free_answer(arena, stored);
	return serial;
}

/* Tell the view of an entry; its texts go to *place. */
static void
copy_row(FcArena *arena, const FcEntry *entry, FcAnswerRow *row, char **place)
{
	const FcStoredAnswer *stored = dsa_get_address(arena->area, entry->answer);
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
