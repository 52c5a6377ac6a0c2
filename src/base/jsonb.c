/*
 * jsonb.c
 *		Convert a value of a JSON document to jsonb.
 *
 * The result is what jsonb's input function makes of the value's source, but
 * nothing is parsed again: numbers keep their digits, and if two members have
 * one name, the last one counts.  Unescaped control characters are accepted,
 * and so are all bytes under SQL_ASCII, as in columns of type text.
 */
#include "postgres.h"

#include "base/jsonb.h"
#include "common/jsonapi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* a number of so many digits, with a sign, always fits in a bigint */
#define MAX_BIGINT_LENGTH	18

static void push(JsonbParseState **state, JsonbIteratorToken token,
				 FcJsonNode node, const char *element);
static bool is_container(FcJsonNode node);
static JsonbValue *push_container(JsonbParseState **state,
								  FcJsonNode container, const char *element);
static JsonbValue *make_scalar(FcJsonNode node, JsonbValue *value);
static void set_string(JsonbValue *value, const char *string);
static Numeric make_numeric(const char *digits, Size length);

/*
 * fc_jsonb
 *		Make jsonb of a value, allocated in the current context.
 *
 * If element is given, each object in an array is replaced by its member of
 * that name, or by null if it has none.  Throws if a string holds what no text
 * can hold.
 */
Jsonb *
fc_jsonb(FcJsonNode node, const char *element)
{
	JsonbParseState *state = NULL;
	JsonbValue	scalar;

	if (is_container(node))
		return JsonbValueToJsonb(push_container(&state, node, element));
	return JsonbValueToJsonb(make_scalar(node, &scalar));
}

/*
 * Push one value; token says whether as an element or a member's value.
 */
static void
push(JsonbParseState **state, JsonbIteratorToken token, FcJsonNode node,
	 const char *element)
{
	JsonbValue	scalar;

	if (element != NULL && fc_json_kind(node) == FC_JSON_OBJECT)
		node = fc_json_member(node, element);

	if (is_container(node))
		push_container(state, node, NULL);
	else
		pushJsonbValue(state, token, make_scalar(node, &scalar));
}

static bool
is_container(FcJsonNode node)
{
	return fc_json_kind(node) == FC_JSON_ARRAY ||
		fc_json_kind(node) == FC_JSON_OBJECT;
}

/*
 * Push a container and its contents.  Returns the outermost one.
 */
static JsonbValue *
push_container(JsonbParseState **state, FcJsonNode container,
			   const char *element)
{
	bool		is_array = (fc_json_kind(container) == FC_JSON_ARRAY);
	FcJsonIterator iterator = fc_json_iterate(container);
	FcJsonNode	part;
	const char *name;

	check_stack_depth();
	pushJsonbValue(state, is_array ? WJB_BEGIN_ARRAY : WJB_BEGIN_OBJECT, NULL);
	while (fc_json_next(&iterator, &part, &name))
	{
		JsonbValue	key;

		if (is_array)
		{
			push(state, WJB_ELEM, part, element);
			continue;
		}
		set_string(&key, fc_json_server_name(part));
		pushJsonbValue(state, WJB_KEY, &key);
		push(state, WJB_VALUE, part, NULL);
	}
	return pushJsonbValue(state, is_array ? WJB_END_ARRAY : WJB_END_OBJECT,
						  NULL);
}

/*
 * Fill value with a scalar; null if the value is absent.
 */
static JsonbValue *
make_scalar(FcJsonNode node, JsonbValue *value)
{
	const char *digits;
	Size		length;

	switch (fc_json_kind(node))
	{
		case FC_JSON_BOOL:
			value->type = jbvBool;
			value->val.boolean = fc_json_bool(node);
			break;
		case FC_JSON_NUMBER:
			digits = fc_json_source(node, &length);
			value->type = jbvNumeric;
			value->val.numeric = make_numeric(digits, length);
			break;
		case FC_JSON_STRING:
			set_string(value, fc_json_server_string(node));
			break;
		default:
			value->type = jbvNull;
			break;
	}
	return value;
}

static void
set_string(JsonbValue *value, const char *string)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, string);
	value->val.string.len = strlen(string);
}

/*
 * A number as it was sent, which is not terminated.
 */
static Numeric
make_numeric(const char *digits, Size length)
{
	const char *end = digits + length;
	const char *rest = digits + (digits[0] == '-');
	int64		number = 0;
	Datum		result;

	if (length <= MAX_BIGINT_LENGTH && (*rest != '0' || rest + 1 == end))
	{
		for (; rest < end && *rest >= '0' && *rest <= '9'; rest++)
			number = number * 10 + (*rest - '0');
		if (rest == end)
			return int64_to_numeric(digits[0] == '-' ? -number : number);
	}

	/* cJSON takes what strtod takes */
	if (!IsValidJsonNumber(digits, length))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "json"),
				 errdetail("Token \"%.*s\" is invalid.", (int) length,
						   digits)));
	result = DirectFunctionCall3(numeric_in,
								 CStringGetDatum(pnstrdup(digits, length)),
								 ObjectIdGetDatum(InvalidOid),
								 Int32GetDatum(-1));
	return DatumGetNumeric(result);
}
