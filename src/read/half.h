/*
 * half.h
 *		Items of a list that is read in two halves.
 */
#ifndef FC_HALF_H
#define FC_HALF_H

#include "read/routing.h"

/* Where all is read at once, nothing is kept.  All zeros at first. */
typedef struct FcHalf
{
	MemoryContext context;		/* holds ids */
	struct HTAB *ids;			/* of the first half, NULL if none came */
} FcHalf;

extern bool fc_half_holds(FcHalf *half, FcRouting *routing,
						  const FcWalk *walk, FcJsonNode item);
extern void fc_half_forget(FcHalf *half);

#endif							/* FC_HALF_H */
