/*
 * exchange.c
 *		One exchange with the API: limiter, HTTP, errors, retries.
 *
 * An exchange asks the limiter for its turn, sends a request, and tells the
 * limiter and the statistics what became of it.  If the answer (answer.c)
 * means "again", and that is safe, it starts over.  An error thrown on the way
 * needs no cleaning up here: the limiter and the statistics forget a backend's
 * request when the (sub)transaction aborts, and all else hangs on memory
 * contexts.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "api/advice.h"
#include "api/connection.h"
#include "api/exchange.h"
#include "api/sharing.h"
#include "base/wait.h"
#include "common/pg_prng.h"
#include "shared/flight.h"
#include "shared/generation.h"
#include "shared/journal.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

/* The first back-off lasts as long, each one after it twice as long. */
#define FIRST_BACKOFF_MS	1000.0
#define MAX_JITTER			0.25

/* What an exchange waits for; for the CONTEXT of an error. */
typedef enum Waiting
{
	WAITING_FOR_NOTHING,
	WAITING_FOR_LIMITER,
	WAITING_FOR_ANSWER,
	WAITING_FOR_PROOF,			/* the row is read: was the write done? */
	WAITING_FOR_RETRY
} Waiting;

typedef struct Exchange
{
	FcApi	   *api;
	FcMeter    *use;
	const FcExchange *call;
	bool		is_write;
	Waiting		waiting;
	int			ahead;			/* requests before this one, at the limiter */

	/* the current attempt */
	bool		is_retry;
	bool		is_sent;		/* or about to be */
	double		waited_ms;
	FcHttpResponse *response;
	FcLimiterAdvice advice;
} Exchange;

int64		fc_exchange_writes = 0;
int64		fc_exchange_requests = 0;
double		fc_exchange_clock_skew = 0;
bool		fc_log_requests = false;

/* A write whose answer is awaited. */
static struct
{
	bool		is_sent;
	Oid			serverid;
	char		resource[NAMEDATALEN];
}			unanswered;

static void register_callbacks(void);
static void lose_write(void);
static void lose_at_exit(int code, Datum arg);
static void lose_at_xact_end(XactEvent event, void *arg);
static void lose_at_subabort(SubXactEvent event, SubTransactionId subid,
							 SubTransactionId parent, void *arg);

static FcAnswer *make_attempt(Exchange *exchange, FcError **error);
static void prove(Exchange *exchange, MemoryContext context, FcAnswer *answer,
				  FcError *error, int retries);
static FcError *await_turn(Exchange *exchange);
static void send_request(Exchange *exchange);
static void begin_entry(const Exchange *exchange);
static bool is_fresh(const Exchange *exchange);
static void note_start(void *arg);
static void record_attempt(const Exchange *exchange);
static bool has_changed_nothing(const FcAnswer *answer,
								const FcError *error);
static void record_meaning(const Exchange *exchange, const FcAnswer *answer,
						   const FcError *error);
static void log_attempt(const Exchange *exchange);
static const char *shown_path(const Exchange *exchange);
static bool back_off(Exchange *exchange, FcError *error, int retries);
static double delay_before_retry(const Exchange *exchange,
								 const FcError *error, int retries);
static void refuse_wait(const Exchange *exchange, double milliseconds,
						FcError *error);
static bool is_outage(const FcError *error);
static void count_error(const Exchange *exchange, const FcError *error);
static void fail(const Exchange *exchange, const FcError *error);
static void show_activity(const Exchange *exchange, FcActivityState state);
static void doubt_outcome(void);
static void describe_exchange(void *arg);

/*
 * fc_exchange
 *		Send a request until there is an answer that means something.
 *
 * The answer lives in the current context.  Throws what the answer means,
 * unless the call tolerates it.
 */
