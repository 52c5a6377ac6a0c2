/*
 * fuzz_headers.c
 *		The head of an answer, from libcurl's lines to what the limiter is told.
 */
#include "postgres.h"

#include <math.h>

#include "api/advice.h"
#include "base/received.h"
#include "shim.h"

/* Less than an answer may have, so that some inputs are longer. */
#define LIMIT	700

static void collect(FcReceived *received, const char *text, size_t length);
static void check_advice(const FcHttpResponse *response, bool throttled);
static void check_header(const char *header);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FcReceived	received;
	FcHttpResponse response = {0};
	ListCell   *cell;

	shim_begin();
	fc_received_begin(&received, 0);
	received.head.limit = LIMIT;
	collect(&received, (const char *) data, size);
	response.headers = fc_received_headers(&received);
	foreach(cell, response.headers)
		check_header(lfirst(cell));

	check_advice(&response, false);
	check_advice(&response, true);
	(void) fc_http_header(&response, "allow");
	fc_received_free(&received);
	shim_end();
	return 0;
}

/* Give lines to the callback, as libcurl does: not terminated. */
static void
collect(FcReceived *received, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end)
	{
		const char *newline = memchr(text, '\n', end - text);
		size_t		size = newline ? newline + 1 - text : end - text;
		char	   *line = malloc(size);
		bool		taken;

		memcpy(line, text, size);
		taken = fc_received_line(received, line, size);
		free(line);
		REQUIRE(taken || received->head.is_full);
		if (!taken)
			break;
		text += size;
	}
	REQUIRE(received->head.used <= LIMIT);
}

/* What the limiter is told is a time to wait, or nothing. */
static void
check_advice(const FcHttpResponse *response, bool throttled)
{
	FcLimiterAdvice advice = fc_advice_read(response, throttled);
	double		retry_after = fc_advice_retry_after(response);

	REQUIRE(advice.throttled == throttled);
	REQUIRE(advice.hold_ms == -1 || advice.hold_ms >= 0);
	REQUIRE(isfinite(advice.hold_ms));
	REQUIRE(retry_after == -1 || retry_after >= 0);
	REQUIRE(isfinite(retry_after));
}

/* A header is one line, its name in lower case. */
static void
check_header(const char *header)
{
	const char *colon = strchr(header, ':');

	REQUIRE(colon != NULL && colon > header && colon[1] == ' ');
	REQUIRE(strpbrk(header, "\r\n") == NULL);
	for (const char *c = header; c < colon; c++)
		REQUIRE(*c < 'A' || *c > 'Z');
}
