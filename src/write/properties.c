/*
 * properties.c
 *		The custom properties of one object, as they are to be.
 *
 * Whether the API merges the properties that it is sent into those that it
 * has, or replaces them, is not documented.  So what we send is right under
 * both rules: the whole set as it is to be, and a null for every key that has
 * to go.  That takes the set as it was.
 *
 * The API keeps strings only.  We make strings of numbers and booleans here,
 * rather than leave it to the API to store, convert or refuse them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "write/properties.h"

/* The documented limits of the API; that of a key depends on the resource. */
#define MAX_PROPERTIES	25
#define MAX_VALUE_LENGTH	255 /* characters */

/* One property.  Texts are UTF-8, as they travel. */
typedef struct FcProperty
{
	const char *key;
	const char *value;			/* NULL if the key has to go */
	bool		is_json;		/* value is JSON that we do not understand */
} FcProperty;

struct FcProperties
{
	const FcResource *resource;
	List	   *members;		/* of FcProperty *, no key twice */
};

static void set_member(FcProperties *properties, const char *key,
					   const char *value, bool is_json);
static FcProperty *find_member(const FcProperties *properties,
							   const char *key);
static const char *read_value(FcJsonNode node, bool *is_json);
static void put_object(FcProperties *properties, JsonbContainer *object);
static char *scalar_text(const char *key, const JsonbValue *value);
static void check_member(const FcProperties *properties, const char *key,
						 const char *value);
static void check_count(int count);
static char *to_utf8(const char *text);
static char *to_server(const char *text);
static const char *checked_utf8(const char *text);
static void append_member(StringInfo json, const FcProperty *member);

/*
 * fc_properties_open
 *		The properties of an object as they were, to be changed.
 *
 * old is what the API has, absent for a new object.  Lives in the current
 * context, and does not need old any longer.
 */
FcProperties *
fc_properties_open(const FcResource *resource, FcJsonNode old)
{
	FcProperties *properties = palloc0(sizeof(*properties));
	FcJsonIterator iterator = fc_json_iterate(old);
	FcJsonNode	node;
	const char *key;

	properties->resource = resource;
	if (fc_json_kind(old) != FC_JSON_OBJECT)
		return properties;		/* null, or [], which is how PHP writes {} */

	while (fc_json_next(&iterator, &node, &key))
	{
		bool		is_json;
		const char *value = read_value(node, &is_json);

		CHECK_FOR_INTERRUPTS();
		set_member(properties, pstrdup(checked_utf8(key)), value, is_json);
	}

	return properties;
}

/*
 * fc_properties_replace
 *		Make the properties those of a value of the given type.
 *
 * The type is jsonb, or one whose text is JSON.  Throws if the API could not
 * keep what the value holds.
 */
void
fc_properties_replace(FcProperties *properties, Datum value, Oid type)
{
	Jsonb	   *jsonb;
	JsonbValue	scalar;

	if (getBaseType(type) != JSONBOID)
	{
		Oid			output;
		bool		is_varlena;
		char	   *text;

		getTypeOutputInfo(type, &output, &is_varlena);
		text = OidOutputFunctionCall(output, value);
		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	}
	jsonb = DatumGetJsonbP(value);

	fc_properties_clear(properties);
	if (JB_ROOT_IS_OBJECT(jsonb))
		put_object(properties, &jsonb->root);
	else if (!JB_ROOT_IS_SCALAR(jsonb) ||
			 !JsonbExtractScalar(&jsonb->root, &scalar) ||
			 scalar.type != jbvNull)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("custom properties are not a JSON object")));
}

/*
 * fc_properties_clear
 *		Let all the properties go.
 */
void
fc_properties_clear(FcProperties *properties)
{
	ListCell   *cell;

	foreach(cell, properties->members)
		((FcProperty *) lfirst(cell))->value = NULL;
}

/*
 * fc_properties_put
 *		Set one property, or let it go if value is NULL.
 *
 * Throws if the API could not keep it.
 */