FcAnswer *
fc_exchange(FcApi *api, FcMeter *use, const FcExchange *call)
{
	Exchange	exchange = {0};
	ErrorContextCallback context;
	MemoryContext oldcontext;
	MemoryContext workspace;
	FcAnswer   *answer;
	FcError    *error;

	register_callbacks();
	exchange.api = api;
	exchange.use = use;
	exchange.call = call;
	exchange.is_write = fc_answer_is_write(call);

	context.callback = describe_exchange;
	context.arg = &exchange;
	context.previous = error_context_stack;
	error_context_stack = &context;

	/* what an attempt leaves behind goes before the next one */
	workspace = AllocSetContextCreate(CurrentMemoryContext,
									  "frontcore_fdw answer",
									  ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(workspace);
	answer = make_attempt(&exchange, &error);
	prove(&exchange, oldcontext, answer, error, 0);
	for (int retries = 0; back_off(&exchange, error, retries); retries++)
	{
		MemoryContextReset(workspace);
		exchange.is_retry = true;
		answer = make_attempt(&exchange, &error);
		prove(&exchange, oldcontext, answer, error, retries + 1);
	}
	MemoryContextSwitchTo(oldcontext);

	answer->is_outage = is_outage(error);
	if (answer->verdict != FC_VERDICT_OK &&
		(call->tolerates & FC_TOLERATE(answer->verdict)) == 0 &&
		!(call->tolerates_outage && answer->is_outage))
		fail(&exchange, error);
	if (answer->is_outage)
		count_error(&exchange, error);
	if (answer->verdict != FC_VERDICT_OK)
		answer->error = error;

	fc_stats_idle();
	error_context_stack = context.previous;
	return answer;
}

/* See to it that writes without an answer are counted; once. */
static void
register_callbacks(void)
{
	static bool is_registered = false;

	if (is_registered)
		return;
	RegisterXactCallback(lose_at_xact_end, NULL);
	RegisterSubXactCallback(lose_at_subabort, NULL);
	before_shmem_exit(lose_at_exit, (Datum) 0);
	is_registered = true;
}

/*
 * A write was sent and will have no answer any more, as an error has come
 * between.  Count it; does nothing if there is none.
 */
static void
lose_write(void)
{
	FcCounts	counts = {.writes = 1, .requests = 1, .unknown_outcomes = 1};

	if (!unanswered.is_sent)
		return;
	unanswered.is_sent = false;
	fc_stats_add(unanswered.serverid, unanswered.resource, &counts);
}

/* A backend exits. */
static void
lose_at_exit(int code, Datum arg)
{
	lose_write();
}

/* A transaction ends. */
static void
lose_at_xact_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		lose_write();
}

/* A subtransaction ends. */
static void
lose_at_subabort(SubXactEvent event, SubTransactionId subid,
				 SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		lose_write();
}

/* Send the request once, and find out what the answer means. */
static FcAnswer *
make_attempt(Exchange *exchange, FcError **error)
{
	FcAnswer   *answer;
	bool		is_throttling;

	fc_meter_count(exchange->use);
	*error = await_turn(exchange);
	if (*error != NULL)
	{
		fc_limiter_leave();
		answer = palloc0(sizeof(FcAnswer));
		answer->verdict = (*error)->verdict;
		return answer;
	}
	send_request(exchange);
	is_throttling = fc_answer_is_throttling(exchange->call,
											exchange->response);
	exchange->advice = fc_advice_read(exchange->response, is_throttling);
	fc_limiter_finish(exchange->response->outcome,
					  &exchange->advice);
	record_attempt(exchange);
	if (exchange->call->heard != NULL)
		exchange->call->heard(exchange->call->arg, exchange->response);
	if (fc_log_requests)
		log_attempt(exchange);

	answer = fc_answer_read(exchange->api, exchange->call,
							exchange->use->resource, exchange->response,
							error);
	if (exchange->is_write && exchange->is_sent &&
		has_changed_nothing(answer, *error))
		fc_exchange_writes--;
	record_meaning(exchange, answer, *error);
	return answer;
}

/*
 * Does the answer to a write say that nothing was changed?
 */
static bool
has_changed_nothing(const FcAnswer *answer, const FcError *error)
{
	return answer->verdict != FC_VERDICT_OK &&
		answer->verdict != FC_VERDICT_UNPROVEN &&
		error->sqlstate != ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
}

/*
 * The answer to a write was empty: find out whether it was done.  The caller
 * reads the row, in the given context; a write that was not done is like one
 * that was answered with a 429.
 */
static void
prove(Exchange *exchange, MemoryContext context, FcAnswer *answer,
	  FcError *error, int retries)
{
	const FcExchange *call = exchange->call;
	FcProof		proof = FC_PROOF_NONE;
	MemoryContext oldcontext;

	if (answer->verdict != FC_VERDICT_UNPROVEN)
		return;

	oldcontext = MemoryContextSwitchTo(context);
	exchange->waiting = WAITING_FOR_PROOF;
	if (call->prove != NULL)
		proof = call->prove(call->arg);
	exchange->waiting = WAITING_FOR_NOTHING;
	MemoryContextSwitchTo(oldcontext);

	switch (proof)
	{
		case FC_PROOF_DONE:
			answer->verdict = FC_VERDICT_OK;
			fc_journal_amend(0, false);
			break;
		case FC_PROOF_ABSENT:
			answer->verdict = FC_VERDICT_ABSENT;
			fc_exchange_writes--;
			fc_journal_amend(ERRCODE_NO_DATA, true);
			break;
		case FC_PROOF_NOT_DONE:
			answer->verdict = FC_VERDICT_THROTTLED;
			fc_exchange_writes--;
			fc_journal_amend(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, true);
			exchange->advice = fc_advice_read(exchange->response, true);
			fc_limiter_throttle(&exchange->api->limiter, &exchange->advice,
								retries + 1);
			break;
		case FC_PROOF_NONE:
			answer->verdict = FC_VERDICT_FAILED;
			error->sqlstate = ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
			error->message = psprintf("could not learn the outcome of writing resource \"%s\": the answer is empty",
									  exchange->use->resource);
			break;
	}
	error->verdict = answer->verdict;
}

