# Answers that all sessions share: one asks and the others wait; whoever rests,
# is cancelled or dies holds up nobody; nobody sees what a write has changed;
# and keys, sizes, crashes and standbys are as the README says.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# 48 customers in 10 pages of 5
start_mock();
mock('--reset', 'rate=0', 'customers=48');
my $node = new_node(max_connections => 60, wal_level => 'replica', max_wal_senders => 4, restart_after_crash => 'on');
$node->append_conf('postgresql.conf', "log_min_messages = log");
setup_server($node, requests_per_second => 0, max_concurrent_requests => 10, cache => 'shared', page_size => 5);

my $list = 'SELECT count(*) FROM fc.customers';

# Begin a script in a session of its own; finish() waits for it.
sub begin
{
	my ($sql, $on) = @_;
	my %run = (out => '', err => '', began => time());

	$run{harness} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', ($on // $node)->connstr('postgres'), '-c', $sql ],
		'<', \undef, '>', \$run{out}, '2>', \$run{err});
	return \%run;
}

sub finish
{
	my ($run) = @_;

	$run->{harness}->finish;
	chomp $run->{out};
	return $run->{out};
}

# Forget all answers, and the log.
sub anew
{
	mock('--clear-faults');
	mock('--release');
	$node->safe_psql('postgres', 'SELECT frontcore_shared_cache_reset()');
	mock('--log', '--quiet');
	return;
}

sub requests { return mock('--log', '--quiet'); }

# How many backends wait, for an answer or for somebody who asks for it.
sub wait_for_waiters
{
	my ($count) = @_;

	$node->poll_query_until('postgres',
		"SELECT count(*) >= $count FROM frontcore_activity") or die "no $count backends are at work";
	return;
}

# The figures: one after another, all at once, and narrower questions
is($node->safe_psql('postgres', join ';', ($list) x 10), join("\n", (48) x 10), '10 statements in a row') for 1, 2;
is(requests(), '10 requests', 'one after another: 10 requests in all');

anew();
mock('--fault', 'match=/customers hold count=1');
my @runs = map { begin($list) } 1 .. 20;
wait_for_waiters(20);
mock('--release');
is(finish($_), '48', 'one of 20 at once') for @runs;
is(requests(), '10 requests', '20 sessions at once, cold: 10 requests in all');

$node->safe_psql('postgres', 'SELECT count(*) FROM fc.course_dates; SELECT count(*) FROM fc.courses');
mock('--log');
foreach my $narrow (
	'SELECT count(*) FROM fc.course_dates WHERE id = 51003',
	'SELECT count(*) FROM fc.course_dates WHERE course_id = 7302',
	'SELECT count(*) FROM fc.course_dates WHERE course_id = ANY (ARRAY(SELECT generate_series(7290, 7330)))',
	"SELECT count(*) FROM fc.course_dates WHERE start_at BETWEEN '2027-02-01' AND '2027-03-01'",
	'SELECT count(*) FROM generate_series(7250, 7350) AS key (n) JOIN fc.course_dates d ON d.course_id = key.n',
	'SELECT count(*) FROM fc.course_dates',
	'SELECT count(*) FROM fc.courses c JOIN fc.course_dates d ON d.course_id = c.id')
{
	like($node->safe_psql('postgres', $narrow), qr/^[1-9]\d*$/, "$narrow has rows");
}
is(requests(), '0 requests', 'narrower questions after it: none');

is($node->safe_psql('postgres', "SET frontcore_fdw.max_age = 0; $list"), '48', 'max_age 0');
is(requests(), '10 requests', 'max_age 0: the list');
$node->safe_psql('postgres', $list);
is(requests(), '0 requests', 'and others find it renewed');

# Who joins: not one that accepts only what was begun after his statement
anew();
mock('--fault', 'match=/customers hold count=1');
my $first = begin($list);
mock('--wait-in-flight', 1);
my $late = begin("SET frontcore_fdw.max_age = 0; $list");
is(finish($late), '48', 'max_age 0 does not join what was begun before');
mock('--release');
is(finish($first), '48', 'the other one is answered as well');
is(requests(), '20 requests', 'each has asked for itself');

# A transaction that is under way with another answer waits for nobody
anew();
mock('--fault', 'match=/customers hold count=1');
$first = begin($list);
mock('--wait-in-flight', 1);
my $session = $node->background_psql('postgres');
$session->query_safe("BEGIN; DECLARE c CURSOR FOR SELECT id FROM fc.course_dates; FETCH 1 FROM c");
my $began = time();
is($session->query_safe($list), '48', 'who is asking for one answer asks for the other, too');
$session->query_safe('COMMIT');
mock('--release');
is(finish($first), '48', 'and the first one goes on');
$session->quit;

