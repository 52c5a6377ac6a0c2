/*
 * monotone.c
 *		Functions that keep, or turn round, the order of values.
 *
 * Each is a row of a table, which says how a range of results becomes a range
 * of arguments, or a superset of it.
 *
 * A conversion between timestamp and timestamptz adds the offset of the
 * session's time zone.  Where the clock is set back or forward nearby, the
 * offset depends on the value; so the least and the greatest offset around are
 * used.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/scansup.h"
#include "plan/comparison.h"
#include "plan/monotone.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* The days around an instant in which its offset is looked for. */
#define DAYS_AROUND			2

/* A mean month of the Gregorian calendar, and how far months stray from it. */
#define USECS_OF_MEAN_MONTH	(INT64CONST(2629746) * USECS_PER_SEC)
#define USECS_ASTRAY		(6 * USECS_PER_DAY)

#define LAST_YEAR			9999

/* What a function is given besides the value. */
typedef struct Argument
{
	Oid			type;			/* InvalidOid if there is none */
	Datum		value;
} Argument;

typedef struct Monotone
{
	Oid			function;
	int			place;			/* of the value among two arguments, else 0 */
	bool		takes_unit;		/* the other one names a unit of time */
	void		(*invert) (const Argument *argument, FcSpan *span);
} Monotone;

/* A unit that date_trunc knows, and the longest that one lasts. */
typedef struct Unit
{
	int			number;			/* DTK_... */
	int64		usecs;
} Unit;

static const Unit units[] = {
	{DTK_MICROSEC, 1},
	{DTK_MILLISEC, 1000},
	{DTK_SECOND, USECS_PER_SEC},
	{DTK_MINUTE, USECS_PER_MINUTE},
	{DTK_HOUR, USECS_PER_HOUR},
	{DTK_DAY, USECS_PER_DAY},
	{DTK_WEEK, 7 * USECS_PER_DAY},
	{DTK_MONTH, 31 * USECS_PER_DAY},
	{DTK_QUARTER, 92 * USECS_PER_DAY},
	{DTK_YEAR, 366 * USECS_PER_DAY},
	{DTK_DECADE, 3653 * USECS_PER_DAY},
	{DTK_CENTURY, 36525 * USECS_PER_DAY},
	{DTK_MILLENNIUM, 365243 * USECS_PER_DAY}
};

static void invert_day_to_clock(const Argument *argument, FcSpan *span);
static void invert_clock_to_day(const Argument *argument, FcSpan *span);
static void invert_clock_to_instant(const Argument *argument, FcSpan *span);
static void invert_instant_to_clock(const Argument *argument, FcSpan *span);
static void invert_day_to_instant(const Argument *argument, FcSpan *span);
static void invert_instant_to_day(const Argument *argument, FcSpan *span);
static void invert_truncated_clock(const Argument *argument, FcSpan *span);
static void invert_truncated_instant(const Argument *argument, FcSpan *span);
static void invert_year_of_day(const Argument *argument, FcSpan *span);
static void invert_year_of_clock(const Argument *argument, FcSpan *span);
static void invert_year_of_instant(const Argument *argument, FcSpan *span);
static void invert_plus_number(const Argument *argument, FcSpan *span);
static void invert_minus_number(const Argument *argument, FcSpan *span);
static void invert_number_minus(const Argument *argument, FcSpan *span);
static void invert_day_plus(const Argument *argument, FcSpan *span);
static void invert_day_minus(const Argument *argument, FcSpan *span);
static void invert_clock_plus(const Argument *argument, FcSpan *span);
static void invert_clock_minus(const Argument *argument, FcSpan *span);
static void invert_instant_plus(const Argument *argument, FcSpan *span);
static void invert_instant_minus(const Argument *argument, FcSpan *span);