/*
 * Wait until the limiter lets the request go.  NULL, or the error that it
 * would take too long.
 */
static FcError *
await_turn(Exchange *exchange)
{
	FcApi	   *api = exchange->api;
	double		began = fc_wait_clock();
	double		wait_ms;

	exchange->waiting = WAITING_FOR_LIMITER;
	fc_limiter_join(&api->limiter, api->server->base_url,
					&api->server->limits);
	while ((wait_ms = fc_limiter_poll(&exchange->ahead)) > 0)
	{
		double		hold_ms = fc_limiter_hold();

		/* somebody else was told to wait, and so are we */
		if (hold_ms > api->server->max_retry_wait_ms + FC_ADVICE_ROUNDING_MS)
		{
			FcError    *error = palloc0(sizeof(FcError));

			error->verdict = FC_VERDICT_FAILED;
			error->message = psprintf("could not %s resource \"%s\": the API allows no requests now",
									  exchange->is_write ? "write" : "read",
									  exchange->use->resource);
			error->sqlstate = ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
			refuse_wait(exchange, hold_ms, error);
			return error;
		}
		show_activity(exchange, exchange->ahead > 0 ?
					  FC_ACTIVITY_QUEUED : FC_ACTIVITY_WAITING);
		fc_wait(wait_ms, FC_WAIT_RATE_LIMIT);
	}
	exchange->waiting = WAITING_FOR_NOTHING;
	exchange->waited_ms += fc_wait_clock() - began;
	return NULL;
}

/* Send the request, and wait for its answer. */
static void
send_request(Exchange *exchange)
{
	const FcExchange *call = exchange->call;
	const FcServer *server = exchange->api->server;
	FcHttpRequest request = {0};

	request.method = call->method;
	request.url = psprintf("%s%s", server->base_url, call->path);
	request.body = call->body;
	request.length = call->body ? strlen(call->body) : 0;
	request.started = note_start;
	request.arg = exchange;

	show_activity(exchange, FC_ACTIVITY_SENDING);
	begin_entry(exchange);
	exchange->is_sent = false;
	exchange->waiting = WAITING_FOR_ANSWER;
	exchange->response =
		fc_connection_perform(exchange->api->connection, &request,
							  is_fresh(exchange));
	unanswered.is_sent = false;
	exchange->waiting = WAITING_FOR_NOTHING;
}

/* Enter the request in the log of all sessions. */
static void
begin_entry(const Exchange *exchange)
{
	FcJournalRequest entry = {0};

	entry.server = exchange->api->server->name;
	entry.resource = exchange->use->resource;
	entry.method = exchange->call->method;
	entry.path = shown_path(exchange);
	entry.is_write = exchange->is_write;
	entry.row_id = exchange->call->naming.id;
	entry.wait_ms = exchange->waited_ms;
	fc_journal_begin(&entry);
}

/*
 * Must the API itself answer?  So it must where the reader says so, where the
 * session wants it, and once the transaction has written to the address.
 */
static bool
is_fresh(const Exchange *exchange)
{
	if (exchange->is_write)
		return false;			/* no cache answers it anyway */
	return exchange->call->is_fresh || fc_max_age == 0 ||
		fc_generation_wrote_to(exchange->api->address.digest);
}

/* The request is about to be sent.  Called by libcurl: must not throw. */
static void
note_start(void *arg)
{
	Exchange   *exchange = arg;

	fc_limiter_start();
	fc_journal_start();
	exchange->is_sent = true;
	if (exchange->is_write)
	{
		fc_exchange_writes++;
		unanswered.is_sent = true;
		unanswered.serverid = exchange->api->serverid;
		strlcpy(unanswered.resource, exchange->use->resource, NAMEDATALEN);
	}
	if (exchange->call->started != NULL)
		exchange->call->started(exchange->call->arg);
}

