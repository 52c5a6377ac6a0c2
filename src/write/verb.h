/*
 * verb.h
 *		One request that does something, or asks, beyond rows of a table.
 *
 * verbs.c knows its arguments and its result.
 */
#ifndef FC_VERB_H
#define FC_VERB_H

#include "api/exchange.h"

typedef struct FcVerbRequest
{
	const char *function;		/* for messages */
	const char *resource;		/* for views and messages */
	const char *method;
	const char *path;			/* below base_url, encoded */
	const char *shown;			/* the same for people, NULL if no other */
	List	   *hidden;			/* of char *, in UTF-8: texts that no message
								 * shows */
	const char *body;			/* JSON in UTF-8, or NULL */
	FcNaming	naming;			/* what its answer names if it is done */
	bool		may_be_absent;	/* "there is none" is an answer */
	const char *unknown_hint;	/* what to do if its outcome is unknown */
} FcVerbRequest;

extern FcAnswer *fc_verb_send(Oid serverid, const FcVerbRequest *request);
extern void fc_verb_confirm(const FcVerbRequest *request, int64 made);
extern void fc_verb_refuse(const FcVerbRequest *request, const char *reason);

#endif							/* FC_VERB_H */
