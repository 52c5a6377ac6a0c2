/*
 * import.c
 *		IMPORT FOREIGN SCHEMA: print the catalog.
 *
 * The API has no schemas; we offer one, under a fixed name.  What it holds is
 * known without asking, so that an import costs no request and no key.
 */
#include "postgres.h"

#include "api/entry.h"
#include "api/option.h"
#include "foreign/fdwapi.h"
#include "import.h"
#include "utils/builtins.h"

#define REMOTE_SCHEMA	"frontcore"

static void check_names(List *tables);
static char *print_table(const FcResource *resource, const char *server,
						 bool with_raw);

/*
 * frontcoreImportForeignSchema
 *		One CREATE FOREIGN TABLE for each resource that the statement wants.
 *
 * Nothing is NOT NULL: PostgreSQL trusts such a constraint of a foreign
 * table, and the API promises none.
 */
List *
frontcoreImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	FcImportOptions options = fc_option_import(stmt->options);
	const char *server = GetForeignServer(serverid)->servername;
	List	   *commands = NIL;

	if (strcmp(stmt->remote_schema, REMOTE_SCHEMA) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
				 errmsg("schema \"%s\" is not present on foreign server \"%s\"",
						stmt->remote_schema, server),
				 errhint("The only one is \"%s\".", REMOTE_SCHEMA)));

	if (stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO)
		check_names(stmt->table_list);
	for (const FcResource *resource = fc_resources; resource->name; resource++)
	{
		/* who wants tables of persons says so */
		if ((resource->abilities & FC_PERSONS) && !options.persons &&
			stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
			continue;

		/* Core filters too, but only after it has parsed what we print. */
		if (IsImportableForeignTable(resource->name, stmt))
			commands = lappend(commands,
							   print_table(resource, server, options.raw));
	}

	return commands;
}

/* Refuse a name in LIMIT TO that is no resource's. */
static void
check_names(List *tables)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const char *name = lfirst_node(RangeVar, cell)->relname;

		if (fc_catalog_find(name) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
					 errmsg("table \"%s\" is not present in schema \"%s\"",
							name, REMOTE_SCHEMA),
					 errhint("Its tables are: %s.", fc_catalog_names())));
	}
}

/* The statement that makes a resource's foreign table. */
static char *
print_table(const FcResource *resource, const char *server, bool with_raw)
{
	StringInfoData sql;
	const char *separator = "";

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (",
					 quote_identifier(resource->name));
	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		if ((column->flags & FC_MEMBER) != 0 ||
			((column->flags & FC_RAW) != 0 && !with_raw))
			continue;
		appendStringInfo(&sql, "%s\n    %s %s", separator,
						 quote_identifier(column->name), column->type);
		separator = ",";
	}
	appendStringInfo(&sql, "\n) SERVER %s OPTIONS (resource %s)",
					 quote_identifier(server),
					 quote_literal_cstr(resource->name));

	return sql.data;
}
