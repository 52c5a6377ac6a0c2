# Who shares a limit, how many accounts there is room for, who sees them, and
# where the limiter works: preloaded, on a standby, without memory.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
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

# Databases, roles and servers that use one account share one entry; another
# key makes another one, and limiter_key unites what several keys use.
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
	'2|4', 'another key is another account');

setup_server($node, server => 'united1', schema => 'united1',
	limiter_key => 'ours', requests_per_second => 0);
setup_server($node, server => 'united2', schema => 'united2',
	limiter_key => 'ours', api_key => 'test-key-2', requests_per_second => 0);
read_as('postgres', 'postgres', $_) foreach qw(united1 united2);
is(sql('SELECT count(*), max(requests) FROM frontcore_limiter'),
	'3|3', 'limiter_key unites two keys');

is( sql(q{SELECT bool_and(account ~ '^[0-9a-f]{12}$'), min(base_url),
		bool_and(requests_per_second = 0), sum(queued), sum(in_flight),
		count(blocked_until), count(last_request)
		FROM frontcore_limiter}),
	"t|$url|t|0|0|0|3",
	'the columns of frontcore_limiter');

# Who may see what.
foreach my $case (
	[ 'regress_monitor', 3, 3 ],
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
isnt(
	sql('SET ROLE regress_one; SELECT account FROM frontcore_limiter'),
	sql('SET ROLE regress_two; SELECT account FROM frontcore_limiter'),
	'each its own account');
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
	  sql('SELECT account FROM frontcore_limiter ORDER BY last_request DESC LIMIT 1');
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
