/*
 * http.c
 *		Send one HTTP request and wait for its answer, within limits.
 *
 * libcurl speaks HTTP, and we wait.  libcurl's multi interface tells us for
 * which sockets and until when it wants to wait; we wait for these together
 * with our latch (sockets.c).  A backend has to wait for its latch: if libcurl
 * waited, the query could not be cancelled, and the backend would hold up
 * whatever needs all backends, such as DROP DATABASE.  So we serve interrupts
 * between the calls of libcurl, and never throw through its frames.  For the
 * same reason the callbacks in this file neither allocate from PostgreSQL nor
 * throw: they store what they are told, and return.
 *
 * What libcurl or its callbacks allocate is malloc'd.  A callback of the
 * connection's or the response's memory context frees it.  The callback is
 * registered before the first malloc, so that nothing can leak.
 *
 * A request is sent at most once.  By itself libcurl repeats any request, even
 * a POST, when a kept connection turns out to be dead.  We forbid that: a
 * repeated write may be applied twice, and the limiter would not count it.
 */
#include "postgres.h"

#include <math.h>
#include <signal.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/http.h"
#include "base/received.h"
#include "base/sockets.h"
#include "base/wait.h"
#include "utils/memutils.h"

/* CURLOPT_PROTOCOLS_STR, and CURLOPT_PREREQFUNCTION, which is older. */
#if LIBCURL_VERSION_NUM < 0x075500
#error "frontcore_fdw needs libcurl 7.85 or later"
#endif

/* Proxy Authentication Required: the request was not passed on. */
#define HTTP_PROXY_LOGIN	407

/*
 * How long to wait at most before libcurl is called again while a connection
 * is being made, as not every resolver tells us when it is done.
 */
#define MAX_CONNECT_STEP_MS	100

/* A request that is being sent or answered, and what has come so far. */
typedef struct Transfer
{
	FcHttpResponse response;	/* what the caller will get */
	const FcHttpRequest *request;
	double		began;			/* by fc_wait_clock */
	int			starts;			/* how often it was, or would be, sent */
	FcReceived	received;
	bool		is_done;		/* result is set */
	CURLcode	result;
	char		words[CURL_ERROR_SIZE]; /* libcurl's, on what went wrong */
	MemoryContextCallback cleanup;
} Transfer;

struct FcHttpConnection
{
	FcHttpOptions options;
	CURLM	   *multi;
	CURL	   *easy;
	struct curl_slist *headers; /* of the request on its way */
	curl_socket_t kept;			/* of the last answer, if it was kept open */

	/* what libcurl waits for */
	FcSockets	sockets;
	double		due;			/* call it then, by fc_wait_clock */

	MemoryContextCallback cleanup;
};

/*
 * What libcurl's result means once the request was sent.  Any result that is
 * not listed means that the connection was lost.
 */
typedef struct Meaning
{
	CURLcode	result;
	FcOutcome	outcome;
} Meaning;

static const Meaning meanings[] =
{
	{CURLE_OK, FC_OUTCOME_ANSWERED},
	{CURLE_OPERATION_TIMEDOUT, FC_OUTCOME_TIMED_OUT},
	{CURLE_PARTIAL_FILE, FC_OUTCOME_CUT_SHORT},
	{CURLE_BAD_CONTENT_ENCODING, FC_OUTCOME_GARBLED},
	{CURLE_UNSUPPORTED_PROTOCOL, FC_OUTCOME_GARBLED},
	{CURLE_WEIRD_SERVER_REPLY, FC_OUTCOME_GARBLED},
	{CURLE_WRITE_ERROR, FC_OUTCOME_GARBLED},	/* too many headers */
	{CURLE_OUT_OF_MEMORY, FC_OUTCOME_GARBLED},	/* too long a header */
#if LIBCURL_VERSION_NUM >= 0x080600
	{CURLE_TOO_LARGE, FC_OUTCOME_GARBLED},	/* the same, by a newer libcurl */
#endif
};

static void initialize_library(void);
static void free_connection(void *arg);
static Transfer *make_transfer(FcHttpConnection *connection,
							   const FcHttpRequest *request);
static void free_transfer(void *arg);
static void set_options(FcHttpConnection *connection, Transfer *transfer);
static void set_request(FcHttpConnection *connection,
						const FcHttpRequest *request);
