# What was set up survives dump and restore, and pg_upgrade; the extension can
# be dropped and created again; none of it costs a request or keeps rows that
# it should not.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

start_mock(rate => 0);
my $node = new_node();
setup_server($node, requests_per_second => 0, page_size => 100, import => "import_raw 'true'");

# Every kind of option, and what hangs on foreign tables
$node->safe_psql('postgres', q{
	ALTER DATABASE postgres SET frontcore_fdw.max_requests_per_query = 1000;
	CREATE FOREIGN TABLE fc.own (
		number bigint OPTIONS (field 'id'),
		city text OPTIONS (field 'location.city'),
		erp_id text OPTIONS (field 'custom_properties.It''s "odd"'),
		starts date OPTIONS (field 'start_at') NOT NULL,
		year int GENERATED ALWAYS AS (extract(year FROM starts)) STORED,
		CONSTRAINT positive CHECK (number > 0)
	) SERVER frontcore OPTIONS (resource 'course_dates', page_size '9', cache 'off',
		on_delete 'deactivate', updatable 'false', push_order 'false', fdw_request_cost '77.5');
	COMMENT ON FOREIGN TABLE fc.own IS 'of one''s own';
	CREATE VIEW fc.soon AS
		SELECT title, start_at FROM fc.course_dates WHERE start_at > '2027-05-01';
	CREATE TABLE fc.catalogue (id bigint, title text, reference text) PARTITION BY LIST (reference);
	CREATE TABLE fc.here PARTITION OF fc.catalogue FOR VALUES IN ('here');
	CREATE FOREIGN TABLE fc.there PARTITION OF fc.catalogue DEFAULT
		SERVER frontcore OPTIONS (resource 'courses');
	INSERT INTO fc.catalogue VALUES (1, 'Here', 'here');
	CREATE FUNCTION fc.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER keep BEFORE DELETE ON fc.courses FOR EACH ROW EXECUTE FUNCTION fc.keep();
	CREATE MATERIALIZED VIEW fc.snapshot AS SELECT id, title FROM fc.customers;
	CALL frontcore_sync('fc.customers', 'fc.copy');
	CALL frontcore_sync('fc.locations', 'fc.dropped');
	DROP TABLE fc.dropped;
	CALL frontcore_sync('fc.locations', 'pg_temp.temporary');
});

my $questions = q{
	SELECT count(*), min(raw->>'title') FROM fc.courses;
	SELECT count(*), max(year), count(city), count(erp_id) FROM fc.own;
	SELECT count(*) FROM fc.soon;
	SELECT tableoid::regclass, count(*) FROM fc.catalogue GROUP BY 1 ORDER BY 1;
	SELECT count(*) FROM fc.snapshot;
	SELECT source, target, mark, status, inserted, last_error FROM frontcore_sync_state;
	DELETE FROM fc.courses WHERE id = 7301 RETURNING id;
	SHOW frontcore_fdw.max_requests_per_query;
};
my $answers = $node->safe_psql('postgres', $questions);
like($answers, qr/^12\|.*^39\|2027\|/ms, 'the questions are answered before');
mock('--log');

# Read a dump without what differs from one run to the next.
sub dump_of
{
	my ($from, $database) = @_;
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$database.sql";

	command_ok([ 'pg_dump', '--no-sync', '--file', $file, $from->connstr($database) ],
		"$database is dumped");
	return (slurp_file($file) =~ s/^\\(un)?restrict .*\n//mgr, $file);
}

# Dump and restore
my ($dump, $file) = dump_of($node, 'postgres');
like($dump, qr/CREATE EXTENSION IF NOT EXISTS frontcore_fdw/, 'the extension is dumped as such');
unlike($dump, qr/CREATE (FUNCTION|VIEW) \S*frontcore_/, 'and not by its members');
unlike($dump, qr/Working at Heights/, 'rows of the API are not dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'),
	'-c', 'SET client_min_messages = warning', '-c', 'DROP EXTENSION IF EXISTS frontcore_fdw', '-f', $file ],
	'the dump is restored');
