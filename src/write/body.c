/*
 * body.c
 *		A row becomes the body of a request.
 *
 * A draft collects what is to be sent, as texts in one canonical form for
 * each type of the catalog, whatever the types of the local columns are.  From
 * it come the JSON that is sent and what RETURNING says was written.  All that
 * can be refused here is refused before anything is sent.
 */
#include "postgres.h"

#include "api/error.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "write/body.h"

/* For errors: which column was being written. */
typedef struct FillContext
{
	const FcTable *table;
	const FcTableColumn *column;
} FillContext;

static bool is_writable(const FcTableColumn *column);
static void give_column(FcDraft *draft, const FcTableColumn *column,
						Oid type, Datum value, bool isnull);
static void give_properties(FcDraft *draft, const FcTableColumn *column,
							Oid type, Datum value, bool isnull);
static void give_property(FcDraft *draft, const FcTableColumn *column,
						  Oid type, Datum value, bool isnull);
static void open_properties(FcDraft *draft);
static bool texts_are_equal(const char *a, const char *b);
static void refuse_conflict(const FcDraft *draft, const char *field);
static bool sends_column(const FcDraft *draft, int number);
static void append_utf8(StringInfo body, const char *text, bool is_string);
static char *rewrite_elements(const FcColumn *column, const char *text,
							  const char **obstacle);
static char *rewrite_element(const FcColumn *column, FcJsonNode element,
							 const char **obstacle);
static bool is_nothing(FcJsonNode node);
static void describe_column(void *arg);

/*
 * fc_body_check
 *		Throw unless the column may be given a value.
 */
void
fc_body_check(const FcTable *table, const FcTableColumn *column,
			  bool is_update)
{
	int			flags = column->column ? column->column->flags : 0;

	if (is_update && (flags & (FC_KEY | FC_PARENT)) &&
		column->property == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot update column \"%s\" of foreign table \"%s\"",
						column->name, table->name),
				 errdetail("The API has no way to change an id."),
				 fc_error_column(table, column->name)));
	if (is_writable(column) || (!is_update && (flags & FC_PARENT)))
		return;

	ereport(ERROR,
			(errcode(ERRCODE_GENERATED_ALWAYS),
			 errmsg("cannot write column \"%s\" of foreign table \"%s\"",
					column->name, table->name),
			 errdetail("The API sets this field of resource \"%s\" itself.",
					   table->resource->name),
			 fc_error_column(table, column->name)));
}

/*
 * fc_body_draft
 *		An empty draft, in the current context.
 *
 * old_properties is what the API has, absent for a new object; it must live
 * as long as the draft.
 */
FcDraft *
fc_body_draft(const FcTable *table, FcJsonNode old_properties)
{
	FcDraft    *draft = palloc0(sizeof(FcDraft));

	draft->table = table;
	draft->old_properties = old_properties;
	return draft;
}

/*
 * fc_body_fill
 *		Give the draft the values of some attributes of a row.
 *
 * attributes are attribute numbers.  Throws what the API could not keep, and
 * what two columns say differently.
 */
void
fc_body_fill(FcDraft *draft, TupleDesc tupdesc, const Datum *values,
			 const bool *isnull, const Bitmapset *attributes)
{
	const FcTable *table = draft->table;
	FillContext fill = {table, NULL};
	ErrorContextCallback callback;

	callback.callback = describe_column;
	callback.arg = &fill;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	/* single properties after the set that they may contradict */
	for (int pass = 0; pass < 2; pass++)
	{
		int			attnum = -1;

		while ((attnum = bms_next_member(attributes, attnum)) >= 0)
		{
			const FcTableColumn *column = &table->columns[attnum - 1];
			Oid			type = TupleDescAttr(tupdesc, attnum - 1)->atttypid;
			bool		is_property = column->property != NULL;

			if (column->attnum == 0 || is_property != (pass == 1))
				continue;
			fill.column = column;
			if (is_property)
				give_property(draft, column, type, values[attnum - 1],
							  isnull[attnum - 1]);
			else if (column->column->flags & FC_PROPERTIES)
				give_properties(draft, column, type, values[attnum - 1],
								isnull[attnum - 1]);
			else
				give_column(draft, column, type, values[attnum - 1],
							isnull[attnum - 1]);
		}
	}

	error_context_stack = callback.previous;
}

