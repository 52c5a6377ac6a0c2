/*
 * error.c
 *		Which error a status, a body or a failed transport means in SQL.
 *
 * The API documents no status but 429, and reports errors by status or in the
 * body.  So everything that is known of an answer goes through one table of
 * rules, from the most certain to the most general.  The first rule that fits
 * decides.
 */
#include "postgres.h"

#include "api/error.h"
#include "base/url.h"
#include "catalog/namespace.h"
#include "common/string.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "postgres_ext.h"
#include "utils/memutils.h"

/* characters of the API's own words that an error quotes */
#define MAX_QUOTE	200

/* What a body may say, whatever the status: a set. */
#define SAYS_ANYTHING		0x00
#define SAYS_WRONG_KEY		0x01
#define SAYS_NO_PERMISSION	0x02
#define SAYS_NOT_FOUND		0x04
#define SAYS_VERSION		0x08	/* names a token or version */
#define SAYS_ERROR			0x10	/* says no, in any spelling: saying.c */
#define SAYS_TEXT			0x20	/* is no JSON: a proxy's page, perhaps */
#define SAYS_DONE			0x40	/* of a write: names the row, or success */
#define SAYS_NOTHING		0x80	/* is empty */

/* The words by which it is recognised, in upper or lower case. */
typedef struct Phrase
{
	int			says;
	bool		is_code;		/* the whole code, else part of the message */
	const char *words;
} Phrase;

static const Phrase phrases[] =
{
	{SAYS_WRONG_KEY, false, "wrong api key"},
	{SAYS_WRONG_KEY, false, "invalid api key"},
	{SAYS_WRONG_KEY, true, "unauthorized"},
	{SAYS_NO_PERMISSION, false, "permission"},
	{SAYS_NO_PERMISSION, false, "access denied"},
	{SAYS_NO_PERMISSION, true, "MsgPermissions"},
	{SAYS_NOT_FOUND, false, "not found"},
	{SAYS_NOT_FOUND, false, "does not exist"},
	{SAYS_NOT_FOUND, true, "resource_not_found"},
	{SAYS_VERSION, false, "token"},
	{SAYS_VERSION, false, "version"}
};

/* Sets for the table below. */
#define READ		0x01
#define WRITE		0x02
#define ANY			(READ | WRITE)

#define LIST		(1 << FC_PATH_LIST)
#define PART		(1 << FC_PATH_PART)
#define BATCH		(1 << FC_PATH_BATCH)
#define ALL			(LIST | PART | BATCH)

#define NONE		(1 << FC_OUTCOME_ANSWERED)
#define NOT_SENT	(1 << FC_OUTCOME_NOT_SENT)
#define LOST		(1 << FC_OUTCOME_LOST)
#define TIMED_OUT	(1 << FC_OUTCOME_TIMED_OUT)
#define CUT_SHORT	(1 << FC_OUTCOME_CUT_SHORT)
#define TOO_BIG		(1 << FC_OUTCOME_TOO_BIG)
#define STARVED		(1 << FC_OUTCOME_STARVED)
#define GARBLED		(1 << FC_OUTCOME_GARBLED)
#define EMPTY		(1 << FC_OUTCOME_EMPTY)
#define NOT_JSON	(1 << FC_OUTCOME_NOT_JSON)
#define NO_ANSWER	(~(NONE | NOT_SENT))

/* Two members of the table below. */
#define STATUS(status)			status, status
#define STATUSES(first, last)	first, last
#define ANY_STATUS				STATUSES(0, 999)

#define CHECK_KEY \
	"Check the api_key of the user mapping."
#define CHECK_PERMISSION \
	"Check the account's subscription and the permissions of its API key."
#define CHECK_URL \
	"Check the server option base_url."
#define CHECK_ROW \
	"The API may have made the change.  Look before you repeat it."

/*
 * A rule: if all of the first line is true of a reply, the second line is what
 * it means.
 */
typedef struct Rule
{
	int			methods,
				kinds,
				outcomes,
				first_status,
				last_status,
				says;			/* at least all of this */
	FcVerdict	verdict;
	int			sqlstate;
	const char *reason;			/* NULL: the outcome, or the status */
	const char *hint;			/* NULL: none */
} Rule;

