/*
 * tuple.c
 *		An item of the API becomes a row.
 *
 * A reader knows, for each column that is read, where its value may be in an
 * item and which function turns it into a Datum.  An item's members are
 * walked once; members come in the same order in item after item, so each
 * one is found where it was found last.
 *
 * convert.c says what a value is in the column's type.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "api/error.h"
#include "api/place.h"
#include "catalog/pg_type.h"
#include "nodes/bitmapset.h"
#include "read/convert.h"
#include "read/tuple.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* One of the places where a value may be. */
typedef struct ReaderPlace
{
	int			member;			/* index into the reader's members */
	const char *rest;			/* dotted path below it, "" if none */
} ReaderPlace;

typedef struct ReaderPlaces
{
	int			count;
	ReaderPlace *places;
} ReaderPlaces;

typedef struct ReaderColumn
{
	const FcTableColumn *table_column;
	AttrNumber	attnum;
	FcConversion conversion;
	bool		is_whole;		/* wants the whole item */
	ReaderPlaces value;
	ReaderPlaces number;		/* of a column that has titles */
	ReaderPlaces condition;		/* of a column that has only_if */
	const char *bound;			/* what the path says, or NULL */
} ReaderColumn;

struct FcTupleReader
{
	MemoryContext context;		/* lives as long */
	const FcTable *table;
	const FcResource *resource;
	int			natts;
	int			ncolumns;
	ReaderColumn *columns;
	Datum		naive_timezone; /* text */

	/* top level members that the columns want, and the current item's */
	int			nmembers;
	int			members_size;
	const char **members;
	FcJsonNode *found;
	int			nhints;
	int		   *hints;			/* by position in the item: member, or -1 */

	ReaderColumn *current;		/* for error messages */
};

static void add_column(FcTupleReader *reader, TupleDesc tupdesc,
					   const FcTableColumn *table_column);
static ReaderPlaces find_places(FcTupleReader *reader, const char *path);
static int	add_member(FcTupleReader *reader, const char *name,
					   Size length);
static void find_members(FcTupleReader *reader, FcJsonNode item);
static int	member_number(FcTupleReader *reader, int position,
						  const char *name);
static FcJsonNode find_value(const FcTupleReader *reader,
							 const ReaderColumn *column,
							 const ReaderPlaces *places);
static Datum read_column(const FcTupleReader *reader, ReaderColumn *column,
						 FcJsonNode item, bool *isnull);
static bool is_nothing(const ReaderColumn *column, FcJsonNode node);
static bool is_zero(const ReaderColumn *column, FcJsonNode node);
static bool condition_is_met(const FcTupleReader *reader,
							 const ReaderColumn *column);
static const char *title_of(const FcTupleReader *reader,
							const ReaderColumn *column);
static void conversion_error_context(void *arg);

/*
 * fc_tuple_reader
 *		Prepare to read the given attributes of a table from items.
 *
 * attributes holds attribute numbers offset by
 * FirstLowInvalidHeapAttributeNumber; NULL values are given to the others.
 * The whole row's number means all of them.
 */
FcTupleReader *
fc_tuple_reader(TupleDesc tupdesc, const FcTable *table,
				const Bitmapset *attributes, const char *naive_timezone)
{
	FcTupleReader *reader = palloc0(sizeof(FcTupleReader));
	bool		all = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber,
									attributes);

	reader->context = CurrentMemoryContext;
	reader->table = table;
	reader->resource = table->resource;
	reader->natts = tupdesc->natts;
	reader->columns = palloc0(Max(tupdesc->natts, 1) * sizeof(ReaderColumn));
	reader->members_size = tupdesc->natts + 1;
	reader->members = palloc(reader->members_size * sizeof(char *));
	reader->naive_timezone = CStringGetTextDatum(naive_timezone);

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];

		if (column->attnum == 0)
			continue;
		if (all || bms_is_member(column->attnum -
								 FirstLowInvalidHeapAttributeNumber,
								 attributes))
			add_column(reader, tupdesc, column);
	}

	reader->found = palloc0((reader->nmembers + 1) * sizeof(FcJsonNode));
	return reader;
}

