/*
 * verbs.c
 *		What can be done with FrontCore beyond rows of a table, as functions.
 *
 * Objects that have an id and can be read back are rows of tables.  All else
 * is a verb: a function that sends one request.  Each verb is an entry of the
 * table below, which says where its arguments go and what becomes of the
 * answer.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "api/memo.h"
#include "base/url.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "read/tuple.h"
#include "read/walk.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "write/verb.h"

/* An argument of a function, after the server; a NULL name ends. */
typedef struct Argument
{
	const char *name;			/* "{name}" stands for it in path and body */
	Oid			type;
	bool		is_required;
	const char *parameter;		/* of the query string, or NULL */
} Argument;

typedef enum ResultKind
{
	RESULT_JSON,				/* the answer, NULL if there is none */
	RESULT_ITEMS,				/* each item of a list */
	RESULT_ROW,					/* members of an object */
	RESULT_ROWS					/* members of each item of a list */
} ResultKind;

typedef struct Verb
{
	const char *name;			/* of the function */
	const char *resource;		/* in views and messages */
	const char *method;
	const char *path;
	const char *body;			/* NULL if none */
	const char *defaults;		/* members that the body has anyway */
	const char *details;		/* argument with further members */
	const Argument *arguments;
	bool		needs_parameter;	/* one of those of the query string */
	bool		hides_parameters;	/* they are a person's */
	bool		may_be_absent;	/* "there is none" is an answer */
	ResultKind	result;
	const char *member;			/* of the answer: the list or object; NULL: a
								 * list in a known container */
	const char *names;			/* member that names the first argument in the
								 * answer to what is done, or what was made */
	const char *makes;			/* the same of the object that is the result:
								 * the id of what was made, if it is one */
	const char *renamed[2];		/* a result's column, and its member */
	const char *unknown_hint;
} Verb;

/* A call of a verb. */
typedef struct VerbCall
{
	const Verb *verb;
	FunctionCallInfo fcinfo;
	Oid			serverid;
	FcVerbRequest request;
} VerbCall;

static const Verb book = {
	.name = "frontcore_book",
	.resource = "booking",
	.method = "POST",
	.path = "/booking",
	.body = "{\"coursedate_id\":{course_date_id},\"participants\":{participants}}",
	.defaults = "{\"payment_method\":\"invoice\"}",
	.details = "details",
	.arguments = (const Argument[]) {
		{"course_date_id", INT8OID, true},
		{"participants", JSONBOID, true},
		{"details", JSONBOID},
		{NULL}
	},
	.result = RESULT_ROW,
	.member = "summary",
	.names = "booking_id",
	.makes = "booking_id",
	.renamed = {"course_date_id", "coursedate_id"},
	.unknown_hint = "The API may have made the booking.  Look at the participants of the course date before you book again."
};

static const Verb deregister = {
	.name = "frontcore_deregister",
	.resource = "booking",
	.method = "PUT",
	.path = "/booking/{booking_id}/deregister",
	.body = "{\"config\":{\"with_fee\":{with_fee},\"send_receipt_email_to_participant\":{send_receipt}}}",
	.arguments = (const Argument[]) {
		{"booking_id", INT8OID, true},
		{"with_fee", BOOLOID},
		{"send_receipt", BOOLOID},
		{NULL}
	},
	.result = RESULT_ITEMS,
	.member = "participants",
	.names = "booking_id",
	.unknown_hint = "The API may have deregistered the participants.  Look at their status before you repeat it."
};

static const Verb anonymize_user = {
	.name = "frontcore_anonymize_user",
	.resource = "privacy",
	.method = "DELETE",
	.path = "/privacy/users/{user_id}/anonymize",
	.names = "id",
	.arguments = (const Argument[]) {
		{"user_id", INT8OID, true},
		{NULL}
	},
	.result = RESULT_JSON,
	.unknown_hint = "The API may have anonymised the user.  To repeat it does no harm."
};

static const Verb check_campaign = {
	.name = "frontcore_check_campaign",
	.resource = "campaigns",
	.method = "GET",
	.path = "/campaigns/validate/{code}",
	.arguments = (const Argument[]) {
		{"code", TEXTOID, true},
		{"course_id", INT8OID, .parameter = "course_id"},
		{"course_date_id", INT8OID, .parameter = "coursedate_id"},
		{NULL}
	},
	.needs_parameter = true,
	.may_be_absent = true,
	.result = RESULT_JSON
};

