/*
 * queue.c
 *		The queues of the backends that want to send a request.
 *
 * Each account has a queue, a list of places in the limiter's block.  The
 * first backend in it may send next, so requests are sent in the order in
 * which backends came.  A backend that leaves the front wakes up the next one,
 * after it has released the lock.
 */
#include "postgres.h"

#include "shared/queue.h"
#include "storage/latch.h"
#include "storage/proc.h"

/*
 * fc_queue_enter
 *		Put this backend at the end of an account's queue.
 *
 * Returns its place, or FC_NOBODY if all places are taken.
 */
int
fc_queue_enter(FcLimiterAccount *account)
{
	int			place = fc_block->free_waiter;
	FcWaiter   *waiter;

	if (place == FC_NOBODY)
		return FC_NOBODY;

	waiter = &fc_block->waiters[place];
	fc_block->free_waiter = waiter->next;
	waiter->procno = MyProc - ProcGlobal->allProcs;
	waiter->next = FC_NOBODY;
	if (account->last == FC_NOBODY)
		account->first = place;
	else
		fc_block->waiters[account->last].next = place;
	account->last = place;
	account->queued++;
	return place;
}

/*
 * fc_queue_leave
 *		Take a backend out of a queue, wherever in it it is.
 *
 * Returns whether it was the first one.
 */
bool
fc_queue_leave(FcLimiterAccount *account, int place)
{
	int			before = FC_NOBODY;

	for (int i = account->first; i != place; i = fc_block->waiters[i].next)
		before = i;

	if (before == FC_NOBODY)
		account->first = fc_block->waiters[place].next;
	else
		fc_block->waiters[before].next = fc_block->waiters[place].next;
	if (account->last == place)
		account->last = before;
	account->queued--;

	fc_block->waiters[place].next = fc_block->free_waiter;
	fc_block->free_waiter = place;

	return before == FC_NOBODY;
}

/*
 * fc_queue_ahead
 *		How many backends are before the one at a place; all, if it has none.
 */
int
fc_queue_ahead(const FcLimiterAccount *account, int place)
{
	int			ahead = 0;

	for (int i = account->first; i != place && i != FC_NOBODY;
		 i = fc_block->waiters[i].next)
		ahead++;

	return ahead;
}

/*
 * fc_queue_first
 *		The process that is first in a queue, for fc_queue_wake; FC_NOBODY if
 *		the queue is empty.
 */
int
fc_queue_first(const FcLimiterAccount *account)
{
	if (account->first == FC_NOBODY)
		return FC_NOBODY;

	return fc_block->waiters[account->first].procno;
}

/*
 * fc_queue_wake
 *		Wake up a waiting backend, if there is one, so that it polls.
 *
 * If it has left meanwhile, another backend that uses its place is woken up,
 * which does no harm.
 */
void
fc_queue_wake(int procno)
{
	if (procno != FC_NOBODY)
		SetLatch(&GetPGProcByNumber(procno)->procLatch);
}