# Takeover: a cursor that rests, a LIMIT that is reached, a cancelled, a
# terminated and a failing session hold up nobody for more than a second
anew();
$session = $node->background_psql('postgres');
$session->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT id FROM fc.customers; FETCH 2 FROM c');
$began = time();
is($node->safe_psql('postgres', $list), '48', 'a resting cursor is not waited for');
cmp_ok(time() - $began, '<', 2, 'for more than a second');
is(requests(), '11 requests', 'the list is read anew');
is($session->query_safe('FETCH ALL FROM c') =~ tr/\n//, 45, 'the cursor reads the rest');
$session->query_safe('COMMIT');
$session->quit;

anew();
$node->safe_psql('postgres', 'SELECT id FROM fc.customers LIMIT 2');
$began = time();
is($node->safe_psql('postgres', $list), '48', 'nor is a LIMIT that was reached');
cmp_ok(time() - $began, '<', 2, 'for more than a second');

foreach my $signal ('pg_cancel_backend', 'pg_terminate_backend')
{
	anew();
	mock('--fault', 'match=/customers hold count=1');
	$first = begin("/* first */ $list");
	mock('--wait-in-flight', 1);
	my @others = map { begin($list) } 1 .. 3;
	wait_for_waiters(4);
	$node->safe_psql('postgres', "SELECT $signal(pid) FROM pg_stat_activity WHERE query LIKE '/* first%'");
	is(finish($_), '48', "$signal: another one takes over") for @others;
	like(finish($first) . $first->{err}, qr/cancel|terminat/, "$signal: it was hit");
	like(mock('--log'), qr/\n11 requests\z/, "$signal: one of them asks");
}

# One fails: the others do not go through it one after the other
anew();
$node->safe_psql('postgres', 'ALTER SERVER frontcore OPTIONS (ADD max_retries \'0\')');
mock('--fault', 'match=/customers hold count=1 status=503');
$first = begin($list);
mock('--wait-in-flight', 1);
my @others = map { begin($list) } 1 .. 3;
wait_for_waiters(4);
mock('--release');
is(finish($_), '48', 'after a failure the others ask') for @others;
finish($first);
like($first->{err}, qr/not available/, 'who asked gets the error');

# Nobody takes over what is merely slow: an answer that takes more than a second
anew();
mock('--fault', 'match=/customers hold count=1');
$first = begin($list);
mock('--wait-in-flight', 1);
@others = map { begin($list) } 1 .. 3;
wait_for_waiters(4);
$node->safe_psql('postgres', 'SELECT pg_sleep(1.5)');
is(mock('--count') - 0 > 0 ? requests() : '', '1 request', 'nobody takes over what is merely slow');
mock('--release');
is(finish($_), '48', 'and all are answered') for $first, @others;

# ... the limiter's queue, where each of 3 pages waits for more than a second
anew();
$node->safe_psql('postgres', q{ALTER SERVER frontcore OPTIONS (SET requests_per_second '0.8')});
@runs = map { begin('SELECT count(*) FROM fc.courses') } 1 .. 4;
is(finish($_), '12', 'one of 4 in the queue') for @runs;
is(requests(), '3 requests', 'nobody takes over what waits in the queue');
$node->safe_psql('postgres', q{ALTER SERVER frontcore OPTIONS (SET requests_per_second '0')});

# ... and a back-off of two seconds
anew();
$node->safe_psql('postgres', q{ALTER SERVER frontcore OPTIONS (SET max_retries '1')});
mock('--fault', 'match=/customers status=503 retry_after=2 count=1');
@runs = map { begin($list) } 1 .. 4;
is(finish($_), '48', 'one of 4 in a back-off') for @runs;
is(requests(), '11 requests', 'nobody takes over what backs off');

# A write in between: who waits does not get what was asked for before it
anew();
mock('--fault', 'match="GET /courses\\?" hold count=1');
$first = begin("SELECT count(*) FROM fc.courses WHERE title = 'After'");
mock('--wait-in-flight', 1);
$node->safe_psql('postgres', "UPDATE fc.courses SET title = 'After' WHERE id = 7303");
is($node->safe_psql('postgres', "SELECT count(*) FROM fc.courses WHERE title = 'After'"),
	'1', 'a transaction after a write sees it, though an answer was under way');
mock('--release');
finish($first);
is($node->safe_psql('postgres', "SELECT count(*) FROM fc.courses WHERE title = 'After'"),
	'1', 'and what was under way is not kept');

# A writer that dies: what it may have changed is dropped
anew();
$node->safe_psql('postgres', 'SELECT count(*) FROM fc.courses');
mock('--log', '--quiet');
mock('--fault', 'match=PUT hold count=1 processed=yes');
$first = begin("/* first */ UPDATE fc.courses SET title = 'Dying' WHERE id = 7303");
mock('--wait-in-flight', 1);
is($node->safe_psql('postgres', "SELECT count(*) FROM frontcore_cache WHERE resource = 'courses'"),
	'0', 'a write that is under way drops what it may change');
my $ended = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE '/* first%'");
finish($first);
mock('--release');
$node->safe_psql('postgres', 'SELECT count(*) FROM fc.courses');
is($node->safe_psql('postgres', "SELECT count(*) = 0 OR clock_timestamp() - '$ended' > '2 s' FROM frontcore_cache WHERE resource = 'courses'"),
	't', 'and nothing is kept just after a writer died');
$node->poll_query_until('postgres',
	"SELECT (SELECT count(*) FROM fc.courses) > 0 AND EXISTS (SELECT FROM frontcore_cache WHERE request = '/courses')")
  or die 'nothing is kept after a writer died';
is($node->safe_psql('postgres', "SELECT writes >= unknown_outcomes AND unknown_outcomes > 0 FROM frontcore_stat WHERE resource = 'courses'"),
	't', 'its outcome is counted as unknown');

# Keys: of different accounts, and of one
anew();
$node->safe_psql('postgres', $list);
setup_server($node, requests_per_second => 0, max_concurrent_requests => 10, cache => 'shared', page_size => 5,
	server => 'second', schema => 'second', api_key => 'test-key-2');
setup_server($node, requests_per_second => 0, max_concurrent_requests => 10, cache => 'shared', page_size => 5,
	server => 'third', schema => 'third', api_key => 'test-key');
mock('--log');
$node->safe_psql('postgres', 'SELECT count(*) FROM second.customers');
is(requests(), '10 requests', 'another key asks for itself');
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
setup_server($node, dbname => 'elsewhere', requests_per_second => 0, cache => 'shared');
is($node->safe_psql('postgres', 'SELECT count(*) FROM third.customers'), '48', 'another server with the same key');
is($node->safe_psql('elsewhere', $list), '48', 'another database with the same key');
is(requests(), '0 requests', 'they share');
$node->safe_psql('postgres', q{
	CREATE ROLE reader LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE USER MAPPING FOR reader SERVER frontcore OPTIONS (api_key 'test-key');
	CREATE USER MAPPING FOR stranger SERVER frontcore OPTIONS (api_key 'read-only-key');
	GRANT USAGE ON SCHEMA fc TO reader, stranger;
	GRANT SELECT ON fc.customers TO reader, stranger});
is($node->safe_psql('postgres', $list, extra_params => [ '-U', 'reader' ]), '48', 'another role with the same key');
is(requests(), '0 requests', 'shares as well');
is($node->safe_psql('postgres', $list, extra_params => [ '-U', 'stranger' ]), '48', 'a role with another key');
is(requests(), '10 requests', 'does not');
$node->safe_psql('postgres', "UPDATE second.customers SET note = 'x' WHERE id = (SELECT min(id) FROM third.customers)");
mock('--log');
$node->safe_psql('postgres', $list);
is(requests(), '10 requests', 'a write by one key drops the answers of the others');
$node->safe_psql('postgres', "ALTER USER MAPPING FOR CURRENT_USER SERVER third OPTIONS (SET api_key 'test-key-2')");
$node->safe_psql('postgres', 'SELECT count(*) FROM third.customers');
is(requests(), '10 requests', 'a changed key finds nothing');
$node->safe_psql('postgres', 'DROP SERVER third CASCADE; DROP SERVER second CASCADE');
is($node->safe_psql('postgres', $list), '48', 'DROP SERVER harms no other');
is(requests(), '0 requests', 'nor their answers');

$node->safe_psql('postgres', "ALTER SERVER frontcore OPTIONS (ADD cache_ttl '10min')");

# Size 0, and a size that counts from the next reset
$node->append_conf('postgresql.conf', 'frontcore_fdw.shared_cache_size = 0');
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('frontcore_fdw.shared_cache_size') = '0' FROM (SELECT count(*) FROM frontcore_cache) AS loaded")
  or die 'the setting does not come';
mock('--log');
$node->safe_psql('postgres', $list) for 1, 2;
is(requests(), '20 requests', 'size 0 shares nothing');
$node->append_conf('postgresql.conf', "frontcore_fdw.shared_cache_size = '1MB'");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('frontcore_fdw.shared_cache_size') = '1MB' FROM (SELECT count(*) FROM frontcore_cache) AS loaded")
  or die 'the setting does not come';
$node->safe_psql('postgres', 'SELECT frontcore_shared_cache_reset()');
# The list is read when look-ups have cost as much, and looked into by each.
$node->safe_psql('postgres', q{DO $$ BEGIN
	FOR i IN 1 .. 2000 LOOP
		PERFORM FROM fc.courses WHERE id = i;
		PERFORM FROM fc.courses WHERE id = 7303;
		COMMIT;
	END LOOP;
END $$});
is($node->safe_psql('postgres', 'SELECT count(*) > 100 AND sum(bytes) < 1024 * 1024 FROM frontcore_cache'),
	't', 'the cache stays below its size');
is($node->safe_psql('postgres', q{SELECT request FROM frontcore_cache WHERE request IN ('/courses', '/courses/1', '/courses/2000') ORDER BY 1}),
	"/courses\n/courses/2000", 'what was used least recently makes room');
mock('--reset', 'rate=0', 'customers=48', 'dates=600');
$node->safe_psql('postgres', 'SELECT count(*) FROM fc.course_dates');
cmp_ok(length(join '', mock('--dump', 'course_dates')), '>', 512 * 1024, 'an answer of more than half of it');
is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE resource = 'course_dates') FROM frontcore_cache}) =~ s/^[1-9]\d{2,}/many/r,
	'many|0', 'is not kept, and nothing makes room for it');
