/*
 * url.c
 *		Check the URLs of options, and escape texts for URLs.
 *
 * A base URL decides where the key is sent.  So it is parsed by libcurl, which
 * will send it, and refused wherever libcurl would have to guess.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>

#include <curl/curl.h>

#include "base/url.h"
#include "mb/pg_wchar.h"

#define MAX_URL		2000		/* of an option */
#define MAX_SHOWN	200			/* of a path, which may list hundreds of ids */

/* What a URL consists of. */
typedef struct UrlParts
{
	char		scheme[MAX_URL];
	char		host[MAX_URL];
	char		port[MAX_URL];	/* "" if not given */
	char		default_port[MAX_URL];
	char		path[MAX_URL];
	bool		has_user;
} UrlParts;

static Size cut_length(const char *path);
static bool is_inside_character(const char *text);
static int	count_parameters(const char *path, const char *name);
static bool has_odd_characters(const char *url);
static bool has_escaped_host(const char *url);
static bool split_url(const char *url, unsigned int flags, UrlParts *parts);
static bool get_url_part(CURLU *handle, CURLUPart part, unsigned int flags,
						 char *copy);
static void normalize_host(char *host);
static bool is_loopback(const char *host);

/*
 * fc_url_check
 *		May requests, which contain the key, be sent to this base URL?
 *
 * Returns NULL if so, else a sentence that says why not.  normalized is then
 * the URL without a trailing slash, origin its scheme://host:port in lower
 * case; both are palloc'd.
 */
const char *
fc_url_check(const char *url, char **normalized, char **origin)
{
	UrlParts	parts;
	Size		length;

	*normalized = *origin = NULL;
	if (has_odd_characters(url))
		return "A URL cannot contain spaces, control characters or characters that are not ASCII.";
	if (has_escaped_host(url) || !split_url(url, 0, &parts))
		return "This is not a URL with scheme and host.";
	if (parts.has_user)
		return "A user name or password cannot be part of it.";
	if (strpbrk(url, "?#") != NULL)
		return "A query or fragment cannot be part of it.";
	if (strcmp(parts.scheme, "https") != 0 &&
		!(strcmp(parts.scheme, "http") == 0 && is_loopback(parts.host)))
		return "It must begin with https://, or with http:// and the name or address of this machine's loopback interface.";

	length = strlen(parts.path);
	while (length > 0 && parts.path[length - 1] == '/')
		length--;
	*normalized = psprintf("%s://%s%s%s%.*s", parts.scheme, parts.host,
						   parts.port[0] != '\0' ? ":" : "", parts.port,
						   (int) length, parts.path);

	/* the name with a dot at the end is the same name */
	length = strlen(parts.host);
	if (parts.host[length - 1] == '.')
		length--;
	*origin = psprintf("%s://%.*s:%s", parts.scheme, (int) length, parts.host,
					   parts.port[0] != '\0' ? parts.port :
					   parts.default_port);
	return NULL;
}

/*
 * fc_url_check_proxy
 *		Can this be the URL of a proxy?
 *
 * Returns NULL if so, else a sentence that says why not.
 */
