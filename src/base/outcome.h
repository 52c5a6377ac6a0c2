/*
 * outcome.h
 *		How an exchange with the API ended.
 *
 * The transport tells all but the last two; answer.c finds those in the body.
 */
#ifndef FC_OUTCOME_H
#define FC_OUTCOME_H

typedef enum FcOutcome
{
	FC_OUTCOME_ANSWERED,		/* an answer came whole, whatever its status */
	FC_OUTCOME_NOT_SENT,		/* no connection: DNS, TCP, TLS, proxy; or the
								 * proxy did not pass the request on */
	FC_OUTCOME_LOST,			/* sent, and the connection broke */
	FC_OUTCOME_TIMED_OUT,		/* sent, and no whole answer in time */
	FC_OUTCOME_CUT_SHORT,		/* the answer ended before its announced end */
	FC_OUTCOME_TOO_BIG,			/* the answer passed max_response_size */
	FC_OUTCOME_STARVED,			/* there was no memory for the answer */
	FC_OUTCOME_GARBLED,			/* what came is not HTTP, or badly encoded */
	FC_OUTCOME_EMPTY,			/* a GET's or POST's 2xx without a body */
	FC_OUTCOME_NOT_JSON			/* 2xx with something else */
} FcOutcome;

#endif							/* FC_OUTCOME_H */
