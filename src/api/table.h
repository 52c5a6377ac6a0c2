/*
 * table.h
 *		What a foreign table's options say, and what its columns stand for.
 */
#ifndef FC_TABLE_H
#define FC_TABLE_H

#include "api/option.h"

extern FcTable *fc_table_read(Oid relid);
extern Bitmapset *fc_table_add_computed(const FcTable *table,
										Bitmapset *attributes);
extern bool fc_table_is_id(const FcTableColumn *column);

#endif							/* FC_TABLE_H */
