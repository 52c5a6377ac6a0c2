/*
 * bind.c
 *		What a query asks for, once the operands of its conditions are known.
 *
 * All comparisons of a column together leave a range of its scale, and perhaps
 * a list of single values.
 */
#include "postgres.h"

#include "common/int.h"
#include "executor/executor.h"
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
static void narrow_to_conditions(const Binder *binder, const FcColumn *column,
								 Range *range);
static bool is_about(const Binder *binder, const FcCondition *condition,
					 const FcColumn *column);
static bool is_list(const Binder *binder, const FcCondition *condition);
static void narrow_range(Range *range, FcOperator operator,
						 const FcPosition *position);
static bool asks_for(FcOperator operator, FcSide side);
static void narrow_to_list(Range *range, const FcScale *scale, Datum list);
static void set_first(Range *range, int64 from, int64 offset);
static void set_last(Range *range, int64 from, int64 offset);
static void bind_ids(const Binder *binder, const FcColumn *column,
					 const Range *range);
static void bind_parents(const Binder *binder, const FcColumn *column,
						 const Range *range);
static void bind_value(const Binder *binder, const FcColumn *column,
					   const Range *range);
static void bind_bounds(const Binder *binder, const FcColumn *column,
						const Range *range);
static void bind_keys(const Binder *binder, const FcColumn *column,
					  FcKeys *keys, const Range *range);
static int	read_list(Datum list, const Range *range, int64 **values);
static int	read_elements(Datum list, Oid *type, Datum **elements,
						  bool **nulls);

/* Ask for a range of a column's values, by its kind. */
static void (*const binders[]) (const Binder *, const FcColumn *,
								const Range *) =
{
	[FC_KIND_KEY] = bind_ids,
		[FC_KIND_PARENT] = bind_parents,
		[FC_KIND_VALUE] = bind_value,
		[FC_KIND_RANGE] = bind_bounds
};

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
 * fc_bind_operands
 *		The operands that conditions name, as they are now.
 *
 * exprs are ExprState *, by number of the operand.  The one numbered given
 * (-1 for none) is left to the caller, who has it already.  Allocates in the
 * current context.
 */
FcOperands *
fc_bind_operands(const List *conditions, const List *exprs,
				 ExprContext *econtext, int given)
{
	FcOperands *operands = palloc(sizeof(FcOperands));
	int			count = list_length(exprs);
	ListCell   *cell;

	operands->types = palloc0((count + 1) * sizeof(Oid));
	operands->values = palloc0((count + 1) * sizeof(Datum));
	operands->isnull = palloc0((count + 1) * sizeof(bool));
	foreach(cell, conditions)
	{
		int			i = ((const FcCondition *) lfirst(cell))->operand;
		ExprState  *operand = list_nth(exprs, i);

		if (i == given)
			continue;
		operands->types[i] = exprType((Node *) operand->expr);
		operands->values[i] = ExecEvalExpr(operand, econtext,
										   &operands->isnull[i]);
	}
	return operands;
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
	FcColumnKind kind = fc_comparison_kind(column);
	Range		range = {PG_INT64_MIN, PG_INT64_MAX};

	if (kind == FC_KIND_KEY || kind == FC_KIND_PARENT)
		range.first = 1;
	narrow_to_conditions(binder, column, &range);

	if (range.first > range.last)
		binder->query->is_empty = true;
	else
		binders[kind] (binder, column, &range);
}

/*
 * Leave those values of the range that all conditions on a column accept.
 *
 * Of a list only its ends count, and only where it goes upstream as bounds.
 */
static void
narrow_to_conditions(const Binder *binder, const FcColumn *column,
					 Range *range)
{
	const FcScale *scale = fc_scale_find(column);
	const FcOperands *operands = binder->operands;
	ListCell   *cell;

	foreach(cell, binder->conditions)
	{
		const FcCondition *condition = lfirst(cell);
		int			number = condition->operand;
		FcPosition	position;

		if (!is_about(binder, condition, column))
			continue;
		if (!is_list(binder, condition))
		{
			position = scale->locate(operands->types[number],
									 operands->values[number]);
			narrow_range(range, condition->operator, &position);
		}
		else if (fc_comparison_kind(column) == FC_KIND_RANGE)
			narrow_to_list(range, scale, operands->values[number]);
	}
}

/*
 * Is the condition one on the column, with an operand that is not NULL?
 */
static bool
is_about(const Binder *binder, const FcCondition *condition,
		 const FcColumn *column)
{
	return &binder->query->resource->columns[condition->column] == column &&
		!binder->operands->isnull[condition->operand];
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
 * Ask for rows by id, or else for those above and up to an id.
 */
static void
bind_ids(const Binder *binder, const FcColumn *column, const Range *range)
{
	FcQuery    *query = binder->query;

	bind_keys(binder, column, &query->ids, range);
	if (query->ids.bound || !binder->push_filters)
		return;
	if (range->first > 1)
	{
		query->has_since = true;
		query->since = range->first - 1;
	}
	if (range->last < PG_INT64_MAX && query->push_order)
	{
		query->has_until = true;
		query->until = range->last;
	}
}

/*
 * Ask for rows by what they hang on.
 */
static void
bind_parents(const Binder *binder, const FcColumn *column, const Range *range)
{
	bind_keys(binder, column, &binder->query->parents, range);
}

/*
 * Ask for a column's value, if conditions leave a single one.
 */
static void
bind_value(const Binder *binder, const FcColumn *column, const Range *range)
{
	FcKeys		values = {0};

	bind_keys(binder, column, &values, range);
	if (values.count == 1 && binder->push_filters)
		fc_query_add_filter(binder->query, column->equals,
							psprintf(INT64_FORMAT, values.values[0]));
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

	if (!binder->push_filters)
		return;
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

/*
 * Add the single values that conditions leave of a column, if they do.
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

		if (!is_about(binder, condition, column) ||
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