/* Add an attempt to the counters of the scan, and of the server. */
static void
record_attempt(const Exchange *exchange)
{
	const FcHttpResponse *response = exchange->response;
	FcMeter    *use = exchange->use;
	FcCounts	counts = {0};

	counts.requests = exchange->is_sent ? 1 : 0;
	counts.retries = exchange->is_retry ? 1 : 0;
	counts.writes = exchange->is_write ? counts.requests : 0;
	counts.bytes_received = response->bytes_received;
	counts.http_ms = response->milliseconds;
	counts.wait_ms = exchange->waited_ms;

	fc_exchange_requests += counts.requests;
	fc_advice_read_clock(response, &fc_exchange_clock_skew);
	use->counts.requests += counts.requests;
	use->counts.retries += counts.retries;
	use->counts.bytes_received += counts.bytes_received;
	use->counts.http_ms += counts.http_ms;
	use->counts.wait_ms += counts.wait_ms;
	fc_stats_add(exchange->api->serverid, use->resource, &counts);
}

/* Tell the journal what an attempt has come to, as far as its answer tells. */
static void
record_meaning(const Exchange *exchange, const FcAnswer *answer,
			   const FcError *error)
{
	const FcHttpResponse *response = exchange->response;
	FcJournalAnswer entry = {0};

	entry.status = response->status;
	entry.bytes = response->bytes_received;
	entry.wait_ms = exchange->waited_ms;
	entry.http_ms = response->milliseconds;
	entry.row_id = exchange->is_write ? answer->id : 0;
	switch (answer->verdict)
	{
		case FC_VERDICT_OK:
			break;
		case FC_VERDICT_UNPROVEN:
			entry.sqlstate = ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
			break;
		case FC_VERDICT_ABSENT:
			entry.sqlstate = exchange->is_write ? ERRCODE_NO_DATA : 0;
			break;
		default:
			entry.sqlstate = error->sqlstate;
			break;
	}
	entry.is_undone = entry.sqlstate != 0 &&
		entry.sqlstate != ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
	fc_journal_end(&entry);
}

/* Write a line to the server's log. */
static void
log_attempt(const Exchange *exchange)
{
	const FcHttpResponse *response = exchange->response;
	const char *reason = fc_answer_hide(exchange->api, exchange->call,
										response->reason);

	ereport(LOG,
			(errmsg("FrontCore request %s %s: status %d, " INT64_FORMAT " bytes, waited %.1f ms, took %.1f ms%s%s",
					exchange->call->method, shown_path(exchange),
					response->status, response->bytes_received,
					exchange->waited_ms, response->milliseconds,
					reason ? ": " : "", reason ? reason : ""),
			 errhidestmt(true),
			 errhidecontext(true)));
}

/* The path as logs and messages show it. */
static const char *
shown_path(const Exchange *exchange)
{
	const FcExchange *call = exchange->call;

	return call->shown ? call->shown : call->path;
}

/*
 * Wait for the time of the next attempt.  False if there is none: the answer
 * means something else, it was the last one, or the wait would be too long,
 * of which the error's hint then tells.
 */
static bool
back_off(Exchange *exchange, FcError *error, int retries)
{
	const FcServer *server = exchange->api->server;
	double		asked_ms;
	double		until;

	if (error->verdict != FC_VERDICT_THROTTLED &&
		error->verdict != FC_VERDICT_UNAVAILABLE)
		return false;
	if (exchange->call->is_single && !exchange->response->was_stale)
		return false;
	if (retries >= server->max_retries)
	{
		error->hint = psprintf("The server option max_retries (now %d) says how often a request is repeated.",
							   server->max_retries);
		return false;
	}

	asked_ms = delay_before_retry(exchange, error, retries);
	if (asked_ms > server->max_retry_wait_ms)
	{
		refuse_wait(exchange, asked_ms, error);
		return false;
	}

	exchange->waited_ms = 0;
	if (error->verdict == FC_VERDICT_THROTTLED)
		return true;			/* the limiter makes us wait, as everybody */

	exchange->waiting = WAITING_FOR_RETRY;
	until = fc_wait_clock() + asked_ms;
	while (fc_wait_clock() < until)
	{
		show_activity(exchange, FC_ACTIVITY_BACKING_OFF);
		fc_wait(until - fc_wait_clock(), FC_WAIT_BACKOFF);
	}
	exchange->waiting = WAITING_FOR_NOTHING;
	exchange->waited_ms = asked_ms;
	return true;
}

/*
 * How long to wait before the next attempt, in milliseconds.  After one that
 * was throttled, what the API asked for, 0 if it did not say.
 */
