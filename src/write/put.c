/*
 * put.c
 *		Write a row without losing fields that a PUT omits.
 *
 * Two things about an account are learned from its first writes, once for
 * all backends of the server, by reading the row again:
 *
 * A PUT of some resources may keep the fields that it leaves out, or reset
 * them; this is not documented.  If it has changed one, the old values are put
 * back at once, and from then on every PUT sends all fields that can be
 * written.  Which fields stay is learned field by field: see proof.c.
 *
 * The API may silently drop the custom properties of some resources.  If it
 * does, that is an error.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "read/harvest.h"
#include "read/walk.h"
#include "utils/builtins.h"
#include "write/proof.h"
#include "write/put.h"

/* How much of a lost value an error shows, in bytes. */
#define MAX_SHOWN	1000

static bool read_old(FcPut *put, FcOldRow *row);
static bool add_resent(FcPut *put, FcDraft *draft, FcOldRow *row);
static uint64 omitted_columns(const FcPut *put,
							  const FcDraft *draft);
static bool put_all(FcPut *put, FcDraft *draft, FcOldRow *row,
					uint64 omitted, FcWritten *written);
static void guard_held(const FcPut *put, const FcImage *before,
					   uint64 held);
static bool put_and_look(FcPut *put, FcDraft *draft, FcOldRow *row,
						 uint64 omitted, FcWritten *written);
static bool find_old(FcPut *put, FcOldRow *row, uint64 columns,
					 FcImage *before);
static bool look(FcPut *put, const FcOldRow *row, FcWritten *written,
				 FcImage *after);
static FcPutOutcome put_draft(FcPut *put, const FcDraft *draft,
							  const FcOldRow *row, FcWritten *written);
static FcProof compare_row(void *arg, FcJsonNode item);
static void keep_columns(FcPut *put, FcDraft *draft,
						 const FcImage *image, uint64 omitted);
static bool restore(FcPut *put, FcDraft *draft, FcOldRow *row,
					const FcImage *before, uint64 omitted, uint64 changed,
					FcWritten *written);
static FcPutOutcome put_back(FcPut *put, const FcDraft *draft,
							 const FcOldRow *row, const FcImage *before,
							 uint64 columns, FcWritten *written);
static FcPutOutcome put_back_some(FcPut *put, const FcDraft *draft,
								  const FcOldRow *row, const FcImage *before,
								  uint64 columns, FcWritten *written);
static void report_loss(FcPut *put, const FcOldRow *row,
						const FcImage *before, const FcImage *after,
						uint64 lost);
static const char *show_value(const char *text);
static void refuse_loss(const FcPut *put, const FcColumn *column,
						const char *member);
static void prove_properties(FcPut *put, const FcDraft *draft,
							 const FcRowKey *key, FcWritten *written);

/*
 * fc_put_begin
 *		Prepare to write, in the current context.
 */
FcPut *
fc_put_begin(FcSender *sender)
{
	FcPut	   *put = palloc0(sizeof(FcPut));

	put->sender = sender;
	put->imager = fc_image_prepare(sender->table,
								   sender->api->server->naive_timezone);
	return put;
}

/*
 * fc_put_find_parent
 *		See to it that the row's key is complete; false if the row is gone.
 */
bool
fc_put_find_parent(FcPut *put, FcOldRow *row)
{
	const FcResource *resource = put->sender->table->resource;

	if (put->sender->parent == NULL || row->key.has_parent)
		return true;
	if (!read_old(put, row))
		return false;

	if (!fc_page_item_key(resource, FC_PARENT, row->item, &row->key.parent))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("could not write resource \"%s\": row " INT64_FORMAT " holds no \"%s\"",
						resource->name, row->key.id,
						put->sender->parent->name)));
	row->key.has_parent = true;
	return true;
}

/*
 * fc_put_old_properties
 *		The row's custom properties before the write; false if it is gone.
 */