static const Monotone functions[] = {
	/* casts */
	{F_TIMESTAMP_DATE, 0, false, invert_day_to_clock},
	{F_TIMESTAMPTZ_DATE, 0, false, invert_day_to_instant},
	{F_TIMESTAMPTZ_TIMESTAMP, 0, false, invert_clock_to_instant},
	{F_DATE_TIMESTAMP, 0, false, invert_clock_to_day},
	{F_DATE_TIMESTAMPTZ, 0, false, invert_instant_to_day},
	{F_TIMESTAMP_TIMESTAMPTZ, 0, false, invert_instant_to_clock},

	/* functions of a unit */
	{F_DATE_TRUNC_TEXT_TIMESTAMP, 1, true, invert_truncated_clock},
	{F_DATE_TRUNC_TEXT_TIMESTAMPTZ, 1, true, invert_truncated_instant},
	{F_EXTRACT_TEXT_DATE, 1, true, invert_year_of_day},
	{F_EXTRACT_TEXT_TIMESTAMP, 1, true, invert_year_of_clock},
	{F_EXTRACT_TEXT_TIMESTAMPTZ, 1, true, invert_year_of_instant},
	{F_DATE_PART_TEXT_TIMESTAMP, 1, true, invert_year_of_clock},
	{F_DATE_PART_TEXT_TIMESTAMPTZ, 1, true, invert_year_of_instant},

	/* sums and differences */
	{F_DATE_PLI, 0, false, invert_plus_number},
	{F_DATE_MII, 0, false, invert_minus_number},
	{F_DATE_MI, 0, false, invert_minus_number},
	{F_DATE_MI, 1, false, invert_number_minus},
	{F_INT8PL, 0, false, invert_plus_number},
	{F_INT8PL, 1, false, invert_plus_number},
	{F_INT8MI, 0, false, invert_minus_number},
	{F_INT8MI, 1, false, invert_number_minus},
	{F_INT84PL, 0, false, invert_plus_number},
	{F_INT48PL, 1, false, invert_plus_number},
	{F_INT84MI, 0, false, invert_minus_number},
	{F_INT48MI, 1, false, invert_number_minus},
	{F_INT4PL, 0, false, invert_plus_number},
	{F_INT4PL, 1, false, invert_plus_number},
	{F_INT4MI, 0, false, invert_minus_number},
	{F_INT4MI, 1, false, invert_number_minus},
	{F_DATE_PL_INTERVAL, 0, false, invert_day_plus},
	{F_DATE_MI_INTERVAL, 0, false, invert_day_minus},
	{F_TIMESTAMP_PL_INTERVAL, 0, false, invert_clock_plus},
	{F_TIMESTAMP_MI_INTERVAL, 0, false, invert_clock_minus},
	{F_TIMESTAMPTZ_PL_INTERVAL, 0, false, invert_instant_plus},
	{F_TIMESTAMPTZ_MI_INTERVAL, 0, false, invert_instant_minus}
};

static bool is_monotone(const Monotone *row, Expr *argument);
static FcPosition locate_numeric(Datum operand);
static FcPosition locate_float(double operand);
static int64 number_of(Datum numeric);
static int64 clamp_float(double value);
static void find_offsets(int64 instant, int64 *least, int64 *greatest);
static bool read_unit(Datum name, int *unit);
static const Unit *find_unit(Datum name);
static bool locate_argument(const Argument *argument, int64 *value);
static void move_by_interval(const Argument *argument, int sign,
							 FcSpan *span);
static void move_by_days(const Interval *interval, int sign, FcSpan *span);
static int64 start_of_year(int64 year);

/*
 * fc_monotone_axis
 *		What values of a type are counted in; false if we cannot tell.
 */
bool
fc_monotone_axis(Oid type, FcAxis *axis)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case FLOAT8OID:
			*axis = FC_AXIS_NUMBER;
			return true;
		case DATEOID:
			*axis = FC_AXIS_DAY;
			return true;
		case TIMESTAMPOID:
			*axis = FC_AXIS_CLOCK;
			return true;
		case TIMESTAMPTZOID:
			*axis = FC_AXIS_INSTANT;
			return true;
		default:
			return false;
	}
}

/*
 * fc_monotone_takes
 *		Can an operand of the type be located on the axis?
 */
bool
fc_monotone_takes(FcAxis axis, Oid type)
{
	FcAxis		own;

	if (!fc_monotone_axis(type, &own))
		return false;
	if (axis == FC_AXIS_NUMBER || own == FC_AXIS_NUMBER)
		return axis == own;
	return own <= axis || axis == FC_AXIS_INSTANT;
}

/*
 * fc_monotone_locate
 *		Where an operand stands among the values of an axis.
 */
FcPosition
fc_monotone_locate(FcAxis axis, Oid type, Datum operand)
{
	FcPosition	position;

	switch (axis)
	{
		case FC_AXIS_NUMBER:
			if (type == NUMERICOID)
				return locate_numeric(operand);
			if (type == FLOAT8OID)
				return locate_float(DatumGetFloat8(operand));
			return fc_scale_locate_number(type, operand);
		case FC_AXIS_INSTANT:
			return fc_scale_locate_instant(type, operand);
		case FC_AXIS_DAY:
			return fc_scale_locate_day(type, operand);
		case FC_AXIS_CLOCK:
			break;
	}

	if (type == TIMESTAMPOID)
	{
		/* as instants are: the values mean something else, not their order */
		return fc_scale_locate_instant(TIMESTAMPTZOID, operand);
	}
	position = fc_scale_locate_day(type, operand);
	if (position.infinite == 0 &&
		pg_mul_s64_overflow(position.floor, USECS_PER_DAY, &position.floor))
		position.infinite = position.ceiling < 0 ? -1 : 1;
	position.ceiling = position.floor;
	return position;
}

