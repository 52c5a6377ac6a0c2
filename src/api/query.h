/*
 * query.h
 *		A question to the API: what is asked for, as plain values.
 *
 * A condition is a comparison that the planner wants to send, while its
 * operand is not known.  A query is what is asked once all operands are known.
 * route.c chooses the route that answers it, request.c writes the requests.
 */
#ifndef FC_QUERY_H
#define FC_QUERY_H

#include "api/entry.h"
#include "api/presence.h"
#include "nodes/pg_list.h"

typedef enum FcOperator
{
	FC_EQUAL,					/* column = value */
	FC_EQUAL_ANY,				/* column = ANY (array) */
	FC_LESS,
	FC_LESS_EQUAL,
	FC_GREATER,
	FC_GREATER_EQUAL,
	FC_WITHIN					/* in a range that a clause implies */
} FcOperator;

#define FC_OPERATORS	(FC_WITHIN + 1)

/*
 * "column operator operand".  A plan keeps it as a list of three integers, and
 * with FC_WITHIN as a list of these and what implied.c says of the range.
 */
typedef struct FcCondition
{
	int			column;			/* number in the resource's columns */
	FcOperator	operator;
	int			operand;		/* index into fdw_exprs; with FC_WITHIN, the
								 * clause, to be shown and not evaluated */
	List	   *implied;		/* with FC_WITHIN only: plan/implied.h */
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

/* The values that a query binds a column FC_BRACE to, without repetition. */
typedef struct FcBinding
{
	const FcColumn *column;
	int			count;
	char	  **values;			/* texts; NULL while the planner guesses */
} FcBinding;

typedef struct FcQuery
{
	const FcResource *resource;
	bool		is_empty;		/* no row can match: send nothing */
	FcKeys		ids;			/* of the rows themselves */
	FcKeys		parents;		/* values of the column by, if bound */
	const FcColumn *by;			/* a column FC_PARENT or FC_LINK */
	bool		has_since;
	int64		since;			/* ids above this one only */
	bool		has_until;
	int64		until;			/* upper bound on ids; no parameter for it */
	List	   *filters;		/* of FcFilter * */
	List	   *bindings;		/* of FcBinding *, one for a column */
	const FcColumn *order;		/* order that the reader relies on, or NULL */
	bool		descending;
	bool		push_order;		/* the API may be asked for an order */
	int64		grain;			/* bounds of instants are rounded to so many
								 * microseconds; 0: as they are */
	int			page_size;		/* of a full page, 1 to 250 */
	int			first_page_size;	/* rows wanted at once, 0 if unknown */
	List	   *needs;			/* of FcNeed * */
	bool		wants_few;		/* a LIMIT will end it, long before the last */
	bool		is_list;		/* only ids, parents and the order are read:
								 * what else items lack does not count */
	bool		is_silent;		/* no user sees its rows: what they lack is
								 * for another query to report */
	bool		is_look;		/* asked to see what its route holds: no other
								 * one is taken for what that lacks */
	double		repetitions;	/* how often the like of it will be asked */
} FcQuery;

extern List *fc_query_conditions_to_list(const List *conditions);
extern List *fc_query_conditions_from_list(const List *lists);

extern void fc_query_bind_keys(FcQuery *query, FcKeys *keys,
							   int64 *values, int count);
extern void fc_query_bind_parents(FcQuery *query, const FcColumn *column,
								  const FcKeys *keys);
extern void fc_query_add_filter(FcQuery *query, const char *name,
								const char *value);
extern bool fc_query_has_filters(const FcQuery *query);
extern uint64 fc_query_needed_columns(const FcQuery *query);
extern const FcBinding *fc_query_binding(const FcQuery *query,
										 const FcColumn *column);
extern List *fc_query_copy_bindings(const List *bindings);
extern const char *fc_query_unbound(const FcQuery *query);
extern FcQuery fc_query_whole(const FcQuery *query);
extern void fc_query_refuse_unbound(const FcResource *resource,
									const char *column);

#endif							/* FC_QUERY_H */