bool
fc_put_old_properties(FcPut *put, FcOldRow *row,
					  FcJsonNode *properties)
{
	const FcResource *resource = put->sender->table->resource;
	const FcColumn *column = fc_catalog_flagged(resource, FC_PROPERTIES);
	int			number = fc_catalog_column_number(resource, column);

	memset(properties, 0, sizeof(*properties));
	if (row->seen.known & FC_COLUMN_BIT(number))
	{
		if (row->seen.texts[number] != NULL)
			*properties = fc_value_parse(row->seen.texts[number]);
		return true;
	}
	if (!read_old(put, row))
		return false;
	*properties = fc_json_path(row->item, fc_catalog_path(column));
	return true;
}

/*
 * fc_put_trusts_null
 *		Does a NULL that a scan has read mean that the API has no value?
 *
 * Not where some list is known to leave the column out, by what the sender has
 * recalled last.
 */
bool
fc_put_trusts_null(const FcPut *put, const FcColumn *column)
{
	FcSender   *sender = put->sender;
	int			number = fc_catalog_column_number(sender->table->resource,
												  column);

	if (column->include != NULL)
		return false;
	for (int i = 0; i < lengthof(sender->learned.lacks); i++)
	{
		if (sender->learned.lacks[i] & FC_COLUMN_BIT(number))
			return false;
	}
	return true;
}

/*
 * fc_put_insert
 *		Create a row; sets key->id.
 */
void
fc_put_insert(FcPut *put, FcDraft *draft, FcRowKey *key,
			  FcWritten *written)
{
	FcSender   *sender = put->sender;
	const char *body = fc_body_text(draft);

	memset(written, 0, sizeof(*written));
	if (fc_body_sends_properties(draft) &&
		(sender->learned.flags & FC_LEARNED_DROPS) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the API does not keep custom properties of resource \"%s\"",
						sender->table->resource->name),
				 errhint("Insert the row without them.")));

	written->answer = fc_send_post(sender, key, body ? body : "{}");
	prove_properties(put, draft, key, written);
}

/*
 * fc_put_update
 *		Change a row; false if there is no such row.
 */
bool
fc_put_update(FcPut *put, FcDraft *draft, FcOldRow *row,
			  FcWritten *written)
{
	FcSender   *sender = put->sender;
	FcOmitted	rule;
	uint64		omitted;
	bool		found = false;

	memset(written, 0, sizeof(*written));
	if (!fc_put_find_parent(put, row))
		return false;
	if (fc_body_text(draft) == NULL)
		return true;			/* nothing to do to a row that there is */
	if (!add_resent(put, draft, row))
		return false;

	fc_send_recall(sender);		/* another backend may have found out */
	omitted = omitted_columns(put, draft);
	rule = omitted == 0 ? FC_OMITTED_KEPT :
		fc_omission_rule(sender->table, &sender->learned);
	switch (rule)
	{
		case FC_OMITTED_KEPT:
			found = put_draft(put, draft, row, written) == FC_PUT_DONE;
			break;
		case FC_OMITTED_RESET:
			found = put_all(put, draft, row, omitted, written);
			break;
		case FC_OMITTED_UNKNOWN:
			found = put_and_look(put, draft, row, omitted, written);
			break;
	}

	if (found)
		prove_properties(put, draft, &row->key, written);
	return found;
}

/*
 * Read the row as it is before the write, by itself; false if it is gone.
 *
 * What the transaction has just read will do.
 */
static bool
read_old(FcPut *put, FcOldRow *row)
{
	if (row->has_item)
		return true;
	if (!fc_send_read(put->sender, &row->key, put->imager->needs,
					  false, &row->item))
		return false;

	row->has_item = true;
	fc_image_read(put->imager, row->item, &row->image);
	return true;
}

/*
 * Add to a PUT what the API wants with each; false if the row is gone.
 */
static bool
add_resent(FcPut *put, FcDraft *draft, FcOldRow *row)
{
	const FcResource *resource = put->sender->table->resource;

	for (int i = 0; resource->columns[i].name; i++)
	{
		if ((resource->columns[i].flags & FC_RESENT) == 0 ||
			(draft->image.known & FC_COLUMN_BIT(i)) != 0)
			continue;
		if (row->seen.known & FC_COLUMN_BIT(i))
			fc_body_keep(draft, i, row->seen.texts[i]);
		else if (read_old(put, row))
			fc_body_keep(draft, i, row->image.texts[i]);
		else
			return false;
	}
	return true;
}

