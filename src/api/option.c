/*
 * option.c
 *		What the options of a server, table, column or user mapping say.
 *
 * There is one table of options.  The validator, which sees them when an
 * object is created or altered, and the functions that fill FcServer and
 * FcTable are loops over it, so that both agree on what a value means
 * (parse.c).  A value is checked again when it is used: an object may have
 * been made by an older version of us, with other bounds.
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "api/option.h"
#include "api/parse.h"
#include "base/url.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* Where an option may stand. */
#define ON_SERVER		0x01
#define ON_TABLE		0x02
#define ON_COLUMN		0x04
#define ON_MAPPING		0x08
#define ON_IMPORT		0x10

/* A kind of object that takes options, though perhaps none of ours. */
typedef struct FcPlace
{
	Oid			catalog;		/* as the validator is told; InvalidOid ends */
	int			place;
	const char *noun;
} FcPlace;

static const FcPlace places[] = {
	{ForeignServerRelationId, ON_SERVER, "a server"},
	{ForeignTableRelationId, ON_TABLE, "a foreign table"},
	{AttributeRelationId, ON_COLUMN, "a column"},
	{UserMappingRelationId, ON_MAPPING, "a user mapping"},
	{ForeignDataWrapperRelationId, 0, "a foreign-data wrapper"},
	{InvalidOid, 0, "this object"}
};

static const FcPlace import_place = {
	InvalidOid, ON_IMPORT, "IMPORT FOREIGN SCHEMA"
};

/* As in FcCacheMode. */
static const char *const cache_words[] = {"off", "transaction", "shared", NULL};

/* The false word first. */
static const char *const delete_words[] = {"delete", "deactivate", NULL};

/* As in FcDatesSource. */
static const char *const source_words[] = {"auto", "list", "batch", NULL};

/* As in FcOmitted. */
static const char *const omitted_words[] = {"unknown", "kept", "reset", NULL};

/* Words for the table below; each one fills in members of FcOption. */
#define SERVER(member)	.in_server = offsetof(FcServer, member)
#define TABLE(member)	.in_table = offsetof(FcTable, member)
#define BOTH(member)	SERVER(member), TABLE(member)
#define BETWEEN(low, high)	.min = low, .max = high
#define OR_ZERO			.zero = true
#define HIDDEN			.hidden = true
#define WORDS(list)		.words = list

#define ON_BOTH			(ON_SERVER | ON_TABLE)

