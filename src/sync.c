/*
 * sync.c
 *		What frontcore_sync() cannot do in PL/pgSQL.
 *
 * The procedures are in the extension's script, since they COMMIT between
 * steps.  Here is what they need besides SQL: what a foreign table can be
 * asked for, a lock that lives as long as a run, and the API's clock.
 *
 * A run holds one lock on its target.  The lock has to survive the COMMITs of
 * the run, so it belongs to the session.  A session may be pooled, so a run
 * that fails must not leave the lock behind: PostgreSQL releases session locks
 * of its own lock method whenever a transaction is rolled back.  A run that is
 * recorded as running, but holds no lock, has broken off.
 */
#include "postgres.h"

#include "access/xact.h"
#include "api/account.h"
#include "api/exchange.h"
#include "api/memo.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "read/walk.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/*
 * Our locks are advisory locks of a class of their own, whose object is the
 * target's OID; the extension's script looks for these numbers in pg_locks.
 * No SQL function takes or releases a lock of this kind, so no other role can
 * hold up a run, and no trigger can end its lock.
 */
#define SYNC_LOCK_CLASS		0x46435359	/* "FCSY" */
#define SYNC_LOCK_KIND		0x4643	/* "FC"; pg_advisory_lock has 1 and 2 */

/* The columns that frontcore_sync_describe returns. */
enum
{
	DESCRIBE_KEY,
	DESCRIBE_CREATED,
	DESCRIBE_UPDATED,
	DESCRIBE_PARENTS,
	DESCRIBE_PERSONS,
	DESCRIBE_BY_ID,
	DESCRIBE_LACKING,
	DESCRIBE_PAGE_SIZE,
	DESCRIBE_STEP,
	DESCRIBE_COLUMNS
};

/* So many pages are read between two COMMITs, where a list is read by ids. */
#define PAGES_PER_STEP		20

/* What a server sends at least where it is asked for more; an assumption. */
#define LEAST_PAGE			100

PG_FUNCTION_INFO_V1(frontcore_sync_check_context);
PG_FUNCTION_INFO_V1(frontcore_sync_describe);
PG_FUNCTION_INFO_V1(frontcore_sync_lock);
PG_FUNCTION_INFO_V1(frontcore_sync_unlock);
PG_FUNCTION_INFO_V1(frontcore_sync_holds);
PG_FUNCTION_INFO_V1(frontcore_sync_requests);
PG_FUNCTION_INFO_V1(frontcore_sync_numbered_pages);
PG_FUNCTION_INFO_V1(frontcore_sync_clock);
PG_FUNCTION_INFO_V1(frontcore_sync_raise);

static const char *member(Jsonb *object, const char *name);
static FcQuery *whole_table_query(const FcTable *table);
static FcRouteChoice choose_route(const FcTable *table, FcApi *api,
								  FcQuery *query, uint64 *lacks,
								  FcLearned *learned);
static int	rows_per_step(int page_size, int longest);
static const FcTableColumn *find_column(const FcTable *table,
										const FcColumn *column);
static Datum filterable_column(const FcTable *table, const char *name,
							   bool *isnull);
static Datum parent_columns(const FcTable *table);
static Datum lacking_columns(const FcTable *table, uint64 lacks);
static Datum name_array(List *names);
static bool is_integer(Oid relid, AttrNumber attnum);
static void check_source(Oid relid);
static void check_target(Oid target);
static LOCKTAG lock_tag(Oid target);
static void forget_on_abort(XactEvent event, void *arg);

static List *held = NIL;		/* OIDs of targets, in TopMemoryContext */

/*
 * frontcore_sync_check_context
 *		A procedure that throws where its caller could not COMMIT.
 */
