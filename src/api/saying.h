/*
 * saying.h
 *		What the body of an answer says of the request that it answers.
 *
 * Which error that is, or none, is left to error.c.
 */
#ifndef FC_SAYING_H
#define FC_SAYING_H

#include "base/json.h"

/* Which row a write is about, and how its answer may name it. */
typedef struct FcNaming
{
	const char *path;			/* the key's: "coursedate_id|id"; NULL: none */
	int64		id;				/* 0 for a POST: any id will do */
} FcNaming;

/* What a body says. */
typedef struct FcSaying
{
	bool		refuses;		/* it says no */
	bool		confirms;		/* it names the row, or says that it is done */
	FcJsonNode	object;			/* what names the row; absent if nothing */
	int64		id;				/* the id in it */
	const char *message;		/* its words, in UTF-8, or NULL */
	const char *code;			/* its code for programs, or NULL */
} FcSaying;

extern FcSaying fc_saying_of_read(FcJsonNode root);
extern FcSaying fc_saying_of_write(FcJsonNode root, const FcNaming *naming);
extern void fc_saying_quote(FcJsonNode root, FcSaying *saying);

#endif							/* FC_SAYING_H */
