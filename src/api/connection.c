/*
 * connection.c
 *		A role's connection to a server, and the secrets that go over it.
 *
 * The API key, and the credentials for a proxy, are known to this file alone
 * once the user mapping was read: from here they go to libcurl.
 *
 * A connection stays open for the next request, which may come a day later.
 * A session that uses more servers than it may open files for closes the
 * connection that was used least recently.  A session has one request under
 * way at a time, so all its other connections are idle.
 */
#include "postgres.h"

#include "api/connection.h"
#include "base/url.h"
#include "common/base64.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#define KEY_HEADER		"X-API-Key"

/* The key, a proxy's password in four forms, and the end. */
#define MAX_SECRETS		6

struct FcConnection
{
	MemoryContext context;		/* holds this */
	char	   *key_header;		/* with the API key in it */
	FcHttpOptions options;		/* the server's, and the mapping's */
	char	   *secrets[MAX_SECRETS];	/* no message may show; NULL ends */
	MemoryContextCallback cleanup;

	/* while it is open */
	dlist_node	node;			/* in connections */
	FcHttpConnection *http;		/* NULL if it is not open */
	MemoryContext http_context; /* holds that alone */
};

/* All that are open, the one that was used last first. */
static dlist_head connections = DLIST_STATIC_INIT(connections);

static const char *find_secret(const char *text, const char *secret);
static void set_secrets(FcConnection *connection, FcMapping *mapping);
static char *to_utf8(char *secret);
static char *add_login(const char *proxy, const char *user,
					   const char *password);
static char *encode_login(const char *user, const char *password);
static void open_connection(FcConnection *connection);
static bool close_oldest(void);
static void release(void *arg);
static void erase(char *secret);

/*
 * fc_connection_create
 *		A connection for the role whose user mapping it is; not open yet.
 *
 * It lives in the current memory context.  Takes the mapping's texts, and
 * erases or keeps them.
 */
FcConnection *
fc_connection_create(const FcServer *server, FcMapping *mapping)
{
	FcConnection *connection = palloc0(sizeof(FcConnection));

	connection->context = CurrentMemoryContext;
	connection->cleanup.func = release;
	connection->cleanup.arg = connection;
	MemoryContextRegisterResetCallback(CurrentMemoryContext,
									   &connection->cleanup);
	connection->options = server->http;
	set_secrets(connection, mapping);

	return connection;
}

/*
 * fc_connection_perform
 *		Send a request, with the headers that it needs, as fc_http_perform.
 *
 * If it is_fresh, a cache between the API and us must not answer it, but pass
 * it on and keep the new answer (RFC 9111, section 5.2.1.4).
 */
FcHttpResponse *
fc_connection_perform(FcConnection *connection, FcHttpRequest *request,
					  bool is_fresh)
{
	const char *headers[5] = {connection->key_header,
	"Accept: application/json"};
	int			count = 2;

	if (request->body != NULL)
		headers[count++] = "Content-Type: application/json";
	if (is_fresh)
		headers[count++] = "Cache-Control: no-cache";

	if (connection->http == NULL)
		open_connection(connection);
	dlist_move_head(&connections, &connection->node);

	request->headers = headers;
	return fc_http_perform(connection->http, request);
}

/*
 * fc_connection_hide
 *		A text without our secrets; the text itself if none is in it.
 */
const char *
fc_connection_hide(const FcConnection *connection, const char *text)
{
	for (int i = 0; text != NULL && connection->secrets[i] != NULL; i++)
		text = fc_connection_hide_secret(text, connection->secrets[i]);
	return text;
}

/*
 * fc_connection_hide_secret
 *		A text, which may be NULL, without a secret in whatever case of
 *		letters; the text itself if it is not in it.
 */
const char *
fc_connection_hide_secret(const char *text, const char *secret)
{
	const char *found;
	StringInfoData clean;

	if (text == NULL || *secret == '\0' || find_secret(text, secret) == NULL)
		return text;

	initStringInfo(&clean);
	while ((found = find_secret(text, secret)) != NULL)
	{
		appendBinaryStringInfo(&clean, text, found - text);
		appendStringInfoString(&clean, "***");
		text = found + strlen(secret);
	}
	appendStringInfoString(&clean, text);
	return clean.data;
}

