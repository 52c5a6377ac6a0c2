/*
 * advice.c
 *		Read from an answer's headers when the next request may be sent, and
 *		how old the answer is.
 *
 * FrontCore documents no such header, but servers of this kind and proxies in
 * front of them send some, in several spellings and units.  What cannot be
 * read is as good as not sent: a number is decimal digits and nothing else, a
 * date has one of the forms of RFC 9110 (section 5.6.7) or of ISO 8601.  Times
 * are told by the server's clock where the answer shows it, since ours may be
 * off.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>
#include <time.h>

#include "api/advice.h"
#include "utils/datetime.h"

/* More, in whatever unit, nobody means; and it is still finite in others. */
#define MAX_NUMBER			1e15

/* Seconds; an age of more is taken for that much (RFC 9111, section 1.2.2). */
#define MAX_AGE				2147483648.0

/*
 * A reset time below the first is a number of seconds from now; below the
 * second, seconds since 1970; above, milliseconds.  That is right for waits
 * of up to 31 years, from 2001 to 5138.
 */
#define MIN_EPOCH_SECONDS		1e9
#define MIN_EPOCH_MILLISECONDS	1e11

/* Reads a header's value; false if it is not what the header should hold. */
typedef bool (*ValueReader) (const FcHttpResponse *response,
							 const char *value, double *result);

/*
 * A form of an HTTP date, from the end of its weekday on.  The shape is as
 * has_shape takes it.
 */
typedef struct DateForm
{
	const char *shape;
	int			day,
				month,
				year,
				time;			/* where they are */
	int			year_digits;
} DateForm;

static const DateForm date_forms[] =
{
	{", 99 aaa 9999 99:99:99 aaa", 2, 5, 9, 14, 4},
	{", 99-aaa-99 99:99:99 aaa", 2, 5, 9, 12, 2},
	{" aaa d9 99:99:99 9999", 5, 1, 17, 8, 4}
};

static const char *next_value(const FcHttpResponse *response,
							  const char *name, int *position);
static bool read_limit(const FcHttpResponse *response, const char *name,
					   ValueReader reader, double *result);
static bool says_none_remaining(const FcHttpResponse *response);
static double time_to_reset(const FcHttpResponse *response);
static double server_time(const FcHttpResponse *response);
static bool read_delay(const FcHttpResponse *response, const char *value,
					   double *seconds);
static bool read_count(const FcHttpResponse *response, const char *value,
					   double *count);
static bool read_reset(const FcHttpResponse *response, const char *value,
					   double *seconds);
static bool read_window(const FcHttpResponse *response, const char *value,
						double *seconds);
static bool parse_number(const char *value, double *number, const char **end);
static bool parse_http_date(const char *value, double *seconds);
static bool parse_iso_time(const char *value, double *seconds);
static bool parse_fraction(const char **value, double *fraction);
static bool parse_zone(const char *value, double *seconds);
static bool has_shape(const char *value, const char *shape);
static double make_time(int year, int month, int day, const char *time);

/*
 * fc_advice_retry_after
 *		Milliseconds that Retry-After asks to wait, or -1.
 *
 * It is a number of seconds or a date.  Of several the longest counts.
 */
double
fc_advice_retry_after(const FcHttpResponse *response)
{
	const char *value;
	double		longest = -1;
	int			position = 0;

	while ((value = next_value(response, "retry-after", &position)) != NULL)
	{
		double		seconds;

		if (read_delay(response, value, &seconds))
			longest = Max(longest, seconds * 1000.0);
	}
	return longest;
}

/*
 * fc_advice_read_clock
 *		By how many seconds the server's clock is ahead of ours, if the answer
 *		tells; else skew stays as it is.
 */
void
fc_advice_read_clock(const FcHttpResponse *response, double *skew)
{
	const char *header = fc_http_header(response, "date");
	double		seconds;

	if (header != NULL && parse_http_date(header, &seconds))
		*skew = seconds - time(NULL);
}

/*
 * fc_advice_read_age
 *		Microseconds that the answer has spent in caches before the API; 0 if
 *		no header says so.  Of several the longest counts.
 *
 * RFC 9111, section 5.1: a number of seconds.
 */
int64
fc_advice_read_age(const FcHttpResponse *response)
{
	const char *value;
	double		longest = 0;
	int			position = 0;

	while ((value = next_value(response, "age", &position)) != NULL)
	{
		double		seconds;

		if (read_count(response, value, &seconds))
			longest = Max(longest, Min(seconds, MAX_AGE));
	}
	return (int64) (longest * USECS_PER_SEC);
}

