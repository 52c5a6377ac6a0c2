# Who shares a limit, how many accounts there is room for, who sees them, and
# where the limiter works: preloaded, on a standby, without memory.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils;
use Test::More;

my $port = start_mock(rate => 0);
my $url = "http://127.0.0.1:$port/v2";
my $node = new_node(
	max_connections => 40,
	wal_level => 'replica',
	max_wal_senders => 5);
setup_server($node, requests_per_second => 0);

sub sql
{
	return $node->safe_psql('postgres', @_);
}

# Read one course in another database, or as another role.
sub read_as
{
	my ($dbname, $role, $schema) = @_;

	return $node->safe_psql($dbname,
		"SET ROLE $role; SELECT id FROM $schema.courses WHERE id = 7301");
}

# Databases, roles, servers and keys share one entry if they ask one address;
# limiter_key makes another one.
sql(q{CREATE ROLE regress_one; CREATE ROLE regress_two;
	CREATE ROLE regress_monitor IN ROLE pg_monitor;
	CREATE DATABASE other;
	GRANT USAGE ON SCHEMA fc TO PUBLIC;
	GRANT SELECT ON ALL TABLES IN SCHEMA fc TO PUBLIC;
	CREATE USER MAPPING FOR regress_one SERVER frontcore OPTIONS (api_key 'test-key');
	CREATE USER MAPPING FOR regress_two SERVER frontcore OPTIONS (api_key 'test-key-2')});
setup_server($node, dbname => 'other', server => 'elsewhere',
	base_url => "$url/", requests_per_second => 0);

read_as('postgres', 'postgres', 'fc');
is(sql('SELECT count(*), sum(requests) FROM frontcore_limiter'),
	'1|1', 'the first account');
read_as('postgres', 'regress_one', 'fc');
read_as('other', 'postgres', 'fc');
is(sql('SELECT count(*), sum(requests) FROM frontcore_limiter'),
	'1|3', 'one entry for another role and another database');
read_as('postgres', 'regress_two', 'fc');
is(sql('SELECT count(*), sum(requests) FROM frontcore_limiter'),
	'1|4', 'and for another key');

setup_server($node, server => 'united1', schema => 'united1',
	limiter_key => 'ours', requests_per_second => 0);
setup_server($node, server => 'united2', schema => 'united2',
	limiter_key => 'ours', api_key => 'test-key-2', requests_per_second => 0);
read_as('postgres', 'postgres', $_) foreach qw(united1 united2);
is(sql('SELECT count(*), max(requests), min(requests) FROM frontcore_limiter'),
	'2|4|2', 'limiter_key makes one entry of two servers');

is( sql(q{SELECT bool_and(account ~ '^[0-9a-f]{12}$'), min(base_url),
		bool_and(requests_per_second = 0), sum(queued), sum(in_flight),
		count(blocked_until), count(last_request)
		FROM frontcore_limiter}),
	"t|$url|t|0|0|0|2",
	'the columns of frontcore_limiter');

# Who may see what.
foreach my $case (
	[ 'regress_monitor', 2, 3 ],
	[ 'regress_one', 1, 1 ],
	[ 'regress_two', 1, 1 ])
{
	my ($role, $accounts, $servers) = @$case;

	is(sql("SET ROLE $role; SELECT count(*) FROM frontcore_limiter"),
		$accounts, "$role sees $accounts accounts");
	is( sql("SET ROLE $role; SELECT count(DISTINCT server) FROM frontcore_stat"
		),
		$servers,
		"$role sees $servers servers");
}
is( sql('SET ROLE regress_one; SELECT account FROM frontcore_limiter'),
	sql('SET ROLE regress_two; SELECT account FROM frontcore_limiter'),
	'both the same account');

