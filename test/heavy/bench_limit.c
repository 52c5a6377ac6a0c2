/*
 * bench_limit.c
 *		The limit of what test/bench measures: libcurl and cJSON, and nothing else.
 *
 * bench_limit list URL PAGES	downloads URL&page=1 ... URL&page=PAGES one after
 *								the other and parses each; prints milliseconds
 *								of the clock, then of the processor.
 * bench_limit row URL COUNT	downloads URL so many times; prints the median
 *								in milliseconds.
 *
 * Transfers are set up as in src/base/http.c, and the connection is warm.  What is
 * received goes to one buffer, which stays.
 */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct Buffer
{
	char	   *data;
	size_t		used;
	size_t		allocated;
} Buffer;

static size_t append(char *data, size_t size, size_t count, void *arg);
static CURL *connect_to_api(Buffer *buffer);
static void download(CURL *easy, const char *url, Buffer *buffer);
static void read_list(CURL *easy, const char *url, int pages, Buffer *buffer);
static void read_row(CURL *easy, const char *url, int count, Buffer *buffer);
static double clock_ms(void);
static double processor_ms(void);
static int	compare(const void *a, const void *b);
static void fail(const char *what);

int
main(int argc, char **argv)
{
	Buffer		buffer = {NULL, 0, 0};
	CURL	   *easy;

	if (argc != 4)
		fail("usage: bench_limit list|row URL COUNT");
	easy = connect_to_api(&buffer);
	if (strcmp(argv[1], "list") == 0)
		read_list(easy, argv[2], atoi(argv[3]), &buffer);
	else
		read_row(easy, argv[2], atoi(argv[3]), &buffer);
	curl_easy_cleanup(easy);
	return 0;
}

static size_t
append(char *data, size_t size, size_t count, void *arg)
{
	Buffer	   *buffer = arg;
	size_t		length = size * count;

	if (buffer->used + length + 1 > buffer->allocated)
	{
		buffer->allocated = 2 * (buffer->used + length + 1);
		buffer->data = realloc(buffer->data, buffer->allocated);
		if (buffer->data == NULL)
			return 0;
	}
	memcpy(buffer->data + buffer->used, data, length);
	buffer->used += length;
	buffer->data[buffer->used] = '\0';
	return length;
}

static CURL *
connect_to_api(Buffer *buffer)
{
	CURL	   *easy;
	struct curl_slist *headers;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		(easy = curl_easy_init()) == NULL)
		fail("cannot initialize libcurl");
	headers = curl_slist_append(NULL, "X-API-Key: test-key");
	headers = curl_slist_append(headers, "Accept: application/json");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "frontcore_fdw/1.0");
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
					 (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, buffer);
	return easy;
}

static void
download(CURL *easy, const char *url, Buffer *buffer)
{
	long		status = 0;

	buffer->used = 0;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	if (curl_easy_perform(easy) != CURLE_OK)
		fail("cannot download");
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		fail("the answer is not 200");
}

static void
read_list(CURL *easy, const char *url, int pages, Buffer *buffer)
{
	char		page_url[2000];
	double		began = 0;
	double		processor = 0;

	/* page 0 is page 1, to make the connection */
	for (int page = 0; page <= pages; page++)
	{
		cJSON	   *document;

		snprintf(page_url, sizeof(page_url), "%s&page=%d", url,
				 page > 0 ? page : 1);
		download(easy, page_url, buffer);
		document = cJSON_ParseWithLength(buffer->data, buffer->used);
		if (document == NULL)
			fail("cannot parse");
		cJSON_Delete(document);
		if (page == 0)
		{
			began = clock_ms();
			processor = processor_ms();
		}
	}
	printf("%.3f %.3f\n", clock_ms() - began, processor_ms() - processor);
}

static void
read_row(CURL *easy, const char *url, int count, Buffer *buffer)
{
	double	   *times = malloc((count + 1) * sizeof(double));

	download(easy, url, buffer);
	for (int i = 0; i < count; i++)
	{
		double		began = clock_ms();

		download(easy, url, buffer);
		times[i] = clock_ms() - began;
	}
	qsort(times, count, sizeof(double), compare);
	printf("%.3f\n", times[count / 2]);
	free(times);
}

static double
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000.0 + now.tv_nsec / 1e6;
}

static double
processor_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000.0 +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000.0;
}

static int
compare(const void *a, const void *b)
{
	double		difference = *(const double *) a - *(const double *) b;

	return difference < 0 ? -1 : difference > 0;
}

static void
fail(const char *what)
{
	fprintf(stderr, "bench_limit: %s\n", what);
	exit(1);
}
