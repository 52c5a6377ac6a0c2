/*
 * views.c
 *		The SQL functions behind the views on shared memory.
 *
 * What they show comes from all databases and roles, so it is not for all
 * eyes.  A role with the privileges of pg_read_all_stats, which pg_monitor
 * has, sees everything.  Any other role sees
 *
 * - in frontcore_limiter: accounts that it uses by a user mapping of its own
 *	 or of PUBLIC, in the current database;
 * - in frontcore_stat: servers on which it has such a mapping; an error's
 *	 text only if it met the error itself;
 * - in frontcore_cache: answers to a key that it has such a mapping for;
 * - in frontcore_activity: backends of its own;
 * - in frontcore_requests: requests of its own sessions, and those of
 *	 statements that ran with its rights.
 *
 * All of it is read from shared memory, and nothing is written, so the views
 * also work on a standby.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "api/account.h"
#include "api/mapping.h"
#include "api/memo.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "shared/answers.h"
#include "shared/journal.h"
#include "shared/block.h"
#include "shared/limiter.h"
#include "shared/stats.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "views.h"

/* Bytes of an account's digest that the view shows. */
#define SHORT_DIGEST	6

/* What an account is called, by limiter or cache. */
typedef FcAccount AccountDigest (const FcServer *server, const char *api_key);

/* A server of the current database that the current role may know of. */
typedef struct KnownServer
{
	const char *name;
	FcAccount	account;		/* as the digest calls it */
} KnownServer;

/* The columns of each view, in order. */
enum
{
	LIMITER_ACCOUNT,
	LIMITER_BASE_URL,
	LIMITER_REQUESTS_PER_SECOND,
	LIMITER_REQUESTS,
	LIMITER_WAITS,
	LIMITER_WAIT_MS,
	LIMITER_THROTTLED,
	LIMITER_QUEUED,
	LIMITER_IN_FLIGHT,
	LIMITER_BLOCKED_UNTIL,
	LIMITER_LAST_REQUEST,
	LIMITER_SERVERS,
	LIMITER_COLUMNS
};

enum
{
	STAT_SERVER,
	STAT_RESOURCE,
	STAT_REQUESTS,
	STAT_CACHE_HITS,
	STAT_ROWS_READ,
	STAT_ROWS_WRITTEN,
	STAT_BYTES_RECEIVED,
	STAT_RETRIES,
	STAT_ERRORS,
	STAT_HTTP_MS,
	STAT_LAST_ERROR,
	STAT_SHARED_HITS,
	STAT_STALE_HITS,
	STAT_WRITES,
	STAT_UNKNOWN_OUTCOMES,
	STAT_WAIT_MS,
	STAT_LAST_ERROR_AT,
	STAT_RESET,
	STAT_COLUMNS
};

enum
{
	CACHE_BASE_URL,
	CACHE_RESOURCE,
	CACHE_REQUEST,
	CACHE_PAGES,
	CACHE_ROWS,
	CACHE_BYTES,
	CACHE_AGE,
	CACHE_HITS,
	CACHE_COLUMNS
};

enum
{
	ACTIVITY_PID,
	ACTIVITY_SERVER,
	ACTIVITY_RESOURCE,
	ACTIVITY_STATE,
	ACTIVITY_REQUESTS_DONE,
	ACTIVITY_REQUESTS_ESTIMATED,
	ACTIVITY_ROWS_READ,
	ACTIVITY_SINCE,
	ACTIVITY_COLUMNS
};

enum
{
	REQUESTS_AT,
	REQUESTS_PID,
	REQUESTS_DATABASE,
	REQUESTS_USENAME,
	REQUESTS_APPLICATION_NAME,
	REQUESTS_SERVER,
	REQUESTS_RESOURCE,
	REQUESTS_METHOD,
	REQUESTS_PATH,
	REQUESTS_STATUS,
	REQUESTS_BYTES,
	REQUESTS_WAIT_MS,
	REQUESTS_HTTP_MS,
	REQUESTS_SQLSTATE,
	REQUESTS_ROW_ID,
	REQUESTS_OUTCOME,
	REQUESTS_COLUMNS
};

static const char *const request_outcomes[] = {
	[FC_JOURNAL_NONE] = NULL,
	[FC_JOURNAL_OPEN] = "open",
	[FC_JOURNAL_COMMITTED] = "committed",
	[FC_JOURNAL_ROLLED_BACK] = "rolled back",
};

