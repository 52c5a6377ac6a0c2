/*
 * kept.c
 *		Pages that stay parsed while a list is read again and again.
 *
 * A subquery whose condition does not go upstream reads its list anew for each
 * row around it, from the cache.  From the second reading on, the documents
 * are kept, as far as they fit into work_mem.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "read/kept.h"
#include "utils/memutils.h"

/*
 * A document takes some five times the memory of its text, more where values
 * are small: a node of 64 bytes and, mostly, two small texts for each.  Ten is
 * assumed of the first one; of others, what those before it took.
 */
#define DOCUMENT_FACTOR 10

typedef struct KeptPage
{
	FcWalk	   *walk;			/* pinned */
	int			number;
	FcJson	   *document;
} KeptPage;

struct FcKept
{
	int			readings;		/* begun */
	List	   *pages;			/* of KeptPage *, in the order of reading */
	int			next;			/* of pages, in the current reading */
	Size		text_bytes;		/* of the pages' texts */
	Size		bytes;			/* of what was made of them */
	bool		is_full;		/* what comes next did not fit */
	MemoryContext context;
};

static double estimate_bytes(const FcKept *kept, Size text_bytes);
static bool find_next(FcKept *kept, const FcWalk *walk, int page,
					  FcJson **document);

/*
 * fc_kept_create
 *		Keep nothing yet; lives in the current context.
 */
FcKept *
fc_kept_create(void)
{
	FcKept	   *kept = palloc0(sizeof(FcKept));

	kept->context = AllocSetContextCreate(CurrentMemoryContext,
										  "frontcore_fdw pages",
										  ALLOCSET_SMALL_SIZES);
	return kept;
}

/*
 * fc_kept_begin
 *		Another reading begins.
 */
void
fc_kept_begin(FcKept *kept)
{
	kept->readings++;
	kept->next = 0;
}

/*
 * fc_kept_rewind
 *		The same reading goes back to its first page.
 */
void
fc_kept_rewind(FcKept *kept)
{
	kept->next = 0;
}

/*
 * fc_kept_read
 *		A page that the walk has stored.
 *
 * It lives until the next call, or as long as the current context if it is
 * not one that is kept.
 */
FcJson *
fc_kept_read(FcKept *kept, FcWalk *walk, int page)
{
	Size		text_bytes = walk->pages[page].length;
	MemoryContext oldcontext;
	FcJson	   *document;
	KeptPage   *entry;

	if (find_next(kept, walk, page, &document))
		return document;
	if (kept->bytes + estimate_bytes(kept, text_bytes) >
		work_mem * (Size) 1024)
		kept->is_full = true;
	if (kept->readings < 2 || kept->is_full)
		return fc_walk_read(walk, page);

	oldcontext = MemoryContextSwitchTo(kept->context);
	entry = palloc(sizeof(KeptPage));
	entry->walk = walk;
	entry->number = page;
	entry->document = fc_walk_read(walk, page);
	kept->pages = lappend(kept->pages, entry);
	MemoryContextSwitchTo(oldcontext);

	fc_cache_pin(walk->entry);
	kept->text_bytes += text_bytes;
	kept->bytes += fc_json_bytes(entry->document);
	kept->next++;
	return entry->document;
}

/*
 * fc_kept_forget
 *		Keep nothing any more; to be called before the context goes.
 */
void
fc_kept_forget(FcKept *kept)
{
	ListCell   *cell;

	foreach(cell, kept->pages)
		fc_cache_release(((KeptPage *) lfirst(cell))->walk->entry);
	kept->pages = NIL;
	kept->next = 0;
	kept->text_bytes = kept->bytes = 0;
	kept->is_full = false;
	MemoryContextReset(kept->context);
}

/*
 * How much memory will the document of such a text take?
 */
static double
estimate_bytes(const FcKept *kept, Size text_bytes)
{
	if (kept->text_bytes == 0)
		return (double) text_bytes * DOCUMENT_FACTOR;
	return (double) text_bytes / kept->text_bytes * kept->bytes;
}

/*
 * Is the page the one that is next in this reading, as it was in the last?
 *
 * A reading that meets another page in its place is of another list; what was
 * kept is of no use to it.
 */
static bool
find_next(FcKept *kept, const FcWalk *walk, int page, FcJson **document)
{
	const KeptPage *next;

	if (kept->next >= list_length(kept->pages))
		return false;

	next = list_nth(kept->pages, kept->next);
	if (next->walk != walk || next->number != page)
	{
		fc_kept_forget(kept);
		return false;
	}
	kept->next++;
	*document = next->document;
	return true;
}
