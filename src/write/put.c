/*
 * put.c
 *		Write a row to an API of which it is not known what a write does.
 *
 * Two things about an account are learned from its first writes, once for
 * all backends of the server, by reading the row again:
 *
 * A PUT of some resources may keep the fields that it leaves out, or reset
 * them (reference, question 21).  If it resets them, the old values are put
 * back at once, and from then on every PUT carries all that can be written.
 *
 * Custom properties of some resources may be dropped without a word
 * (question 28).  If they are, we say so.
 */
#include "postgres.h"

#include "read/walk.h"
#include "write/put.h"

/* What a PUT did to fields that it left out. */
typedef enum Effect
{
	EFFECT_NONE,				/* nothing: it keeps them */
	EFFECT_RESET,				/* it resets them */
	EFFECT_UNCLEAR				/* some changed, but not by resetting */
} Effect;

static bool read_old(FcPut *learner, FcOldRow *row);
static bool add_resent(FcPut *learner, FcDraft *draft, FcOldRow *row);
static uint64 omitted_columns(const FcPut *learner,
							  const FcDraft *draft);
static bool put_all(FcPut *learner, FcDraft *draft, FcOldRow *row,
					uint64 omitted, FcWritten *written);
static bool put_and_look(FcPut *learner, FcDraft *draft, FcOldRow *row,
						 uint64 omitted, FcWritten *written);
static bool put_draft(FcPut *learner, const FcDraft *draft,
					  const FcOldRow *row, FcWritten *written);
static bool has_values(const FcPut *learner, const FcImage *image,
					   uint64 columns, bool counts_defaults);
static Effect judge_put(const FcPut *learner, const FcImage *before,
						const FcImage *after, uint64 omitted);
static void keep_columns(FcPut *learner, FcDraft *draft,
						 const FcImage *image, uint64 omitted);
static bool restore_columns(FcPut *learner, FcDraft *draft,
							const FcOldRow *row, uint64 omitted,
							FcWritten *written);
static void refuse_loss(const FcPut *learner, const FcColumn *column,
						const char *member);
static void prove_properties(FcPut *learner, const FcDraft *draft,
							 const FcRowKey *key, FcWritten *written);

/*
 * fc_put_begin
 *		Prepare to write, in the current context.
 */
FcPut *
fc_put_begin(FcSender *sender)
{
	FcPut	   *learner = palloc0(sizeof(FcPut));

	learner->sender = sender;
	learner->imager = fc_image_prepare(sender->table,
									   sender->api->server->naive_timezone);
	return learner;
}

/*
 * fc_put_find_parent
 *		See to it that the row's key is complete; false if the row is gone.
 */
bool
fc_put_find_parent(FcPut *learner, FcOldRow *row)
{
	const FcResource *resource = learner->sender->table->resource;

	if (learner->sender->parent == NULL || row->key.has_parent)
		return true;
	if (!read_old(learner, row))
		return false;

	if (!fc_page_item_key(resource, FC_PARENT, row->item, &row->key.parent))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("could not write resource \"%s\": row " INT64_FORMAT " holds no \"%s\"",
						resource->name, row->key.id,
						learner->sender->parent->name)));
	row->key.has_parent = true;
	return true;
}

/*
 * fc_put_old_properties
 *		The row's custom properties before the write; false if it is gone.
 */
bool
fc_put_old_properties(FcPut *learner, FcOldRow *row,
					  FcJsonNode *properties)
{
	const FcResource *resource = learner->sender->table->resource;
	const FcColumn *column = fc_catalog_flagged(resource, FC_PROPERTIES);
	int			number = fc_catalog_column_number(resource, column);

	memset(properties, 0, sizeof(*properties));
	if (row->seen.known & FC_COLUMN_BIT(number))
	{
		if (row->seen.texts[number] != NULL)
			*properties = fc_value_parse(row->seen.texts[number]);
		return true;
	}
	if (!read_old(learner, row))
		return false;
	*properties = fc_json_path(row->item, fc_image_path(column));
	return true;
}

/*
 * fc_put_trusts_null
 *		Does a NULL that a scan has read mean that the API has no value?
 *
 * Not where some list is known to leave the column out.
 */
