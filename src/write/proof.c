/*
 * proof.c
 *		What PUTs do to fields that they are not meant to change.
 *
 * A PUT may keep the fields that it leaves out.  Or it may reset all or some
 * of them, to documented defaults or to other values; this is not documented,
 * and may differ between accounts.  So each field is proven by itself: a row
 * is read again after a PUT as long as one of its fields holds a value that is
 * not yet known to stay.
 *
 * A value that stayed may be the very value to which the API resets the field.
 * For free texts, days, times and ids that cannot be, unless the value is
 * empty or the documented default.  For other fields, such as a language or a
 * flag, a second value has to stay.  Until then only rows that hold the first
 * value are known to be safe.
 *
 * Fields that are sent only to keep their values have to be proven, too: the
 * API may ignore a null, or may not know a field in a PUT.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "write/body.h"
#include "write/proof.h"

/* Hashes of values; all others are hashes of texts. */
#define VALUE_NOTHING	1
#define VALUE_DEFAULT	2
#define FIRST_HASH		3

static bool is_same(const FcResource *resource, const FcColumn *column,
					const char *a, const char *b);
static FcJsonNode parse(const char *text);
static bool are_equal_numbers(const char *a, const char *b);
static uint16 hash_value(const FcResource *resource, const FcImage *image,
						 int number);
static bool is_free(const FcColumn *column);

/*
 * fc_proof_is_needed
 *		May a PUT that treats the columns so change one of them in this row?
 */
bool
fc_proof_is_needed(const FcSender *sender, FcTreatment treatment,
				   const FcImage *before, uint64 columns)
{
	const FcResource *resource = sender->table->resource;
	const FcPutLessons *lessons = &sender->learned.put;

	columns &= before->known;
	for (int i = 0; resource->columns[i].name; i++)
	{
		uint64		column = FC_COLUMN_BIT(i);
		uint64		proven = treatment == FC_LEFT_OUT ? lessons->kept :
		fc_image_is_empty(before->texts[i]) ? lessons->cleared :
		lessons->sent;

		if ((columns & column) == 0 || (proven & column) != 0)
			continue;
		if (treatment == FC_SENT_ALONG ||
			lessons->values[i] != hash_value(resource, before, i))
			return true;
	}
	return false;
}

/*
 * fc_proof_changed
 *		Those of the columns that hold another value than before.
 *
 * A column that only one of the two images knows counts as unchanged: the API
 * does not send it.
 */
uint64
fc_proof_changed(const FcResource *resource, const FcImage *before,
				 const FcImage *after, uint64 columns)
{
	uint64		changed = 0;

	columns &= before->known & after->known;
	for (int i = 0; resource->columns[i].name; i++)
	{
		if ((columns & FC_COLUMN_BIT(i)) != 0 &&
			!is_same(resource, &resource->columns[i], before->texts[i],
					 after->texts[i]))
			changed |= FC_COLUMN_BIT(i);
	}
	return changed;
}

/*
 * fc_proof_note
 *		Remember that the columns, treated so, have stayed as they were.
 */
void
fc_proof_note(FcSender *sender, FcTreatment treatment, const FcImage *before,
			  uint64 columns)
{
	const FcResource *resource = sender->table->resource;
	FcPutLessons lessons;

	memset(&lessons, 0, sizeof(lessons));
	columns &= before->known;
	for (int i = 0; resource->columns[i].name; i++)
	{
		uint64		column = FC_COLUMN_BIT(i);

		if ((columns & column) == 0)
			continue;
		if (treatment == FC_SENT_ALONG)
		{
			if (fc_image_is_empty(before->texts[i]))
				lessons.cleared |= column;
			else
				lessons.sent |= column;
			continue;
		}
		lessons.values[i] = hash_value(resource, before, i);
		if (lessons.values[i] >= FIRST_HASH && is_free(&resource->columns[i]))
			lessons.kept |= column;
	}
	fc_send_learn_put(sender, &lessons);
}

/*
 * fc_proof_holds
 *		Does a row, as it was found, hold what was sent?
 */
FcProof
fc_proof_holds(const FcResource *resource, const FcImage *sent,
			   const FcImage *found)
{
	if ((sent->known & found->known) == 0)
		return FC_PROOF_NONE;
	return fc_proof_changed(resource, sent, found, sent->known) == 0 ?
		FC_PROOF_DONE : FC_PROOF_NOT_DONE;
}

/* Do two texts stand for the same value of a column? */
static bool
is_same(const FcResource *resource, const FcColumn *column, const char *a,
		const char *b)
{
	if (column->flags & FC_PROPERTIES)
		return fc_properties_same(resource, parse(a), parse(b));
	if (fc_image_is_empty(a) || fc_image_is_empty(b))
		return fc_image_is_empty(a) && fc_image_is_empty(b);
	if (strcmp(a, b) == 0)
		return true;
	if (column->rewrites != NULL)
		return strcmp(fc_body_core(column, a), fc_body_core(column, b)) == 0;
	return strcmp(column->type, "numeric") == 0 && are_equal_numbers(a, b);
}

/* The JSON of a text, absent if that is NULL. */
static FcJsonNode
parse(const char *text)
{
	FcJsonNode	nothing = {0};

	return text ? fc_value_parse(text) : nothing;
}

static bool
are_equal_numbers(const char *a, const char *b)
{
	Datum		numbers[2];
	const char *texts[2] = {a, b};

	for (int i = 0; i < 2; i++)
		numbers[i] = DirectFunctionCall3(numeric_in,
										 CStringGetDatum(texts[i]),
										 ObjectIdGetDatum(InvalidOid),
										 Int32GetDatum(-1));
	return DatumGetBool(DirectFunctionCall2(numeric_eq, numbers[0],
											numbers[1]));
}

/* A hash of a column's value, never 0. */
static uint16
hash_value(const FcResource *resource, const FcImage *image, int number)
{
	const FcColumn *column = &resource->columns[number];
	const char *text = image->texts[number];
	uint32		hash;

	if (fc_image_is_empty(text))
		return VALUE_NOTHING;
	if (fc_image_is_reset(resource, image, number))
		return VALUE_DEFAULT;
	if (column->rewrites != NULL)
		text = fc_body_core(column, text);
	hash = hash_bytes((const unsigned char *) text, strlen(text));
	return FIRST_HASH + hash % (PG_UINT16_MAX - FIRST_HASH);
}

/*
 * Can a column's value, if it is neither empty nor the documented default,
 * not be what the API would reset it to?
 */
static bool
is_free(const FcColumn *column)
{
	static const char *const bounded[] = {"boolean", "integer"};

	/* a default that is a value of its own may be documented wrongly */
	if (column->resets_to != NULL && column->resets_to[0] != '{')
		return false;
	for (int i = 0; i < lengthof(bounded); i++)
	{
		if (strcmp(column->type, bounded[i]) == 0)
			return false;
	}
	return true;
}
