/*
 * change.c
 *		Rows of a table that is written: slots in, slots out.
 *
 * What a statement wants back of a row it wrote (RETURNING, AFTER triggers) is
 * taken from what was sent, then from the answer, and only what neither holds
 * costs another request.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "api/ctid.h"
#include "api/memo.h"
#include "api/place.h"
#include "executor/tuptable.h"
#include "read/tuple.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "write/change.h"

static FcDraft *draft_new_row(const FcChange *change, TupleTableSlot *slot);
static void check_required(const FcChange *change, const FcDraft *draft);
static void check_row(const FcChange *change, const FcDraft *draft,
					  const Bitmapset *seen, TupleTableSlot *slot);
static const FcTableColumn *find_column(const FcTable *table,
										const FcColumn *column);
static void count_row(FcChange *change);
static void return_row(FcChange *change, const FcDraft *draft,
					   const FcRowKey *key, const FcWritten *written,
					   TupleTableSlot *slot);
static bool show_key(const FcChange *change, const FcRowKey *key,
					 const FcTableColumn *column, Datum *value);
static void read_back(FcChange *change, const Bitmapset *missing,
					  const FcRowKey *key, const FcWritten *written,
					  Datum *values, bool *isnull);
static bool answer_holds(const FcChange *change, const Bitmapset *missing,
						 FcJsonNode answer);

/*
 * fc_change_begin
 *		Prepare to change a table as the given user.  Sends nothing.
 *
 * returned are the attribute numbers that are wanted after each write, besides
 * the ctid.
 */
FcChange *
fc_change_begin(Relation rel, Oid userid, EState *estate,
				Bitmapset *returned, bool returns_ctid)
{
	FcChange   *change = palloc0(sizeof(FcChange));
	Oid			relid = RelationGetRelid(rel);
	Oid			serverid = GetForeignTable(relid)->serverid;

	change->server = fc_memo_server(serverid);
	change->table = fc_memo_table(relid);
	change->tupdesc = CreateTupleDescCopy(RelationGetDescr(rel));
	change->put = fc_put_begin(fc_send_begin(change->table, serverid, userid,
											 estate));
	change->returned = returned;
	change->returns_ctid = returns_ctid;
	change->row_context = AllocSetContextCreate(CurrentMemoryContext,
												"frontcore_fdw write",
												ALLOCSET_DEFAULT_SIZES);
	return change;
}

/*
 * fc_change_make_ids
 *		An empty set of ids that lives as long as the change.
 */
