/*
 * advice.c
 *		Read from an answer's headers when the next request may be sent.
 *
 * FrontCore documents no such header, but servers of this kind and proxies in
 * front of them send some, in several spellings and units.  What cannot be
 * read is as good as not sent.  Times are told by the server's clock where
 * the answer shows it, since ours may be off.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>
#include <time.h>

#include "api/advice.h"
#include "utils/datetime.h"

/* More, in whatever unit, nobody means; and it is still finite in others. */
#define MAX_NUMBER			1e15

/*
 * A reset time below the first is a number of seconds from now; below the
 * second, seconds since 1970; above, milliseconds.  That is right for waits
 * of up to 31 years, from 2001 to 5138.
 */
#define MIN_EPOCH_SECONDS		1e9
#define MIN_EPOCH_MILLISECONDS	1e11

static const char *find_limit_header(const FcHttpResponse *response,
									 const char *name);
static bool says_none_remaining(const FcHttpResponse *response);
static double time_to_reset(const FcHttpResponse *response);
static double window_length(const FcHttpResponse *response);
static double server_time(const FcHttpResponse *response);
static bool parse_number(const char *value, double *number, const char **end);
static bool parse_iso_time(const char *value, double *seconds);
static bool parse_zone(const char *value, double *seconds);

/*
 * fc_advice_retry_after
 *		Milliseconds that Retry-After asks to wait, or -1.
 *
 * It is a number of seconds or a date.
 */
double
fc_advice_retry_after(const FcHttpResponse *response)
{
	const char *header = fc_http_header(response, "retry-after");
	const char *end;
	double		seconds;

	if (header == NULL)
		return -1;
	if (parse_number(header, &seconds, &end))
		return *end == '\0' ? seconds * 1000.0 : -1;

	seconds = fc_http_parse_date(header);
	if (seconds < 0)
		return -1;
	return Max(seconds - server_time(response), 0) * 1000.0;
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

/* One of the headers about the limit, in whichever spelling, or NULL. */
static const char *
find_limit_header(const FcHttpResponse *response, const char *name)
{
	static const char *const prefixes[] =
	{"x-rate-limit", "x-ratelimit", "ratelimit"};

	for (int i = 0; i < lengthof(prefixes); i++)
	{
		const char *header;

		header = fc_http_header(response,
								psprintf("%s-%s", prefixes[i], name));
		if (header != NULL)
			return header;
	}
	return NULL;
}

/* Was this the last request that the limit allowed? */
static bool
says_none_remaining(const FcHttpResponse *response)
{
	const char *header = find_limit_header(response, "remaining");
	double		remaining;
	const char *end;

	if (header == NULL)
		return false;
	if (*header == '-')
		return isdigit((unsigned char) header[1]);
	return parse_number(header, &remaining, &end) && remaining <= 0;
}

/* Milliseconds until the limit is reset, or -1 if that is not known. */
static double
time_to_reset(const FcHttpResponse *response)
{
	const char *header = find_limit_header(response, "reset");
	double		window = window_length(response);
	double		reset;
	double		wait;
	const char *end;

	if (header == NULL)
		return -1;
	if (parse_iso_time(header, &reset))
		wait = reset - server_time(response);
	else if (!parse_number(header, &reset, &end) || *end == '-')
		return -1;				/* a date of some other kind */
	else if (reset < MIN_EPOCH_SECONDS)
		wait = reset;
	else if (reset < MIN_EPOCH_MILLISECONDS)
		wait = reset - server_time(response);
	else
		wait = reset / 1000.0 - server_time(response);

	if (window > 0)
		wait = Min(wait, window);
	return Max(wait, 0) * 1000.0;
}

/*
 * Seconds that the limit's window lasts, or -1 if that is not known.  Some
 * servers send this for the limit, as "1m"; most send a number of requests.
 */
static double
window_length(const FcHttpResponse *response)
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
	const char *header = find_limit_header(response, "limit");
	double		number;
	const char *unit;

	if (header == NULL || !parse_number(header, &number, &unit) ||
		unit[0] == '\0' || unit[1] != '\0')
		return -1;
	for (int i = 0; i < lengthof(units); i++)
		if (*unit == units[i].name)
			return number * units[i].seconds;
	return -1;
}

/* The server's time in seconds since 1970, ours if it does not tell. */
static double
server_time(const FcHttpResponse *response)
{
	const char *header = fc_http_header(response, "date");
	double		seconds = header ? fc_http_parse_date(header) : -1;

	return seconds >= 0 ? seconds : time(NULL);
}

/* A number without sign that a value begins with, and where it ends. */
static bool
parse_number(const char *value, double *number, const char **end)
{
	char	   *stop;

	if (strspn(value, "0123456789") == 0)
		return false;
	*number = strtod(value, &stop);
	*end = stop;
	return *number <= MAX_NUMBER;
}

/*
 * A time such as 2024-05-01T12:34:56.7890123+02:00, in seconds since 1970.
 * Without a zone it is UTC.
 */
static bool
parse_iso_time(const char *value, double *seconds)
{
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	char		separator;
	double		second;
	double		zone;
	const char *end;
	int			length = 0;

	if (sscanf(value, "%4d-%2d-%2d%c%2d:%2d:%n", &year, &month, &day,
			   &separator, &hour, &minute, &length) != 6 || length == 0 ||
		strchr("Tt ", separator) == NULL ||
		month < 1 || month > 12 || day < 1 || day > 31 ||
		hour > 23 || minute > 59)
		return false;
	if (!parse_number(value + length, &second, &end) ||
		!parse_zone(end, &zone))
		return false;

	*seconds = (double) (date2j(year, month, day) - UNIX_EPOCH_JDATE) *
		SECS_PER_DAY + hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE +
		second - zone;
	return true;
}

/* An offset from UTC in seconds: nothing, Z, +hh, +hhmm or +hh:mm. */
static bool
parse_zone(const char *value, double *seconds)
{
	int			hours;
	int			minutes = 0;

	*seconds = 0;
	if (*value == '\0' || strcmp(value, "Z") == 0 || strcmp(value, "z") == 0)
		return true;
	if ((*value != '+' && *value != '-') ||
		sscanf(value + 1, strchr(value, ':') ? "%2d:%2d" : "%2d%2d",
			   &hours, &minutes) < 1)
		return false;
	*seconds = hours * SECS_PER_HOUR + minutes * SECS_PER_MINUTE;
	if (*value == '-')
		*seconds = -*seconds;
	return true;
}