static double
delay_before_retry(const Exchange *exchange, const FcError *error,
				   int retries)
{
	double		asked_ms = fc_advice_retry_after(exchange->response);
	double		delay_ms = FIRST_BACKOFF_MS * pow(2, retries);
	double		jitter = pg_prng_double(&pg_global_prng_state) * MAX_JITTER;
	double		max_ms = exchange->api->server->max_retry_wait_ms;

	if (error->verdict == FC_VERDICT_THROTTLED)
		return Max(exchange->advice.hold_ms - FC_ADVICE_ROUNDING_MS, 0);
	if (exchange->response->was_stale)
		return 0;				/* nothing is wrong with the server */
	if (asked_ms >= 0)
		return asked_ms;

	/* jitter alone is no reason to give up */
	if (delay_ms <= max_ms)
		delay_ms = Min(delay_ms * (1 + jitter), max_ms);
	return delay_ms;
}

/* Make an error say that we would have to wait too long. */
static void
refuse_wait(const Exchange *exchange, double milliseconds, FcError *error)
{
	error->detail = psprintf("The next request could be sent in %.0f seconds.%s%s",
							 ceil(milliseconds / 1000),
							 error->detail ? "  " : "",
							 error->detail ? error->detail : "");
	error->hint = psprintf("The server option max_retry_wait (now %g s) says how long to wait for that.",
						   exchange->api->server->max_retry_wait_ms / 1000.0);
}

/* Does the error say that the API cannot be asked for now? */
static bool
is_outage(const FcError *error)
{
	switch (error->sqlstate)
	{
		case ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION:
		case ERRCODE_CONNECTION_FAILURE:
		case ERRCODE_CANNOT_CONNECT_NOW:
		case ERRCODE_CONFIGURATION_LIMIT_EXCEEDED:
			return error->verdict != FC_VERDICT_OK;
		default:
			return false;
	}
}

/* Add an error to the counters. */
static void
count_error(const Exchange *exchange, const FcError *error)
{
	Oid			serverid = exchange->api->serverid;
	const char *resource = exchange->use->resource;
	FcCounts	counts = {.errors = 1};

	if (exchange->is_write &&
		error->sqlstate == ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN)
		counts.unknown_outcomes = 1;
	exchange->use->counts.errors++;
	fc_stats_add(serverid, resource, &counts);
	fc_stats_error(serverid, resource, error->message);
}

/*
 * Throw an error, and count it.  That a write has failed says what became of
 * it, unless its outcome is unknown.
 */
static void
fail(const Exchange *exchange, const FcError *error)
{
	count_error(exchange, error);
	fc_flight_note_failure();
	if (exchange->is_write)
		fc_generation_end_write(error->sqlstate !=
								ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN);
	fc_error_raise(error);
}

/* Tell other backends what this one is doing. */
static void
show_activity(const Exchange *exchange, FcActivityState state)
{
	const FcMeter *use = exchange->use;

	fc_stats_activity(exchange->api->serverid, use->resource, state,
					  use->counts.requests, use->estimated,
					  use->counts.rows_read);
}

/*
 * An error is thrown while a row is read to find out whether a write of it
 * was done.  Then nobody knows, unless the API is only too busy to tell.
 */
static void
doubt_outcome(void)
{
	errcontext("the request was sent, its outcome is unknown");
	switch (geterrcode())
	{
		case ERRCODE_SUCCESSFUL_COMPLETION:
		case ERRCODE_WARNING:
		case ERRCODE_QUERY_CANCELED:
		case ERRCODE_ADMIN_SHUTDOWN:
		case ERRCODE_CRASH_SHUTDOWN:
		case ERRCODE_CONFIGURATION_LIMIT_EXCEEDED:
			break;
		default:
			errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN);
			break;
	}
}

/* An error is thrown in an exchange: add which one, and how far it was. */
static void
describe_exchange(void *arg)
{
	const Exchange *exchange = arg;

	switch (exchange->waiting)
	{
		case WAITING_FOR_LIMITER:
			errcontext("waiting for the rate limiter, %d requests before this one",
					   exchange->ahead);
			break;
		case WAITING_FOR_ANSWER:
			if (exchange->is_write && exchange->is_sent)
				errcontext("the request was sent, its outcome is unknown");
			break;
		case WAITING_FOR_PROOF:
			doubt_outcome();
			break;
		case WAITING_FOR_RETRY:
			errcontext("waiting to repeat the request");
			break;
		case WAITING_FOR_NOTHING:
			break;
	}
	fc_error_context(exchange->call->method, shown_path(exchange));
}
