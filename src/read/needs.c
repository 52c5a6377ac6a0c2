/*
 * needs.c
 *		Columns that a query needs and the API does not send.
 *
 * Endpoints differ in what their items hold.  If another route has the column,
 * the stream takes that one.  If no route has it, this file decides: an error
 * if the query's rows depend on the column, else NULL and a notice.
 */
#include "postgres.h"

#include "api/error.h"
#include "api/memo.h"
#include "base/url.h"
#include "lib/stringinfo.h"
#include "read/needs.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"

/* A table that a statement was told of; in the statement's memory. */
typedef struct Notice
{
	Oid			relid;
	MemoryContextCallback cleanup;
} Notice;

/* The notices of statements that still run, of Notice *. */
static List *notices = NIL;

static bool need_is_lacking(const FcQuery *query, const FcNeed *need,
							uint64 present);
static void refuse_rows(const FcNeed *need, const char *path,
						const char *table_name, Oid relid,
						const FcColumn *way);
static char *hint_at_way(Oid relid, const FcColumn *way);
static bool is_first_notice(Oid relid);
static void forget_notice(void *arg);

/*
 * fc_needs_reset
 *		Before another answer: forget what earlier ones have said of paths of
 *		the user's own.
 */
void
fc_needs_reset(const FcQuery *query)
{
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		FcNeed	   *need = lfirst(cell);

		memset(&need->presence, 0, sizeof(FcPresence));
	}
}

/*
 * fc_needs_note
 *		Look for paths of the user's own in a page's items.
 *
 * Of the catalog's columns the walk takes note itself.
 */
void
fc_needs_note(const FcQuery *query, FcJsonNode items)
{
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		FcNeed	   *need = lfirst(cell);

		if (need->is_own_path)
			fc_needs_note_path(&need->presence, items, need->path);
	}
}

/*
 * fc_needs_note_path
 *		Look for one path in a page's items, until one holds it.
 */
void
fc_needs_note_path(FcPresence *presence, FcJsonNode items, const char *path)
{
	FcJsonIterator iterator = fc_json_iterate(items);
	FcJsonNode	item;

	if (fc_json_kind(items) == FC_JSON_OBJECT)
	{
		fc_presence_note(presence, items, path);
		return;
	}
	while (!presence->is_held && fc_json_next(&iterator, &item, NULL))
		fc_presence_note(presence, item, path);
}

/*
 * fc_needs_lacking
 *		Does the query need something that all items lack?
 *
 * present has the catalog's columns that the items do not lack, as bits by
 * number; lacking is set to the others that are needed.
 */
bool
fc_needs_lacking(const FcQuery *query, uint64 present, uint64 *lacking)
{
	ListCell   *cell;

	*lacking = fc_query_needed_columns(query) & ~present;
	if (*lacking != 0)
		return true;
	if (query->is_list)
		return false;
	foreach(cell, query->needs)
	{
		if (need_is_lacking(query, lfirst(cell), present))
			return true;
	}
	return false;
}

/*
 * fc_needs_blame
 *		Note that a route's items lack the paths that they were seen to lack.
 */
void
fc_needs_blame(const FcQuery *query, int route)
{
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		FcNeed	   *need = lfirst(cell);

		if (need->is_own_path && fc_presence_is_lacking(&need->presence))
			need->lacked_by |= UINT64CONST(1) << route;
	}
}

/*
 * fc_needs_report
 *		No route gives what the items of a request lack: an error if rows
 *		depend on it, else a notice, once per statement and table.
 *
 * path is the request's; way is a column by which a query could ask another
 * route, or NULL.
 */
void
fc_needs_report(const FcQuery *query, uint64 present, const char *path,
				const char *table_name, Oid relid, const FcColumn *way)
{
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (!need_is_lacking(query, need, present))
			continue;
		if (need->is_strict)
			refuse_rows(need, path, table_name, relid, way);
		if (need->is_shown)
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
							 need->name);
	}
	if (names.len > 0 && is_first_notice(relid))
		ereport(NOTICE,
				(errmsg("the API does not send some columns of foreign table \"%s\"; they are null",
						table_name),
				 errdetail("No answer to \"GET %s\" holds %s.",
						   fc_url_shorten(path), names.data)));
}

/*
 * Do the items lack what the reader will look for?
 */
static bool
need_is_lacking(const FcQuery *query, const FcNeed *need, uint64 present)
{
	if (need->is_wish)
		return false;
	if (need->is_own_path)
		return fc_presence_is_lacking(&need->presence);
	return need->column != NULL &&
		(present & (UINT64CONST(1) <<
					fc_catalog_column_number(query->resource,
											 need->column))) == 0;
}

/*
 * Throw, as the query's rows depend on what the API does not send.
 */
static void
refuse_rows(const FcNeed *need, const char *path, const char *table_name,
			Oid relid, const FcColumn *way)
{
	char	   *hint = need->is_own_path ?
	psprintf("The column's option \"field\" says \"%s\", which may be mistyped.",
			 need->path) : hint_at_way(relid, way);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
			 errmsg("the API does not send column \"%s\" of foreign table \"%s\"",
					need->name, table_name),
			 errdetail("The query's rows depend on it, and no route to them has it."),
			 hint ? errhint("%s", hint) : 0,
			 fc_error_context("GET", path)));
}

/*
 * How to ask for the rows by a column that opens another route: the ids first,
 * then the rows by their ids.  NULL where the table has no such column, nor a
 * ctid that stands for it.
 */
static char *
hint_at_way(Oid relid, const FcColumn *way)
{
	const FcTable *table;
	const char *name = NULL;

	if (way == NULL || !OidIsValid(relid))
		return NULL;
	if (way->flags & FC_KEY)
		name = "ctid";
	table = fc_memo_table(relid);
	for (int i = 0; i < table->natts; i++)
	{
		if (table->columns[i].column == way)
			name = quote_identifier(table->columns[i].name);
	}
	if (name == NULL)
		return NULL;
	return psprintf("Rows that are asked for by \"%s\" take another route, which may have it.  Find them first: WHERE %s = ANY (ARRAY(SELECT %s FROM %s WHERE ...)) AND ...",
					way->name, name, name,
					quote_qualified_identifier(table->schema, table->name));
}

/*
 * Has the statement not been told of the table yet?
 *
 * What a client has sent runs in a portal, and so do its functions' queries.
 * Outside of any, the transaction stands for the statement.
 */
static bool
is_first_notice(Oid relid)
{
	MemoryContext context = TopTransactionContext;
	MemoryContext oldcontext;
	Notice	   *notice;
	ListCell   *cell;

	if (ActivePortal != NULL && ActivePortal->portalContext != NULL)
		context = ActivePortal->portalContext;
	foreach(cell, notices)
	{
		notice = lfirst(cell);
		if (notice->relid == relid &&
			GetMemoryChunkContext(notice) == context)
			return false;
	}

	notice = MemoryContextAllocZero(context, sizeof(Notice));
	notice->relid = relid;
	notice->cleanup.func = forget_notice;
	notice->cleanup.arg = notice;
	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	notices = lappend(notices, notice);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextRegisterResetCallback(context, &notice->cleanup);
	return true;
}

/*
 * Reset callback: the statement is over.
 */
static void
forget_notice(void *arg)
{
	notices = list_delete_ptr(notices, arg);
}
