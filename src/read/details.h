/*
 * details.h
 *		Rows that a list names and another route describes.
 *
 * A list can filter and sort, but lacks columns; another route has them, but
 * only by parents.  The list is asked which rows there are, and in which
 * order; the route then gives the rows of many parents at once.  Who asks the
 * API is for pager.c to say.
 */
#ifndef FC_DETAILS_H
#define FC_DETAILS_H

#include "read/routing.h"

typedef struct FcDetails FcDetails;

/* How the two are asked.  Items live until the next call. */
typedef struct FcDetailsSource
{
	void		(*ask_list) (void *arg, const FcQuery *query);
	bool		(*next_row) (void *arg, FcJsonNode *item);	/* of the list */
	void		(*ask) (void *arg, const FcQuery *query);	/* for details */
	bool		(*next) (void *arg, FcJsonNode *item, const char **request);
	bool		(*help) (void *arg);	/* do the details, of which one has
										 * come, hold more than the list? */
	void	   *arg;
} FcDetailsSource;

extern FcDetails *fc_details_begin(const FcRouting *routing,
								   FcDetailsSource source);
extern bool fc_details_next(FcDetails *details, MemoryContext context,
							FcJsonNode *item, const char **request);
extern void fc_details_read_all(FcDetails *details);
extern bool fc_details_are_useless(const FcDetails *details);
extern void fc_details_rewind(FcDetails *details);
extern void fc_details_end(FcDetails *details);

#endif							/* FC_DETAILS_H */
