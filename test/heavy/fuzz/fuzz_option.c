/*
 * fuzz_option.c
 *		Values of options, and of URLs.
 *
 * The first byte of an input chooses an option; the rest is its value.  What
 * is accepted must be what the option's description promises, above all the
 * address that requests, with the key in them, are sent to.
 */
#include "api/option.c"

#include <math.h>

#include "nodes/makefuncs.h"
#include "shim.h"

static void check_value(const FcOption *option, const char *value);
static void check_authority(const char *value);
static void check_address(const char *value, const char *parsed);
static bool is_loopback_name(const char *host);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *value;

	if (size == 0)
		return 0;
	shim_begin();
	value = pnstrdup((const char *) data + 1, size - 1);
	SHIM_TRY(check_value(&options[data[0] % (lengthof(options) - 1)], value));
	REQUIRE(shim_sqlstate == 0 ||
			shim_sqlstate == ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE ||
			shim_sqlstate == ERRCODE_FDW_TABLE_NOT_FOUND);
	(void) fc_url_escape(value);
	shim_end();
	return 0;
}

/* Parse a value as the validator does; behind it, all is well. */
static void
check_value(const FcOption *option, const char *value)
{
	uint64		target[2] = {0};

	check_characters(option, value);
	parse_option(option, value, target);

	for (const char *c = value; *c != '\0'; c++)
		REQUIRE((unsigned char) *c >= ' ' && *c != 0x7f);
	if (option->parse == fc_parse_url || option->parse == fc_parse_proxy)
		check_authority(value);
	if (option->parse == fc_parse_url)
		check_address(value, *(const char **) target);
	if (option->parse == fc_parse_proxy)
		REQUIRE(strpbrk(value, "@?# ") == NULL);
	if (option->parse == fc_parse_key)
		REQUIRE(value[0] != '\0' && strchr(value, ' ') == NULL);
	if (option->parse == fc_parse_integer)
		REQUIRE((*(int *) target == 0 && option->zero) ||
				(*(int *) target >= option->min &&
				 *(int *) target <= option->max));
	if (option->parse == fc_parse_number)
		REQUIRE(isfinite(*(double *) target));
}

/* A reader sees where the host begins, and which one it is. */
static void
check_authority(const char *value)
{
	const char *host = strstr(value, "://");

	REQUIRE(host != NULL && host == strchr(value, ':'));
	host += strlen("://");
	REQUIRE(strcspn(host, "/?#") > 0);
	REQUIRE(strcspn(host, "%@") >= strcspn(host, "/?#"));
}

/*
 * The key goes where the URL says, and nowhere else, and only by TLS unless
 * that is this machine.  What libcurl makes of the URL in the end is what it
 * made of it here: the normal form is a fixed point.
 */
static void
check_address(const char *value, const char *parsed)
{
	char	   *normalized;
	char	   *origin;
	char	   *again;
	char	   *other;
	char	   *host;

	REQUIRE(fc_url_check(value, &normalized, &origin) == NULL);
	REQUIRE(strcmp(normalized, parsed) == 0);
	REQUIRE(strchr(normalized, '@') == NULL ||
			strchr(strstr(normalized, "://") + 3, '/') < strchr(normalized, '@'));
	REQUIRE(strpbrk(normalized, "?# ") == NULL);
	REQUIRE(normalized[strlen(normalized) - 1] != '/');
	REQUIRE(strncmp(normalized, origin, strcspn(origin, ":")) == 0);

	REQUIRE(fc_url_check(normalized, &again, &other) == NULL);
	REQUIRE(strcmp(again, normalized) == 0);
	REQUIRE(strcmp(other, origin) == 0);

	if (strncmp(origin, "https://", 8) == 0)
		return;
	REQUIRE(strncmp(origin, "http://", 7) == 0);
	host = pstrdup(origin + 7);
	*strrchr(host, ':') = '\0';
	REQUIRE(is_loopback_name(host));
}

/* An opinion of our own on what this machine's own addresses are. */
static bool
is_loopback_name(const char *host)
{
	int			a;
	int			b;
	int			c;
	int			d;
	char		rest;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		strcmp(host, "[0:0:0:0:0:0:0:1]") == 0 ||
		(sscanf(host, "%d.%d.%d.%d%c", &a, &b, &c, &d, &rest) == 4 &&
		 a == 127);
}

/* -- what option.c asks of the server ----------------------------------- */

bool
parse_bool(const char *value, bool *result)
{
	*result = (value[0] == 't');
	return *result || value[0] == 'f';
}

bool
parse_int(const char *value, int *result, int flags, const char **hintmsg)
{
	return sscanf(value, "%d", result) == 1;
}

bool
parse_real(const char *value, double *result, int flags, const char **hintmsg)
{
	char	   *end;

	*result = strtod(value, &end);
	return end != value && *end == '\0';
}

pg_tz *
pg_tzset(const char *tzname)
{
	return NULL;
}

int
pg_mbstrlen(const char *mbstr)
{
	int			count = 0;

	for (; *mbstr != '\0'; mbstr++)
		count += ((*mbstr & 0xc0) != 0x80);
	return count;
}
