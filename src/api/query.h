/*
 * query.h
 *		A question to the API: what is asked for, as plain values.
 *
 * A condition is what the planner found pushable, before its
 * operand is known; a query is what is asked once all operands are.
 */
#ifndef FC_QUERY_H
#define FC_QUERY_H

#include "api/catalog.h"
#include "api/presence.h"
#include "nodes/pg_list.h"
#include "shared/stats.h"

typedef enum FcOperator
{
	FC_EQUAL,					/* column = value */
	FC_EQUAL_ANY,				/* column = ANY (array) */
	FC_LESS,
	FC_LESS_EQUAL,
	FC_GREATER,
	FC_GREATER_EQUAL
} FcOperator;

#define FC_OPERATORS	(FC_GREATER_EQUAL + 1)

/* "column operator operand"; a plan keeps it as a list of three integers. */
typedef struct FcCondition
{
	int			column;			/* number in the resource's columns */
	FcOperator	operator;
	int			operand;		/* index into fdw_exprs */
} FcCondition;

/* A query parameter, neither side encoded. */
typedef struct FcFilter
{
	const char *name;
	const char *value;
} FcFilter;

/* Integers in ascending order, without repetition. */
typedef struct FcKeys
{
	bool		bound;			/* false: any key will do */
	int			count;
	int64	   *values;
} FcKeys;

/* A value that the reader of the items will look for. */
typedef struct FcNeed
{
	const char *path;			/* alternatives, as in FcColumn */
	const FcColumn *column;		/* the catalog's that it belongs to, or NULL */
	const char *name;			/* of the local column, for messages */
	bool		is_strict;		/* WHERE, JOIN or ORDER BY reads it */
	bool		is_wish;		/* no route is chosen or closed for it: only
								 * the relation that brings it is asked for */
	bool		is_shown;		/* the user sees its value */

	/* of a path of the user's own, of which the catalog has no column */
	bool		is_own_path;
	FcPresence	presence;		/* in the items of the current answer */
	uint64		lacked_by;		/* routes whose items were seen to lack it, as
								 * bits by number */
} FcNeed;

typedef struct FcQuery
{
	const FcResource *resource;
	bool		is_empty;		/* no row can match: send nothing */
	FcKeys		ids;			/* of the rows themselves */
	FcKeys		parents;		/* of the column flagged FC_PARENT */
	bool		has_since;
	int64		since;			/* ids above this one only */
	bool		has_until;
	int64		until;			/* ids up to this one only; none says so */
	List	   *filters;		/* of FcFilter * */
	const FcColumn *order;		/* order that the reader relies on, or NULL */
	bool		descending;
	bool		push_order;		/* the API may be asked for an order */
	int64		grain;			/* bounds of instants are rounded to so many
								 * microseconds; 0: as they are */
	int			page_size;		/* of a full page, 1 to 250 */
	int			first_page_size;	/* rows wanted at once, 0 if unknown */
	List	   *needs;			/* of FcNeed * */
	bool		is_silent;		/* no user sees its rows: what they lack is
								 * for another query to report */
	double		repetitions;	/* how often the like of it will be asked */
} FcQuery;

/* Bits of FcLearned.flags, one per route; bits 32 to 55 are for writes. */
#define FC_LEARNED_CLOSED(route)	(UINT64CONST(1) << (route))
#define FC_LEARNED_REFUSES(route)	(UINT64CONST(1) << (8 + (route)))
#define FC_LEARNED_NO_SINCE(route)	(UINT64CONST(1) << (16 + (route)))
#define FC_LEARNED_NO_INCLUDES(route)	(UINT64CONST(1) << (56 + (route)))

#define FC_LEARNED_SMALLER(halvings) (UINT64CONST(1) << (24 + (halvings)))
#define FC_LEARNED_HALVINGS		6

/* In a batch, limit counts all rows, not those of each parent. */
#define FC_LEARNED_WHOLE_LIMIT	(UINT64CONST(1) << 30)

#define FC_LEARNED_ANY_CLOSED		UINT64CONST(0xFF)

/* So long a list that was not there is not asked for again. */
#define FC_CLOSED_SECONDS	3600

/*
 * The largest batch of parents.  It is not documented how many the API takes.
 * A parent takes 38 bytes of a URL at most, so all take less than 4000 bytes,
 * which servers accept.
 */
#define FC_BATCH_KEYS	100

/* What choosing a route depends on besides the query. */
typedef struct FcRouteFacts
{
	double		rows;			/* of the whole list */
	double		selectivity;	/* of the query's filters */
	double		parents;		/* of the whole list of parents, if any */
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
} FcRouteChoice;

extern List *fc_query_conditions_to_list(const List *conditions);
extern List *fc_query_conditions_from_list(const List *lists);

extern void fc_query_bind_keys(FcQuery *query, FcKeys *keys,
							   int64 *values, int count);
extern void fc_query_add_filter(FcQuery *query, const char *name,
								const char *value);
extern bool fc_query_has_filters(const FcQuery *query);
extern uint64 fc_query_needed_columns(const FcQuery *query);
extern int	fc_query_count_lacking(const FcQuery *query, int route,
								   const FcRouteFacts *facts);
extern int	fc_query_first_size(const FcQuery *query, const FcRoute *route);

extern void fc_query_recall(const FcResource *resource,
							const FcLearned *learned, uint64 excluded,
							FcRouteFacts *facts);
extern FcRouteChoice fc_query_choose(const FcQuery *query,
									 const FcRouteFacts *facts);

extern bool fc_query_is_fed(const FcQuery *query, const FcRoute *route);

/* What a request may do without, if the API refuses it; to be combined. */
#define FC_WITHOUT_FILTERS	0x1 /* nor order */
#define FC_WITHOUT_INCLUDES	0x2

extern bool fc_query_asks_filters(const FcQuery *query,
								  const FcRoute *route);
extern char *fc_query_path(const FcQuery *query, const FcRoute *route,
						   const int64 *id, const int64 *parents,
						   int nparents, int without, bool is_encoded);

extern char *fc_query_describe(const FcQuery *query, const FcRoute *route);

#endif							/* FC_QUERY_H */
