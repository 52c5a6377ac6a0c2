/*
 * option.c
 *		What the options of a server, table, column or user mapping say.
 *
 * There is one table of options.  The validator, which sees them when an
 * object is created or altered, and the functions that fill FcServer and
 * FcTable are loops over it, so that both agree on what a value means.  A
 * value is checked again when it is used: an object may have been made by an
 * older version of us, with other bounds.
 */
#include "postgres.h"

#include <math.h>

#include "access/reloptions.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "api/option.h"
#include "api/path.h"
#include "base/url.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "common/string.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgtime.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

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

typedef struct FcOption FcOption;

/*
 * Parses value into target, whose type only the parser and the option's
 * offsets know.  Returns NULL, or a sentence that says what is valid.
 */
typedef const char *FcOptionParser(const FcOption *option, const char *value,
								   void *target);

struct FcOption
{
	const char *name;
	int			places;			/* ON_xxx */
	FcOptionParser *parse;
	const char *standard;		/* the default, as a user would write it */
	size_t		in_server;		/* offset in FcServer, 0 if it is not there */
	size_t		in_table;		/* offset in FcTable, 0 if it is not there */
	double		min;
	double		max;
	bool		zero;			/* 0 is valid too, and means no limit */
	bool		hidden;			/* may hold a secret: no message quotes it */
	const char *const *words;	/* the valid ones, NULL ends */
};

static FcOptionParser parse_boolean;
static FcOptionParser parse_integer;
static FcOptionParser parse_number;
static FcOptionParser parse_duration;
static FcOptionParser parse_age;
static FcOptionParser parse_size;
static FcOptionParser parse_word;
static FcOptionParser parse_either;
static FcOptionParser parse_text;
static FcOptionParser parse_header;
static FcOptionParser parse_key;
static FcOptionParser parse_url;
static FcOptionParser parse_proxy;
static FcOptionParser parse_proxy_user;
static FcOptionParser parse_zone;
static FcOptionParser parse_resource;
static FcOptionParser parse_path;
static FcOptionParser parse_field;

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
#define DAY				(24.0 * 60 * 60 * 1000)

static const FcOption options[] = {
	{"base_url", ON_SERVER, parse_url, "https://api.frontcore.com/v2",
	SERVER(base_url), HIDDEN},
	{"requests_per_second", ON_SERVER, parse_number, "5",
	SERVER(limits.per_second), BETWEEN(0.1, 1000), OR_ZERO},
	{"requests_per_minute", ON_SERVER, parse_integer, "0",
	SERVER(limits.per_minute), BETWEEN(1, 100000), OR_ZERO},
	{"max_concurrent_requests", ON_SERVER, parse_integer, "1",
	SERVER(limits.max_concurrent), BETWEEN(1, 1000)},
	{"limiter_key", ON_SERVER, parse_text, NULL, SERVER(limiter_key)},
	{"connect_timeout", ON_SERVER, parse_duration, "10s",
	SERVER(http.connect_timeout_ms), BETWEEN(1, DAY)},
	{"request_timeout", ON_SERVER, parse_duration, "60s",
	SERVER(http.request_timeout_ms), BETWEEN(1, DAY)},
	{"max_retries", ON_SERVER, parse_integer, "5",
	SERVER(max_retries), BETWEEN(0, 100)},
	{"max_retry_wait", ON_SERVER, parse_duration, "60s",
	SERVER(max_retry_wait_ms), BETWEEN(0, DAY)},
	{"max_response_size", ON_SERVER, parse_size, "64MB",
	SERVER(http.max_response_size), BETWEEN(1024, 1023.0 * 1024 * 1024)},
	{"ca_file", ON_SERVER, parse_text, NULL, SERVER(http.ca_file)},
	{"proxy", ON_SERVER, parse_proxy, NULL, SERVER(http.proxy), HIDDEN},
	{"user_agent", ON_SERVER, parse_header, "frontcore_fdw/" FC_VERSION,
	SERVER(http.user_agent)},
	{"timezone", ON_SERVER, parse_zone, NULL, SERVER(filter_timezone)},
	{"naive_timezone", ON_SERVER, parse_zone, "Europe/Oslo",
	BOTH(naive_timezone)},
	{"course_dates_source", ON_SERVER, parse_word, "auto",
	SERVER(dates_source), WORDS(source_words)},
	{"cache", ON_BOTH, parse_word, "transaction",
	BOTH(cache), WORDS(cache_words)},
	{"cache_ttl", ON_BOTH, parse_age, "60s",
	BOTH(cache_ttl_ms), BETWEEN(1000, 7 * DAY)},
	{"stale_if_error", ON_BOTH, parse_age, "0",
	BOTH(stale_if_error_ms), BETWEEN(0, 7 * DAY)},
	{"omitted_fields", ON_BOTH, parse_word, "unknown",
	BOTH(omitted), WORDS(omitted_words)},
	{"updatable", ON_BOTH, parse_boolean, "true", BOTH(updatable)},
	{"resource", ON_TABLE, parse_resource, NULL, TABLE(resource)},
	{"path", ON_TABLE, parse_path, NULL, TABLE(path)},
	{"on_delete", ON_TABLE, parse_either, "delete",
	TABLE(deactivates), WORDS(delete_words)},
	{"page_size", ON_BOTH, parse_integer, "250",
	BOTH(page_size), BETWEEN(1, 250)},
	{"push_filters", ON_BOTH, parse_boolean, "true", BOTH(push_filters)},
	{"push_order", ON_BOTH, parse_boolean, "true", BOTH(push_order)},
	{"fdw_startup_cost", ON_BOTH, parse_number, NULL,
	BOTH(startup_cost), BETWEEN(0, 1e10)},
	{"fdw_request_cost", ON_BOTH, parse_number, NULL,
	BOTH(request_cost), BETWEEN(0, 1e10)},
	{"field", ON_COLUMN, parse_field},
	{"api_key", ON_MAPPING, parse_key, NULL, HIDDEN},
	{"proxy_user", ON_MAPPING, parse_proxy_user, NULL, HIDDEN},
	{"proxy_password", ON_MAPPING, parse_text, NULL, HIDDEN},
	{"import_raw", ON_IMPORT, parse_boolean},
	{"import_persons", ON_IMPORT, parse_boolean},
	{NULL}
};

