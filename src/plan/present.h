/*
 * present.h
 *		What answers of other sessions would save a query now.
 *
 * Nothing here does I/O.
 */
#ifndef FC_PRESENT_H
#define FC_PRESENT_H

#include "api/route.h"
#include "api/sharing.h"

/* What answers of other sessions there are for a table. */
typedef struct FcPresent
{
	bool		shares;			/* they count */
	bool		has_list;		/* one of them is the whole list */
	FcSharing	sharing;		/* if they count */
} FcPresent;

/*
 * What an item costs that is taken from the list, and a look-up in it, in the
 * planner's units.  A look-up takes less, but a plan with many may be run when
 * the list is gone, and then each would be a request.
 */
#define FC_PRESENT_ITEM_COST	0.075
#define FC_PRESENT_LOOKUP_COST	2.5

extern void fc_present_begin(FcPresent *present, const FcServer *server,
							 const FcTable *table, const char *key,
							 List *needs);
extern double fc_present_requests(const FcPresent *present,
								  const FcQuery *query,
								  const FcRouteChoice *choice,
								  int batch_size);

#endif							/* FC_PRESENT_H */