/*
 * fc_advice_read
 *		What the limiter should know of an answer.
 */
FcLimiterAdvice
fc_advice_read(const FcHttpResponse *response, bool throttled)
{
	FcLimiterAdvice advice;

	advice.throttled = throttled;
	advice.hold_ms = throttled ? fc_advice_retry_after(response) : -1;
	if (advice.hold_ms >= 0)
		advice.hold_ms += FC_ADVICE_ROUNDING_MS;
	else if (throttled || says_none_remaining(response))
		advice.hold_ms = time_to_reset(response);
	return advice;
}

/*
 * The value of the next header of that name, NULL if there is none.  The
 * caller's position is 0 before the first one.
 */
static const char *
next_value(const FcHttpResponse *response, const char *name, int *position)
{
	Size		length = strlen(name);

	while (*position < list_length(response->headers))
	{
		const char *header = list_nth(response->headers, (*position)++);

		if (strncmp(header, name, length) == 0 && header[length] == ':')
			return header + length + 2;
	}
	return NULL;
}

/*
 * Read one of the headers about the limit, in whichever spelling: the first
 * one that can be read.  False if there is none.
 */
static bool
read_limit(const FcHttpResponse *response, const char *name,
		   ValueReader reader, double *result)
{
	static const char *const prefixes[] =
	{"x-rate-limit", "x-ratelimit", "ratelimit"};

	for (int i = 0; i < lengthof(prefixes); i++)
	{
		const char *spelling = psprintf("%s-%s", prefixes[i], name);
		const char *value;
		int			position = 0;

		while ((value = next_value(response, spelling, &position)) != NULL)
			if (reader(response, value, result))
				return true;
	}
	return false;
}

/* Was this the last request that the limit allowed? */
static bool
says_none_remaining(const FcHttpResponse *response)
{
	double		remaining;

	return read_limit(response, "remaining", read_count, &remaining) &&
		remaining == 0;
}

/* Milliseconds until the limit is reset, or -1 if that is not known. */
static double
time_to_reset(const FcHttpResponse *response)
{
	double		wait;
	double		window;

	if (!read_limit(response, "reset", read_reset, &wait))
		return -1;
	if (read_limit(response, "limit", read_window, &window))
		wait = Min(wait, window);
	return wait * 1000.0;
}

/* The server's time in seconds since 1970, ours if it does not tell. */
static double
server_time(const FcHttpResponse *response)
{
	const char *header = fc_http_header(response, "date");
	double		seconds;

	if (header != NULL && parse_http_date(header, &seconds))
		return seconds;
	return time(NULL);
}

/* Seconds from now: their number, or a date. */
static bool
read_delay(const FcHttpResponse *response, const char *value, double *seconds)
{
	if (read_count(response, value, seconds))
		return true;
	if (!parse_http_date(value, seconds))
		return false;
	*seconds = Max(*seconds - server_time(response), 0);
	return true;
}

/* A number and nothing else. */
static bool
read_count(const FcHttpResponse *response, const char *value, double *count)
{
	const char *end;

	return parse_number(value, count, &end) && *end == '\0';
}

/* Seconds until a time of reset, in any of the forms that servers send. */
static bool
read_reset(const FcHttpResponse *response, const char *value, double *seconds)
{
	if (read_count(response, value, seconds))
	{
		if (*seconds < MIN_EPOCH_SECONDS)
			return true;
		if (*seconds >= MIN_EPOCH_MILLISECONDS)
			*seconds /= 1000.0;
	}
	else if (!parse_iso_time(value, seconds) &&
			 !parse_http_date(value, seconds))
		return false;
	*seconds = Max(*seconds - server_time(response), 0);
	return true;
}

/*
 * Seconds that the limit's window lasts.  Some servers send this for the
 * limit, as "1m"; most send a number of requests.
 */
static bool
read_window(const FcHttpResponse *response, const char *value,
			double *seconds)
{
	static const struct
	{
		char		name;
		int			seconds;
	}			units[] =
	{
		{'s', 1},
		{'m', 60},
		{'h', 60 * 60},
		{'d', 24 * 60 * 60}
	};
	double		number;
	const char *unit;

	if (!parse_number(value, &number, &unit) || number == 0 ||
		unit[0] == '\0' || unit[1] != '\0')
		return false;
	for (int i = 0; i < lengthof(units); i++)
	{
		if (*unit == units[i].name)
		{
			*seconds = number * units[i].seconds;
			return true;
		}
	}
	return false;
}

