/*
 * parents.h
 *		What a query has to know of parents before it can be asked.
 *
 * A route by parents may be asked for all rows, if somebody lists the parents;
 * an object below a parent is found by a list that names its parent; and one
 * parent's rows show what a route's items hold.  Who asks the API for that is
 * for pager.c to say.
 */
#ifndef FC_PARENTS_H
#define FC_PARENTS_H

#include "base/json.h"
#include "read/routing.h"

/* Takes an item; false: no further one is wanted. */
typedef bool (*FcParentsTake) (void *arg, FcJsonNode item);

/* Asks another query, and passes its items on.  They live until the next. */
typedef struct FcParentsSource
{
	void		(*read) (void *arg, const FcQuery *query, FcParentsTake take,
						 void *take_arg);
	void	   *arg;
} FcParentsSource;

extern int64 *fc_parents_list(const FcParentsSource *source,
							  const FcRouting *routing, int *count);
extern bool fc_parents_find(const FcParentsSource *source,
							const FcQuery *query, int64 id, int64 *parent);
extern void fc_parents_look(const FcParentsSource *source,
							FcRouting *routing, int number,
							FcJsonNode items);

#endif							/* FC_PARENTS_H */