static const Rule rules[] =
{
	/* nothing was sent, or no usable answer came back */
	{ANY, ALL, NOT_SENT, ANY_STATUS, SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION, NULL,
	"Check the server options base_url, proxy and ca_file."},
	{WRITE, ALL, NO_ANSWER, ANY_STATUS, SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN, NULL,
	CHECK_ROW},
	{READ, ALL, LOST, ANY_STATUS, SAYS_ANYTHING,
	FC_VERDICT_UNAVAILABLE, ERRCODE_CONNECTION_FAILURE, NULL, NULL},
	{READ, ALL, TIMED_OUT, ANY_STATUS, SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_CONNECTION_FAILURE, NULL,
	"The server option request_timeout says how long to wait."},
	{READ, ALL, CUT_SHORT, ANY_STATUS, SAYS_ANYTHING,
	FC_VERDICT_UNAVAILABLE, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, NULL, NULL},
	{READ, ALL, TOO_BIG, ANY_STATUS, SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, NULL,
	"The server options max_response_size and page_size say how big it may be."},
	{READ, ALL, STARVED, ANY_STATUS, SAYS_ANYTHING,
	FC_VERDICT_FAILED, ERRCODE_OUT_OF_MEMORY, NULL, NULL},
	{READ, ALL, EMPTY, ANY_STATUS, SAYS_ANYTHING,
	FC_VERDICT_THROTTLED, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, NULL, NULL},
	{READ, ALL, GARBLED | NOT_JSON, ANY_STATUS, SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, NULL,
	CHECK_URL},

	/* key, rate limit and permission come first */
	{ANY, ALL, NONE, ANY_STATUS, SAYS_WRONG_KEY,
		FC_VERDICT_FAILED, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
	"the API key was not accepted", CHECK_KEY},
	{ANY, ALL, NONE, STATUS(401), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
	"the API key was not accepted", CHECK_KEY},
	{ANY, ALL, NONE, STATUS(429), SAYS_ANYTHING,
		FC_VERDICT_THROTTLED, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
	"too many requests", NULL},
	{ANY, ALL, NONE, STATUSES(402, 403), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_INSUFFICIENT_PRIVILEGE,
		"permission denied",
	CHECK_PERMISSION},
	{ANY, ALL, NONE, STATUSES(200, 499), SAYS_NO_PERMISSION,
		FC_VERDICT_FAILED, ERRCODE_INSUFFICIENT_PRIVILEGE,
		"permission denied",
	CHECK_PERMISSION},
	{ANY, ALL, NONE, STATUS(207), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_INSUFFICIENT_PRIVILEGE,
		"the API gave a part only",
	CHECK_PERMISSION},

	/* there is no such row; a write of it was refused */
	{READ, PART, NONE, ANY_STATUS, SAYS_NOT_FOUND,
	FC_VERDICT_ABSENT, ERRCODE_FDW_TABLE_NOT_FOUND, "not found", NULL},
	{WRITE, PART, NONE, ANY_STATUS, SAYS_NOT_FOUND,
	FC_VERDICT_ABSENT, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "not found", NULL},

	/* success, unless the body says otherwise */
	{READ, LIST | BATCH, NONE, STATUSES(200, 299), SAYS_ERROR,
		FC_VERDICT_UNSURE, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
	"the API refused the request", NULL},
	{READ, PART, NONE, STATUSES(200, 299), SAYS_ERROR,
		FC_VERDICT_REFUSED, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
	"the API refused the request", NULL},
	{READ, ALL, NONE, STATUSES(200, 299), SAYS_ANYTHING,
	FC_VERDICT_OK, 0, NULL, NULL},

	/*
	 * A write is done only where the answer shows it.  No documented answer
	 * of success is empty, and a throttled server sends empty ones.  So of
	 * empty answers only a 204 is success.
	 */
	{WRITE, ALL, NONE, STATUSES(200, 299), SAYS_ERROR,
		FC_VERDICT_REFUSED, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
	"the API refused the request", NULL},
	{WRITE, ALL, NONE, STATUS(204), SAYS_NOTHING,
	FC_VERDICT_OK, 0, NULL, NULL},
	{WRITE, ALL, NONE, STATUSES(200, 299), SAYS_DONE,
	FC_VERDICT_OK, 0, NULL, NULL},
	{WRITE, ALL, NONE, STATUSES(200, 299), SAYS_NOTHING,
		FC_VERDICT_UNPROVEN, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
	"the answer is empty, and the row is not as it was sent", NULL},
	{WRITE, ALL, NONE, STATUSES(200, 299), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN,
	"the answer neither names the row nor says success", CHECK_ROW},

	/* there is no such path; a page is not the API's */
	{ANY, ALL, NONE, STATUS(404), SAYS_TEXT,
		FC_VERDICT_NO_PATH, ERRCODE_FDW_TABLE_NOT_FOUND,
	"there is no such path", CHECK_URL},
	{READ, PART, NONE, STATUS(404), SAYS_ANYTHING,
	FC_VERDICT_ABSENT, ERRCODE_FDW_TABLE_NOT_FOUND, "not found", NULL},
	{WRITE, PART, NONE, STATUS(404), SAYS_ANYTHING,
	FC_VERDICT_ABSENT, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "not found", NULL},
	{ANY, LIST | BATCH, NONE, STATUS(404), SAYS_ANYTHING,
		FC_VERDICT_NO_ROUTE, ERRCODE_FDW_TABLE_NOT_FOUND,
	"the account has no such list", CHECK_URL},
	{ANY, ALL, NONE, STATUS(405), SAYS_ANYTHING,
		FC_VERDICT_NO_METHOD, ERRCODE_FEATURE_NOT_SUPPORTED,
	"the API does not support this method", NULL},

	/* refused as it was sent */
	{ANY, ALL, NONE, STATUS(409), SAYS_VERSION,
		FC_VERDICT_FAILED, ERRCODE_T_R_SERIALIZATION_FAILURE,
	"changed by somebody else", NULL},
	{ANY, ALL, NONE, STATUS(412), SAYS_VERSION,
		FC_VERDICT_FAILED, ERRCODE_T_R_SERIALIZATION_FAILURE,
	"changed by somebody else", NULL},
	{WRITE, ALL, NONE, STATUS(408), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN,
	"the request timed out", CHECK_ROW},
	{READ, ALL, NONE, STATUS(408), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_CONNECTION_FAILURE,
	"the request timed out", NULL},
	{WRITE, ALL, NONE, STATUSES(400, 499), SAYS_ANYTHING,
		FC_VERDICT_REFUSED, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
	"the API refused the request", NULL},
	{READ, ALL, NONE, STATUS(400), SAYS_ANYTHING,
		FC_VERDICT_REFUSED, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
	"the API refused the request", NULL},
	{READ, ALL, NONE, STATUSES(413, 414), SAYS_ANYTHING,
		FC_VERDICT_REFUSED, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
	"the API refused the request", NULL},
	{READ, ALL, NONE, STATUS(422), SAYS_ANYTHING,
		FC_VERDICT_REFUSED, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
	"the API refused the request", NULL},
	{READ, ALL, NONE, STATUSES(400, 499), SAYS_ERROR,
		FC_VERDICT_REFUSED, ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
	"the API refused the request", NULL},

	/* the server's fault: was a write applied? */
	{WRITE, ALL, NONE, ANY_STATUS, SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN, NULL,
	CHECK_ROW},
	{READ, ALL, NONE, STATUS(503), SAYS_ANYTHING,
		FC_VERDICT_UNAVAILABLE, ERRCODE_CANNOT_CONNECT_NOW,
	"the API is not available", NULL},
	{READ, ALL, NONE, STATUS(502), SAYS_ANYTHING,
	FC_VERDICT_UNAVAILABLE, ERRCODE_CONNECTION_FAILURE, NULL, NULL},
	{READ, ALL, NONE, STATUS(504), SAYS_ANYTHING,
	FC_VERDICT_UNAVAILABLE, ERRCODE_CONNECTION_FAILURE, NULL, NULL},
	{READ, ALL, NONE, STATUSES(300, 399), SAYS_ANYTHING,
		FC_VERDICT_FAILED, ERRCODE_FDW_ERROR, "the API redirects the request",
	"A redirect is not followed, as it would take the key along.  Check the server option base_url."},
	{READ, ALL, NONE, ANY_STATUS, SAYS_ANYTHING,
	FC_VERDICT_FAILED, ERRCODE_FDW_ERROR, NULL, NULL}
};