void
fc_properties_put(FcProperties *properties, const char *key,
				  const char *value)
{
	check_member(properties, key, value);
	key = to_utf8(key);

	/* nothing to take away from what is not there */
	if (value == NULL && find_member(properties, key) == NULL)
		return;

	set_member(properties, key, value ? to_utf8(value) : NULL, false);
}

/*
 * fc_properties_append
 *		Append the JSON object to send, in UTF-8.
 *
 * Throws if the API could not keep so many; so call it before a request.
 */
void
fc_properties_append(const FcProperties *properties, StringInfo body)
{
	const char *separator = "";
	int			count = 0;
	ListCell   *cell;

	appendStringInfoChar(body, '{');
	foreach(cell, properties->members)
	{
		const FcProperty *member = lfirst(cell);

		appendStringInfoString(body, separator);
		append_member(body, member);
		separator = ",";
		if (member->value != NULL)
			count++;
	}
	appendStringInfoChar(body, '}');

	check_count(count);
}

/*
 * fc_properties_text
 *		The set as a query would read it, in the database's encoding.
 *
 * NULL if the set is empty.
 */
char *
fc_properties_text(const FcProperties *properties)
{
	StringInfoData json;
	ListCell   *cell;

	initStringInfo(&json);
	foreach(cell, properties->members)
	{
		const FcProperty *member = lfirst(cell);

		if (member->value == NULL)
			continue;
		appendStringInfoChar(&json, json.len == 0 ? '{' : ',');
		append_member(&json, member);
	}
	if (json.len == 0)
		return NULL;
	appendStringInfoChar(&json, '}');

	return to_server(json.data);
}

/*
 * fc_properties_value
 *		One property as a query would read it, in the database's encoding.
 *
 * NULL if it is not in the set.
 */
char *
fc_properties_value(const FcProperties *properties, const char *key)
{
	const FcProperty *member = find_member(properties, to_utf8(key));

	return member && member->value ? to_server(member->value) : NULL;
}

/*
 * fc_properties_lost
 *		The key of a property that the API did not keep, NULL if it kept all.
 *
 * answer is what it has now.  Keys that we did not send are not our concern,
 * and an empty value is as good as none: the API documents it as a way to
 * take a key away.
 */
const char *
fc_properties_lost(const FcProperties *properties, FcJsonNode answer)
{
	FcProperties *kept = fc_properties_open(properties->resource, answer);
	ListCell   *cell;

	foreach(cell, properties->members)
	{
		const FcProperty *sent = lfirst(cell);
		const FcProperty *found = find_member(kept, sent->key);
		const char *value = found && found->value ? found->value : "";

		if (sent->is_json)
			continue;			/* sent back as it came */
		if (strcmp(value, sent->value ? sent->value : "") != 0)
			return to_server(sent->key);
	}

	return NULL;
}

/*
 * fc_properties_same
 *		Are these the same properties, as the API has them?
 */
bool
fc_properties_same(const FcResource *resource, FcJsonNode a, FcJsonNode b)
{
	return fc_properties_lost(fc_properties_open(resource, a), b) == NULL &&
		fc_properties_lost(fc_properties_open(resource, b), a) == NULL;
}

/* Set a member, or add it.  The texts must live as long as the set. */
static void
set_member(FcProperties *properties, const char *key, const char *value,
		   bool is_json)
{
	FcProperty *member = find_member(properties, key);

	if (member == NULL)
	{
		member = palloc(sizeof(*member));
		member->key = key;
		properties->members = lappend(properties->members, member);
	}
	member->value = value;
	member->is_json = is_json;
}

/* The member of that key, in UTF-8, or NULL. */
static FcProperty *
find_member(const FcProperties *properties, const char *key)
{
	ListCell   *cell;

	foreach(cell, properties->members)
	{
		FcProperty *member = lfirst(cell);

		if (strcmp(member->key, key) == 0)
			return member;
	}

	return NULL;
}

