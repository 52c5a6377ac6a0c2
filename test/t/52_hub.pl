# Several PostgreSQL servers with one account, by way of one of them: the hub
# asks FrontCore, and the others read and write its tables through postgres_fdw.
#
# They get the rows that the hub would show, at the requests that it would
# send; one limit, one key and one cache serve them all.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Dates in twelve pages, customers in ten pages of five
start_mock();
mock('--reset', 'rate=0', 'courses=60', 'dates=3000', 'customers=48');
my $hub = new_node(max_connections => 60);
setup_server($hub, requests_per_second => 0);
$hub->safe_psql('postgres', <<'END');
-- a role for each server, both with the one key
CREATE ROLE north LOGIN;
CREATE ROLE south LOGIN;
GRANT USAGE ON SCHEMA fc TO north, south;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fc TO north;
GRANT SELECT ON fc.courses, fc.course_dates TO south;
CREATE USER MAPPING FOR PUBLIC SERVER frontcore OPTIONS (api_key 'test-key');

-- what postgres_fdw cannot ship
ALTER FOREIGN TABLE fc.customers OPTIONS (ADD page_size '5');
CREATE VIEW fc.upcoming WITH (security_invoker) AS
	SELECT id, course_id, start_at FROM fc.course_dates WHERE start_at >= current_date + 40000;
CREATE VIEW fc.first_lettered WITH (security_invoker) AS
	SELECT id, title FROM fc.customers WHERE title ~ '[[:alpha:]]' LIMIT 7;
CREATE TABLE fc.wanted AS SELECT id AS course_id FROM generate_series(7301, 7302) AS id;
ANALYZE fc.wanted;
CREATE VIEW fc.wanted_dates WITH (security_invoker) AS
	SELECT d.id, d.course_id FROM fc.wanted JOIN fc.course_dates AS d USING (course_id);
GRANT SELECT ON fc.upcoming, fc.first_lettered, fc.wanted, fc.wanted_dates TO north;
END
# The last id of each page of dates
my @last_ids = (51253, 51505, 51758, 52011, 52263, 52516, 52768, 53021, 53274, 53526, 53779);

my $north = spoke('north');
my $south = spoke('south');

reads();
fetch_size();
views();
joins();
roles();
writes();
rollback();
shared_cache();
limiter();

$_->stop foreach ($north, $south, $hub);
done_testing();

# A server that reaches the hub by the role of its name
sub spoke
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my ($host, $port) = ($hub->host, $hub->port);

	$node->init;
	$node->start;
	my ($created) = $node->psql('postgres', 'CREATE EXTENSION postgres_fdw');
	plan skip_all => 'postgres_fdw is not installed' if $created != 0;
	$node->safe_psql('postgres', <<"END");
CREATE SERVER hub FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname 'postgres', use_remote_estimate 'true', fetch_size '1000');
CREATE USER MAPPING FOR CURRENT_USER SERVER hub OPTIONS (user '$name');
CREATE SCHEMA fc;
IMPORT FOREIGN SCHEMA fc FROM SERVER hub INTO fc;
CREATE TABLE local (course_id bigint, name text);
INSERT INTO local VALUES (7301, 'One'), (7302, 'Two'), (9999, 'None');
ANALYZE local;
END
	return $node;
}

# Run statements at a server: what they print, and what they cost, without the
# length of a page.
sub at
{
	my ($node, $name, $sql, $rows, @requests) = @_;

	mock('--log', '--quiet');
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	is("$out$err", $rows, "$name: rows");
	is(log_of_requests(), join("\n", @requests), "$name: requests");
	return;
}

sub log_of_requests
{
	my @log = split /\n/, mock('--log');

	pop @log;
	s/([?&])limit=\d+&?/$1/, s/&$// for @log;
	return join "\n", @log;
}

# Each reads what the hub would read.
sub reads
{
	foreach my $node ($north, $south)
	{
		my $name = $node->name;

		at($node, "$name, a row", 'SELECT title FROM fc.courses WHERE id = 7301',
			'Hot Work Certificate', 'GET /courses/7301');
		at($node, "$name, rows", 'SELECT count(*), min(id) FROM fc.course_dates WHERE course_id IN (7301, 7302)',
			'227|51001', map { "GET /batch/coursedates?course_ids[]=7301&course_ids[]=7302&order_by=id&order_direction=asc&page=$_" } 1 .. 2);
		at($node, "$name, EXPLAIN", 'EXPLAIN (COSTS off) SELECT id FROM fc.courses',
			"Foreign Scan on courses");
	}
	at($north, 'a transaction reads once', 'BEGIN; SELECT count(*) FROM fc.courses; SELECT title FROM fc.courses WHERE id = 7301; COMMIT',
		"60\nHot Work Certificate", 'GET /courses?page=1', 'GET /courses?page=2');
	return;
}