/* Costs that nobody gave: the planner knows better than a constant. */
#define NO_COST			(-1)

PG_FUNCTION_INFO_V1(frontcore_fdw_validator);

static const FcPlace *find_place(Oid catalog);
static void check_options(const FcPlace *place, List *given);
static const FcOption *find_option(const FcPlace *place, const char *name);
static char *list_places(int wanted);
static char *list_options(const FcPlace *place);
static void check_characters(const FcOption *option, const char *value);
static void parse_option(const FcOption *option, const char *value,
						 void *target);
static const char *given_value(List *given, const char *name,
							   const char *standard);
static void fill_server(FcServer *server, List *given);
static void fill_table(FcTable *table, List *given);
static FcTableColumn *describe_columns(const FcTable *table, Relation rel);
static Bitmapset *computed_from(Relation rel, AttrNumber attnum);
static void describe_column(const FcTable *table, FcTableColumn *column,
							const FcColumn *properties,
							const FcColumn *guess);
static void keep_persons_private(FcTable *table, List *own);
static void describe_item_column(const FcTable *table, FcTableColumn *column,
								 const char *field);
static const char *property_key(const char *field);
static char *list_fields(const FcResource *resource);
static const FcResource *find_resource(const char *name);
static char *given_secret(List *given, const char *name);

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
		given_value(given, "path", NULL) != NULL &&
		given_value(given, "resource", NULL) != NULL)
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
	(void) parse_bool(given_value(given, "import_raw", "false"), &result.raw);
	(void) parse_bool(given_value(given, "import_persons", "false"),
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
	server->startup_cost = NO_COST;
	server->request_cost = NO_COST;
	fill_server(server, object->options);

	(void) fc_url_check(server->base_url, &base_url, &origin);
	server->origin = origin;

	return server;
}

/*
 * fc_option_table
 *		A foreign table's options, and what its columns stand for.
 *
 * The caller holds a lock on the table.  Throws if its resource or one of its
 * columns is unknown: this is where a hand-written table is first looked at.
 */
