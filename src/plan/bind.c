/*
 * bind.c
 *		What a query asks for, once the operands of its conditions are known.
 *
 * All comparisons of a column together leave a range of its scale, and perhaps
 * a list of single values.
 */
#include "postgres.h"

#include "common/int.h"
#include "nodes/nodeFuncs.h"
#include "pgtime.h"
#include "plan/bind.h"
#include "plan/comparison.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* What comparisons leave of a column's values. */
typedef struct Range
{
	int64		first;			/* PG_INT64_MIN: no bound */
	int64		last;			/* PG_INT64_MAX: no bound */
} Range;

/* What a query is made from. */
typedef struct Binder
{
	FcQuery    *query;
	const List *conditions;
	const FcOperands *operands;
	FcZones		zones;			/* of bounds */
	bool		push_filters;
} Binder;

/* However it is narrowed further, it stays empty. */
static const Range no_value = {1, 0};

static bool waits_for_execution(Node *node, void *context);
static void bind_column(const Binder *binder, const FcColumn *column);
static bool is_list(const Binder *binder, const FcCondition *condition);
static void narrow_range(Range *range, FcOperator operator,
						 const FcPosition *position);
static bool asks_for(FcOperator operator, FcSide side);
static void narrow_to_list(Range *range, const FcScale *scale, Datum list);
static void set_first(Range *range, int64 from, int64 offset);
static void set_last(Range *range, int64 from, int64 offset);
static void bind_keys(const Binder *binder, const FcColumn *column,
					  FcKeys *keys, const Range *range);
static void bind_values(const Binder *binder, const FcColumn *column);
static void keep_values(FcBinding *binding, Oid type, const Datum *values,
						const bool *nulls, int count, bool is_first);
static bool is_value(char *const *values, int count, const char *text);
static void check_value(const FcColumn *column, const char *text);
static int	read_list(Datum list, const Range *range, int64 **values);
static int	read_elements(Datum list, Oid *type, Datum **elements,
						  bool **nulls);
static void bind_bounds(const Binder *binder, const FcColumn *column,
						const Range *range);

/*
 * fc_bind_waits
 *		Is there a parameter in an operand, or a list of them, that only
 *		execution sets?
 *
 * Of a generic plan that is explained, none is set.
 */
bool
fc_bind_waits(Node *operand, EState *estate)
{
	return waits_for_execution(operand, estate);
}

static bool
waits_for_execution(Node *node, void *context)
{
	const EState *estate = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return castNode(Param, node)->paramkind == PARAM_EXEC ||
			estate->es_param_list_info == NULL;
	return expression_tree_walker(node, waits_for_execution, context);
}

/*
 * fc_bind_query
 *		Add to a query what conditions ask for, now that operands are known.
 *
 * An operand that is an array means any of its elements, whatever the
 * operator says.  The server tells the zones of bounds.  What the query gets
 * depends on nothing but the arguments, and on the session's time zone where a
 * date or timestamp is compared with a timestamptz.  Allocates in the current
 * context.
 */
void
fc_bind_query(FcQuery *query, const List *conditions,
			  const FcOperands *operands, const FcServer *server,
			  bool push_filters)
{
	Binder		binder = {query, conditions, operands};
	uint64		bound = 0;
	ListCell   *cell;

	if (server->filter_timezone != NULL)
		binder.zones.filter = pg_tzset(server->filter_timezone);
	binder.zones.naive = pg_tzset(server->naive_timezone);
	binder.push_filters = push_filters;

	foreach(cell, conditions)
	{
		const FcCondition *condition = lfirst(cell);
		uint64		bit = UINT64CONST(1) << condition->column;

		if (operands->isnull[condition->operand])
			query->is_empty = true;
		else if ((bound & bit) == 0)
			bind_column(&binder, &query->resource->columns[condition->column]);
		bound |= bit;
	}
}

/*
 * Ask for what all conditions on a column leave of it.
 */