/*
 * fc_tuple_read
 *		Fill values and isnull, for all attributes of the table, from an item.
 *
 * Allocates in the current context, which the caller resets between rows.
 */
void
fc_tuple_read(FcTupleReader *reader, FcJsonNode item, Datum *values,
			  bool *isnull)
{
	ErrorContextCallback callback;

	memset(values, 0, reader->natts * sizeof(Datum));
	memset(isnull, true, reader->natts * sizeof(bool));
	if (reader->ncolumns == 0)
		return;

	callback.callback = conversion_error_context;
	callback.arg = reader;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	reader->current = NULL;
	find_members(reader, item);
	for (int i = 0; i < reader->ncolumns; i++)
	{
		ReaderColumn *column = &reader->columns[i];
		int			index = column->attnum - 1;

		reader->current = column;
		values[index] = read_column(reader, column, item, &isnull[index]);
	}

	error_context_stack = callback.previous;
}

/*
 * fc_tuple_bind
 *		Let columns that the request's path names show what it says, where the
 *		item does not.
 *
 * False if the item says otherwise, as then it answers another request.  Also
 * false if the column's type has no value for what the path says.
 */
bool
fc_tuple_bind(FcTupleReader *reader, FcJsonNode item, const List *bindings)
{
	const ListCell *cell;

	foreach(cell, bindings)
	{
		const FcBinding *binding = lfirst(cell);

		for (int i = 0; i < reader->ncolumns; i++)
		{
			ReaderColumn *column = &reader->columns[i];
			FcJsonNode	node;

			if (column->table_column->column != binding->column)
				continue;
			column->bound = binding->values[0];
			if (!fc_convert_can_hold(&column->conversion, column->bound))
				return false;
			node = fc_json_path(item, column->table_column->path);
			if (fc_json_kind(node) != FC_JSON_ABSENT &&
				fc_json_kind(node) != FC_JSON_NULL &&
				!fc_convert_is_same(&column->conversion, node, column->bound))
				return false;
		}
	}
	return true;
}

/*
 * fc_tuple_needs
 *		What the reader looks for, as a list of FcNeed.
 *
 * strict, offset like the reader's attributes, says which of them decide on
 * rows.
 */
List *
fc_tuple_needs(const FcTupleReader *reader, const Bitmapset *strict)
{
	List	   *needs = NIL;

	for (int i = 0; i < reader->ncolumns; i++)
	{
		const ReaderColumn *column = &reader->columns[i];
		const FcTableColumn *table_column = column->table_column;
		FcNeed	   *need = palloc0(sizeof(FcNeed));

		/* what the path names is known without an item */
		if (table_column->column &&
			(table_column->column->flags & FC_BRACE))
			continue;
		need->path = table_column->path;
		need->column = table_column->column ? table_column->column :
			fc_catalog_holder(reader->resource, need->path);
		need->name = table_column->name;
		need->is_shown = true;
		need->is_own_path = table_column->column == NULL &&
			table_column->property == NULL &&
			!fc_catalog_knows_path(reader->resource, need->path);
		need->is_strict =
			bms_is_member(column->attnum - FirstLowInvalidHeapAttributeNumber,
						  strict);
		needs = lappend(needs, need);
	}
	return needs;
}

/*
 * Add a column of the table to those that are read.
 */
static void
add_column(FcTupleReader *reader, TupleDesc tupdesc,
		   const FcTableColumn *table_column)
{
	Form_pg_attribute attribute =
	TupleDescAttr(tupdesc, table_column->attnum - 1);
	const FcColumn *catalog_column = table_column->column;
	ReaderColumn *column;

	if (catalog_column && (catalog_column->flags & FC_WRITE_ONLY))
		return;

	column = &reader->columns[reader->ncolumns++];
	column->table_column = table_column;
	column->attnum = table_column->attnum;
	fc_convert_prepare(&column->conversion, catalog_column,
					   attribute->atttypid, attribute->atttypmod,
					   reader->naive_timezone);

	if (table_column->property == NULL && *table_column->path == '\0')
		column->is_whole = true;
	else
		column->value = find_places(reader, table_column->path);
	if (catalog_column && catalog_column->titles &&
		catalog_column->number_path)
		column->number = find_places(reader, catalog_column->number_path);
	if (catalog_column && catalog_column->only_if)
		column->condition =
			find_places(reader, pnstrdup(catalog_column->only_if,
										 strcspn(catalog_column->only_if,
												 "=")));
}

