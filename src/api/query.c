/*
 * query.c
 *		A question to the API: what is asked for, as plain values.
 */
#include "postgres.h"

#include "api/query.h"

static int	compare_keys(const void *a, const void *b);
static uint64 column_bit(const FcQuery *query, int flag);

/*
 * fc_query_conditions_to_list
 *		Conditions as a plan keeps them: a list of lists.
 */
List *
fc_query_conditions_to_list(const List *conditions)
{
	List	   *lists = NIL;
	ListCell   *cell;

	foreach(cell, conditions)
	{
		const FcCondition *condition = lfirst(cell);
		List	   *list = list_make3_int(condition->column,
										  condition->operator,
										  condition->operand);

		if (condition->implied != NIL)
			list = list_make2(list, condition->implied);
		lists = lappend(lists, list);
	}
	return lists;
}

/*
 * fc_query_conditions_from_list
 *		The same as a list of FcCondition * again.
 */
List *
fc_query_conditions_from_list(const List *lists)
{
	List	   *conditions = NIL;
	ListCell   *cell;

	foreach(cell, lists)
	{
		const List *list = lfirst(cell);
		FcCondition *condition = palloc0(sizeof(FcCondition));

		if (IsA(list, List))
		{
			condition->implied = lsecond(list);
			list = linitial(list);
		}
		condition->column = linitial_int(list);
		condition->operator = lsecond_int(list);
		condition->operand = lthird_int(list);
		conditions = lappend(conditions, condition);
	}
	return conditions;
}

/*
 * fc_query_bind_keys
 *		Ask only for these keys, besides what is asked already.
 *
 * Sorts values in place, and keeps them.  No key left means no row.
 */
void
fc_query_bind_keys(FcQuery *query, FcKeys *keys, int64 *values, int count)
{
	int			kept = 0;

	qsort(values, count, sizeof(int64), compare_keys);
	for (int i = 0; i < count; i++)
	{
		if (kept > 0 && values[kept - 1] == values[i])
			continue;
		if (keys->bound &&
			bsearch(&values[i], keys->values, keys->count, sizeof(int64),
					compare_keys) == NULL)
			continue;
		values[kept++] = values[i];
	}

	keys->bound = true;
	keys->values = values;
	keys->count = kept;
	if (kept == 0)
		query->is_empty = true;
}

/*
 * fc_query_bind_parents
 *		Ask only for rows whose column, FC_PARENT or FC_LINK, is one of keys.
 *
 * A route's path takes values of one column.  The query goes by the one with
 * the fewest; of another one a single value is a filter, and several are left
 * to PostgreSQL.
 */
void
fc_query_bind_parents(FcQuery *query, const FcColumn *column,
					  const FcKeys *keys)
{
	FcKeys		other = *keys;

	if (!keys->bound)
		return;
	if (!query->parents.bound || keys->count < query->parents.count)
	{
		const FcColumn *by = query->by;

		other = query->parents;
		query->parents = *keys;
		query->by = column;
		column = by;
	}
	if (other.bound && other.count == 1)
		fc_query_add_filter(query, column->equals,
							psprintf(INT64_FORMAT, other.values[0]));
}

/*
 * fc_query_add_filter
 *		Add a query parameter.  Neither side is encoded yet.
 */
void
fc_query_add_filter(FcQuery *query, const char *name, const char *value)
{
	FcFilter   *filter = palloc(sizeof(FcFilter));

	filter->name = name;
	filter->value = value;
	query->filters = lappend(query->filters, filter);
}

/*
 * fc_query_has_filters
 *		Does the query ask for less than a whole list?
 */
bool
fc_query_has_filters(const FcQuery *query)
{
	return query->ids.bound || query->parents.bound || query->has_since ||
		query->filters != NIL;
}

/*
 * The bit of the column with a flag; 0 if there is none.
 */
static uint64
column_bit(const FcQuery *query, int flag)
{
	const FcColumn *column = fc_catalog_flagged(query->resource, flag);

	return column == NULL ? 0 : UINT64CONST(1) <<
		fc_catalog_column_number(query->resource, column);
}

/*
 * fc_query_needed_columns
 *		The columns that the items must hold, as bits by column number.
 */
uint64
fc_query_needed_columns(const FcQuery *query)
{
	uint64		columns = 0;
	ListCell   *cell;

	if (query->is_list)
		return column_bit(query, FC_KEY) | column_bit(query, FC_PARENT);
	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->column != NULL && !need->is_wish &&
			(need->column->flags & FC_BRACE) == 0)
			columns |= UINT64CONST(1) <<
				fc_catalog_column_number(query->resource, need->column);
	}
	return columns;
}

/*
 * fc_query_binding
 *		What the query binds a column FC_BRACE to; NULL if it does not.
 */
const FcBinding *
fc_query_binding(const FcQuery *query, const FcColumn *column)
{
	ListCell   *cell;

	foreach(cell, query->bindings)
	{
		const FcBinding *binding = lfirst(cell);

		if (binding->column == column)
			return binding;
	}
	return NULL;
}

/*
 * fc_query_copy_bindings
 *		The first value of each binding, in the current context.
 */
List *
fc_query_copy_bindings(const List *bindings)
{
	List	   *copies = NIL;
	ListCell   *cell;

	foreach(cell, bindings)
	{
		const FcBinding *binding = lfirst(cell);
		FcBinding  *copy = palloc(sizeof(FcBinding));

		copy->column = binding->column;
		copy->count = 1;
		copy->values = palloc(sizeof(char *));
		copy->values[0] = pstrdup(binding->values[0]);
		copies = lappend(copies, copy);
	}
	return copies;
}

/*
 * fc_query_unbound
 *		The name of a column that the list's path needs and the query does not
 *		bind; NULL if there is none.
 */
const char *
fc_query_unbound(const FcQuery *query)
{
	const FcColumn *column = query->resource->columns;

	for (; column->name; column++)
	{
		if ((column->flags & FC_BRACE) &&
			fc_query_binding(query, column) == NULL)
			return column->name;
	}
	return NULL;
}

/*
 * fc_query_whole
 *		The query without what makes it one for a part of the list.
 */
FcQuery
fc_query_whole(const FcQuery *query)
{
	FcQuery		all = *query;

	all.ids.bound = all.parents.bound = false;
	all.by = NULL;
	all.has_since = all.has_until = false;
	all.filters = NIL;
	all.wants_few = false;
	return all;
}

/*
 * fc_query_refuse_unbound
 *		Throw, as the list's path needs a column that the query does not bind.
 */
void
fc_query_refuse_unbound(const FcResource *resource, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the query does not bind column \"%s\", which stands in path \"%s\"",
					column, resource->routes[0].path),
			 errhint("Compare the column with \"=\": with a constant, a parameter, or another table's column in a join.  It has to be an integer, a text or a uuid.")));
}

static int
compare_keys(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return (left > right) - (left < right);
}
