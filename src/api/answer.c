/*
 * answer.c
 *		Find out what a response of the API means.
 *
 * error.c judges a response by three things that are found out here: did
 * anything come, is it JSON, and what does the JSON say (saying.c)?  Whatever
 * the API says is quoted without the secrets that we sent, as some servers
 * echo what they got.
 */
#include "postgres.h"

#include "api/advice.h"
#include "api/answer.h"
#include "api/catalog.h"
#include "api/connection.h"
#include "miscadmin.h"

/* What is being read. */
typedef struct Reading
{
	const FcApi *api;
	const FcExchange *call;
	const FcHttpResponse *response;
} Reading;

static void read_reply(const Reading *reading, FcReply *reply,
					   FcAnswer *answer);
static void read_document(const Reading *reading, FcJson *document,
						  FcReply *reply, FcAnswer *answer);
static bool may_hold_persons(const char *name, const char *body);
static const char *list_codes(FcJsonNode errors);
static void quote_message(const Reading *reading, const char *message,
						  FcReply *reply);
static void name_mapping(const Reading *reading, FcError *error);
static const char *hide_secrets(const Reading *reading, const char *text);
static bool is_blank(const FcHttpResponse *response);

/*
 * fc_answer_read
 *		The answer that a response to a call holds, and what it means.
 *
 * Both live in the current context.  Never throws what the answer means.
 */
FcAnswer *
fc_answer_read(const FcApi *api, const FcExchange *call, const char *resource,
			   const FcHttpResponse *response, FcError **error)
{
	Reading		reading = {api, call, response};
	FcAnswer   *answer = palloc0(sizeof(FcAnswer));
	FcReply		reply = {0};

	reply.resource = resource;
	answer->age = fc_advice_read_age(response);
	read_reply(&reading, &reply, answer);
	*error = fc_error_judge(&reply);
	name_mapping(&reading, *error);
	answer->verdict = (*error)->verdict;
	return answer;
}

/*
 * fc_answer_is_write
 *		May the call change something at the API?
 */
bool
fc_answer_is_write(const FcExchange *call)
{
	return strcmp(call->method, "GET") != 0;
}

/*
 * fc_answer_is_throttling
 *		Is this how the API says that there are too many requests?
 */
bool
fc_answer_is_throttling(const FcExchange *call,
						const FcHttpResponse *response)
{
	if (response->outcome != FC_OUTCOME_ANSWERED)
		return false;
	return response->status == 429 ||
		(response->status / 100 == 2 && !fc_answer_is_write(call) &&
		 is_blank(response));
}

/*
 * fc_answer_hide
 *		What the API says, which may be NULL, without the secrets that we sent
 *		and what the call hides.
 */
const char *
fc_answer_hide(const FcApi *api, const FcExchange *call, const char *text)
{
	ListCell   *cell;

	text = fc_connection_hide(api->connection, text);
	foreach(cell, call->hidden)
		text = fc_connection_hide_secret(text, lfirst(cell));
	return text;
}

/* Find out what there is to know of a response before it is judged. */
static void
read_reply(const Reading *reading, FcReply *reply, FcAnswer *answer)
{
	const FcHttpResponse *response = reading->response;
	bool		is_success = response->status / 100 == 2;
	FcJson	   *document;

	reply->is_write = fc_answer_is_write(reading->call);
	reply->kind = reading->call->kind;
	reply->outcome = response->outcome;
	reply->reason = hide_secrets(reading, response->reason);
	reply->status = answer->status = response->status;
	answer->text = response->body;
	answer->length = response->length;
	if (reply->outcome != FC_OUTCOME_ANSWERED)
		return;

	reply->allow = hide_secrets(reading, fc_http_header(response, "allow"));
	if (is_blank(response))
	{
		/* a PUT or DELETE may have nothing to say, a GET or POST may not */
		reply->is_blank = true;
		if (is_success && (!reply->is_write ||
						   strcmp(reading->call->method, "POST") == 0))
			reply->outcome = FC_OUTCOME_EMPTY;
		return;
	}

	document = fc_json_parse(response->body, response->length);
	if (document != NULL)
		read_document(reading, document, reply, answer);
	else if (is_success)
		reply->outcome = FC_OUTCOME_NOT_JSON;
	else
		reply->is_text = true;
	if (answer->document != NULL)
		return;
	if (reply->message == NULL)
	{
		quote_message(reading, response->body, reply);
		if (may_hold_persons(reply->resource, response->body))
			reply->shown = NULL;
	}
	answer->message = reply->shown;
}

