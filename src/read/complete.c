/*
 * complete.c
 *		Complete lists, which answer narrower questions.
 *
 * Once a scan has read every page of an unfiltered list, the transaction
 * knows all there is to know about it.  Its rows by id, by parent and by links
 * are found through indexes.  They are built together when the first of them
 * is asked for: by then the pages may lie in a temporary file, and are read
 * through once.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "read/complete.h"
#include "read/needs.h"
#include "utils/memutils.h"

/* The items of a list, in the order of one of their columns. */
typedef struct WholeIndex
{
	const FcColumn *column;
	int			count;
	int			size;
	FcCompleteItem *items;
} WholeIndex;

/* What a list's items say of a path that the catalog has no column for. */
typedef struct PathPresence
{
	const char *path;
	FcPresence	presence;
} PathPresence;

struct FcComplete
{
	dlist_node	node;
	int			references;		/* pins */
	bool		is_forgotten;	/* only those who have pinned it read it */
	MemoryContext context;
	char	   *scope;
	const FcResource *resource;
	uint64		present;		/* columns whose keys all walks have seen */
	int			nwalks;
	FcWalk	  **walks;
	int			nindexes;		/* 0 until one is asked for */
	WholeIndex *indexes;		/* by each column that is looked up */
	List	   *paths;			/* of PathPresence *, as far as asked for */

	/* the page read last; the cache's, or in text_context */
	int			text_walk;
	int			text_page;
	const char *text;
	MemoryContext text_context;
};

static dlist_head wholes = DLIST_STATIC_INIT(wholes);

static void unlink_whole(void *arg);
static void drop_if_unused(FcComplete *whole);
static WholeIndex *get_index(FcComplete *whole, const FcColumn *column);
static void make_indexes(FcComplete *whole);
static void index_pages(FcComplete *whole);
static void index_page(FcComplete *whole, int walk, int page);
static void note_path(const FcComplete *whole, PathPresence *entry);
static void add_item(FcComplete *whole, WholeIndex *index,
					 const FcCompleteItem *item);
static int	first_not_below(const WholeIndex *index, int64 key);
static int	compare_items(const void *a, const void *b);

/*
 * fc_complete_register
 *		Remember that these walks together hold every row of the resource.
 *
 * scope tells whose rows they are.  Forgotten when the transaction ends.
 */
