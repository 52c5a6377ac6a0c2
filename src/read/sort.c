/*
 * sort.c
 *		The order of items: made here, or checked where the API made it.
 *
 * The server's own sort does the work, in work_mem and then in temporary
 * files.  What it sorts is the source of the items, parsed again when they
 * come out.
 */
#include "postgres.h"

#include "api/error.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "read/page.h"
#include "read/sort.h"
#include "utils/builtins.h"
#include "utils/tuplesort.h"

/* bigint > bigint: the catalog's header names only the other one. */
#define INT8_GREATER_OPERATOR	413

struct FcSort
{
	TupleDesc	tupdesc;		/* order as bigint, item's source as text */
	Tuplesortstate *state;
	TupleTableSlot *slot;
};

/*
 * fc_sort_begin
 *		Begin to sort.  Lives in the current context, until fc_sort_end.
 */
FcSort *
fc_sort_begin(bool descending)
{
	FcSort	   *sort = palloc(sizeof(FcSort));
	AttrNumber	attribute = 1;
	Oid			operator = descending ? INT8_GREATER_OPERATOR :
	Int8LessOperator;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;

	sort->tupdesc = CreateTemplateTupleDesc(2);
	TupleDescInitEntry(sort->tupdesc, 1, "order", INT8OID, -1, 0);
	TupleDescInitEntry(sort->tupdesc, 2, "item", TEXTOID, -1, 0);
	sort->slot = MakeSingleTupleTableSlot(sort->tupdesc, &TTSOpsMinimalTuple);
	sort->state = tuplesort_begin_heap(sort->tupdesc, 1, &attribute,
									   &operator, &collation, &nulls_first,
									   work_mem, NULL, TUPLESORT_RANDOMACCESS);
	return sort;
}

/*
 * fc_sort_add
 *		Add an item, with what it is to be sorted by.
 */
void
fc_sort_add(FcSort *sort, int64 order, FcJsonNode item)
{
	TupleTableSlot *slot = sort->slot;
	Size		length;
	const char *source = fc_json_source(item, &length);
	text	   *copy = cstring_to_text_with_len(source, length);

	ExecClearTuple(slot);
	slot->tts_values[0] = Int64GetDatum(order);
	slot->tts_values[1] = PointerGetDatum(copy);
	slot->tts_isnull[0] = slot->tts_isnull[1] = false;
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(sort->state, slot);
	pfree(copy);
}

/*
 * fc_sort_finish
 *		All items are there: sort them.
 */
void
fc_sort_finish(FcSort *sort)
{
	tuplesort_performsort(sort->state);
}

/*
 * fc_sort_next
 *		The next item in order, parsed in the current context; false after the
 *		last one.
 */
bool
fc_sort_next(FcSort *sort, FcJsonNode *item)
{
	FcJson	   *document;
	Datum		source;
	char	   *copy;
	bool		isnull;

	if (!tuplesort_gettupleslot(sort->state, true, false, sort->slot, NULL))
		return false;
	source = slot_getattr(sort->slot, 2, &isnull);
	copy = TextDatumGetCString(source);
	document = fc_json_parse(copy, strlen(copy));
	if (document == NULL)
		elog(ERROR, "sorted item is not JSON");
	*item = fc_json_root(document);
	return true;
}

/*
 * fc_sort_rewind
 *		Begin with the first item again.
 */
void
fc_sort_rewind(FcSort *sort)
{
	tuplesort_rescan(sort->state);
}

/*
 * fc_sort_end
 *		Free the items.
 */
void
fc_sort_end(FcSort *sort)
{
	ExecDropSingleTupleTableSlot(sort->slot);
	tuplesort_end(sort->state);
	pfree(sort);
}

/*
 * fc_sort_check
 *		Throw unless a page's items are in the query's order, behind those of
 *		the pages before.
 *
 * To be called before the page's first item is passed on, as it may be all
 * that the reader wants.  Items that came before do not count.  path is the
 * request's, for the message.
 */
void
fc_sort_check(FcOrder *order, const FcQuery *query, FcJsonIterator items,
			  const Bitmapset *repeated, const char *path)
{
	FcJsonNode	item;

	for (int i = 0; fc_json_next(&items, &item, NULL); i++)
	{
		if (!bms_is_member(i, repeated))
			fc_sort_check_item(order, query, item, path);
	}
}

/*
 * fc_sort_check_item
 *		Throw unless an item is in the query's order, behind the last one.
 */
void
fc_sort_check_item(FcOrder *order, const FcQuery *query, FcJsonNode item,
				   const char *path)
{
	int64		value = fc_page_item_order(query->order, item);

	if (order->has_last &&
		(query->descending ? value > order->last : value < order->last))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("the API did not sort resource \"%s\" by \"%s\"",
						query->resource->name, query->order->name),
				 errhint("Set option \"push_order\" of the server or of the foreign table to \"false\"."),
				 fc_error_context("GET", path)));
	order->last = value;
	order->has_last = true;
}
