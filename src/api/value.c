/*
 * value.c
 *		Values of the API's columns as texts, in one form for each type.
 *
 * What is sent of a column, what is kept of it and what RETURNING says of it
 * are made from the same text, whatever the type of the local column is.
 */
#include "postgres.h"

#include "api/value.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

typedef char *(*TextMaker) (Datum value);

/* How values of a type of the catalog's travel. */
typedef struct Kind
{
	const char *type;			/* as in FcColumn */
	Oid			oid;
	bool		is_string;		/* of JSON */
	TextMaker	make_text;		/* NULL: any text will do */
} Kind;

static char *bigint_text(Datum value);
static char *integer_text(Datum value);
static char *numeric_text(Datum value);
static char *boolean_text(Datum value);
static char *date_text(Datum value);
static char *time_text(Datum value);
static char *jsonb_text(Datum value);

static const Kind kinds[] = {
	{"bigint", INT8OID, false, bigint_text},
	{"integer", INT4OID, false, integer_text},
	{"numeric", NUMERICOID, false, numeric_text},
	{"boolean", BOOLOID, false, boolean_text},
	{"text", TEXTOID, true, NULL},
	{"date", DATEOID, true, date_text},
	{"time", TIMEOID, true, time_text},
	{"jsonb", JSONBOID, false, jsonb_text}
};

static const Kind *find_kind(const FcColumn *column);

/*
 * fc_value_type
 *		The type of a column in the catalog.
 */
Oid
fc_value_type(const FcColumn *column)
{
	return find_kind(column)->oid;
}

/*
 * fc_value_is_string
 *		Are values of the column strings in JSON?  Others are JSON already.
 */
bool
fc_value_is_string(const FcColumn *column)
{
	return find_kind(column)->is_string;
}

/*
 * fc_value_text
 *		A value, of any type, in the one form that we send and compare.
 *
 * The day of an instant is that of the zone in which the API's days are read.
 */
char *
fc_value_text(const FcColumn *column, Oid type, Datum value,
			  const char *naive_timezone)
{
	const Kind *kind = find_kind(column);
	Oid			base = getBaseType(type);
	char	   *text;
	Oid			input;
	Oid			ioparam;

	if (kind->make_text == NULL)
		return fc_value_local(type, value);
	if (base == TIMESTAMPTZOID)
	{
		value = DirectFunctionCall2(timestamptz_zone,
									CStringGetTextDatum(naive_timezone),
									value);
		base = TIMESTAMPOID;
	}
	if (base != kind->oid)
	{
		/* a whole number may be kept with decimals, all of them zero */
		text = base == NUMERICOID ? numeric_normalize(DatumGetNumeric(value)) :
			fc_value_local(base, value);
		getTypeInputInfo(kind->oid, &input, &ioparam);
		value = OidInputFunctionCall(input, text, ioparam, -1);
	}
	return kind->make_text(value);
}

/*
 * fc_value_local
 *		The text of a value of a local type, as JSON would have it.
 *
 * It must not depend on settings such as DateStyle.
 */
char *
fc_value_local(Oid type, Datum value)
{
	Oid			base = getBaseType(type);
	char		buffer[MAXDATELEN + 1];
	Oid			output;
	bool		is_varlena;

	switch (base)
	{
		case BOOLOID:
			return boolean_text(value);
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return pstrdup(JsonEncodeDateTime(buffer, value, base, NULL));
		case BPCHAROID:
			/* what fills it up is no part of the value */
			return TextDatumGetCString(DirectFunctionCall1(rtrim1, value));
		default:
			getTypeOutputInfo(type, &output, &is_varlena);
			return OidOutputFunctionCall(output, value);
	}
}

/*
 * fc_value_input
 *		A canonical text as the input function of a local type takes it.
 *
 * The instant of a day is its first, in the zone in which it is read.
 */
const char *
fc_value_input(const FcColumn *column, const char *text, Oid type,
			   const char *naive_timezone)
{
	Datum		start;

	if (getBaseType(type) != TIMESTAMPTZOID ||
		find_kind(column)->oid != DATEOID)
		return text;
	start = DirectFunctionCall3(timestamp_in, CStringGetDatum(text),
								ObjectIdGetDatum(InvalidOid),
								Int32GetDatum(-1));
	start = DirectFunctionCall2(timestamp_zone,
								CStringGetTextDatum(naive_timezone), start);
	return fc_value_local(TIMESTAMPTZOID, start);
}

/*
 * fc_value_parse
 *		The root of a canonical text that is JSON, in the current context.
 */
FcJsonNode
fc_value_parse(const char *text)
{
	const char *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	FcJson	   *document = fc_json_parse(utf8, strlen(utf8));

	if (document == NULL)
		elog(ERROR, "text is not JSON");
	return fc_json_root(document);
}

/*
 * How values of the column's type travel.
 */
static const Kind *
find_kind(const FcColumn *column)
{
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i].type, column->type) == 0)
			return &kinds[i];
	}
	elog(ERROR, "field \"%s\" has a type that is not written", column->name);
}

static char *
bigint_text(Datum value)
{
	return psprintf(INT64_FORMAT, DatumGetInt64(value));
}

static char *
integer_text(Datum value)
{
	return psprintf("%d", DatumGetInt32(value));
}

/*
 * Without trailing zeros: the API takes 100 for an integer, but not 100.00.
 */
static char *
numeric_text(Datum value)
{
	Numeric		number = DatumGetNumeric(value);

	if (numeric_is_nan(number) || numeric_is_inf(number))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the API has no number \"%s\"",
						numeric_normalize(number))));
	return numeric_normalize(number);
}

static char *
boolean_text(Datum value)
{
	return pstrdup(DatumGetBool(value) ? "true" : "false");
}

/*
 * yyyy-mm-dd
 */
static char *
date_text(Datum value)
{
	char		buffer[MAXDATELEN + 1];

	JsonEncodeDateTime(buffer, value, DATEOID, NULL);
	if (strspn(buffer, "0123456789-") != 10 || buffer[10] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the API has no date \"%s\"", buffer)));
	return pstrdup(buffer);
}

/*
 * hh:mm
 */
static char *
time_text(Datum value)
{
	char		buffer[MAXDATELEN + 1];

	JsonEncodeDateTime(buffer, value, TIMEOID, NULL);
	if (DatumGetTimeADT(value) % USECS_PER_MINUTE != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the API has no time \"%s\"", buffer),
				 errdetail("It keeps hours and minutes only.")));
	return pnstrdup(buffer, 5);
}

static char *
jsonb_text(Datum value)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);

	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}
