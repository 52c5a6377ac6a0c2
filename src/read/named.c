/*
 * named.c
 *		Rows that a statement names by their ids, and does not read.
 *
 * A scan of such rows asks nothing.  It gives a row for each id, whether or
 * not the API has one: write/unread.c sees to it that only the write of the
 * row takes notice of it.
 */
#include "postgres.h"

#include "api/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "read/named.h"
#include "utils/lsyscache.h"

static bool make_id(Oid type, int64 id, Datum *value);

/*
 * fc_named_next
 *		Put the next row that a query names into the slot, with its id and
 *		NULL in all other columns; false after the last one.
 *
 * *next counts the ids that were taken, from 0.  An id that a column cannot
 * hold is skipped, as no row of the table has it.  Values are allocated in the
 * current context.
 */
bool
fc_named_next(const FcQuery *query, int *next, const FcTable *table,
			  TupleTableSlot *slot, int64 *id)
{
	TupleDesc	tupdesc = slot->tts_tupleDescriptor;

	while (!query->is_empty && *next < query->ids.count)
	{
		bool		fits = true;

		*id = query->ids.values[(*next)++];
		ExecClearTuple(slot);
		memset(slot->tts_isnull, true, tupdesc->natts * sizeof(bool));
		for (int i = 0; fits && i < tupdesc->natts; i++)
		{
			if (!fc_table_is_id(&table->columns[i]))
				continue;
			slot->tts_isnull[i] = false;
			fits = make_id(TupleDescAttr(tupdesc, i)->atttypid, *id,
						   &slot->tts_values[i]);
		}
		if (fits)
		{
			ExecStoreVirtualTuple(slot);
			return true;
		}
	}
	return false;
}

/*
 * The id as a value of a column's type; false if the type cannot hold it.
 *
 * What a domain demands is not checked: it is for rows that there are.
 */
static bool
make_id(Oid type, int64 id, Datum *value)
{
	Oid			base = getBaseType(type);
	Oid			input;
	Oid			ioparam;

	if ((base == INT4OID && (id > PG_INT32_MAX || id < PG_INT32_MIN)) ||
		(base == INT2OID && (id > PG_INT16_MAX || id < PG_INT16_MIN)))
		return false;
	getTypeInputInfo(base, &input, &ioparam);
	*value = OidInputFunctionCall(input, psprintf(INT64_FORMAT, id), ioparam,
								  -1);
	return true;
}
