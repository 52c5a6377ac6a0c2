/*
 * needs.c
 *		Columns that a query needs and the API does not send.
 *
 * Endpoints differ in what their items hold.  The pager takes another route
 * where one has the column; what is done where none has is decided here.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "read/needs.h"
#include "utils/memutils.h"

static char *list_lacking(const FcQuery *query, const FcWalk *walk,
						  uint64 lacking, const char *table_name);
static bool is_first_notice(const char *table_name);

/*
 * fc_needs_lacking
 *		Columns that the query needs and no item of the walk holds, as bits by
 *		column number.  Without items nothing is known to be lacking.
 */
uint64
fc_needs_lacking(const FcQuery *query, const FcWalk *walk)
{
	if (walk->rows == 0)
		return 0;
	return fc_query_needed_columns(query) & ~walk->present;
}

/*
 * fc_needs_report
 *		No route gives these columns: an error if rows depend on them, else a
 *		notice, once per table and connection.
 */
void
fc_needs_report(const FcQuery *query, const FcWalk *walk, uint64 lacking,
				const char *table_name)
{
	char	   *names = list_lacking(query, walk, lacking, table_name);

	if (is_first_notice(table_name))
		ereport(NOTICE,
				(errmsg("the API does not send some columns of foreign table \"%s\"; they are null",
						table_name),
				 errdetail("No answer to \"GET %s\" holds %s.", walk->path,
						   names)));
}

/*
 * The names of the columns; throws at one that rows depend on.
 */
static char *
list_lacking(const FcQuery *query, const FcWalk *walk, uint64 lacking,
			 const char *table_name)
{
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->column == NULL ||
			(lacking & (UINT64CONST(1) <<
						fc_catalog_column_number(query->resource,
												 need->column))) == 0)
			continue;
		if (need->is_strict)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
					 errmsg("the API does not send column \"%s\" of foreign table \"%s\"",
							need->name, table_name),
					 errdetail("The query's rows depend on it, and no route to them has it."),
					 errcontext("FrontCore request GET %s", walk->path)));
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 need->name);
	}
	return names.data;
}

/*
 * Has this connection not been told of the table yet?
 */
static bool
is_first_notice(const char *table_name)
{
	static List *noticed = NIL;
	ListCell   *cell;
	MemoryContext oldcontext;

	foreach(cell, noticed)
	{
		if (strcmp(lfirst(cell), table_name) == 0)
			return false;
	}
	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	noticed = lappend(noticed, pstrdup(table_name));
	MemoryContextSwitchTo(oldcontext);
	return true;
}