# An address is the same however it is spelled, and whatever path follows it.
# Nobody answers there, which is all the same to the limiter.
my $spelled = 0;
foreach my $case (
	[ 'https://127.0.0.1', 'HTTPS://127.0.0.1:443/v3/', 'https://127.0.0.1:0443' ],
	[ 'https://localhost/v2', 'https://LocalHost', 'https://localhost./v2' ],
	[ 'http://[::1]:1', 'http://[0:0:0:0:0:0:0:1]:1', 'http://[::0001]:1/v2' ],
	[ 'https://localhost:1' ],
	[ 'https://127.0.0.1:1' ])
{
	my $entries = sql('SELECT count(*) FROM frontcore_limiter');

	foreach my $spelling (@$case)
	{
		my $name = 'spelled' . ++$spelled;

		setup_server($node, server => $name, schema => $name,
			base_url => $spelling, requests_per_second => 0);
		is((psql_error($node, "SELECT FROM $name.courses"))[0],
			'HV00N', "nobody answers at $spelling");
		is(sql('SELECT count(*) FROM frontcore_limiter'),
			$entries + 1, '... one entry');
	}
}

# What was learned with one key is not taken for true of another, though the
# limiter counts both together.
sql(q{CREATE ROLE regress_small;
	GRANT USAGE ON SCHEMA united2 TO PUBLIC;
	GRANT SELECT ON ALL TABLES IN SCHEMA united2 TO PUBLIC;
	CREATE USER MAPPING FOR regress_small SERVER united2 OPTIONS (api_key 'other-key');
	SELECT count(*) FROM united2.courses});
like(sql('EXPLAIN SELECT * FROM united2.courses'),
	qr/rows=12 /, 'what was learned with a key');
unlike(sql('SET ROLE regress_small; EXPLAIN SELECT * FROM united2.courses'),
	qr/rows=12 /, '... is not known of another');

# Two roles with two keys of one account keep its limit, with nothing set.
setup_server($node, server => 'busy', schema => 'busy',
	base_url => "http://localhost:$port/v2");
sql(q{GRANT USAGE ON SCHEMA busy TO PUBLIC;
	GRANT SELECT ON ALL TABLES IN SCHEMA busy TO PUBLIC;
	CREATE USER MAPPING FOR regress_two SERVER busy OPTIONS (api_key 'test-key-2')});
mock('--reset');
my @busy = map {
	my $role = $_;
	my @script = map { ('-c', $_) } "SET ROLE $role",
	  map { "SELECT FROM busy.courses WHERE id = 730$_" } 1 .. 8;

	IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), @script ],
		'<', \undef, '>', \my $out, '2>', \my $err)
} qw(postgres regress_two);
is((scalar grep { $_->finish } @busy), 2, 'two roles with a key each');
is(decode_json(mock('--stats'))->{throttled}, 0, '... exceed no limit');
is(mock('--count'), 16, '... with all their requests');
mock('--reset', 'rate=0');
sql(q{CREATE ROLE regress_nobody});
is( sql(q{SET ROLE regress_nobody;
		SELECT count(*) FROM frontcore_limiter;
		SELECT count(*) FROM frontcore_stat;
		SELECT count(*) FROM frontcore_activity}),
	"0\n0\n0",
	'without a mapping one sees nothing');
sql(q{CREATE USER MAPPING FOR PUBLIC SERVER united1 OPTIONS (api_key 'test-key')});
is(sql('SET ROLE regress_nobody; SELECT count(*) FROM frontcore_limiter'),
	'1', 'and with one of PUBLIC that account');
sql(q{CREATE SERVER keyless FOREIGN DATA WRAPPER frontcore_fdw;
	CREATE USER MAPPING FOR regress_nobody SERVER keyless});
is(sql('SET ROLE regress_nobody; SELECT count(*) FROM frontcore_limiter'),
	'1', 'a mapping without a key is none');

# An error's text is for those who met it.
psql_error($node, 'SET ROLE regress_one; '
	  . "SELECT id FROM fc.courses WHERE id = 7301; "
	  . "SET frontcore_fdw.max_requests_per_query = 0; SELECT 1");
mock('--fault', 'status=500');
my ($sqlstate) = psql_error($node,
	'SET ROLE regress_one; SELECT id FROM fc.courses WHERE id = 7301');
is($sqlstate, 'HV000', 'an error');
foreach my $case (
	[ 'regress_one', 't' ],
	[ 'regress_two', 'f' ],
	[ 'regress_monitor', 't' ])
{
	my ($role, $sees) = @$case;

	is( sql("SET ROLE $role; SELECT errors, last_error IS NOT NULL "
			  . "FROM frontcore_stat WHERE server = 'frontcore'"),
		"1|$sees",
		"last_error as seen by $role");
}

