/*
 * columns.c
 *		What can be done with the columns of a foreign table.
 *
 * frontcore_columns() takes it from the catalog, the table's options, and
 * what this server has learned of the current user's account.  No request is
 * sent, so the columns that a list lacks are known only if somebody has read
 * the list.
 */
#include "postgres.h"

#include "access/relation.h"
#include "api/account.h"
#include "api/mapping.h"
#include "api/memo.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "plan/comparison.h"
#include "shared/block.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "write/target.h"

/* What frontcore_columns() returns, in order. */
enum
{
	COLUMNS_NAME,
	COLUMNS_TYPE,
	COLUMNS_FIELD,
	COLUMNS_WRITABLE,
	COLUMNS_REQUIRED,
	COLUMNS_RELATION,
	COLUMNS_FILTER,
	COLUMNS_NOTE,
	COLUMNS_COLUMNS
};

/* A foreign table, and what is known of its lists. */
typedef struct Subject
{
	Relation	rel;
	const FcTable *table;
	int			events;			/* INSERT and UPDATE, if the table takes them,
								 * as bits by CmdType */
	FcRouteFacts facts;
	FcLearned	learned;		/* facts point here */
} Subject;

PG_FUNCTION_INFO_V1(frontcore_columns);

static Relation open_foreign_table(Oid relid);
static void load_facts(Subject *subject);
static void put_column(const Subject *subject, int number,
					   ReturnSetInfo *result);
static void put_text(const char *text, int number, Datum *values,
					 bool *nulls);
static const char *field_of(const FcTableColumn *column);
static bool can(const Subject *subject, CmdType event);
static bool is_writable(const Subject *subject, const FcTableColumn *column);
static const char *relation_of(const FcColumn *column);
static const char *filter_of(const Subject *subject,
							 const FcTableColumn *column);
static void add_writing(StringInfo note, const Subject *subject,
						const FcTableColumn *column);
static void add_numbers(StringInfo note, const FcTitle *number);
static void add_route(StringInfo note, const Subject *subject,
					  const FcTableColumn *column, bool is_row);
static void add_note(StringInfo note, const char *format,...)
			pg_attribute_printf(2, 3);
static char *path_of(const FcRoute *route);

/*
 * frontcore_columns
 *		A row for each column of a foreign table: what it stands for, whether
 *		it can be written and filtered by, and what it costs.
 */
Datum
frontcore_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Subject		subject = {open_foreign_table(PG_GETARG_OID(0))};

	InitMaterializedSRF(fcinfo, 0);
	subject.table = fc_memo_table(RelationGetRelid(subject.rel));
	subject.events = frontcoreIsForeignRelUpdatable(subject.rel);
	load_facts(&subject);
	for (int i = 0; i < subject.table->natts; i++)
	{
		if (!TupleDescAttr(RelationGetDescr(subject.rel), i)->attisdropped)
			put_column(&subject, i, result);
	}
	relation_close(subject.rel, AccessShareLock);
	return (Datum) 0;
}

/*
 * Open a relation that has to be one of our foreign tables.
 */
static Relation
open_foreign_table(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);

	if (rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table",
						RelationGetRelationName(rel))));
	if (!fc_memo_is_our_table(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("foreign table \"%s\" is not one of frontcore_fdw",
						RelationGetRelationName(rel))));
	return rel;
}

/*
 * What is known of the table's lists for the current user's key; without a
 * key, what is usual.
 */
static void
load_facts(Subject *subject)
{
	Oid			serverid = GetForeignTable(subject->table->relid)->serverid;
	const FcServer *server = fc_memo_server(serverid);
	FcMapping	mapping = fc_mapping_find(serverid, GetUserId());
	FcAccount	account;

	fc_stats_attach(fc_block_segment_slot());
	if (mapping.api_key != NULL)
		account = fc_account_digest(server, mapping.api_key);
	fc_account_load(server, mapping.api_key ? &account : NULL,
					subject->table->resource, NULL, &subject->facts,
					&subject->learned);
}

/*
 * Put the row of a column, counted from 0.
 */
static void
put_column(const Subject *subject, int number, ReturnSetInfo *result)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(subject->rel),
												number);
	const FcTableColumn *column = &subject->table->columns[number];
	const FcColumn *holder = column->column;
	Datum		values[COLUMNS_COLUMNS] = {0};
	bool		nulls[COLUMNS_COLUMNS] = {false};
	StringInfoData note;

	initStringInfo(&note);
	if (holder == NULL && column->path != NULL)
		holder = fc_catalog_holder(subject->table->resource, column->path);

	values[COLUMNS_NAME] = NameGetDatum(&attribute->attname);
	put_text(format_type_with_typemod(attribute->atttypid,
									  attribute->atttypmod),
			 COLUMNS_TYPE, values, nulls);
	put_text(field_of(column), COLUMNS_FIELD, values, nulls);
	values[COLUMNS_WRITABLE] = BoolGetDatum(is_writable(subject, column));
	values[COLUMNS_REQUIRED] =
		BoolGetDatum(column->column != NULL && can(subject, CMD_INSERT) &&
					 (column->column->flags & FC_REQUIRED) != 0);
	put_text(relation_of(holder), COLUMNS_RELATION, values, nulls);
	put_text(filter_of(subject, column), COLUMNS_FILTER, values, nulls);

	if (column->attnum == 0)
		add_note(&note, "computed by PostgreSQL");
	add_writing(&note, subject, column);
	if (column->column != NULL)
		add_numbers(&note, column->column->numbers);
	add_route(&note, subject, column, false);
	add_route(&note, subject, column, true);
	put_text(note.len > 0 ? note.data : NULL, COLUMNS_NOTE, values, nulls);

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Set a value of a row; NULL if there is no text.
 */