/*
 * fc_monotone_peel
 *		The number of the function that the expression calls, with the value
 *		that it is given, and what else it is given, or NULL; -1 if it is none
 *		of ours.
 */
int
fc_monotone_peel(Expr *expr, Expr **inner, Expr **argument)
{
	Oid			function;
	List	   *args;

	if (IsA(expr, FuncExpr))
	{
		function = ((FuncExpr *) expr)->funcid;
		args = ((FuncExpr *) expr)->args;
	}
	else if (IsA(expr, OpExpr))
	{
		set_opfuncid((OpExpr *) expr);
		function = ((OpExpr *) expr)->opfuncid;
		args = ((OpExpr *) expr)->args;
	}
	else
		return -1;

	for (int i = 0; i < lengthof(functions); i++)
	{
		const Monotone *row = &functions[i];

		if (row->function != function || list_length(args) > 2)
			continue;
		*inner = list_nth(args, row->place);
		*argument = list_length(args) == 2 ? list_nth(args, 1 - row->place) :
			NULL;
		if (contain_var_clause((Node *) *inner) && is_monotone(row, *argument))
			return i;
	}
	return -1;
}

/*
 * fc_monotone_cast
 *		The number of the function by which core compares a value of a type
 *		with one of another; -1 if there is none.
 */
int
fc_monotone_cast(Oid from, Oid to)
{
	Oid			function = InvalidOid;

	if (from == DATEOID && to == TIMESTAMPOID)
		function = F_TIMESTAMP_DATE;
	else if (from == DATEOID && to == TIMESTAMPTZOID)
		function = F_TIMESTAMPTZ_DATE;
	else if (from == TIMESTAMPOID && to == TIMESTAMPTZOID)
		function = F_TIMESTAMPTZ_TIMESTAMP;

	for (int i = 0; i < lengthof(functions); i++)
	{
		if (OidIsValid(function) && functions[i].function == function)
			return i;
	}
	return -1;
}

/*
 * fc_monotone_invert
 *		Turn a span of a function's results into one of what it was given.
 *
 * type is InvalidOid where it is given nothing else.
 */
void
fc_monotone_invert(int function, Oid type, Datum argument, FcSpan *span)
{
	Argument	other = {type, argument};

	functions[function].invert(&other, span);
}

/*
 * Of a function of a unit: is it monotone for that one?
 */
static bool
is_monotone(const Monotone *row, Expr *argument)
{
	Const	   *name = (Const *) argument;
	int			unit;

	if (!row->takes_unit)
		return true;
	if (!IsA(name, Const) || name->constisnull)
		return false;
	if (row->invert == invert_truncated_clock ||
		row->invert == invert_truncated_instant)
		return find_unit(name->constvalue) != NULL;
	return read_unit(name->constvalue, &unit) && unit == DTK_YEAR;
}

/*
 * Numbers among integers.
 */
static FcPosition
locate_numeric(Datum operand)
{
	FcPosition	position = {0};
	Numeric		numeric = DatumGetNumeric(operand);

	if (numeric_is_nan(numeric) || numeric_is_inf(numeric))
		return locate_float(DatumGetFloat8(DirectFunctionCall1(numeric_float8,
															   operand)));
	position.floor = number_of(DirectFunctionCall1(numeric_floor, operand));
	position.ceiling = number_of(DirectFunctionCall1(numeric_ceil, operand));
	return position;
}

static FcPosition
locate_float(double operand)
{
	FcPosition	position = {0};

	if (isnan(operand) || isinf(operand))
		position.infinite = operand < 0 ? -1 : 1;
	else
	{
		position.floor = clamp_float(floor(operand));
		position.ceiling = clamp_float(ceil(operand));
	}
	return position;
}

/*
 * A whole numeric as an integer.
 */
static int64
number_of(Datum numeric)
{
	Datum		value = DirectFunctionCall1(numeric_float8_no_overflow,
											numeric);

	return clamp_float(DatumGetFloat8(value));
}

/*
 * A whole number as an integer.  Far off, one is as good as another: they are
 * compared with years.
 */
static int64
clamp_float(double value)
{
	return (int64) Min(Max(value, -1e9), 1e9);
}

/*
 * Midnights of a timestamp.
 */