static const FcOption options[] = {
	{"base_url", ON_SERVER, fc_parse_url, "https://api.frontcore.com/v2",
	SERVER(base_url), HIDDEN},
	{"requests_per_second", ON_SERVER, fc_parse_number, "5",
	SERVER(limits.per_second), BETWEEN(0.1, 1000), OR_ZERO},
	{"requests_per_minute", ON_SERVER, fc_parse_integer, "0",
	SERVER(limits.per_minute), BETWEEN(1, 100000), OR_ZERO},
	{"max_concurrent_requests", ON_SERVER, fc_parse_integer, "1",
	SERVER(limits.max_concurrent), BETWEEN(1, 1000)},
	{"limiter_key", ON_SERVER, fc_parse_text, NULL, SERVER(limiter_key)},
	{"connect_timeout", ON_SERVER, fc_parse_duration, "10s",
	SERVER(http.connect_timeout_ms), BETWEEN(1, FC_PARSE_DAY)},
	{"request_timeout", ON_SERVER, fc_parse_duration, "60s",
	SERVER(http.request_timeout_ms), BETWEEN(1, FC_PARSE_DAY)},
	{"max_retries", ON_SERVER, fc_parse_integer, "5",
	SERVER(max_retries), BETWEEN(0, 100)},
	{"max_retry_wait", ON_SERVER, fc_parse_duration, "60s",
	SERVER(max_retry_wait_ms), BETWEEN(0, FC_PARSE_DAY)},
	{"max_response_size", ON_SERVER, fc_parse_size, "64MB",
	SERVER(http.max_response_size), BETWEEN(1024, 1023.0 * 1024 * 1024)},
	{"ca_file", ON_SERVER, fc_parse_text, NULL, SERVER(http.ca_file)},
	{"proxy", ON_SERVER, fc_parse_proxy, NULL, SERVER(http.proxy), HIDDEN},
	{"user_agent", ON_SERVER, fc_parse_header, "frontcore_fdw/" FC_VERSION,
	SERVER(http.user_agent)},
	{"timezone", ON_SERVER, fc_parse_zone, NULL, SERVER(filter_timezone)},
	{"naive_timezone", ON_SERVER, fc_parse_zone, "Europe/Oslo",
	BOTH(naive_timezone)},
	{"course_dates_source", ON_SERVER, fc_parse_word, "auto",
	SERVER(dates_source), WORDS(source_words)},
	{"cache", ON_BOTH, fc_parse_word, "transaction",
	BOTH(cache), WORDS(cache_words)},
	{"cache_ttl", ON_BOTH, fc_parse_age, "60s",
	BOTH(cache_ttl_ms), BETWEEN(1000, 7 * FC_PARSE_DAY)},
	{"stale_if_error", ON_BOTH, fc_parse_age, "0",
	BOTH(stale_if_error_ms), BETWEEN(0, 7 * FC_PARSE_DAY)},
	{"omitted_fields", ON_BOTH, fc_parse_word, "unknown",
	BOTH(omitted), WORDS(omitted_words)},
	{"updatable", ON_BOTH, fc_parse_boolean, "true", BOTH(updatable)},
	{"resource", ON_TABLE, fc_parse_resource, NULL, TABLE(resource)},
	{"path", ON_TABLE, fc_parse_path, NULL, TABLE(path)},
	{"on_delete", ON_TABLE, fc_parse_either, "delete",
	TABLE(deactivates), WORDS(delete_words)},
	{"page_size", ON_BOTH, fc_parse_integer, "250",
	BOTH(page_size), BETWEEN(1, 250)},
	{"push_filters", ON_BOTH, fc_parse_boolean, "true", BOTH(push_filters)},
	{"push_order", ON_BOTH, fc_parse_boolean, "true", BOTH(push_order)},
	{"fdw_startup_cost", ON_BOTH, fc_parse_number, NULL,
	BOTH(startup_cost), BETWEEN(0, 1e10)},
	{"fdw_request_cost", ON_BOTH, fc_parse_number, NULL,
	BOTH(request_cost), BETWEEN(0, 1e10)},
	{"field", ON_COLUMN, fc_parse_field},
	{"api_key", ON_MAPPING, fc_parse_key, NULL, HIDDEN},
	{"proxy_user", ON_MAPPING, fc_parse_proxy_user, NULL, HIDDEN},
	{"proxy_password", ON_MAPPING, fc_parse_text, NULL, HIDDEN},
	{"import_raw", ON_IMPORT, fc_parse_boolean},
	{"import_persons", ON_IMPORT, fc_parse_boolean},
	{NULL}
};

PG_FUNCTION_INFO_V1(frontcore_fdw_validator);

static const FcPlace *find_place(Oid catalog);
static void check_options(const FcPlace *place, List *given);
static const FcOption *find_option(const FcPlace *place, const char *name);
static char *list_places(int wanted);
static char *list_options(const FcPlace *place);
static void check_characters(const FcOption *option, const char *value);
static void parse_option(const FcOption *option, const char *value,
						 void *target);
static void fill_server(FcServer *server, List *given);

/*
 * frontcore_fdw_validator
 *		Refuse options that the kind of object does not take, and bad values.
 */
Datum
frontcore_fdw_validator(PG_FUNCTION_ARGS)
{
	List	   *given = untransformRelOptions(PG_GETARG_DATUM(0));

	check_options(find_place(PG_GETARG_OID(1)), given);
	if (PG_GETARG_OID(1) == ForeignTableRelationId &&
		fc_option_given(given, "path", NULL) != NULL &&
		fc_option_given(given, "resource", NULL) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("options \"path\" and \"resource\" exclude each other"),
				 errhint("A resource knows its paths.")));

	PG_RETURN_VOID();
}

/*
 * fc_option_import
 *		What IMPORT FOREIGN SCHEMA is asked for.
 *
 * Core does not validate these options, so we do.
 */
FcImportOptions
fc_option_import(List *given)
{
	FcImportOptions result = {false, false};

	check_options(&import_place, given);
	(void) parse_bool(fc_option_given(given, "import_raw", "false"),
					  &result.raw);
	(void) parse_bool(fc_option_given(given, "import_persons", "false"),
					  &result.persons);

	return result;
}

/*
 * fc_option_server
 *		A server's options, with the defaults filled in.
 */
FcServer *
fc_option_server(Oid serverid)
{
	ForeignServer *object = GetForeignServer(serverid);
	FcServer   *server = palloc0(sizeof(*server));
	char	   *base_url;
	char	   *origin;

	server->serverid = serverid;
	server->name = object->servername;
	server->startup_cost = FC_NO_COST;
	server->request_cost = FC_NO_COST;
	fill_server(server, object->options);

	(void) fc_url_check(server->base_url, &base_url, &origin);
	server->origin = origin;

	return server;
}

