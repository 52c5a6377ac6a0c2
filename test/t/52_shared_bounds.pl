# Bounds of what all sessions share: an answer's age to the tenth of a second,
# options that change, a writer that dies with the server, and a machine whose
# /dev/shm is small.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# 48 customers in 10 pages of 5
start_mock();
mock('--reset', 'rate=0', 'customers=48');
my $node = new_node(max_connections => 20, restart_after_crash => 'on');
setup_server($node, requests_per_second => 0, max_concurrent_requests => 10, cache => 'shared', page_size => 5);

my $list = 'SELECT count(*) FROM fc.customers';

sub requests { return mock('--log', '--quiet'); }

# Ages: what is a tenth of a second younger than the session accepts serves;
# what is older than it, by whatever, does not.  The clock may go on while we
# look at it, so tries that took too long say nothing.
$node->safe_psql('postgres', $list);
is($node->safe_psql('postgres', q{
	CREATE TEMP TABLE tries (bound text, served bool);
	DO $$
	DECLARE
		offsets float8[] := '{0.1,0}';
		ages float8;
		began timestamptz;
		before bigint;
		asked bigint;
	BEGIN
		FOR number IN 1 .. 2 LOOP
			FOR try IN 1 .. 200 LOOP
				SELECT extract(epoch FROM age) INTO ages FROM frontcore_cache
				 WHERE request = '/customers';
				began := clock_timestamp();
				SELECT sum(requests) INTO before FROM frontcore_stat;
				PERFORM set_config('frontcore_fdw.max_age', (ages + offsets[number])::text, false);
				PERFORM count(*) FROM fc.customers;
				SELECT sum(requests) - before INTO asked FROM frontcore_stat;
				COMMIT;
				CONTINUE WHEN offsets[number] > 0 AND clock_timestamp() - began > interval '0.09 s';
				INSERT INTO tries VALUES (CASE number WHEN 1 THEN 'younger' ELSE 'older' END, asked = 0);
				EXIT WHEN try > 10;
			END LOOP;
		END LOOP;
	END $$;
	SELECT bound, bool_and(served), bool_or(served), count(*) > 0 FROM tries GROUP BY 1 ORDER BY 1}),
	"older|f|f|t\nyounger|t|t|t", 'an answer serves to the tenth of a second');

# What EXPLAIN tells of an answer's age lies between what the view says before
# and after
my ($least, $plan, $most) = map { $node->safe_psql('postgres', $_) } (
	"SELECT 1000 * extract(epoch FROM age) FROM frontcore_cache WHERE request = '/customers'",
	"SET frontcore_fdw.max_age = '1h'; EXPLAIN (ANALYZE, COSTS off) $list",
	"SELECT 1000 * extract(epoch FROM age) FROM frontcore_cache WHERE request = '/customers'");
my ($told) = $plan =~ /Shared Cache Hits: 1\n *Oldest Answer: ([\d.]+) ms\n/;
ok(defined $told && $least - 0.001 <= $told && $told <= $most + 0.001, 'EXPLAIN tells the age of the oldest answer')
  or diag "$least, $most: $plan";

# Options that change count at once, in a session that knew others
$node->safe_psql('postgres', "ALTER SERVER frontcore OPTIONS (ADD cache_ttl '1h')");
my $session = $node->background_psql('postgres');
$session->query_safe($list);
mock('--log', '--quiet');
$session->query_safe($list);
is(requests(), '0 requests', 'an answer serves for cache_ttl');
$node->safe_psql('postgres', "ALTER SERVER frontcore OPTIONS (SET cache_ttl '1s')");
$node->poll_query_until('postgres', "SELECT age > '1 s' FROM frontcore_cache WHERE request = '/customers'")
  or die 'nothing is kept';
$session->query_safe($list);
is(requests(), '10 requests', 'a shorter cache_ttl counts at once');
$node->safe_psql('postgres', "ALTER FOREIGN TABLE fc.customers OPTIONS (ADD cache_ttl '1h')");
$node->poll_query_until('postgres', "SELECT age > '1 s' FROM frontcore_cache WHERE request = '/customers'")
  or die 'nothing is kept';
