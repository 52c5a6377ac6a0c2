# The API key is seen by the API alone.
#
# The user mapping is made before anything is logged, since its statement is
# the user's, and PostgreSQL's to log.  From then on all is logged that a
# server can log, and the key must be in none of it; nor in what a session, or
# another role, can see; nor may anybody but the API be sent it.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Utils;
use Test::More;

# Two of the mock's keys, of the same account.
my $key = 'test-key';
my $other_key = 'test-key-2';

my $elsewhere = start_mock(rate => 0);
my $port = start_mock(rate => 0);
my $node = new_node(log_statement => 'none', max_prepared_transactions => 4);
my $has_statements = $node->safe_psql('postgres',
	"SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'"
);

setup_server(
	$node,
	requests_per_second => 0,
	max_concurrent_requests => 4,
	max_retries => 0);
$node->safe_psql('postgres', <<"END");
CREATE ROLE regress_reader;
CREATE ROLE regress_owner;
GRANT USAGE ON FOREIGN SERVER frontcore TO regress_reader, regress_owner;
GRANT USAGE ON SCHEMA fc TO regress_reader, regress_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA fc TO regress_reader, regress_owner;
CREATE USER MAPPING FOR regress_owner SERVER frontcore
	OPTIONS (api_key '$other_key');
END

# From now on everything is logged.
$node->append_conf('postgresql.conf', <<'END');
log_statement = all
log_min_messages = debug5
log_error_verbosity = verbose
log_min_duration_statement = 0
log_duration = on
log_temp_files = 0
log_lock_waits = on
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
debug_pretty_print = on
frontcore_fdw.log_requests = on
END
$node->append_conf('postgresql.conf',
	'shared_preload_libraries = pg_stat_statements')
  if $has_statements;
$node->restart;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements')
  if $has_statements;

my $seen = '';    # what a client was told since no_key last looked

check_statements();
check_errors();
check_explain();
check_views();
check_redirects();
check_tls();
check_files();
done_testing();

# Every kind of statement.
sub check_statements
{
	run_script(<<"END");
SELECT count(*) FROM fc.courses;
SELECT title FROM fc.courses WHERE id = 7301;
SELECT d.id, c.title FROM fc.course_dates d JOIN fc.courses c ON c.id = d.course_id
	WHERE d.course_id = ANY('{7301,7302}') ORDER BY d.start_at LIMIT 3;
PREPARE p(bigint) AS SELECT title FROM fc.courses WHERE id = \$1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p(7301);
EXECUTE p(7302);
CREATE TABLE local AS SELECT 7300 + i AS course_id FROM generate_series(1, 9) i;
ANALYZE local;
SELECT count(*) FROM local JOIN fc.course_dates USING (course_id);
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(*) FROM local JOIN fc.course_dates USING (course_id);
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM fc.customers;
FETCH 2 FROM c;
INSERT INTO fc.courses (title) VALUES ('Secret') RETURNING id, created_at;
UPDATE fc.courses SET custom_properties = '{"a": "b"}' WHERE title = 'Secret';
DELETE FROM fc.courses WHERE title = 'Secret';
ROLLBACK;
COPY fc.customers (title) FROM STDIN;
Copied
\\.
ANALYZE fc.customers;
SET ROLE regress_owner;
SELECT count(*) FROM fc.courses;
RESET ROLE;
CREATE SCHEMA again;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO again;
SELECT frontcore_cache_reset();
SELECT * FROM frontcore_pushdown('fc.courses');
END
	unlike($seen, qr/ERROR/, 'the statements work');
	no_key('what the statements print', $seen);
	return;
}