is(mock('--log', '--quiet'), '2 requests', 'only the materialized view was read, to its proven end');
$node->safe_psql('postgres', 'ALTER DATABASE restored SET frontcore_fdw.max_requests_per_query = 1000');
my ($again) = dump_of($node, 'restored');
is($again, $dump, 'the restored database has the same dump');
is($node->safe_psql('restored', $questions), $answers, 'and gives the same answers');
is($node->safe_psql('restored', 'SELECT target FROM frontcore_sync_runs'), 'fc.copy',
	'the state of a copy goes along, that of a dropped or temporary table does not');
mock('--log');
$node->safe_psql('restored', "CALL frontcore_sync('fc.customers', 'fc.copy')");
is(mock('--log', '--quiet'), '2 requests', 'a restored copy asks for what has changed since');

# Rows are dumped where that is asked for
mock('--log');
my ($rows, $messages) = run_command([ 'pg_dump', '--data-only', '--include-foreign-data=frontcore',
	'--table=fc.customers', $node->connstr('postgres') ]);
is($messages, '', 'the rows of a server are dumped without a complaint');
is(() = $rows =~ /^402\d\d\t/mg, 15, 'all of them');

# The extension goes only with what hangs on it, and comes back in another
# schema; one backend sees all that
my ($out, $errors);
$node->psql('postgres', 'DROP EXTENSION frontcore_fdw', stderr => \$errors);
like($errors, qr/other objects depend on it/, 'DROP EXTENSION alone is refused');
$node->safe_psql('restored', q{
	SELECT count(*) FROM fc.courses;
	SET client_min_messages = warning;
	DROP EXTENSION frontcore_fdw CASCADE;
	DROP SCHEMA fc CASCADE;
	CREATE SCHEMA elsewhere;
	CREATE EXTENSION frontcore_fdw SCHEMA elsewhere;
});
setup_server($node, dbname => 'restored', requests_per_second => 0);
is($node->safe_psql('restored', q{
	SELECT count(*) FROM fc.courses;
	SELECT count(*) > 0 FROM elsewhere.frontcore_stat WHERE resource = 'courses';
	SELECT count(*) > 0 FROM elsewhere.frontcore_limiter;
	SELECT count(*) FROM elsewhere.frontcore_activity;
	SELECT count(*) > 3 FROM elsewhere.frontcore_pushdown('fc.courses');
}), "12\nt\nt\n0\nt", 'another schema serves as well');
my $same_backend = q{
	SELECT count(*) FROM fc.courses;
	SET client_min_messages = warning;
	DROP EXTENSION frontcore_fdw CASCADE;
	CREATE EXTENSION frontcore_fdw;
	CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw
		OPTIONS (base_url 'http://127.0.0.1:%s/v2', requests_per_second '0');
	CREATE USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (api_key 'test-key');
	IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO fc;
	SELECT count(*) FROM fc.courses;
};
is($node->safe_psql('restored', sprintf($same_backend, $ENV{FRONTCORE_MOCK_PORT})),
	"12\n12", 'one backend uses the extension before and after');

# Every version leads to the one that is installed by default
is($node->safe_psql('postgres', q{
	SELECT source FROM pg_extension_update_paths('frontcore_fdw'), pg_available_extensions AS e
	WHERE e.name = 'frontcore_fdw' AND target = e.default_version AND path IS NULL
}), '', 'no version is without a way to this one');
is($node->safe_psql('postgres', q{
	SET client_min_messages = error;
	ALTER EXTENSION frontcore_fdw UPDATE;
	SELECT installed_version = default_version FROM pg_available_extensions WHERE name = 'frontcore_fdw'
}), 't', 'and this one is installed');

# pg_upgrade, here to a new cluster of the same version
my $new = PostgreSQL::Test::Cluster->new('upgraded');
my $bin = $node->config_data('--bindir');
$new->init;
$node->stop;
mock('--log');
chdir $PostgreSQL::Test::Utils::tmp_check or die "no directory to work in: $!";
command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir,
	'-b', $bin, '-B', $bin, '-s', $new->host, '-p', $node->port, '-P', $new->port ],
	'pg_upgrade takes it over');
is(mock('--log', '--quiet'), '0 requests', 'without a request');
$new->start;
is($new->safe_psql('postgres', $questions), $answers, 'with the same answers');

done_testing();