static const Verb check_voucher = {
	.name = "frontcore_check_voucher",
	.resource = "vouchers",
	.method = "GET",
	.path = "/vouchers/validate/{code}",
	.arguments = (const Argument[]) {
		{"code", TEXTOID, true},
		{NULL}
	},
	.may_be_absent = true,
	.result = RESULT_JSON
};

static const Verb find_users = {
	.name = "frontcore_find_users",
	.resource = "search-users",
	.method = "GET",
	.path = "/search-users",
	.arguments = (const Argument[]) {
		{"email", TEXTOID, .parameter = "email"},
		{"firstname", TEXTOID, .parameter = "firstname"},
		{"lastname", TEXTOID, .parameter = "lastname"},
		{"username", TEXTOID, .parameter = "username"},
		{NULL}
	},
	.needs_parameter = true,
	.hides_parameters = true,
	.result = RESULT_ROWS
};

/* its links carry a token: they are kept nowhere */
static const Verb diplomas = {
	.name = "frontcore_diplomas",
	.resource = "diplomas",
	.method = "GET",
	.path = "/diplomas",
	.arguments = (const Argument[]) {
		{"user_id", INT8OID, .parameter = "user_id"},
		{"participant_id", INT8OID, .parameter = "participant_id"},
		{NULL}
	},
	.needs_parameter = true,
	.result = RESULT_ITEMS
};

static Datum run_verb(FunctionCallInfo fcinfo, const Verb *verb);
static Oid	find_server(FunctionCallInfo fcinfo, const Verb *verb);
static void check_arguments(const VerbCall *call);
static void check_participants(const VerbCall *call, Datum participants);
static void make_request(VerbCall *call);
static char *fill_in(const VerbCall *call, const char *template, bool is_path);
static char *path_value(const Argument *argument, Datum value);
static char *parameter_value(const Argument *argument, Datum value);
static char *json_value(const Argument *argument, bool isnull, Datum value);
static void add_parameters(VerbCall *call);
static void hide_value(VerbCall *call, const char *value);
static char *make_body(const VerbCall *call);
static Datum argument_value(const VerbCall *call, const char *name,
							bool *isnull);
static void refuse_argument(const char *format, const char *name);
static Datum give_json(FcJsonNode node);
static FcJsonNode find_list(const VerbCall *call, FcJsonNode root);
static void put_items(const VerbCall *call, FcJsonNode list);
static FcTupleReader *make_reader(const VerbCall *call, TupleDesc tupdesc);
static void put_rows(const VerbCall *call, FcJsonNode list);
static Datum give_row(const VerbCall *call, FcJsonNode object);