$session->query_safe($list);
is(requests(), '0 requests', "and so does the table's own");
$node->safe_psql('postgres', "ALTER FOREIGN TABLE fc.customers OPTIONS (ADD cache 'transaction')");
$session->query_safe($list);
is(requests(), '10 requests', 'a table that does not share asks for itself');
$node->safe_psql('postgres', "ALTER FOREIGN TABLE fc.customers OPTIONS (DROP cache)");
my $url = "http://127.0.0.1:$ENV{FRONTCORE_MOCK_PORT}/v2";
$node->safe_psql('postgres', "ALTER SERVER frontcore OPTIONS (SET base_url '$url/')");
$session->query_safe($list);
is(requests(), '0 requests', 'a slash at its end makes no other address');
$node->safe_psql('postgres', "ALTER SERVER frontcore OPTIONS (SET base_url 'http://localhost:$ENV{FRONTCORE_MOCK_PORT}/v2')");
$session->query_safe($list);
is(requests(), '10 requests', 'another address shares nothing');
$node->safe_psql('postgres', "DROP SERVER frontcore CASCADE");
setup_server($node, requests_per_second => 0, max_concurrent_requests => 10, cache => 'shared', page_size => 5);
$session->query_safe($list);
is(requests(), '0 requests', 'a server that is made anew finds what it had');
$session->quit;

# A writer is killed, and the server restarts: its write may still arrive, so
# what is asked for in the next two seconds is not kept.  "since" is how long
# ago the restart was when the list had been read and looked for.
mock('--fault', 'match=PUT hold count=1 processed=yes');
my %writer = (out => '', err => '');
$writer{harness} = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
		"UPDATE fc.customers SET note = 'x' WHERE id = (SELECT min(id) FROM fc.customers)" ],
	'<', \undef, '>', \$writer{out}, '2>', \$writer{err});
mock('--wait-in-flight', 1);
my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE query LIKE 'UPDATE%'");
kill 'KILL', $pid;
$writer{harness}->finish;
mock('--release');
my $soon = '';
my $connected = 0;
until ($connected)
{
	$connected = !$node->psql('postgres', q{
		SELECT count(*) FROM fc.customers \g /dev/null
		SELECT count(*) = 0 OR clock_timestamp() - (SELECT backend_start FROM pg_stat_activity
			WHERE backend_type = 'checkpointer') > '2 s' FROM frontcore_cache},
		stdout => \$soon);
}
is($soon, 't', 'nothing is kept just after a crash');
ok($node->poll_query_until('postgres', "SELECT (SELECT count(*) FROM fc.customers) > 0 AND EXISTS (SELECT FROM frontcore_cache WHERE request = '/customers')"),
	'but soon');
$node->stop;

# A machine with 8 MB of /dev/shm: a mount of the server's own.  The cache's 64
# MB find no room, queries do without; less of it does
SKIP:
{
	my @alone = ('unshare', '--user', '--mount', '--map-current-user', '--keep-caps', 'sh', '-c');
	my $mount = 'mount -t tmpfs -o size=8m none /dev/shm';

	skip 'no mount namespace of our own', 7
	  unless IPC::Run::run([ @alone, $mount ], '<', \undef, '>', \my $out, '2>', \my $err);
	my $log = $node->logfile;
	my $begin = -s $log;
	$node->append_conf('postgresql.conf', "dynamic_shared_memory_type = posix");
	IPC::Run::run([ @alone, "$mount && exec pg_ctl -D '" . $node->data_dir . "' -l '$log' -w start" ],
		'<', \undef, '>', \$out, '2>', \$err) or die "the server does not start: $err";
	mock('--log', '--quiet');
	is($node->safe_psql('postgres', $list), '48', 'no memory is no error') for 1, 2;
	is(requests(), '20 requests', 'and nothing is kept');
	my $text = PostgreSQL::Test::Utils::slurp_file($log, $begin);
	is(() = $text =~ /no memory for the shared cache/g, 1, 'the log says so once');

	$node->append_conf('postgresql.conf', "frontcore_fdw.shared_cache_size = '4MB'");
	system_or_bail('pg_ctl', '-D', $node->data_dir, 'reload');
	$node->poll_query_until('postgres', "SELECT current_setting('frontcore_fdw.shared_cache_size') = '4MB' FROM (SELECT count(*) FROM frontcore_cache) AS loaded")
	  or die 'the setting does not come';
	# the server has just started, so that nothing is kept for two seconds
	$node->poll_query_until('postgres', "SELECT (SELECT count(*) FROM fc.customers) > 0 AND EXISTS (SELECT FROM frontcore_cache WHERE request = '/customers')")
	  or die 'nothing is kept';
	mock('--log', '--quiet');
	is($node->safe_psql('postgres', $list), '48', 'what fits is kept');
	is(requests(), '0 requests', 'and serves');
	is($node->safe_psql('postgres', 'SELECT count(*) > 10 FROM frontcore_requests'), 't', 'beside the last requests');
	system_or_bail('pg_ctl', '-D', $node->data_dir, '-m', 'fast', '-w', 'stop');
}

done_testing();