static void
invert_day_to_clock(const Argument *argument, FcSpan *span)
{
	int64		first = span->first;
	int64		last = span->last;

	if (first != PG_INT64_MIN)
		span->first = first / USECS_PER_DAY + (first % USECS_PER_DAY > 0);
	if (last != PG_INT64_MAX)
		span->last = last / USECS_PER_DAY - (last % USECS_PER_DAY < 0);
}

static void
invert_clock_to_day(const Argument *argument, FcSpan *span)
{
	if (span->first != PG_INT64_MIN &&
		pg_mul_s64_overflow(span->first, USECS_PER_DAY, &span->first))
		span->first = PG_INT64_MIN;
	if (span->last != PG_INT64_MAX &&
		pg_mul_s64_overflow(span->last, USECS_PER_DAY, &span->last))
		span->last = PG_INT64_MAX;
	fc_span_move(span, 0, USECS_PER_DAY - 1);
}

static void
invert_clock_to_instant(const Argument *argument, FcSpan *span)
{
	int64		least;
	int64		greatest;

	find_offsets(span->first, &least, &greatest);
	fc_span_move(span, least, 0);
	find_offsets(span->last, &least, &greatest);
	fc_span_move(span, 0, greatest);
}

static void
invert_instant_to_clock(const Argument *argument, FcSpan *span)
{
	int64		least;
	int64		greatest;

	find_offsets(span->first, &least, &greatest);
	fc_span_move(span, -greatest, 0);
	find_offsets(span->last, &least, &greatest);
	fc_span_move(span, 0, -least);
}

static void
invert_day_to_instant(const Argument *argument, FcSpan *span)
{
	invert_clock_to_instant(argument, span);
	invert_day_to_clock(argument, span);
}

static void
invert_instant_to_day(const Argument *argument, FcSpan *span)
{
	invert_clock_to_day(argument, span);
	invert_instant_to_clock(argument, span);
}

/*
 * The least and the greatest offset of the session's zone around an instant,
 * or a time on its clock, in microseconds.
 */
static void
find_offsets(int64 instant, int64 *least, int64 *greatest)
{
	int64		limit = start_of_year(LAST_YEAR);

	*least = PG_INT64_MAX;
	*greatest = PG_INT64_MIN;
	instant = Min(Max(instant, -limit), limit);
	for (int day = -DAYS_AROUND; day <= DAYS_AROUND; day++)
	{
		pg_time_t	at = timestamptz_to_time_t(instant);
		int64		offset = fc_scale_offset_at(at + day * SECS_PER_DAY,
												session_timezone);

		*least = Min(*least, offset * USECS_PER_SEC);
		*greatest = Max(*greatest, offset * USECS_PER_SEC);
	}
}

/*
 * date_trunc(unit, timestamp): a result is no later than the value, and the
 * next one is later.
 */
static void
invert_truncated_clock(const Argument *argument, FcSpan *span)
{
	const Unit *unit = find_unit(argument->value);
	Datum		next;

	if (span->last < start_of_year(1) ||
		span->last >= start_of_year(LAST_YEAR))
	{
		span->last = PG_INT64_MAX;
		return;
	}
	next = DirectFunctionCall2(timestamp_trunc, argument->value,
							   TimestampGetDatum(span->last));
	next = DirectFunctionCall2(timestamp_trunc, argument->value,
							   TimestampGetDatum(DatumGetTimestamp(next) +
												 unit->usecs));
	span->last = DatumGetTimestamp(next) - 1;
}

static void
invert_truncated_instant(const Argument *argument, FcSpan *span)
{
	invert_clock_to_instant(argument, span);
	invert_truncated_clock(argument, span);
	invert_instant_to_clock(argument, span);
}

/*
 * extract(year ...)
 */
static void
invert_year_of_clock(const Argument *argument, FcSpan *span)
{
	span->first = span->first < 1 ? PG_INT64_MIN :
		start_of_year(Min(span->first, LAST_YEAR));
	span->last = span->last >= LAST_YEAR ? PG_INT64_MAX :
		start_of_year(Max(span->last + 1, 1)) - 1;
}

static void
invert_year_of_day(const Argument *argument, FcSpan *span)
{
	invert_year_of_clock(argument, span);
	invert_day_to_clock(argument, span);
}

static void
invert_year_of_instant(const Argument *argument, FcSpan *span)
{
	invert_year_of_clock(argument, span);
	invert_instant_to_clock(argument, span);
}

/*
 * value + number
 */
static void
invert_plus_number(const Argument *argument, FcSpan *span)
{
	int64		number;

	if (locate_argument(argument, &number))
		fc_span_move(span, -number, -number);
	else
		*span = (FcSpan) FC_ALL_VALUES;
}