Datum
frontcore_sync_check_context(PG_FUNCTION_ARGS)
{
	const CallContext *context = (CallContext *) fcinfo->context;

	/* in a block with EXCEPTION, a subtransaction, COMMIT fails, too */
	if (context == NULL || !IsA(context, CallContext) || context->atomic ||
		IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("frontcore_sync cannot run inside a transaction block"),
				 errhint("It commits as it goes.  Use CALL outside a transaction block, alone in its statement, and neither from a function nor from a block with EXCEPTION.")));
	PG_RETURN_VOID();
}

/*
 * frontcore_sync_describe
 *		What a foreign table can be asked for.
 *
 * Tells the names of its columns for the id, for the times of creation and
 * change if the API filters by them, and for its parents; whether its rows are
 * persons; whether its list can be read step by step in the order of ids; how
 * many rows a page may have, and a step; and which columns no answer holds, as
 * far as is known.  Sends nothing.
 */
Datum
frontcore_sync_describe(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	const FcTable *table;
	const FcColumn *key;
	const FcTableColumn *column;
	FcApi	   *api;
	FcQuery    *query;
	uint64		lacks;
	FcLearned	learned;
	FcRouteChoice choice;
	TupleDesc	tupdesc;
	Datum		values[DESCRIBE_COLUMNS];
	bool		nulls[DESCRIBE_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	check_source(relid);
	table = fc_memo_table(relid);
	key = fc_catalog_flagged(table->resource, FC_KEY);
	column = find_column(table, key);
	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
				 errmsg("foreign table \"%s\" has no column for the id",
						table->name),
				 errhint("A copy needs it to tell rows apart.")));

	api = fc_access_open(GetForeignTable(relid)->serverid, GetUserId());
	query = whole_table_query(table);
	query->order = key;
	choice = choose_route(table, api, query, &lacks, &learned);
	values[DESCRIBE_KEY] = CStringGetTextDatum(column->name);
	values[DESCRIBE_CREATED] =
		filterable_column(table, "created_at", &nulls[DESCRIBE_CREATED]);
	values[DESCRIBE_UPDATED] =
		filterable_column(table, "updated_at", &nulls[DESCRIBE_UPDATED]);
	values[DESCRIBE_PARENTS] = parent_columns(table);
	values[DESCRIBE_PERSONS] =
		BoolGetDatum((table->resource->abilities & FC_PERSONS) != 0);
	values[DESCRIBE_BY_ID] =
		BoolGetDatum(choice.route != NULL && choice.is_ordered &&
					 is_integer(relid, column->attnum) &&
					 (choice.route->flags & FC_SORTED) &&
					 (choice.route->flags & FC_SINCE));
	values[DESCRIBE_LACKING] = lacking_columns(table, lacks);
	values[DESCRIBE_PAGE_SIZE] = Int32GetDatum(table->page_size);
	values[DESCRIBE_STEP] =
		Int32GetDatum(rows_per_step(table->page_size, choice.route == NULL ?
									0 : learned.longest[choice.number]));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, values,
													  nulls)));
}

/*
 * frontcore_sync_lock
 *		Lock a target for this session's run; false if another session has.
 *
 * The caller must have the right to write the target.
 */