static const char *const activity_states[] = {
	[FC_ACTIVITY_QUEUED] = "queued",
	[FC_ACTIVITY_WAITING] = "waiting",
	[FC_ACTIVITY_SENDING] = "sending",
	[FC_ACTIVITY_BACKING_OFF] = "backing off",
};

PG_FUNCTION_INFO_V1(frontcore_limiter);
PG_FUNCTION_INFO_V1(frontcore_limiter_1_1);
PG_FUNCTION_INFO_V1(frontcore_stat);
PG_FUNCTION_INFO_V1(frontcore_stat_1_1);
PG_FUNCTION_INFO_V1(frontcore_activity);
PG_FUNCTION_INFO_V1(frontcore_stat_reset);
PG_FUNCTION_INFO_V1(frontcore_cache);
PG_FUNCTION_INFO_V1(frontcore_requests);
PG_FUNCTION_INFO_V1(frontcore_shared_cache_reset);

static ReturnSetInfo *begin_rows(FunctionCallInfo fcinfo);
static void add_limiter_row(ReturnSetInfo *result,
							const FcLimiterStatus *status,
							List *servers);
static void add_stat_row(ReturnSetInfo *result, const FcStatsRow *row,
						 const char *server);
static void add_cache_row(ReturnSetInfo *result, const FcAnswerRow *row);
static void add_activity_row(ReturnSetInfo *result, const FcActivity *row);
static void add_request_row(ReturnSetInfo *result, const FcJournalRow *row);
static Datum text_datum(const char *text);
static void set_text(const char *text, Datum *value, bool *isnull);
static const char *legible(const char *text);

static bool sees_all(void);
static bool has_key(Oid serverid);
static FcAccount limiter_digest(const FcServer *server, const char *api_key);
static List *known_servers(AccountDigest *digest, bool all);
static bool is_known(List *servers, const FcAccount *account);
static Datum server_names(List *servers, const FcAccount *account);

/*
 * frontcore_limiter
 *		The rows of the view frontcore_limiter: one per account.
 */
Datum
frontcore_limiter(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	bool		all = sees_all();
	List	   *servers = known_servers(limiter_digest, all);
	FcLimiterStatus *statuses;
	int			count;

	statuses = fc_limiter_statuses(&count);
	for (int i = 0; i < count; i++)
		if (all || is_known(servers, &statuses[i].account))
			add_limiter_row(result, &statuses[i], servers);

	return (Datum) 0;
}

/*
 * frontcore_limiter_1_1
 *		The same with the column that version 1.1 has added: the function that
 *		version 1.0 declares takes the first ones of a row.
 */
Datum
frontcore_limiter_1_1(PG_FUNCTION_ARGS)
{
	return frontcore_limiter(fcinfo);
}

/*
 * frontcore_stat
 *		The rows of the view frontcore_stat: one per server and resource.
 */
Datum
frontcore_stat(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	bool		all = sees_all();
	FcStatsRow *rows;
	int			count;

	rows = fc_stats_rows(&count);
	for (int i = 0; i < count; i++)
	{
		ForeignServer *server = GetForeignServerExtended(rows[i].serverid,
														 FSV_MISSING_OK);

		if (server != NULL &&
			(all || has_key(server->serverid)))
			add_stat_row(result, &rows[i], server->servername);
	}
	return (Datum) 0;
}

/*
 * frontcore_stat_1_1
 *		The same with the columns that version 1.1 has added: the function that
 *		version 1.0 declares takes the first ones of a row.
 */
Datum
frontcore_stat_1_1(PG_FUNCTION_ARGS)
{
	return frontcore_stat(fcinfo);
}

/*
 * frontcore_activity
 *		The rows of the view frontcore_activity: one per backend that is
 *		working upstream.
 */
Datum
frontcore_activity(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	bool		all = sees_all();
	FcActivity *rows;
	int			count;

	rows = fc_stats_activities(&count);
	for (int i = 0; i < count; i++)
		if (all || has_privs_of_role(GetUserId(), rows[i].roleid))
			add_activity_row(result, &rows[i]);

	return (Datum) 0;
}

/*
 * frontcore_stat_reset
 *		Forget the counters of the current database.
 */
Datum
frontcore_stat_reset(PG_FUNCTION_ARGS)
{
	fc_stats_attach(fc_block_segment_slot());
	fc_stats_reset();

	PG_RETURN_VOID();
}

