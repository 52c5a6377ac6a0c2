/*
 * cache.c
 *		A store of texts by key, in memory and then in a temporary file.
 *
 * The store knows neither what the texts nor what the keys mean.  It belongs
 * to one backend and one transaction: it is made with the first entry, below
 * TopTransactionContext, and a transaction callback forgets it before the
 * transaction commits, is prepared, or aborts.
 *
 * An entry with a key can be found by that key until it is dropped.  A private
 * entry never has a key.  Dropped and private entries live as long as somebody
 * holds a pin on them, and are freed with the last pin.  All pins end with the
 * transaction, so an aborted scan need not release its pins, and a release
 * that comes too late does nothing.
 *
 * Texts stay in memory until all of them would take more than fc_cache_size.
 * Private entries may use an eighth of that, since most of their texts are
 * never read again.  Later texts are written to a temporary file.  Temporary
 * files belong to TopTransactionResourceOwner, because they have to outlive
 * portals and subtransactions.  We use the files of fd.c, which count towards
 * temp_file_limit, and not a BufFile.  Texts are written and read in one
 * piece, so a buffer would only cost time.  And closing a BufFile may have to
 * write, and so may throw, which a transaction callback must not do.  A file
 * takes texts up to about 1 GB, then the next one is opened.  A file is closed
 * when its last text is freed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/cache.h"
#include "commands/tablespace.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"

/* private entries may use fc_cache_size divided by this */
#define PRIVATE_PART	8

/* a temporary file of this size takes no further text */
#define FILE_FULL		((off_t) 1024 * 1024 * 1024)

/* A temporary file, shared by the texts in it. */
typedef struct CacheFile
{
	File		file;			/* fd.c's */
	off_t		end;			/* where the next text goes */
	int			texts;			/* texts in it that are alive */
} CacheFile;

/* One text: in memory or in a file. */
typedef struct CachedText
{
	Size		length;			/* without the terminating NUL */
	char	   *memory;			/* NULL if in a file */
	CacheFile  *file;			/* NULL if in memory */
	off_t		offset;			/* in the file */
} CachedText;

/* An entry, with the members that only this file uses. */
typedef struct CacheEntry
{
	FcCacheEntry public;		/* must be first */
	dlist_node	node;			/* in store->entries */
	bool		private;		/* never had a key */
	Size		memory;			/* bytes of texts in memory */
	int			capacity;		/* elements of texts */
	CachedText *texts;
} CacheEntry;

/* Where a key leads to. */
typedef struct CacheKey
{
	const char *key;			/* the entry's */
	CacheEntry *entry;
	uint32		hash;			/* of key */
	char		status;			/* simplehash's */
} CacheKey;

#define SH_PREFIX cachekeys
#define SH_ELEMENT_TYPE CacheKey
#define SH_KEY_TYPE const char *
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	hash_bytes((const unsigned char *) (key), (int) strlen(key))
#define SH_EQUAL(table, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, element) (element)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* All that is kept in this transaction. */
typedef struct CacheStore
{
	MemoryContext context;
	cachekeys_hash *keys;		/* entries that can be found */
	dlist_head	entries;		/* all entries: CacheEntry.node */
	Size		memory;			/* bytes of texts in memory */
	Size		private_memory; /* those of private entries */
	CacheFile  *file;			/* takes the next text, NULL if none does */
} CacheStore;

int			fc_cache_size = 64 * 1024;

static CacheStore *store = NULL;	/* NULL until an entry is made */

static CacheStore *get_store(void);
static void forget_store(XactEvent event, void *arg);
static bool fits_in_memory(const CacheEntry *entry, Size length);
static void keep_in_memory(CacheEntry *entry, CachedText *place,
						   const char *text);
static void write_to_file(CachedText *place, const char *text);
static CacheFile *open_file(void);
static void leave_file(CacheFile *file);
static void unlink_entry(CacheEntry *entry);
static void free_entry(CacheEntry *entry);

/*
 * fc_cache_find
 *		The entry with the given key, or NULL.
 */
FcCacheEntry *
fc_cache_find(const char *key)
{
	CacheKey   *found = store ? cachekeys_lookup(store->keys, key) : NULL;

	return found ? &found->entry->public : NULL;
}

/*
 * fc_cache_create
 *		A new entry without texts, in place of any other with that key.
 *
 * If key is NULL the entry is private: nobody can find it, and it is freed
 * with the last pin on it.
 */