FcTable *
fc_option_table(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	ForeignTable *object = GetForeignTable(relid);
	FcTable    *table = palloc0(sizeof(*table));
	List	   *given;

	/* What the table says comes last, and so counts. */
	given = list_concat(GetForeignServer(object->serverid)->options,
						object->options);

	table->relid = relid;
	table->schema = get_namespace_name(RelationGetNamespace(rel));
	table->name = pstrdup(RelationGetRelationName(rel));
	table->startup_cost = NO_COST;
	table->request_cost = NO_COST;
	fill_table(table, given);
	if (table->path != NULL)
		table->resource = fc_path_resource(table->path);
	if (table->resource == NULL)
		table->resource = find_resource(table->name);
	keep_persons_private(table, object->options);
	if (table->deactivates && table->resource->deactivate == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("resource \"%s\" has nothing to deactivate",
						table->resource->name),
				 errhint("Set the option \"on_delete\" of foreign table \"%s\" to \"delete\".",
						 table->name)));

	table->natts = RelationGetDescr(rel)->natts;
	table->columns = describe_columns(table, rel);
	table_close(rel, NoLock);

	return table;
}

/*
 * fc_option_add_computed
 *		Add to attributes those that generated columns among them are computed
 *		from; offset by FirstLowInvalidHeapAttributeNumber.
 *
 * A generated column is not computed from another one.
 */
Bitmapset *
fc_option_add_computed(const FcTable *table, Bitmapset *attributes)
{
	for (int i = 0; i < table->natts; i++)
	{
		if (table->columns[i].computed_from != NULL &&
			bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber,
						  attributes))
			attributes = bms_add_members(attributes,
										 table->columns[i].computed_from);
	}
	return attributes;
}

/*
 * fc_option_given
 *		What a server's option was set to; NULL if it was not.
 */
const char *
fc_option_given(Oid serverid, const char *name)
{
	ListCell   *cell;

	foreach(cell, GetForeignServer(serverid)->options)
	{
		DefElem    *given = lfirst(cell);

		if (strcmp(given->defname, name) == 0)
			return defGetString(given);
	}
	return NULL;
}

/*
 * fc_option_find_mapping
 *		The user mapping that a role uses on a server: its own, or PUBLIC's.
 *
 * Its mappingid is InvalidOid if there is none.
 */
FcMapping
fc_option_find_mapping(Oid serverid, Oid userid)
{
	const Oid	owners[] = {userid, InvalidOid};	/* InvalidOid is PUBLIC */
	HeapTuple	tuple = NULL;
	FcMapping	mapping = {InvalidOid};
	Datum		stored;
	bool		isnull;

	for (int i = 0; i < lengthof(owners) && tuple == NULL; i++)
	{
		mapping.owner = owners[i];
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER,
								ObjectIdGetDatum(mapping.owner),
								ObjectIdGetDatum(serverid));
	}
	if (tuple == NULL)
		return mapping;

	mapping.mappingid = ((Form_pg_user_mapping) GETSTRUCT(tuple))->oid;
	stored = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple,
							 Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
	{
		List	   *given = untransformRelOptions(stored);

		mapping.api_key = given_secret(given, "api_key");
		mapping.proxy_user = given_secret(given, "proxy_user");
		mapping.proxy_password = given_secret(given, "proxy_password");
	}
	ReleaseSysCache(tuple);

	return mapping;
}

/*
 * fc_option_mapping
 *		The user mapping that a role uses on a server, with an API key.
 *
 * Throws if there is none.  Unlike GetUserMapping, with an SQLSTATE for a
 * login that cannot work, and a hint at the statement that makes it work.
 */
FcMapping
fc_option_mapping(Oid serverid, Oid userid)
{
	FcMapping	mapping = fc_option_find_mapping(serverid, userid);
	const char *server;

	if (mapping.api_key != NULL)
		return mapping;

	server = GetForeignServer(serverid)->servername;
	if (!OidIsValid(mapping.mappingid))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("no user mapping for role \"%s\" on server \"%s\"",
						MappingUserName(userid), server),
				 errhint("Run: CREATE USER MAPPING FOR %s SERVER %s OPTIONS (api_key '...');",
						 quote_identifier(MappingUserName(userid)),
						 quote_identifier(server))));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("user mapping for role \"%s\" on server \"%s\" has no API key",
					MappingUserName(mapping.owner), server),
			 errhint("Run: ALTER USER MAPPING FOR %s SERVER %s OPTIONS (ADD api_key '...');",
					 quote_identifier(MappingUserName(mapping.owner)),
					 quote_identifier(server))));
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

	if (given_value(given, "proxy_password", NULL) != NULL &&
		given_value(given, "proxy_user", NULL) == NULL)
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

