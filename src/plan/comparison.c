/*
 * comparison.c
 *		Which comparisons of a column go upstream, as what, and how a column's
 *		values compare.
 *
 * One table says what goes upstream, by the kind of a column and the operator.
 * A filter may let more rows pass than the comparison, never fewer.
 *
 * Values compare as integers: numbers, days or microseconds.  What is compared
 * with a column lies on its scale of integers, or between two of them; and a
 * bound is written as the API reads it.
 */
#include "postgres.h"

#include "api/ctid.h"
#include "catalog/pg_type.h"
#include "plan/comparison.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/*
 * Bounds are written with years of four digits, which is what an API and the
 * database behind it surely read.  A bound beyond them is moved to them, or
 * left out where every value meets it.
 */
#define FIRST_DAY	(date2j(1000, 1, 3) - POSTGRES_EPOCH_JDATE)
#define LAST_DAY	(date2j(9999, 12, 29) - POSTGRES_EPOCH_JDATE)

/* The clock is never set back by more than so many seconds. */
#define LONGEST_SETBACK (3 * SECS_PER_HOUR)

#define NOWHERE			{0, false, false}
#define EXACT(place)	{FC_GOES_TO_##place, true, false}
#define EXACT_OR_ONE(takes_one) \
	{FC_GOES_TO_KEY | FC_GOES_TO_EQUALS, true, takes_one}
#define WIDENED(places)	{places, false, false}
#define SINCE_UNTIL		{FC_GOES_TO_SINCE | FC_GOES_TO_UNTIL, false, false}
#define UNTIL			{FC_GOES_TO_UNTIL, false, false}
#define IF_ONE			{FC_GOES_TO_EQUALS, false, true}

#define MIN_BOUND		FC_GOES_TO_MIN
#define MAX_BOUND		FC_GOES_TO_MAX

/* What goes upstream, and as what. */
static const FcComparison comparisons[][FC_OPERATORS] = {
	[FC_KIND_NONE] = {NOWHERE},
	[FC_KIND_KEY] = {
		[FC_EQUAL] = EXACT(KEY),
		[FC_EQUAL_ANY] = EXACT(KEY),
		[FC_LESS] = UNTIL,
		[FC_LESS_EQUAL] = UNTIL,
		[FC_GREATER] = EXACT(SINCE),
		[FC_GREATER_EQUAL] = EXACT(SINCE),
		[FC_WITHIN] = SINCE_UNTIL
	},
	[FC_KIND_PARENT] = {
		[FC_EQUAL] = EXACT(KEY),
		[FC_EQUAL_ANY] = EXACT(KEY)
	},
	[FC_KIND_LINK] = {
		[FC_EQUAL] = EXACT_OR_ONE(false),
		[FC_EQUAL_ANY] = EXACT_OR_ONE(true)
	},
	[FC_KIND_BRACE] = {
		[FC_EQUAL] = EXACT(KEY),
		[FC_EQUAL_ANY] = EXACT(KEY)
	},
	[FC_KIND_VALUE] = {
		[FC_EQUAL] = EXACT(EQUALS),
		[FC_EQUAL_ANY] = IF_ONE
	},
	[FC_KIND_RANGE] = {
		[FC_EQUAL] = WIDENED(MIN_BOUND | MAX_BOUND),
		[FC_EQUAL_ANY] = WIDENED(MIN_BOUND | MAX_BOUND),
		[FC_LESS] = WIDENED(MAX_BOUND),
		[FC_LESS_EQUAL] = WIDENED(MAX_BOUND),
		[FC_GREATER] = WIDENED(MIN_BOUND),
		[FC_GREATER_EQUAL] = WIDENED(MIN_BOUND),
		[FC_WITHIN] = WIDENED(MIN_BOUND | MAX_BOUND)
	}
};

/* Operators as people write them. */
static const char *const signs[FC_OPERATORS] = {
	[FC_EQUAL] = "=",
	[FC_EQUAL_ANY] = "= ANY",
	[FC_LESS] = "<",
	[FC_LESS_EQUAL] = "<=",
	[FC_GREATER] = ">",
	[FC_GREATER_EQUAL] = ">=",
	[FC_WITHIN] = "<@"
};

