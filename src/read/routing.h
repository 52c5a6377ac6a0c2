/*
 * routing.h
 *		The route by which a query is answered, and the steps along it.
 */
#ifndef FC_ROUTING_H
#define FC_ROUTING_H

#include "api/account.h"
#include "read/walk.h"

/* A query, its route, and how far along it is. */
typedef struct FcRouting
{
	const FcApi *api;
	const FcQuery *query;
	const FcResource *resource; /* the query's: what learned is about */
	FcRouteFacts facts;
	FcLearned	learned;		/* facts point here; of all queries of the
								 * statement */
	FcRouteChoice choice;
	FcKeys		parents;		/* the query's, or those that feed the route */
	int			batch_size;		/* parents to a request at most */
	int			offset;			/* of the next id or parent to ask for */
	int			step_offset;	/* of the first one of the last step */
	bool		is_cautious;	/* no more large batches in this query */
	bool		doubts_size;	/* one was refused, perhaps for its size */
} FcRouting;

/* Which answers of a walk's are no errors, as there is another way. */
typedef struct FcTolerance
{
	bool		refusal;		/* a smaller batch, or another route, may do */
	bool		no_route;		/* another route may do */
} FcTolerance;

extern void fc_routing_begin(FcRouting *routing, const FcApi *api,
							 const FcQuery *query);
extern void fc_routing_choose(FcRouting *routing, const FcQuery *query);
extern void fc_routing_refuse(const FcRouting *routing);

extern bool fc_routing_is_unfed(const FcRouting *routing);
extern void fc_routing_feed(FcRouting *routing, int64 *parents, int count);
extern bool fc_routing_next(const FcRouting *routing, FcStep *step);
extern void fc_routing_advance(FcRouting *routing, const FcStep *step);
extern void fc_routing_settle(FcRouting *routing, const FcWalk *walk);

extern bool fc_routing_has_other(const FcRouting *routing);
extern FcTolerance fc_routing_tolerates(const FcRouting *routing,
										const FcWalk *walk, bool has_given);
extern const FcColumn *fc_routing_other_way(const FcRouting *routing);
extern void fc_routing_note_answer(FcRouting *routing, const FcWalk *walk);
extern bool fc_routing_note_lacking(FcRouting *routing, const FcWalk *walk,
									uint64 lacking);
extern int	fc_routing_number(const FcRouting *routing, const FcWalk *walk);
extern bool fc_routing_is_best(const FcRouting *routing, const FcWalk *walk);
extern void fc_routing_reload(FcRouting *routing);
extern void fc_routing_note_whole(FcRouting *routing);
extern void fc_routing_close(FcRouting *routing, bool is_known);
extern bool fc_routing_shrink(FcRouting *routing, int nparents);

#endif							/* FC_ROUTING_H */