FcComplete *
fc_complete_register(const char *scope, const FcResource *resource,
					 FcWalk *const *walks, int nwalks)
{
	MemoryContext context;
	MemoryContext oldcontext;
	MemoryContextCallback *callback;
	FcComplete *whole;

	context = AllocSetContextCreate(TopTransactionContext,
									"frontcore_fdw complete list",
									ALLOCSET_SMALL_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	whole = palloc0(sizeof(FcComplete));
	callback = palloc0(sizeof(MemoryContextCallback));
	whole->context = context;
	whole->scope = pstrdup(scope);
	whole->resource = resource;
	whole->present = PG_UINT64_MAX;
	whole->nwalks = nwalks;
	whole->walks = palloc(nwalks * sizeof(FcWalk *));
	for (int i = 0; i < nwalks; i++)
	{
		fc_cache_pin(walks[i]->entry);
		whole->walks[i] = walks[i];
		if (walks[i]->rows > 0)
			whole->present &= walks[i]->present;
	}
	whole->text_walk = -1;
	whole->text_context = AllocSetContextCreate(context, "frontcore_fdw page",
												ALLOCSET_DEFAULT_SIZES);

	callback->func = unlink_whole;
	callback->arg = whole;
	MemoryContextRegisterResetCallback(context, callback);
	dlist_push_head(&wholes, &whole->node);
	MemoryContextSwitchTo(oldcontext);
	return whole;
}

/*
 * fc_complete_find
 *		A complete list of the resource whose items hold these columns.
 */
FcComplete *
fc_complete_find(const char *scope, const FcResource *resource, uint64 columns)
{
	dlist_iter	iter;

	dlist_foreach(iter, &wholes)
	{
		FcComplete *whole = dlist_container(FcComplete, node, iter.cur);

		if (whole->resource == resource && !whole->is_forgotten &&
			(columns & ~whole->present) == 0 &&
			strcmp(whole->scope, scope) == 0)
			return whole;
	}
	return NULL;
}

/*
 * fc_complete_present
 *		The catalog's columns that the list's items do not lack, as bits by
 *		number; all of them if there are no items.
 */
uint64
fc_complete_present(const FcComplete *whole)
{
	return whole->present;
}

/*
 * fc_complete_presence
 *		Do the list's items hold a path that the catalog has no column for?
 *
 * They are looked through when this is first asked for.
 */
const FcPresence *
fc_complete_presence(FcComplete *whole, const char *path)
{
	ListCell   *cell;
	PathPresence *entry;
	MemoryContext oldcontext;

	foreach(cell, whole->paths)
	{
		entry = lfirst(cell);
		if (strcmp(entry->path, path) == 0)
			return &entry->presence;
	}

	oldcontext = MemoryContextSwitchTo(whole->context);
	entry = palloc0(sizeof(PathPresence));
	entry->path = pstrdup(path);
	MemoryContextSwitchTo(oldcontext);
	note_path(whole, entry);
	oldcontext = MemoryContextSwitchTo(whole->context);
	whole->paths = lappend(whole->paths, entry);
	MemoryContextSwitchTo(oldcontext);
	return &entry->presence;
}

/*
 * fc_complete_pin, fc_complete_release
 *		Keep a list, though it be forgotten; and let go of it.
 */
void
fc_complete_pin(FcComplete *whole)
{
	whole->references++;
}

void
fc_complete_release(FcComplete *whole)
{
	whole->references--;
	drop_if_unused(whole);
}

/*
 * fc_complete_resource
 *		What the list's items are.
 */
const FcResource *
fc_complete_resource(const FcComplete *whole)
{
	return whole->resource;
}

/*
 * fc_complete_pages
 *		How many pages the list has.
 */
int
fc_complete_pages(const FcComplete *whole)
{
	int			pages = 0;

	for (int i = 0; i < whole->nwalks; i++)
		pages += whole->walks[i]->npages;
	return pages;
}

/*
 * fc_complete_walks
 *		The walks that make up the list, and their number.
 */
int
fc_complete_walks(const FcComplete *whole, FcWalk *const **walks)
{
	*walks = whole->walks;
	return whole->nwalks;
}

/*
 * fc_complete_look_up
 *		The items whose column, one of FC_LOOKED_UP, is one of keys: a list of
 *		FcCompleteItem *, in the order of keys.
 *
 * Sets the values of missing to the keys that no item has.
 */
List *
fc_complete_look_up(FcComplete *whole, const FcColumn *column,
					const FcKeys *keys, FcKeys *missing)
{
	WholeIndex *index = get_index(whole, column);
	bool		is_key = (column->flags & FC_KEY) != 0;
	List	   *found = NIL;

	missing->count = 0;
	missing->values = palloc(Max(keys->count, 1) * sizeof(int64));
	for (int i = 0; i < keys->count; i++)
	{
		int64		key = keys->values[i];
		int			first = first_not_below(index, key);
		int			next = first;

		while (next < index->count && index->items[next].key == key)
		{
			/* a row that came with both halves of a list is one row */
			if (next == first || !is_key)
				found = lappend(found, &index->items[next]);
			next++;
		}
		if (next == first)
			missing->values[missing->count++] = key;
	}
	return found;
}

/*
 * fc_complete_index
 *		All items by a column that is looked up, in the order of its values,
 *		and how many there are.
 *
 * They are the list's own.  Items that lack the column are left out.
 */
const FcCompleteItem *
fc_complete_index(FcComplete *whole, const FcColumn *column, int *count)
{
	const WholeIndex *index = get_index(whole, column);

	*count = index->count;
	return index->items;
}

/*
 * fc_complete_set_index
 *		The same index, as somebody else has made it.  The items must live
 *		until the transaction ends.
 */
void
fc_complete_set_index(FcComplete *whole, const FcColumn *column,
					  const FcCompleteItem *items, int count)
{
	WholeIndex *index;

	if (whole->nindexes == 0)
		make_indexes(whole);
	index = get_index(whole, column);
	index->items = unconstify(FcCompleteItem *, items);
	index->count = count;
}

/*
 * fc_complete_read
 *		An item of the list, parsed in the current context.
 */
FcJsonNode
fc_complete_read(FcComplete *whole, const FcCompleteItem *item)
{
	FcJson	   *document;
	char	   *text;

	if (whole->text_walk != item->walk || whole->text_page != item->page)
	{
		FcWalk	   *walk = whole->walks[item->walk];
		MemoryContext oldcontext;
		Size		length;

		whole->text_walk = -1;
		MemoryContextReset(whole->text_context);
		oldcontext = MemoryContextSwitchTo(whole->text_context);
		whole->text = fc_walk_text(walk, item->page, &length);
		MemoryContextSwitchTo(oldcontext);
		whole->text_walk = item->walk;
		whole->text_page = item->page;
	}

	text = pnstrdup(whole->text + item->offset, item->length);
	document = fc_json_parse(text, item->length);
	if (document == NULL)
		elog(ERROR, "stored item is not JSON");
	return fc_json_root(document);
}

/*
 * fc_complete_request
 *		The path of the request that brought an item, without paging.
 */
const char *
fc_complete_request(const FcComplete *whole, const FcCompleteItem *item)
{
	return whole->walks[item->walk]->path;
}

/*
 * fc_complete_forget
 *		Forget the complete lists that a write to a resource may change, or
 *		those of a scope; NULL is any.
 */
void
fc_complete_forget(const FcResource *written, const char *scope)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &wholes)
	{
		FcComplete *whole = dlist_container(FcComplete, node, iter.cur);

		if ((written == NULL ||
			 fc_catalog_depends(whole->resource, written)) &&
			(scope == NULL || strcmp(whole->scope, scope) == 0))
		{
			whole->is_forgotten = true;
			drop_if_unused(whole);
		}
	}
}