static const char *const outcome_reasons[] =
{
	[FC_OUTCOME_NOT_SENT] = "could not connect",
	[FC_OUTCOME_LOST] = "the connection was lost",
	[FC_OUTCOME_TIMED_OUT] = "the request timed out",
	[FC_OUTCOME_CUT_SHORT] = "the answer was cut short",
	[FC_OUTCOME_TOO_BIG] = "the answer is too big",
	[FC_OUTCOME_STARVED] = "there is no memory for the answer",
	[FC_OUTCOME_GARBLED] = "the answer is not HTTP, or badly encoded",
	[FC_OUTCOME_EMPTY] = "the answer is empty",
	[FC_OUTCOME_NOT_JSON] = "the answer is not JSON"
};

static bool is_about_object(void);
static const Rule *find_rule(const FcReply *reply);
static int	find_sayings(const FcReply *reply);
static bool contains(const char *sentence, const char *words);
static const char *write_message(const FcReply *reply, const Rule *rule);
static const char *write_detail(const FcReply *reply);
static char *convert_to_server(char *utf8);

/*
 * fc_error_judge
 *		What a reply means, and the error it would be.
 */
FcError *
fc_error_judge(const FcReply *reply)
{
	FcError    *error = palloc0(sizeof(FcError));
	const Rule *rule = find_rule(reply);

	error->verdict = rule->verdict;
	if (rule->verdict == FC_VERDICT_OK)
		return error;

	error->sqlstate = rule->sqlstate;
	error->message = write_message(reply, rule);
	error->detail = write_detail(reply);
	error->hint = rule->hint;
	return error;
}