HTAB *
fc_change_make_ids(FcChange *change)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(int64);
	control.entrysize = sizeof(int64);
	control.hcxt = GetMemoryChunkContext(change);
	return hash_create("frontcore_fdw rows written", 256, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * fc_change_is_first
 *		Is this the first time that the statement comes upon the row?
 *
 * As for a table of PostgreSQL's own, a row that a join matches twice is
 * changed once.
 */
bool
fc_change_is_first(FcChange *change, int64 id)
{
	bool		found;

	if (change->touched == NULL)
		change->touched = fc_change_make_ids(change);
	(void) hash_search(change->touched, &id, HASH_ENTER, &found);
	return !found;
}

/*
 * fc_change_context
 *		Error context callback: how many rows the statement had written.
 */
void
fc_change_context(void *arg)
{
	const FcChange *change = arg;
	int64		rows = change->put->sender->use.counts.rows_written;

	if (rows > 0)
		errcontext("after " INT64_FORMAT " %s of foreign table \"%s\" had been written",
				   rows, rows == 1 ? "row" : "rows", change->table->name);
}

/*
 * fc_change_see
 *		Note what the statement's own scan has read of a row.
 */
void
fc_change_see(const FcChange *change, FcOldRow *row, AttrNumber attnum,
			  Datum value, bool isnull)
{
	const FcTableColumn *column = &change->table->columns[attnum - 1];
	const FcColumn *field = column->column;
	Oid			type = TupleDescAttr(change->tupdesc, attnum - 1)->atttypid;
	int			number;

	if (field == NULL || column->property != NULL || field->writes == NULL ||
		(field->flags & FC_WRITE_ONLY))
		return;
	if (isnull && !fc_put_trusts_null(change->put, field))
		return;

	number = fc_catalog_column_number(change->table->resource, field);
	row->seen.known |= FC_COLUMN_BIT(number);
	row->seen.texts[number] =
		isnull ? NULL : fc_value_text(field, type, value,
									  change->table->naive_timezone);
}

/*
 * fc_change_foresee_insert
 *		Throw what is known to be wrong with a row that is to be created.
 *
 * Sends nothing.  The slot holds the row as it will be.
 */
void
fc_change_foresee_insert(const FcChange *change, TupleTableSlot *slot)
{
	(void) draft_new_row(change, slot);
}

/*
 * fc_change_foresee_update
 *		Throw what is known to be wrong with a row that is to be changed; false
 *		if nothing may have to be sent for it.
 *
 * Sends nothing.  The arguments are those of fc_change_update.
 */
bool
fc_change_foresee_update(const FcChange *change, const Bitmapset *attributes,
						 const Bitmapset *seen, TupleTableSlot *slot)
{
	FcJsonNode	nothing = {0};
	FcDraft    *draft = fc_body_draft(change->table, nothing);
	int			attnum = -1;
	bool		sets_property = false;

	while ((attnum = bms_next_member(attributes, attnum)) >= 0)
		sets_property |= change->table->columns[attnum - 1].property != NULL;
	slot_getallattrs(slot);
	fc_body_fill(draft, change->tupdesc, slot->tts_values, slot->tts_isnull,
				 attributes);

	/* beside a single property are those that the API has */
	if (change->check != NULL && !sets_property)
		check_row(change, draft, seen, slot);
	return fc_body_text(draft) != NULL;
}

/*
 * fc_change_insert
 *		Create the row in the slot, and put there what is wanted of it.
 */
void
fc_change_insert(FcChange *change, TupleTableSlot *slot)
{
	const FcTable *table = change->table;
	const FcColumn *parent = change->put->sender->parent;
	FcDraft    *draft = draft_new_row(change, slot);
	FcRowKey	key = {0};
	FcWritten	written;

	if (parent != NULL)
	{
		int			number = fc_catalog_column_number(table->resource, parent);

		key.has_parent = true;
		key.parent = fc_send_integer(draft->image.texts[number]);
	}
	fc_put_insert(change->put, draft, &key, &written);
	count_row(change);
	return_row(change, draft, &key, &written, slot);
	fc_change_identify(change, key.id, &slot->tts_tid);
}

/*
 * fc_change_update
 *		Give a row the slot's values of some attributes; false if it is gone.
 *
 * seen are those whose values in the slot the statement has read of the row.
 */
bool
fc_change_update(FcChange *change, FcOldRow *row,
				 const Bitmapset *attributes, const Bitmapset *seen,
				 TupleTableSlot *slot)
{
	const FcTable *table = change->table;
	FcJsonNode	properties = {0};
	FcDraft    *draft;
	FcWritten	written;
	ItemPointerData ctid;
	int			attnum = -1;
	bool		writes_properties = false;

	fc_change_identify(change, row->key.id, &ctid);
	while ((attnum = bms_next_member(attributes, attnum)) >= 0)
	{
		const FcTableColumn *column = &table->columns[attnum - 1];

		fc_body_check(table, column, true);
		if (column->property != NULL ||
			(column->column->flags & FC_PROPERTIES))
			writes_properties = true;
	}
	if (writes_properties &&
		!fc_put_old_properties(change->put, row, &properties))
		return false;

	draft = fc_body_draft(table, properties);
	slot_getallattrs(slot);
	fc_body_fill(draft, change->tupdesc, slot->tts_values, slot->tts_isnull,
				 attributes);
	if (change->check != NULL)
		check_row(change, draft, seen, slot);
	if (!fc_put_update(change->put, draft, row, &written))
		return false;
	count_row(change);
	return_row(change, draft, &row->key, &written, slot);
	slot->tts_tid = ctid;
	return true;
}

/*
 * fc_change_delete
 *		Delete a row, or deactivate it; false if it is gone.
 */
bool
fc_change_delete(FcChange *change, FcOldRow *row)
{
	const FcTable *table = change->table;
	ItemPointerData ctid;
	bool		found;

	fc_change_identify(change, row->key.id, &ctid);
	if (table->deactivates)
	{
		FcJsonNode	nothing = {0};
		FcDraft    *draft = fc_body_draft(table, nothing);
		FcWritten	written;

		fc_body_fill_json(draft, table->resource->deactivate);
		found = fc_put_update(change->put, draft, row, &written);
	}
	else
		found = fc_put_find_parent(change->put, row) &&
			fc_send_delete(change->put->sender, &row->key);
	if (found)
		count_row(change);
	return found;
}

/*
 * fc_change_identify
 *		Set the ctid of a row as it is returned; throw if it is wanted and the
 *		row cannot have one.
 */
void
fc_change_identify(const FcChange *change, int64 id, ItemPointer ctid)
{
	ItemPointerSetInvalid(ctid);
	if (change->returns_ctid)
		fc_ctid_from_id(ctid, id, change->table->name);
}

/*
 * What is to be sent of the new row in the slot; throws what is wrong with it.
 *
 * NULL is no value, so that the API's default holds.
 */
static FcDraft *
draft_new_row(const FcChange *change, TupleTableSlot *slot)
{
	const FcTable *table = change->table;
	FcJsonNode	nothing = {0};
	FcDraft    *draft = fc_body_draft(table, nothing);
	Bitmapset  *attributes = NULL;

	slot_getallattrs(slot);
	for (int i = 0; i < table->natts; i++)
	{
		if (table->columns[i].attnum == 0 || slot->tts_isnull[i])
			continue;
		fc_body_check(table, &table->columns[i], false);
		attributes = bms_add_member(attributes, i + 1);
	}
	fc_body_fill(draft, change->tupdesc, slot->tts_values, slot->tts_isnull,
				 attributes);
	check_required(change, draft);
	if (change->check != NULL)
		check_row(change, draft, NULL, slot);
	return draft;
}

/*
 * Refuse an INSERT that lacks what the API requires.
 */
static void
check_required(const FcChange *change, const FcDraft *draft)
{
	const FcTable *table = change->table;

	for (int i = 0; table->resource->columns[i].name; i++)
	{
		const FcColumn *field = &table->resource->columns[i];
		const FcTableColumn *column;

		if ((field->flags & FC_REQUIRED) == 0 ||
			(draft->image.known & FC_COLUMN_BIT(i)) != 0)
			continue;
		column = find_column(table, field);
		if (column == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("foreign table \"%s\" has no column for \"%s\"",
							table->name, field->name),
					 errdetail("The API requires this field of every new row of resource \"%s\".",
							   table->resource->name)));
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of foreign table \"%s\"",
						column->name, table->name),
				 errdetail("The API requires this field of every new row of resource \"%s\".",
						   table->resource->name),
				 fc_error_column(table, column->name)));
	}
}

