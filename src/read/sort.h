/*
 * sort.h
 *		The order of items: made here, or checked where the API made it.
 */
#ifndef FC_SORT_H
#define FC_SORT_H

#include "api/query.h"
#include "base/json.h"
#include "nodes/bitmapset.h"

typedef struct FcSort FcSort;

/* How far items have come that the API has sorted. */
typedef struct FcOrder
{
	bool		has_last;		/* last is set */
	int64		last;			/* what the last item is sorted by */
} FcOrder;

extern FcSort *fc_sort_begin(bool descending);
extern void fc_sort_add(FcSort *sort, int64 order, FcJsonNode item);
extern void fc_sort_finish(FcSort *sort);
extern bool fc_sort_next(FcSort *sort, FcJsonNode *item);
extern void fc_sort_rewind(FcSort *sort);
extern void fc_sort_end(FcSort *sort);
extern void fc_sort_check(FcOrder *order, const FcQuery *query,
						  FcJsonIterator items, const Bitmapset *repeated,
						  const char *path);
extern void fc_sort_check_item(FcOrder *order, const FcQuery *query,
							   FcJsonNode item, const char *path);

#endif							/* FC_SORT_H */
