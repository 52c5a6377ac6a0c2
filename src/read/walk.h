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
#include "api/request.h"
#include "api/route.h"
#include "base/cache.h"
#include "read/page.h"
#include "read/variant.h"
#include "shared/answers.h"

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
	FC_WALK_REFUSED,			/* the API refused the request altogether */
	FC_WALK_OUTAGE				/* the API could not be asked */
} FcWalkResult;

/*
 * How the list is walked on, or that it is not.  What is behind COMPLETE is
 * never asked for.
 */
typedef enum FcWalkState
{
	FC_WALK_BEGINS,				/* by page number; since_id may follow */
	FC_WALK_BY_NUMBER,			/* by page number */
	FC_WALK_DOUBTS_NUMBER,		/* the same page came again and again: does
								 * the server look at the page number? */
	FC_WALK_TRIES_ID,			/* by since_id, which no answer has proven */
	FC_WALK_BY_ID,				/* by since_id */
	FC_WALK_COMPLETE,			/* all there is has come */
	FC_WALK_ABSENT,				/* there is no such thing */
	FC_WALK_BROKEN				/* an error came between: not to be read on */
} FcWalkState;

typedef struct FcWalk
{
	FcCacheEntry *entry;
	const FcResource *resource;
	const FcRoute *route;
	int			route_number;

	/* the question */
	int64		id;				/* of the object asked for, if any */
	int			nparents;		/* parents that path names */
	List	   *bindings;		/* of FcBinding *: what else path names */
	char	   *path;			/* without paging, encoded */
	char	   *paths[FC_VARIANTS]; /* the same, without what the index says */
	bool		has_since;
	int64		first_since;	/* the question's own "id >" */
	bool		is_item;		/* one object, not a list */
	bool		is_unfiltered;	/* asks for all the rows there are */
	int			full_size;		/* rows of a full page */

	/* where it stands */
	FcWalkState state;
	int			without;		/* what is not asked for: FC_WITHOUT_... */
	int			refused;		/* of that, what is known to be refused */
	FcVerdict	doubted;		/* how the next page was refused; to be asked
								 * for once more.  OK: it was not */
	int			first_size;		/* asked of the first page */
	int			next_page;
	int			next_size;
	FcPageMemory *memory;		/* of what came */

	/* what it has */
	int			npages;			/* pages that came */
	int			first_stored;	/* the first of them that entry holds */
	int			max_pages;
	FcWalkPage *pages;
	double		rows;
	int			answered;		/* of a batch, parents up to the last one of
								 * which an item came */
	uint64		present;		/* columns that some item held, by number */

	/* for other sessions, or from them */
	const char *request;		/* by which it is found; NULL: not for them */
	FcMark		mark;			/* of its first request */
	int64		sent_at;		/* when its last request was sent */
	int64		age;			/* microseconds that its oldest page has spent
								 * in caches before the API */
	uint64		flight;			/* that others wait for, 0 if none */
	uint64		serial;			/* of the shared answer, 0 if there is none */
	bool		is_taken;		/* another session has asked for it */
	const FcAnswerText *texts;	/* its pages, if it is taken */
} FcWalk;

/* What a walk is asked with. */
typedef struct FcWalkContext
{
	FcApi	   *api;
	FcMeter    *use;
	bool		is_fresh;		/* caches before the API must not answer */
	bool		stores;			/* keep pages in the entry */
	FcLearned  *learned;		/* what the reader knows of the account's
								 * lists; the walk adds to it */
	bool		tolerates_outage;	/* an error otherwise */
} FcWalkContext;

/* Pages but the first that this backend has asked for by their number. */
extern int64 fc_walk_numbered_pages;

extern FcWalk *fc_walk_find(const char *key);
extern FcWalk *fc_walk_create(const char *key, const FcQuery *query,
							  const FcStep *step, const FcLearned *learned);
extern FcWalkResult fc_walk_fetch(FcWalk *walk, const FcWalkContext *context,
								  bool tolerates_refusal,
								  bool tolerates_no_route,
								  FcJson **document);
extern const char *fc_walk_text(FcWalk *walk, int page, Size *length);
extern FcJson *fc_walk_read(FcWalk *walk, int page);
extern FcJsonNode fc_walk_items(const FcWalk *walk, FcJson *document);
extern bool fc_walk_is_complete(const FcWalk *walk);
extern bool fc_walk_goes_by_id(const FcWalk *walk);

#endif							/* FC_WALK_H */
