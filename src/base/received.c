/*
 * received.c
 *		What has been received of an answer: its head and its body.
 *
 * Both are malloc'd, and grow up to a limit, as callbacks of libcurl's fill
 * them, which must not throw.
 */
#include "postgres.h"

#include <ctype.h>

#include "base/received.h"

/*
 * APIs send a dozen headers of a line each, proxies in front of them add as
 * many; libcurl has a limit too, of some 100 kB.
 */
#define MAX_HEADERS			200
#define MAX_HEADER_BYTES	(64 * 1024)

static bool is_interim_status(const char *line, Size length);
static bool append_bytes(FcBytes *buffer, const char *data, Size length);

/*
 * fc_received_begin
 *		Nothing yet.  Larger bodies than max_body are not taken.
 */
void
fc_received_begin(FcReceived *received, Size max_body)
{
	memset(received, 0, sizeof(FcReceived));
	received->body.limit = max_body;
	received->head.limit = MAX_HEADER_BYTES;
}

/*
 * fc_received_free
 *		Free what came.
 */
void
fc_received_free(FcReceived *received)
{
	free(received->body.data);
	free(received->head.data);
}

/*
 * fc_received_headers
 *		A list of "name: value" of header lines as they came, the name in lower
 *		case; in the current context.
 */
List *
fc_received_headers(const FcReceived *received)
{
	List	   *headers = NIL;
	const char *line = received->head.data;

	while (line != NULL && *line != '\0')
	{
		const char *end = line + strcspn(line, "\r\n");
		const char *colon = line + strcspn(line, ":\r\n");
		const char *next = end + strspn(end, "\r\n");

		/* not the status line, nor the empty one at the end */
		if (colon > line && colon < end)
		{
			const char *value = colon + 1;
			char	   *header;

			while (value < end && isblank((unsigned char) *value))
				value++;
			while (end > value && isblank((unsigned char) end[-1]))
				end--;
			header = psprintf("%.*s: %.*s", (int) (colon - line), line,
							  (int) (end - value), value);
			for (char *byte = header; *byte != ':'; byte++)
				*byte = pg_ascii_tolower((unsigned char) *byte);
			headers = lappend(headers, header);
		}
		line = next;
	}
	return headers;
}

/*
 * fc_received_line
 *		Take a line of the header, or of the trailer behind a body.
 *
 * Trailers are not read: what says how to take an answer comes before it.
 */
bool
fc_received_line(FcReceived *received, const char *line, Size length)
{
	/* headers before a status line are those of an interim response */
	if (!received->has_head && length > 5 && memcmp(line, "HTTP/", 5) == 0)
	{
		received->head.used = 0;
		received->nheaders = 0;
		received->is_interim = is_interim_status(line, length);
	}
	if (received->nheaders++ > MAX_HEADERS)
		received->head.is_full = true;
	if (received->head.is_full)
		return false;
	if (received->has_head)
		return true;
	if (!append_bytes(&received->head, line, length))
		return false;
	if (line[0] == '\r' || line[0] == '\n')
		received->has_head = !received->is_interim;
	return true;
}

/*
 * fc_received_body
 *		Take a part of the body.
 */
bool
fc_received_body(FcReceived *received, const char *data, Size length)
{
	return append_bytes(&received->body, data, length);
}

/* Is it the status line of a response that another one follows? */
static bool
is_interim_status(const char *line, Size length)
{
	const char *space = memchr(line, ' ', length);

	return space != NULL && space + 1 < line + length && space[1] == '1';
}

/* Append to a buffer.  Returns false, and notes the cause, on failure. */
static bool
append_bytes(FcBytes *buffer, const char *data, Size length)
{
	Size		needed = buffer->used + length + 1;

	if (length > buffer->limit - buffer->used)
	{
		buffer->is_full = true;
		return false;
	}
	if (needed > buffer->allocated)
	{
		Size		size = Min(Max(needed, 2 * buffer->allocated),
							   buffer->limit + 1);
		char	   *longer = realloc(buffer->data, size);

		if (longer == NULL)
		{
			buffer->is_starved = true;
			return false;
		}
		buffer->data = longer;
		buffer->allocated = size;
	}
	memcpy(buffer->data + buffer->used, data, length);
	buffer->used += length;
	buffer->data[buffer->used] = '\0';
	return true;
}