static void
put_text(const char *text, int number, Datum *values, bool *nulls)
{
	nulls[number] = (text == NULL);
	if (text != NULL)
		values[number] = CStringGetTextDatum(text);
}

/*
 * What the column stands for, as its option "field" says it; NULL if for
 * nothing of the API's.
 */
static const char *
field_of(const FcTableColumn *column)
{
	if (column->property != NULL)
		return psprintf("%s.%s", column->path, column->property);
	return column->column != NULL ? column->column->name : column->path;
}

/*
 * Does the table take that statement?
 */
static bool
can(const Subject *subject, CmdType event)
{
	return (subject->events & (1 << event)) != 0;
}

/*
 * May INSERT or UPDATE give the column a value?
 */
static bool
is_writable(const Subject *subject, const FcTableColumn *column)
{
	if (column->column != NULL && (column->column->flags & FC_PARENT))
		return can(subject, CMD_INSERT);
	return (can(subject, CMD_INSERT) || can(subject, CMD_UPDATE)) &&
		(column->property != NULL ||
		 (column->column != NULL && column->column->writes != NULL));
}

/*
 * The include[] relations that bring the column; NULL if it comes by itself.
 */
static const char *
relation_of(const FcColumn *column)
{
	if (column == NULL)
		return NULL;
	return column->include != NULL ? column->include : column->flat_include;
}

/*
 * The parameters that conditions on the column go to; NULL if there are none.
 */
static const char *
filter_of(const Subject *subject, const FcTableColumn *column)
{
	StringInfoData names;
	int			places = 0;
	Oid			type;

	if (column->column == NULL)
		return NULL;
	type = getBaseType(get_atttype(subject->table->relid, column->attnum));
	if (fc_scale_for(column->column, type) == NULL)
		return NULL;

	for (FcOperator operator = 0; operator < FC_OPERATORS; operator++)
		places |= fc_comparison(column->column, operator)->places;
	/* a link's filter does the same as its key */
	if (places & FC_GOES_TO_EQUALS)
		places &= ~FC_GOES_TO_KEY;

	initStringInfo(&names);
	for (int place = 1; place <= FC_LAST_PLACE; place <<= 1)
	{
		const char *name = fc_comparison_parameter(column->column, place);

		if ((places & place) == 0 || name == NULL ||
			(!subject->table->push_filters && name[0] != '{'))
			continue;
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", name);
	}
	return names.len > 0 ? names.data : NULL;
}

/*
 * Say what is special about writing the column, and about binding it.
 */
static void
add_writing(StringInfo note, const Subject *subject,
			const FcTableColumn *column)
{
	int			flags = column->column ? column->column->flags : 0;

	if (flags & FC_BRACE)
		add_note(note, "stands in the path: a query must compare it with =");
	if (flags & FC_WRITE_ONLY)
		add_note(note, "never read back");
	if (!is_writable(subject, column))
		return;
	if ((flags & FC_PARENT) || !can(subject, CMD_UPDATE))
		add_note(note, "on INSERT only");
	else if (!can(subject, CMD_INSERT))
		add_note(note, "on UPDATE only");
}

/*
 * Say which numbers are documented, and what they mean.
 */
static void
add_numbers(StringInfo note, const FcTitle *number)
{
	const char *separator = note->len > 0 ? "; " : "";

	for (; number != NULL && number->title != NULL; number++)
	{
		appendStringInfo(note, "%s%d%s%s", separator, number->number,
						 *number->title ? " " : "", number->title);
		separator = ", ";
	}
}

/*
 * Say which other route a query takes that reads the column, of one row or of
 * all of them, and what it costs.
 */
static void
add_route(StringInfo note, const Subject *subject,
		  const FcTableColumn *column, bool is_row)
{
	const FcTable *table = subject->table;
	FcQuery		plain = {.resource = table->resource,
	.page_size = table->page_size, .repetitions = 1};
	FcQuery		query;
	FcNeed		need = {.path = column->path, .column = column->column};
	FcRouteChoice usual;
	FcRouteChoice choice;

	if (column->path == NULL || table->path != NULL)
		return;
	if (need.column == NULL)
		need.column = fc_catalog_holder(table->resource, column->path);
	plain.ids.bound = is_row;
	plain.ids.count = is_row ? 1 : 0;
	query = plain;
	query.needs = list_make1(&need);

	usual = fc_route_choose(&plain, &subject->facts);
	choice = fc_route_choose(&query, &subject->facts);
	if (choice.route == NULL)
		return;
	if (fc_route_count_lacking(&query, choice.number, &subject->facts) > 0)
		add_note(note, is_row ? "one row by id: no answer holds it" :
				 "all rows: no list holds it");
	else if (choice.route != usual.route)
		add_note(note, "%s: GET %s, %.0f %s instead of %.0f",
				 is_row ? "one row by id" : "all rows", path_of(choice.route),
				 choice.requests,
				 choice.requests == 1 ? "request" : "requests",
				 usual.requests);
}

/*
 * Add a remark to others.
 */
static void
add_note(StringInfo note, const char *format,...)
{
	int			needed;

	if (note->len > 0)
		appendStringInfoString(note, "; ");
	for (;;)
	{
		va_list		arguments;

		va_start(arguments, format);
		needed = appendStringInfoVA(note, format, arguments);
		va_end(arguments);
		if (needed == 0)
			return;
		enlargeStringInfo(note, needed);
	}
}

/*
 * A route's path without its query string.
 */
static char *
path_of(const FcRoute *route)
{
	return pnstrdup(route->path, strcspn(route->path, "?"));
}