/* The functions. */
#define DEFINE_VERB(verb) \
PG_FUNCTION_INFO_V1(frontcore_##verb); \
Datum \
frontcore_##verb(PG_FUNCTION_ARGS) \
{ \
	return run_verb(fcinfo, &verb); \
} \
extern PGDLLEXPORT Datum frontcore_##verb(PG_FUNCTION_ARGS)

DEFINE_VERB(book);
DEFINE_VERB(deregister);
DEFINE_VERB(anonymize_user);
DEFINE_VERB(check_campaign);
DEFINE_VERB(check_voucher);
DEFINE_VERB(find_users);
DEFINE_VERB(diplomas);

/*
 * Send a verb's request, and give its result.
 */
static Datum
run_verb(FunctionCallInfo fcinfo, const Verb *verb)
{
	VerbCall	call = {verb, fcinfo};
	FcAnswer   *answer;
	FcJsonNode	root = {0};
	int64		made = 0;

	call.serverid = find_server(fcinfo, verb);
	check_arguments(&call);
	make_request(&call);
	if (verb->result == RESULT_ITEMS || verb->result == RESULT_ROWS)
		InitMaterializedSRF(fcinfo, verb->result == RESULT_ITEMS ?
							MAT_SRF_USE_EXPECTED_DESC : 0);

	answer = fc_verb_send(call.serverid, &call.request);
	if (answer->verdict == FC_VERDICT_OK && answer->document != NULL)
		root = fc_json_root(answer->document);
	if (verb->result == RESULT_ROW &&
		fc_json_kind(fc_json_member(root, verb->member)) != FC_JSON_OBJECT)
		fc_verb_refuse(&call.request,
					   psprintf("the answer holds no \"%s\"", verb->member));
	if (verb->makes != NULL &&
		!fc_json_int64(fc_json_member(fc_json_member(root, verb->member),
									  verb->makes), &made))
		made = 0;
	fc_verb_confirm(&call.request, made);
	switch (verb->result)
	{
		case RESULT_JSON:
			if (fc_json_kind(root) == FC_JSON_ABSENT ||
				fc_json_kind(root) == FC_JSON_NULL)
				PG_RETURN_NULL();
			return give_json(root);
		case RESULT_ITEMS:
			put_items(&call, find_list(&call, root));
			break;
		case RESULT_ROW:
			return give_row(&call, fc_json_member(root, verb->member));
		case RESULT_ROWS:
			put_rows(&call, find_list(&call, root));
			break;
	}
	return (Datum) 0;
}

/*
 * The server that the first argument names, which has to be one of ours.
 */
static Oid
find_server(FunctionCallInfo fcinfo, const Verb *verb)
{
	if (PG_ARGISNULL(0))
		refuse_argument("argument \"%s\" must be given", "server");
	return fc_memo_find_server(NameStr(*PG_GETARG_NAME(0)));
}

/*
 * Throw what can be known to fail before anything is sent.
 */
static void
check_arguments(const VerbCall *call)
{
	const Verb *verb = call->verb;
	const Argument *argument = verb->arguments;
	bool		has_parameter = !verb->needs_parameter;

	for (int i = 1; argument->name; argument++, i++)
	{
		bool		isnull = call->fcinfo->args[i].isnull;

		if (isnull && argument->is_required)
			refuse_argument("argument \"%s\" must be given", argument->name);
		if (!isnull && argument->type == JSONBOID)
		{
			Jsonb	   *json = DatumGetJsonbP(call->fcinfo->args[i].value);

			if (verb->details && strcmp(argument->name, verb->details) == 0)
			{
				if (!JB_ROOT_IS_OBJECT(json))
					refuse_argument("argument \"%s\" must be an object",
									argument->name);
			}
			else
				check_participants(call, JsonbPGetDatum(json));
		}
		has_parameter |= (argument->parameter != NULL && !isnull);
	}
	if (!has_parameter)
	{
		StringInfoData names;

		initStringInfo(&names);
		for (argument = verb->arguments; argument->name; argument++)
		{
			if (argument->parameter != NULL)
				appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
								 argument->name);
		}
		refuse_argument("one of the arguments %s must be given", names.data);
	}
}

/*
 * Participants are an array of at least one object, and of nothing else.
 */
static void
check_participants(const VerbCall *call, Datum participants)
{
	Jsonb	   *json = DatumGetJsonbP(participants);
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	bool		is_good = JB_ROOT_IS_ARRAY(json) && !JB_ROOT_IS_SCALAR(json) &&
	JB_ROOT_COUNT(json) > 0;

	iterator = JsonbIteratorInit(&json->root);
	token = JsonbIteratorNext(&iterator, &value, false);
	while (is_good &&
		   (token = JsonbIteratorNext(&iterator, &value, true)) == WJB_ELEM)
		is_good = value.type == jbvBinary &&
			JsonContainerIsObject(value.val.binary.data);
	if (!is_good)
		refuse_argument("argument \"%s\" must be an array of at least one object",
						"participants");
}

/*
 * The request that the arguments make.
 */
static void
make_request(VerbCall *call)
{
	const Verb *verb = call->verb;
	FcVerbRequest *request = &call->request;

	request->function = verb->name;
	request->resource = verb->resource;
	request->method = verb->method;
	request->path = fill_in(call, verb->path, true);
	request->may_be_absent = verb->may_be_absent;
	request->unknown_hint = verb->unknown_hint;
	request->naming.path = verb->names;
	if (verb->names != NULL && strcmp(verb->method, "POST") != 0)
		request->naming.id = DatumGetInt64(call->fcinfo->args[1].value);
	add_parameters(call);
	if (verb->body != NULL)
		request->body = make_body(call);
}

/*
 * A template with the arguments' values in place of their names in braces.
 */