# Everything that may go wrong, and an API that repeats what it was sent.
sub check_errors
{
	my @faults = (
		'status=401', 'status=403',
		'status=404', 'status=405 header=Allow:TRACE',
		'retry_after=9999', 'status=500',
		'status=503', 'reset',
		'garbage', 'html',
		'nocontainer', 'truncate=9',
		'bigheader', 'badutf8',
		'redirect=http://localhost/v2/courses',
		qq(status=400 'body={"error":"Bad key $key"}'),
		qq(status=401 'body={"errors":[{"code":"$key","message":"$key"}]}'),
		qq(status=405 'header=Allow:$key'),
		qq(status=500 'body=<html>X-API-Key: $key</html>'),
		qq('body=<html>X-API-Key: $key</html>'),
		qq('body={"error":"@{['.' x 194]}$key"}'));

	for my $fault (@faults)
	{
		mock('--fault', "$fault count=0");
		run_script(<<"END");
SELECT title FROM fc.courses;
SELECT title FROM fc.courses WHERE id = 7301;
INSERT INTO fc.courses (title) VALUES ('x');
UPDATE fc.courses SET title = 'y' WHERE id = 7301;
ALTER SERVER frontcore OPTIONS (@{[limiter_key()]});
END
		no_key("errors of: $fault", $seen);
		mock('--reset', 'rate=0');
	}

	# no mapping; one without a key; a bad value of the key
	run_script(<<"END");
SET ROLE regress_reader;
SELECT * FROM fc.courses;
RESET ROLE;
CREATE USER MAPPING FOR regress_reader SERVER frontcore OPTIONS (api_kay 'x');
CREATE SERVER leak FOREIGN DATA WRAPPER frontcore_fdw
	OPTIONS (base_url 'https://user:hush\@api.example/v2');
CREATE SERVER leak FOREIGN DATA WRAPPER frontcore_fdw OPTIONS (api_key 'misplaced');
END
	unlike($seen, qr/hush|misplaced/, 'no message quotes what may be a secret');
	no_key('errors about mappings', $seen);

	# a query that is cancelled while it waits
	mock('--fault', 'hold count=0');
	run_script("SET statement_timeout = '100ms'; SELECT * FROM fc.courses;");
	mock('--reset', 'rate=0');
	no_key('a cancelled query', $seen);
	return;
}

# EXPLAIN in each format, of all that can be explained.
sub check_explain
{
	my $explained = '';

	for my $format (qw(text json xml yaml))
	{
		mock('--reset', 'rate=0');
		for my $statement (
			'SELECT * FROM fc.courses WHERE id = 7301',
			q(SELECT * FROM fc.course_dates WHERE start_at > '2027-01-01' ORDER BY start_at LIMIT 2),
			'SELECT * FROM local JOIN fc.course_dates USING (course_id)',
			q(INSERT INTO fc.courses (title) VALUES ('z')),
			q(UPDATE fc.courses SET title = 'z' WHERE id = 7301),
			'DELETE FROM fc.courses WHERE id = 7309')
		{
			$explained .= $node->safe_psql('postgres',
				"SET enable_hashjoin = off; SET enable_mergejoin = off; EXPLAIN (VERBOSE, ANALYZE, BUFFERS, SETTINGS, FORMAT $format) $statement"
			);
		}
	}
	like($explained, qr/Remote Request/, 'EXPLAIN shows requests');
	no_key('EXPLAIN', $explained);
	return;
}

# What views and catalogs show while a query runs.
sub check_views
{
	mock('--fault', 'hold count=0');
	my $session = $node->background_psql('postgres');
	$session->query_until(qr/running/,
		"\\echo running\nSELECT title FROM fc.courses WHERE id = 7301;\n");
	mock('--wait-in-flight', 1);

	my $views = $node->safe_psql('postgres', join ";\n",
		map { "SELECT t::text FROM $_ t" }
		  qw(pg_stat_activity pg_foreign_server pg_foreign_table
		  pg_foreign_data_wrapper pg_settings pg_prepared_statements
		  pg_file_settings frontcore_limiter frontcore_stat
		  frontcore_activity information_schema.foreign_server_options
		  information_schema.foreign_table_options),
		$has_statements ? 'pg_stat_statements' : ());

	like($views, qr/7301/, 'the views show the query');
	like($views, qr/sending/, '... and that it runs');
	no_key('views', $views);
	mock('--reset', 'rate=0');
	$session->quit;

	# the mapping's owner and superusers may see it; nobody else
	my $other = $node->safe_psql('postgres', <<'END');
SET ROLE regress_reader;
SELECT t::text FROM pg_user_mappings t;
SELECT t::text FROM information_schema.user_mapping_options t;
SELECT t::text FROM frontcore_limiter t;
SELECT t::text FROM frontcore_stat t;
SELECT t::text FROM frontcore_activity t;
END
	like($other, qr/frontcore/, 'another role sees that there are mappings');
	no_key('what another role sees', $other);
	return;
}

# A redirect is not followed: neither to another host, nor on this one.
sub check_redirects
{
	for my $host ('127.0.0.1', 'localhost')
	{
		for my $status (302, 307)
		{
			my $to = "http://$host:$elsewhere/v2/courses";

			mock('--fault', "redirect=$to status=$status count=0");
			is((psql_error($node, 'SELECT * FROM fc.courses'))[0],
				'HV000', "$status to $host is not followed");
			is( (   psql_error(
						$node,
						"INSERT INTO fc.courses (title) VALUES ('Far')"))[0],
				'08007',
				'... with a write');
			mock('--clear-faults');
		}
	}
	is(mock('--count', '--port', $elsewhere),
		0, 'the other host was sent nothing');

	mock('--reset', 'rate=0');
	mock('--fault', "redirect=http://127.0.0.1:$port/v2/customers count=0");
	is((psql_error($node, 'SELECT * FROM fc.courses'))[0],
		'HV000', 'a redirect on the same host is not followed');
	unlike(mock('--log'), qr/customers/, '... either');
	mock('--clear-faults');
	return;
}