/*
 * The fields that a write could change and that can be read, but that are not
 * sent.
 */
static uint64
omitted_columns(const FcPut *put, const FcDraft *draft)
{
	const FcResource *resource = put->sender->table->resource;
	uint64		omitted = put->imager->columns & ~draft->image.known;

	for (int i = 0; resource->columns[i].name; i++)
	{
		const FcColumn *column = &resource->columns[i];

		if ((column->flags & FC_PROPERTIES) && draft->properties != NULL)
			omitted &= ~FC_COLUMN_BIT(i);
		if (column->decides != NULL &&
			(draft->image.known & FC_COLUMN_BIT(i)) != 0)
		{
			const FcColumn *decided = fc_catalog_column(resource,
														column->decides);

			omitted &= ~FC_COLUMN_BIT(fc_catalog_column_number(resource,
															   decided));
		}
	}
	return omitted;
}

/*
 * Send everything, since what is left out would be reset.
 */
static bool
put_all(FcPut *put, FcDraft *draft, FcOldRow *row, uint64 omitted,
		FcWritten *written)
{
	FcSender   *sender = put->sender;
	FcImage		before;
	FcImage		after;
	FcJsonNode	item;
	uint64		held = omitted & fc_omission_held(sender->table->resource);
	uint64		sent = omitted & ~held;
	uint64		changed;

	/* the others' changes must not be undone by old knowledge of ours */
	if (!fc_send_read(sender, &row->key, put->imager->needs, true, &item))
		return false;
	fc_image_read(put->imager, item, &before);
	guard_held(put, &before, held);
	keep_columns(put, draft, &before, sent);
	if (put_draft(put, draft, row, written) != FC_PUT_DONE)
		return false;
	if ((!fc_proof_is_needed(sender, FC_SENT_ALONG, &before, sent) &&
		 !fc_proof_is_needed(sender, FC_LEFT_OUT, &before, held)) ||
		!look(put, row, written, &after))
		return true;

	changed = fc_proof_changed(sender->table->resource, &before, &after,
							   omitted);
	fc_proof_note(sender, FC_SENT_ALONG, &before,
				  sent & after.known & ~changed);
	fc_proof_note(sender, FC_LEFT_OUT, &before,
				  held & after.known & ~changed);
	if (changed != 0)
		report_loss(put, row, &before, &after, changed);
	return true;
}

/*
 * Refuse to lose what we cannot send, where it is known that a PUT resets it.
 */
static void
guard_held(const FcPut *put, const FcImage *before, uint64 held)
{
	const FcSender *sender = put->sender;
	const FcResource *resource = sender->table->resource;
	bool		is_declared = sender->table->omitted == FC_OMITTED_RESET;

	held &= before->known;
	for (int i = 0; resource->columns[i].name; i++)
	{
		uint64		column = FC_COLUMN_BIT(i);

		if ((held & column) == 0)
			continue;
		if (is_declared ? !fc_image_is_reset(resource, before, i) :
			(sender->learned.put.stuck & column) != 0 &&
			fc_proof_is_needed(sender, FC_LEFT_OUT, before, column))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot update a row of foreign table \"%s\" without losing its \"%s\"",
							sender->table->name, resource->columns[i].name),
					 errdetail("The API resets what an update leaves out, and it is not known how to send \"%s\".",
							   resource->columns[i].name),
					 errhint("Change the row in FrontCore itself.")));
	}
}

/*
 * Send what was asked.  If it is not known whether the rest stays as it is,
 * look what became of it.
 */