static char *
fill_in(const VerbCall *call, const char *template, bool is_path)
{
	StringInfoData text;

	initStringInfo(&text);
	while (*template != '\0')
	{
		Size		length = strspn(template + 1,
									"abcdefghijklmnopqrstuvwxyz_");
		const Argument *argument = call->verb->arguments;
		int			number = 1;
		NullableDatum *value;

		if (*template != '{' || template[length + 1] != '}')
		{
			appendStringInfoChar(&text, *template++);
			continue;
		}
		while (strncmp(argument->name, template + 1, length) != 0 ||
			   argument->name[length] != '\0')
		{
			argument++;
			number++;
		}
		value = &call->fcinfo->args[number];
		appendStringInfoString(&text, is_path ?
							   path_value(argument, value->value) :
							   json_value(argument, value->isnull,
										  value->value));
		template += length + 2;
	}
	return text.data;
}

/*
 * An argument as it stands in a path.
 */
static char *
path_value(const Argument *argument, Datum value)
{
	char	   *string = parameter_value(argument, value);

	if (*string == '\0' || strcmp(string, ".") == 0 ||
		strcmp(string, "..") == 0)
		refuse_argument("argument \"%s\" stands in a path and cannot be empty, \".\" or \"..\"",
						argument->name);
	return fc_url_escape(string);
}

static char *
parameter_value(const Argument *argument, Datum value)
{
	return argument->type == TEXTOID ? TextDatumGetCString(value) :
		psprintf(INT64_FORMAT, DatumGetInt64(value));
}

/*
 * An argument as it stands in JSON.  A NULL is false, as by default.
 */
static char *
json_value(const Argument *argument, bool isnull, Datum value)
{
	if (argument->type == BOOLOID)
		return pstrdup(!isnull && DatumGetBool(value) ? "true" : "false");
	if (argument->type == INT8OID)
		return psprintf(INT64_FORMAT, DatumGetInt64(value));
	return JsonbToCString(NULL, &DatumGetJsonbP(value)->root, 0);
}

/*
 * Add the arguments of the query string to the path; those of persons are
 * shown nowhere.
 */
static void
add_parameters(VerbCall *call)
{
	const Argument *argument = call->verb->arguments;
	StringInfoData path;
	StringInfoData shown;

	initStringInfo(&path);
	initStringInfo(&shown);
	for (int i = 1; argument->name; argument++, i++)
	{
		NullableDatum *value = &call->fcinfo->args[i];
		char		separator = path.len == 0 ? '?' : '&';
		char	   *string;

		if (argument->parameter == NULL || value->isnull)
			continue;
		string = parameter_value(argument, value->value);
		appendStringInfo(&path, "%c%s=%s", separator, argument->parameter,
						 fc_url_escape(string));
		appendStringInfo(&shown, "%c%s=***", separator, argument->parameter);
		if (call->verb->hides_parameters)
			hide_value(call, string);
	}
	if (call->verb->hides_parameters)
		call->request.shown = psprintf("%s%s", call->request.path, shown.data);
	call->request.path = psprintf("%s%s", call->request.path, path.data);
}

/*
 * Let no message show a value, as it is or as it stands in the request, which
 * some servers quote.
 */
static void
hide_value(VerbCall *call, const char *value)
{
	List	   *hidden = call->request.hidden;

	hidden = lappend(hidden, pg_server_to_any(value, strlen(value), PG_UTF8));
	call->request.hidden = lappend(hidden, fc_url_escape(value));
}

/*
 * The body: defaults, then what the details say, then the arguments.
 */
static char *
make_body(const VerbCall *call)
{
	const Verb *verb = call->verb;
	char	   *arguments = fill_in(call, verb->body, false);
	Datum		body = DirectFunctionCall1(jsonb_in,
										   CStringGetDatum(arguments));
	Datum		base;
	Datum		details;
	bool		isnull;
	char	   *text;

	if (verb->defaults != NULL)
	{
		base = DirectFunctionCall1(jsonb_in, CStringGetDatum(verb->defaults));
		details = argument_value(call, verb->details, &isnull);
		if (!isnull)
			base = DirectFunctionCall2(jsonb_concat, base, details);
		body = DirectFunctionCall2(jsonb_concat, base, body);
	}
	text = JsonbToCString(NULL, &DatumGetJsonbP(body)->root, 0);
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}

static Datum
argument_value(const VerbCall *call, const char *name, bool *isnull)
{
	int			number = 0;

	while (strcmp(call->verb->arguments[number].name, name) != 0)
		number++;
	*isnull = call->fcinfo->args[number + 1].isnull;
	return call->fcinfo->args[number + 1].value;
}