static void set_destination(FcHttpConnection *connection);
static void set_headers(FcHttpConnection *connection,
						const FcHttpRequest *request);
static void check_result(CURLcode result);
static void run_transfer(FcHttpConnection *connection, Transfer *transfer);
static void add_transfer(FcHttpConnection *connection);
static void step(FcHttpConnection *connection, curl_socket_t fd, int events);
static void collect_result(FcHttpConnection *connection, Transfer *transfer);
static double time_to_wait(const FcHttpConnection *connection,
						   const Transfer *transfer);
static void end_transfer(FcHttpConnection *connection);
static void fill_response(FcHttpConnection *connection, Transfer *transfer);
static FcOutcome judge_outcome(const Transfer *transfer);
static const char *explain_outcome(const FcHttpConnection *connection,
								   const Transfer *transfer);
static int	note_start(void *arg, char *remote_ip, char *local_ip,
					   int remote_port, int local_port);
static size_t note_header(char *line, size_t size, size_t count, void *arg);
static size_t note_body(char *data, size_t size, size_t count, void *arg);
static int	note_socket(CURL *easy, curl_socket_t fd, int interest, void *arg,
						void *unused);
static int	note_timer(CURLM *multi, long milliseconds, void *arg);
static void block_signals(sigset_t *saved);
static void restore_signals(const sigset_t *saved);
static bool is_spent(FcHttpConnection *connection);

/* Set an option of a connection's easy handle, and check the result. */
#define SET_OPTION(connection, option, value) \
	check_result(curl_easy_setopt((connection)->easy, option, value))

/*
 * fc_http_connect
 *		A connection for any number of requests, one at a time.
 *
 * It lives in the current memory context, and is closed with it.  Nothing is
 * sent before the first request.  Returns NULL if this process has too many
 * open files.
 */