static bool
put_and_look(FcPut *put, FcDraft *draft, FcOldRow *row,
			 uint64 omitted, FcWritten *written)
{
	FcSender   *sender = put->sender;
	FcImage		before;
	FcImage		after;
	uint64		changed;

	omitted &= ~sender->learned.put.kept;
	if (!find_old(put, row, omitted, &before))
		return false;
	if (!fc_proof_is_needed(sender, FC_LEFT_OUT, &before, omitted))
		return put_draft(put, draft, row, written) == FC_PUT_DONE;

	/* what is proven is looked at, too: it costs nothing more */
	omitted = omitted_columns(put, draft);
	if (put_draft(put, draft, row, written) != FC_PUT_DONE)
		return false;
	if (!look(put, row, written, &after))
		return true;			/* deleted meanwhile */

	changed = fc_proof_changed(sender->table->resource, &before, &after,
							   omitted);
	fc_proof_note(sender, FC_LEFT_OUT, &before,
				  omitted & after.known & ~changed);
	if (changed == 0)
		return true;
	fc_send_learn(sender, FC_LEARNED_RESETS, 0);
	return restore(put, draft, row, &before, omitted, changed, written);
}

/*
 * Find out what the row holds before it is written; false if it is gone.
 *
 * What the statement's own scan has read will do if it has the columns.
 */
static bool
find_old(FcPut *put, FcOldRow *row, uint64 columns, FcImage *before)
{
	FcSender   *sender = put->sender;
	FcJsonNode	item;
	FcPutLessons lessons;

	columns &= ~sender->learned.put.unread;
	if (!row->has_item && sender->use.estate != NULL &&
		fc_harvest_find(sender->use.estate, sender->table->relid, row->key.id,
						&item))
	{
		fc_image_read(put->imager, item, before);
		if ((columns & ~before->known) == 0)
			return true;
	}

	if (!read_old(put, row))
		return false;
	*before = row->image;
	if ((columns & ~before->known) != 0)
	{
		memset(&lessons, 0, sizeof(lessons));
		lessons.unread = columns & ~before->known;
		fc_send_learn_put(sender, &lessons);
	}
	return true;
}

/*
 * Read the row after a PUT, unless the answer holds all that there is to see;
 * false if the row is gone.
 */
static bool
look(FcPut *put, const FcOldRow *row, FcWritten *written, FcImage *after)
{
	FcSender   *sender = put->sender;
	uint64		columns = put->imager->columns &
	~sender->learned.put.unread;

	memset(after, 0, sizeof(*after));
	if (fc_json_kind(written->item) != FC_JSON_ABSENT)
		fc_image_read(put->imager, written->item, after);
	else if (fc_json_kind(written->answer) != FC_JSON_ABSENT)
		fc_image_read(put->imager, written->answer, after);
	if ((columns & ~after->known) == 0)
		return true;

	if (!fc_send_read(sender, &row->key, put->imager->needs, true,
					  &written->item))
		return false;
	fc_image_read(put->imager, written->item, after);
	return true;
}

/* What put_draft has compare_row know. */
typedef struct Comparison
{
	FcPut	   *put;
	const FcDraft *draft;
	FcWritten  *written;
} Comparison;

/*
 * Send a draft as it is.
 */
static FcPutOutcome
put_draft(FcPut *put, const FcDraft *draft, const FcOldRow *row,
		  FcWritten *written)
{
	Comparison	comparison = {put, draft, written};
	FcWitness	check = {put->imager->needs, compare_row, &comparison};

	memset(written, 0, sizeof(*written));
	return fc_send_put(put->sender, &row->key, fc_body_text(draft),
					   &check, put->tolerates_refusal, &written->answer);
}

/*
 * Does a row that was read after a PUT with an empty answer hold what was
 * sent?
 */
static FcProof
compare_row(void *arg, FcJsonNode item)
{
	const Comparison *comparison = arg;
	const FcDraft *draft = comparison->draft;
	const FcResource *resource = draft->table->resource;
	const FcColumn *column = fc_catalog_flagged(resource, FC_PROPERTIES);
	FcImage		found;
	FcProof		proof;

	fc_image_read(comparison->put->imager, item, &found);
	proof = fc_proof_holds(resource, &draft->image, &found);
	if (fc_body_sends_properties(draft) && proof != FC_PROOF_NOT_DONE)
		proof = fc_properties_lost(draft->properties,
								   fc_json_path(item, fc_catalog_path(column)))
			? FC_PROOF_NOT_DONE : FC_PROOF_DONE;
	if (proof == FC_PROOF_DONE)
		comparison->written->item = item;
	return proof;
}