/*
 * The value of a property as the API sent it, NULL for null.  It should be a
 * string.  An array or object is none that we could have written; all that we
 * can do is to keep it as it is.
 */
static const char *
read_value(FcJsonNode node, bool *is_json)
{
	const char *source;
	Size		length;

	*is_json = false;
	switch (fc_json_kind(node))
	{
		case FC_JSON_ABSENT:
		case FC_JSON_NULL:
			return NULL;
		case FC_JSON_BOOL:
			return fc_json_bool(node) ? "true" : "false";
		case FC_JSON_STRING:
			return pstrdup(checked_utf8(fc_json_string(node)));
		case FC_JSON_ARRAY:
		case FC_JSON_OBJECT:
			*is_json = true;
			break;
		case FC_JSON_NUMBER:
			break;
	}
	source = fc_json_source(node, &length);

	return checked_utf8(pnstrdup(source, length));
}

/* Put all members of a jsonb object. */
static void
put_object(FcProperties *properties, JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	part;
	char	   *key = NULL;
	int			count = 0;

	while ((token = JsonbIteratorNext(&iterator, &part, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(part.val.string.val, part.val.string.len);
		else if (token == WJB_VALUE)
		{
			/* here already, lest we search a list of thousands */
			if (part.type != jbvNull)
				check_count(++count);
			fc_properties_put(properties, key, scalar_text(key, &part));
		}
	}
}

/* A jsonb value as the API would keep it, NULL for null. */
static char *
scalar_text(const char *key, const JsonbValue *value)
{
	Datum		digits;

	switch (value->type)
	{
		case jbvNull:
			return NULL;
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			digits = DirectFunctionCall1(numeric_out,
										 NumericGetDatum(value->val.numeric));
			return DatumGetCString(digits);
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("value of custom property \"%s\" is not a string, number or boolean",
							key)));
	}
}

/* Throw if the API could not keep a property, given as the database has it. */
static void
check_member(const FcProperties *properties, const char *key,
			 const char *value)
{
	const FcResource *resource = properties->resource;
	int			key_length = pg_mbstrlen(key);
	int			value_length = value ? pg_mbstrlen(value) : 0;

	if (key_length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("key of a custom property is empty")));
	if (key_length > resource->max_key_length)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("key of custom property \"%s\" is too long", key),
				 errdetail("It has %d characters; the limit for resource \"%s\" is %d.",
						   key_length, resource->name,
						   resource->max_key_length)));
	if (value_length > MAX_VALUE_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("value of custom property \"%s\" is too long", key),
				 errdetail("It has %d characters; the limit is %d.",
						   value_length, MAX_VALUE_LENGTH)));
}

/* Throw if the API could not keep so many properties. */
static void
check_count(int count)
{
	if (count > MAX_PROPERTIES)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("too many custom properties"),
				 errdetail("The limit is %d keys.", MAX_PROPERTIES)));
}

/* A copy of a text of the database, in UTF-8. */
static char *
to_utf8(const char *text)
{
	char	   *converted = pg_server_to_any(text, strlen(text), PG_UTF8);

	return converted == text ? pstrdup(text) : converted;
}

/* A copy of a text in UTF-8, as the database would have it. */
static char *
to_server(const char *text)
{
	char	   *converted = pg_any_to_server(text, strlen(text), PG_UTF8);

	return converted == text ? pstrdup(text) : converted;
}

/* Throw if a text that the API sent is not UTF-8. */
static const char *
checked_utf8(const char *text)
{
	(void) pg_verify_mbstr(PG_UTF8, text, strlen(text), false);

	return text;
}

/* Append "key":value. */
static void
append_member(StringInfo json, const FcProperty *member)
{
	fc_json_append_string(json, member->key);
	appendStringInfoChar(json, ':');
	if (member->value == NULL)
		appendStringInfoString(json, "null");
	else if (member->is_json)
		appendStringInfoString(json, member->value);
	else
		fc_json_append_string(json, member->value);
}