# LIMIT behind a filter that is not shipped reads as many rows as one FETCH
# brings.
sub fetch_size
{
	my $sql = 'SELECT count(*) FROM (SELECT id FROM fc.customers WHERE random() >= 0 LIMIT 7) AS c';

	at($north, 'LIMIT, fetched by thousands', $sql, '7', map { "GET /customers?page=$_" } 1 .. 10);
	$north->safe_psql('postgres', q{ALTER FOREIGN TABLE fc.customers OPTIONS (ADD fetch_size '7')});
	at($north, 'LIMIT, fetched by sevens', $sql, '7', map { "GET /customers?page=$_" } 1 .. 2);
	at($north, 'LIMIT alone is shipped', 'SELECT count(*) FROM (SELECT id FROM fc.customers LIMIT 4) AS c',
		'4', 'GET /customers?page=1');
	return;
}

# A view on the hub does what postgres_fdw does not ship.
sub views
{
	at($north, 'current_date is not shipped', 'SELECT count(*) FROM fc.course_dates WHERE start_at >= current_date + 40000',
		'0', 'GET /coursedates?order_by=id&order_direction=asc&page=1',
		map { "GET /coursedates?order_by=id&order_direction=asc&since_id=$_" } @last_ids);
	mock('--log', '--quiet');
	is($north->safe_psql('postgres', 'SELECT count(*) FROM fc.upcoming'), 0, 'current_date in a view: rows');
	like(log_of_requests(), qr{^GET /coursedates\?start_date_at_min=\d{4}-\d\d-\d\d&[^\n]*$}, 'current_date in a view: requests');
	at($north, 'LIMIT behind a filter in a view', 'SELECT count(*) FROM fc.first_lettered',
		'7', map { "GET /customers?page=$_" } 1 .. 2);
	return;
}

# A join of tables of the hub is done there; one with a local table is not.
sub joins
{
	my $batch = 'GET /batch/coursedates?course_ids[]=7301&course_ids[]=7302&order_by=id&order_direction=asc';

	at($north, 'a join of two tables of the hub', 'SELECT count(*), count(DISTINCT c.title) FROM fc.courses AS c JOIN fc.course_dates AS d ON d.course_id = c.id WHERE c.id IN (7301, 7302)',
		'227|2', 'GET /courses?page=1', 'GET /courses?page=2', map { "$batch&page=$_" } 1 .. 2);
	at($north, 'a join with a local table', 'SELECT count(*) FROM local AS l JOIN fc.course_dates AS d USING (course_id)',
		'227', 'GET /coursedates?order_by=id&order_direction=asc&page=1',
		map { "GET /coursedates?order_by=id&order_direction=asc&since_id=$_" } @last_ids);
	at($north, 'keys that lie on the hub', 'SELECT count(*) FROM fc.wanted JOIN fc.course_dates AS d USING (course_id)',
		'227', map { "$batch&page=$_" } 1 .. 2);
	at($north, 'a view that joins', 'SELECT count(*), count(l.name) FROM fc.wanted_dates LEFT JOIN local AS l USING (course_id)',
		'227|227', map { "$batch&page=$_" } 1 .. 2);
	return;
}

# The hub's grants decide.
sub roles
{
	my ($status, $out, $err) = $south->psql('postgres', 'SELECT count(*) FROM fc.customers');

	like($err, qr/permission denied for foreign table customers/, 'no right to read');
	($status, $out, $err) = $south->psql('postgres', q{UPDATE fc.courses SET title = 'South' WHERE id = 7301});
	like($err, qr/permission denied for foreign table courses/, 'no right to write');
	return;
}

# Writes are done row by row where the other server has to look at the rows, by
# ctid, and as a whole where it has not.
sub writes
{
	$north->safe_psql('postgres', "INSERT INTO local VALUES (7304, 'Four')");
	at($north, 'row by row', q{UPDATE fc.courses AS c SET title = l.name FROM local AS l WHERE l.course_id = c.id AND c.id IN (7302, 7304)},
		'', 'GET /courses?include[]=products&include[]=labels&page=1',
		(map { "GET /courses/$_?include[]=products&include[]=labels" } 7302, 7304),
		'PUT /courses/7302 {"title":"Two"}', 'PUT /courses/7304 {"title":"Four"}');
	at($north, 'a DELETE by what only the other server knows', q{DELETE FROM fc.course_dates WHERE id = 51001 AND course_id + random() > 7000 RETURNING id},
		'51001', ('GET /coursedates?coursedate_id=51001&page=1') x 2, 'DELETE /courses/7301/coursedates/51001');
	at($north, 'as a whole', q{UPDATE fc.courses SET title = 'Whole' WHERE id = 7301},
		'', 'PUT /courses/7301 {"title":"Whole"}');
	at($north, 'INSERT', q{INSERT INTO fc.customers (title) VALUES ('From the north') RETURNING id},
		'40249', 'POST /customers {"title":"From the north"}');
	is($hub->safe_psql('postgres', 'SELECT id, title FROM fc.courses WHERE id BETWEEN 7301 AND 7304 ORDER BY id'),
		"7301|Whole\n7302|Two\n7303|Working at Heights\n7304|Four", 'these rows and no other');
	return;
}