/*
 * Split the alternatives of a path: "a.b|c".
 */
static ReaderPlaces
find_places(FcTupleReader *reader, const char *path)
{
	ReaderPlaces result = {0, NULL};
	FcPlace		next;
	int			count = 1;

	for (const char *bar = path; (bar = strchr(bar, '|')) != NULL; bar++)
		count++;
	result.places = palloc(count * sizeof(ReaderPlace));

	while (fc_place_next(&path, &next))
	{
		ReaderPlace *place = &result.places[result.count++];
		Size		first = next.member_length;

		place->member = add_member(reader, next.path, first);
		place->rest = first < next.length ?
			pnstrdup(next.path + first + 1, next.length - first - 1) : "";
	}
	return result;
}

/*
 * The number of a top level member that is wanted, by its name.
 */
static int
add_member(FcTupleReader *reader, const char *name, Size length)
{
	for (int i = reader->nmembers - 1; i >= 0; i--)
	{
		const char *member = reader->members[i];

		/* most differ in the first byte */
		if (member[0] == name[0] && strncmp(member, name, length) == 0 &&
			member[length] == '\0')
			return i;
	}
	if (reader->nmembers == reader->members_size)
	{
		reader->members_size *= 2;
		reader->members = repalloc(reader->members,
								   reader->members_size * sizeof(char *));
	}
	reader->members[reader->nmembers] = pnstrdup(name, length);
	return reader->nmembers++;
}

/*
 * Walk the item's members once and note those that are wanted.
 */
static void
find_members(FcTupleReader *reader, FcJsonNode item)
{
	FcJsonIterator iterator = fc_json_iterate(item);
	FcJsonNode	node;
	const char *name;

	for (int i = 0; i < reader->nmembers; i++)
		reader->found[i].node = NULL;

	for (int position = 0; fc_json_next(&iterator, &node, &name); position++)
	{
		int			member = member_number(reader, position, name);

		if (member >= 0)
			reader->found[member] = node;
	}
}

/*
 * Which of the wanted members is the one of that name, -1 if none.
 *
 * What stood at this position in the last item is tried first.
 */
static int
member_number(FcTupleReader *reader, int position, const char *name)
{
	int			member;

	if (position < reader->nhints)
	{
		member = reader->hints[position];
		if (member >= 0 && strcmp(reader->members[member], name) == 0)
			return member;
	}

	for (member = reader->nmembers - 1; member >= 0; member--)
	{
		if (strcmp(reader->members[member], name) == 0)
			break;
	}

	if (position >= reader->nhints)
	{
		int			size = Max(64, (position + 1) * 2);
		int		   *hints = MemoryContextAlloc(reader->context,
											   size * sizeof(int));

		for (int i = 0; i < size; i++)
			hints[i] = i < reader->nhints ? reader->hints[i] : -1;
		reader->hints = hints;
		reader->nhints = size;
	}
	reader->hints[position] = member;
	return member;
}

/*
 * The first place that holds a value; null or absent if none does.
 */
static FcJsonNode
find_value(const FcTupleReader *reader, const ReaderColumn *column,
		   const ReaderPlaces *places)
{
	FcJsonNode	result = {0};

	for (int i = 0; i < places->count; i++)
	{
		const ReaderPlace *place = &places->places[i];
		FcJsonNode	node = reader->found[place->member];
		FcJsonKind	kind;

		if (*place->rest != '\0')
			node = fc_json_path(node, place->rest);
		if (column->table_column->property != NULL)
			node = fc_json_member(node, column->table_column->property);
		kind = fc_json_kind(node);
		if (kind != FC_JSON_ABSENT)
			result = node;
		if (kind != FC_JSON_ABSENT && kind != FC_JSON_NULL)
			break;
	}
	return result;
}