bool
fc_put_trusts_null(const FcPut *learner, const FcColumn *column)
{
	FcSender   *sender = learner->sender;
	int			number = fc_catalog_column_number(sender->table->resource,
												  column);

	if (column->include != NULL)
		return false;
	fc_send_recall(sender);		/* the scan may just have found out */
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
fc_put_insert(FcPut *learner, FcDraft *draft, FcRowKey *key,
			  FcWritten *written)
{
	FcSender   *sender = learner->sender;
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
	prove_properties(learner, draft, key, written);
}

/*
 * fc_put_update
 *		Change a row; false if there is no such row.
 */
bool
fc_put_update(FcPut *learner, FcDraft *draft, FcOldRow *row,
			  FcWritten *written)
{
	FcSender   *sender = learner->sender;
	const FcResource *resource = sender->table->resource;
	uint64		omitted;
	bool		found;

	memset(written, 0, sizeof(*written));
	if (!fc_put_find_parent(learner, row))
		return false;
	if (fc_body_text(draft) == NULL)
		return true;			/* nothing to do to a row that there is */
	if (!add_resent(learner, draft, row))
		return false;

	omitted = omitted_columns(learner, draft);
	if ((resource->abilities & FC_FORGETFUL) == 0)
		omitted = 0;
	else if ((sender->learned.flags & FC_LEARNED_KEEPS) == 0)
		fc_send_recall(sender); /* another backend may have found out */

	if (omitted == 0 || (sender->learned.flags & FC_LEARNED_KEEPS) != 0)
		found = put_draft(learner, draft, row, written);
	else if ((sender->learned.flags & FC_LEARNED_RESETS) != 0)
		found = put_all(learner, draft, row, omitted, written);
	else
		found = put_and_look(learner, draft, row, omitted, written);

	if (found)
		prove_properties(learner, draft, &row->key, written);
	return found;
}

/*
 * Read the row as it is before the write, by itself; false if it is gone.
 *
 * What the transaction has just read will do.
 */
static bool
read_old(FcPut *learner, FcOldRow *row)
{
	if (row->has_item)
		return true;
	if (!fc_send_read(learner->sender, &row->key, learner->imager->needs,
					  false, &row->item))
		return false;

	row->has_item = true;
	fc_image_read(learner->imager, row->item, &row->image);
	return true;
}

/*
 * Add to a PUT what the API wants with each; false if the row is gone.
 */
static bool
add_resent(FcPut *learner, FcDraft *draft, FcOldRow *row)
{
	const FcResource *resource = learner->sender->table->resource;

	for (int i = 0; resource->columns[i].name; i++)
	{
		if ((resource->columns[i].flags & FC_RESENT) == 0 ||
			(draft->image.known & FC_COLUMN_BIT(i)) != 0)
			continue;
		if (row->seen.known & FC_COLUMN_BIT(i))
			fc_body_keep(draft, i, row->seen.texts[i]);
		else if (read_old(learner, row))
			fc_body_keep(draft, i, row->image.texts[i]);
		else
			return false;
	}
	return true;
}

/*
 * The fields that could be written and read, but are not sent.
 */
static uint64
omitted_columns(const FcPut *learner, const FcDraft *draft)
{
	const FcResource *resource = learner->sender->table->resource;
	uint64		omitted = learner->imager->columns & ~draft->image.known;

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
put_all(FcPut *learner, FcDraft *draft, FcOldRow *row, uint64 omitted,
		FcWritten *written)
{
	FcJsonNode	item;
	FcImage		image;

	/* the others' changes must not be undone by old knowledge of ours */
	if (!fc_send_read(learner->sender, &row->key, learner->imager->needs,
					  true, &item))
		return false;
	fc_image_read(learner->imager, item, &image);
	keep_columns(learner, draft, &image, omitted);
	return put_draft(learner, draft, row, written);
}

/*
 * Send what was asked, and look what became of the rest.
 */
static bool
put_and_look(FcPut *learner, FcDraft *draft, FcOldRow *row,
			 uint64 omitted, FcWritten *written)
{
	FcSender   *sender = learner->sender;
	FcImage		after;

	if (learner->has_tried)
		return put_draft(learner, draft, row, written);
	if (!read_old(learner, row))
		return false;
	if (!has_values(learner, &row->image, omitted, true))
	{
		/* there is nothing to lose */
		return put_draft(learner, draft, row, written);
	}

	if (!put_draft(learner, draft, row, written))
		return false;
	learner->has_tried = true;
	if (!fc_send_read(sender, &row->key, learner->imager->needs, true,
					  &written->item))
		return true;			/* deleted meanwhile */

	fc_image_read(learner->imager, written->item, &after);
	switch (judge_put(learner, &row->image, &after, omitted))
	{
		case EFFECT_NONE:
			/* it may have put defaults where there were defaults */
			if (has_values(learner, &row->image, omitted, false))
				fc_send_learn(sender, FC_LEARNED_KEEPS, FC_LEARNED_RESETS);
			break;
		case EFFECT_RESET:
			fc_send_learn(sender, FC_LEARNED_RESETS, FC_LEARNED_KEEPS);
			memset(&written->item, 0, sizeof(written->item));
			return restore_columns(learner, draft, row, omitted, written);
		case EFFECT_UNCLEAR:
			break;
	}
	return true;
}

static bool
put_draft(FcPut *learner, const FcDraft *draft, const FcOldRow *row,
		  FcWritten *written)
{
	return fc_send_put(learner->sender, &row->key, fc_body_text(draft),
					   &written->answer);
}

/*
 * Is there a value in one of the columns?  Documented defaults may not count.
 */
static bool
has_values(const FcPut *learner, const FcImage *image, uint64 columns,
		   bool counts_defaults)
{
	const FcResource *resource = learner->sender->table->resource;

	columns &= image->known;
	for (int i = 0; resource->columns[i].name; i++)
	{
		if ((columns & FC_COLUMN_BIT(i)) == 0)
			continue;
		if (counts_defaults ? !fc_image_is_empty(image->texts[i]) :
			!fc_image_is_reset(resource, image, i))
			return true;
	}
	return false;
}

/*
 * What did a PUT do to the columns that it left out?
 *
 * One that has another value now was changed by somebody else, or follows
 * from what was sent; then nothing is certain, and nothing to be put back.
 */
static Effect
judge_put(const FcPut *learner, const FcImage *before,
		  const FcImage *after, uint64 omitted)
{
	const FcResource *resource = learner->sender->table->resource;
	uint64		columns = omitted & before->known & after->known;
	Effect		effect = EFFECT_NONE;

	for (int i = 0; resource->columns[i].name; i++)
	{
		const char *old = before->texts[i];
		const char *new = after->texts[i];

		if ((columns & FC_COLUMN_BIT(i)) == 0 ||
			(old == NULL && new == NULL) ||
			(old != NULL && new != NULL && strcmp(old, new) == 0))
			continue;
		if (!fc_image_is_reset(resource, after, i))
			return EFFECT_UNCLEAR;
		if (old != NULL)
			effect = EFFECT_RESET;
	}
	return effect;
}

/*
 * Send along what was read of the omitted columns, or refuse to lose it.
 */
static void
keep_columns(FcPut *learner, FcDraft *draft, const FcImage *image,
			 uint64 omitted)
{
	const FcResource *resource = learner->sender->table->resource;

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
				refuse_loss(learner, column, NULL);
			continue;
		}
		obstacle = fc_body_obstacle(column, image->texts[i]);
		if (obstacle != NULL)
			refuse_loss(learner, column, obstacle);
		fc_body_keep(draft, i, image->texts[i]);
	}
}

