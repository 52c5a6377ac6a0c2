/*
 * sort.h
 *		Items in an order that no request gives.
 */
#ifndef FC_SORT_H
#define FC_SORT_H

#include "base/json.h"

typedef struct FcSort FcSort;

extern FcSort *fc_sort_begin(bool descending);
extern void fc_sort_add(FcSort *sort, int64 order, FcJsonNode item);
extern void fc_sort_finish(FcSort *sort);
extern bool fc_sort_next(FcSort *sort, FcJsonNode *item);
extern void fc_sort_rewind(FcSort *sort);
extern void fc_sort_end(FcSort *sort);

#endif							/* FC_SORT_H */