/*
 * fc_option_fill_table
 *		Set the members of a table that stand for options.
 */
void
fc_option_fill_table(FcTable *table, List *given)
{
	for (const FcOption *option = options; option->name != NULL; option++)
	{
		const char *value = fc_option_given(given, option->name,
											option->standard);

		if (option->in_table != 0 && value != NULL)
			parse_option(option, value, (char *) table + option->in_table);
	}
}

/*
 * fc_option_given
 *		The value of a named option, the last one if given twice; standard if
 *		not given.
 */
const char *
fc_option_given(List *given, const char *name, const char *standard)
{
	const char *value = standard;
	ListCell   *cell;

	foreach(cell, given)
	{
		DefElem    *element = lfirst_node(DefElem, cell);

		if (strcmp(element->defname, name) == 0)
			value = defGetString(element);
	}

	return value;
}

/* Find what the validator knows only by the OID of its catalog. */
static const FcPlace *
find_place(Oid catalog)
{
	const FcPlace *place = places;

	while (place->catalog != catalog && OidIsValid(place->catalog))
		place++;

	return place;
}

/* Throw unless all the given options may stand in a place and are valid. */
static void
check_options(const FcPlace *place, List *given)
{
	ListCell   *cell;

	foreach(cell, given)
	{
		DefElem    *element = lfirst_node(DefElem, cell);
		const FcOption *option = find_option(place, element->defname);
		const char *value = defGetString(element);
		uint64		unused;		/* room for whatever a parser yields */

		check_characters(option, value);
		parse_option(option, value, &unused);
	}

	if (fc_option_given(given, "proxy_password", NULL) != NULL &&
		fc_option_given(given, "proxy_user", NULL) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option \"proxy_password\" needs option \"proxy_user\""),
				 errhint("Give both in one statement.")));
}

/* Find an option by name; throw if it has no business in a place. */
static const FcOption *
find_option(const FcPlace *place, const char *name)
{
	const FcOption *option = options;
	const char *valid;

	while (option->name != NULL && strcmp(option->name, name) != 0)
		option++;
	if (option->name != NULL && (option->places & place->place) != 0)
		return option;

	valid = list_options(place);
	if (option->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("option \"%s\" does not exist", name),
				 errhint("%s", valid)));
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("option \"%s\" does not belong to %s", name, place->noun),
			 errhint("It belongs to %s.  %s",
					 list_places(option->places), valid)));
}

/* Name the places where an option may stand. */
static char *
list_places(int wanted)
{
	StringInfoData names;

	initStringInfo(&names);
	if ((wanted & import_place.place) != 0)
		appendStringInfoString(&names, import_place.noun);
	for (const FcPlace *place = places; OidIsValid(place->catalog); place++)
	{
		if ((wanted & place->place) != 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? " or " : "",
							 place->noun);
	}

	return names.data;
}

/* Say which options are valid in a place. */
static char *
list_options(const FcPlace *place)
{
	StringInfoData names;

	initStringInfo(&names);
	for (const FcOption *option = options; option->name != NULL; option++)
	{
		if ((option->places & place->place) != 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 option->name);
	}
	if (names.len == 0)
		return psprintf("There are no options for %s.", place->noun);

	return psprintf("Valid options for %s are: %s.", place->noun, names.data);
}

/*
 * Throw if a value holds a control character.  Some values become headers,
 * and all of them may be printed; none needs a line break.
 */
static void
check_characters(const FcOption *option, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
	{
		if ((unsigned char) *c < 0x20 || *c == 0x7f)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("invalid value for option \"%s\"", option->name),
					 errhint("A value may not hold line breaks or other control characters.")));
	}
}

/* Parse a value into target; throw if it is not valid. */
static void
parse_option(const FcOption *option, const char *value, void *target)
{
	const char *valid = option->parse(option, value, target);

	if (valid == NULL)
		return;

	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 option->hidden ?
			 errmsg("invalid value for option \"%s\"", option->name) :
			 errmsg("invalid value for option \"%s\": \"%s\"",
					option->name, value),
			 errhint("%s", valid)));
}

/* Set the members of a server that stand for options. */
static void
fill_server(FcServer *server, List *given)
{
	for (const FcOption *option = options; option->name != NULL; option++)
	{
		const char *value = fc_option_given(given, option->name,
											option->standard);

		if (option->in_server != 0 && value != NULL)
			parse_option(option, value, (char *) server + option->in_server);
	}
}