/*
 * Put back what a PUT has reset; what cannot be put back is an error.
 */
static bool
restore_columns(FcPut *learner, FcDraft *draft, const FcOldRow *row,
				uint64 omitted, FcWritten *written)
{
	const FcResource *resource = learner->sender->table->resource;
	const FcColumn *damaged = NULL;
	const char *lost = NULL;

	for (int i = 0; resource->columns[i].name; i++)
	{
		const char *obstacle;

		if ((omitted & row->image.known & FC_COLUMN_BIT(i)) == 0)
			continue;
		fc_body_keep(draft, i, row->image.texts[i]);
		obstacle = fc_body_obstacle(&resource->columns[i],
									row->image.texts[i]);
		if (obstacle != NULL)
		{
			damaged = &resource->columns[i];
			lost = obstacle;
		}
	}
	if (!put_draft(learner, draft, row, written))
		return false;

	if (damaged != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the API has reset \"%s\" in \"%s\" of row " INT64_FORMAT " of resource \"%s\"",
						lost, damaged->name, row->key.id, resource->name),
				 errdetail("It turned out to reset what an update leaves out.  All else was put back, but for this there is no way."),
				 errhint("Updates that would lose it are refused from now on.")));
	return true;
}

/*
 * An update would lose something that we have no way to send.
 */
static void
refuse_loss(const FcPut *learner, const FcColumn *column,
			const char *member)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot update a row of foreign table \"%s\" without losing its \"%s\"",
					learner->sender->table->name, column->name),
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
prove_properties(FcPut *learner, const FcDraft *draft,
				 const FcRowKey *key, FcWritten *written)
{
	FcSender   *sender = learner->sender;
	const FcResource *resource = sender->table->resource;
	const FcColumn *column = fc_catalog_flagged(resource, FC_PROPERTIES);
	const char *lost;

	if (!draft->gives_properties || !fc_body_sends_properties(draft) ||
		(column->flags & FC_UNPROVEN) == 0 ||
		(sender->learned.flags & FC_LEARNED_STICKS) != 0)
		return;
	if (fc_json_kind(written->item) == FC_JSON_ABSENT &&
		!fc_send_read(sender, key, learner->imager->needs, true,
					  &written->item))
		return;

	lost = fc_properties_lost(draft->properties,
							  fc_json_path(written->item,
										   fc_image_path(column)));
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
