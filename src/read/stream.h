/*
 * stream.h
 *		The walks that answer a query, one after the other, as items.
 */
#ifndef FC_STREAM_H
#define FC_STREAM_H

#include "read/half.h"
#include "read/kept.h"
#include "read/parents.h"
#include "read/routing.h"
#include "read/share.h"
#include "read/sort.h"

typedef struct FcStream
{
	FcApi	   *api;
	FcMeter    *use;
	const char *scope;			/* begins its walks' keys; NULL if none */
	const char *table_name;		/* for messages */
	const FcSharing *sharing;	/* with other sessions; NULL if not */
	bool		is_fresh;		/* caches before the API must not answer */
	FcParentsSource parents;	/* other queries, which its own depend on */
	MemoryContext ask_context;	/* of one query */
	MemoryContext page_context; /* of one page, or one item */
	FcKept	   *kept;			/* pages, from one reading to the next */

	/* the query */
	FcRouting	routing;
	bool		is_rest;		/* asks only for ids that a complete list
								 * lacks */
	bool		is_ahead;		/* pages are read for a later reader */
	bool		may_fall_back;	/* stale answers may serve, in an outage */
	bool		takes_stale;	/* they do */
	bool		is_out;			/* there was one, and they may: ask again */
	List	   *walks;			/* of FcWalk *, pinned, in order */
	bool		has_all_walks;

	/* where it stands */
	int			next_walk;
	FcWalk	   *walk;			/* NULL between walks */
	int			page;			/* of walk, -1 before the first */
	FcJsonIterator items;
	FcJsonNode	single;			/* the item of a page that is no array */
	int			item;			/* number of the next item on the page */
	int64		taken;			/* items given */
	FcOrder		order;			/* of the items so far */
	int64		skip_below;		/* ids that came by another route, ... */
	bool		skips;			/* ... if this is set */
	FcHalf		half;			/* of a list that is read in two */
} FcStream;

extern FcStream *fc_stream_create(FcApi *api, FcMeter *use,
								  const char *scope, const char *table_name,
								  FcParentsSource parents);
extern bool fc_stream_shares(const FcStream *stream);
extern FcShareReader fc_stream_reader(const FcStream *stream);
extern void fc_stream_ask(FcStream *stream, const FcQuery *query);
extern void fc_stream_choose(FcStream *stream);
extern void fc_stream_ask_rest(FcStream *stream, const FcQuery *rest);
extern void fc_stream_replay(FcStream *stream, FcWalk *const *walks,
							 int nwalks);
extern bool fc_stream_next(FcStream *stream, FcJsonNode *item);
extern bool fc_stream_has_turned(const FcStream *stream);
extern bool fc_stream_lost_order(FcStream *stream);
extern void fc_stream_rewind(FcStream *stream);
extern void fc_stream_go_back(FcStream *stream);
extern void fc_stream_read_rest(FcStream *stream);
extern void fc_stream_forget(FcStream *stream);
extern void fc_stream_end(FcStream *stream);

#endif							/* FC_STREAM_H */
