/*
 * convert.c
 *		A value of the API's JSON as a Datum of a column's type.
 *
 * The API is loose about types: numbers and booleans come as strings, dates
 * with a time part, "" for no value.  What does not fit its column is left to
 * the type's own input function to refuse.
 */
#include "postgres.h"

#include "api/value.h"
#include "base/jsonb.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "read/convert.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

static FcConverter find_converter(Oid type);
static const char *text_of(FcJsonNode node);
static char *source_of(FcJsonNode node);
static char *collect_elements(FcJsonNode array, const char *member);
static const char *timestamp_text(const FcConversion *conversion,
								  FcJsonNode node, bool *has_offset);
static void require_digits(const FcConversion *conversion, const char *text,
						   const char *shape);
static Datum convert_by_input(FcConversion *conversion, FcJsonNode node);
static Datum convert_text(FcConversion *conversion, FcJsonNode node);
static Datum convert_bool(FcConversion *conversion, FcJsonNode node);
static Datum convert_integer(FcConversion *conversion, FcJsonNode node);
static Datum convert_json(FcConversion *conversion, FcJsonNode node);
static Datum convert_date(FcConversion *conversion, FcJsonNode node);
static Datum convert_time(FcConversion *conversion, FcJsonNode node);
static Datum convert_timestamptz(FcConversion *conversion, FcJsonNode node);
static Datum convert_timestamp(FcConversion *conversion, FcJsonNode node);

/* What is not here goes through text and the type's input function. */
static const struct
{
	Oid			type;
	FcConverter convert;
}			converters[] =

{
	{TEXTOID, convert_text},
	{BOOLOID, convert_bool},
	{INT2OID, convert_integer},
	{INT4OID, convert_integer},
	{INT8OID, convert_integer},
	{DATEOID, convert_date},
	{TIMEOID, convert_time},
	{TIMESTAMPTZOID, convert_timestamptz},
	{TIMESTAMPOID, convert_timestamp},
	{JSONBOID, convert_json},
	{JSONOID, convert_json},
};

/*
 * fc_convert_prepare
 *		Choose how values of a column become values of a type.
 *
 * The conversion lives in the current context, as long as that does.
 */
void
fc_convert_prepare(FcConversion *conversion, const FcColumn *catalog_column,
				   Oid type, int32 typmod, Datum naive_timezone)
{
	char		category;
	bool		is_preferred;

	conversion->context = CurrentMemoryContext;
	conversion->catalog_column = catalog_column;
	conversion->type = type;
	conversion->typmod = typmod;
	conversion->naive_timezone = naive_timezone;
	conversion->convert = find_converter(type);
	if (conversion->convert == NULL)
	{
		type = getBaseType(type);
		conversion->convert = find_converter(type);
	}
	if (conversion->convert == NULL)
	{
		get_type_category_preferred(type, &category, &is_preferred);
		conversion->is_text = (category == TYPCATEGORY_STRING);
		conversion->convert = convert_by_input;
	}
	else
		conversion->is_text = (type == TEXTOID);
}

/*
 * fc_convert_node
 *		A value, which is neither null nor absent, in the conversion's type.
 */
Datum
fc_convert_node(FcConversion *conversion, FcJsonNode node)
{
	return conversion->convert(conversion, node);
}

/*
 * fc_convert_text
 *		What the type's own input makes of a text; of NULL, what it makes of no
 *		value: an input function of a domain may refuse it.
 */
Datum
fc_convert_text(FcConversion *conversion, const char *text)
{
	/* looked up when needed */
	if (!OidIsValid(conversion->input.fn_oid))
	{
		Oid			input;

		getTypeInputInfo(conversion->type, &input, &conversion->ioparam);
		fmgr_info_cxt(input, &conversion->input, conversion->context);
	}
	return InputFunctionCall(&conversion->input, unconstify(char *, text),
							 conversion->ioparam, conversion->typmod);
}

/*
 * fc_convert_can_hold
 *		Has the type a value for a text that another type has written?
 *
 * An operand may be of a wider type.
 */
