/*
 * exchange.h
 *		One exchange with the API: limiter, HTTP, errors, retries.
 */
#ifndef FC_EXCHANGE_H
#define FC_EXCHANGE_H

#include "api/error.h"
#include "api/option.h"
#include "api/saying.h"
#include "base/json.h"
#include "nodes/execnodes.h"
#include "shared/stats.h"

/*
 * One user's way to one account.  It lives at least as long as the
 * transaction it was opened in, even if its options change meanwhile.
 */
typedef struct FcApi
{
	Oid			serverid;
	Oid			userid;
	Oid			mappingid;
	Oid			mapping_owner;	/* InvalidOid: PUBLIC */
	FcAccount	limiter;		/* whose limit counts */
	FcAccount	account;		/* of whom something is learned */
	FcAccount	scope;			/* whose answers all sessions may share */
	FcAccount	address;		/* what writes may change */
	uint64		generation;		/* another one after each change of options */
	const FcServer *server;		/* as the options were at fc_exchange_open */
	struct FcApiPrivate *private;
} FcApi;

/*
 * On whose behalf requests are made, and what they cost; the caller's.  A
 * scan or a modification keeps one, and shows it in EXPLAIN ANALYZE.
 */
typedef struct FcMeter
{
	const char *resource;		/* for statistics, activity and messages */
	Oid			relid;			/* of the foreign table, if there is one */
	FcCounts	counts;
	int64		estimated;		/* requests the planner expects, or 0 */
	EState	   *estate;			/* of the executor run, NULL if none; for
								 * max_requests_per_query */
	const char *limit_hint;		/* if max_requests_per_query is reached */
	bool		is_sharing;		/* answers of other sessions may be taken */
	double		oldest_ms;		/* age of the oldest of them */
	double		stale_ms;		/* the same of those whose time is up, until
								 * it has been said */
} FcMeter;

/* Whether a write is done whose answer was empty. */
typedef enum FcProof
{
	FC_PROOF_DONE,				/* what was sent is there */
	FC_PROOF_NOT_DONE,			/* it is not: the request was throttled */
	FC_PROOF_ABSENT,			/* of a PUT: there is no such row */
	FC_PROOF_NONE				/* nothing that was sent can be read */
} FcProof;

typedef struct FcExchange
{
	const char *method;
	const char *path;			/* below base_url, starts with '/', encoded */
	const char *shown;			/* what logs and messages show of it; NULL:
								 * all of it */
	List	   *hidden;			/* of char *: texts that no message shows */
	const char *body;			/* JSON, or NULL */
	FcPathKind	kind;
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

typedef struct FcAnswer
{
	FcVerdict	verdict;
	bool		is_outage;		/* the API could not be asked */
	int			status;
	const char *text;			/* the body; of the current context */
	Size		length;
	const char *message;		/* the API's words, if it refused, else NULL */
	const FcError *error;		/* that was not thrown, or NULL */
	FcJson	   *document;		/* the body; NULL if empty or tolerated */
	FcJsonNode	object;			/* of a write: what names the row in it;
								 * absent if nothing does */
	int64		id;				/* the id in it */
} FcAnswer;

extern FcApi *fc_exchange_open(Oid serverid, Oid userid);
extern void fc_exchange_reserve(EState *estate, int64 requests);
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

/* GUCs */
extern bool fc_log_requests;
extern int	fc_max_requests_per_query;

#endif							/* FC_EXCHANGE_H */
