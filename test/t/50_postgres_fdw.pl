# A second PostgreSQL server reaches the tables through postgres_fdw, which
# names rows by ctid.
#
# What postgres_fdw ships as a whole, and what it does row by row, reads and
# writes the rows that are meant, all of them and no others; and it costs the
# requests that the statements which arrive here cost.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

start_mock(rate => 0);
my $near = new_node();
setup_server($near, requests_per_second => 0);

my $far = PostgreSQL::Test::Cluster->new('far');
$far->init;
$far->start;
my ($created) = $far->psql('postgres', 'CREATE EXTENSION postgres_fdw');
plan skip_all => 'postgres_fdw is not installed' if $created != 0;
my ($host, $port) = ($near->host, $near->port);
$far->safe_psql('postgres', <<"END");
CREATE SERVER near FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname 'postgres', fetch_size '3');
CREATE USER MAPPING FOR CURRENT_USER SERVER near;
CREATE SCHEMA fc;
IMPORT FOREIGN SCHEMA fc FROM SERVER near INTO fc;
CREATE TABLE wanted (id bigint, name text);
INSERT INTO wanted VALUES (7302, 'Two'), (7304, 'Four'), (9999, 'None');
ANALYZE wanted;
END

# Run statements there; what they print, and the requests that they cost, in
# any order and without the length of a page.  postgres_fdw asks for all columns
# of rows that it locks or updates, those of include[] too.
sub far_is
{
	my ($name, $sql, $rows, @requests) = @_;

	mock('--log');
	my ($status, $out, $err) = $far->psql('postgres', $sql);
	is("$out$err", $rows, "$name: rows");
	my @log = split /\n/, mock('--log');
	pop @log;
	s/[?&](?:limit|page)=\d+//g for @log;
	is(join("\n", sort @log), join("\n", sort @requests), "$name: requests");
	return;
}

# How a statement is done: by one that is shipped as a whole, or row by row
sub far_plan
{
	my ($sql) = @_;

	my $plan = $far->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) $sql");
	return join "\n", $plan =~ /Remote SQL: (.*)/g;
}

sub whole
{
	my ($name, $sql, @rest) = @_;

	unlike(far_plan($sql), qr/ctid/, "$name: shipped as a whole");
	far_is($name, $sql, @rest);
	return;
}

sub by_row
{
	my ($name, $sql, @rest) = @_;

	like(far_plan($sql), qr/WHERE ctid = \$1/, "$name: row by row");
	far_is($name, $sql, @rest);
	return;
}

sub count_of
{
	my ($query) = @_;

	return $near->safe_psql('postgres', "SELECT count(*) FROM $query");
}

# Reads
far_is('a row', 'SELECT id, title, ctid FROM fc.courses WHERE id = 7301',
	'7301|Hot Work Certificate|(0,7302)', 'GET /courses/7301');
far_is('rows by ctid', q{SELECT id FROM fc.courses WHERE ctid = '(0,7303)'},
	'7302', 'GET /courses/7302');
far_is('many rows, fetched by threes', 'SELECT count(*), count(DISTINCT ctid), sum(id) FROM (SELECT ctid, id FROM fc.courses OFFSET 0) AS c',
	'12|12|87678', ('GET /courses') x 2);
far_is('rows that are locked', 'SELECT id FROM fc.courses WHERE id < 7303 ORDER BY id FOR UPDATE',
	"7301\n7302", ('GET /courses?include[]=products&include[]=labels') x 2);
far_is('a join', 'SELECT w.name, c.id FROM wanted AS w JOIN fc.courses AS c USING (id) ORDER BY c.id FOR UPDATE OF w',
	"Two|7302\nFour|7304", ('GET /courses?include[]=products&include[]=labels') x 2);

# DELETE with a condition that is evaluated there: the one row, if it matches
my $dates = count_of('fc.course_dates');
by_row('a date that is not over', 'DELETE FROM fc.course_dates WHERE id = 51001 AND start_at < current_date - 40000',
	'', 'GET /coursedates?coursedate_id=51001');
is(count_of('fc.course_dates'), $dates, 'nothing was deleted');
$near->safe_psql('postgres', q{UPDATE fc.course_dates SET start_at = '2020-01-01', end_at = '2020-01-02' WHERE id = 51001});
by_row('a date that is over', 'DELETE FROM fc.course_dates WHERE id = 51001 AND start_at < current_date',
	'', 'GET /coursedates?coursedate_id=51001', 'GET /coursedates?coursedate_id=51001',
	'DELETE /courses/7301/coursedates/51001');
