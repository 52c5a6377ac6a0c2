/*
 * answer.h
 *		What is asked of the API in one exchange, and what is answered.
 */
#ifndef FC_ANSWER_H
#define FC_ANSWER_H

#include "api/access.h"
#include "api/error.h"
#include "api/saying.h"
#include "base/http.h"
#include "base/json.h"

/* Whether a write is done whose answer was empty. */
typedef enum FcProof
{
	FC_PROOF_DONE,				/* what was sent is there */
	FC_PROOF_NOT_DONE,			/* it is not: the request was throttled */
	FC_PROOF_ABSENT,			/* of a PUT: there is no such row */
	FC_PROOF_NONE				/* nothing that was sent can be read */
} FcProof;

/* What is asked of the API; the caller's. */
typedef struct FcExchange
{
	const char *method;
	const char *path;			/* below base_url, starts with '/', encoded */
	const char *shown;			/* what logs and messages show of it; NULL:
								 * all of it */
	List	   *hidden;			/* of char *, in UTF-8: texts that no message
								 * shows */
	const char *body;			/* JSON, or NULL */
	FcPathKind	kind;
	bool		is_fresh;		/* a cache before the API must not answer */
	uint32		tolerates;		/* bit 1 << FcVerdict: returned, not raised */
	bool		tolerates_outage;	/* so is that the API cannot be asked */
	bool		is_single;		/* not repeated, but for a dead connection */
	void		(*heard) (void *arg, const FcHttpResponse *response);
	/* called, if not NULL, after each attempt */
	void		(*started) (void *arg); /* called, if not NULL, just before a
										 * request is sent; must not throw */

	/* of a write */
	FcNaming	naming;			/* what its answer names if it is done */
	FcProof		(*prove) (void *arg);	/* reads the row; of a PUT or DELETE */
	void	   *arg;			/* of all these functions */
} FcExchange;

#define FC_TOLERATE(verdict) (1 << (verdict))

/* What came of it; of the context in which it was asked. */
typedef struct FcAnswer
{
	FcVerdict	verdict;
	bool		is_outage;		/* the API could not be asked */
	int			status;
	int64		age;			/* microseconds that it has spent in caches
								 * before the API, as far as they tell */
	const char *text;			/* the body */
	Size		length;
	const char *message;		/* the API's words, if it refused, else NULL */
	const FcError *error;		/* that was not thrown, or NULL */
	FcJson	   *document;		/* the body; NULL if empty or tolerated */
	FcJsonNode	object;			/* of a write: what names the row in it;
								 * absent if nothing does */
	int64		id;				/* the id in it */
} FcAnswer;

extern FcAnswer *fc_answer_read(const FcApi *api, const FcExchange *call,
								const char *resource,
								const FcHttpResponse *response,
								FcError **error);
extern bool fc_answer_is_write(const FcExchange *call);
extern bool fc_answer_is_throttling(const FcExchange *call,
									const FcHttpResponse *response);
extern const char *fc_answer_hide(const FcApi *api, const FcExchange *call,
								  const char *text);

#endif							/* FC_ANSWER_H */