static void
bind_column(const Binder *binder, const FcColumn *column)
{
	FcQuery    *query = binder->query;
	const FcScale *scale = fc_scale_find(column);
	bool		is_key = (column->flags & FC_LOOKED_UP) != 0;
	Range		range = {is_key ? 1 : PG_INT64_MIN, PG_INT64_MAX};
	FcKeys		keys = {0};
	ListCell   *cell;

	if (column->flags & FC_BRACE)
	{
		bind_values(binder, column);
		return;
	}
	foreach(cell, binder->conditions)
	{
		const FcCondition *condition = lfirst(cell);
		int			number = condition->operand;
		FcPosition	position;

		if (&query->resource->columns[condition->column] != column ||
			binder->operands->isnull[number])
			continue;
		if (is_list(binder, condition))
		{
			if (!is_key && column->equals == NULL)
				narrow_to_list(&range, scale,
							   binder->operands->values[number]);
			continue;
		}
		position = scale->locate(binder->operands->types[number],
								 binder->operands->values[number]);
		narrow_range(&range, condition->operator, &position);
	}

	if (range.first > range.last)
		query->is_empty = true;
	else if (column->flags & FC_KEY)
	{
		bind_keys(binder, column, &query->ids, &range);
		if (!query->ids.bound && range.first > 1 && binder->push_filters)
		{
			query->has_since = true;
			query->since = range.first - 1;
		}
		if (!query->ids.bound && range.last < PG_INT64_MAX &&
			binder->push_filters && query->push_order)
		{
			query->has_until = true;
			query->until = range.last;
		}
	}
	else if (column->flags & (FC_PARENT | FC_LINK))
	{
		bind_keys(binder, column, &keys, &range);
		fc_query_bind_parents(query, column, &keys);
	}
	else if (column->equals != NULL)
	{
		bind_keys(binder, column, &keys, &range);
		if (keys.count == 1 && binder->push_filters)
			fc_query_add_filter(query, column->equals,
								psprintf(INT64_FORMAT, keys.values[0]));
	}
	else if (binder->push_filters)
		bind_bounds(binder, column, &range);
}

/*
 * Is the condition's operand an array?
 */
static bool
is_list(const Binder *binder, const FcCondition *condition)
{
	Oid			type = binder->operands->types[condition->operand];

	return OidIsValid(get_base_element_type(type));
}

/*
 * Leave those values of the range that compare so with the operand.
 */
static void
narrow_range(Range *range, FcOperator operator, const FcPosition *position)
{
	int			step = position->vague ? 0 : 1;

	if (position->infinite != 0)
	{
		/* met by every value, or by none */
		if (!asks_for(operator, position->infinite < 0 ? FC_LOWER : FC_UPPER))
			*range = no_value;
		return;
	}

	switch (operator)
	{
		case FC_EQUAL:
		case FC_EQUAL_ANY:
			set_first(range, position->ceiling, 0);
			set_last(range, position->floor, 0);
			break;
		case FC_LESS:
			set_last(range, position->ceiling, -step);
			break;
		case FC_LESS_EQUAL:
			set_last(range, position->floor, 0);
			break;
		case FC_GREATER:
			set_first(range, position->floor, step);
			break;
		case FC_GREATER_EQUAL:
			set_first(range, position->ceiling, 0);
			break;
	}
}

/*
 * Leave the values of the range from the first to the last of an array.
 */
static void
narrow_to_list(Range *range, const FcScale *scale, Datum list)
{
	Range		all = {PG_INT64_MAX, PG_INT64_MIN};
	Datum	   *elements;
	bool	   *nulls;
	Oid			type;
	int			length = read_elements(list, &type, &elements, &nulls);

	for (int i = 0; i < length; i++)
	{
		Range		one = {PG_INT64_MIN, PG_INT64_MAX};
		FcPosition	position;

		if (nulls[i])
			continue;
		position = scale->locate(type, elements[i]);
		narrow_range(&one, FC_EQUAL, &position);
		if (one.first > one.last)
			continue;
		all.first = Min(all.first, one.first);
		all.last = Max(all.last, one.last);
	}
	set_first(range, all.first, 0);
	set_last(range, all.last, 0);
}

/*
 * Does the comparison set that end of a range, and no other?
 */
static bool
asks_for(FcOperator operator, FcSide side)
{
	if (side == FC_LOWER)
		return operator == FC_GREATER || operator == FC_GREATER_EQUAL;
	return operator == FC_LESS || operator == FC_LESS_EQUAL;
}

/*
 * Leave values from from + offset on; none if there is no such number.
 */
static void
set_first(Range *range, int64 from, int64 offset)
{
	int64		first;

	if (pg_add_s64_overflow(from, offset, &first))
		*range = no_value;
	else
		range->first = Max(range->first, first);
}

/*
 * Leave values up to from + offset; none if there is no such number.
 */
static void
set_last(Range *range, int64 from, int64 offset)
{
	int64		last;

	if (pg_add_s64_overflow(from, offset, &last))
		*range = no_value;
	else
		range->last = Min(range->last, last);
}

/*
 * Ask for single values of a column, where conditions leave such.
 */
