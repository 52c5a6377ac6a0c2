/*
 * bind.c
 *		What a query asks for, once the operands of its conditions are known.
 *
 * All comparisons of a column together leave a range of its scale, and perhaps
 * a list of single values.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "pgtime.h"
#include "plan/bind.h"
#include "plan/comparison.h"
#include "plan/implied.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* What a query is made from. */
typedef struct Binder
{
	FcQuery    *query;
	const List *conditions;
	const FcOperands *operands;
	FcZones		zones;			/* of bounds */
	bool		push_filters;
} Binder;

static bool waits_for_execution(Node *node, void *context);
static void bind_column(const Binder *binder, const FcColumn *column);
static void narrow_to_conditions(const Binder *binder, const FcColumn *column,
								 FcSpan *range);
static bool is_about(const Binder *binder, const FcCondition *condition,
					 const FcColumn *column);
static bool is_list(const Binder *binder, const FcCondition *condition);
static void narrow_to_list(FcSpan *range, const FcScale *scale, Datum list);
static void bind_ids(const Binder *binder, const FcColumn *column,
					 const FcSpan *range);
static void bind_parents(const Binder *binder, const FcColumn *column,
						 const FcSpan *range);
static void bind_value(const Binder *binder, const FcColumn *column,
					   const FcSpan *range);
static void bind_bounds(const Binder *binder, const FcColumn *column,
						const FcSpan *range);
static void bind_keys(const Binder *binder, const FcColumn *column,
					  FcKeys *keys, const FcSpan *range);
static void bind_values(const Binder *binder, const FcColumn *column);
static void keep_values(FcBinding *binding, Oid type, const Datum *values,
						const bool *nulls, int count, bool is_first);
static bool is_value(char *const *values, int count, const char *text);
static void check_value(const FcColumn *column, const char *text);
static int	read_list(Datum list, const FcSpan *range, int64 **values);
static int	read_elements(Datum list, Oid *type, Datum **elements,
						  bool **nulls);

/* Ask for a range of a column's values, by its kind. */
static void (*const binders[]) (const Binder *, const FcColumn *,
								const FcSpan *) =
{
	[FC_KIND_KEY] = bind_ids,
		[FC_KIND_PARENT] = bind_parents,
		[FC_KIND_LINK] = bind_parents,
		[FC_KIND_VALUE] = bind_value,
		[FC_KIND_RANGE] = bind_bounds
};

/*
 * fc_bind_waits
 *		Is there a parameter in an operand, or a list of them, that only
 *		execution sets?
 *
 * Of a generic plan that is explained, none is set.  estate is NULL while the
 * query is planned.
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
			(estate != NULL && estate->es_param_list_info == NULL);
	return expression_tree_walker(node, waits_for_execution, context);
}

/*
 * fc_bind_numbers
 *		The numbers of the operands that conditions name.
 */
List *
fc_bind_numbers(const List *conditions)
{
	List	   *numbers = NIL;
	ListCell   *cell;

	foreach(cell, conditions)
	{
		const FcCondition *condition = lfirst(cell);

		if (condition->operator == FC_WITHIN)
			numbers = list_concat(numbers,
								  fc_implied_operands(condition->implied));
		else
			numbers = lappend_int(numbers, condition->operand);
	}
	return numbers;
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
	foreach(cell, fc_bind_numbers(conditions))
	{
		int			i = lfirst_int(cell);
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
	FcSpan		range = FC_ALL_VALUES;

	if (kind == FC_KIND_BRACE)
	{
		bind_values(binder, column);
		return;
	}
	if (column->flags & FC_LOOKED_UP)
		range.first = 1;
	narrow_to_conditions(binder, column, &range);

	if (fc_span_is_empty(&range))
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
					 FcSpan *range)
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
		if (condition->operator == FC_WITHIN)
			fc_implied_narrow(condition->implied, operands, range);
		else if (!is_list(binder, condition))
		{
			position = scale->locate(operands->types[number],
									 operands->values[number]);
			fc_span_narrow(range, condition->operator, &position);
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
 * Leave the values of the range from the first to the last of an array.
 */
static void
narrow_to_list(FcSpan *range, const FcScale *scale, Datum list)
{
	FcSpan		all = FC_NO_VALUE;
	Datum	   *elements;
	bool	   *nulls;
	Oid			type;
	int			length = read_elements(list, &type, &elements, &nulls);

	for (int i = 0; i < length; i++)
	{
		FcSpan		one = FC_ALL_VALUES;
		FcPosition	position;

		if (nulls[i])
			continue;
		position = scale->locate(type, elements[i]);
		fc_span_narrow(&one, FC_EQUAL, &position);
		fc_span_extend(&all, &one);
	}
	fc_span_intersect(range, &all);
}

/*
 * Ask for rows by id, or else for those above and up to an id.
 */
static void
bind_ids(const Binder *binder, const FcColumn *column, const FcSpan *range)
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
bind_parents(const Binder *binder, const FcColumn *column, const FcSpan *range)
{
	FcKeys		keys = {0};

	bind_keys(binder, column, &keys, range);
	fc_query_bind_parents(binder->query, column, &keys);
}

/*
 * Ask for a column's value, if conditions leave a single one.
 */
static void
bind_value(const Binder *binder, const FcColumn *column, const FcSpan *range)
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
bind_bounds(const Binder *binder, const FcColumn *column, const FcSpan *range)
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
		  const FcSpan *range)
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

		if (!is_about(binder, condition, column))
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
read_list(Datum list, const FcSpan *range, int64 **values)
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