# A rollback does not undo a write.  The WARNING goes to the logs: the other
# server's user does not get it.  The hub's view names the writes, and those of
# savepoints and failed statements, too.
sub rollback
{
	my %logs = map { $_->name => -s $_->logfile } ($north, $hub);
	my ($status, $out, $err) = $north->psql('postgres',
		q{BEGIN; UPDATE fc.courses SET title = 'Rolled back' WHERE id = 7305; ROLLBACK});

	is("$out$err", '', 'ROLLBACK: what the user sees');
	is($hub->safe_psql('postgres', 'SELECT title FROM fc.courses WHERE id = 7305'),
		'Rolled back', 'ROLLBACK: the write stands');
	like(slurp_file($_->logfile, $logs{ $_->name }),
		qr/WARNING:  1 upstream write is not undone by the rollback/, 'ROLLBACK: the log of ' . $_->name)
	  foreach ($north, $hub);

	$north->psql('postgres', q{
		BEGIN;
		UPDATE fc.courses SET title = 'Committed' WHERE id = 7306;
		SAVEPOINT s;
		UPDATE fc.courses SET title = 'Of a savepoint' WHERE id = 7307;
		ROLLBACK TO s;
		COMMIT;
		DO $$ BEGIN
			UPDATE fc.courses SET title = 'Of an error' WHERE id = 7308;
			PERFORM 1 / 0;
		END $$});
	is($hub->safe_psql('postgres', q{
			SELECT usename, application_name, method, path, row_id, outcome
			  FROM frontcore_requests WHERE row_id BETWEEN 7305 AND 7308 ORDER BY row_id}),
		join("\n", map { "north|postgres_fdw|PUT|/courses/$$_[0]|$$_[0]|$$_[1]" }
			[ 7305, 'rolled back' ], [ 7306, 'committed' ], [ 7307, 'rolled back' ], [ 7308, 'rolled back' ]),
		'ROLLBACK: the view of the hub');
	return;
}

# What one server has read, another finds; what one has written, all see.
sub shared_cache
{
	$hub->safe_psql('postgres', q{ALTER SERVER frontcore OPTIONS (ADD cache 'shared', ADD cache_ttl '1h')});
	at($north, 'one asks', 'SELECT count(*) FROM fc.courses', '60', 'GET /courses?page=1', 'GET /courses?page=2');
	at($south, 'another takes it', 'SELECT count(*) FROM fc.courses', '60');
	at($south, 'and looks up rows in it', 'SELECT title FROM fc.courses WHERE id = 7301', 'Whole');
	at($north, 'one writes', q{UPDATE fc.courses SET title = 'New' WHERE id = 7301}, '', 'PUT /courses/7301 {"title":"New"}');
	at($south, 'all see it', 'SELECT title FROM fc.courses WHERE id = 7301', 'New', 'GET /courses/7301');
	$hub->safe_psql('postgres', 'ALTER SERVER frontcore OPTIONS (DROP cache, DROP cache_ttl)');
	return;
}

# Both together send no more than the account may.
sub limiter
{
	my @lookups = map { ('-c', "SELECT id FROM fc.courses WHERE id = $_") } 7301 .. 7308;
	my (@runs, @out);

	mock('--reset', 'rate=5');
	$hub->safe_psql('postgres', 'ALTER SERVER frontcore OPTIONS (DROP requests_per_second)');
	foreach my $node ($north, $south)
	{
		push @out, \my $out;
		push @runs, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), @lookups ],
			'<', \undef, '>', \$out, '2>&1');
	}
	$_->finish foreach (@runs);
	is($$_, join('', map { "$_\n" } 7301 .. 7308), 'rows under the limit') foreach (@out);
	is(mock('--count'), 16, 'requests under the limit');
	cmp_ok(most_in_a_second(), '<=', 5, 'no more than five in a second');
	is(scalar(grep { / 429/ } split /\n/, mock('--log')), 0, 'none was refused');
	return;
}
