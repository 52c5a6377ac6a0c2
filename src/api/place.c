/*
 * place.c
 *		The places in an item where a value may be, "a.b|c".
 *
 * The API tells the same value in different places: "course_id|course.id".
 * The first place that an item has counts.  A place is a path of members'
 * names with dots between.
 */
#include "postgres.h"

#include "api/place.h"

/*
 * fc_place_next
 *		Take the next place off the rest of a list; false if there is none.
 */
bool
fc_place_next(const char **rest, FcPlace *place)
{
	if (**rest == '\0')
		return false;
	place->path = *rest;
	place->member_length = strcspn(*rest, ".|");
	place->length = place->member_length +
		strcspn(*rest + place->member_length, "|");
	*rest += place->length;
	if (**rest == '|')
		(*rest)++;
	return true;
}

/*
 * fc_place_is
 *		Is it that path?
 */
bool
fc_place_is(const FcPlace *place, const char *path)
{
	return strncmp(place->path, path, place->length) == 0 &&
		path[place->length] == '\0';
}

/*
 * fc_place_is_in
 *		Does it lie in the same member of an item as the first of those places?
 */
bool
fc_place_is_in(const FcPlace *place, const char *places)
{
	return strcspn(places, ".|") == place->member_length &&
		strncmp(place->path, places, place->member_length) == 0;
}

/*
 * fc_place_node
 *		What an item has there; absent if nothing.
 */
FcJsonNode
fc_place_node(FcJsonNode item, const FcPlace *place)
{
	return fc_json_path_of(item, place->path, place->length);
}

/*
 * fc_place_first
 *		What an item has at the first of the places that it has; it may be
 *		null.  Absent if it has none.
 */
FcJsonNode
fc_place_first(FcJsonNode item, const char *places)
{
	FcPlace		place;

	while (fc_place_next(&places, &place))
	{
		FcJsonNode	node = fc_place_node(item, &place);

		if (fc_json_kind(node) != FC_JSON_ABSENT)
			return node;
	}
	return (FcJsonNode)
	{
		0
	};
}

/*
 * fc_place_is_told
 *		Does an item tell the value, which may be null?
 *
 * If the item has the object that a path leads into, the value is known even
 * where the object lacks the key.
 */
bool
fc_place_is_told(FcJsonNode item, const char *places)
{
	FcPlace		place;

	while (fc_place_next(&places, &place))
	{
		if (fc_json_kind(fc_json_path_of(item, place.path,
										 place.member_length)) !=
			FC_JSON_ABSENT)
			return true;
	}
	return false;
}
