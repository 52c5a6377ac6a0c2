/*
 * arena.c
 *		One dynamic shared memory segment of a set size, with room to allocate
 *		from.
 *
 * The segment is made by the backend that needs it first.  It is made with no
 * lock held, since the server may be short of memory: dsm_create then throws,
 * and what it throws while a lock is held would be thrown at everybody.  Two
 * backends may so make one at the same time; the first to publish its handle
 * wins, and the other one gives its own back.  Pinned, the segment lasts until
 * the server stops, or until it is replaced.
 *
 * No memory is no error: the caller does without, and it is not tried again
 * for a minute, by anybody.
 *
 * The area in the segment is dsa's, in place.  It is told never to take
 * another segment, because dsa would throw, or keep the memory, where we want
 * to make room by forgetting something.
 *
 * The size is that of fc_shared_cache_size when the segment was made.  To
 * replace a segment, a backend removes its handle from the root and unpins it.
 * Other backends notice that when they next use the arena, and detach as soon
 * as they have nothing pinned in it.  The server gets the memory back when the
 * last backend has detached.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "shared/arena.h"
#include "shared/segment.h"
#include "utils/memutils.h"

/* So long nobody tries again to get memory, in microseconds. */
#define RETRY_DELAY		INT64CONST(60000000)

/* The beginning of the segment. */
typedef struct ArenaHeader
{
	Size		total;			/* bytes of the segment */
	Size		area;			/* where the area begins */
} ArenaHeader;

int			fc_shared_cache_size = 64 * 1024;

static FcArenaRoot *root = NULL;	/* NULL until attached */
static FcArena *current = NULL; /* NULL until mapped */
static FcArena *retired = NULL; /* still pinned, though replaced */

static bool memory_is_short(void);
static void note_shortage(const char *reason);
static dsm_segment *map_segment(uint32 handle, Size size);
static dsm_segment *make_segment(const FcArenaHead *head);
static void set_up(dsm_segment *dsm, const FcArenaHead *head);
static FcArena *make_arena(dsm_segment *dsm);
static void retire(void);
static void unmap(FcArena *arena);
static int64 read_clock(void);

/*
 * fc_arena_init
 *		Fill in memory that was just created.
 */
void
fc_arena_init(FcArenaRoot *memory, int tranche)
{
	memset(memory, 0, sizeof(FcArenaRoot));
	memory->tranche = tranche;
	memory->handle = DSM_HANDLE_INVALID;
	LWLockInitialize(&memory->lock, tranche);
}

/*
 * fc_arena_attach
 *		Use this memory from now on.
 */
void
fc_arena_attach(FcArenaRoot *memory)
{
	root = memory;
}

/*
 * fc_arena_get
 *		The arena, or NULL if there is none.
 *
 * A new one is made only if the caller may create it.  The pointer is good
 * until the next call; who keeps it longer pins it.  Never throws for lack of
 * memory.
 */
FcArena *
fc_arena_get(const FcArenaHead *head, bool may_create)
{
	uint32		handle;

	if (root == NULL || fc_shared_cache_size == 0)
		return NULL;

	for (int tries = 0; tries < 3; tries++)
	{
		dsm_segment *dsm;

		LWLockAcquire(&root->lock, LW_SHARED);
		handle = root->handle;
		LWLockRelease(&root->lock);

		if (current != NULL && current->handle == handle)
			return current;
		retire();
		if (handle != DSM_HANDLE_INVALID)
			dsm = map_segment(handle, 0);
		else if (may_create && !memory_is_short())
			dsm = make_segment(head);
		else
			return NULL;
		if (dsm != NULL)
			return current = make_arena(dsm);

		/* replaced a moment ago, or made by somebody else meanwhile */
	}
	return NULL;
}

/*
 * fc_arena_replace
 *		Let the next backend that needs the segment make a new one, if its size
 *		would differ.  Returns false if the old segment stays.
 */
bool
fc_arena_replace(void)
{
	uint32		handle;

	if (root == NULL)
		return false;
	if (current != NULL && fc_shared_cache_size > 0 &&
		((ArenaHeader *) dsm_segment_address(current->dsm))->total ==
		(Size) fc_shared_cache_size * 1024)
		return false;

	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	handle = root->handle;
	root->handle = DSM_HANDLE_INVALID;
	root->failed_at = 0;
	LWLockRelease(&root->lock);

	/* whoever has taken the handle from the root takes the pin, too */
	if (handle != DSM_HANDLE_INVALID)
		dsm_unpin_segment(handle);
	retire();
	return true;
}

/*
 * fc_arena_tidy
 *		Detach from replaced segments in which this backend has nothing pinned.
 */
