/*
 * send.h
 *		Send one write, once, and count it; and read a row again.
 */
#ifndef FC_SEND_H
#define FC_SEND_H

#include "api/exchange.h"
#include "api/omission.h"

/*
 * Bits of FcLearned.flags.  Those up to 31 are the pager's; see query.h.
 */
#define FC_LEARNED_STICKS	(UINT64CONST(1) << 34)	/* custom properties */
#define FC_LEARNED_DROPS	(UINT64CONST(1) << 35)
#define FC_LEARNED_PUT		(UINT64CONST(1) << 36)	/* there is the method */
#define FC_LEARNED_DELETE	(UINT64CONST(1) << 37)

/* Which row of a resource. */
typedef struct FcRowKey
{
	int64		id;
	bool		has_parent;
	int64		parent;
} FcRowKey;

/*
 * How to tell from a row whether a PUT of it was done, where the answer to
 * the PUT does not.  The item lives in the context that the PUT was sent in.
 */
typedef struct FcWitness
{
	List	   *needs;			/* of FcNeed *: what to ask for */
	FcProof		(*compare) (void *arg, FcJsonNode item);
	void	   *arg;
} FcWitness;

/* What came of a PUT. */
typedef enum FcPutOutcome
{
	FC_PUT_DONE,
	FC_PUT_ABSENT,				/* there is no such row */
	FC_PUT_REFUSED				/* only where that is tolerated */
} FcPutOutcome;

/* One statement's way to write to a table. */
typedef struct FcSender
{
	FcApi	   *api;
	FcMeter		use;
	const FcTable *table;
	const FcColumn *parent;		/* the resource's FC_PARENT, or NULL */
	FcLearned	learned;		/* of the account, by the last look */

	/* what the statement itself has learned, whoever else forgets it */
	uint64		own_set;		/* flags */
	uint64		own_clear;
	FcPutLessons own_put;
} FcSender;

extern FcSender *fc_send_begin(const FcTable *table, Oid serverid,
							   Oid userid, EState *estate);
extern void fc_send_recall(FcSender *sender);
extern void fc_send_learn(FcSender *sender, uint64 set, uint64 clear);
extern void fc_send_learn_put(FcSender *sender, const FcPutLessons *more);

extern FcJsonNode fc_send_post(FcSender *sender, FcRowKey *key,
							   const char *body);
extern FcPutOutcome fc_send_put(FcSender *sender, const FcRowKey *key,
								const char *body, const FcWitness *check,
								bool tolerates_refusal, FcJsonNode *answer);
extern bool fc_send_delete(FcSender *sender, const FcRowKey *key);
extern bool fc_send_read(FcSender *sender, const FcRowKey *key, List *needs,
						 bool is_fresh, FcJsonNode *item);

extern char *fc_send_describe(const FcResource *resource,
							  const char *method, const FcRowKey *key);
extern const char *fc_send_path(const FcResource *resource,
								const char *method, const FcRowKey *key);
extern int64 fc_send_integer(const char *text);

#endif							/* FC_SEND_H */