/*
 * The value of one column.
 */
static Datum
read_column(const FcTupleReader *reader, ReaderColumn *column,
			FcJsonNode item, bool *isnull)
{
	FcJsonNode	node = column->is_whole ? item :
	find_value(reader, column, &column->value);

	if (fc_json_kind(node) == FC_JSON_ABSENT && column->bound != NULL)
	{
		*isnull = false;
		return fc_convert_text(&column->conversion, column->bound);
	}
	if (fc_json_kind(node) == FC_JSON_ABSENT && column->number.count > 0)
	{
		const char *title = title_of(reader, column);

		*isnull = (title == NULL);
		return *isnull ? (Datum) 0 :
			fc_convert_text(&column->conversion, title);
	}

	*isnull = is_nothing(column, node) || !condition_is_met(reader, column);
	if (!*isnull)
		return fc_convert_node(&column->conversion, node);
	/* a domain may be NOT NULL */
	if (get_typtype(column->conversion.type) == TYPTYPE_DOMAIN)
		return fc_convert_text(&column->conversion, NULL);
	return (Datum) 0;
}

/*
 * Is this how the API says that there is no value?
 */
static bool
is_nothing(const ReaderColumn *column, FcJsonNode node)
{
	const FcColumn *catalog_column = column->table_column->column;

	switch (fc_json_kind(node))
	{
		case FC_JSON_ABSENT:
		case FC_JSON_NULL:
			return true;
		case FC_JSON_STRING:
			return is_zero(column, node) ||
				(!column->conversion.is_text &&
				 *fc_json_string(node) == '\0');
		case FC_JSON_ARRAY:
		case FC_JSON_OBJECT:
			return catalog_column != NULL &&
				(catalog_column->flags & FC_PROPERTIES) &&
				column->table_column->property == NULL &&
				fc_json_count(node) == 0;
		case FC_JSON_NUMBER:
			return is_zero(column, node);
		default:
			return false;
	}
}

/*
 * Is the value 0, and does the API send that for no value?
 */
static bool
is_zero(const ReaderColumn *column, FcJsonNode node)
{
	const FcColumn *catalog_column = column->table_column->column;
	int64		number;

	return catalog_column != NULL &&
		(catalog_column->flags & FC_ZERO_IS_NULL) &&
		fc_json_int64(node, &number) && number == 0;
}

/*
 * Does the item say that the column's member has the column's meaning?
 */
static bool
condition_is_met(const FcTupleReader *reader, const ReaderColumn *column)
{
	const char *wanted;
	int64		number;

	if (column->condition.count == 0)
		return true;
	wanted = strchr(column->table_column->column->only_if, '=') + 1;
	return fc_json_int64(find_value(reader, column, &column->condition),
						 &number) && number == strtoll(wanted, NULL, 10);
}

/*
 * The title of the number that was sent in place of it, or NULL.
 */
static const char *
title_of(const FcTupleReader *reader, const ReaderColumn *column)
{
	const FcTitle *title = column->table_column->column->titles;
	int64		number;

	if (!fc_json_int64(find_value(reader, column, &column->number), &number))
		return NULL;
	for (; title->title != NULL; title++)
	{
		if (title->number == number)
			return title->title;
	}
	return NULL;
}

/*
 * Say which column of which table an error is about.
 */
static void
conversion_error_context(void *arg)
{
	const FcTupleReader *reader = arg;

	const char *name;

	if (reader->current == NULL)
		return;
	name = reader->current->table_column->name;
	fc_error_column(reader->table, name);
	if (reader->table->schema == NULL)
		errcontext("column \"%s\" of the result of %s()", name,
				   reader->table->name);
	else
		errcontext("column \"%s\" of foreign table \"%s\"", name,
				   reader->table->name);
}
