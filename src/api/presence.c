/*
 * presence.c
 *		Do the items of an answer hold a key, whatever its value?
 *
 * A path may lead through objects: "location.city".  An item whose location is
 * null says nothing of its key "city".  One whose location is an object
 * without that key says that it is lacking, unless another item has it.
 */
#include "postgres.h"

#include "api/presence.h"

static void follow_path(FcPresence *found, FcJsonNode node, const char *path);

/*
 * fc_presence_note
 *		Look for a dotted path in an item.
 *
 * Only those items count that hold most of the path's keys.
 */
void
fc_presence_note(FcPresence *presence, FcJsonNode item, const char *path)
{
	FcPresence	found = {0};

	follow_path(&found, item, path);
	presence->is_held |= found.is_held;
	if (found.depth > presence->depth)
	{
		presence->depth = found.depth;
		presence->is_missing = found.is_missing;
	}
	else if (found.depth == presence->depth)
		presence->is_missing |= found.is_missing;
}

/*
 * fc_presence_is_lacking
 *		True if some item has the object that the path leads into, and no item
 *		has the key in it.  False if no item was looked at.
 */
bool
fc_presence_is_lacking(const FcPresence *presence)
{
	return !presence->is_held && presence->is_missing;
}

/*
 * Follow a path's keys as far as the item holds them.
 */
static void
follow_path(FcPresence *found, FcJsonNode node, const char *path)
{
	while (*path != '\0')
	{
		Size		length = strcspn(path, ".");
		char	   *key;

		if (fc_json_kind(node) == FC_JSON_NULL)
			return;
		key = pnstrdup(path, length);
		node = fc_json_member(node, key);
		pfree(key);
		if (fc_json_kind(node) == FC_JSON_ABSENT)
		{
			found->is_missing = true;
			return;
		}
		found->depth++;
		path += length + (path[length] == '.');
	}
	found->is_held = true;
}