/* The decimal digits that a value begins with, and where they end. */
static bool
parse_number(const char *value, double *number, const char **end)
{
	*number = 0;
	for (*end = value; isdigit((unsigned char) **end); (*end)++)
	{
		*number = *number * 10 + (**end - '0');
		if (*number > MAX_NUMBER)
			return false;
	}
	return *end > value;
}

/* A date such as "Sun, 06 Nov 1994 08:49:37 GMT", in seconds since 1970. */
static bool
parse_http_date(const char *value, double *seconds)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	while (isalpha((unsigned char) *value))
		value++;				/* the weekday follows from the date */
	for (int i = 0; i < lengthof(date_forms); i++)
	{
		const DateForm *form = &date_forms[i];
		int			year;
		int			month = 0;

		if (!has_shape(value, form->shape) ||
			strlen(value) != strlen(form->shape) ||
			(value[0] == ',' &&
			 pg_strcasecmp(value + strlen(value) - 3, "GMT") != 0))
			continue;
		while (month < 12 &&
			   pg_strncasecmp(value + form->month, &months[3 * month], 3) != 0)
			month++;
		year = atoi(pnstrdup(value + form->year, form->year_digits));
		if (form->year_digits == 2)
			year += year < 70 ? 2000 : 1900;
		*seconds = make_time(year, month + 1, atoi(value + form->day),
							 value + form->time);
		return *seconds >= 0;
	}
	return false;
}

/*
 * A time such as 2024-05-01T12:34:56.7890123+02:00, in seconds since 1970.
 * Without a zone it is UTC.
 */
static bool
parse_iso_time(const char *value, double *seconds)
{
	static const char shape[] = "9999-99-99?99:99:99";
	const char *rest = value + sizeof(shape) - 1;
	double		fraction;
	double		zone;

	if (!has_shape(value, shape) || strchr("Tt ", value[10]) == NULL ||
		!parse_fraction(&rest, &fraction) || !parse_zone(rest, &zone))
		return false;

	*seconds = make_time(atoi(value), atoi(value + 5), atoi(value + 8),
						 value + 11);
	if (*seconds < 0)
		return false;
	*seconds += fraction - zone;
	return true;
}

/* The fraction of a second, perhaps none, and what follows it. */
static bool
parse_fraction(const char **value, double *fraction)
{
	double		unit = 1;

	*fraction = 0;
	if (**value != '.')
		return true;
	for ((*value)++; isdigit((unsigned char) **value); (*value)++)
	{
		unit /= 10;
		*fraction += unit * (**value - '0');
	}
	return unit < 1;
}

/* An offset from UTC in seconds: nothing, Z, +hh, +hhmm or +hh:mm. */
static bool
parse_zone(const char *value, double *seconds)
{
	static const char *const shapes[] = {"99", "9999", "99:99"};
	Size		length;

	*seconds = 0;
	if (*value == '\0' || pg_strcasecmp(value, "Z") == 0)
		return true;
	if (*value != '+' && *value != '-')
		return false;

	length = strlen(value + 1);
	for (int i = 0; i < lengthof(shapes); i++)
	{
		if (length != strlen(shapes[i]) || !has_shape(value + 1, shapes[i]))
			continue;
		*seconds = atoi(pnstrdup(value + 1, 2)) * SECS_PER_HOUR;
		if (length > 2)
			*seconds += atoi(value + 1 + length - 2) * SECS_PER_MINUTE;
		if (*value == '-')
			*seconds = -*seconds;
		return true;
	}
	return false;
}

/*
 * Does a value begin like this?  9 is a digit, d a digit or a blank, a any
 * letter, ? any character.
 */
static bool
has_shape(const char *value, const char *shape)
{
	for (; *shape != '\0'; shape++, value++)
	{
		bool		is_digit = isdigit((unsigned char) *value);

		if (*value == '\0')
			return false;
		if (*shape == '9' ? !is_digit :
			*shape == 'd' ? !is_digit && *value != ' ' :
			*shape == 'a' ? !isalpha((unsigned char) *value) :
			*shape != '?' && *value != *shape)
			return false;
	}
	return true;
}

/* Seconds since 1970 of a date and a time hh:mm:ss; -1 if there is none. */
static double
make_time(int year, int month, int day, const char *time)
{
	int			hour = atoi(time);
	int			minute = atoi(time + 3);
	int			second = atoi(time + 6);

	if (year < 1970 || month < 1 || month > 12 ||
		day < 1 || day > day_tab[isleap(year)][month - 1] ||
		hour > 23 || minute > 59 || second > 60)
		return -1;
	return (double) (date2j(year, month, day) - UNIX_EPOCH_JDATE) *
		SECS_PER_DAY + hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE +
		second;
}