is(count_of('fc.course_dates WHERE id = 51001'), 0, 'it is gone');
is(count_of('fc.course_dates'), $dates - 1, 'no other is');

# UPDATE with a new value that is computed there
mock('--add', 'courses', 'id=7915', 'title="Properties"', 'custom_properties={"a":"1"}');
by_row('properties', q{UPDATE fc.courses SET custom_properties = coalesce(custom_properties, '{}') || '{"h":"1"}' WHERE id = 7915},
	'', 'GET /courses/7915?include[]=products&include[]=labels', 'GET /courses/7915',
	'PUT /courses/7915 {"custom_properties":{"a":"1","h":"1"}}', 'GET /courses/7915');
is(count_of(q{fc.courses WHERE custom_properties ? 'h'}), 1, 'one course has them');
is($near->safe_psql('postgres', 'SELECT custom_properties FROM fc.courses WHERE id = 7915'),
	'{"a": "1", "h": "1"}', 'both of them');

# What is shipped as a whole
whole('an UPDATE', q{UPDATE fc.courses SET title = 'Whole' WHERE id = 7301 RETURNING id, title},
	'7301|Whole', 'PUT /courses/7301 {"title":"Whole"}');
whole('a DELETE', 'DELETE FROM fc.courses WHERE id IN (7311, 7312)',
	'', 'DELETE /courses/7311', 'DELETE /courses/7312');
is(count_of('fc.courses'), 11, 'two are gone');

# Row by row: joins with tables there, LIMIT, arrays, RETURNING
by_row('an UPDATE by a join', 'WITH u AS (UPDATE fc.courses AS c SET title = w.name FROM wanted AS w WHERE w.id = c.id RETURNING c.id, c.title, c.ctid) SELECT * FROM u ORDER BY 1',
	"7302|Two|(0,7303)\n7304|Four|(0,7305)",
	'GET /courses?include[]=products&include[]=labels', 'PUT /courses/7302 {"title":"Two"}', 'PUT /courses/7304 {"title":"Four"}');
by_row('a DELETE of the last', 'DELETE FROM fc.courses WHERE ctid IN (SELECT ctid FROM fc.courses WHERE id < 7900 ORDER BY id DESC LIMIT 1) RETURNING id',
	'7310', 'GET /courses', 'GET /courses/7310', 'DELETE /courses/7310');
by_row('an array', q{UPDATE fc.customers SET note = left('Some' || random()::text, 4) WHERE id = ANY ('{40201,40203}') RETURNING id, note},
	"40201|Some\n40203|Some",
	(map { ("GET /customers/$_?include[]=employees", qq(PUT /customers/$_ {"note":"Some"})) } 40201, 40203),
	('GET /customers/40201', 'GET /customers/40203') x 2);
is(count_of(q{fc.customers WHERE note = 'Some'}), 2, 'two customers have the note');

# INSERT, one by one and many at once
far_is('an INSERT', q{INSERT INTO fc.courses (title) VALUES ('From afar') RETURNING id, title, ctid},
	'7916|From afar|(0,7917)', 'POST /courses {"title":"From afar"}');
$far->safe_psql('postgres', q{ALTER SERVER near OPTIONS (ADD batch_size '2')});
far_is('an INSERT in batches', q{INSERT INTO fc.customers (title) SELECT 'Batch ' || i FROM generate_series(1, 3) AS i},
	'', map { qq(POST /customers {"title":"Batch $_"}) } 1 .. 3);

# Its transactions may hold several statements.  The second look-up is one too
# many against a list of one page, which then answers it.
far_is('a transaction', q{
	BEGIN;
	UPDATE fc.courses SET title = upper(title) || random() * 0 WHERE id = 7916;
	SELECT title FROM fc.courses WHERE id = 7916;
	DELETE FROM fc.courses WHERE id = 7916 AND title = upper('from afar') || random() * 0;
	COMMIT;
	SELECT count(*) FROM fc.courses WHERE id = 7916},
	"FROM AFAR0\n0",
	'GET /courses/7916?include[]=products&include[]=labels', 'PUT /courses/7916 {"title":"FROM AFAR0"}', 'GET /courses',
	'DELETE /courses/7916', 'GET /courses/7916 404');

$far->stop;
done_testing();