/*
 * Send along what was read of the omitted columns, or refuse to lose it.
 */
static void
keep_columns(FcPut *put, FcDraft *draft, const FcImage *image,
			 uint64 omitted)
{
	const FcResource *resource = put->sender->table->resource;
	const FcPutLessons *lessons = &put->sender->learned.put;

	for (int i = 0; resource->columns[i].name; i++)
	{
		const FcColumn *column = &resource->columns[i];
		bool		is_array = column->rewrites || column->element;
		const char *obstacle = NULL;

		if ((omitted & FC_COLUMN_BIT(i)) == 0)
			continue;
		if ((image->known & FC_COLUMN_BIT(i)) == 0)
		{
			/* the account may not know a field, but not so a list */
			if (is_array)
				refuse_loss(put, column, NULL);
			continue;
		}
		obstacle = fc_body_obstacle(column, image->texts[i]);
		if (obstacle != NULL)
			refuse_loss(put, column, obstacle);
		if ((lessons->stuck & FC_COLUMN_BIT(i)) != 0 &&
			((fc_image_is_empty(image->texts[i]) ?
			  lessons->cleared : lessons->sent) & FC_COLUMN_BIT(i)) == 0)
			refuse_loss(put, column, NULL);
		fc_body_keep(draft, i, image->texts[i]);
	}
}

/*
 * Put back what a PUT has changed; what cannot be put back is an error.
 *
 * All that can be written is sent.  Where the API refuses that, it may not
 * know some field, and what has changed is sent as far as it takes it.
 */
static bool
restore(FcPut *put, FcDraft *draft, FcOldRow *row, const FcImage *before,
		uint64 omitted, uint64 changed, FcWritten *written)
{
	FcSender   *sender = put->sender;
	const FcResource *resource = sender->table->resource;
	uint64		held = fc_omission_held(resource);
	FcPutOutcome outcome;
	FcImage		after;
	uint64		lost;
	bool		is_whole;

	outcome = put_back(put, draft, row, before, omitted & ~held, written);
	is_whole = outcome == FC_PUT_DONE;
	if (outcome == FC_PUT_REFUSED)
		outcome = put_back_some(put, draft, row, before, changed & ~held,
								written);
	if (outcome == FC_PUT_ABSENT || !look(put, row, written, &after))
		return outcome != FC_PUT_ABSENT;

	lost = fc_proof_changed(resource, before, &after, omitted);
	if (is_whole)
		fc_proof_note(sender, FC_SENT_ALONG, before,
					  omitted & ~held & after.known & ~lost);
	if (lost != 0)
		report_loss(put, row, before, &after, lost);
	return true;
}

/*
 * Send the draft with the columns as they were; a refusal is an outcome.
 */
static FcPutOutcome
put_back(FcPut *put, const FcDraft *draft, const FcOldRow *row,
		 const FcImage *before, uint64 columns, FcWritten *written)
{
	const FcResource *resource = put->sender->table->resource;
	FcPutOutcome outcome;
	FcDraft    *whole = palloc(sizeof(FcDraft));

	*whole = *draft;
	for (int i = 0; resource->columns[i].name; i++)
	{
		if (columns & before->known & FC_COLUMN_BIT(i))
			fc_body_keep(whole, i, before->texts[i]);
	}
	put->tolerates_refusal = true;
	outcome = put_draft(put, whole, row, written);
	put->tolerates_refusal = false;
	return outcome;
}

/*
 * The same, one column more with each request, without those that are
 * refused.  Done if any is put back.
 */