/* The value of a named option, the last one if given twice. */
static const char *
given_value(List *given, const char *name, const char *standard)
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

/* Set the members of a server that stand for options. */
static void
fill_server(FcServer *server, List *given)
{
	for (const FcOption *option = options; option->name != NULL; option++)
	{
		const char *value = given_value(given, option->name, option->standard);

		if (option->in_server != 0 && value != NULL)
			parse_option(option, value, (char *) server + option->in_server);
	}
}

/* Set the members of a table that stand for options. */
static void
fill_table(FcTable *table, List *given)
{
	for (const FcOption *option = options; option->name != NULL; option++)
	{
		const char *value = given_value(given, option->name, option->standard);

		if (option->in_table != 0 && value != NULL)
			parse_option(option, value, (char *) table + option->in_table);
	}
}

/*
 * Answers with persons go to other sessions only where the table itself says
 * so: a server's option is not meant for them.
 */
static void
keep_persons_private(FcTable *table, List *own)
{
	if (table->cache == FC_CACHE_SHARED &&
		(table->resource->abilities & FC_PERSONS) &&
		given_value(own, "cache", NULL) == NULL)
		table->cache = FC_CACHE_TRANSACTION;
}

/* Say what each column of a table stands for. */
static FcTableColumn *
describe_columns(const FcTable *table, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	FcTableColumn *columns = palloc0(desc->natts * sizeof(*columns));
	const FcColumn *guess = table->resource->columns;
	const FcColumn *properties = fc_catalog_flagged(table->resource,
													FC_PROPERTIES);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		/* PostgreSQL computes a generated column; the API has no such field */
		if (attribute->attgenerated == ATTRIBUTE_GENERATED_STORED)
			columns[i].computed_from = computed_from(rel, attribute->attnum);
		if (attribute->attisdropped || attribute->attgenerated != '\0')
			continue;

		columns[i].attnum = attribute->attnum;
		columns[i].name = pstrdup(NameStr(attribute->attname));
		describe_column(table, &columns[i], properties, guess);
		if (columns[i].column != NULL)
			guess = columns[i].column + 1;
	}

	return columns;
}

/* The attributes that a generated column is computed from. */
static Bitmapset *
computed_from(Relation rel, AttrNumber attnum)
{
	Bitmapset  *attributes = NULL;

	pull_varattnos(build_column_default(rel, attnum), 1, &attributes);
	return attributes;
}

/*
 * Say what a column, of which number and name are known, stands for: guess
 * perhaps, as imported tables have the catalog's columns in its order.
 */
static void
describe_column(const FcTable *table, FcTableColumn *column,
				const FcColumn *properties, const FcColumn *guess)
{
	const FcResource *resource = table->resource;
	List	   *given = GetForeignColumnOptions(table->relid, column->attnum);
	const char *field = given_value(given, "field", column->name);

	if (table->path != NULL)
	{
		describe_item_column(table, column, field);
		return;
	}
	if (properties != NULL && property_key(field) != NULL)
	{
		column->property = property_key(field);
		column->path = properties->path ? properties->path : properties->name;
		return;
	}

	if (guess->name != NULL && (guess->flags & FC_MEMBER) == 0 &&
		strcmp(guess->name, field) == 0)
		column->column = guess;
	else
		column->column = fc_catalog_column(resource, field);
	if (column->column != NULL)
		column->path = column->column->path ? column->column->path : field;
	else if (given != NIL && fc_catalog_holder(resource, field) != NULL)
		column->path = field;
	else if (given != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("field \"%s\" of column \"%s\" of foreign table \"%s\" is not known of resource \"%s\"",
						field, column->name, table->name, resource->name),
				 errhint("A field is one of: %s; or a path that begins with one of: %s; or custom_properties.KEY.",
						 list_fields(resource),
						 fc_catalog_members(resource))));
	else
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("column \"%s\" of foreign table \"%s\" is not a field of resource \"%s\"",
						column->name, table->name, resource->name),
				 errhint("Rename the column, or give it the option \"field\".  Fields of the resource are: %s.",
						 list_fields(resource))));
}

/*
 * The same for a table by path: any member of the list's items, or the whole
 * item where the field is empty.
 */
