/*
 * parse.c
 *		What the value of an option means.
 *
 * There is a parser for each kind of value.  It stores what it has parsed in
 * its target, whose type its comment names, and returns NULL; or a sentence
 * that says which values are valid.
 */
#include "postgres.h"

#include <math.h>

#include "api/entry.h"
#include "api/parse.h"
#include "api/path.h"
#include "base/url.h"
#include "common/string.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/guc.h"

static const char *describe_bounds(const FcOption *option, const char *unit,
								   const char *more);
static bool is_within_bounds(const FcOption *option, double number);
static const FcResource *find_resource(const char *name);

/* A target of type bool. */
const char *
fc_parse_boolean(const FcOption *option, const char *value, void *target)
{
	if (parse_bool(value, (bool *) target))
		return NULL;

	return "Valid values are \"true\" and \"false\".";
}

/* A target of type int. */
const char *
fc_parse_integer(const FcOption *option, const char *value, void *target)
{
	int		   *integer = target;
	char	   *end;

	errno = 0;
	*integer = strtoint(value, &end, 10);
	if (errno == 0 && end != value && *end == '\0' &&
		is_within_bounds(option, *integer))
		return NULL;

	return describe_bounds(option, "", "");
}

/* A target of type double. */
const char *
fc_parse_number(const FcOption *option, const char *value, void *target)
{
	double	   *number = target;

	if (parse_real(value, number, 0, NULL) &&
		is_within_bounds(option, *number))
		return NULL;

	return describe_bounds(option, "", "");
}

/* A target of type int: milliseconds. */
const char *
fc_parse_duration(const FcOption *option, const char *value, void *target)
{
	int		   *milliseconds = target;

	if (parse_int(value, milliseconds, GUC_UNIT_MS, NULL) &&
		is_within_bounds(option, *milliseconds))
		return NULL;

	return describe_bounds(option, " ms",
						   "; units are \"us\", \"ms\", \"s\", \"min\", \"h\" and \"d\"");
}

/* A target of type int: milliseconds; a number without a unit is seconds. */
const char *
fc_parse_age(const FcOption *option, const char *value, void *target)
{
	int		   *milliseconds = target;
	double		seconds;

	if (parse_real(value, &seconds, GUC_UNIT_S, NULL) &&
		is_within_bounds(option, seconds * 1000))
	{
		*milliseconds = (int) rint(seconds * 1000);
		return NULL;
	}
	return psprintf("Valid values are between %.15g s and %.15g d; a number without a unit is seconds.",
					option->min / 1000, option->max / FC_PARSE_DAY);
}

/* A target of type int64: bytes. */
const char *
fc_parse_size(const FcOption *option, const char *value, void *target)
{
	int64	   *size = target;
	int			bytes;

	if (parse_int(value, &bytes, GUC_UNIT_BYTE, NULL) &&
		is_within_bounds(option, bytes))
	{
		*size = bytes;
		return NULL;
	}

	return describe_bounds(option, " B",
						   "; units are \"B\", \"kB\" and \"MB\"");
}

/* A target of type int, or an enum: the position of the word. */
const char *
fc_parse_word(const FcOption *option, const char *value, void *target)
{
	int		   *position = target;
	StringInfoData names;

	for (int i = 0; option->words[i] != NULL; i++)
	{
		if (pg_strcasecmp(value, option->words[i]) == 0)
		{
			*position = i;
			return NULL;
		}
	}

	initStringInfo(&names);
	for (int i = 0; option->words[i] != NULL; i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "",
						 option->words[i]);
	return psprintf("Valid values are: %s.", names.data);
}

/* A target of type bool: is it the second of two words? */
const char *
fc_parse_either(const FcOption *option, const char *value, void *target)
{
	int			position = 0;
	const char *valid = fc_parse_word(option, value, &position);

	*(bool *) target = (position == 1);

	return valid;
}

/* A target of type const char *: any text. */
const char *
fc_parse_text(const FcOption *option, const char *value, void *target)
{
	*(const char **) target = value;

	return value[0] != '\0' ? NULL : "The value may not be empty.";
}

/* A target of type const char *: what may stand in a header. */
const char *
fc_parse_header(const FcOption *option, const char *value, void *target)
{
	bool		printable = pg_is_ascii(value);

	if (printable && value[0] > ' ' && value[strlen(value) - 1] > ' ')
		return fc_parse_text(option, value, target);

	return "The value is ASCII text that neither begins nor ends with a space.";
}

