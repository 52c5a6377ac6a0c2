/*
 * ping.c
 *		Does a server's API answer, and what is wrong if it does not?
 *
 * A ping asks for the first course of the list, and waits for its turn as any
 * other request does.  Its outcome, good or bad, is returned as a row.  Only a
 * fault on our side, such as a missing user mapping, is an error.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "api/memo.h"
#include "catalog/pg_foreign_server.h"
#include "compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "ping.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "views.h"

enum
{
	PING_STATUS,
	PING_HTTP_MS,
	PING_WAIT_MS,
	PING_KEY_ACCEPTED,
	PING_MESSAGE,
	PING_COLUMNS
};

/* What an error says of the key. */
typedef enum KeySaying
{
	KEY_UNTOLD,
	KEY_ACCEPTED,
	KEY_REFUSED
} KeySaying;

/* What is wrong, in plain words; the first that fits. */
typedef struct Trouble
{
	int			sqlstate;
	const char *word;			/* of the error's message or detail, or NULL */
	KeySaying	key;
	const char *message;		/* "%s" is the address */
} Trouble;

static const Trouble troubles[] =
{
	{ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, NULL, KEY_REFUSED,
	"the API at %s refuses the key"},
	{ERRCODE_INSUFFICIENT_PRIVILEGE, NULL, KEY_ACCEPTED,
	"the API at %s knows the key, which lacks the permission to read courses"},
	{ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION, "certificate", KEY_UNTOLD,
	"the certificate of %s is not to be trusted"},
	{ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION, "prox", KEY_UNTOLD,
	"the proxy does not lead to %s"},
	{ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION, NULL, KEY_UNTOLD,
	"nobody answers at %s"},
	{ERRCODE_FDW_TABLE_NOT_FOUND, NULL, KEY_UNTOLD,
	"the API is not at %s"},
	{ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, NULL, KEY_UNTOLD,
	"what answers at %s is not the API"},
	{ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, NULL, KEY_UNTOLD,
	"the API at %s gets too many requests"},
	{ERRCODE_CONNECTION_FAILURE, NULL, KEY_UNTOLD,
	"%s gave no whole answer"},
	{ERRCODE_CANNOT_CONNECT_NOW, NULL, KEY_UNTOLD,
	"the API at %s is out of service now"},
	{0, NULL, KEY_UNTOLD, "the API at %s answers with an error"}
};

PG_FUNCTION_INFO_V1(frontcore_ping);

static const Trouble *find_trouble(const FcError *error);
static const char *describe(const FcApi *api, const Trouble *trouble,
							const FcAnswer *answer);
static bool mentions(const char *text, const char *word);

/*
 * frontcore_ping
 *		Send one request, and tell in one row what came of it.
 */
Datum
frontcore_ping(PG_FUNCTION_ARGS)
{
	FcApi	   *api = fc_ping_open(NameStr(*PG_GETARG_NAME(0)));
	FcMeter		use = {.resource = fc_ping_courses()->name};
	FcExchange	call = {0};
	FcAnswer   *answer;
	TupleDesc	tupdesc;
	Datum		values[PING_COLUMNS] = {0};
	bool		nulls[PING_COLUMNS] = {false};
	KeySaying	key = KEY_ACCEPTED;
	const char *message;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	call.method = "GET";
	call.path = psprintf("%s?limit=1", fc_ping_list(fc_ping_courses()));
	call.tolerates = ~0;
	call.is_single = true;
	answer = fc_exchange(api, &use, &call);

	if (answer->error == NULL)
		message = psprintf("the API at %s answers, and accepts the key",
						   api->server->base_url);
	else
	{
		const Trouble *trouble = find_trouble(answer->error);

		key = trouble->key;
		message = describe(api, trouble, answer);
	}
	values[PING_STATUS] = Int32GetDatum(answer->status);
	nulls[PING_STATUS] = (answer->status == 0);
	values[PING_HTTP_MS] = fc_views_milliseconds(use.counts.http_ms);
	values[PING_WAIT_MS] = fc_views_milliseconds(use.counts.wait_ms);
	values[PING_KEY_ACCEPTED] = BoolGetDatum(key == KEY_ACCEPTED);
	nulls[PING_KEY_ACCEPTED] = (key == KEY_UNTOLD);
	values[PING_MESSAGE] = CStringGetTextDatum(message);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values,
											 nulls));
}

/*
 * fc_ping_open
 *		The current role's way to a server of ours.
 *
 * Requests count for everybody, so a mapping of PUBLIC alone is not enough:
 * the role needs USAGE on the server, or a mapping of its own.
 */
FcApi *
fc_ping_open(const char *name)
{
	Oid			serverid = fc_memo_find_server(name);
	FcApi	   *api = fc_access_open(serverid, GetUserId());

	if (!OidIsValid(api->mapping_owner) &&
		!fc_may_use_server(serverid, GetUserId()))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FOREIGN_SERVER, name);
	return api;
}

/*
 * fc_ping_dates
 *		The resource whose rows can be asked for by many parents at once.
 */
const FcResource *
fc_ping_dates(void)
{
	for (int i = 0; fc_resources[i].name != NULL; i++)
	{
		const FcRoute *route = fc_resources[i].routes;

		for (; route->path != NULL; route++)
			if (route->flags & FC_BATCH)
				return &fc_resources[i];
	}
	elog(ERROR, "no resource has a batch");
}

/*
 * fc_ping_courses
 *		The resource of these parents.
 */
const FcResource *
fc_ping_courses(void)
{
	const FcRoute *route = fc_ping_dates()->routes;

	while (route->parents == NULL)
		route++;
	return fc_catalog_find(route->parents);
}

/*
 * fc_ping_list
 *		The path of the list of all rows of a resource.
 */
const char *
fc_ping_list(const FcResource *resource)
{
	const FcRoute *route = resource->routes;

	while (route->flags & (FC_BY_ID | FC_BY_PARENT))
		route++;
	return route->path;
}

/* What an error means. */
static const Trouble *
find_trouble(const FcError *error)
{
	const Trouble *trouble = troubles;

	while (trouble->sqlstate != 0 &&
		   (trouble->sqlstate != error->sqlstate ||
			(trouble->word != NULL &&
			 !mentions(error->message, trouble->word) &&
			 !mentions(error->detail, trouble->word))))
		trouble++;
	return trouble;
}

/* The same in words, with the API's own, and with what to do. */
static const char *
describe(const FcApi *api, const Trouble *trouble, const FcAnswer *answer)
{
	const FcError *error = answer->error;
	StringInfoData message;

	initStringInfo(&message);
	appendStringInfo(&message, trouble->message, api->server->base_url);
	appendStringInfo(&message, ": %s.", error->message);
	if (error->detail != NULL)
		appendStringInfo(&message, "  %s", error->detail);
	if (error->hint != NULL)
		appendStringInfo(&message, "  %s", error->hint);
	return message.data;
}

/* Is a word in a text, which may be NULL? */
static bool
mentions(const char *text, const char *word)
{
	return text != NULL && strstr(text, word) != NULL;
}