static FcPutOutcome
put_back_some(FcPut *put, const FcDraft *draft, const FcOldRow *row,
			  const FcImage *before, uint64 columns, FcWritten *written)
{
	const FcResource *resource = put->sender->table->resource;
	FcPutOutcome result = FC_PUT_REFUSED;
	uint64		accepted = 0;

	for (int i = 0; resource->columns[i].name; i++)
	{
		FcPutOutcome outcome;

		if ((columns & before->known & FC_COLUMN_BIT(i)) == 0)
			continue;
		outcome = put_back(put, draft, row, before,
						   accepted | FC_COLUMN_BIT(i), written);
		if (outcome == FC_PUT_ABSENT)
			return outcome;
		if (outcome == FC_PUT_DONE)
		{
			accepted |= FC_COLUMN_BIT(i);
			result = outcome;
		}
	}
	memset(written, 0, sizeof(*written));
	return result;
}

/*
 * An update has changed what it was not meant to, and it stays changed.
 */
static void
report_loss(FcPut *put, const FcOldRow *row, const FcImage *before,
			const FcImage *after, uint64 lost)
{
	const FcResource *resource = put->sender->table->resource;
	FcPutLessons lessons;
	StringInfoData names;
	StringInfoData values;

	memset(&lessons, 0, sizeof(lessons));
	lessons.stuck = lost;
	fc_send_learn_put(put->sender, &lessons);

	initStringInfo(&names);
	initStringInfo(&values);
	for (int i = 0; resource->columns[i].name; i++)
	{
		const char *old = before->texts[i];
		const char *new = after->texts[i];

		if ((lost & FC_COLUMN_BIT(i)) == 0)
			continue;
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 resource->columns[i].name);
		appendStringInfo(&values, "%s\"%s\" was %s and is %s.",
						 values.len > 0 ? "  " : "",
						 resource->columns[i].name, show_value(old),
						 show_value(new));
	}
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the API has changed %s of row " INT64_FORMAT " of resource \"%s\", and it could not be put back",
					names.data, row->key.id, resource->name),
			 errdetail_internal("%s", values.data),
			 errhint("The account changes fields that an update does not set.  The update itself was made; updates that would do the same to another row are refused for an hour.")));
}

/*
 * A value as an error shows it, if it is long its beginning.
 */
static const char *
show_value(const char *text)
{
	int			length;

	if (text == NULL)
		return "null";
	length = pg_mbcliplen(text, strlen(text), MAX_SHOWN);
	return psprintf("\"%.*s%s\"", length, text,
					text[length] != '\0' ? "..." : "");
}

/*
 * An update would lose something that we have no way to send.
 */
static void
refuse_loss(const FcPut *put, const FcColumn *column,
			const char *member)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot update a row of foreign table \"%s\" without losing its \"%s\"",
					put->sender->table->name, column->name),
			 errdetail("The API resets what an update leaves out."),
			 member == NULL ?
			 errhint("Give column \"%s\" a value in the same statement.",
					 column->name) :
			 errhint("The API has no way to write \"%s\" in it.  Give column \"%s\" a value in the same statement.",
					 member, column->name)));
}

/*
 * See, once for an account, whether custom properties were kept.
 */
static void
prove_properties(FcPut *put, const FcDraft *draft,
				 const FcRowKey *key, FcWritten *written)
{
	FcSender   *sender = put->sender;
	const FcResource *resource = sender->table->resource;
	const FcColumn *column = fc_catalog_flagged(resource, FC_PROPERTIES);
	const char *lost;

	if (!draft->gives_properties || !fc_body_sends_properties(draft) ||
		(column->flags & FC_UNPROVEN) == 0 ||
		(sender->learned.flags & FC_LEARNED_STICKS) != 0)
		return;
	if (fc_json_kind(written->item) == FC_JSON_ABSENT &&
		!fc_send_read(sender, key, put->imager->needs, true,
					  &written->item))
		return;

	lost = fc_properties_lost(draft->properties,
							  fc_json_path(written->item,
										   fc_catalog_path(column)));
	if (lost == NULL)
	{
		fc_send_learn(sender, FC_LEARNED_STICKS, FC_LEARNED_DROPS);
		return;
	}
	fc_send_learn(sender, FC_LEARNED_DROPS, 0);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("the API did not keep custom property \"%s\" of resource \"%s\"",
					lost, resource->name),
			 errdetail("All else of row " INT64_FORMAT " was written.",
					   key->id)));
}