static void
bind_keys(const Binder *binder, const FcColumn *column, FcKeys *keys,
		  const Range *range)
{
	int64	   *values;
	int			count;
	ListCell   *cell;

	foreach(cell, binder->conditions)
	{
		const FcCondition *condition = lfirst(cell);

		if (&binder->query->resource->columns[condition->column] != column ||
			binder->operands->isnull[condition->operand] ||
			!is_list(binder, condition))
			continue;
		count = read_list(binder->operands->values[condition->operand], range,
						  &values);
		fc_query_bind_keys(binder->query, keys, values, count);
	}

	if (range->first == range->last)
	{
		values = palloc(sizeof(int64));
		values[0] = range->first;
		fc_query_bind_keys(binder->query, keys, values, 1);
	}
}

/*
 * Bind a column that stands in the path: to the values that all conditions
 * on it name.
 */
static void
bind_values(const Binder *binder, const FcColumn *column)
{
	FcQuery    *query = binder->query;
	FcBinding  *binding = palloc0(sizeof(FcBinding));
	bool		is_first = true;
	ListCell   *cell;

	binding->column = column;
	foreach(cell, binder->conditions)
	{
		const FcCondition *condition = lfirst(cell);
		int			number = condition->operand;
		Oid			type = binder->operands->types[number];
		Datum		one = binder->operands->values[number];
		Datum	   *values = &one;
		bool		isnull = false;
		bool	   *nulls = &isnull;
		int			count = 1;

		if (&query->resource->columns[condition->column] != column ||
			binder->operands->isnull[number])
			continue;
		if (is_list(binder, condition))
			count = read_elements(one, &type, &values, &nulls);
		keep_values(binding, type, values, nulls, count, is_first);
		is_first = false;
	}

	query->bindings = lappend(query->bindings, binding);
	if (binding->count == 0)
		query->is_empty = true;
}

/*
 * Leave of a binding's values those that are named again; the first time, all
 * that are named.
 */
static void
keep_values(FcBinding *binding, Oid type, const Datum *values,
			const bool *nulls, int count, bool is_first)
{
	char	  **kept = palloc(Max(count, 1) * sizeof(char *));
	int			nkept = 0;
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	for (int i = 0; i < count; i++)
	{
		char	   *text;

		if (nulls[i])
			continue;
		text = OidOutputFunctionCall(output, values[i]);
		if (!is_value(kept, nkept, text) &&
			(is_first || is_value(binding->values, binding->count, text)))
			kept[nkept++] = text;
	}
	for (int i = 0; i < nkept; i++)
		check_value(binding->column, kept[i]);
	binding->values = kept;
	binding->count = nkept;
}

static bool
is_value(char *const *values, int count, const char *text)
{
	for (int i = 0; i < count; i++)
	{
		if (strcmp(values[i], text) == 0)
			return true;
	}
	return false;
}

/*
 * Refuse a value with which the path would be another one.
 */
static void
check_value(const FcColumn *column, const char *text)
{
	if (text[0] != '\0' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column \"%s\" stands in a path and cannot be \"%s\"",
					column->name, text)));
}

/*
 * The elements of an array of integers, or of ctids, that lie in a range.
 */
static int
read_list(Datum list, const Range *range, int64 **values)
{
	Datum	   *elements;
	bool	   *nulls;
	Oid			type;
	int			length = read_elements(list, &type, &elements, &nulls);
	int			count = 0;

	*values = palloc(Max(length, 1) * sizeof(int64));
	for (int i = 0; i < length; i++)
	{
		FcPosition	position;

		if (nulls[i])
			continue;
		position = fc_scale_locate_number(type, elements[i]);
		if (position.infinite == 0 && position.floor == position.ceiling &&
			position.floor >= range->first && position.floor <= range->last)
			(*values)[count++] = position.floor;
	}
	return count;
}

/*
 * The elements of an array, and their number.
 */
static int
read_elements(Datum list, Oid *type, Datum **elements, bool **nulls)
{
	ArrayType  *array = DatumGetArrayTypeP(list);
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			length;

	*type = ARR_ELEMTYPE(array);
	get_typlenbyvalalign(*type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, *type, typlen, typbyval, typalign, elements,
					  nulls, &length);
	return length;
}

/*
 * Ask for a range of a column's values.
 */
static void
bind_bounds(const Binder *binder, const FcColumn *column, const Range *range)
{
	const FcScale *scale = fc_scale_find(column);
	int64		grain = binder->query->grain;
	const char *bound = NULL;

	if (range->first != PG_INT64_MIN)
		bound = scale->write(fc_scale_round(scale, range->first, FC_LOWER,
											grain), FC_LOWER, &binder->zones);
	if (bound != NULL)
		fc_query_add_filter(binder->query, column->min, bound);

	bound = NULL;
	if (range->last != PG_INT64_MAX)
		bound = scale->write(fc_scale_round(scale, range->last, FC_UPPER,
											grain), FC_UPPER, &binder->zones);
	if (bound != NULL)
		fc_query_add_filter(binder->query, column->max, bound);
}