FcCacheEntry *
fc_cache_create(const char *key)
{
	CacheStore *in = get_store();
	MemoryContext context;
	CacheEntry *entry;
	FcCacheEntry *old;

	context = AllocSetContextCreate(in->context, "frontcore_fdw cache entry",
									ALLOCSET_SMALL_SIZES);
	entry = MemoryContextAllocZero(context, sizeof(CacheEntry));
	entry->private = (key == NULL);
	entry->public.context = context;
	entry->public.subxact = GetCurrentSubTransactionId();

	if (key != NULL)
	{
		CacheKey   *element;
		bool		exists;

		key = MemoryContextStrdup(context, key);
		if ((old = fc_cache_find(key)) != NULL)
			unlink_entry((CacheEntry *) old);
		element = cachekeys_insert(in->keys, key, &exists);
		element->entry = entry;
		entry->public.key = key;
	}
	dlist_push_tail(&in->entries, &entry->node);

	return &entry->public;
}

/*
 * fc_cache_pin
 *		Keep an entry until fc_cache_release, or the transaction's end.
 */
void
fc_cache_pin(FcCacheEntry *entry)
{
	entry->references++;
}

/*
 * fc_cache_release
 *		Release a pin; does nothing once the transaction has ended.
 */
void
fc_cache_release(FcCacheEntry *entry)
{
	if (store == NULL)
		return;

	Assert(entry->references > 0);
	if (--entry->references == 0 && entry->key == NULL)
		free_entry((CacheEntry *) entry);
}

/*
 * fc_cache_append
 *		Add a copy of a text to an entry, as its last page.
 *
 * Throws if a temporary file cannot be written; the entry is then unchanged.
 */
void
fc_cache_append(FcCacheEntry *entry, const char *text, Size length)
{
	CacheEntry *to = (CacheEntry *) entry;
	CachedText *place;

	if (entry->pages == to->capacity)
	{
		int			capacity = Max(4, to->capacity * 2);
		Size		size = capacity * sizeof(CachedText);

		to->texts = to->texts ? repalloc(to->texts, size) :
			MemoryContextAlloc(entry->context, size);
		to->capacity = capacity;
	}

	place = &to->texts[entry->pages];
	memset(place, 0, sizeof(CachedText));
	place->length = length;
	if (fits_in_memory(to, length))
		keep_in_memory(to, place, text);
	else
		write_to_file(place, text);

	entry->pages++;
	entry->subxact = Max(entry->subxact, GetCurrentSubTransactionId());
}

/*
 * fc_cache_read
 *		A page of an entry: 0 is the first.
 *
 * The text ends with a NUL that length does not count.  A text in memory is
 * the entry's own and lives as long as a pin on the entry; a text read from a
 * file lives in the current context.  So the caller must neither change nor
 * free it.
 */
char *
fc_cache_read(FcCacheEntry *entry, int page, Size *length)
{
	const CachedText *place = &((CacheEntry *) entry)->texts[page];
	char	   *copy;

	Assert(page >= 0 && page < entry->pages);
	*length = place->length;
	if (place->memory != NULL)
		return place->memory;

	copy = palloc(place->length + 1);
	errno = 0;
	if (FileRead(place->file->file, copy, place->length, place->offset,
				 WAIT_EVENT_BUFFILE_READ) != (ssize_t) place->length)
	{
		if (errno == 0)
			errno = EIO;		/* the file is too short */
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file \"%s\": %m",
						FilePathName(place->file->file))));
	}
	copy[place->length] = '\0';

	return copy;
}

/*
 * fc_cache_drop
 *		Drop the entries that the filter accepts: they can no longer be found.
 *
 * Those who have pinned a dropped entry can go on using it.
 */
void
fc_cache_drop(FcCacheFilter filter, void *arg)
{
	dlist_mutable_iter iter;

	if (store == NULL)
		return;

	dlist_foreach_modify(iter, &store->entries)
	{
		CacheEntry *entry = dlist_container(CacheEntry, node, iter.cur);

		if (entry->public.key != NULL &&
			filter(&entry->public, arg))
			unlink_entry(entry);
	}
}