FcHttpConnection *
fc_http_connect(const FcHttpOptions *options)
{
	FcHttpConnection *connection = palloc0(sizeof(FcHttpConnection));

	initialize_library();
	if (!fc_sockets_reserve(&connection->sockets))
		return NULL;

	connection->options = *options;
	connection->due = HUGE_VAL;
	connection->kept = CURL_SOCKET_BAD;
	connection->cleanup.func = free_connection;
	connection->cleanup.arg = connection;
	MemoryContextRegisterResetCallback(CurrentMemoryContext,
									   &connection->cleanup);

	connection->multi = curl_multi_init();
	connection->easy = curl_easy_init();
	if (connection->multi == NULL || connection->easy == NULL ||
		curl_multi_setopt(connection->multi, CURLMOPT_SOCKETFUNCTION,
						  note_socket) != CURLM_OK ||
		curl_multi_setopt(connection->multi, CURLMOPT_SOCKETDATA,
						  connection) != CURLM_OK ||
		curl_multi_setopt(connection->multi, CURLMOPT_TIMERFUNCTION,
						  note_timer) != CURLM_OK ||
		curl_multi_setopt(connection->multi, CURLMOPT_TIMERDATA,
						  connection) != CURLM_OK ||
		curl_multi_setopt(connection->multi, CURLMOPT_MAXCONNECTS,
						  1L) != CURLM_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not initialize libcurl")));

	return connection;
}

/*
 * fc_http_perform
 *		Send a request, and wait until it is answered or has failed.
 *
 * The response lives in the current memory context.  Throws if the query is
 * cancelled or memory is short; the connection can then be used for the next
 * request.  It does not throw for anything that the network or the server do:
 * that is in the response's outcome.
 */
FcHttpResponse *
fc_http_perform(FcHttpConnection *connection, const FcHttpRequest *request)
{
	Transfer   *transfer = make_transfer(connection, request);

	PG_TRY();
	{
		set_options(connection, transfer);
		run_transfer(connection, transfer);
		fill_response(connection, transfer);
	}
	PG_FINALLY();
	{
		/* a transfer that was cancelled must not stay on the wire */
		end_transfer(connection);
	}
	PG_END_TRY();

	return &transfer->response;
}

/*
 * fc_http_header
 *		The value of a response's header, NULL if it has none.
 *
 * The name is in lower case.  Of several headers the first one counts.
 */
const char *
fc_http_header(const FcHttpResponse *response, const char *name)
{
	Size		length = strlen(name);
	ListCell   *cell;

	foreach(cell, response->headers)
	{
		const char *header = lfirst(cell);

		if (strncmp(header, name, length) == 0 && header[length] == ':')
			return header + length + 2;
	}
	return NULL;
}

/*
 * Initialize libcurl.  Never in the postmaster, whose children would inherit
 * state that is not made to be inherited.
 */
static void
initialize_library(void)
{
	static bool is_initialized = false;

	if (is_initialized)
		return;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not initialize libcurl")));
	is_initialized = true;
}

/* Close a connection, when its memory context goes. */
static void
free_connection(void *arg)
{
	FcHttpConnection *connection = arg;

	end_transfer(connection);
	curl_easy_cleanup(connection->easy);
	(void) curl_multi_cleanup(connection->multi);
	fc_sockets_release(&connection->sockets);
}

/* Make an empty response, and see to it that it gets freed. */
static Transfer *
make_transfer(FcHttpConnection *connection, const FcHttpRequest *request)
{
	Transfer   *transfer = palloc0(sizeof(Transfer));

	transfer->request = request;
	transfer->began = fc_wait_clock();
	fc_received_begin(&transfer->received,
					  connection->options.max_response_size);
	transfer->cleanup.func = free_transfer;
	transfer->cleanup.arg = transfer;
	MemoryContextRegisterResetCallback(CurrentMemoryContext,
									   &transfer->cleanup);
	return transfer;
}

static void
free_transfer(void *arg)
{
	Transfer   *transfer = arg;

	fc_received_free(&transfer->received);
}

/*
 * Set all options of a request.  They are reset after each request, so that
 * none of them points to freed memory.  libcurl keeps the connection.
 */
static void
set_options(FcHttpConnection *connection, Transfer *transfer)
{
	const FcHttpOptions *options = &connection->options;

	set_request(connection, transfer->request);
	set_destination(connection);

	SET_OPTION(connection, CURLOPT_FRESH_CONNECT,
			   is_spent(connection) ? 1L : 0L);

	/* how long */
	SET_OPTION(connection, CURLOPT_CONNECTTIMEOUT_MS,
			   (long) options->connect_timeout_ms);
	SET_OPTION(connection, CURLOPT_TIMEOUT_MS,
			   (long) options->request_timeout_ms);

	/* libcurl must not use signals, nor wait for a resolver that hangs */
	SET_OPTION(connection, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	SET_OPTION(connection, CURLOPT_QUICK_EXIT, 1L);
#endif

	/* tell us what happens */
	SET_OPTION(connection, CURLOPT_PREREQFUNCTION, note_start);
	SET_OPTION(connection, CURLOPT_PREREQDATA, transfer);
	SET_OPTION(connection, CURLOPT_HEADERFUNCTION, note_header);
	SET_OPTION(connection, CURLOPT_HEADERDATA, transfer);
	SET_OPTION(connection, CURLOPT_WRITEFUNCTION, note_body);
	SET_OPTION(connection, CURLOPT_WRITEDATA, transfer);
	SET_OPTION(connection, CURLOPT_ERRORBUFFER, transfer->words);
}

/* Set what to send. */
static void
set_request(FcHttpConnection *connection, const FcHttpRequest *request)
{
	SET_OPTION(connection, CURLOPT_URL, request->url);
	if (request->body != NULL)
	{
		SET_OPTION(connection, CURLOPT_POST, 1L);
		SET_OPTION(connection, CURLOPT_POSTFIELDSIZE_LARGE,
				   (curl_off_t) request->length);
		SET_OPTION(connection, CURLOPT_POSTFIELDS, request->body);
	}
	SET_OPTION(connection, CURLOPT_CUSTOMREQUEST, request->method);
	set_headers(connection, request);
	SET_OPTION(connection, CURLOPT_HTTPHEADER, connection->headers);
	SET_OPTION(connection, CURLOPT_USERAGENT, connection->options.user_agent);
	SET_OPTION(connection, CURLOPT_ACCEPT_ENCODING, "");
}

/*
 * Set where the request goes.  Redirects are not followed, since libcurl would
 * send the key to the new host.  HTTP/1.1, as one request at a time has no use
 * for streams.
 */
static void
set_destination(FcHttpConnection *connection)
{
	const FcHttpOptions *options = &connection->options;

	SET_OPTION(connection, CURLOPT_PROTOCOLS_STR, "http,https");
	SET_OPTION(connection, CURLOPT_FOLLOWLOCATION, 0L);
	SET_OPTION(connection, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET_OPTION(connection, CURLOPT_PROXY, options->proxy ? options->proxy : "");
	SET_OPTION(connection, CURLOPT_NOPROXY, "");
	/* other methods would ask first, and send twice */
	SET_OPTION(connection, CURLOPT_PROXYAUTH, (long) CURLAUTH_BASIC);
	SET_OPTION(connection, CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE);
	SET_OPTION(connection, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET_OPTION(connection, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET_OPTION(connection, CURLOPT_SSL_VERIFYPEER, 1L);
	SET_OPTION(connection, CURLOPT_SSL_VERIFYHOST, 2L);
	if (options->ca_file != NULL)
	{
		/* trust only these, and not the system's certificates */
		SET_OPTION(connection, CURLOPT_CAINFO, options->ca_file);
		SET_OPTION(connection, CURLOPT_CAPATH, NULL);
	}
}

/* Make libcurl's list of a request's headers. */
static void
set_headers(FcHttpConnection *connection, const FcHttpRequest *request)
{
	/* do not wait for "100 Continue" before a long body */
	static const char *const without[] = {"Expect:", NULL};
	const char *const *const lists[] = {without, request->headers};

	for (int i = 0; i < lengthof(lists); i++)
	{
		for (const char *const *header = lists[i]; *header != NULL; header++)
		{
			struct curl_slist *longer;

			longer = curl_slist_append(connection->headers, *header);
			if (longer == NULL)
				check_result(CURLE_OUT_OF_MEMORY);
			connection->headers = longer;
		}
	}
}

/* Throw unless libcurl took an option. */
static void
check_result(CURLcode result)
{
	if (result != CURLE_OK)
		ereport(ERROR,
				(errcode(result == CURLE_OUT_OF_MEMORY ?
						 ERRCODE_OUT_OF_MEMORY : ERRCODE_FDW_ERROR),
				 errmsg("could not prepare an HTTP request: %s",
						curl_easy_strerror(result))));
}

/*
 * Let libcurl work until the transfer has a result, and wait in between.
 *
 * libcurl watches the timeout.  If it fails to, we give up by ourselves.
 */
static void
run_transfer(FcHttpConnection *connection, Transfer *transfer)
{
	add_transfer(connection);
	while (!transfer->is_done)
	{
		WaitEvent	ready[FC_MAX_SOCKETS];
		int			nready;

		nready = fc_sockets_wait(&connection->sockets, ready,
								 time_to_wait(connection, transfer));
		for (int i = 0; i < nready; i++)
		{
			int			events = 0;

			if (ready[i].events & WL_SOCKET_READABLE)
				events |= CURL_CSELECT_IN;
			if (ready[i].events & WL_SOCKET_WRITEABLE)
				events |= CURL_CSELECT_OUT;
			if (events != 0)
				step(connection, ready[i].fd, events);
		}
		if (connection->due <= fc_wait_clock())
		{
			connection->due = HUGE_VAL; /* a timer goes off once */
			step(connection, CURL_SOCKET_TIMEOUT, 0);
		}

		collect_result(connection, transfer);
	}
}

/* Give the prepared request to libcurl, which sets its timer and returns. */
static void
add_transfer(FcHttpConnection *connection)
{
	sigset_t	saved;
	CURLMcode	result;

	block_signals(&saved);
	result = curl_multi_add_handle(connection->multi, connection->easy);
	restore_signals(&saved);

	if (result != CURLM_OK)
		elog(ERROR, "could not start an HTTP request: %s",
			 curl_multi_strerror(result));
}

/* Tell libcurl that a socket is ready, or that its time has come. */
static void
step(FcHttpConnection *connection, curl_socket_t fd, int events)
{
	sigset_t	saved;
	CURLMcode	result;
	int			running;

	block_signals(&saved);
	result = curl_multi_socket_action(connection->multi, fd, events,
									  &running);
	restore_signals(&saved);

	if (result != CURLM_OK)
		elog(ERROR, "could not continue an HTTP request: %s",
			 curl_multi_strerror(result));
}

/* Ask libcurl for a result; give up if the time is over without one. */
static void
collect_result(FcHttpConnection *connection, Transfer *transfer)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(connection->multi, &left)) != NULL)
	{
		if (message->msg != CURLMSG_DONE)
			continue;
		transfer->is_done = true;
		transfer->result = message->data.result;
	}

	if (!transfer->is_done &&
		transfer->began + connection->options.request_timeout_ms <
		fc_wait_clock())
	{
		transfer->is_done = true;
		transfer->result = CURLE_OPERATION_TIMEDOUT;
	}
}

/* How long to wait, in milliseconds, before libcurl is called again. */
static double
time_to_wait(const FcHttpConnection *connection, const Transfer *transfer)
{
	double		now = fc_wait_clock();
	double		wait;

	wait = transfer->began + connection->options.request_timeout_ms - now + 1;
	wait = Min(wait, connection->due - now);
	if (transfer->starts == 0)
		wait = Min(wait, MAX_CONNECT_STEP_MS);
	return wait;
}

/*
 * Can the kept connection not be used for another request?
 *
 * The server may have sent more bytes than its last answer announced, which
 * libcurl would take for the next answer; or it may have closed the
 * connection, which libcurl overlooks where an answer ended inside its
 * headers.  The socket is libcurl's, but libcurl does not use it between
 * requests.
 */
static bool
is_spent(FcHttpConnection *connection)
{
	curl_socket_t fd = connection->kept;
	char		byte;

	connection->kept = CURL_SOCKET_BAD;
	return fd != CURL_SOCKET_BAD &&
		recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/*
 * Take a request from libcurl, in whatever state it is.  Keeps the connection
 * if the request ended well, else closes it.  Does not throw.
 */
static void
end_transfer(FcHttpConnection *connection)
{
	sigset_t	saved;

	block_signals(&saved);
	if (connection->multi != NULL && connection->easy != NULL)
	{
		/* fails only for a handle that is not ours */
		(void) curl_multi_remove_handle(connection->multi, connection->easy);
		curl_easy_reset(connection->easy);
	}
	restore_signals(&saved);

	curl_slist_free_all(connection->headers);
	connection->headers = NULL;
	connection->due = HUGE_VAL;
	fc_sockets_forget(&connection->sockets);
}

/* Fill in the response from the transfer. */
static void
fill_response(FcHttpConnection *connection, Transfer *transfer)
{
	FcHttpResponse *response = &transfer->response;
	const FcReceived *received = &transfer->received;
	curl_off_t	body_bytes = 0;
	long		header_bytes = 0;
	long		status = 0;
	long		connect_status = 0;

	/* the proxy's answer to CONNECT */
	check_result(curl_easy_getinfo(connection->easy, CURLINFO_HTTP_CONNECTCODE,
								   &connect_status));
	if (transfer->starts > 0)
	{
		check_result(curl_easy_getinfo(connection->easy,
									   CURLINFO_ACTIVESOCKET,
									   &connection->kept));
		check_result(curl_easy_getinfo(connection->easy,
									   CURLINFO_RESPONSE_CODE, &status));
		check_result(curl_easy_getinfo(connection->easy,
									   CURLINFO_HEADER_SIZE, &header_bytes));
		check_result(curl_easy_getinfo(connection->easy,
									   CURLINFO_SIZE_DOWNLOAD_T, &body_bytes));
	}
	if (connection->options.proxy != NULL)
		response->proxy_wants_login = HTTP_PROXY_LOGIN ==
			(strncmp(transfer->request->url, "https:", 6) == 0 ?
			 connect_status : status);
	response->outcome = judge_outcome(transfer);
	response->reason = explain_outcome(connection, transfer);
	response->was_stale = (transfer->starts > 1);
	response->status = status;
	response->body = received->body.data;
	if (response->body == NULL)
		response->body = pstrdup("");
	response->length = received->body.used;
	response->bytes_received = header_bytes + body_bytes;
	response->milliseconds = fc_wait_clock() - transfer->began;
	response->headers = fc_received_headers(received);
}

/* What became of a transfer? */
static FcOutcome
judge_outcome(const Transfer *transfer)
{
	const FcReceived *received = &transfer->received;

	if (transfer->starts == 0 || transfer->response.proxy_wants_login)
		return FC_OUTCOME_NOT_SENT;
	if (received->body.is_starved || received->head.is_starved)
		return FC_OUTCOME_STARVED;
	if (received->body.is_full)
		return FC_OUTCOME_TOO_BIG;

	/* libcurl takes a header for whole where the connection ends in it */
	if (transfer->result == CURLE_OK && !received->has_head)
		return FC_OUTCOME_LOST;
	for (int i = 0; i < lengthof(meanings); i++)
		if (meanings[i].result == transfer->result)
			return meanings[i].outcome;
	return FC_OUTCOME_LOST;
}

/* Say why there is no answer, in words that are the same each time. */
static const char *
explain_outcome(const FcHttpConnection *connection, const Transfer *transfer)
{
	const FcHttpOptions *options = &connection->options;

	if (transfer->response.proxy_wants_login)
		return strchr(options->proxy, '@') != NULL ?
			"the proxy did not accept the user name and password" :
			"the proxy wants a user name and password";

	switch (transfer->response.outcome)
	{
		case FC_OUTCOME_ANSWERED:
		case FC_OUTCOME_STARVED:
			return NULL;
		case FC_OUTCOME_TIMED_OUT:
			return psprintf("no answer within %d ms",
							options->request_timeout_ms);
		case FC_OUTCOME_TOO_BIG:
			return psprintf("more than " INT64_FORMAT " bytes",
							options->max_response_size);
		case FC_OUTCOME_LOST:
			if (transfer->starts > 1)
				return "the server had closed the connection";
			if (transfer->result == CURLE_OK)
				return "the answer ended inside its headers";
			break;
		case FC_OUTCOME_GARBLED:
			if (transfer->received.head.is_full)
				return "too many headers";
			if (transfer->result == CURLE_OUT_OF_MEMORY)
				return "a header is too long";
			break;
		default:
			break;
	}
	return pstrdup(transfer->words[0] != '\0' ? transfer->words :
				   curl_easy_strerror(transfer->result));
}

/*
 * libcurl is about to send the request.  Refuse a second time.
 */
static int
note_start(void *arg, char *remote_ip, char *local_ip, int remote_port,
		   int local_port)
{
	Transfer   *transfer = arg;

	if (transfer->starts++ > 0)
		return CURL_PREREQFUNC_ABORT;
	if (transfer->request->started != NULL)
		transfer->request->started(transfer->request->arg);
	return CURL_PREREQFUNC_OK;
}

/* libcurl received a line of the header, or of the trailer behind a body. */
static size_t
note_header(char *line, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;
	Size		length = size * count;

	return fc_received_line(&transfer->received, line, length) ? length : 0;
}

/* libcurl received and decoded a part of the body. */
static size_t
note_body(char *data, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;
	Size		length = size * count;

	return fc_received_body(&transfer->received, data, length) ? length : 0;
}

/* libcurl asks us to watch a socket, or to stop watching it. */
static int
note_socket(CURL *easy, curl_socket_t fd, int interest, void *arg,
			void *unused)
{
	FcHttpConnection *connection = arg;
	uint32		events = 0;

	if (interest == CURL_POLL_REMOVE)
	{
		fc_sockets_unwatch(&connection->sockets, fd);
		return 0;
	}
	if (interest & CURL_POLL_IN)
		events |= WL_SOCKET_READABLE;
	if (interest & CURL_POLL_OUT)
		events |= WL_SOCKET_WRITEABLE;
	return fc_sockets_watch(&connection->sockets, fd, events) ? 0 : -1;
}

/* libcurl sets or clears the time when it wants to be called. */
static int
note_timer(CURLM *multi, long milliseconds, void *arg)
{
	FcHttpConnection *connection = arg;

	connection->due = milliseconds < 0 ? HUGE_VAL :
		fc_wait_clock() + milliseconds;
	return 0;
}

/*
 * Block all signals, so that a thread that libcurl starts for its resolver
 * gets none of them.  Our handlers are not made to run in another thread, and
 * our latch would not be woken up.
 */
static void
block_signals(sigset_t *saved)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, saved);
}

static void
restore_signals(const sigset_t *saved)
{
	pthread_sigmask(SIG_SETMASK, saved, NULL);
}