Datum
frontcore_sync_lock(PG_FUNCTION_ARGS)
{
	static bool is_registered = false;
	Oid			target = PG_GETARG_OID(0);
	LOCKTAG		tag;
	MemoryContext oldcontext;

	check_target(target);
	if (!is_registered)
		RegisterXactCallback(forget_on_abort, NULL);
	is_registered = true;

	if (list_member_oid(held, target))
		PG_RETURN_BOOL(false);
	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	held = lappend_oid(held, target);
	MemoryContextSwitchTo(oldcontext);

	tag = lock_tag(target);
	if (LockAcquire(&tag, ExclusiveLock, true, true) ==
		LOCKACQUIRE_NOT_AVAIL)
	{
		held = list_delete_oid(held, target);
		PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(true);
}

/*
 * frontcore_sync_unlock
 *		Let go of a target that this session has locked.
 */
Datum
frontcore_sync_unlock(PG_FUNCTION_ARGS)
{
	Oid			target = PG_GETARG_OID(0);
	LOCKTAG		tag = lock_tag(target);

	if (list_member_oid(held, target))
		(void) LockRelease(&tag, ExclusiveLock, true);
	held = list_delete_oid(held, target);
	PG_RETURN_VOID();
}

/*
 * frontcore_sync_holds
 *		Has this session locked the target?
 */
Datum
frontcore_sync_holds(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(list_member_oid(held, PG_GETARG_OID(0)));
}

/*
 * frontcore_sync_requests
 *		How many requests this session has sent.
 */
Datum
frontcore_sync_requests(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(fc_exchange_requests);
}

/*
 * frontcore_sync_numbered_pages
 *		How many pages but the first this session has asked for by number.
 *
 * Rows may have moved between pages that are asked for by number, while others
 * wrote.
 */
Datum
frontcore_sync_numbered_pages(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(fc_walk_numbered_pages);
}

/*
 * frontcore_sync_clock
 *		By how many seconds the API's clock is ahead of this server's, as the
 *		last answer told; 0 if none did.
 */
Datum
frontcore_sync_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(fc_exchange_clock_skew);
}

/*
 * frontcore_sync_raise
 *		Throw again the error of a step, which was caught to record it in the
 *		state.
 */
Datum
frontcore_sync_raise(PG_FUNCTION_ARGS)
{
	Jsonb	   *failure = PG_GETARG_JSONB_P(0);
	const char *state = member(failure, "state");
	const char *message = member(failure, "message");
	const char *detail = member(failure, "detail");
	const char *hint = member(failure, "hint");
	const char *context = member(failure, "context");

	if (state == NULL || strlen(state) != 5)
		elog(ERROR, "an error without a state");
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3],
								   state[4])),
			 errmsg("%s", message ? message : ""),
			 detail ? errdetail("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 context ? errcontext("%s", context) : 0));
	PG_RETURN_VOID();
}

/* A string of an object; NULL if there is none, or if it is empty. */
static const char *
member(Jsonb *object, const char *name)
{
	JsonbValue	space;
	JsonbValue *value;

	value = getKeyJsonValueFromContainer(&object->root, name, strlen(name),
										 &space);
	if (value == NULL || value->type != jbvString ||
		value->val.string.len == 0)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A query for all rows and all columns of a foreign table. */
static FcQuery *
whole_table_query(const FcTable *table)
{
	FcQuery    *query = palloc0(sizeof(FcQuery));

	query->resource = table->resource;
	query->page_size = table->page_size;
	query->push_order = table->push_order;
	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];
		FcNeed	   *need;

		if (column->attnum == 0 || column->column == NULL)
			continue;
		need = palloc0(sizeof(FcNeed));
		need->path = column->path;
		need->column = column->column;
		need->name = column->name;
		query->needs = lappend(query->needs, need);
	}
	return query;
}

/*
 * The route that such a query takes, the columns that its items lack, and what
 * is known of the account's lists.
 */
static FcRouteChoice
choose_route(const FcTable *table, FcApi *api, FcQuery *query, uint64 *lacks,
			 FcLearned *learned)
{
	FcRouteFacts facts = {0};
	FcRouteChoice choice;

	fc_account_load(api->server, &api->account, table->resource, NULL,
					&facts, learned);
	choice = fc_route_choose(query, &facts);
	*lacks = choice.route == NULL ? 0 : facts.lacks[choice.number];
	return choice;
}

/*
 * How many rows a step may have, where so many items were on the longest page;
 * 0 if none has come.
 *
 * A server may send shorter pages than it is asked for.  So the first step is
 * shorter, and the others have as many full pages as it would send.
 */