static FcPosition locate_ctid(ItemPointer ctid);
static char *write_day(int64 day, FcSide side, const FcZones *zones);
static char *write_instant(int64 instant, FcSide side, const FcZones *zones);
static bool clamp_bound(int64 *value, FcSide side, int64 least,
						int64 greatest);
static int64 divide_down(int64 value, int64 divisor);
static long repeated_seconds(pg_time_t at, pg_tz *zone);

static const Oid numbers[] = {INT8OID, INT4OID, INT2OID, InvalidOid};
static const Oid ctids[] = {TIDOID, InvalidOid};
static const Oid dates[] = {DATEOID, InvalidOid};
static const Oid instants[] = {TIMESTAMPTZOID, InvalidOid};
static const Oid times[] = {DATEOID, TIMESTAMPOID, TIMESTAMPTZOID, InvalidOid};

static const Oid texts[] = {TEXTOID, VARCHAROID, InvalidOid};
static const Oid uuids[] = {UUIDOID, InvalidOid};

/* What a path may be told, by the type of the local column. */
static const FcScale bound_scales[] = {
	{"text", numbers, numbers},
	{"text", texts, texts},
	{"text", uuids, uuids},
	{NULL}
};

static const FcScale scales[] = {
	{"bigint", numbers, numbers, fc_scale_locate_number},
	{"integer", numbers, numbers, fc_scale_locate_number},
	{"date", dates, times, fc_scale_locate_day, write_day},
	{"timestamptz", instants, times, fc_scale_locate_instant, write_instant},
	{NULL}
};

/* Another view of a key's scale; conditions on both are bound together. */
static const FcScale ctid_scale = {
	"tid", ctids, ctids, fc_scale_locate_number
};

/*
 * fc_comparison_kind
 *		What the API offers to tell a column's values apart.
 */
FcColumnKind
fc_comparison_kind(const FcColumn *column)
{
	if (column->flags & FC_KEY)
		return FC_KIND_KEY;
	if (column->flags & FC_PARENT)
		return FC_KIND_PARENT;
	if (column->flags & FC_LINK)
		return FC_KIND_LINK;
	if (column->flags & FC_BRACE)
		return FC_KIND_BRACE;
	if (column->equals != NULL)
		return FC_KIND_VALUE;
	return column->min != NULL ? FC_KIND_RANGE : FC_KIND_NONE;
}

/*
 * fc_comparison
 *		What becomes of a comparison of the column by an operator.
 */
const FcComparison *
fc_comparison(const FcColumn *column, FcOperator operator)
{
	return &comparisons[fc_comparison_kind(column)][operator];
}

/*
 * fc_comparison_is_lookup
 *		Does the comparison name rows, or their parent, by key?
 */
bool
fc_comparison_is_lookup(const FcColumn *column, FcOperator operator)
{
	return (fc_comparison(column, operator)->places & FC_GOES_TO_KEY) != 0;
}

/*
 * fc_comparison_parameter
 *		The parameter at one place, for people to read; NULL if there is none.
 */
const char *
fc_comparison_parameter(const FcColumn *column, int place)
{
	switch (place)
	{
		case FC_GOES_TO_KEY:
			return psprintf("{%s}", column->name);
		case FC_GOES_TO_SINCE:
			return "since_id";
		case FC_GOES_TO_EQUALS:
			return column->equals;
		case FC_GOES_TO_MIN:
			return column->min;
		case FC_GOES_TO_MAX:
			return column->max;
		default:
			return NULL;
	}
}

/*
 * fc_comparison_sign
 *		The operator as people write it.
 */
const char *
fc_comparison_sign(FcOperator operator)
{
	return signs[operator];
}

/*
 * fc_scale_for
 *		The scale of a column's values if the local column, of that type, holds
 *		them as they are; else NULL.
 */
const FcScale *
fc_scale_for(const FcColumn *column, Oid type)
{
	const FcScale *scale = fc_scale_find(column);

	if (column->flags & FC_BRACE)
	{
		scale = bound_scales;
		while (scale->type && !fc_scale_is_among(type, scale->columns))
			scale++;
		return scale->type ? scale : NULL;
	}
	return scale && fc_scale_is_among(type, scale->columns) ? scale : NULL;
}

/*
 * fc_scale_find
 *		The scale of a column's values; NULL if it has none.
 */