/* A target of type const char *: an API key. */
const char *
fc_parse_key(const FcOption *option, const char *value, void *target)
{
	if (strchr(value, ' ') == NULL &&
		fc_parse_header(option, value, target) == NULL)
		return NULL;

	return "An API key is not empty and consists of visible ASCII characters.";
}

/* A target of type const char *: the address of an API. */
const char *
fc_parse_url(const FcOption *option, const char *value, void *target)
{
	char	   *origin;

	return fc_url_check(value, target, &origin);
}

/* A target of type const char *: the address of a proxy. */
const char *
fc_parse_proxy(const FcOption *option, const char *value, void *target)
{
	*(const char **) target = value;

	return fc_url_check_proxy(value);
}

/*
 * A target of type const char *: the user name for a proxy.  It cannot hold a
 * colon, which separates it from the password (RFC 7617, section 2).
 */
const char *
fc_parse_proxy_user(const FcOption *option, const char *value, void *target)
{
	if (strchr(value, ':') != NULL)
		return "A user name for a proxy cannot contain a colon.";

	return fc_parse_text(option, value, target);
}

/* A target of type const char *: the name of a time zone. */
const char *
fc_parse_zone(const FcOption *option, const char *value, void *target)
{
	pg_tz	   *zone = value[0] != '\0' ? pg_tzset(value) : NULL;

	*(const char **) target = value;
	if (zone != NULL && pg_tz_acceptable(zone))
		return NULL;

	return "Valid values are the names in the view pg_timezone_names.";
}

/* A target of type const FcResource *. */
const char *
fc_parse_resource(const FcOption *option, const char *value, void *target)
{
	*(const FcResource **) target = find_resource(value);

	return NULL;
}

/* A target of type const char *: a list's path below the base URL. */
const char *
fc_parse_path(const FcOption *option, const char *value, void *target)
{
	*(const char **) target = value;

	return fc_path_check(value);
}

/*
 * A target of type const char *: a path.  The table whose column it is may
 * not exist yet, so that names can be looked up only at first use.
 */
const char *
fc_parse_field(const FcOption *option, const char *value, void *target)
{
	const char *key = fc_parse_property(value);
	int			longest = 0;

	*(const char **) target = value;

	if (key == NULL)
	{
		/* the empty one is the whole item of a table by path */
		if (value[0] == '\0')
			return NULL;
		if (value[0] != '.' &&
			value[strlen(value) - 1] != '.' && strstr(value, "..") == NULL &&
			strchr(value, '|') == NULL)
			return NULL;

		return "A field is a name, or names with a dot between each two.";
	}

	for (const FcResource *resource = fc_resources; resource->name; resource++)
		longest = Max(longest, resource->max_key_length);
	if (key[0] != '\0' && pg_mbstrlen(key) <= longest)
		return NULL;

	return psprintf("The key of a custom property has 1 to %d characters.",
					longest);
}

/*
 * fc_parse_property
 *		The KEY of a field "custom_properties.KEY", else NULL.
 *
 * A key may hold dots itself, so all that follows the first one is the key.
 */
const char *
fc_parse_property(const char *field)
{
	static const char prefix[] = "custom_properties.";
	size_t		length = sizeof(prefix) - 1;

	return strncmp(field, prefix, length) == 0 ? field + length : NULL;
}

/* Say what a number's bounds are, in words that go with any unit. */
static const char *
describe_bounds(const FcOption *option, const char *unit, const char *more)
{
	return psprintf("Valid values are between %.15g%s and %.15g%s%s%s.",
					option->min, unit, option->max, unit,
					option->zero ? ", or 0 for no limit" : "", more);
}

/* Is a number what its option allows? */
static bool
is_within_bounds(const FcOption *option, double number)
{
	return (number >= option->min && number <= option->max) ||
		(option->zero && number == 0);
}

/* Find a resource by name; throw if the API has none. */
static const FcResource *
find_resource(const char *name)
{
	const FcResource *found = fc_catalog_find(name);

	if (found != NULL)
		return found;

	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("resource \"%s\" does not exist", name),
			 errhint("The option \"resource\" of a foreign table, else the table's name, is one of: %s.",
					 fc_catalog_names())));
}