/*
 * fc_body_fill_json
 *		Give the draft the members of an object that is written as it is sent.
 */
void
fc_body_fill_json(FcDraft *draft, const char *json)
{
	const FcResource *resource = draft->table->resource;
	FcJsonIterator iterator = fc_json_iterate(fc_value_parse(json));
	FcJsonNode	node;
	const char *field;

	while (fc_json_next(&iterator, &node, &field))
	{
		for (int i = 0; resource->columns[i].name; i++)
		{
			const char *writes = resource->columns[i].writes;
			const char *source;
			Size		length;

			if (writes == NULL || strcmp(writes, field) != 0)
				continue;
			source = fc_json_source(node, &length);
			draft->image.texts[i] = pnstrdup(source, length);
			draft->image.known |= FC_COLUMN_BIT(i);
		}
	}
}

/*
 * fc_body_keep
 *		Send a column's value along, as it was read, lest the API forget it.
 *
 * fc_body_obstacle must have found none.
 */
void
fc_body_keep(FcDraft *draft, int number, const char *text)
{
	const FcColumn *column = &draft->table->resource->columns[number];
	const char *obstacle = NULL;

	if (column->flags & FC_PROPERTIES)
	{
		if (draft->properties == NULL && text != NULL)
			draft->properties = fc_properties_open(draft->table->resource,
												   fc_value_parse(text));
		return;
	}
	if (text != NULL && column->rewrites != NULL)
		text = rewrite_elements(column, text, &obstacle);
	draft->image.texts[number] = text;
	draft->image.known |= FC_COLUMN_BIT(number);
}

/*
 * fc_body_sends_properties
 *		Is there a custom property to set, or to take away?
 */
bool
fc_body_sends_properties(const FcDraft *draft)
{
	StringInfoData json;

	if (draft->properties == NULL)
		return false;
	initStringInfo(&json);
	fc_properties_append(draft->properties, &json);
	return json.len > 2;
}

/*
 * fc_body_text
 *		The JSON to send, in UTF-8; NULL if the draft is empty.
 */
char *
fc_body_text(const FcDraft *draft)
{
	const FcResource *resource = draft->table->resource;
	StringInfoData body;

	initStringInfo(&body);
	for (int i = 0; resource->columns[i].name; i++)
	{
		const FcColumn *column = &resource->columns[i];

		if (!sends_column(draft, i))
			continue;
		appendStringInfoChar(&body, body.len == 0 ? '{' : ',');
		append_utf8(&body, column->writes, true);
		appendStringInfoChar(&body, ':');

		if (column->flags & FC_PROPERTIES)
			fc_properties_append(draft->properties, &body);
		else if (draft->image.texts[i] == NULL)
			appendStringInfoString(&body, column->null_as ?
								   column->null_as : "null");
		else
			append_utf8(&body, draft->image.texts[i],
						fc_value_is_string(column));
	}
	if (body.len == 0)
		return NULL;
	appendStringInfoChar(&body, '}');
	return body.data;
}

/*
 * Is the column, by its number in the catalog, part of the body?
 */
static bool
sends_column(const FcDraft *draft, int number)
{
	const FcColumn *column = &draft->table->resource->columns[number];

	if (column->writes == NULL)
		return false;
	if (column->flags & FC_PROPERTIES)
		return fc_body_sends_properties(draft);
	return (draft->image.known & FC_COLUMN_BIT(number)) != 0;
}

/*
 * fc_body_show
 *		The value that the statement has written to a column, as it was sent.
 *
 * False if it has written none.
 */
