/*
 * advice.h
 *		Read from an answer's headers when the next request may be sent, and
 *		how old the answer is.
 */
#ifndef FC_ADVICE_H
#define FC_ADVICE_H

#include "base/http.h"
#include "shared/limiter.h"

/*
 * What is added to a time that the API asked to wait: some servers round it,
 * and then it may be half a second short.
 */
#define FC_ADVICE_ROUNDING_MS	500.0

extern double fc_advice_retry_after(const FcHttpResponse *response);
extern FcLimiterAdvice fc_advice_read(const FcHttpResponse *response,
									  bool throttled);

extern void fc_advice_read_clock(const FcHttpResponse *response,
								 double *skew);
extern int64 fc_advice_read_age(const FcHttpResponse *response);

#endif							/* FC_ADVICE_H */
