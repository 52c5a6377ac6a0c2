# Eight sessions write and read the same objects with cache 'shared': every
# transaction sees at least what was acknowledged before it began.
#
# FRONTCORE_STRESS_SECONDS is how long (10).

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{FRONTCORE_STRESS_SECONDS} || 10;
my $sessions = 8;

start_mock(rate => 0, latency => '0-5');
my $node = new_node(max_connections => 40);
setup_server(
	$node,
	requests_per_second => 0,
	max_concurrent_requests => 8,
	cache => 'shared',
	cache_ttl => '1h');

# A write counts as acknowledged when its number is committed in "acked".  The
# readers look there first, in a transaction of its own.
$node->safe_psql('postgres', q{
	CREATE SEQUENCE numbers;
	CREATE TABLE acked (id bigint PRIMARY KEY, number bigint NOT NULL);
	CREATE TABLE stale (id bigint, acked bigint, seen bigint, way text);
	CREATE TABLE done (way text, hits bigint);
	INSERT INTO acked SELECT id, 0 FROM (SELECT id FROM fc.customers ORDER BY id LIMIT 4) AS few;
	UPDATE fc.customers SET note = '0' WHERE id IN (SELECT id FROM acked);

	CREATE PROCEDURE run(seconds int) LANGUAGE plpgsql AS $$
	DECLARE
		ends timestamptz := clock_timestamp() + make_interval(secs => seconds);
		ways text[] := '{write,write,by id,list,by ids,narrow}';
		way text;
		target bigint;
		before bigint;
		seen bigint;
		turns int := 0;
	BEGIN
		WHILE clock_timestamp() < ends LOOP
			turns := turns + 1;
			way := ways[1 + floor(random() * 6)];
			SELECT id, number INTO target, before FROM acked ORDER BY random() LIMIT 1;
			COMMIT;
			IF way = 'write' THEN
				PERFORM pg_advisory_lock(target);
				seen := nextval('numbers');
				UPDATE fc.customers SET note = seen WHERE id = target;
				COMMIT;
				UPDATE acked SET number = seen WHERE id = target;
				COMMIT;
				PERFORM pg_advisory_unlock(target);
				CONTINUE;
			ELSIF way = 'by id' THEN
				SELECT note INTO seen FROM fc.customers WHERE id = target;
			ELSIF way = 'list' THEN
				SELECT max(note) FILTER (WHERE id = target) INTO seen FROM fc.customers;
			ELSIF way = 'by ids' THEN
				SELECT note INTO seen FROM fc.customers c
				 WHERE id = ANY (ARRAY(SELECT id FROM acked)) AND id = target;
			ELSE
				PERFORM count(*) FROM fc.customers;
				SELECT note INTO seen FROM fc.customers WHERE id = target;
			END IF;
			IF seen IS NULL OR seen < before THEN
				INSERT INTO stale VALUES (target, before, seen, way);
			END IF;
			COMMIT;
		END LOOP;
		INSERT INTO done VALUES ('turns', turns);
	END $$;
});

my @runs = map {
	my %run = (err => '');
	$run{harness} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "CALL run($seconds)" ],
		'<', \undef, '>', \$run{out}, '2>', \$run{err});
	\%run;
} 1 .. $sessions;
foreach my $run (@runs)
{
	$run->{harness}->finish;
	is($run->{err}, '', 'a session has nothing to say');
}

is($node->safe_psql('postgres', 'SELECT * FROM stale'), '', 'no transaction saw less than was acknowledged');
is($node->safe_psql('postgres', 'SELECT count(*) FROM done'), $sessions, 'all sessions came to their end');
my $figures = $node->safe_psql('postgres', q{
	SELECT sum(hits), (SELECT last_value FROM numbers), (SELECT shared_hits FROM frontcore_stat WHERE resource = 'customers')
	  FROM done});
diag "turns, writes, shared hits: $figures";
like($figures, qr/^\d+\|[1-9]\d*\|[1-9]\d*$/, 'something was written, and something shared');

$node->stop;
done_testing();