# A server that a private authority vouches for is spoken to if that is named,
# and one that nobody vouches for is not sent the key.
sub check_tls
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my @options = (
		'-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
		'-days', '2');

  SKIP:
	{
		skip 'no openssl', 4 if system('openssl version >/dev/null 2>&1') != 0;
		for my $name (qw(ca unknown))
		{
			run_log([
				'openssl', 'req', '-x509', @options,
				'-subj', "/CN=$name", '-keyout', "$dir/$name.key",
				'-out', "$dir/$name.pem" ]);
		}
		run_log([
			'openssl', 'req', @options,
			'-subj', '/CN=localhost', '-keyout', "$dir/server.key",
			'-out', "$dir/server.csr" ]);
		append_to_file("$dir/names", "subjectAltName = DNS:localhost\n");
		run_log([
			'openssl', 'x509', '-req', '-in', "$dir/server.csr",
			'-CA', "$dir/ca.pem", '-CAkey', "$dir/ca.key",
			'-CAcreateserial', '-days', '2', '-extfile', "$dir/names",
			'-out', "$dir/server.pem" ]);

		my $tls_port = mock(
			'--serve', '--port', 0,
			'--idle', 600,
			'--tls-cert', "$dir/server.pem",
			'--tls-key', "$dir/server.key");
		mock('--set', 'rate=0', '--port', $tls_port);

		my %cases = (
			"https://localhost:$tls_port/v2 ca" => '00000',
			"https://localhost:$tls_port/v2 unknown" => 'HV00N',
			"https://127.0.0.1:$tls_port/v2 ca" => 'HV00N',
			"https://localhost:$tls_port/v2 system" => 'HV00N');
		for my $case (sort keys %cases)
		{
			my ($url, $authority) = split / /, $case;
			my $file = "$dir/$authority.pem";
			my $sent = mock('--count', '--port', $tls_port);

			run_script("ALTER SERVER frontcore OPTIONS (SET base_url '$url');");
			run_script("ALTER SERVER frontcore OPTIONS (DROP ca_file);");
			run_script("ALTER SERVER frontcore OPTIONS (ADD ca_file '$file');")
			  if $authority ne 'system';
			my ($sqlstate, $message) =
			  psql_error($node, 'SELECT id FROM fc.courses WHERE id = 7301');
			is($sqlstate, $cases{$case}, "TLS: $case");
			is( mock('--count', '--port', $tls_port) - $sent,
				$sqlstate eq '00000' ? 1 : 0,
				'... requests sent');
			no_key('... the message', $message);
		}
		mock('--stop', '--port', $tls_port);
	}
	return;
}

# The server's log, and whatever else it has written but the catalog and WAL.
sub check_files
{
	$node->stop;
	my $log = slurp_file($node->logfile);

	like($log, qr/FrontCore request GET/, 'requests are logged');
	like($log, qr/FOREIGNSCAN|:fdw_private/i, 'plans are logged');
	no_key('the server log', $log);

	my @files = `cd @{[$node->data_dir]} && find . -path ./base -prune -o -path ./pg_wal -prune -o -type f -print`;
	my $all = '';
	for my $file (@files)
	{
		chomp $file;
		$all .= slurp_file($node->data_dir . "/$file");
	}
	no_key('files of the server', $all);
	return;
}

# Run a script, come what may, and note all that it prints.
sub run_script
{
	my ($sql) = @_;

	$node->psql(
		'postgres', "\\set VERBOSITY verbose\n$sql",
		stdout => \my $out,
		stderr => \my $err,
		on_error_stop => 0);
	$seen .= "$out\n$err\n";
	return;
}

# An account that no earlier throttling blocks.
sub limiter_key
{
	our $number;

	return (++$number == 1 ? 'ADD' : 'SET') . " limiter_key 'n$number'";
}

# The key must not occur in the text; shows what is around it.
sub no_key
{
	my ($name, $text) = @_;
	my $at = index $text, $key;

	is( $at < 0 ? '' : substr($text, $at < 200 ? 0 : $at - 200, 400),
		'', "no key in $name");
	$seen = '';
	return;
}
