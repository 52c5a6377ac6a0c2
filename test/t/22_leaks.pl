# What a backend still holds after queries that failed, and while one that
# reads much runs.
#
# FRONTCORE_FAILURES is the number of queries that fail or are cancelled
# (10000); FRONTCORE_LONG=1 reads 1,000,000 rows instead of 100,000, which
# takes the mock three minutes, twice.

use strict;
use warnings FATAL => 'all';

BEGIN { $ENV{PG_TEST_TIMEOUT_DEFAULT} //= 3600 if $ENV{FRONTCORE_LONG} }

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs /proc' unless -r "/proc/$$/smaps_rollup";

my $failures = $ENV{FRONTCORE_FAILURES} || 10000;
my $rows = $ENV{FRONTCORE_LONG} ? 1000000 : 100000;

# Each of these fails in its own way, most of them by the course asked for.
my %faults = (
	'courses/7301$' => 'status=400',
	'courses/7302$' => 'reset',
	'courses/7303$' => 'truncate=40',
	'courses/7304$' => 'badjson',
	'courses/7305$' => 'garbage',
	'courses/7306$' => 'nul',
	'courses/7307$' => 'hold',
	'courses/7308$' => 'status=500',
	'courses/7309$' => 'nocontainer',
	'customers' => 'status=503',
	'^POST' => 'status=422',
	'^PUT' => 'close');
my @queries = (
	(map { "SELECT title FROM fc.courses WHERE id = $_" } 7301 .. 7309),
	'SELECT * FROM fc.customers',
	'SELECT 1 / (id - 51002) FROM fc.course_dates WHERE course_id = 7301',
	q{SELECT raise('x') FROM fc.course_dates d WHERE course_id = 7302 ORDER BY start_at},
	q{SELECT 1 / (d.id - 51002) FROM local l JOIN fc.course_dates d ON d.course_id = l.id},
	q{INSERT INTO fc.courses (title) VALUES ('x')},
	q{INSERT INTO fc.courses (title) SELECT title FROM fc.courses},
	q{INSERT INTO fc.customers (title, note) VALUES ('x', repeat('y', 10000)) RETURNING 1 / 0},
	q{UPDATE fc.courses SET title = 'x' WHERE id = 7310},
	q{SELECT no_such_column FROM fc.courses},
	q{BEGIN; SELECT title FROM fc.courses WHERE id = 7310; SAVEPOINT a;
		SELECT * FROM fc.customers; ROLLBACK TO a; SELECT 1/0; ROLLBACK},
	q{BEGIN; DECLARE c CURSOR FOR SELECT * FROM fc.course_dates; FETCH 1 FROM c;
		SELECT title FROM fc.courses WHERE id = 7301; ROLLBACK});

start_mock(rate => 0);
my $node = new_node(autovacuum => 'off', log_min_messages => 'log',
	log_statement => 'none', log_min_error_statement => 'panic');

setup_server(
	$node,
	requests_per_second => 0,
	max_concurrent_requests => 100,
	max_retries => 0);
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION raise(text) RETURNS int LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', $1; END $$;
CREATE TABLE local AS SELECT i AS id FROM generate_series(7001, 7312) i;
ANALYZE local;
END

check_failures();
check_scans();
done_testing();

# Whatever ends a query, it leaves nothing behind.
sub check_failures
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = background_pid($session);
	my $script = PostgreSQL::Test::Utils::tempdir() . '/failures.sql';
	my $begun = time;

	mock('--fault', "match='$_' count=0 $faults{$_}") for sort keys %faults;
	$session->query_safe("\\set VERBOSITY sqlstate\n\\o /dev/null");
	append_to_file($script,
		join('', map { "SET statement_timeout = '@{[/7307$/ ? 4 : 60000]}ms'; $_;\n" }
			  @queries));

	# what is kept is made by the first ones
	run_failures($session, $script, int($failures / 10 / @queries) + 1);
	my %before = measure($session, $pid);
	my $run = run_failures($session, $script, int($failures / @queries) + 1);
	my %after = measure($session, $pid);

	cmp_ok($run, '>=', $failures, 'queries failed');
	is($after{descriptors}, $before{descriptors}, 'file descriptors');
	cmp_ok($after{contexts} - $before{contexts},
		'<=', 64 * 1024, 'bytes of memory contexts that came along');
	cmp_ok($after{private} - $before{private},
		'<=', 2048, 'kB of private memory that came along');

	mock('--clear-faults');
	$session->{stderr} = '';
	is($session->query_safe("\\o\nSELECT count(*) FROM fc.courses"),
		12, 'the backend is well');
	is(background_pid($session), $pid, '... and the same');
	$session->quit;
	note sprintf '%d failures in %d s', $run, time - $begun;
	return;
}