/*
 * Throw before anything is sent.
 */
static void
refuse_argument(const char *format, const char *name)
{
	char	   *message = psprintf(format, name);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message)));
}

/*
 * A node as jsonb.
 */
static Datum
give_json(FcJsonNode node)
{
	Size		length;
	const char *source = fc_json_source(node, &length);
	char	   *text = pg_any_to_server(pnstrdup(source, length), length,
										PG_UTF8);

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

/*
 * The list that an answer holds; absent if there was nothing to answer.
 */
static FcJsonNode
find_list(const VerbCall *call, FcJsonNode root)
{
	FcJsonNode	list = root;

	if (fc_json_kind(root) == FC_JSON_ABSENT)
		return root;
	list = call->verb->member ? fc_json_member(root, call->verb->member) :
		fc_page_container(unconstify(FcJson *, root.document));
	if (call->verb->names && fc_json_kind(list) == FC_JSON_ABSENT)
		return list;			/* it was done, and names nobody */
	if (fc_json_kind(list) != FC_JSON_ARRAY)
		fc_verb_refuse(&call->request, "the answer holds no list");
	return list;
}

/*
 * Give each item of a list as jsonb.
 */
static void
put_items(const VerbCall *call, FcJsonNode list)
{
	ReturnSetInfo *result = (ReturnSetInfo *) call->fcinfo->resultinfo;
	FcJsonIterator iterator;
	FcJsonNode	item;
	bool		isnull = false;

	if (fc_json_kind(list) == FC_JSON_ABSENT)
		return;
	iterator = fc_json_iterate(list);
	while (fc_json_next(&iterator, &item, NULL))
	{
		Datum		value = give_json(item);

		tuplestore_putvalues(result->setResult, result->setDesc, &value,
							 &isnull);
	}
}

/*
 * What reads a result's columns from members of an item.
 */
static FcTupleReader *
make_reader(const VerbCall *call, TupleDesc tupdesc)
{
	const char *const *renamed = call->verb->renamed;
	FcTable    *table = palloc0(sizeof(FcTable));
	Bitmapset  *whole_row;

	table->name = call->verb->name;
	table->natts = tupdesc->natts;
	table->columns = palloc0(tupdesc->natts * sizeof(FcTableColumn));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		FcTableColumn *column = &table->columns[i];

		column->attnum = i + 1;
		column->name = NameStr(TupleDescAttr(tupdesc, i)->attname);
		column->path = renamed[0] && strcmp(column->name, renamed[0]) == 0 ?
			renamed[1] : column->name;
	}
	whole_row = bms_make_singleton(0 - FirstLowInvalidHeapAttributeNumber);
	return fc_tuple_reader(tupdesc, table, whole_row,
						   fc_memo_server(call->serverid)->naive_timezone);
}

/*
 * Give members of each item of a list.
 */
static void
put_rows(const VerbCall *call, FcJsonNode list)
{
	ReturnSetInfo *result = (ReturnSetInfo *) call->fcinfo->resultinfo;
	TupleDesc	tupdesc = result->setDesc;
	FcTupleReader *reader = make_reader(call, tupdesc);
	Datum	   *values = palloc(tupdesc->natts * sizeof(Datum));
	bool	   *isnull = palloc(tupdesc->natts * sizeof(bool));
	FcJsonIterator iterator = fc_json_iterate(list);
	FcJsonNode	item;

	while (fc_json_next(&iterator, &item, NULL))
	{
		if (fc_json_kind(item) != FC_JSON_OBJECT)
			fc_verb_refuse(&call->request, "an item of the list is no object");
		fc_tuple_read(reader, item, values, isnull);
		tuplestore_putvalues(result->setResult, tupdesc, values, isnull);
	}
}

/*
 * Give members of an object.
 */
static Datum
give_row(const VerbCall *call, FcJsonNode object)
{
	TupleDesc	tupdesc;
	Datum	   *values;
	bool	   *isnull;

	if (get_call_result_type(call->fcinfo, NULL, &tupdesc) !=
		TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values = palloc(tupdesc->natts * sizeof(Datum));
	isnull = palloc(tupdesc->natts * sizeof(bool));
	fc_tuple_read(make_reader(call, tupdesc), object, values, isnull);
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, isnull));
}
