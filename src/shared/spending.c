/*
 * spending.c
 *		What all sessions have spent on parts of a list.
 *
 * Sessions that share answers, and look up one row each, are a loop, too: when
 * their look-ups have cost as much as the list, it is better read and shared
 * (read/weigh.c).  What they have bought is good for a time, the window; after
 * that the sum begins anew.
 *
 * A list is known by a hash.  Two that meet in one place push each other out,
 * and nobody takes a lock: a sum that is lost in a race is one request less of
 * an estimate.
 */
#include "postgres.h"

#include "shared/generation.h"
#include "shared/spending.h"

static FcSpendings *spendings = NULL;	/* NULL until attached */

static FcSpending *find(uint64 list, int64 window);

/*
 * fc_spending_init
 *		Fill in memory that was just created.
 */
void
fc_spending_init(FcSpendings *memory)
{
	for (int i = 0; i < FC_SPENDING_PLACES; i++)
	{
		pg_atomic_init_u64(&memory->places[i].list, 0);
		pg_atomic_init_u64(&memory->places[i].since, 0);
		pg_atomic_init_u64(&memory->places[i].requests, 0);
	}
}

/*
 * fc_spending_attach
 *		Use this memory from now on.
 */
void
fc_spending_attach(FcSpendings *memory)
{
	spendings = memory;
}

/*
 * fc_spending_add
 *		Add requests to what was spent on a list within a window, which is in
 *		microseconds.
 */
void
fc_spending_add(uint64 list, int64 window, uint64 requests)
{
	FcSpending *place;

	if (spendings == NULL)
		return;
	place = find(list, window);
	if (place == NULL)
	{
		place = &spendings->places[list % FC_SPENDING_PLACES];
		pg_atomic_write_u64(&place->list, list);
		pg_atomic_write_u64(&place->since, fc_generation_clock());
		pg_atomic_write_u64(&place->requests, requests);
		return;
	}
	(void) pg_atomic_fetch_add_u64(&place->requests, requests);
}

/*
 * fc_spending_of
 *		The requests that were spent on a list within a window, which is in
 *		microseconds.
 */
uint64
fc_spending_of(uint64 list, int64 window)
{
	FcSpending *place = find(list, window);

	return place == NULL ? 0 : pg_atomic_read_u64(&place->requests);
}

/*
 * fc_spending_forget
 *		The list was read: what comes now is a new sum.
 */
void
fc_spending_forget(uint64 list)
{
	FcSpending *place = find(list, PG_INT64_MAX);

	if (place != NULL)
		pg_atomic_write_u64(&place->list, 0);
}

/*
 * The place of a list's sum; NULL if none has begun within the window.
 */
static FcSpending *
find(uint64 list, int64 window)
{
	FcSpending *place;

	if (spendings == NULL)
		return NULL;
	place = &spendings->places[list % FC_SPENDING_PLACES];
	if (pg_atomic_read_u64(&place->list) != list ||
		fc_generation_clock() - (int64) pg_atomic_read_u64(&place->since) >
		window)
		return NULL;
	return place;
}