static int
rows_per_step(int page_size, int longest)
{
	int			sent = longest > 0 ? longest : LEAST_PAGE;
	int			rows = PAGES_PER_STEP * Min(sent, page_size);

	return rows < page_size ? rows : rows - rows % page_size;
}

/* The table's column that stands for one of the catalog's, or NULL. */
static const FcTableColumn *
find_column(const FcTable *table, const FcColumn *column)
{
	for (int i = 0; column != NULL && i < table->natts; i++)
	{
		if (table->columns[i].attnum != 0 &&
			table->columns[i].column == column &&
			table->columns[i].property == NULL)
			return &table->columns[i];
	}
	return NULL;
}

/*
 * The name of the table's column for a time that the API filters by; NULL if
 * there is none, or if its type is no time.
 */
static Datum
filterable_column(const FcTable *table, const char *name, bool *isnull)
{
	const FcColumn *column = fc_catalog_column(table->resource, name);
	const FcTableColumn *found = NULL;
	Oid			type;

	if (column != NULL && column->min != NULL && table->push_filters)
		found = find_column(table, column);
	type = found ? getBaseType(get_atttype(table->relid, found->attnum)) :
		InvalidOid;
	*isnull = (type != TIMESTAMPTZOID && type != TIMESTAMPOID);
	return *isnull ? (Datum) 0 : CStringGetTextDatum(found->name);
}

/* The names of the table's columns that hold the id of a parent. */
static Datum
parent_columns(const FcTable *table)
{
	List	   *names = NIL;

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];

		if (column->attnum != 0 && column->column != NULL &&
			column->property == NULL && (column->column->flags & FC_PARENT))
			names = lappend(names, unconstify(char *, column->name));
	}
	return name_array(names);
}

/* The names of the table's columns that are among these. */
static Datum
lacking_columns(const FcTable *table, uint64 lacks)
{
	List	   *names = NIL;

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];

		if (column->attnum != 0 && column->column != NULL &&
			(lacks & (UINT64CONST(1) <<
					  fc_catalog_column_number(table->resource,
											   column->column))))
			names = lappend(names, unconstify(char *, column->name));
	}
	return name_array(names);
}

/* Strings as an array of text. */
static Datum
name_array(List *names)
{
	Datum	   *datums = palloc(Max(list_length(names), 1) * sizeof(Datum));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, names)
		datums[count++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(datums, count, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* Is a column of an integer type, whose order is that of the API's ids? */
static bool
is_integer(Oid relid, AttrNumber attnum)
{
	Oid			type = getBaseType(get_atttype(relid, attnum));

	return type == INT8OID || type == INT4OID || type == INT2OID;
}

/* Refuse a source that is not a foreign table of ours. */
static void
check_source(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (name == NULL || get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table", name ? name : "")));
	if (!fc_memo_is_our_table(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("foreign table \"%s\" is not one of frontcore_fdw",
						name)));
}

/* Refuse a target that is no table, or not the current role's to write. */
static void
check_target(Oid target)
{
	char	   *name = get_rel_name(target);
	char		relkind = name ? get_rel_relkind(target) : '\0';

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("target \"%s\" is not a table", name ? name : "")));
	if (pg_class_aclcheck(target, GetUserId(), ACL_INSERT) != ACLCHECK_OK ||
		pg_class_aclcheck(target, GetUserId(), ACL_UPDATE) != ACLCHECK_OK ||
		pg_class_aclcheck(target, GetUserId(), ACL_DELETE) != ACLCHECK_OK ||
		pg_class_aclcheck(target, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
}

/* What is locked for a run. */
static LOCKTAG
lock_tag(Oid target)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, SYNC_LOCK_CLASS, target,
						 SYNC_LOCK_KIND);
	tag.locktag_lockmethodid = DEFAULT_LOCKMETHOD;
	return tag;
}

/* No run goes on after a rollback, and PostgreSQL releases its lock. */
static void
forget_on_abort(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_ABORT)
		return;
	list_free(held);
	held = NIL;
}
