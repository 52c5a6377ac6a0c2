# What happens when the machine runs short of something: memory, disk, open
# files, shared memory.  The query fails and says which, a write that may have
# been carried out is not forgotten, and the session goes on.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();
my $shortage = "$directory/shortage";

# Functions that fail while their name stands in a file: those of libcurl, the
# C library's realloc for us alone, and those that write and read for our
# temporary files.
my $failing = build_library('failing', <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
is_short_of(const char *what)
{
	char		text[64] = "";
	int			file = open(getenv("FRONTCORE_SHORTAGE"), O_RDONLY);

	if (file < 0)
		return 0;
	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, what) == 0;
}

static int
is_our_call(void *caller)
{
	Dl_info		info;

	return dladdr(caller, &info) != 0 &&
		strstr(info.dli_fname, "frontcore_fdw") != NULL;
}

static int
is_temporary(int file)
{
	char		link[64];
	char		path[1024];
	ssize_t		length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return strstr(path, "pgsql_tmp") != NULL;
}

#define FAILS(type, name, result, parameters, arguments) \
	type name parameters \
	{ \
		if (is_our_call(__builtin_return_address(0)) && is_short_of(#name)) \
			return result; \
		return ((type (*) parameters) dlsym(RTLD_NEXT, #name)) arguments; \
	}

FAILS(int, curl_global_init, 27, (long flags), (flags))
FAILS(void *, curl_easy_init, NULL, (void), ())
FAILS(void *, curl_slist_append, NULL, (void *list, const char *text),
	  (list, text))

int
curl_easy_setopt(void *easy, int option,...)
{
	va_list		values;
	void	   *value;

	va_start(values, option);
	value = va_arg(values, void *);
	va_end(values);
	if (is_short_of("curl_easy_setopt"))
		return 27;				/* CURLE_OUT_OF_MEMORY */
	return ((int (*) (void *, int,...)) dlsym(RTLD_NEXT, "curl_easy_setopt"))
		(easy, option, value);
}

void *
realloc(void *memory, size_t size)
{
	static void *(*next) (void *, size_t);

	if (next == NULL)
		next = (void *(*) (void *, size_t)) dlsym(RTLD_NEXT, "realloc");
	if (is_our_call(__builtin_return_address(0)) && is_short_of("realloc"))
		return NULL;
	return next(memory, size);
}

#define WRITES(name) \
	ssize_t name(int file, const void *data, size_t size, off_t offset) \
	{ \
		if (is_temporary(file) && is_short_of("disk")) \
		{ \
			errno = ENOSPC; \
			return -1; \
		} \
		return ((ssize_t (*) (int, const void *, size_t, off_t)) \
				dlsym(RTLD_NEXT, #name)) (file, data, size, offset); \
	}
WRITES(pwrite)
WRITES(pwrite64)

#define READS(name) \
	ssize_t name(int file, void *data, size_t size, off_t offset) \
	{ \
		if (is_temporary(file) && is_short_of("file")) \
			return 0; \
		return ((ssize_t (*) (int, void *, size_t, off_t)) \
				dlsym(RTLD_NEXT, #name)) (file, data, size, offset); \
	}
READS(pread)
READS(pread64)

/* Large segments of shared memory only: those of 1 MB are the server's own. */
#define ALLOCATES(name) \
	int name(int file, off_t offset, off_t length) \
	{ \
		if (length > 1024 * 1024 && is_short_of("segment")) \
			return ENOSPC; \
		return ((int (*) (int, off_t, off_t)) dlsym(RTLD_NEXT, #name)) \
			(file, offset, length); \
	}
ALLOCATES(posix_fallocate)
ALLOCATES(posix_fallocate64)
END

start_mock(rate => 0);
my $node;
{
	local $ENV{LD_PRELOAD} = $failing;
	local $ENV{FRONTCORE_SHORTAGE} = $shortage;
	$node = new_node(max_files_per_process => 100);
}
setup_server($node, requests_per_second => 0);

sub arrivals
{
	return @{ decode_json(mock('--arrivals')) };
}

# Run a script in a session of its own, come what may; what stands between
# SHORT(name) and ENOUGH is run short of that.  Returns the output and the
# errors, as "SQLSTATE message" each.
sub run_short
{
	my ($script) = @_;
	my ($out, $err);

	$script =~ s/SHORT\((\w+)\)/\\! echo $1 >$shortage/g;
	$script =~ s/ENOUGH/\\! rm -f $shortage/g;
	$node->psql(
		'postgres', "\\set VERBOSITY verbose\n$script",
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 0);
	unlink $shortage;
	return ($out, join "\n",
		map { /(?:ERROR|WARNING):\s+(.*)/ ? $1 : () } split /\n/, $err);
}

# Shared memory for what was sent: one does without, and tries again later.
my ($out, $err) = run_short(<<'END');
SHORT(segment)
SELECT count(*) FROM fc.courses;
BEGIN;
INSERT INTO fc.courses (title) VALUES ('Not in the view');
ROLLBACK;
SELECT count(*) FROM frontcore_requests;
ENOUGH
END
is($out, "12\n0", 'no memory for the requests: no error');
is($err, '01000: 1 upstream write is not undone by the rollback', '... and a rollback tells as ever');
is(scalar(() = slurp_file($node->logfile) =~ /no memory for the request log of frontcore_fdw/g), 1,
	'... and the log tells once');

# Memory that libcurl does not get, before anything was sent.
foreach my $function (
	[ 'curl_global_init', 'HV000: could not initialize libcurl' ],
	[ 'curl_easy_init', '53200: could not initialize libcurl' ],
	[ 'curl_easy_setopt', '53200: could not prepare an HTTP request: Out of memory' ],
	[ 'curl_slist_append', '53200: could not prepare an HTTP request: Out of memory' ])
{
	my ($name, $error) = @$function;

	mock('--reset', 'rate=0');
	($out, $err) = run_short(<<"END");
SHORT($name)
SELECT count(*) FROM fc.courses;
INSERT INTO fc.courses (title) VALUES ('Not sent');
ENOUGH
SELECT count(*) FROM fc.courses;
INSERT INTO fc.courses (title) VALUES ('Sent') RETURNING title;
END
	is($err, "$error\n$error", "$name: both fail");
	is($out, "12\nSent", "$name: the session goes on");
	is(mock('--count'), 3, "$name: nothing was sent by those that failed");
}

# Memory that we do not get for an answer: what became of a write is unknown.
mock('--reset', 'rate=0');
($out, $err) = run_short(<<'END');
SELECT count(*) FROM fc.courses;
SHORT(realloc)
SELECT count(*) FROM fc.customers;
INSERT INTO fc.courses (title) VALUES ('Carried out');
ENOUGH
SELECT count(*) FROM fc.courses WHERE title = 'Carried out';
END
like($err, qr{\A53200: could not read resource "customers": there is no memory for the answer\n}, 'no memory for an answer');
like($err, qr/^08007: could not learn the outcome of writing resource "courses": there is no memory for the answer$/m,
	'neither for that of a write');
like($err, qr/^01000: 1 upstream write /m, 'a write without an answer may have been carried out');
is($out, "12\n1", 'the session goes on');

# The disk is full, or a file has lost its end: no page is taken for another.
my $pages = <<'END';
CREATE FOREIGN TABLE IF NOT EXISTS pages (id bigint) SERVER frontcore
	OPTIONS (resource 'customers', page_size '5');
SET frontcore_fdw.cache_size = 0;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages ORDER BY id;
DECLARE d CURSOR FOR SELECT id FROM pages;
FETCH 1 FROM d;
SAVEPOINT s;
END
mock('--reset', 'rate=0');
($out, $err) = run_short(<<"END");
SET client_min_messages = warning;
$pages
SHORT(disk)
SELECT count(*) FROM pages;
ROLLBACK TO s;
ENOUGH
SELECT count(*), min(id), max(id) FROM pages;
FETCH 1 FROM d;
MOVE ALL FROM d;
ROLLBACK TO s;
SELECT count(*), min(id), max(id) FROM pages;
COMMIT;
END
my ($full, $broken) = split /\n/, $err;
like(
	$full,
	qr/^53100: could not write to temporary file ".*": No space left on device$/,
	'the disk is full');
is( $broken,
	'HV000: could not read on in resource "customers" where an error came between',
	'a cursor cannot go on from there');
is($out, "40215\n15|40201|40215\n40214\n15|40201|40215", 'all others can');

($out, $err) = run_short(<<"END");
SET client_min_messages = warning;
$pages
SELECT count(*) FROM pages;
SHORT(file)
SELECT count(*) FROM pages;
ROLLBACK TO s;
ENOUGH
SELECT count(*), min(id), max(id) FROM pages;
COMMIT;
END
like(
	$err,
	qr/\A58030: could not read from temporary file ".*": Input\/output error\z/,
	'a file is shorter than it was');
is($out, "40215\n15\n15|40201|40215", '... and then is not');

# Connections take file descriptors.  A session that uses more servers than it
# may have connections closes the one that was used least recently.  How many
# it may have depends on how many files it may open at all.
my $many = join '', map { <<"END" } 1 .. 20;
CREATE SERVER many$_ FOREIGN DATA WRAPPER frontcore_fdw OPTIONS (
	base_url 'http://127.0.0.1:$ENV{FRONTCORE_MOCK_PORT}/v2',
	requests_per_second '0', user_agent 'agent $_');
CREATE USER MAPPING FOR CURRENT_USER SERVER many$_ OPTIONS (api_key 'test-key');
CREATE FOREIGN TABLE many$_ (id bigint) SERVER many$_ OPTIONS (resource 'courses');
END
$node->safe_psql('postgres', $many);
foreach my $files (map { 100 + 3 * $_ } 0 .. 4)
{
	$node->append_conf('postgresql.conf', "max_files_per_process = $files");
	$node->restart;
	mock('--reset', 'rate=0');
	my @used = (1 .. 20, 19, 20, 1, 19);
	($out, $err) = run_short(join("\n",
		map { "SELECT count(*) FROM many$_ WHERE id = 7301;" } @used));
	is($err, '', "$files files: room for every server");
	is($out, join("\n", (1) x @used), '... with every answer');

	my %connection;
	my @reuses = map {
		my ($server, $connection) = ($used[$_], (arrivals())[$_]->[5]);
		my $was = $connection{$server};

		$connection{$server} = $connection;
		defined $was ? $connection == $was ? 'kept' : 'new' : ();
	} 0 .. $#used;
	is("@reuses", 'kept kept new kept',
		'... and the one used least recently made it');
}

# Files that others have opened are not ours to close.
my $hoarder = build_library('hoarder', <<'END');
#include "postgres.h"

#include "fmgr.h"
#include "storage/fd.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* Take all the files that are left for such as we. */
void
_PG_init(void)
{
	while (AcquireExternalFD())
		;
}
END
($out, $err) = run_short(<<"END");
SELECT count(*) FROM many1;
LOAD '$hoarder';
SELECT count(*) FROM many2;
SELECT count(*) FROM many1;
END
is("$out|$err", "12\n12\n12|", 'one connection is enough');
($out, $err) = run_short(<<"END");
LOAD '$hoarder';
SELECT count(*) FROM many1;
SELECT count(*) FROM many1;
END
is( $err,
	"HV00N: could not connect to the API\nHV00N: could not connect to the API",
	'none is too few');

# Shared memory that others have taken: the limiter says what helps.
my $greedy = build_library('greedy', <<'END');
#include "postgres.h"

#include "fmgr.h"
#include "storage/shmem.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* Take what is left of the shared memory. */
void
_PG_init(void)
{
	for (Size size = 1024 * 1024; size >= 128; size /= 2)
	{
		MemoryContext context = CurrentMemoryContext;
		bool		found;
		char		name[32];

		snprintf(name, sizeof(name), "greedy %zu", size);
		PG_TRY();
		{
			(void) ShmemInitStruct(name, size, &found);
		}
		PG_CATCH();
		{
			MemoryContextSwitchTo(context);
			FlushErrorState();
		}
		PG_END_TRY();
	}
}
END
my $crowded = new_node();
setup_server($crowded, requests_per_second => 0);
$crowded->append_conf('postgresql.conf', "session_preload_libraries = '$greedy'");
$crowded->restart;
my ($sqlstate, $message) = psql_error($crowded, 'SELECT count(*) FROM fc.courses');
is($sqlstate, '53200', 'no shared memory is left');
like($message, qr/could not set up the rate limiter: /, '... for the limiter');
like($message, qr/Add "frontcore_fdw" to "shared_preload_libraries"/, '... unless it is preloaded');
$crowded->append_conf('postgresql.conf', "shared_preload_libraries = 'frontcore_fdw'");
$crowded->restart;
is($crowded->safe_psql('postgres', 'SELECT count(*) FROM fc.courses'),
	'12', '... as it then is');

done_testing();