/* The transaction's store; made if there is none. */
static CacheStore *
get_store(void)
{
	static bool registered = false;
	MemoryContext context;
	CacheStore *new_store;

	if (store != NULL)
		return store;

	if (!registered)
	{
		RegisterXactCallback(forget_store, NULL);
		registered = true;
	}
	context = AllocSetContextCreate(TopTransactionContext,
									"frontcore_fdw cache",
									ALLOCSET_DEFAULT_SIZES);
	new_store = MemoryContextAllocZero(context, sizeof(CacheStore));
	new_store->context = context;
	new_store->keys = cachekeys_create(context, 64, NULL);
	dlist_init(&new_store->entries);

	return store = new_store;
}

/*
 * At the end of a transaction, however it ends: close the files.
 *
 * The memory is left to TopTransactionContext: a pin may still be released
 * while the memory of an aborted portal is freed.  Closing a file reports
 * failure as LOG, and does not throw.
 */
static void
forget_store(XactEvent event, void *arg)
{
	CacheStore *old = store;
	dlist_iter	iter;

	if (old == NULL)
		return;
	store = NULL;

	if (old->file != NULL)
		leave_file(old->file);
	dlist_foreach(iter, &old->entries)
	{
		CacheEntry *entry = dlist_container(CacheEntry, node, iter.cur);

		for (int i = 0; i < entry->public.pages; i++)
			if (entry->texts[i].file != NULL)
				leave_file(entry->texts[i].file);
	}
}

/* May a text of this length still go to memory? */
static bool
fits_in_memory(const CacheEntry *entry, Size length)
{
	Size		limit = (Size) fc_cache_size * 1024;

	if (store->memory + length > limit)
		return false;

	return !entry->private ||
		store->private_memory + length <= limit / PRIVATE_PART;
}

/* Copy a text to memory of its entry's. */
static void
keep_in_memory(CacheEntry *entry, CachedText *place, const char *text)
{
	place->memory = MemoryContextAlloc(entry->public.context,
									   place->length + 1);
	memcpy(place->memory, text, place->length);
	place->memory[place->length] = '\0';

	entry->memory += place->length;
	store->memory += place->length;
	if (entry->private)
		store->private_memory += place->length;
}

/* Write a text to the end of the current temporary file. */
static void
write_to_file(CachedText *place, const char *text)
{
	CacheFile  *file;

	if (store->file != NULL && store->file->end >= FILE_FULL)
	{
		leave_file(store->file);
		store->file = NULL;
	}
	if (store->file == NULL)
		store->file = open_file();
	file = store->file;

	errno = 0;
	if (FileWrite(file->file, unconstify(char *, text), place->length,
				  file->end, WAIT_EVENT_BUFFILE_WRITE) !=
		(ssize_t) place->length)
	{
		if (errno == 0)
			errno = ENOSPC;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write to temporary file \"%s\": %m",
						FilePathName(file->file))));
	}
	place->file = file;
	place->offset = file->end;
	file->end += place->length;
	file->texts++;
}

/*
 * Open a temporary file that lives as long as the transaction.
 *
 * If this throws, the abort of the (sub)transaction resets
 * CurrentResourceOwner.
 */
static CacheFile *
open_file(void)
{
	ResourceOwner oldowner = CurrentResourceOwner;
	CacheFile  *file = MemoryContextAllocZero(store->context,
											  sizeof(CacheFile));

	CurrentResourceOwner = TopTransactionResourceOwner;
	PrepareTempTablespaces();
	file->file = OpenTemporaryFile(false);
	CurrentResourceOwner = oldowner;
	file->texts = 1;			/* the store's own hold on it */

	return file;
}

/* Count one text less in a file; close it with the last one. */
static void
leave_file(CacheFile *file)
{
	if (--file->texts > 0)
		return;

	FileClose(file->file);
	if (store != NULL)
		pfree(file);
}

/* Take an entry out of the table of keys; free it if it is not pinned. */
static void
unlink_entry(CacheEntry *entry)
{
	cachekeys_delete(store->keys, entry->public.key);
	entry->public.key = NULL;

	if (entry->public.references == 0)
		free_entry(entry);
}

/* Free an entry that has no key and no pin, with its texts. */
static void
free_entry(CacheEntry *entry)
{
	for (int i = 0; i < entry->public.pages; i++)
		if (entry->texts[i].file != NULL)
			leave_file(entry->texts[i].file);

	store->memory -= entry->memory;
	if (entry->private)
		store->private_memory -= entry->memory;
	dlist_delete(&entry->node);
	MemoryContextDelete(entry->public.context);
}
