/*
 * spending.h
 *		What all sessions have spent on parts of a list.
 */
#ifndef FC_SPENDING_H
#define FC_SPENDING_H

#include "port/atomics.h"

#define FC_SPENDING_PLACES	256

/* What look-ups in one list have cost since a time. */
typedef struct FcSpending
{
	pg_atomic_uint64 list;		/* its hash; 0: free */
	pg_atomic_uint64 since;		/* by fc_generation_clock */
	pg_atomic_uint64 requests;
} FcSpending;

/* The part of shared memory that all of this lies in. */
typedef struct FcSpendings
{
	FcSpending	places[FC_SPENDING_PLACES];
} FcSpendings;

extern void fc_spending_init(FcSpendings *memory);
extern void fc_spending_attach(FcSpendings *memory);
extern void fc_spending_add(uint64 list, int64 window, uint64 requests);
extern uint64 fc_spending_of(uint64 list, int64 window);
extern void fc_spending_forget(uint64 list);

#endif							/* FC_SPENDING_H */
