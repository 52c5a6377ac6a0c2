/*
 * ctid.h
 *		A row's ctid, which stands for its id.
 *
 * Nothing here knows which rows exist.
 */
#ifndef FC_CTID_H
#define FC_CTID_H

#include "storage/itemptr.h"

extern void fc_ctid_from_id(ItemPointer ctid, int64 id,
							const char *table_name);
extern bool fc_ctid_to_id(ItemPointer ctid, int64 *id);

#endif							/* FC_CTID_H */