/*
 * See to it, before the row is sent, that it passes the checks that hold.
 *
 * It is looked at as it will be sent.  seen are attributes that are as they
 * were read.
 */
static void
check_row(const FcChange *change, const FcDraft *draft, const Bitmapset *seen,
		  TupleTableSlot *slot)
{
	const FcTable *table = change->table;
	Datum	   *values = palloc(table->natts * sizeof(Datum));
	bool	   *isnull = palloc(table->natts * sizeof(bool));
	Bitmapset  *known = NULL;
	int			attnum = -1;

	fc_send_recall(change->put->sender);	/* the scan may just have found
											 * out that lists lack columns */
	memcpy(values, slot->tts_values, table->natts * sizeof(Datum));
	memcpy(isnull, slot->tts_isnull, table->natts * sizeof(bool));
	while ((attnum = bms_next_member(change->check->attributes, attnum)) >= 0)
	{
		int			i = attnum - 1;
		const FcTableColumn *column = &table->columns[i];

		if (fc_body_show(draft, column, change->tupdesc, &values[i],
						 &isnull[i]) ||
			(bms_is_member(attnum, seen) &&
			 (!isnull[i] || column->column == NULL ||
			  fc_put_trusts_null(change->put, column->column))))
			known = bms_add_member(known, attnum);
	}
	fc_check_row(change->check, values, isnull, known);
}

/*
 * The table's first column for a field, NULL if it has none.
 */
static const FcTableColumn *
find_column(const FcTable *table, const FcColumn *column)
{
	for (int i = 0; i < table->natts; i++)
	{
		if (table->columns[i].attnum != 0 &&
			table->columns[i].column == column)
			return &table->columns[i];
	}
	return NULL;
}

/*
 * Count a row that was written.
 */
static void
count_row(FcChange *change)
{
	FcSender   *sender = change->put->sender;
	FcCounts	counts = {.rows_written = 1};

	sender->use.counts.rows_written++;
	fc_stats_add(sender->api->serverid, sender->use.resource, &counts);
}

/*
 * Put into the slot what is wanted of a row that was written: what was sent,
 * as it was sent, and all else as the API has it.
 */