const char *
fc_url_check_proxy(const char *url)
{
	static const char *const schemes[] =
	{"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
	UrlParts	parts;

	if (has_odd_characters(url))
		return "A URL cannot contain spaces, control characters or characters that are not ASCII.";
	if (has_escaped_host(url) ||
		!split_url(url, CURLU_NON_SUPPORT_SCHEME, &parts))
		return "This is not a URL with scheme and host.";
	if (parts.has_user)
		return "A user name or password cannot be part of it, as everybody can read the options of a server.  Use the options proxy_user and proxy_password of the user mapping.";
	if (strpbrk(url, "?#") != NULL || strcmp(parts.path, "/") != 0)
		return "A path, query or fragment cannot be part of it.";

	for (int i = 0; i < lengthof(schemes); i++)
		if (strcmp(parts.scheme, schemes[i]) == 0)
			return NULL;
	return "Its scheme must be http, https, socks4, socks4a, socks5 or socks5h.";
}

/*
 * fc_url_escape
 *		Percent-encode text, in the server's encoding, for a path or query.
 */
char *
fc_url_escape(const char *text)
{
	return fc_url_escape_bytes(pg_server_to_any(text, strlen(text), PG_UTF8));
}

/*
 * fc_url_escape_bytes
 *		Text in UTF-8 as it may stand in a URL.
 */
char *
fc_url_escape_bytes(const char *bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	char	   *escaped = palloc(3 * strlen(bytes) + 1);
	char	   *end = escaped;

	for (; *bytes != '\0'; bytes++)
	{
		unsigned char byte = *bytes;

		if ((isalnum(byte) && !IS_HIGHBIT_SET(byte)) ||
			strchr("-._~", byte) != NULL)
			*end++ = byte;
		else
		{
			*end++ = '%';
			*end++ = digits[byte >> 4];
			*end++ = digits[byte & 0x0F];
		}
	}
	*end = '\0';
	return escaped;
}

/*
 * fc_url_shorten
 *		A path as a message shows it: the path itself, or its beginning.
 *
 * If what was left out begins in a list of keys, says how many they are.
 */
const char *
fc_url_shorten(const char *path)
{
	Size		length;
	int			keys;

	if (strlen(path) <= MAX_SHOWN)
		return path;

	length = cut_length(path);
	keys = path[length] == '&' ? count_parameters(path, path + length + 1) : 0;
	if (keys > 1)
		return psprintf("%.*s... (%d keys)", (int) length, path, keys);
	return psprintf("%.*s...", (int) length, path);
}

/* How much of a path to show: whole parameters, or else whole characters. */
static Size
cut_length(const char *path)
{
	Size		length = MAX_SHOWN;

	while (length > 0 && path[length] != '&')
		length--;
	if (length > 0)
		return length;

	length = pg_mbcliplen(path, strlen(path), MAX_SHOWN);
	while (length > 2 && is_inside_character(path + length))
		length--;
	return length;
}

/*
 * Would a cut here divide an escaped byte, or two of one character?  Escaped
 * text is UTF-8: bytes from 0x80 to 0xBF continue a character.
 */
static bool
is_inside_character(const char *text)
{
	return text[-1] == '%' || text[-2] == '%' ||
		(text[0] == '%' && strchr("89ABab", text[1]) != NULL);
}

/* How many parameters of a path have the name that begins there? */
static int
count_parameters(const char *path, const char *name)
{
	Size		length = strcspn(name, "=&") + 1;
	int			count = 0;

	for (path = strchr(path, '?'); path != NULL; path = strchr(path + 1, '&'))
		if (strncmp(path + 1, name, length) == 0)
			count++;
	return count;
}

/* Are there characters that a URL must not have? */
static bool
has_odd_characters(const char *url)
{
	for (; *url != '\0'; url++)
		if (*url <= ' ' || *url == 0x7f || IS_HIGHBIT_SET(*url) ||
			*url == '\\')
			return true;
	return false;
}

/*
 * Is there a percent sign before the path?  No host needs one, and libcurl
 * would decode it to another host, or to an invalid one.
 */
static bool
has_escaped_host(const char *url)
{
	const char *authority = strchr(url, ':');

	if (authority == NULL || strncmp(authority, "://", 3) != 0 ||
		authority[3] == '/')
		return true;			/* libcurl guesses where a host begins */
	authority += strlen("://");
	return memchr(authority, '%', strcspn(authority, "/")) != NULL;
}

/*
 * Parse a URL by libcurl.  Nothing is palloc'd meanwhile, as a failure would
 * leak libcurl's memory.
 */
static bool
split_url(const char *url, unsigned int flags, UrlParts *parts)
{
	CURLU	   *handle;
	bool		is_valid;
	char		ignored[MAX_URL];

	if (strlen(url) >= MAX_URL || (handle = curl_url()) == NULL)
		return false;
	is_valid =
		curl_url_set(handle, CURLUPART_URL, url, flags) == CURLUE_OK &&
		get_url_part(handle, CURLUPART_SCHEME, 0, parts->scheme) &&
		get_url_part(handle, CURLUPART_HOST, 0, parts->host) &&
		get_url_part(handle, CURLUPART_PATH, 0, parts->path);
	if (is_valid)
	{
		(void) get_url_part(handle, CURLUPART_PORT, 0, parts->port);
		(void) get_url_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT,
							parts->default_port);
		parts->has_user =
			get_url_part(handle, CURLUPART_USER, 0, ignored) ||
			get_url_part(handle, CURLUPART_PASSWORD, 0, ignored);
		normalize_host(parts->host);
	}
	curl_url_cleanup(handle);
	return is_valid;
}

/* Copy a part of a URL, at most MAX_URL long; false if it has no such part. */
static bool
get_url_part(CURLU *handle, CURLUPart part, unsigned int flags, char *copy)
{
	char	   *found;

	copy[0] = '\0';
	if (curl_url_get(handle, part, &found, flags) != CURLUE_OK)
		return false;
	strlcpy(copy, found, MAX_URL);
	curl_free(found);
	return true;
}

/* Write a host, at most MAX_URL long, in the one way that all agree on. */
static void
normalize_host(char *host)
{
	Size		length = strlen(host);
	struct in6_addr address;

	for (char *byte = host; *byte != '\0'; byte++)
		*byte = pg_ascii_tolower((unsigned char) *byte);

	/* [0:0:0:0:0:0:0:1] is [::1] */
	if (host[0] != '[' || host[length - 1] != ']')
		return;
	host[length - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &address) == 1)
		(void) inet_ntop(AF_INET6, &address, host + 1, MAX_URL - 2);
	length = strlen(host);
	host[length] = ']';
	host[length + 1] = '\0';
}

/* Is this the name or an address of the loopback interface? */
static bool
is_loopback(const char *host)
{
	struct in_addr address;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 &&
		(ntohl(address.s_addr) >> IN_CLASSA_NSHIFT) == IN_LOOPBACKNET;
}
