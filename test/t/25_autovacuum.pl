# Autovacuum analyzes a local table that a foreign one inherits from, without
# reading the API for it.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Utils;
use Test::More;

start_mock(rate => 0);
my $node = new_node(
	autovacuum => 'off',
	autovacuum_naptime => '1s',
	autovacuum_analyze_threshold => 1,
	autovacuum_vacuum_threshold => 1000000);
setup_server($node, requests_per_second => 0);

$node->safe_psql('postgres', <<'END');
CREATE TABLE parent (id bigint, title text);
CREATE FOREIGN TABLE child () INHERITS (parent)
	SERVER frontcore OPTIONS (resource 'courses');
INSERT INTO parent SELECT i, 'local' FROM generate_series(1, 100) i;
END

# A manual ANALYZE reads the foreign child.
mock('--reset', 'rate=0');
$node->safe_psql('postgres', 'ANALYZE parent');
cmp_ok(mock('--count'), '>', 0, 'ANALYZE reads the list');

# Autovacuum does not.
mock('--reset', 'rate=0');
$node->safe_psql('postgres',
	"INSERT INTO parent SELECT i, 'more' FROM generate_series(101, 500) i");
$node->append_conf('postgresql.conf', 'autovacuum = on');
$node->reload;
ok( $node->poll_query_until(
		'postgres',
		"SELECT autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relname = 'parent'"
	),
	'autovacuum analyzes the parent');
is(mock('--count'), 0, 'and asks the API nothing');
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM pg_stats WHERE tablename = 'parent' AND attname = 'title' AND NOT inherited AND 'more' = ANY(most_common_vals::text::text[])"
	),
	'1',
	'the local rows are sampled');

$node->stop;
done_testing();