static void
return_row(FcChange *change, const FcDraft *draft, const FcRowKey *key,
		   const FcWritten *written, TupleTableSlot *slot)
{
	const FcTable *table = change->table;
	Datum	   *values;
	bool	   *isnull;
	Bitmapset  *missing = NULL;
	HeapTuple	tuple;
	int			attnum = -1;

	if (change->returned == NULL && change->check == NULL)
		return;

	slot_getallattrs(slot);
	values = palloc(table->natts * sizeof(Datum));
	isnull = palloc(table->natts * sizeof(bool));
	memcpy(values, slot->tts_values, table->natts * sizeof(Datum));
	memcpy(isnull, slot->tts_isnull, table->natts * sizeof(bool));

	while ((attnum = bms_next_member(change->returned, attnum)) >= 0)
	{
		int			i = attnum - 1;
		const FcTableColumn *column = &table->columns[i];

		if (column->attnum == 0)
			continue;			/* PostgreSQL has computed it */
		if (fc_body_show(draft, column, change->tupdesc, &values[i],
						 &isnull[i]))
			continue;
		if (show_key(change, key, column, &values[i]))
			isnull[i] = false;
		else if (column->column != NULL &&
				 (column->column->flags & FC_WRITE_ONLY))
			isnull[i] = true;
		else
			missing = bms_add_member(missing, attnum);
	}
	attnum = -1;
	while (change->check != NULL &&
		   (attnum = bms_next_member(change->check->attributes,
									 attnum)) >= 0)
	{
		/* core is going to look at it again */
		if (!bms_is_member(attnum, change->returned))
			(void) fc_body_show(draft, &table->columns[attnum - 1],
								change->tupdesc, &values[attnum - 1],
								&isnull[attnum - 1]);
	}
	if (missing != NULL)
		read_back(change, missing, key, written, values, isnull);

	tuple = heap_form_tuple(change->tupdesc, values, isnull);
	ExecForceStoreHeapTuple(tuple, slot, false);
	ExecMaterializeSlot(slot);
}

/*
 * The value of a column that is part of the row's key; false if it is not.
 */
static bool
show_key(const FcChange *change, const FcRowKey *key,
		 const FcTableColumn *column, Datum *value)
{
	Form_pg_attribute attribute;
	int64		number;
	Oid			input;
	Oid			ioparam;

	if (column->column == NULL || column->property != NULL)
		return false;
	if (column->column->flags & FC_KEY)
		number = key->id;
	else if ((column->column->flags & FC_PARENT) && key->has_parent)
		number = key->parent;
	else
		return false;

	attribute = TupleDescAttr(change->tupdesc, column->attnum - 1);
	getTypeInputInfo(attribute->atttypid, &input, &ioparam);
	*value = OidInputFunctionCall(input, psprintf(INT64_FORMAT, number),
								  ioparam, attribute->atttypmod);
	return true;
}

/*
 * Read what is missing from the item, the answer, or the API.
 */
static void
read_back(FcChange *change, const Bitmapset *missing, const FcRowKey *key,
		  const FcWritten *written, Datum *values, bool *isnull)
{
	int			natts = change->table->natts;
	Datum	   *read_values = palloc(natts * sizeof(Datum));
	bool	   *read_isnull = palloc(natts * sizeof(bool));
	Bitmapset  *attributes = NULL;
	FcTupleReader *reader;
	FcJsonNode	item = written->item;
	int			attnum = -1;

	while ((attnum = bms_next_member(missing, attnum)) >= 0)
		attributes = bms_add_member(attributes, attnum -
									FirstLowInvalidHeapAttributeNumber);
	reader = fc_tuple_reader(change->tupdesc, change->table, attributes,
							 change->server->naive_timezone);

	if (!answer_holds(change, missing, item))
		item = written->answer;
	if (!answer_holds(change, missing, item) &&
		!fc_send_read(change->put->sender, key, fc_tuple_needs(reader, NULL),
					  true, &item))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("could not read row " INT64_FORMAT " of resource \"%s\" after it was written",
						key->id, change->table->resource->name),
				 fc_error_context("GET",
								  fc_send_path(change->table->resource, "PUT",
											   key))));

	fc_tuple_read(reader, item, read_values, read_isnull);
	attnum = -1;
	while ((attnum = bms_next_member(missing, attnum)) >= 0)
	{
		values[attnum - 1] = read_values[attnum - 1];
		isnull[attnum - 1] = read_isnull[attnum - 1];
	}
}

/*
 * Does an answer hold all that is missing?
 */
static bool
answer_holds(const FcChange *change, const Bitmapset *missing,
			 FcJsonNode answer)
{
	int			attnum = -1;

	if (fc_json_kind(answer) != FC_JSON_OBJECT)
		return false;
	while ((attnum = bms_next_member(missing, attnum)) >= 0)
	{
		if (!fc_place_is_told(answer,
							  change->table->columns[attnum - 1].path))
			return false;
	}
	return true;
}
