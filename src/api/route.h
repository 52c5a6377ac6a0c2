/*
 * route.h
 *		Which route answers a query, and with how many requests.
 *
 * What is known of an account's lists is loaded in account.c.
 */
#ifndef FC_ROUTE_H
#define FC_ROUTE_H

#include "api/query.h"
#include "shared/stats.h"

/* Bits of FcLearned.flags, one per route; bits 33 to 55 are for writes. */
#define FC_LEARNED_CLOSED(route)	(UINT64CONST(1) << (route))
#define FC_LEARNED_REFUSES(route)	(UINT64CONST(1) << (8 + (route)))
#define FC_LEARNED_NO_SINCE(route)	(UINT64CONST(1) << (16 + (route)))
#define FC_LEARNED_NO_INCLUDES(route)	(UINT64CONST(1) << (56 + (route)))

#define FC_LEARNED_SMALLER(halvings) (UINT64CONST(1) << (24 + (halvings)))
#define FC_LEARNED_HALVINGS		6

/* In a batch, limit counts all rows, not those of each parent. */
#define FC_LEARNED_WHOLE_LIMIT	(UINT64CONST(1) << 30)
/* Batches of more than FC_BATCH_KEYS parents are of no use. */
#define FC_LEARNED_SMALL_BATCHES	(UINT64CONST(1) << 32)
/* The route FC_OTHER_HALF holds all rows. */
#define FC_LEARNED_WHOLE	(UINT64CONST(1) << 31)

#define FC_LEARNED_ANY_CLOSED		UINT64CONST(0xFF)

/* So long a list that was not there is not asked for again. */
#define FC_CLOSED_SECONDS	3600

/*
 * How many parents are named at once.  It is not documented how many the API
 * takes.  A parent takes 38 bytes of a URL at most, so a batch takes less than
 * 4000 bytes, which servers accept.
 */
#define FC_BATCH_KEYS	100

/*
 * Bytes of the parents' names in a larger batch, which is tried where all rows
 * of more parents are asked for.  Common servers and proxies take request
 * lines of 8190 bytes (nginx, Apache, CloudFront) or more.
 */
#define FC_BATCH_BYTES	7000

/* What choosing a route depends on besides the query. */
typedef struct FcRouteFacts
{
	double		rows;			/* of the whole list */
	double		selectivity;	/* of the query's filters */
	double		parents[8];		/* per route, objects that its path may name */
	uint64		flags;			/* FC_LEARNED_... */
	int			batch_size;		/* parents to a request at most */
	bool		may_feed;		/* parents may be listed to feed a route */
	const uint64 *lacks;		/* per route, bits by column number */
} FcRouteFacts;

typedef struct FcRouteChoice
{
	const FcRoute *route;
	int			number;			/* of the route in its resource */
	double		requests;		/* expected, at least 0 */
	bool		is_ordered;		/* the answer comes in the query's order */
	int			list;			/* number of the list that is asked first for
								 * which rows there are, -1 if none: the route
								 * then gives these rows' details */
} FcRouteChoice;

extern void fc_route_recall(const FcResource *resource,
							const FcLearned *learned, uint64 excluded,
							FcRouteFacts *facts);
extern FcRouteChoice fc_route_choose(const FcQuery *query,
									 const FcRouteFacts *facts);
extern int	fc_route_count_lacking(const FcQuery *query, int route,
								   const FcRouteFacts *facts);
extern double fc_route_rows_requests(const FcRouteFacts *facts, int route,
									 double rows, int page_size);
extern double fc_route_parents(const FcResource *resource,
							   const FcRouteFacts *facts,
							   const FcColumn *column);
extern bool fc_route_is_filtered_to(const FcRoute *route);
extern bool fc_route_is_fed(const FcQuery *query, const FcRoute *route);

#endif							/* FC_ROUTE_H */