bool
fc_convert_can_hold(const FcConversion *conversion, const char *text)
{
	Oid			type = getBaseType(conversion->type);
	int64		number = 0;

	if (type == INT2OID || type == INT4OID)
		number = strtoll(text, NULL, 10);
	if (type == INT2OID)
		return number >= PG_INT16_MIN && number <= PG_INT16_MAX;
	if (type == INT4OID)
		return number >= PG_INT32_MIN && number <= PG_INT32_MAX;
	return type != VARCHAROID || conversion->typmod < VARHDRSZ ||
		pg_mbstrlen(text) <= conversion->typmod - VARHDRSZ;
}

/*
 * fc_convert_is_same
 *		Is an item's value the one of a text that stands in a path?
 */
bool
fc_convert_is_same(const FcConversion *conversion, FcJsonNode node,
				   const char *text)
{
	if (getBaseType(conversion->type) == UUIDOID)
		return pg_strcasecmp(text_of(node), text) == 0;
	return strcmp(text_of(node), text) == 0;
}

static FcConverter
find_converter(Oid type)
{
	for (int i = 0; i < lengthof(converters); i++)
	{
		if (converters[i].type == type)
			return converters[i].convert;
	}
	return NULL;
}

/*
 * A value as text, in the server's encoding.
 */
static const char *
text_of(FcJsonNode node)
{
	switch (fc_json_kind(node))
	{
		case FC_JSON_STRING:
			return fc_json_server_string(node);
		case FC_JSON_BOOL:
			return fc_json_bool(node) ? "true" : "false";
		default:
			return source_of(node);
	}
}

/*
 * A value as it was sent, in the server's encoding.
 */
static char *
source_of(FcJsonNode node)
{
	Size		length;
	const char *source = fc_json_source(node, &length);
	char	   *copy = pnstrdup(source, length);

	return pg_any_to_server(copy, length, PG_UTF8);
}

static Datum
convert_by_input(FcConversion *conversion, FcJsonNode node)
{
	return fc_convert_text(conversion, text_of(node));
}

static Datum
convert_text(FcConversion *conversion, FcJsonNode node)
{
	if (conversion->type == TEXTOID)
		return CStringGetTextDatum(text_of(node));
	return convert_by_input(conversion, node);
}

static Datum
convert_bool(FcConversion *conversion, FcJsonNode node)
{
	if (fc_json_kind(node) == FC_JSON_BOOL && conversion->type == BOOLOID)
		return BoolGetDatum(fc_json_bool(node));
	return convert_by_input(conversion, node);
}

/*
 * A whole number, however written; a code where the catalog knows its number.
 */
static Datum
convert_integer(FcConversion *conversion, FcJsonNode node)
{
	const FcColumn *catalog_column = conversion->catalog_column;
	int64		number;

	if (catalog_column && catalog_column->titles &&
		fc_json_kind(node) == FC_JSON_STRING)
	{
		const FcTitle *title = catalog_column->titles;

		for (; title->title != NULL; title++)
		{
			if (pg_strcasecmp(title->title, fc_json_string(node)) == 0)
				return fc_convert_text(conversion,
									   psprintf("%d", title->number));
		}
	}

	if (!fc_json_int64(node, &number))
		return convert_by_input(conversion, node);
	if (conversion->type == INT8OID)
		return Int64GetDatum(number);
	if (conversion->type == INT4OID && number >= PG_INT32_MIN &&
		number <= PG_INT32_MAX)
		return Int32GetDatum((int32) number);
	return fc_convert_text(conversion, psprintf(INT64_FORMAT, number));
}

static Datum
convert_json(FcConversion *conversion, FcJsonNode node)
{
	const FcColumn *catalog_column = conversion->catalog_column;
	const char *element = catalog_column ? catalog_column->element : NULL;
	char	   *text;

	if (conversion->type == JSONBOID && fc_json_is_exact(node))
		return JsonbPGetDatum(fc_jsonb(node, element));
	if (element != NULL && fc_json_kind(node) == FC_JSON_ARRAY)
		text = collect_elements(node, element);
	else
		text = source_of(node);
	return fc_convert_text(conversion, text);
}

/*
 * An array of objects as the array of one of their members.
 */
