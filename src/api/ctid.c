/*
 * ctid.c
 *		A row's ctid, which stands for its id.
 *
 * A foreign table has no blocks, but people and programs name rows by ctid,
 * postgres_fdw among them.  Block 0 has the ids up to 65534, block 1 those up
 * to 131069, and so on.  So ctids are in the order of ids, and no two rows
 * have the same ctid.
 */
#include "postgres.h"

#include "api/ctid.h"

/* Offsets begin at 1. */
#define IDS_PER_BLOCK	((int64) PG_UINT16_MAX)

/* The last block number that is valid is one less than the invalid one. */
#define GREATEST_ID		(((int64) MaxBlockNumber + 1) * IDS_PER_BLOCK - 1)

/*
 * fc_ctid_from_id
 *		Set the ctid of the row with that id, or throw if it cannot have one.
 */
void
fc_ctid_from_id(ItemPointer ctid, int64 id, const char *table_name)
{
	if (id <= 0 || id > GREATEST_ID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("row " INT64_FORMAT " of foreign table \"%s\" has no ctid",
						id, table_name),
				 errdetail("A ctid stands for an id from 1 to " INT64_FORMAT ".",
						   GREATEST_ID),
				 errhint("Name the row by its id.")));

	ItemPointerSet(ctid, (BlockNumber) (id / IDS_PER_BLOCK),
				   (OffsetNumber) (id % IDS_PER_BLOCK + 1));
}

/*
 * fc_ctid_to_id
 *		The id that a ctid stands for.
 *
 * A ctid with offset 0 stands for no id: returns false, and sets id to the
 * last id that comes before the ctid.  The id may be one that no row can have.
 */
bool
fc_ctid_to_id(ItemPointer ctid, int64 *id)
{
	*id = (int64) ItemPointerGetBlockNumberNoCheck(ctid) * IDS_PER_BLOCK +
		ItemPointerGetOffsetNumberNoCheck(ctid) - 1;
	return ItemPointerGetOffsetNumberNoCheck(ctid) != 0;
}