/* Where a secret is in a text, in any case of ASCII letters; or NULL. */
static const char *
find_secret(const char *text, const char *secret)
{
	for (; *text != '\0'; text++)
	{
		Size		length = 0;

		while (secret[length] != '\0' &&
			   pg_ascii_tolower((unsigned char) text[length]) ==
			   pg_ascii_tolower((unsigned char) secret[length]))
			length++;
		if (secret[length] == '\0')
			return text;
	}
	return NULL;
}

/* Note what a mapping says. */
static void
set_secrets(FcConnection *connection, FcMapping *mapping)
{
	FcHttpOptions *options = &connection->options;
	int			count = 0;
	char	   *user;
	char	   *password;
	char	   *escaped;

	connection->key_header = psprintf("%s: %s", KEY_HEADER, mapping->api_key);
	erase(mapping->api_key);
	connection->secrets[count++] =
		connection->key_header + strlen(KEY_HEADER ": ");
	if (options->proxy == NULL && mapping->proxy_password != NULL)
		erase(mapping->proxy_password);
	if (options->proxy == NULL || mapping->proxy_user == NULL)
		return;

	user = to_utf8(mapping->proxy_user);
	password = to_utf8(mapping->proxy_password ? mapping->proxy_password :
					   pstrdup(""));
	escaped = fc_url_escape_bytes(password);
	options->proxy = add_login(options->proxy, fc_url_escape_bytes(user),
							   escaped);
	connection->secrets[count++] = unconstify(char *, options->proxy);
	connection->secrets[count++] = encode_login(user, password);
	connection->secrets[count++] = password;
	connection->secrets[count++] = escaped;
}

/*
 * The URL of a proxy with user and password.  These libcurl decodes in all of
 * its versions; whether it decodes CURLOPT_PROXYPASSWORD differs.
 */
static char *
add_login(const char *proxy, const char *user, const char *password)
{
	Size		scheme = strstr(proxy, "://") + strlen("://") - proxy;

	return psprintf("%.*s%s:%s@%s", (int) scheme, proxy, user, password,
					proxy + scheme);
}

/* A secret as it is sent; erased where that is a copy. */
static char *
to_utf8(char *secret)
{
	char	   *converted = secret;

	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		converted = pg_server_to_any(secret, strlen(secret), PG_UTF8);
	if (converted != secret)
		erase(secret);
	return converted;
}

/* User name and password as a proxy gets them (RFC 7617, section 2). */
static char *
encode_login(const char *user, const char *password)
{
	char	   *login = psprintf("%s:%s", user, password);
	int			length = strlen(login);
	int			size = pg_b64_enc_len(length);
	char	   *encoded = palloc0(size + 1);

	/* its type differs between versions of PostgreSQL */
	if (pg_b64_encode((const void *) login, length, encoded, size) < 0)
		elog(ERROR, "could not encode the credentials for a proxy");
	erase(login);
	return encoded;
}

/*
 * Open a connection.  If there are too many open files, close others: the one
 * that was used least recently first, until the new one finds room.
 */
static void
open_connection(FcConnection *connection)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw connection",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	FcHttpConnection *http;

	while ((http = fc_http_connect(&connection->options)) == NULL)
		if (!close_oldest())
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION),
					 errmsg("could not connect to the API"),
					 errdetail("There are too many open files on the local server."),
					 errhint("Raise the server's max_files_per_process and/or \"ulimit -n\" limits.")));
	MemoryContextSwitchTo(oldcontext);

	MemoryContextSetParent(context, connection->context);
	connection->http_context = context;
	connection->http = http;
	dlist_push_head(&connections, &connection->node);
}

/* Close the connection that was used least recently; false if none is open. */
static bool
close_oldest(void)
{
	FcConnection *oldest;

	if (dlist_is_empty(&connections))
		return false;

	oldest = dlist_tail_element(FcConnection, node, &connections);
	dlist_delete(&oldest->node);
	oldest->http = NULL;
	MemoryContextDelete(oldest->http_context);
	return true;
}

/*
 * A connection's memory goes, after what was in contexts below: leave no
 * secret in it.
 */
static void
release(void *arg)
{
	FcConnection *connection = arg;

	if (connection->http != NULL)
		dlist_delete(&connection->node);
	for (int i = 0; connection->secrets[i] != NULL; i++)
		erase(connection->secrets[i]);
}

static void
erase(char *secret)
{
	explicit_bzero(secret, strlen(secret));
}