static char *
collect_elements(FcJsonNode array, const char *member)
{
	FcJsonIterator iterator = fc_json_iterate(array);
	FcJsonNode	element;
	StringInfoData text;

	initStringInfo(&text);
	while (fc_json_next(&iterator, &element, NULL))
	{
		appendStringInfoChar(&text, text.len > 0 ? ',' : '[');
		if (fc_json_kind(element) == FC_JSON_OBJECT)
			element = fc_json_member(element, member);
		appendStringInfoString(&text, fc_json_kind(element) == FC_JSON_ABSENT ?
							   "null" : source_of(element));
	}
	appendStringInfoString(&text, text.len > 0 ? "]" : "[]");
	return text.data;
}

/*
 * A date, which may carry a time part.
 */
static Datum
convert_date(FcConversion *conversion, FcJsonNode node)
{
	const char *text = text_of(node);

	require_digits(conversion, text, "9999-99-99");
	if (text[10] == ' ' || text[10] == 'T')
		text = pnstrdup(text, 10);
	return fc_convert_text(conversion, text);
}

static Datum
convert_time(FcConversion *conversion, FcJsonNode node)
{
	const char *text = text_of(node);

	require_digits(conversion, text, "9");
	return fc_convert_text(conversion, text);
}

/*
 * An instant.  Without an offset it is read in the naive zone, never in the
 * session's.
 */
static Datum
convert_timestamptz(FcConversion *conversion, FcJsonNode node)
{
	bool		has_offset;
	const char *text = timestamp_text(conversion, node, &has_offset);
	Datum		naive;
	Datum		instant;

	if (!has_offset)
	{
		naive = DirectFunctionCall3(timestamp_in, CStringGetDatum(text),
									ObjectIdGetDatum(InvalidOid),
									Int32GetDatum(-1));
		instant = DirectFunctionCall2(timestamp_zone,
									  conversion->naive_timezone, naive);
		if (conversion->type == TIMESTAMPTZOID)
			return DirectFunctionCall2(timestamptz_scale, instant,
									   Int32GetDatum(conversion->typmod));
		text = fc_value_local(TIMESTAMPTZOID, instant);
	}
	return fc_convert_text(conversion, text);
}

/*
 * A local time.  One with an offset is given as the naive zone's clock shows
 * it; the type's own input would drop the offset.
 */
static Datum
convert_timestamp(FcConversion *conversion, FcJsonNode node)
{
	bool		has_offset;
	const char *text = timestamp_text(conversion, node, &has_offset);
	Datum		instant;
	Datum		local;

	if (has_offset)
	{
		instant = DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
									  ObjectIdGetDatum(InvalidOid),
									  Int32GetDatum(-1));
		local = DirectFunctionCall2(timestamptz_zone,
									conversion->naive_timezone, instant);
		if (conversion->type == TIMESTAMPOID)
			return DirectFunctionCall2(timestamp_scale, local,
									   Int32GetDatum(conversion->typmod));
		text = fc_value_local(TIMESTAMPOID, local);
	}
	return fc_convert_text(conversion, text);
}

/*
 * The text of a date and time, and whether it says its offset.
 */
static const char *
timestamp_text(const FcConversion *conversion, FcJsonNode node,
			   bool *has_offset)
{
	const char *text = text_of(node);

	require_digits(conversion, text, "9999-99-99");
	*has_offset = strlen(text) > 10 && strpbrk(text + 11, "Zz+-") != NULL;

	/* the vendor's pages also print the time with hyphens, 10-30-00 */
	if (strlen(text) >= 19 && text[10] == 'T' && text[13] == '-' &&
		text[16] == '-')
	{
		char	   *copy = pstrdup(text);

		copy[13] = copy[16] = ':';
		*has_offset = strpbrk(copy + 19, "Zz+-") != NULL;
		return copy;
	}
	return text;
}

/*
 * Refuse what the type's input would accept but the API never means: "now",
 * or a date whose order of day and month the session decides.
 */
static void
require_digits(const FcConversion *conversion, const char *text,
			   const char *shape)
{
	for (int i = 0; shape[i] != '\0'; i++)
	{
		bool		is_digit = (text[i] >= '0' && text[i] <= '9');

		if (shape[i] == '9' ? !is_digit : text[i] != shape[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_DATETIME_FORMAT),
					 errmsg("invalid input syntax for type %s: \"%s\"",
							format_type_be(conversion->type), text)));
	}
}