/*
 * frontcore_cache
 *		The rows of the view frontcore_cache: one per answer that all sessions
 *		share.
 */
Datum
frontcore_cache(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	bool		all = sees_all();
	List	   *servers = all ? NIL : known_servers(fc_account_scope, false);
	FcAnswerRow *rows;
	int			count;

	rows = fc_answers_rows(&count);
	for (int i = 0; i < count; i++)
	{
		FcAccount	scope;

		memcpy(scope.digest, rows[i].scope, sizeof(scope.digest));
		if (all || is_known(servers, &scope))
			add_cache_row(result, &rows[i]);
	}
	return (Datum) 0;
}

/*
 * frontcore_requests
 *		The rows of the view frontcore_requests: one per HTTP request, newest
 *		first.
 */
Datum
frontcore_requests(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	bool		all = sees_all();
	FcJournalRow *rows;
	int			count;

	rows = fc_journal_rows(&count);
	for (int i = 0; i < count; i++)
		if (all ||
			has_privs_of_role(GetUserId(), rows[i].entry.session_roleid) ||
			has_privs_of_role(GetUserId(), rows[i].entry.roleid))
			add_request_row(result, &rows[i]);

	return (Datum) 0;
}

/*
 * frontcore_shared_cache_reset
 *		Forget the answers that all sessions share.
 *
 * Transactions that have begun with some of them stay with them.
 */
Datum
frontcore_shared_cache_reset(PG_FUNCTION_ARGS)
{
	fc_stats_attach(fc_block_segment_slot());
	fc_answers_reset();

	PG_RETURN_VOID();
}

/*
 * fc_views_milliseconds
 *		A time as a view shows it: a float8 with three decimals at most.
 */
Datum
fc_views_milliseconds(double milliseconds)
{
	return Float8GetDatum(rint(milliseconds * 1000) / 1000);
}

/* Prepare to return rows from shared memory. */
static ReturnSetInfo *
begin_rows(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	fc_stats_attach(fc_block_segment_slot());

	return (ReturnSetInfo *) fcinfo->resultinfo;
}