void
fc_arena_tidy(void)
{
	FcArena   **link = &retired;

	while (*link != NULL)
	{
		FcArena    *arena = *link;

		if (arena->pins > 0)
		{
			link = &arena->next;
			continue;
		}
		*link = arena->next;
		unmap(arena);
	}
}

/*
 * fc_arena_detach
 *		Forget the memory, as the backend is about to lose it.
 */
void
fc_arena_detach(void)
{
	root = NULL;
	current = NULL;
	retired = NULL;
}

/* Was there no memory for a segment of that size a moment ago? */
static bool
memory_is_short(void)
{
	bool		is_short;

	LWLockAcquire(&root->lock, LW_SHARED);
	is_short = root->failed_at != 0 &&
		root->failed_size == fc_shared_cache_size &&
		read_clock() - root->failed_at < RETRY_DELAY;
	LWLockRelease(&root->lock);

	return is_short;
}

/* There is no memory for a segment: let everybody do without for a while. */
static void
note_shortage(const char *reason)
{
	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	root->failed_at = read_clock();
	root->failed_size = fc_shared_cache_size;
	LWLockRelease(&root->lock);

	ereport(LOG,
			(errmsg("no memory for the shared cache of frontcore_fdw: %s",
					reason),
			 errhint("Answers are not shared by sessions.  Lower \"frontcore_fdw.shared_cache_size\", or give the server more shared memory."),
			 errhidestmt(true), errhidecontext(true)));
}

/*
 * Map the segment with that handle; or, if a size is given, create one.  NULL
 * if it is gone, or there is no memory for it.
 */
static dsm_segment *
map_segment(uint32 handle, Size size)
{
	char	   *shortage = NULL;
	dsm_segment *dsm = fc_segment_map(handle, size, &shortage);

	if (shortage != NULL)
	{
		note_shortage(shortage);
		pfree(shortage);
	}
	return dsm;
}

/* Make the segment and let others find it; NULL if that came to nothing. */
static dsm_segment *
make_segment(const FcArenaHead *head)
{
	Size		total = (Size) fc_shared_cache_size * 1024;
	dsm_segment *dsm;
	bool		is_first;

	if (head->size(total) + sizeof(ArenaHeader) + 2 * dsa_minimum_size() >
		total)
		return NULL;			/* too small to be of any use */
	dsm = map_segment(DSM_HANDLE_INVALID, total);
	if (dsm == NULL)
		return NULL;
	set_up(dsm, head);
	dsm_pin_segment(dsm);

	LWLockAcquire(&root->lock, LW_EXCLUSIVE);
	is_first = root->handle == DSM_HANDLE_INVALID;
	if (is_first)
		root->handle = dsm_segment_handle(dsm);
	LWLockRelease(&root->lock);
	if (is_first)
		return dsm;

	dsm_unpin_segment(dsm_segment_handle(dsm));
	dsm_detach(dsm);
	return NULL;
}

/* Set up a segment that nobody else knows yet. */
static void
set_up(dsm_segment *dsm, const FcArenaHead *head)
{
	ArenaHeader *header = dsm_segment_address(dsm);
	char	   *base = (char *) header;
	Size		total = (Size) fc_shared_cache_size * 1024;
	Size		size;
	dsa_area   *area;

	header->total = total;
	header->area = MAXALIGN(sizeof(ArenaHeader)) + MAXALIGN(head->size(total));
	head->fill(base + MAXALIGN(sizeof(ArenaHeader)), total, root->tranche);

	size = total - header->area;
	area = dsa_create_in_place(base + header->area, size, root->tranche, NULL);
	dsa_set_size_limit(area, size);
	dsa_pin(area);
	dsa_pin_mapping(area);
	dsa_detach(area);
}

/* This backend's view of a segment that it has mapped. */
static FcArena *
make_arena(dsm_segment *dsm)
{
	ArenaHeader *header = dsm_segment_address(dsm);
	char	   *base = (char *) header;
	MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	FcArena    *arena = palloc0(sizeof(FcArena));

	arena->dsm = dsm;
	arena->area = dsa_attach_in_place(base + header->area, NULL);
	dsa_pin_mapping(arena->area);
	arena->head = base + MAXALIGN(sizeof(ArenaHeader));
	arena->room = header->total - header->area;
	arena->handle = dsm_segment_handle(dsm);
	MemoryContextSwitchTo(oldcontext);
	return arena;
}

/* The current arena is no longer the one to use. */
static void
retire(void)
{
	if (current == NULL)
		return;
	current->next = retired;
	retired = current;
	current = NULL;
	fc_arena_tidy();
}

/* Give back a mapping. */
static void
unmap(FcArena *arena)
{
	dsa_detach(arena->area);
	dsm_detach(arena->dsm);
	pfree(arena);
}

/* Microseconds of the monotonic clock. */
static int64
read_clock(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MICROSEC(now);
}