$node->safe_psql('postgres', 'SELECT frontcore_shared_cache_reset()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM frontcore_cache'), '0', 'and a reset empties it');

# More than /dev/shm has
SKIP:
{
	my $kind = `df --output=fstype /dev/shm 2>/dev/null | tail -1` // '';

	# a tmpfs sees at once that it is too small, others would fill the disk first
	skip '/dev/shm is no tmpfs', 2 unless $kind =~ /tmpfs/;
	$node->append_conf('postgresql.conf', "frontcore_fdw.shared_cache_size = '200GB'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('frontcore_fdw.shared_cache_size') = '200GB' FROM (SELECT count(*) FROM frontcore_cache) AS loaded")
	  or die 'the setting does not come';
	$node->safe_psql('postgres', 'SELECT frontcore_shared_cache_reset()');
	mock('--log');
	is($node->safe_psql('postgres', $list), '48', 'no memory is no error') for 1, 2;
	is(requests(), '20 requests', 'and nothing is kept');
}
$node->append_conf('postgresql.conf', "frontcore_fdw.shared_cache_size = '8MB'");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('frontcore_fdw.shared_cache_size') = '8MB' FROM (SELECT count(*) FROM frontcore_cache) AS loaded")
  or die 'the setting does not come';
$node->safe_psql('postgres', 'SELECT frontcore_shared_cache_reset()');

# A hot standby has a cache of its own
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
mock('--log');
is($standby->safe_psql('postgres', $list), '48', 'a standby reads');
is($standby->safe_psql('postgres', $list), '48', 'and shares');
is(requests(), '10 requests', 'what it has read');
is($standby->safe_psql('postgres', "SELECT request FROM frontcore_cache"), '/customers', 'its view shows it');
$standby->stop;

# A crash restart: nothing is left, and all begins anew; a backend that was
# killed while it asked or read takes nothing along
$session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe("BEGIN; $list");
my $pid = background_pid($session);
kill 'KILL', $pid;
$session->{run}->finish;
$node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server does not come back';
is($node->safe_psql('postgres', 'SELECT count(*) FROM frontcore_cache'), '0', 'a crash restart empties the cache');
mock('--log');
$node->poll_query_until('postgres', "SELECT (SELECT count(*) FROM fc.customers) > 0 AND EXISTS (SELECT FROM frontcore_cache WHERE request = '/customers')")
  or die 'nothing is kept after a crash';
mock('--log');
is($node->safe_psql('postgres', $list), '48', 'and it serves again');
is(requests(), '0 requests', 'after the crash');

$node->stop;
done_testing();
