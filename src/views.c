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
 * - in frontcore_activity: backends of its own.
 *
 * All of it is read from shared memory; that it works on a standby and
 * writes nothing follows from that.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "api/account.h"
#include "api/memo.h"
#include "catalog/dependency.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "shared/limiter.h"
#include "shared/stats.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* Bytes of an account's digest that the view shows. */
#define SHORT_DIGEST	6

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
	STAT_COLUMNS
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

static const char *const activity_states[] = {
	[FC_ACTIVITY_QUEUED] = "queued",
	[FC_ACTIVITY_WAITING] = "waiting",
	[FC_ACTIVITY_SENDING] = "sending",
	[FC_ACTIVITY_BACKING_OFF] = "backing off",
};

PG_FUNCTION_INFO_V1(frontcore_limiter);
PG_FUNCTION_INFO_V1(frontcore_stat);
PG_FUNCTION_INFO_V1(frontcore_activity);
PG_FUNCTION_INFO_V1(frontcore_stat_reset);

static ReturnSetInfo *begin_rows(FunctionCallInfo fcinfo);
static void add_limiter_row(ReturnSetInfo *result,
							const FcLimiterStatus *status);
static void add_stat_row(ReturnSetInfo *result, const FcStatsRow *row,
						 const char *server);
static void add_activity_row(ReturnSetInfo *result, const FcActivity *row);
static Datum text_datum(const char *text);

static bool sees_all(void);
static List *own_accounts(Oid function);
static bool is_ours(Oid wrapper, Oid extension);
static bool contains_account(List *accounts, const FcAccount *account);

/*
 * frontcore_limiter
 *		The rows of the view frontcore_limiter: one per account.
 */
Datum
frontcore_limiter(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	bool		all = sees_all();
	List	   *accounts = all ? NIL : own_accounts(fcinfo->flinfo->fn_oid);
	FcLimiterStatus *statuses;
	int			count;

	statuses = fc_limiter_statuses(&count);
	for (int i = 0; i < count; i++)
		if (all || contains_account(accounts, &statuses[i].account))
			add_limiter_row(result, &statuses[i]);

	return (Datum) 0;
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
			(all || fc_option_has_api_key(server->serverid, GetUserId())))
			add_stat_row(result, &rows[i], server->servername);
	}
	return (Datum) 0;
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
	fc_stats_attach(fc_limiter_segment_slot());
	fc_stats_reset();

	PG_RETURN_VOID();
}

/* Prepare to return rows from shared memory. */
static ReturnSetInfo *
begin_rows(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	fc_stats_attach(fc_limiter_segment_slot());

	return (ReturnSetInfo *) fcinfo->resultinfo;
}

/* One row of frontcore_limiter. */
static void
add_limiter_row(ReturnSetInfo *result, const FcLimiterStatus *status)
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
	values[LIMITER_WAIT_MS] = Float8GetDatum(status->wait_ms);
	values[LIMITER_THROTTLED] = Int64GetDatum(status->throttled);
	values[LIMITER_QUEUED] = Int32GetDatum(status->queued);
	values[LIMITER_IN_FLIGHT] = Int32GetDatum(status->in_flight);
	values[LIMITER_BLOCKED_UNTIL] = TimestampTzGetDatum(status->blocked_until);
	nulls[LIMITER_BLOCKED_UNTIL] = (status->blocked_until == 0);
	values[LIMITER_LAST_REQUEST] = TimestampTzGetDatum(status->last_request);
	nulls[LIMITER_LAST_REQUEST] = (status->last_request == 0);

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
	values[STAT_HTTP_MS] = Float8GetDatum(counts->http_ms);
	if (row->last_error != NULL &&
		(sees_all() || has_privs_of_role(GetUserId(), row->error_roleid)))
		values[STAT_LAST_ERROR] = text_datum(row->last_error);
	else
		nulls[STAT_LAST_ERROR] = true;

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

/*
 * The accounts that the current role can use in the current database: a list
 * of FcAccount *.  Servers are ours if their wrapper's handler belongs to
 * the extension that the given function belongs to.
 */
static List *
own_accounts(Oid function)
{
	Oid			extension = getExtensionOfObject(ProcedureRelationId,
												 function);
	List	   *accounts = NIL;
	Relation	rel = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0,
										  NULL);
	HeapTuple	tuple;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_foreign_server form;
		FcAccount  *account;
		const char *key;
		Oid			mappingid;

		form = (Form_pg_foreign_server) GETSTRUCT(tuple);
		if (!is_ours(form->srvfdw, extension) ||
			!fc_option_has_api_key(form->oid, GetUserId()))
			continue;

		key = fc_option_api_key(form->oid, GetUserId(), &mappingid);
		account = palloc(sizeof(FcAccount));
		*account = fc_account_of(fc_memo_server(form->oid), key);
		accounts = lappend(accounts, account);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	return accounts;
}

/* Does a foreign-data wrapper use our handler? */
static bool
is_ours(Oid wrapper, Oid extension)
{
	Oid			handler = GetForeignDataWrapper(wrapper)->fdwhandler;

	return OidIsValid(handler) &&
		getExtensionOfObject(ProcedureRelationId, handler) == extension;
}

/* Is an account in a list of them? */
static bool
contains_account(List *accounts, const FcAccount *account)
{
	ListCell   *cell;

	foreach(cell, accounts)
	{
		if (memcmp(lfirst(cell), account, sizeof(FcAccount)) == 0)
			return true;
	}
	return false;
}
