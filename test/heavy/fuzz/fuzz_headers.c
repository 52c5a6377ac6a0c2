/*
 * fuzz_headers.c
 *		The head of an answer, from libcurl's lines to what the limiter is told.
 *
 * Includes http.c, whose functions for the head are its own business.
 */
#include "base/http.c"

#include "api/advice.h"
#include "shim.h"

/* Less than an answer may have, so that some inputs are longer. */
#define LIMIT	700

static void collect(Transfer *transfer, const char *text, size_t length);
static void check_advice(const FcHttpResponse *response, bool throttled);
static void check_header(const char *header);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Transfer   *transfer;
	FcHttpResponse response = {0};
	ListCell   *cell;

	shim_begin();
	transfer = palloc0(sizeof(Transfer));
	transfer->head.limit = LIMIT;
	collect(transfer, (const char *) data, size);
	response.headers = list_headers(&transfer->head);
	foreach(cell, response.headers)
		check_header(lfirst(cell));

	check_advice(&response, false);
	check_advice(&response, true);
	(void) fc_http_header(&response, "allow");
	free_transfer(transfer);
	shim_end();
	return 0;
}

/* Give lines to the callback, as libcurl does: not terminated. */
static void
collect(Transfer *transfer, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end)
	{
		const char *newline = memchr(text, '\n', end - text);
		size_t		size = newline ? newline + 1 - text : end - text;
		char	   *line = malloc(size);
		size_t		taken;

		memcpy(line, text, size);
		taken = note_header(line, 1, size, transfer);
		free(line);
		REQUIRE(taken == size || transfer->head.is_full);
		if (taken != size)
			break;
		text += size;
	}
	REQUIRE(transfer->head.used <= LIMIT);
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
