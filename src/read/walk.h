/*
 * walk.h
 *		One list, or one object, of the API, page by page.
 *
 * A walk is the state of a cache entry: whoever finds the entry
 * finds the walk, reads the pages it has, and goes on where it stopped.
 */
#ifndef FC_WALK_H
#define FC_WALK_H

#include "api/exchange.h"
#include "api/query.h"
#include "base/cache.h"

/* One page of a walk, besides its text. */
typedef struct FcWalkPage
{
	int			items;
	Size		length;			/* of its text */
	Bitmapset  *repeated;		/* items that came on an earlier page */
} FcWalkPage;

/* What became of an attempt to get another page. */
typedef enum FcWalkResult
{
	FC_WALK_PAGE,				/* there it is */
	FC_WALK_END,				/* there is none */
	FC_WALK_NO_ROUTE,			/* the account has no such list */
	FC_WALK_REFUSED				/* the API refused the request altogether */
} FcWalkResult;

typedef struct FcWalk
{
	FcCacheEntry *entry;
	const FcResource *resource;
	const FcRoute *route;
	int			route_number;

	/* the question */
	int64		id;				/* of the object asked for, if any */
	int			nparents;		/* parents that path names */
	char	   *path;			/* without paging, encoded */
	char	   *paths[4];		/* the same, without what the index says */
	bool		has_since;
	int64		first_since;	/* the question's own "id >" */
	bool		is_item;		/* one object, not a list */
	bool		is_unfiltered;	/* asks for all the rows there are */
	int			full_size;		/* rows of a full page */

	/* where it stands */
	bool		is_complete;
	bool		is_absent;		/* complete, as there is no such thing */
	bool		is_broken;		/* an error came between: not to be read on */
	int			without;		/* what is not asked for: FC_WITHOUT_... */
	int			refused;		/* of that, what is known to be refused */
	bool		by_id;			/* paged by since_id, else by page number */
	bool		may_go_by_id;
	bool		since_is_proven;	/* an answer has shown that it works */
	bool		rereads;		/* the next page repeats what came */
	bool		next_is_promised;	/* the last page said that one follows */
	int64		last_id;
	int			first_size;		/* asked of the first page */
	int			next_page;
	int			next_size;
	struct seen_hash *seen;		/* ids that came, NULL once not needed */

	/* what it has */
	int			npages;			/* pages that came */
	int			first_stored;	/* the first of them that entry holds */
	int			max_pages;
	FcWalkPage *pages;
	double		rows;
	uint64		present;		/* columns that some item held, by number */
} FcWalk;

/* What a walk is asked with. */
typedef struct FcWalkContext
{
	FcApi	   *api;
	FcMeter    *use;
	bool		stores;			/* keep pages in the entry */
} FcWalkContext;

extern FcWalk *fc_walk_find(const char *key);
extern FcWalk *fc_walk_create(const char *key, uint64 tag,
							  const FcQuery *query, const FcRoute *route,
							  const int64 *id, const int64 *parents,
							  int nparents, uint64 learned);
extern FcWalkResult fc_walk_fetch(FcWalk *walk, const FcWalkContext *context,
								  bool tolerates_refusal,
								  bool tolerates_no_route,
								  FcJson **document);
extern FcJson *fc_walk_read(FcWalk *walk, int page);
extern FcJsonNode fc_walk_items(const FcWalk *walk, FcJson *document);

extern bool fc_walk_item_key(const FcResource *resource, int flag,
							 FcJsonNode item, int64 *key);
extern int64 fc_walk_item_order(const FcColumn *order, FcJsonNode item);

#endif							/* FC_WALK_H */
