/*
 * place.h
 *		The places in an item where a value may be, "a.b|c".
 */
#ifndef FC_PLACE_H
#define FC_PLACE_H

#include "base/json.h"

/* One of them, "a.b"; not terminated. */
typedef struct FcPlace
{
	const char *path;
	Size		length;
	Size		member_length;	/* of "a", the member of the item */
} FcPlace;

extern bool fc_place_next(const char **rest, FcPlace *place);
extern bool fc_place_is(const FcPlace *place, const char *path);
extern bool fc_place_is_in(const FcPlace *place, const char *path);
extern FcJsonNode fc_place_node(FcJsonNode item, const FcPlace *place);
extern FcJsonNode fc_place_first(FcJsonNode item, const char *places);
extern bool fc_place_is_told(FcJsonNode item, const char *places);

#endif							/* FC_PLACE_H */