const FcScale *
fc_scale_find(const FcColumn *column)
{
	for (const FcScale *scale = scales; scale->type; scale++)
	{
		if (strcmp(scale->type, column->type) == 0)
			return scale;
	}
	return NULL;
}

/*
 * fc_scale_of_ctid
 *		The scale of a table's ctids, which is that of its ids.
 */
const FcScale *
fc_scale_of_ctid(void)
{
	return &ctid_scale;
}

/*
 * fc_scale_family
 *		The operator family that holds all that compare values of a scale.
 */
Oid
fc_scale_family(const FcScale *scale)
{
	return lookup_type_cache(scale->columns[0],
							 TYPECACHE_BTREE_OPFAMILY)->btree_opf;
}

/*
 * fc_scale_is_among
 *		Is a type one of a scale's?
 */
bool
fc_scale_is_among(Oid type, const Oid *types)
{
	while (OidIsValid(*types) && *types != type)
		types++;
	return OidIsValid(*types);
}

/*
 * fc_scale_round
 *		A bound of instants, moved outwards to a multiple of grain, so that
 *		bounds that follow the clock stay the same for a while; others, and
 *		with no grain, as they are.
 */
int64
fc_scale_round(const FcScale *scale, int64 value, FcSide side, int64 grain)
{
	int64		steps;

	if (grain == 0 || scale->locate != fc_scale_locate_instant)
		return value;
	steps = divide_down(value, grain);
	if (side == FC_UPPER && value % grain != 0)
		steps++;
	if (steps > PG_INT64_MAX / grain || steps < PG_INT64_MIN / grain)
		return value;
	return steps * grain;
}

/*
 * fc_scale_locate_number
 *		An integer, or the id that a ctid stands for, on the scale of integers.
 */
FcPosition
fc_scale_locate_number(Oid type, Datum operand)
{
	FcPosition	position = {0};

	if (type == INT8OID)
		position.floor = DatumGetInt64(operand);
	else if (type == INT4OID)
		position.floor = DatumGetInt32(operand);
	else if (type == INT2OID)
		position.floor = DatumGetInt16(operand);
	else if (type == TIDOID)
		return locate_ctid((ItemPointer) DatumGetPointer(operand));
	else
		elog(ERROR, "unexpected type %u of a number", type);

	position.ceiling = position.floor;
	return position;
}

/*
 * fc_scale_locate_day
 *		A date or time on the scale of days.
 *
 * Core compares a date with a timestamptz as that day's midnight in the
 * session's time zone.  Midnights may be missing or come twice, so we only
 * rely on the local day of the instant.
 */
FcPosition
fc_scale_locate_day(Oid type, Datum operand)
{
	FcPosition	position = {0};
	Timestamp	at = 0;

	if (type == DATEOID)
	{
		DateADT		day = DatumGetDateADT(operand);

		if (DATE_NOT_FINITE(day))
			position.infinite = DATE_IS_NOBEGIN(day) ? -1 : 1;
		position.floor = position.ceiling = day;
		return position;
	}

	at = DatumGetTimestamp(operand);
	if (TIMESTAMP_NOT_FINITE(at))
		position.infinite = TIMESTAMP_IS_NOBEGIN(at) ? -1 : 1;
	else if (type == TIMESTAMPTZOID)
	{
		at += fc_scale_offset_at(timestamptz_to_time_t(at), session_timezone) *
			USECS_PER_SEC;
		position.vague = true;
	}
	position.floor = divide_down(at, USECS_PER_DAY);
	position.ceiling = position.floor;
	if (!position.vague && at % USECS_PER_DAY != 0)
		position.ceiling++;
	return position;
}

/*
 * fc_scale_locate_instant
 *		A date or time on the scale of microseconds, as core would compare it
 *		with a timestamptz.
 */
FcPosition
fc_scale_locate_instant(Oid type, Datum operand)
{
	FcPosition	position = {0};
	int			overflow = 0;
	TimestampTz at;

	if (type == DATEOID)
		at = date2timestamptz_opt_overflow(DatumGetDateADT(operand),
										   &overflow);
	else if (type == TIMESTAMPOID)
		at = timestamp2timestamptz_opt_overflow(DatumGetTimestamp(operand),
												&overflow);
	else
		at = DatumGetTimestampTz(operand);

	if (overflow != 0)
		position.infinite = overflow;
	else if (TIMESTAMP_NOT_FINITE(at))
		position.infinite = TIMESTAMP_IS_NOBEGIN(at) ? -1 : 1;
	position.floor = position.ceiling = at;
	return position;
}