# Counters are of the current database, survive a rollback, and are reset by
# those who may.
is($node->safe_psql('other', 'SELECT server, resource, requests FROM frontcore_stat'),
	'elsewhere|courses|1', 'counters of another database');
sql("BEGIN; SELECT id FROM united1.courses WHERE id = 7301; ROLLBACK");
is(sql("SELECT requests FROM frontcore_stat WHERE server = 'united1'"),
	'2', 'a rollback takes nothing back');
($sqlstate) =
  psql_error($node, 'SET ROLE regress_monitor; SELECT frontcore_stat_reset()');
is($sqlstate, '42501', 'frontcore_stat_reset is not for PUBLIC');
sql('SELECT frontcore_stat_reset()');
is(sql('SELECT count(*) FROM frontcore_stat'), '0', 'all reset');
is($node->safe_psql('other', 'SELECT count(*) FROM frontcore_stat'),
	'1', 'but not that of another database');

# There is room for 64 accounts; the one used least recently makes room.
sql(qq{
	DO \$\$
	BEGIN
		FOR i IN 1 .. 66 LOOP
			EXECUTE format('CREATE SERVER s%s FOREIGN DATA WRAPPER frontcore_fdw '
				'OPTIONS (base_url %L, limiter_key %L, requests_per_second %L, max_retry_wait %L)',
				i, '$url', 'account ' || i, '0', '1s');
			EXECUTE format('CREATE USER MAPPING FOR PUBLIC SERVER s%s OPTIONS (api_key %L)',
				i, 'test-key');
			EXECUTE format('CREATE FOREIGN TABLE t%s (id bigint) SERVER s%s OPTIONS (resource %L)',
				i, i, 'courses');
		END LOOP;
	END
	\$\$});
my @digests;
foreach my $i (1 .. 64)
{
	sql("SELECT id FROM t$i WHERE id = 7301");
	push @digests,
	  sql('SELECT account FROM frontcore_limiter ORDER BY last_request DESC NULLS LAST LIMIT 1');
}
is(sql('SELECT count(*) FROM frontcore_limiter'), '64', '64 accounts');
is( sql("SELECT count(*) FROM frontcore_limiter WHERE account IN ('"
		  . join("', '", @digests)
		  . "')"),
	'64',
	'they have taken the places of those that came before');
sql('SELECT id FROM t1 WHERE id = 7301');
sql('SELECT id FROM t65 WHERE id = 7301');
is(sql('SELECT count(*) FROM frontcore_limiter'), '64', 'still 64');
is( sql("SELECT count(*) FILTER (WHERE account = '$digests[0]'), "
		  . "count(*) FILTER (WHERE account = '$digests[1]') "
		  . 'FROM frontcore_limiter'),
	'1|0',
	'the 65th has taken the place of the least recently used');

# An account that is blocked is not idle.
mock('--fault', 'retry_after=600 count=0');
psql_error($node, "SELECT id FROM t$_ WHERE id = 7301") foreach 1 .. 64;
mock('--clear-faults');
($sqlstate, my $message) =
  psql_error($node, 'SELECT id FROM t66 WHERE id = 7301');
is($sqlstate, '53400', 'none of 64 is idle');
like($message, qr/too many FrontCore accounts/, 'and that is what it says');

# A standby has a limiter of its own.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT id FROM fc.courses WHERE id = 7301'),
	'7301', 'a standby reads');
is($standby->safe_psql('postgres',
		'SELECT count(*), sum(requests) FROM frontcore_limiter'),
	'1|1', 'and counts');
is($standby->safe_psql('postgres',
		'SELECT server, resource, requests FROM frontcore_stat'),
	'frontcore|courses|1', 'in all views');
$standby->stop;

# Preloaded, the memory is there from the start, in at most 32 kB.
my $shmem = q{SELECT count(*) FROM pg_shmem_allocations
	WHERE name LIKE 'frontcore_fdw%' AND allocated_size <= 32768};
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'frontcore_fdw'");
$node->restart;
is(sql($shmem), '1', 'preloaded: the memory is there at the start');
is(read_as('postgres', 'postgres', 'fc'), '7301', 'preloaded: it works');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is(sql($shmem), '0', 'else it is not');
is(read_as('postgres', 'postgres', 'fc'), '7301', 'but taken on first use');
is(sql($shmem), '1', 'in the same size');

done_testing();
