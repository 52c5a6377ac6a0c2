/*
 * probe_ask.c
 *		Send a probe's requests, and keep what comes of them.
 *
 * An answer is never an error here, whatever it says.  Evidence tells how the
 * API behaves, and quotes nothing that the account holds.
 */
#include "postgres.h"

#include <stdarg.h>

#include "probe.h"
#include "read/page.h"
#include "utils/builtins.h"

/* So often is a request sent that was throttled, or met an outage. */
#define MAX_ATTEMPTS	3

/* Spellings of the headers that tell of the rate limit. */
static const struct
{
	const char *header;
	const char *finding;
}			rate_headers[] =

{
	{"x-rate-limit-remaining", "core"},
	{"x-rate-limit-reset", "core"},
	{"ratelimit-remaining", "ietf"},
	{"ratelimit", "ietf"},
	{"x-ratelimit-remaining", "github"}
};

static void hear(void *arg, const FcHttpResponse *response);
static void read_list(const FcResource *resource, FcProbePage *page,
					  FcJson *document);

/*
 * fc_probe_ask
 *		Send a GET; never NULL, and no error if it is refused.
 */
FcProbePage *
fc_probe_ask(FcProbe *probe, const FcResource *resource, FcPathKind kind,
			 const char *path)
{
	FcProbePage *page = palloc0(sizeof(FcProbePage));
	FcExchange	call = {0};
	FcAnswer   *answer = NULL;

	call.method = "GET";
	call.path = path;
	call.kind = kind;
	call.tolerates = ~0;
	call.tolerates_outage = true;
	call.is_single = true;
	call.heard = hear;
	call.arg = probe;
	for (int i = 0; i < MAX_ATTEMPTS; i++)
	{
		int64		before = probe->use.counts.requests;

		/* one on a dead connection is sent again */
		if (probe->left < 2)
		{
			page->why = "the requests that it may send were used up";
			return page;
		}
		probe->use.resource = resource->name;
		answer = fc_exchange(probe->api, &probe->use, &call);
		probe->left -= Max(probe->use.counts.requests - before, 1);
		if (answer->verdict != FC_VERDICT_THROTTLED &&
			answer->verdict != FC_VERDICT_UNAVAILABLE)
			break;
	}
	page->verdict = answer->verdict;
	page->status = answer->status;
	page->is_answered = answer->status != 0 &&
		answer->verdict != FC_VERDICT_THROTTLED &&
		answer->verdict != FC_VERDICT_UNAVAILABLE &&
		answer->verdict != FC_VERDICT_FAILED;
	if (answer->verdict == FC_VERDICT_OK)
		read_list(resource, page, answer->document);
	else
	{
		page->why = answer->error->message;
		page->sqlstate = answer->error->sqlstate;
	}
	return page;
}

/*
 * fc_probe_has_id
 *		Is there an item with that id?
 */
bool
fc_probe_has_id(const FcProbePage *page, int64 id)
{
	for (int i = 0; i < page->count; i++)
		if (page->ids[i] == id)
			return true;
	return false;
}

/*
 * fc_probe_has_new
 *		Is there an item that the page before did not have?
 */
bool
fc_probe_has_new(const FcProbePage *page, const FcProbePage *before)
{
	for (int i = 0; i < page->count; i++)
		if (!fc_probe_has_id(before, page->ids[i]))
			return true;
	return false;
}

/*
 * fc_probe_is_ordered
 *		Are the items in the order of their ids?
 */
bool
fc_probe_is_ordered(const FcProbePage *page, bool descending)
{
	for (int i = 1; i < page->count; i++)
		if ((page->ids[i] < page->ids[i - 1]) != descending)
			return false;
	return true;
}

/*
 * fc_probe_learn
 *		Let all sessions know flags of an account's list.
 */
void
fc_probe_learn(const FcProbe *probe, const FcResource *resource,
			   uint64 set, uint64 clear)
{
	fc_stats_learn_flags(probe->api->account.digest, resource->name, set,
						 clear);
}

/*
 * fc_probe_route
 *		The number of the first route that has a flag, and names no row.
 */
int
fc_probe_route(const FcResource *resource, int flag)
{
	for (int i = 0; resource->routes[i].path != NULL; i++)
	{
		int			flags = resource->routes[i].flags;

		if ((flags & flag) != 0 && (flags & FC_BY_ID) == 0)
			return i;
	}
	elog(ERROR, "resource \"%s\" has no such route", resource->name);
}

/*
 * fc_probe_tell
 *		Note a finding, or with NULL that there is none; and why.
 */
void
fc_probe_tell(FcProbe *probe, FcProbeQuestion question, const char *finding,
			  const char *evidence,...)
{
	StringInfoData text;
	va_list		args;
	int			needed;

	initStringInfo(&text);
	do
	{
		va_start(args, evidence);
		needed = appendStringInfoVA(&text, evidence, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&text, needed);
	} while (needed > 0);
	probe->findings[question].finding = finding;
	probe->findings[question].evidence = text.data;
}

/*
 * fc_probe_advise
 *		Advise to set an option of the server, unless it says that already.
 */
void
fc_probe_advise(FcProbe *probe, FcProbeQuestion question, const char *option,
				const char *value)
{
	const FcServer *server = probe->api->server;
	List	   *options = GetForeignServer(server->serverid)->options;
	const char *given = fc_option_given(options, option, NULL);

	if (given != NULL && strcmp(given, value) == 0)
		probe->findings[question].advice =
			psprintf("The server's option %s says so.", option);
	else
		probe->findings[question].advice =
			psprintf("ALTER SERVER %s OPTIONS (%s %s %s);",
					 quote_identifier(server->name), given ? "SET" : "ADD",
					 option, quote_literal_cstr(value));
}

/* Note what an answer shows, whatever was asked. */
static void
hear(void *arg, const FcHttpResponse *response)
{
	FcProbe    *probe = arg;
	const char *encoding = fc_http_header(response, "content-encoding");

	if (response->outcome != FC_OUTCOME_ANSWERED)
		return;
	for (int i = 0; i < lengthof(rate_headers) && !probe->rate_headers; i++)
		if (fc_http_header(response, rate_headers[i].header) != NULL)
			probe->rate_headers = rate_headers[i].finding;
	probe->longest = Max(probe->longest, response->length);
	if (encoding != NULL && strcmp(encoding, "identity") != 0)
		probe->encoding = fc_error_quote(encoding, strlen(encoding));
	probe->latencies = lappend_int(probe->latencies,
								   (int) response->milliseconds);
}

/* Note the items of a list. */
static void
read_list(const FcResource *resource, FcProbePage *page, FcJson *document)
{
	FcJsonIterator iterator;
	FcJsonNode	item;

	page->root = fc_json_root(document);
	page->items = fc_page_container(document);
	if (fc_json_kind(page->items) != FC_JSON_ARRAY)
	{
		page->why = "the answer is no list";
		return;
	}
	page->is_list = true;
	page->container = "array";
	if (fc_json_kind(page->root) == FC_JSON_OBJECT)
		page->container = fc_json_kind(fc_json_member(page->root, "items")) ==
			FC_JSON_ARRAY ? "items" : "data";
	page->ids = palloc0((fc_json_count(page->items) + 1) * sizeof(int64));
	page->nodes = palloc0((fc_json_count(page->items) + 1) *
						  sizeof(FcJsonNode));
	iterator = fc_json_iterate(page->items);
	while (fc_json_next(&iterator, &item, NULL))
	{
		if (!fc_page_item_key(resource, FC_KEY, item, &page->ids[page->count]))
			continue;
		page->nodes[page->count++] = item;
	}
}
