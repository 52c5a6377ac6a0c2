/*
 * cache.h
 *		Opaque texts by opaque key, in memory, then in a temporary file.
 *
 * An entry is a sequence of texts (pages, in the order in which
 * they came) plus a state of its owner's.  Neither finding nor creating an
 * entry pins it: who keeps one beyond the next call into this file pins it.
 * Nothing outlives the transaction.
 */
#ifndef FC_CACHE_H
#define FC_CACHE_H

typedef struct FcCacheEntry
{
	MemoryContext context;		/* the entry's own; state is allocated here */
	void	   *state;			/* the owner's, NULL in a new entry */
	int			pages;			/* texts held */
	const char *key;			/* NULL if private or dropped */
	uint64		tag;			/* what fc_cache_drop selects by */
	int			references;		/* pins */
	SubTransactionId subxact;	/* the last one that made it or added to it;
								 * at the abort of s: its work if >= s */
} FcCacheEntry;

extern int	fc_cache_size;		/* GUC frontcore_fdw.cache_size, in kB */

extern FcCacheEntry *fc_cache_find(const char *key);
extern FcCacheEntry *fc_cache_create(const char *key, uint64 tag);
extern void fc_cache_pin(FcCacheEntry *entry);
extern void fc_cache_release(FcCacheEntry *entry);

extern void fc_cache_append(FcCacheEntry *entry, const char *text,
							Size length);
extern char *fc_cache_read(FcCacheEntry *entry, int page, Size *length);

typedef bool (*FcCacheFilter) (const FcCacheEntry *entry, void *arg);
extern void fc_cache_drop(FcCacheFilter filter, void *arg);

#endif							/* FC_CACHE_H */