# Run the script so often; returns the number of errors.
sub run_failures
{
	my ($session, $script, $times) = @_;
	my $errors = 0;

	while ($times > 0)
	{
		my $once = $times < 20 ? $times : 20;

		$session->{stderr} = '';
		$session->query(join "\n", ("\\i $script") x $once);
		$errors += () = $session->{stderr} =~ /ERROR:/g;
		$times -= $once;
	}
	$session->{stderr} = '';
	return $errors;
}

# A long list takes no more memory than a short one, but for what the cache
# may have.
sub check_scans
{
	my %budgets = (off => 16, transaction => 96);

	mock('--reset', 'rate=0', "dates=$rows", 'deleted=shown');
	for my $cache (sort keys %budgets)
	{
		my $session = $node->background_psql('postgres');
		my $pid = background_pid($session);
		my $begun = time;

		$session->query_safe(<<"END");
ALTER SERVER frontcore OPTIONS (ADD cache '$cache', ADD limiter_key '$cache');
SET frontcore_fdw.cache_size = '64MB';
SET statement_timeout = 0;
SELECT count(*) FROM fc.customers;
END
		my $before = status_of($pid, 'VmRSS');
		forget_peak($pid);
		my $read = $session->query_safe(
			'BEGIN; SELECT count(*) - count(start_at), count(*) FROM fc.course_dates; COMMIT'
		);
		my $peak = status_of($pid, 'VmHWM');

		is($read, "0|$rows", "all rows read with cache $cache");
		cmp_ok(($peak - $before) / 1024,
			'<=', $budgets{$cache}, '... within so many MB');
		note sprintf '%s rows in %d s, %d kB', $read, time - $begun,
		  $peak - $before;
		$session->query_safe(
			'ALTER SERVER frontcore OPTIONS (DROP cache, DROP limiter_key)');
		$session->quit;
	}
	return;
}

# What a backend holds.
sub measure
{
	my ($session, $pid) = @_;
	my ($private) =
	  slurp_file("/proc/$pid/smaps_rollup") =~ /^Private_Dirty:\s+(\d+)/m;
	my @descriptors = sort grep { !m{/base/|pg_wal} }
	  map { readlink // '' } glob "/proc/$pid/fd/*";

	$session->{stderr} = '';
	my $contexts = $session->query(
		"\\o\nSELECT sum(total_bytes) FROM pg_backend_memory_contexts;\n\\o /dev/null"
	);
	note "@descriptors";
	note "@{[scalar @descriptors]} descriptors, contexts $contexts, private $private kB";
	return (
		descriptors => scalar @descriptors,
		contexts => $contexts,
		private => $private);
}

# A figure of a process, in kB.
sub status_of
{
	my ($pid, $name) = @_;
	my ($value) = slurp_file("/proc/$pid/status") =~ /^$name:\s+(\d+) kB/m;

	return $value;
}

# From now on VmHWM is the peak.
sub forget_peak
{
	my ($pid) = @_;

	open my $file, '>', "/proc/$pid/clear_refs" or die "clear_refs: $!";
	print $file '5';
	close $file or die "clear_refs: $!";
	return;
}