/*
 * value - number
 */
static void
invert_minus_number(const Argument *argument, FcSpan *span)
{
	int64		number;

	if (locate_argument(argument, &number))
		fc_span_move(span, number, number);
	else
		*span = (FcSpan) FC_ALL_VALUES;
}

/*
 * number - value
 */
static void
invert_number_minus(const Argument *argument, FcSpan *span)
{
	FcSpan		turned = FC_ALL_VALUES;

	if (span->last != PG_INT64_MAX)
		turned.first = -span->last;
	if (span->first != PG_INT64_MIN)
		turned.last = -span->first;
	*span = turned;
	invert_minus_number(argument, span);
}

/*
 * The number that is added; false if it is none of use.
 */
static bool
locate_argument(const Argument *argument, int64 *value)
{
	FcPosition	position;

	if (argument->type == DATEOID)
		position = fc_scale_locate_day(DATEOID, argument->value);
	else
		position = fc_scale_locate_number(argument->type, argument->value);
	*value = position.floor;
	return position.infinite == 0 && position.floor != PG_INT64_MIN;
}

/*
 * value + interval, value - interval
 */
static void
invert_clock_plus(const Argument *argument, FcSpan *span)
{
	move_by_interval(argument, 1, span);
}

static void
invert_clock_minus(const Argument *argument, FcSpan *span)
{
	move_by_interval(argument, -1, span);
}

static void
invert_day_plus(const Argument *argument, FcSpan *span)
{
	move_by_interval(argument, 1, span);
	invert_day_to_clock(argument, span);
}

static void
invert_day_minus(const Argument *argument, FcSpan *span)
{
	move_by_interval(argument, -1, span);
	invert_day_to_clock(argument, span);
}

static void
invert_instant_plus(const Argument *argument, FcSpan *span)
{
	const Interval *interval = DatumGetIntervalP(argument->value);

	if (interval->month == 0 && interval->day == 0)
	{
		move_by_interval(argument, 1, span);
		return;
	}

	/* months and days are added on the clock, hours to the instant */
	invert_clock_to_instant(argument, span);
	move_by_interval(argument, 1, span);
	invert_instant_to_clock(argument, span);
}

static void
invert_instant_minus(const Argument *argument, FcSpan *span)
{
	const Interval *interval = DatumGetIntervalP(argument->value);

	if (interval->month == 0 && interval->day == 0)
	{
		move_by_interval(argument, -1, span);
		return;
	}
	invert_clock_to_instant(argument, span);
	move_by_interval(argument, -1, span);
	invert_instant_to_clock(argument, span);
}

/*
 * Turn what is left when an interval has been added, or subtracted if sign is
 * -1, into what was there before.
 */
static void
move_by_interval(const Argument *argument, int sign, FcSpan *span)
{
	const Interval *interval = DatumGetIntervalP(argument->value);

	if (interval->time == PG_INT64_MIN)
	{
		*span = (FcSpan) FC_ALL_VALUES;
		return;
	}
	fc_span_move(span, -sign * interval->time, -sign * interval->time);
	move_by_days(interval, sign, span);
}

/*
 * The same for the days and months of an interval; months differ in length.
 */
static void
move_by_days(const Interval *interval, int sign, FcSpan *span)
{
	int64		astray = interval->month != 0 ? USECS_ASTRAY : 0;
	int64		days = interval->day * USECS_PER_DAY;
	int64		months;

	if (pg_mul_s64_overflow(interval->month, USECS_OF_MEAN_MONTH, &months) ||
		months == PG_INT64_MIN)
	{
		*span = (FcSpan) FC_ALL_VALUES;
		return;
	}
	fc_span_move(span, -sign * days, -sign * days);
	fc_span_move(span, -sign * months, -sign * months);
	fc_span_move(span, -astray, astray);
}

/*
 * The unit of that name, as core reads it; false if there is none.
 */
static bool
read_unit(Datum name, int *unit)
{
	char	   *given = TextDatumGetCString(name);
	char	   *lower = downcase_truncate_identifier(given, strlen(given),
													 false);

	return DecodeUnits(0, lower, unit) == UNITS;
}

static const Unit *
find_unit(Datum name)
{
	int			number;

	if (!read_unit(name, &number))
		return NULL;
	for (int i = 0; i < lengthof(units); i++)
	{
		if (units[i].number == number)
			return &units[i];
	}
	return NULL;
}

/*
 * When a year from 1 on begins, on the clock.
 */
static int64
start_of_year(int64 year)
{
	return (date2j((int) year, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
}
