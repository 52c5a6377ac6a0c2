/*
 * query.c
 *		A question to the API: what is asked for, as plain values.
 */
#include "postgres.h"

#include "api/query.h"

static int	compare_keys(const void *a, const void *b);

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
 * fc_query_needed_columns
 *		The columns that the items must hold, as bits by column number.
 */
uint64
fc_query_needed_columns(const FcQuery *query)
{
	uint64		columns = 0;
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->column != NULL && !need->is_wish)
			columns |= UINT64CONST(1) <<
				fc_catalog_column_number(query->resource, need->column);
	}
	return columns;
}

static int
compare_keys(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return (left > right) - (left < right);
}
