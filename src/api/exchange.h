/*
 * exchange.h
 *		One exchange with the API: limiter, HTTP, errors, retries.
 */
#ifndef FC_EXCHANGE_H
#define FC_EXCHANGE_H

#include "api/access.h"
#include "api/answer.h"
#include "api/meter.h"

extern FcAnswer *fc_exchange(FcApi *api, FcMeter *use,
							 const FcExchange *call);

/*
 * Requests of this backend that changed something at the API, or may have.
 * It goes up when a write is sent, and down again when the answer says that
 * nothing was changed.  Who notes it at the begin of a transaction or
 * subtransaction knows how many writes a rollback would not undo.
 */
extern int64 fc_exchange_writes;

/* Requests that this backend has sent. */
extern int64 fc_exchange_requests;

/*
 * By how many seconds the API's clock is ahead of ours, by the Date header of
 * the last answer that had one; 0 before.
 */
extern double fc_exchange_clock_skew;

/* GUC */
extern bool fc_log_requests;

#endif							/* FC_EXCHANGE_H */
