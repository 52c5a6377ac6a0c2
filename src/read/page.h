/*
 * page.h
 *		What a page of a list holds, and which of its items had come before.
 *
 * ending.c and walk.c decide by that what is asked for next.
 */
#ifndef FC_PAGE_H
#define FC_PAGE_H

#include "api/entry.h"
#include "base/json.h"
#include "nodes/bitmapset.h"

/* What a page says of a next one, in its pagination.next_page. */
typedef enum FcPageNext
{
	FC_NEXT_UNTOLD,				/* nothing that can be relied on */
	FC_NEXT_NONE,				/* there is none */
	FC_NEXT_PROMISED			/* there is one */
} FcPageNext;

/* What one page holds. */
typedef struct FcPage
{
	FcPageNext	next;
	int			items;
	int			length;			/* different items */
	int			fresh;			/* items that had not come before */
	int			zeros;			/* items whose id is 0 */
	bool		rises;			/* ids are above the last one, and rise */
	int64		first_id;
	int64		last_id;
	uint64		digest;			/* of the ids, in whatever order */
	int			of_one_parent;	/* most items of one parent, in a batch */
	bool		is_mixed;		/* new items of a parent that had fewer than
								 * of_one_parent on the page before */
	Bitmapset  *repeated;		/* numbers of items that had come before */
	const char *fault;			/* why it is no page of a list, or NULL */
} FcPage;

/* What has come of a list so far.  Lives in the context of its creation. */
typedef struct FcPageMemory
{
	const FcResource *resource;
	MemoryContext context;
	struct seen_hash *seen;		/* ids that came; NULL if there are none */
	int64		last_id;		/* of the last item */
	int			pages;			/* that came */
	int			longest;		/* length of the longest of them */
	bool		lacks_ids;		/* a list by path, whose items have none, or
								 * share them */

	/* parents of a batch, in ascending order */
	int			nparents;		/* 0 or 1: no batch */
	const int64 *parents;
	int		   *counts;			/* items of each on the last page; the last
								 * element counts those of no parent */
	int			answered;		/* parents up to the last one of which an item
								 * came */

	/* the last page, and how many in a row were like it */
	FcPage		last;
	int			same;			/* pages with the same items, 1 for one */
	int			empty;			/* pages without items */
	int			stale;			/* pages without a new item */
} FcPageMemory;

extern FcPageMemory *fc_page_memory(const FcResource *resource,
									const int64 *parents, int nparents);
extern void fc_page_examine(FcPageMemory *memory, FcJson *document,
							FcJsonNode items, bool by_id, FcPage *page);
extern int	fc_page_distinct(const FcPageMemory *memory, FcJsonNode items);
extern void fc_page_remember(FcPageMemory *memory, const FcPage *page);
extern void fc_page_new_size(FcPageMemory *memory);
extern void fc_page_look(const FcPageMemory *memory, FcJsonNode items,
						 FcPage *page);

extern FcJsonNode fc_page_container(FcJson *document);
extern bool fc_page_item_key(const FcResource *resource, int flag,
							 FcJsonNode item, int64 *key);
extern bool fc_page_item_number(const FcColumn *column, FcJsonNode item,
								int64 *number);
extern bool fc_page_item_identity(const FcResource *resource,
								  FcJsonNode item, int64 *id,
								  bool *is_number);
extern bool fc_page_item_holds(const FcColumn *column, FcJsonNode item);
extern int64 fc_page_item_order(const FcColumn *order, FcJsonNode item);
extern void fc_page_note_present(const FcResource *resource, FcJsonNode items,
								 const char *path, uint64 *present);

#endif							/* FC_PAGE_H */