/*
 * fc_scale_offset_at
 *		Seconds that a zone's clock is ahead of UTC at an instant.
 */
long
fc_scale_offset_at(pg_time_t at, pg_tz *zone)
{
	struct pg_tm *tm = pg_localtime(&at, zone);

	return tm != NULL ? tm->tm_gmtoff : 0;
}

/*
 * A ctid on the scale of ids.
 */
static FcPosition
locate_ctid(ItemPointer ctid)
{
	FcPosition	position = {0};
	bool		names_id = fc_ctid_to_id(ctid, &position.floor);

	if (!BlockNumberIsValid(ItemPointerGetBlockNumberNoCheck(ctid)))
		position.infinite = 1;
	position.ceiling = position.floor + (names_id ? 0 : 1);
	return position;
}

/*
 * A bound of days, as the API reads it; NULL if every value meets it.
 *
 * A day on either side makes good that the bound itself may be left out, that
 * a day may stand for its beginning or its end, and that it may begin in any
 * zone.
 */
static char *
write_day(int64 day, FcSide side, const FcZones *zones)
{
	int			year;
	int			month;
	int			mday;

	if (!clamp_bound(&day, side, FIRST_DAY, LAST_DAY))
		return NULL;
	j2date((int) day + side + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return psprintf("%04d-%02d-%02d", year, month, mday);
}

/*
 * A bound of instants, as the API reads it; NULL if every value meets it.
 *
 * The API compares whole seconds, and may leave out the bound itself: hence a
 * second more on either side.  Where the zone is unknown, the bound is in UTC
 * and a day more is right in each.
 *
 * Where the clock repeats an hour, a time stands for two instants.  The API
 * may take the bound for the wrong one, which is an hour too near; and a
 * value without an offset may be an hour away from what we read: first the
 * instant is moved by as much, then the time that is written.
 */
static char *
write_instant(int64 instant, FcSide side, const FcZones *zones)
{
	Timestamp	wall;
	struct pg_tm tm;
	fsec_t		fsec;

	if (!clamp_bound(&instant, side, FIRST_DAY * USECS_PER_DAY,
					 LAST_DAY * USECS_PER_DAY))
		return NULL;

	if (side == FC_UPPER)
		instant += USECS_PER_SEC - 1;
	wall = divide_down(instant, USECS_PER_SEC) * USECS_PER_SEC;
	if (zones->filter == NULL)
		wall += side * USECS_PER_DAY;
	else
	{
		pg_time_t	at = timestamptz_to_time_t(wall) + side;
		long		shift = side + side * repeated_seconds(at, zones->naive);

		at += shift - side;
		shift += fc_scale_offset_at(at, zones->filter) +
			side * repeated_seconds(at, zones->filter);
		wall += shift * USECS_PER_SEC;
	}

	if (timestamp2tm(wall, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	return psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/*
 * Move a bound to where it can be written.  False if it need not be: every
 * value that can be written meets it.
 */
static bool
clamp_bound(int64 *value, FcSide side, int64 least, int64 greatest)
{
	if (side == FC_LOWER ? *value < least : *value > greatest)
		return false;

	*value = Min(Max(*value, least), greatest);
	return true;
}

/*
 * Division that rounds down, for a positive divisor.
 */
static int64
divide_down(int64 value, int64 divisor)
{
	return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/*
 * If a zone's clock shows the time of this instant twice: the seconds between.
 */
static long
repeated_seconds(pg_time_t at, pg_tz *zone)
{
	long		here = fc_scale_offset_at(at, zone);
	long		before = fc_scale_offset_at(at - LONGEST_SETBACK, zone);
	long		after = fc_scale_offset_at(at + LONGEST_SETBACK, zone);

	if (before > here &&
		fc_scale_offset_at(at - (before - here), zone) == before)
		return before - here;
	if (after < here &&
		fc_scale_offset_at(at + (here - after), zone) == after)
		return here - after;
	return 0;
}
