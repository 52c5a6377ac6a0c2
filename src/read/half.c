/*
 * half.c
 *		Items of a list that is read in two halves.
 *
 * A row of the first half may move to the other one between the two requests,
 * and must not come twice.  Some servers ignore what tells the halves apart,
 * and the second request gives the whole list.
 */
#include "postgres.h"

#include "read/half.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

static void remember(FcHalf *half, int64 id);

/*
 * fc_half_holds
 *		Did an item of the second half come with the first?
 *
 * Items of the first half are remembered; for them the answer is false.  If an
 * item of the second list came with the first half and still bears the first
 * half's mark, the second list holds all rows: from then on only that list is
 * read.
 */
bool
fc_half_holds(FcHalf *half, FcRouting *routing, const FcWalk *walk,
			  FcJsonNode item)
{
	bool		is_first = (walk->route->flags & FC_HALF) != 0;
	bool		is_number;
	bool		is_known;
	int64		id;

	if (!is_first && half->ids == NULL)
		return false;
	if (!fc_page_item_identity(walk->resource, item, &id, &is_number))
		return false;
	if (is_first)
	{
		remember(half, id);
		return false;
	}
	(void) hash_search(half->ids, &id, HASH_FIND, &is_known);
	if (is_known &&
		fc_json_kind(fc_json_member(item, walk->route->marker)) ==
		FC_JSON_NULL)
		fc_routing_note_whole(routing);
	return is_known;
}

/*
 * fc_half_forget
 *		Begin to read anew.
 */
void
fc_half_forget(FcHalf *half)
{
	if (half->ids != NULL)
		hash_destroy(half->ids);
	half->ids = NULL;
}

static void
remember(FcHalf *half, int64 id)
{
	if (half->ids == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(int64);
		control.entrysize = sizeof(int64);
		control.hcxt = half->context;
		half->ids = hash_create("frontcore_fdw half a list", 256, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	(void) hash_search(half->ids, &id, HASH_ENTER, NULL);
}