bool
fc_body_show(const FcDraft *draft, const FcTableColumn *column,
			 TupleDesc tupdesc, Datum *value, bool *isnull)
{
	Form_pg_attribute attribute = TupleDescAttr(tupdesc, column->attnum - 1);
	const char *text;
	Oid			input;
	Oid			ioparam;

	if (column->property != NULL)
	{
		if (!draft->gives_properties)
			return false;
		text = fc_properties_value(draft->properties, column->property);
	}
	else if (column->column == NULL)
		return false;
	else if (column->column->flags & FC_PROPERTIES)
	{
		if (!draft->gives_properties)
			return false;
		text = fc_properties_text(draft->properties);
	}
	else
	{
		int			number = fc_catalog_column_number(draft->table->resource,
													  column->column);

		if (draft->givers[number] == NULL)
			return false;
		text = draft->image.texts[number];
		if (text != NULL)
			text = fc_value_input(column->column, text, attribute->atttypid,
								  draft->table->naive_timezone);
	}

	getTypeInputInfo(attribute->atttypid, &input, &ioparam);
	*isnull = (text == NULL);
	*value = *isnull ? (Datum) 0 :
		OidInputFunctionCall(input, unconstify(char *, text), ioparam,
							 attribute->atttypmod);
	return true;
}

/*
 * fc_body_obstacle
 *		What stands against sending a column's value back as it was read.
 *
 * The name of a member that holds something but cannot be written; NULL if
 * nothing does.
 */
const char *
fc_body_obstacle(const FcColumn *column, const char *text)
{
	const char *obstacle = NULL;

	if (text != NULL && column->rewrites != NULL)
		(void) rewrite_elements(column, text, &obstacle);
	return obstacle;
}

/*
 * fc_body_core
 *		An array of objects without what the API makes anew with each write.
 */
char *
fc_body_core(const FcColumn *column, const char *text)
{
	FcJsonIterator elements = fc_json_iterate(fc_value_parse(text));
	FcJsonNode	element;
	StringInfoData core;

	initStringInfo(&core);
	while (fc_json_next(&elements, &element, NULL))
	{
		FcJsonIterator members = fc_json_iterate(element);
		FcJsonNode	member;
		const char *name;

		while (fc_json_next(&members, &member, &name))
		{
			Size		length;
			const char *source;

			if (fc_catalog_is_listed(column->derives, name) ||
				is_nothing(member))
				continue;
			source = fc_json_source(member, &length);
			fc_json_append_string(&core, name);
			appendBinaryStringInfo(&core, source, length);
		}
		appendStringInfoChar(&core, ',');
	}
	return core.data;
}

/*
 * Can a value for this column be sent?
 */
static bool
is_writable(const FcTableColumn *column)
{
	return column->property != NULL ||
		(column->column != NULL && column->column->writes != NULL);
}

/*
 * Take over the value of a column that stands for a field.
 */
static void
give_column(FcDraft *draft, const FcTableColumn *column, Oid type,
			Datum value, bool isnull)
{
	const FcColumn *field = column->column;
	int			number = fc_catalog_column_number(draft->table->resource,
												  field);
	const char *zone = draft->table->naive_timezone;
	const char *text = isnull ? NULL : fc_value_text(field, type, value, zone);

	if (draft->givers[number] != NULL &&
		!texts_are_equal(draft->image.texts[number], text))
		refuse_conflict(draft, field->writes ? field->writes : field->name);

	draft->givers[number] = column;
	draft->image.texts[number] = text;
	draft->image.known |= FC_COLUMN_BIT(number);
}

/*
 * Take over a whole set of custom properties.
 */
static void
give_properties(FcDraft *draft, const FcTableColumn *column, Oid type,
				Datum value, bool isnull)
{
	char	   *before = NULL;
	char	   *after;
	bool		is_second = draft->gives_set;

	if (is_second)
		before = fc_properties_text(draft->properties);
	open_properties(draft);
	draft->gives_set = true;
	if (isnull)
		fc_properties_clear(draft->properties);
	else
		fc_properties_replace(draft->properties, value, type);

	after = fc_properties_text(draft->properties);
	if (is_second && !texts_are_equal(before, after))
		refuse_conflict(draft, column->column->writes);
}

/*
 * Take over one custom property.
 */
