/*
 * presence.h
 *		Do the items of an answer hold a key, whatever its value?
 *
 * A value that the API sent as null is NULL.  A key that no item holds is
 * something else; read/needs.c decides what to do about it.
 */
#ifndef FC_PRESENCE_H
#define FC_PRESENCE_H

#include "base/json.h"

/* What the items seen so far say of one path, "a.b"; begins as zeros. */
typedef struct FcPresence
{
	bool		is_held;		/* some item holds the key */
	bool		is_missing;		/* an object that is depth deep lacks it */
	int			depth;			/* objects on the way that were found */
} FcPresence;

extern void fc_presence_note(FcPresence *presence, FcJsonNode item,
							 const char *path);
extern bool fc_presence_is_lacking(const FcPresence *presence);

#endif							/* FC_PRESENCE_H */
