/*
 * cache.h
 *		A store of texts by key, in memory and then in a temporary file.
 *
 * An entry is a sequence of texts (pages, in the order in which they came) and
 * a state that belongs to the entry's owner.  Neither finding nor creating an
 * entry pins it.  A caller that keeps an entry beyond the next call into this
 * file has to pin it.  Nothing outlives the transaction.
 */
#ifndef FC_CACHE_H
#define FC_CACHE_H

typedef struct FcCacheEntry
{
	MemoryContext context;		/* the entry's own; state is allocated here */
	void	   *state;			/* the owner's, NULL in a new entry */
	int			pages;			/* texts held */
	const char *key;			/* NULL if private or dropped */
	int			references;		/* pins */
	SubTransactionId subxact;	/* last subtransaction that made the entry or
								 * added to it; if s aborts, entries with
								 * subxact >= s are its work */
} FcCacheEntry;

extern int	fc_cache_size;		/* GUC frontcore_fdw.cache_size, in kB */

extern FcCacheEntry *fc_cache_find(const char *key);
extern FcCacheEntry *fc_cache_create(const char *key);
extern void fc_cache_pin(FcCacheEntry *entry);
extern void fc_cache_release(FcCacheEntry *entry);

extern void fc_cache_append(FcCacheEntry *entry, const char *text,
							Size length);
extern char *fc_cache_read(FcCacheEntry *entry, int page, Size *length);

typedef bool (*FcCacheFilter) (const FcCacheEntry *entry, void *arg);
extern void fc_cache_drop(FcCacheFilter filter, void *arg);

#endif							/* FC_CACHE_H */