/*
 * Reset callback: the list's memory goes, so nobody may find it any more.
 */
static void
unlink_whole(void *arg)
{
	FcComplete *whole = arg;

	dlist_delete(&whole->node);
}

/*
 * Free a list that nobody will read any more.
 */
static void
drop_if_unused(FcComplete *whole)
{
	if (!whole->is_forgotten || whole->references > 0)
		return;
	for (int i = 0; i < whole->nwalks; i++)
		fc_cache_release(whole->walks[i]->entry);
	MemoryContextDelete(whole->context);
}

/*
 * The list's index by a column that is looked up; all of them are made by
 * reading all pages once.
 */
static WholeIndex *
get_index(FcComplete *whole, const FcColumn *column)
{
	int			number = 0;

	if (whole->nindexes == 0)
	{
		make_indexes(whole);
		index_pages(whole);
	}
	while (whole->indexes[number].column != column)
	{
		number++;
		Assert(number < whole->nindexes);
	}
	return &whole->indexes[number];
}

/*
 * Make the list's indexes, without items.
 */
static void
make_indexes(FcComplete *whole)
{
	int			count = 0;

	while (fc_catalog_looked_up(whole->resource, count) != NULL)
		count++;
	whole->indexes = MemoryContextAllocZero(whole->context,
											count * sizeof(WholeIndex));
	for (int i = 0; i < count; i++)
		whole->indexes[i].column = fc_catalog_looked_up(whole->resource, i);
	whole->nindexes = count;
}

/*
 * Fill the indexes.  After an error there are none.
 */
static void
index_pages(FcComplete *whole)
{
	int			count = whole->nindexes;

	whole->nindexes = 0;		/* until they are whole */
	for (int walk = 0; walk < whole->nwalks; walk++)
	{
		for (int page = 0; page < whole->walks[walk]->npages; page++)
			index_page(whole, walk, page);
	}
	for (int i = 0; i < count; i++)
	{
		if (whole->indexes[i].count > 0)
			qsort(whole->indexes[i].items, whole->indexes[i].count,
				  sizeof(FcCompleteItem), compare_items);
	}
	whole->nindexes = count;
}

/*
 * Look for a path in all pages, until an item holds it.
 */
static void
note_path(const FcComplete *whole, PathPresence *entry)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw page",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	for (int i = 0; i < whole->nwalks; i++)
	{
		FcWalk	   *walk = whole->walks[i];

		for (int page = 0; page < walk->npages &&
			 !entry->presence.is_held; page++)
		{
			fc_needs_note_path(&entry->presence,
							   fc_walk_items(walk, fc_walk_read(walk, page)),
							   entry->path);
			MemoryContextReset(context);
		}
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

static void
index_page(FcComplete *whole, int walk, int page)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw page",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	FcWalk	   *owner = whole->walks[walk];
	FcJson	   *document = fc_walk_read(owner, page);
	const char *text = fc_json_text(document);
	FcJsonIterator iterator = fc_json_iterate(fc_walk_items(owner, document));
	FcJsonNode	node;
	int			number = 0;

	while (fc_json_next(&iterator, &node, NULL))
	{
		FcCompleteItem item;
		const char *source;

		if (bms_is_member(number++, owner->pages[page].repeated))
			continue;
		source = fc_json_source(node, &item.length);
		item.offset = source - text;
		item.walk = walk;
		item.page = page;
		for (int i = 0; fc_catalog_looked_up(whole->resource, i) != NULL; i++)
		{
			if (fc_page_item_number(whole->indexes[i].column, node, &item.key))
				add_item(whole, &whole->indexes[i], &item);
		}
	}

	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

static void
add_item(FcComplete *whole, WholeIndex *index, const FcCompleteItem *item)
{
	if (index->count == index->size)
	{
		index->size = Max(index->size * 2, 256);
		index->items = index->items == NULL ?
			MemoryContextAllocHuge(whole->context,
								   index->size * sizeof(FcCompleteItem)) :
			repalloc_huge(index->items, index->size * sizeof(FcCompleteItem));
	}
	index->items[index->count++] = *item;
}

/*
 * The number of the first item whose key is not below key.
 */
static int
first_not_below(const WholeIndex *index, int64 key)
{
	int			low = 0;
	int			high = index->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (index->items[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * By key, then in the order of the list.
 */
static int
compare_items(const void *a, const void *b)
{
	const FcCompleteItem *left = a;
	const FcCompleteItem *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	if (left->walk != right->walk)
		return left->walk < right->walk ? -1 : 1;
	if (left->page != right->page)
		return left->page < right->page ? -1 : 1;
	return (left->offset > right->offset) - (left->offset < right->offset);
}