static void
give_property(FcDraft *draft, const FcTableColumn *column, Oid type,
			  Datum value, bool isnull)
{
	const FcColumn *set = fc_catalog_flagged(draft->table->resource,
											 FC_PROPERTIES);
	char	   *text = isnull ? NULL : fc_value_local(type, value);
	bool		is_decided = draft->gives_set;
	ListCell   *cell;

	foreach(cell, draft->keys)
	{
		if (strcmp(lfirst(cell), column->property) == 0)
			is_decided = true;
	}

	open_properties(draft);
	if (is_decided &&
		!texts_are_equal(fc_properties_value(draft->properties,
											 column->property), text))
		refuse_conflict(draft, psprintf("%s.%s", set->writes,
										column->property));
	fc_properties_put(draft->properties, column->property, text);
	draft->keys = lappend(draft->keys,
						  unconstify(char *, column->property));
}

/*
 * Begin to change the properties, from what the API has.
 */
static void
open_properties(FcDraft *draft)
{
	if (draft->properties == NULL)
		draft->properties = fc_properties_open(draft->table->resource,
											   draft->old_properties);
	draft->gives_properties = true;
}

/*
 * Are two texts equal, or both null?
 */
static bool
texts_are_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/*
 * Two columns want different things of one field.
 */
static void
refuse_conflict(const FcDraft *draft, const char *field)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("two columns of foreign table \"%s\" give field \"%s\" different values",
					draft->table->name, field)));
}

/*
 * Append a text of the database, as a JSON string or as it is.
 */
static void
append_utf8(StringInfo body, const char *text, bool is_string)
{
	const char *converted = pg_server_to_any(text, strlen(text), PG_UTF8);

	if (is_string)
		fc_json_append_string(body, converted);
	else
		appendStringInfoString(body, converted);
}

/*
 * An array of objects that was read, as it is written.
 *
 * obstacle is set to the name of a member that would be lost.
 */
static char *
rewrite_elements(const FcColumn *column, const char *text,
				 const char **obstacle)
{
	FcJsonIterator iterator = fc_json_iterate(fc_value_parse(text));
	FcJsonNode	element;
	StringInfoData array;

	initStringInfo(&array);
	while (fc_json_next(&iterator, &element, NULL))
	{
		appendStringInfoChar(&array, array.len == 0 ? '[' : ',');
		appendStringInfoString(&array,
							   rewrite_element(column, element, obstacle));
	}
	appendStringInfoString(&array, array.len == 0 ? "[]" : "]");
	return pg_any_to_server(array.data, array.len, PG_UTF8);
}

/*
 * One object of such an array.
 */
static char *
rewrite_element(const FcColumn *column, FcJsonNode element,
				const char **obstacle)
{
	FcJsonIterator iterator = fc_json_iterate(element);
	FcJsonNode	member;
	const char *name;
	StringInfoData object;

	initStringInfo(&object);
	appendStringInfoChar(&object, '{');
	while (fc_json_next(&iterator, &member, &name))
	{
		const char *source;
		Size		length;

		if (fc_catalog_is_listed(column->rewrites, name))
		{
			source = fc_json_source(member, &length);
			if (object.len > 1)
				appendStringInfoChar(&object, ',');
			fc_json_append_string(&object, name);
			appendStringInfoChar(&object, ':');
			appendBinaryStringInfo(&object, source, length);
		}
		else if (!fc_catalog_is_listed(column->derives, name) &&
				 !is_nothing(member))
			*obstacle = pstrdup(name);
	}
	appendStringInfoChar(&object, '}');
	return object.data;
}

/*
 * Would nothing be lost with this value?
 */
static bool
is_nothing(FcJsonNode node)
{
	switch (fc_json_kind(node))
	{
		case FC_JSON_ABSENT:
		case FC_JSON_NULL:
			return true;
		case FC_JSON_STRING:
			return *fc_json_string(node) == '\0';
		case FC_JSON_ARRAY:
		case FC_JSON_OBJECT:
			return fc_json_count(node) == 0;
		default:
			return false;
	}
}

/*
 * Say which column of which table an error is about.
 */
static void
describe_column(void *arg)
{
	const FillContext *fill = arg;

	if (fill->column == NULL)
		return;
	fc_error_column(fill->table, fill->column->name);
	errcontext("column \"%s\" of foreign table \"%s\"", fill->column->name,
			   fill->table->name);
}