static void
describe_item_column(const FcTable *table, FcTableColumn *column,
					 const char *field)
{
	const FcColumn *bound = fc_catalog_column(table->resource, column->name);

	if (bound != NULL && (bound->flags & FC_BRACE))
		column->column = bound;
	column->path = field;
	if (property_key(field) != NULL)
	{
		column->property = property_key(field);
		column->path = pnstrdup(field, column->property - field - 1);
	}
}

/*
 * The KEY of a field "custom_properties.KEY", else NULL.  A key may hold dots
 * itself, so all that follows the first one is the key.
 */
static const char *
property_key(const char *field)
{
	static const char prefix[] = "custom_properties.";
	size_t		length = sizeof(prefix) - 1;

	return strncmp(field, prefix, length) == 0 ? field + length : NULL;
}

/* Name the fields of a resource. */
static char *
list_fields(const FcResource *resource)
{
	StringInfoData names;

	initStringInfo(&names);
	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		if ((column->flags & FC_MEMBER) == 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 column->name);
	}

	return names.data;
}

/* Find a resource by name; throw if the API has none. */
static const FcResource *
find_resource(const char *name)
{
	const FcResource *found = fc_catalog_find(name);

	if (found != NULL)
		return found;

	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("resource \"%s\" does not exist", name),
			 errhint("The option \"resource\" of a foreign table, else the table's name, is one of: %s.",
					 fc_catalog_names())));
}

/*
 * A mapping option's value, NULL if it was not given.  It is the only copy,
 * which the caller may erase.
 */
static char *
given_secret(List *given, const char *name)
{
	return unconstify(char *, given_value(given, name, NULL));
}

/* Say what a number's bounds are, in words that go with any unit. */
static const char *
describe_bounds(const FcOption *option, const char *unit, const char *more)
{
	return psprintf("Valid values are between %.15g%s and %.15g%s%s%s.",
					option->min, unit, option->max, unit,
					option->zero ? ", or 0 for no limit" : "", more);
}

/* Is a number what its option allows? */
static bool
is_within_bounds(const FcOption *option, double number)
{
	return (number >= option->min && number <= option->max) ||
		(option->zero && number == 0);
}

/* A target of type bool. */
static const char *
parse_boolean(const FcOption *option, const char *value, void *target)
{
	if (parse_bool(value, (bool *) target))
		return NULL;

	return "Valid values are \"true\" and \"false\".";
}

/* A target of type int. */
static const char *
parse_integer(const FcOption *option, const char *value, void *target)
{
	int		   *integer = target;
	char	   *end;

	errno = 0;
	*integer = strtoint(value, &end, 10);
	if (errno == 0 && end != value && *end == '\0' &&
		is_within_bounds(option, *integer))
		return NULL;

	return describe_bounds(option, "", "");
}

/* A target of type double. */
static const char *
parse_number(const FcOption *option, const char *value, void *target)
{
	double	   *number = target;

	if (parse_real(value, number, 0, NULL) &&
		is_within_bounds(option, *number))
		return NULL;

	return describe_bounds(option, "", "");
}

/* A target of type int: milliseconds. */
static const char *
parse_duration(const FcOption *option, const char *value, void *target)
{
	int		   *milliseconds = target;

	if (parse_int(value, milliseconds, GUC_UNIT_MS, NULL) &&
		is_within_bounds(option, *milliseconds))
		return NULL;

	return describe_bounds(option, " ms",
						   "; units are \"us\", \"ms\", \"s\", \"min\", \"h\" and \"d\"");
}

/* A target of type int: milliseconds; a number without a unit is seconds. */
static const char *
parse_age(const FcOption *option, const char *value, void *target)
{
	int		   *milliseconds = target;
	double		seconds;

	if (parse_real(value, &seconds, GUC_UNIT_S, NULL) &&
		is_within_bounds(option, seconds * 1000))
	{
		*milliseconds = (int) rint(seconds * 1000);
		return NULL;
	}
	return psprintf("Valid values are between %.15g s and %.15g d; a number without a unit is seconds.",
					option->min / 1000, option->max / DAY);
}

/* A target of type int64: bytes. */
static const char *
parse_size(const FcOption *option, const char *value, void *target)
{
	int64	   *size = target;
	int			bytes;

	if (parse_int(value, &bytes, GUC_UNIT_BYTE, NULL) &&
		is_within_bounds(option, bytes))
	{
		*size = bytes;
		return NULL;
	}

	return describe_bounds(option, " B",
						   "; units are \"B\", \"kB\" and \"MB\"");
}