/*
 * fc_error_raise
 *		Throw an error.
 *
 * Method and path are in the CONTEXT that the exchange adds.
 */
void
fc_error_raise(const FcError *error)
{
	ereport(ERROR,
			(errcode(error->sqlstate),
			 errmsg_internal("%s", error->message),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0));
}

/*
 * fc_error_context
 *		Add to an error which request it is about.
 *
 * To be called by an error context callback, or within ereport.
 */
void
fc_error_context(const char *method, const char *path)
{
	errcontext("FrontCore request %s %s", method, fc_url_shorten(path));
}

/*
 * fc_error_column
 *		Say, in an error's fields for programs, which column it is about.
 *
 * To be called by an error context callback, or within ereport.  A domain's
 * or a trigger's error may name an object itself: that stays.  The result of a
 * function is no table, and has no schema.
 */
void
fc_error_column(const FcTable *table, const char *column)
{
	int			category = ERRCODE_TO_CATEGORY(geterrcode());

	/* no value is to blame for these */
	if (category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_OPERATOR_INTERVENTION || is_about_object() ||
		table->schema == NULL)
		return;

	err_generic_string(PG_DIAG_SCHEMA_NAME, table->schema);
	err_generic_string(PG_DIAG_TABLE_NAME, table->name);
	err_generic_string(PG_DIAG_COLUMN_NAME, column);
}

/*
 * fc_error_quote
 *		Text from the network as an error may quote it.
 *
 * The text should be in UTF-8.  Returns its beginning, in the server's
 * encoding, on one line, with question marks for what cannot be shown.
 */
char *
fc_error_quote(const char *text, Size length)
{
	const unsigned char *next = (const unsigned char *) text;
	const unsigned char *end = next + length;
	StringInfoData quote;

	initStringInfo(&quote);
	for (int i = 0; next < end && i < MAX_QUOTE; i++)
	{
		int			size = pg_utf_mblen(next);

		if (size > end - next || !pg_utf8_islegal(next, size))
		{
			appendStringInfoChar(&quote, '?');
			next++;
			continue;
		}

		/* Unicode's other control characters are U+0080 to U+009F */
		if (*next <= ' ' || *next == 0x7f || (*next == 0xc2 && next[1] < 0xa0))
		{
			if (quote.len > 0 && quote.data[quote.len - 1] != ' ')
				appendStringInfoChar(&quote, ' ');
		}
		else
			appendBinaryStringInfo(&quote, (const char *) next, size);
		next += size;
	}

	while (quote.len > 0 && quote.data[quote.len - 1] == ' ')
		quote.data[--quote.len] = '\0';
	if (next < end)
		appendStringInfoString(&quote, "...");
	return convert_to_server(quote.data);
}

