# The view frontcore_requests where many sessions meet, end in every way, or
# find a server that was restarted, is a standby, or has no shared cache.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

start_mock();
mock('--reset', 'rate=0');
my $node = new_node(
	max_connections => 120,
	wal_level => 'replica',
	max_wal_senders => 4,
	restart_after_crash => 'on',
	log_min_messages => 'log');
$node->append_conf('postgresql.conf', "frontcore_fdw.shared_cache_size = 0");
$node->restart;
setup_server($node, requests_per_second => 0, max_concurrent_requests => 200);

sub ask { return $node->safe_psql('postgres', "@_"); }

# A session that runs a script and keeps its transaction open.
sub open_session
{
	my ($sql) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query("BEGIN; $sql");
	return $session;
}

is(ask('SELECT count(*) FROM frontcore_requests'), '0', 'nothing was sent, and no memory is needed');

# A hundred sessions at once: every request is there once, and as it ended
my $script = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
append_to_file($script, <<'END');
\set id random(7301, 7312)
SELECT id FROM fc.courses WHERE id = :id;
BEGIN;
UPDATE fc.courses SET reference = 'r' WHERE id = :id;
ROLLBACK;
UPDATE fc.courses SET reference = 'c' WHERE id = :id;
END
$node->run_log([ 'pgbench', '--no-vacuum', '--client=100', '--jobs=2', '--transactions=4',
		'--file', $script, '-d', $node->connstr('postgres') ]);
is(mock('--count'), '1200', '100 sessions have sent 1200 requests');
is(ask('SELECT method, outcome, count(*), count(DISTINCT pid) FROM frontcore_requests GROUP BY 1, 2 ORDER BY 1, 2'),
	"GET||400|100\nPUT|committed|400|100\nPUT|rolled back|400|100", '... and each is there, as it ended');
is(ask('SELECT sum(requests), sum(writes) FROM frontcore_stat'), '1200|800', '... and counted');

# Whoever has ended leaves nothing open: by \q, by a signal, while a write waits
my %before = (open => ask('SELECT max(at) FROM frontcore_requests'));
my $since = "at > '$before{open}'";
my $session = open_session("INSERT INTO fc.courses (title) VALUES ('Left by quit')");
is(ask("SELECT outcome FROM frontcore_requests WHERE $since"), 'open', 'a transaction that goes on');
$session->quit;
is(ask("SELECT outcome FROM frontcore_requests WHERE $since"), 'rolled back', 'a session that has left');
$session = open_session("SAVEPOINT s; INSERT INTO fc.courses (title) VALUES ('Left by FATAL')");
my $pid = background_pid($session);
ask("SELECT pg_terminate_backend($pid, 10000)");
is(ask("SELECT outcome, sqlstate FROM frontcore_requests WHERE pid = $pid"), 'rolled back|', 'a session that was terminated');
$session->{run}->finish;

mock('--fault', 'match=^POST hold count=1');
my ($out, $err) = ('', '');
my $psql = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "INSERT INTO fc.courses (title) VALUES ('Waits')" ],
	'<', \undef, '>', \$out, '2>', \$err);
mock('--wait-in-flight', 1);
$pid = ask('SELECT pid FROM frontcore_activity');
is(ask("SELECT count(*) FROM frontcore_requests WHERE pid = $pid"), '0', 'what waits for its answer is not over');
ask("SELECT pg_terminate_backend($pid, 10000)");
$psql->finish;
mock('--release');
is(ask("SELECT method, status, sqlstate, outcome FROM frontcore_requests WHERE pid = $pid"),
	'POST||08007|rolled back', 'a session that was terminated while its write waited');

# The server's log names what the view does
like(slurp_file($node->logfile), qr/upstream write not undone: POST \/courses \(id \d+\)/, 'the log names a write and its row');
like(slurp_file($node->logfile), qr/upstream write of unknown outcome: POST \/courses$/m, '... and one of unknown outcome');

# Another database sees the same, and whose it is
$node->safe_psql('postgres', 'CREATE DATABASE other');
is( $node->safe_psql('other', "CREATE EXTENSION frontcore_fdw; SELECT DISTINCT database, server FROM frontcore_requests"),
	'postgres|frontcore', 'another database');

# A standby has requests of its own
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', 'SELECT id FROM fc.courses WHERE id = 7301'), '7301', 'a standby reads');
is($standby->safe_psql('postgres', 'SELECT method, path FROM frontcore_requests'), 'GET|/courses/7301', '... and shows it');
$standby->stop;

# A crash restart: all is gone, and it begins anew
$session = open_session("INSERT INTO fc.courses (title) VALUES ('Left by the crash')");
$pid = background_pid($session);
is(ask("SELECT outcome FROM frontcore_requests WHERE pid = $pid"), 'open', 'a write before the crash');
kill 'KILL', $pid;
$session->{run}->finish;
$node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server does not come back';
is(ask('SELECT count(*) FROM frontcore_requests'), '0', 'a crash restart empties the view');
ask("UPDATE fc.courses SET reference = 'after' WHERE id = 7302");
is(ask('SELECT method, row_id, outcome FROM frontcore_requests'), 'PUT|7302|committed', '... and it goes on');

$node->stop;
done_testing();
