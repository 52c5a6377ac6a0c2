/*
 * queue.h
 *		The queues of the backends that want to send a request.
 */
#ifndef FC_QUEUE_H
#define FC_QUEUE_H

#include "shared/block.h"

/* Under the block's lock; a place is this backend's index in waiters. */
extern int	fc_queue_enter(FcLimiterAccount *account);
extern bool fc_queue_leave(FcLimiterAccount *account, int place);
extern int	fc_queue_ahead(const FcLimiterAccount *account, int place);
extern int	fc_queue_first(const FcLimiterAccount *account);

/* ... and after it */
extern void fc_queue_wake(int procno);

#endif							/* FC_QUEUE_H */