/* Does the error in hand name an object already? */
static bool
is_about_object(void)
{
	MemoryContext workspace = AllocSetContextCreate(CurrentMemoryContext,
													"frontcore_fdw error",
													ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(workspace);
	const ErrorData *error = CopyErrorData();
	bool		result = error->schema_name != NULL ||
	error->table_name != NULL || error->column_name != NULL;

	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(workspace);
	return result;
}

/* Find the first rule that fits; the last ones fit everything. */
static const Rule *
find_rule(const FcReply *reply)
{
	int			method = reply->is_write ? WRITE : READ;
	int			says = find_sayings(reply);

	for (int i = 0; i < lengthof(rules); i++)
	{
		const Rule *rule = &rules[i];

		if ((rule->methods & method) != 0 &&
			(rule->kinds & (1 << reply->kind)) != 0 &&
			(rule->outcomes & (1 << reply->outcome)) != 0 &&
			reply->status >= rule->first_status &&
			reply->status <= rule->last_status &&
			(says & rule->says) == rule->says)
			return rule;
	}
	elog(ERROR, "unexpected HTTP status %d", reply->status);
}

/*
 * What does the body say?  A body that is no JSON can only be about the key.
 */
static int
find_sayings(const FcReply *reply)
{
	int			says = 0;

	for (int i = 0; i < lengthof(phrases); i++)
	{
		const Phrase *phrase = &phrases[i];

		if (phrase->is_code ?
			reply->code && pg_strcasecmp(reply->code, phrase->words) == 0 :
			reply->message && contains(reply->message, phrase->words))
			says |= phrase->says;
	}
	if (reply->is_text)
		return (says & SAYS_WRONG_KEY) | SAYS_TEXT;
	if (reply->refuses)
		says |= SAYS_ERROR;
	if (reply->confirms)
		says |= SAYS_DONE;
	if (reply->is_blank)
		says |= SAYS_NOTHING;
	return says;
}

/* Do the words occur in a sentence, in whatever case? */
static bool
contains(const char *sentence, const char *words)
{
	Size		length = strlen(words);

	for (; *sentence != '\0'; sentence++)
		if (pg_strncasecmp(sentence, words, length) == 0)
			return true;
	return false;
}

/* The primary message. */
static const char *
write_message(const FcReply *reply, const Rule *rule)
{
	const char *what = "could not read resource";
	const char *reason = rule->reason;
	const char *separator = ": ";
	StringInfoData message;

	if (rule->sqlstate == ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN)
		what = "could not learn the outcome of writing resource";
	else if (reply->is_write)
		what = "could not write resource";
	if (reply->outcome != FC_OUTCOME_ANSWERED)
		reason = outcome_reasons[reply->outcome];

	initStringInfo(&message);
	appendStringInfo(&message, "%s \"%s\"", what, reply->resource);
	if (reason != NULL)
	{
		appendStringInfo(&message, ": %s", reason);
		separator = ", ";
	}
	if (reply->codes != NULL)
		appendStringInfo(&message, " (%.*s)",
						 (int) strcspn(reply->codes, ","), reply->codes);
	if (reply->outcome == FC_OUTCOME_ANSWERED && reply->status / 100 != 2)
		appendStringInfo(&message, "%sHTTP status %d", separator,
						 reply->status);
	return message.data;
}

/* The detail: the words of the API, of a proxy, or of the transport. */
static const char *
write_detail(const FcReply *reply)
{
	StringInfoData detail;

	initStringInfo(&detail);
	if (reply->status == 405 && reply->allow != NULL)
		appendStringInfo(&detail, "It allows \"%s\".", reply->allow);
	if (reply->reason != NULL)
		appendStringInfo(&detail, "The transport reported \"%s\".",
						 reply->reason);
	if (reply->shown != NULL)
		appendStringInfo(&detail, "%sThe API replied \"%s\".",
						 detail.len > 0 ? "  " : "", reply->shown);
	if (reply->codes != NULL)
		appendStringInfo(&detail, "%sIts codes are: %s.",
						 detail.len > 0 ? "  " : "", reply->codes);
	return detail.len > 0 ? detail.data : NULL;
}

/* Convert from UTF-8.  Character by character, as some have no equivalent. */
static char *
convert_to_server(char *utf8)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion;
	StringInfoData converted;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || pg_is_ascii(utf8))
		return utf8;

	conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	initStringInfo(&converted);
	for (int size; *utf8 != '\0'; utf8 += size)
	{
		unsigned char source[MAX_MULTIBYTE_CHAR_LEN + 1];
		unsigned char target[MAX_MULTIBYTE_CHAR_LEN *
							 MAX_CONVERSION_GROWTH + 1];

		size = pg_utf_mblen((unsigned char *) utf8);
		memcpy(source, utf8, size);
		source[size] = '\0';
		if (OidIsValid(conversion) &&
			pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding,
										  source, size, target,
										  sizeof(target), true) == size)
			appendStringInfoString(&converted, (char *) target);
		else
			appendStringInfoChar(&converted, '?');
	}
	return converted.data;
}
