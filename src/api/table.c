/*
 * table.c
 *		What a foreign table's options say, and what its columns stand for.
 *
 * A column stands for a field of the resource: the one of its name, or what
 * its option "field" names; or for a key of the custom properties.  In a table
 * by path it stands for a member of the list's items.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "api/parse.h"
#include "api/path.h"
#include "api/table.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static void keep_persons_private(FcTable *table, List *own);
static FcTableColumn *describe_columns(const FcTable *table, Relation rel);
static Bitmapset *computed_from(Relation rel, AttrNumber attnum);
static void describe_column(const FcTable *table, FcTableColumn *column,
							const FcColumn *properties,
							const FcColumn *guess);
static void describe_item_column(const FcTable *table, FcTableColumn *column,
								 const char *field);
static char *list_fields(const FcResource *resource);

/*
 * fc_table_read
 *		A foreign table's options, and what its columns stand for.
 *
 * The caller holds a lock on the table.  Throws if its resource or one of its
 * columns is unknown: this is where a hand-written table is first looked at.
 */
FcTable *
fc_table_read(Oid relid)
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
	table->startup_cost = FC_NO_COST;
	table->request_cost = FC_NO_COST;
	fc_option_fill_table(table, given);
	if (table->path != NULL)
		table->resource = fc_path_resource(table->path);
	if (table->resource == NULL)
		(void) fc_parse_resource(NULL, table->name, &table->resource);
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
 * fc_table_is_id
 *		Does a column hold the id of a row?
 */
bool
fc_table_is_id(const FcTableColumn *column)
{
	return column->attnum != 0 && column->column != NULL &&
		(column->column->flags & FC_KEY) != 0;
}

/*
 * fc_table_add_computed
 *		Add to attributes those that generated columns among them are computed
 *		from; offset by FirstLowInvalidHeapAttributeNumber.
 *
 * A generated column is not computed from another one.
 */
Bitmapset *
fc_table_add_computed(const FcTable *table, Bitmapset *attributes)
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
 * Answers with persons go to other sessions only where the table itself says
 * so: a server's option is not meant for them.
 */
static void
keep_persons_private(FcTable *table, List *own)
{
	if (table->cache == FC_CACHE_SHARED &&
		(table->resource->abilities & FC_PERSONS) &&
		fc_option_given(own, "cache", NULL) == NULL)
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
	const char *field = fc_option_given(given, "field", column->name);

	if (table->path != NULL)
	{
		describe_item_column(table, column, field);
		return;
	}
	if (properties != NULL && fc_parse_property(field) != NULL)
	{
		column->property = fc_parse_property(field);
		column->path = fc_catalog_path(properties);
		return;
	}

	if (guess->name != NULL && (guess->flags & FC_MEMBER) == 0 &&
		strcmp(guess->name, field) == 0)
		column->column = guess;
	else
		column->column = fc_catalog_column(resource, field);
	if (column->column != NULL)
		column->path = fc_catalog_path(column->column);
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
	if (fc_parse_property(field) != NULL)
	{
		column->property = fc_parse_property(field);
		column->path = pnstrdup(field, column->property - field - 1);
	}
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