/* One row of frontcore_limiter. */
static void
add_limiter_row(ReturnSetInfo *result, const FcLimiterStatus *status,
				List *servers)
{
	Datum		values[LIMITER_COLUMNS];
	bool		nulls[LIMITER_COLUMNS] = {false};
	char		account[2 * SHORT_DIGEST + 1] = {0};

	hex_encode((const char *) status->account.digest, SHORT_DIGEST, account);

	values[LIMITER_ACCOUNT] = text_datum(account);
	values[LIMITER_BASE_URL] = text_datum(status->base_url);
	values[LIMITER_REQUESTS_PER_SECOND] = Float8GetDatum(status->per_second);
	values[LIMITER_REQUESTS] = Int64GetDatum(status->requests);
	values[LIMITER_WAITS] = Int64GetDatum(status->waits);
	values[LIMITER_WAIT_MS] = fc_views_milliseconds(status->wait_ms);
	values[LIMITER_THROTTLED] = Int64GetDatum(status->throttled);
	values[LIMITER_QUEUED] = Int32GetDatum(status->queued);
	values[LIMITER_IN_FLIGHT] = Int32GetDatum(status->in_flight);
	values[LIMITER_BLOCKED_UNTIL] = TimestampTzGetDatum(status->blocked_until);
	nulls[LIMITER_BLOCKED_UNTIL] = (status->blocked_until == 0);
	values[LIMITER_LAST_REQUEST] = TimestampTzGetDatum(status->last_request);
	nulls[LIMITER_LAST_REQUEST] = (status->last_request == 0);
	values[LIMITER_SERVERS] = server_names(servers, &status->account);
	nulls[LIMITER_SERVERS] = (values[LIMITER_SERVERS] == 0);

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* One row of frontcore_stat. */
static void
add_stat_row(ReturnSetInfo *result, const FcStatsRow *row, const char *server)
{
	const FcCounts *counts = &row->counts;
	Datum		values[STAT_COLUMNS];
	bool		nulls[STAT_COLUMNS] = {false};

	values[STAT_SERVER] = text_datum(server);
	values[STAT_RESOURCE] = text_datum(row->resource);
	values[STAT_REQUESTS] = Int64GetDatum(counts->requests);
	values[STAT_CACHE_HITS] = Int64GetDatum(counts->cache_hits);
	values[STAT_ROWS_READ] = Int64GetDatum(counts->rows_read);
	values[STAT_ROWS_WRITTEN] = Int64GetDatum(counts->rows_written);
	values[STAT_BYTES_RECEIVED] = Int64GetDatum(counts->bytes_received);
	values[STAT_RETRIES] = Int64GetDatum(counts->retries);
	values[STAT_ERRORS] = Int64GetDatum(counts->errors);
	values[STAT_HTTP_MS] = fc_views_milliseconds(counts->http_ms);
	if (row->last_error != NULL &&
		(sees_all() || has_privs_of_role(GetUserId(), row->error_roleid)))
		values[STAT_LAST_ERROR] = text_datum(row->last_error);
	else
		nulls[STAT_LAST_ERROR] = true;
	values[STAT_SHARED_HITS] = Int64GetDatum(counts->shared_hits);
	values[STAT_STALE_HITS] = Int64GetDatum(counts->stale_hits);
	values[STAT_WRITES] = Int64GetDatum(counts->writes);
	values[STAT_UNKNOWN_OUTCOMES] = Int64GetDatum(counts->unknown_outcomes);
	values[STAT_WAIT_MS] = fc_views_milliseconds(counts->wait_ms);
	values[STAT_LAST_ERROR_AT] = TimestampTzGetDatum(row->last_error_at);
	nulls[STAT_LAST_ERROR_AT] = (row->last_error == NULL);
	values[STAT_RESET] = TimestampTzGetDatum(row->reset_at);
	nulls[STAT_RESET] = (row->reset_at == 0);

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* One row of frontcore_cache. */
static void
add_cache_row(ReturnSetInfo *result, const FcAnswerRow *row)
{
	Datum		values[CACHE_COLUMNS];
	bool		nulls[CACHE_COLUMNS] = {false};
	Interval	age = {.time = row->age};

	values[CACHE_BASE_URL] = text_datum(row->base_url);
	values[CACHE_RESOURCE] = text_datum(row->resource);
	values[CACHE_REQUEST] = text_datum(row->request);
	values[CACHE_PAGES] = Int32GetDatum(row->count);
	values[CACHE_ROWS] = Int64GetDatum((int64) row->rows);
	values[CACHE_BYTES] = Int64GetDatum(row->bytes);
	values[CACHE_AGE] = IntervalPGetDatum(&age);
	values[CACHE_HITS] = Int64GetDatum(row->hits);

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* One row of frontcore_activity. */
static void
add_activity_row(ReturnSetInfo *result, const FcActivity *row)
{
	Datum		values[ACTIVITY_COLUMNS];
	bool		nulls[ACTIVITY_COLUMNS] = {false};

	values[ACTIVITY_PID] = Int32GetDatum(row->pid);
	values[ACTIVITY_SERVER] = text_datum(row->server);
	values[ACTIVITY_RESOURCE] = text_datum(row->resource);
	values[ACTIVITY_STATE] = text_datum(activity_states[row->state]);
	values[ACTIVITY_REQUESTS_DONE] = Int64GetDatum(row->requests_done);
	values[ACTIVITY_REQUESTS_ESTIMATED] =
		Int64GetDatum(row->requests_estimated);
	nulls[ACTIVITY_REQUESTS_ESTIMATED] = (row->requests_estimated <= 0);
	values[ACTIVITY_ROWS_READ] = Int64GetDatum(row->rows_read);
	values[ACTIVITY_SINCE] = TimestampTzGetDatum(row->since);

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* One row of frontcore_requests. */
static void
add_request_row(ReturnSetInfo *result, const FcJournalRow *row)
{
	const FcJournalEntry *entry = &row->entry;
	const FcJournalAnswer *answer = &entry->answer;
	Datum		values[REQUESTS_COLUMNS];
	bool		nulls[REQUESTS_COLUMNS] = {false};

	values[REQUESTS_AT] = TimestampTzGetDatum(entry->at);
	values[REQUESTS_PID] = Int32GetDatum(entry->pid);
	set_text(get_database_name(entry->dbid), &values[REQUESTS_DATABASE],
			 &nulls[REQUESTS_DATABASE]);
	set_text(GetUserNameFromId(entry->session_roleid, true),
			 &values[REQUESTS_USENAME], &nulls[REQUESTS_USENAME]);
	values[REQUESTS_APPLICATION_NAME] =
		text_datum(legible(entry->application));
	values[REQUESTS_SERVER] = text_datum(legible(entry->server));
	values[REQUESTS_RESOURCE] = text_datum(legible(entry->resource));
	values[REQUESTS_METHOD] = text_datum(entry->method);
	values[REQUESTS_PATH] = text_datum(legible(row->path));
	values[REQUESTS_STATUS] = Int32GetDatum(answer->status);
	nulls[REQUESTS_STATUS] = (answer->status == 0);
	values[REQUESTS_BYTES] = Int64GetDatum(answer->bytes);
	values[REQUESTS_WAIT_MS] = fc_views_milliseconds(answer->wait_ms);
	values[REQUESTS_HTTP_MS] = fc_views_milliseconds(answer->http_ms);
	set_text(answer->sqlstate ? unpack_sql_state(answer->sqlstate) : NULL,
			 &values[REQUESTS_SQLSTATE], &nulls[REQUESTS_SQLSTATE]);
	values[REQUESTS_ROW_ID] = Int64GetDatum(entry->row_id);
	nulls[REQUESTS_ROW_ID] = (!entry->is_write || entry->row_id == 0);
	set_text(request_outcomes[entry->outcome], &values[REQUESTS_OUTCOME],
			 &nulls[REQUESTS_OUTCOME]);

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* A text value, or NULL. */
static void
set_text(const char *text, Datum *value, bool *isnull)
{
	*isnull = (text == NULL);
	*value = *isnull ? (Datum) 0 : text_datum(text);
}

/* A text that may come from a database with another encoding. */
static const char *
legible(const char *text)
{
	char	   *clean;

	if (pg_verifymbstr(text, strlen(text), true))
		return text;
	clean = pstrdup(text);
	for (char *next = clean; *next != '\0'; next++)
		if (IS_HIGHBIT_SET(*next))
			*next = '?';
	return clean;
}

/* A text value. */
static Datum
text_datum(const char *text)
{
	return PointerGetDatum(cstring_to_text(text));
}

/* May the current role see what others do? */
static bool
sees_all(void)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

/* Has the current role an API key on a server? */
static bool
has_key(Oid serverid)
{
	return fc_mapping_find(serverid, GetUserId()).api_key != NULL;
}

/* The account whose limit counts on a server, whatever the key. */
static FcAccount
limiter_digest(const FcServer *server, const char *api_key)
{
	return fc_account_limiter(server);
}

/*
 * The servers of the current database that the current role has a key on, or
 * all of them: a list of KnownServer *.
 */
static List *
known_servers(AccountDigest *digest, bool all)
{
	List	   *servers = NIL;
	Relation	rel = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0,
										  NULL);
	HeapTuple	tuple;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_foreign_server form;
		FcMapping	mapping;
		KnownServer *server;

		form = (Form_pg_foreign_server) GETSTRUCT(tuple);
		if (!fc_memo_is_ours(form->oid))
			continue;
		mapping = fc_mapping_find(form->oid, GetUserId());
		if (mapping.api_key == NULL && !all)
			continue;

		server = palloc(sizeof(KnownServer));
		server->name = pstrdup(NameStr(form->srvname));
		server->account = digest(fc_memo_server(form->oid), mapping.api_key);
		servers = lappend(servers, server);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	return servers;
}

/* Does an account belong to one of the servers? */
static bool
is_known(List *servers, const FcAccount *account)
{
	ListCell   *cell;

	foreach(cell, servers)
	{
		const KnownServer *server = lfirst(cell);

		if (memcmp(&server->account, account, sizeof(FcAccount)) == 0)
			return true;
	}
	return false;
}

/* The names of the servers that an account belongs to; 0 if there are none. */
static Datum
server_names(List *servers, const FcAccount *account)
{
	Datum	   *names = palloc(Max(list_length(servers), 1) * sizeof(Datum));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, servers)
	{
		const KnownServer *server = lfirst(cell);

		if (memcmp(&server->account, account, sizeof(FcAccount)) == 0)
			names[count++] =
				DirectFunctionCall1(namein, CStringGetDatum(server->name));
	}
	if (count == 0)
		return (Datum) 0;
	return PointerGetDatum(construct_array(names, count, NAMEOID, NAMEDATALEN,
										   false, TYPALIGN_CHAR));
}