/* A target of type int, or an enum: the position of the word. */
static const char *
parse_word(const FcOption *option, const char *value, void *target)
{
	int		   *position = target;
	StringInfoData names;

	for (int i = 0; option->words[i] != NULL; i++)
	{
		if (pg_strcasecmp(value, option->words[i]) == 0)
		{
			*position = i;
			return NULL;
		}
	}

	initStringInfo(&names);
	for (int i = 0; option->words[i] != NULL; i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "",
						 option->words[i]);
	return psprintf("Valid values are: %s.", names.data);
}

/* A target of type bool: is it the second of two words? */
static const char *
parse_either(const FcOption *option, const char *value, void *target)
{
	int			position = 0;
	const char *valid = parse_word(option, value, &position);

	*(bool *) target = (position == 1);

	return valid;
}

/* A target of type const char *: any text. */
static const char *
parse_text(const FcOption *option, const char *value, void *target)
{
	*(const char **) target = value;

	return value[0] != '\0' ? NULL : "The value may not be empty.";
}

/* A target of type const char *: what may stand in a header. */
static const char *
parse_header(const FcOption *option, const char *value, void *target)
{
	bool		printable = pg_is_ascii(value);

	if (printable && value[0] > ' ' && value[strlen(value) - 1] > ' ')
		return parse_text(option, value, target);

	return "The value is ASCII text that neither begins nor ends with a space.";
}

/* A target of type const char *: an API key. */
static const char *
parse_key(const FcOption *option, const char *value, void *target)
{
	if (strchr(value, ' ') == NULL &&
		parse_header(option, value, target) == NULL)
		return NULL;

	return "An API key is not empty and consists of visible ASCII characters.";
}

/* A target of type const char *: the address of an API. */
static const char *
parse_url(const FcOption *option, const char *value, void *target)
{
	char	   *origin;

	return fc_url_check(value, target, &origin);
}

/* A target of type const char *: the address of a proxy. */
static const char *
parse_proxy(const FcOption *option, const char *value, void *target)
{
	*(const char **) target = value;

	return fc_url_check_proxy(value);
}

/*
 * A target of type const char *: who we are to a proxy.  A colon ends the
 * name where it is sent (RFC 7617, section 2).
 */
static const char *
parse_proxy_user(const FcOption *option, const char *value, void *target)
{
	if (strchr(value, ':') != NULL)
		return "A user name for a proxy cannot contain a colon.";

	return parse_text(option, value, target);
}

/* A target of type const char *: the name of a time zone. */
static const char *
parse_zone(const FcOption *option, const char *value, void *target)
{
	pg_tz	   *zone = value[0] != '\0' ? pg_tzset(value) : NULL;

	*(const char **) target = value;
	if (zone != NULL && pg_tz_acceptable(zone))
		return NULL;

	return "Valid values are the names in the view pg_timezone_names.";
}

/* A target of type const FcResource *. */
static const char *
parse_resource(const FcOption *option, const char *value, void *target)
{
	*(const FcResource **) target = find_resource(value);

	return NULL;
}

/* A target of type const char *: a list's path below the base URL. */
static const char *
parse_path(const FcOption *option, const char *value, void *target)
{
	*(const char **) target = value;

	return fc_path_check(value);
}

/*
 * A target of type const char *: a path.  The table whose column it is may
 * not exist yet, so that names can be looked up only at first use.
 */
static const char *
parse_field(const FcOption *option, const char *value, void *target)
{
	const char *key = property_key(value);
	int			longest = 0;

	*(const char **) target = value;

	if (key == NULL)
	{
		/* the empty one is the whole item of a table by path */
		if (value[0] == '\0')
			return NULL;
		if (value[0] != '.' &&
			value[strlen(value) - 1] != '.' && strstr(value, "..") == NULL &&
			strchr(value, '|') == NULL)
			return NULL;

		return "A field is a name, or names with a dot between each two.";
	}

	for (const FcResource *resource = fc_resources; resource->name; resource++)
		longest = Max(longest, resource->max_key_length);
	if (key[0] != '\0' && pg_mbstrlen(key) <= longest)
		return NULL;

	return psprintf("The key of a custom property has 1 to %d characters.",
					longest);
}