/*
 * May a body that is no error in words be rows, or the rest of them, that name
 * persons?  Nobody knows that of lists by path, nor of what functions get.
 */
static bool
may_hold_persons(const char *name, const char *body)
{
	const FcResource *resource = fc_catalog_find(name);

	if (resource != NULL && (resource->abilities & FC_PERSONS) == 0)
		return false;
	body += strspn(body, " \t\r\n");
	return *body == '{' || *body == '[';
}

/* Find out what the JSON in a response says; it is the answer if not "no". */
static void
read_document(const Reading *reading, FcJson *document, FcReply *reply,
			  FcAnswer *answer)
{
	FcJsonNode	root = fc_json_root(document);
	bool		is_success = reply->status / 100 == 2;
	FcSaying	saying;

	if (reply->is_write)
		saying = fc_saying_of_write(root, &reading->call->naming);
	else
		saying = fc_saying_of_read(root);
	reply->refuses = saying.refuses;
	reply->confirms = saying.confirms;
	if (is_success && (reply->is_write ? saying.confirms : !saying.refuses))
	{
		answer->document = document;
		answer->object = saying.object;
		answer->id = saying.id;
		return;
	}
	if (!is_success)
		fc_saying_quote(root, &saying);
	if (saying.message != NULL)
		quote_message(reading, saying.message, reply);
	reply->code = saying.code;
	reply->codes = hide_secrets(reading,
								list_codes(fc_json_member(root, "errors")));
}

/* The codes of all errors of a list: "a, b"; NULL if none has one. */
static const char *
list_codes(FcJsonNode errors)
{
	StringInfoData codes;
	FcJsonIterator iterator;
	FcJsonNode	error;

	if (fc_json_kind(errors) != FC_JSON_ARRAY)
		return NULL;
	initStringInfo(&codes);
	iterator = fc_json_iterate(errors);
	while (fc_json_next(&iterator, &error, NULL))
	{
		FcJsonNode	code = fc_json_member(error, "code");
		const char *text;

		if (fc_json_kind(code) != FC_JSON_STRING)
			continue;
		text = fc_json_legible(code);
		appendStringInfo(&codes, "%s%s", codes.len > 0 ? ", " : "",
						 fc_error_quote(text, strlen(text)));
	}
	return codes.len > 0 ? codes.data : NULL;
}

/* Note what the body says, to be understood and to be shown. */
static void
quote_message(const Reading *reading, const char *message, FcReply *reply)
{
	const char *shown = hide_secrets(reading, message);

	reply->message = fc_error_quote(message, strlen(message));
	reply->shown = fc_error_quote(shown, strlen(shown));
}

/* Say whose user mapping it is that an error is about. */
static void
name_mapping(const Reading *reading, FcError *error)
{
	const FcApi *api = reading->api;
	const char *what = "api_key";
	const char *server;
	const char *whose;

	if (reading->response->proxy_wants_login)
		what = "proxy_user and proxy_password";
	else if (error->sqlstate != ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION)
		return;

	server = api->server->name;
	whose = MappingUserName(api->userid);
	if (OidIsValid(api->mapping_owner))
		error->hint = psprintf("Check the %s of the user mapping for role \"%s\" on server \"%s\".",
							   what, whose, server);
	else
		error->hint = psprintf("Check the %s of the user mapping for PUBLIC on server \"%s\", which role \"%s\" uses.",
							   what, server, whose);
}

/* A text without the secrets of the call that is being read. */
static const char *
hide_secrets(const Reading *reading, const char *text)
{
	return fc_answer_hide(reading->api, reading->call, text);
}

/* Is there nothing in the body? */
static bool
is_blank(const FcHttpResponse *response)
{
	return strspn(response->body, " \t\r\n") == response->length;
}
