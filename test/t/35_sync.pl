# A local copy by frontcore_sync(), when something happens on the way: the API
# changes under a run, a run breaks off at a step, several sessions and roles
# meet.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();
my $full_disk = "$directory/full";

# A library in which no table can grow while a file is there.
sub build_full_disk
{
	return build_library('full_disk', <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int
has_no_space(int file, off_t end)
{
	char		link[64];
	char		path[1024];
	ssize_t		length;
	struct stat status;

	if (access(getenv("FRONTCORE_FULL_DISK"), F_OK) != 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return strstr(path, "/base/") != NULL && fstat(file, &status) == 0 &&
		end > status.st_size;
}

#define WRITES(name, type, count, bytes) \
	ssize_t name(int file, type data, count size, off_t offset) \
	{ \
		if (has_no_space(file, offset + (bytes))) \
		{ \
			errno = ENOSPC; \
			return -1; \
		} \
		return ((ssize_t (*) (int, type, count, off_t)) \
				dlsym(RTLD_NEXT, #name)) (file, data, size, offset); \
	}
WRITES(pwrite, const void *, size_t, size)
WRITES(pwrite64, const void *, size_t, size)
WRITES(pwritev, const struct iovec *, int, 1)
WRITES(pwritev64, const struct iovec *, int, 1)

#define RESERVES(name) \
	int name(int file, off_t offset, off_t size) \
	{ \
		if (has_no_space(file, offset + size)) \
			return ENOSPC; \
		return ((int (*) (int, off_t, off_t)) dlsym(RTLD_NEXT, #name)) \
			(file, offset, size); \
	}
RESERVES(posix_fallocate)
RESERVES(posix_fallocate64)
END
}

my %account = (rate => 0, dates => 1250, customers => 65);
my $port = start_mock(rate => 0);
my $node;
{
	local $ENV{FRONTCORE_FULL_DISK} = $full_disk;
	local $ENV{LD_PRELOAD} = build_full_disk();
	$node = new_node(max_connections => 30, restart_after_crash => 'on');
}

sub sql
{
	return $node->safe_psql('postgres', @_);
}

# A fresh API and an account of which nothing is known, with an empty schema
# for its copies.  Its list of dates has all columns of the foreign table, so
# that it is walked in the order of ids, in steps of 20 pages; that of customers
# is walked by page number.
our $page_size = 25;

sub fresh_account
{
	mock('--reset', (map { "$_=$account{$_}" } sort keys %account),
		'list_timestamps=present', 'today=2026-06-15', @_);
	my $name = new_account($node, requests_per_second => 0, page_size => $page_size,
		max_retry_wait => '1s');
	sql(qq{
		ALTER FOREIGN TABLE $name.course_dates DROP COLUMN instructors;
		DROP SCHEMA IF EXISTS dw CASCADE;
		CREATE SCHEMA dw;});
	return $name;
}

# What differs between a foreign table and its copy: rows that only one has.
sub difference
{
	my ($account, $table) = @_;

	return sql(qq{
		SELECT 'copy lacks ' || id FROM (TABLE $account.$table EXCEPT TABLE dw.$table) AS t
		UNION ALL
		SELECT 'copy has ' || id FROM (TABLE dw.$table EXCEPT TABLE $account.$table) AS t});
}

sub state_of
{
	my ($table) = @_;

	return sql("SELECT status || coalesce(': ' || last_error, '') FROM frontcore_sync_state WHERE target = 'dw.$table'::regclass");
}

sub locks
{
	return sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
}

# Begin a run in a session of its own, and hold it at a request.
sub run_until
{
	my ($page, $match, $call, $before) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe("SET client_min_messages = warning; $before");
	mock('--fault', "match=$match skip=" . ($page - 1) . ' hold');
	$session->query_until(qr/begun/, "\\echo begun\n$call;\n\\echo ended\n");
	mock('--wait-in-flight', 1);
	return $session;
}

# Let a run that is held go on to its end, or wait for the end.
sub finish
{
	my ($session, $goes_on) = @_;

	mock('--clear-faults');
	mock('--release') if $goes_on;
	$session->query_until(qr/ended/, "\n");
	return;
}

my $now = sub { my @t = gmtime(time() + shift); sprintf('"%04d-%02d-%02dT%02d:%02d:%02d+00:00"', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ]) };

# The API changes while a run reads: a row is removed from a page that has been
# read, and one from a page to come; rows are changed on both; one is new.
# A page of ten rows proves no order, so the third of these goes by number, too.
foreach my $case ([ 'course_dates', '^GET./coursedates', 50, 25 ], [ 'customers', '^GET./customers.include', 7, 10 ],
	[ 'course_dates', '^GET./coursedates', 124, 10 ])
{
	my ($table, $match, $last, $size) = @$case;

	foreach my $page (2, 5, $last)
	{
		local $page_size = $size;
		my $account = fresh_account();
		my $call = "CALL frontcore_sync('$account.$table', 'dw.$table', reconcile => true)";

		sql($call);
		my @ids = split /\n/, sql("SELECT id FROM dw.$table ORDER BY id");
		my $session = run_until($page, $match, $call, '');

		mock('--remove', $table, $ids[1]);
		mock('--remove', $table, $ids[-2]);
		mock('--change', $table, $ids[$_], 'reference="changed"', 'note="changed"', 'updated_at=' . $now->(0)) for 0, -1, 25;
		mock('--add', $table, ($table eq 'customers' ? 'title="New"' : 'course_id=7301'), 'updated_at=' . $now->(0), 'created_at=' . $now->(0))
		  if $table eq 'customers';
		finish($session, 1);
		$session->quit;
		is(state_of($table), 'complete', "$table, $size to a page: complete, though changed at page $page");

		my %is_there = map { $_ => 1 } split /\n/, sql("SELECT id FROM dw.$table");
		is(join(',', grep { !$is_there{$_} } @ids[ 0, 2 .. $#ids - 2, $#ids ]), '', 'no row that exists is lost');

		sql("CALL frontcore_sync('$account.$table', 'dw.$table')");
		is(join("\n", grep { !/copy has ($ids[1]|$ids[-2])$/ } split /\n/, difference($account, $table)), '',
			'after the next run the copy lacks no change');
		sql($call);
		is(difference($account, $table), '', 'after a reconcile it is equal');
	}
}

# A run breaks off in its third step, by ids, after two checkpoints.
my @ends = (
	[ 'full disk', sub { append_to_file($full_disk, '') }, qr/^error: could not extend file .*\(53100\)$/ ],
	[ 'cancel', sub { sql('SELECT pg_cancel_backend(' . $_[0] . ')') }, qr/^broken off: canceling statement due to user request \(57014\)$/ ],
	[ 'statement_timeout', sub { }, qr/^broken off: canceling statement due to statement timeout \(57014\)$/ ],
	[ 'terminate', sub { sql('SELECT pg_terminate_backend(' . $_[0] . ')') }, qr/^broken off: the session ended before the run did/ ],
	[ 'kill -9', sub { kill 'KILL', $_[0] }, qr/^broken off: the session ended before the run did/ ],
	[ 'crash', sub { $node->stop('immediate'); $node->start }, qr/^broken off: the session ended before the run did/ ],
	[ '429', 'status=429', qr/^error: .*\(53400\)$/ ],
	[ '503', 'status=503', qr/^error: .*\(57P03\)$/ ],
	[ 'connection', 'reset', qr/^error: .*\(08006\)$/ ]);

foreach my $end (@ends)
{
	my ($name, $does, $state) = @$end;
	my $account = fresh_account();
	my $source = "$account.course_dates";
	my $call = "CALL frontcore_sync('$source', 'dw.course_dates')";

	# the target counts what is written to it
	sql(qq{
		CREATE TABLE dw.course_dates (LIKE $source, PRIMARY KEY (id));
		CREATE TABLE dw.written (id bigint, op text);
		CREATE FUNCTION dw.tell() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN INSERT INTO dw.written VALUES (NEW.id, tg_op); RETURN NULL; END';
		CREATE TRIGGER tell AFTER INSERT OR UPDATE ON dw.course_dates FOR EACH ROW EXECUTE FUNCTION dw.tell();});
	if (ref $does)
	{
		# a timeout counts from the call, and may strike in an earlier step
		my $session = run_until(45, '^GET./coursedates', $call,
			$name eq 'statement_timeout' ? "SET statement_timeout = '3s'" : '');

		if ($name eq 'cancel')
		{
			is(state_of('course_dates'), 'running', 'while it runs, it is running');
			is(locks(), 1, 'its lock has survived its COMMITs');
			my ($out, $notice);
			$node->psql('postgres', $call, stdout => \$out, stderr => \$notice);
			like($notice, qr/NOTICE:  another session is copying to table dw.course_dates/, 'a second run says so');
			is(sql("SELECT count(*) FROM frontcore_activity WHERE resource = 'course_dates'"), 1,
				'its progress is seen');
		}
		my $pid = sql(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL frontcore_sync%'});
		$does->($pid);
		if ($name =~ /^(cancel|statement_timeout|full disk)$/)
		{
			finish($session, $name eq 'full disk');
			is($session->query('SELECT 1'), 1, "$name: the session goes on");
			is(locks(), 0, 'and has no lock left');
			unlink $full_disk;
			$session->quit;
		}
		else
		{
			# the server is there again when it has recovered
			$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid") or die 'it has not ended';
			mock('--clear-faults');
			mock('--release');
			eval { $session->quit };
		}
	}
	else
	{
		mock('--fault', "match=^GET./coursedates skip=44 count=0 $does");
		psql_error($node, $call);
		mock('--clear-faults');
	}

	like(state_of('course_dates'), $state, "$name: the state tells of it");
	is(locks(), 0, 'no lock is left');
	is(sql('SELECT count(*) FROM dw.course_dates'), 1000, 'two steps have stayed') if $name ne 'statement_timeout';
	# a 429 keeps every program of the account away for a while
	$node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM frontcore_limiter WHERE blocked_until > clock_timestamp()')
	  or die 'the limiter does not open';
	mock('--log');
	my $told;
	$node->psql('postgres', $call, stderr => \$told);
	if ($name ne 'statement_timeout')
	{
		like($told, qr/NOTICE:  \S+course_dates: goes on behind id \d+/, 'the next run says that it goes on');
		cmp_ok((split / /, mock('--log', '--quiet'))[0], '<', 30, 'and does');
	}
	is(state_of('course_dates'), 'complete', 'and is complete');
	is(difference($account, 'course_dates'), '', 'the copy is equal');
	is(sql(q{SELECT count(*) FROM dw.written GROUP BY id, op HAVING op <> 'INSERT' OR count(*) > 1}), '', 'no row was written twice');
}

# What lasts for a day: a checkpoint that is older is not gone on with.  Rows
# that are gone are found in the part that was read without a break, those that
# were changed meanwhile in all parts.
{
	my $account = fresh_account();
	my $call = "CALL frontcore_sync('$account.course_dates', 'dw.course_dates'";

	sql("$call)");
	my @ids = split /\n/, sql('SELECT id FROM dw.course_dates ORDER BY id');
	foreach my $age ('23 hours', '25 hours')
	{
		mock('--remove', 'course_dates', shift @ids);
		mock('--remove', 'course_dates', pop @ids);
		mock('--fault', 'match=^GET./coursedates skip=44 count=0 status=503');
		psql_error($node, "$call, reconcile => true)");
		mock('--clear-faults');
		mock('--change', 'course_dates', $ids[5], 'reference="meanwhile"', 'updated_at=' . $now->(0));
		mock('--log');
		sql(qq{
			UPDATE frontcore_sync_runs SET reading_since = reading_since - interval '$age';
			$call, reconcile => true);
			SET client_min_messages = warning});
		my $requests = (split / /, mock('--log', '--quiet'))[0];
		if ($age eq '23 hours')
		{
			cmp_ok($requests, '<', 30, 'within a day a reconcile goes on');
			is(difference($account, 'course_dates') =~ tr/\n//, 0, 'and deletes only what its part lacked');
		}
		else
		{
			cmp_ok($requests, '>', 45, 'after a day it begins anew');
			is(difference($account, 'course_dates'), '', 'and deletes all that is gone');
		}
	}
}

# A target that has lost its rows is filled anew: an unlogged table after a
# crash, one that was truncated.
{
	my $account = fresh_account();

	sql(qq{
		CREATE UNLOGGED TABLE dw.customers (LIKE $account.customers, PRIMARY KEY (id));
		CALL frontcore_sync('$account.customers', 'dw.customers')});
	$node->stop('immediate');
	$node->start;
	is(sql('SELECT count(*) FROM dw.customers'), 0, 'an unlogged table is empty after a crash');
	sql("CALL frontcore_sync('$account.customers', 'dw.customers')");
	is(difference($account, 'customers'), '', 'and is filled anew');
}

# Rows that are gone by the dozen cost one more reading, not a request each.
{
	my $account = fresh_account();

	sql("CALL frontcore_sync('$account.customers', 'dw.customers')");
	my @ids = split /\n/, sql('SELECT id FROM dw.customers ORDER BY id');
	mock('--remove', 'customers', $_) for @ids[ 3 .. 30 ];
	mock('--log');
	sql("CALL frontcore_sync('$account.customers', 'dw.customers', reconcile => true)");
	cmp_ok((split / /, mock('--log', '--quiet'))[0], '<=', 10, 'two readings of a list of four pages');
	is(difference($account, 'customers'), '', 'and all of them are deleted');
}

# An error leaves nothing to go on with, where it comes after the reading.
{
	my $account = fresh_account();

	sql(qq{
		CALL frontcore_sync('$account.customers', 'dw.customers');
		CREATE TABLE dw.invoices (customer_id bigint REFERENCES dw.customers DEFERRABLE INITIALLY DEFERRED);
		INSERT INTO dw.invoices SELECT min(id) FROM dw.customers});
	my $id = sql('SELECT customer_id FROM dw.invoices');
	mock('--remove', 'customers', $id);
	is((psql_error($node, "CALL frontcore_sync('$account.customers', 'dw.customers', reconcile => true)"))[0],
		'23503', 'a gone row that is still referenced');
	like(state_of('customers'), qr/^error: .*violates foreign key constraint.*\(23503\)$/, 'is told');
	mock('--log');
	sql("CALL frontcore_sync('$account.customers', 'dw.customers')");
	cmp_ok((split / /, mock('--log', '--quiet'))[0], '<=', 2, 'and the next run asks for changes only');

	# one that comes before the reading is told, too
	sql("DROP USER MAPPING FOR CURRENT_USER SERVER $account");
	is((psql_error($node, "CALL frontcore_sync('$account.customers', 'dw.customers')"))[0], '28000', 'a key that is gone');
	like(state_of('customers'), qr/^error: .*\(28000\)$/, 'is told as well');
	is(locks(), 0, 'and leaves no lock');
}

# A plain role copies into its own tables, sees the state of tables that it may
# read, and changes nobody else's.  Nobody holds up a run by an advisory lock.
{
	my $account = fresh_account();

	sql(qq{
		CALL frontcore_sync('$account.customers', 'dw.customers');
		CREATE ROLE regress_plain LOGIN;
		CREATE SCHEMA own AUTHORIZATION regress_plain;
		GRANT USAGE ON SCHEMA $account, dw TO regress_plain;
		GRANT SELECT ON ALL TABLES IN SCHEMA $account TO regress_plain;
		CREATE USER MAPPING FOR regress_plain SERVER $account OPTIONS (api_key 'test-key')});
	my @plain = (extra_params => [ '-U', 'regress_plain' ]);
	is(sql("CALL frontcore_sync('$account.customers', 'own.customers'); SELECT target, status FROM frontcore_sync_state", @plain),
		'own.customers|complete', 'a plain role copies into its own table, and sees that');
	is(sql("SELECT tableowner FROM pg_tables WHERE schemaname = 'own'"), 'regress_plain', 'which it owns');
	foreach my $attempt (
		"UPDATE frontcore_sync_runs SET mark = now()",
		"SELECT * FROM frontcore_sync_runs",
		"UPDATE frontcore_sync_state SET mark = now()",
		"SELECT frontcore_sync_lock('dw.customers')",
		"SELECT frontcore_sync_recall('dw.customers')",
		"SELECT frontcore_sync_note(ROW('dw.customers'::regclass, 'dw.customers'::regclass, now(), 'complete', 0, 0, 0, 0, now(), now(), NULL, true, 0, NULL, NULL, NULL, '{}')::frontcore_sync_runs)",
		"CALL frontcore_sync('$account.customers', 'dw.customers')")
	{
		my ($out, $error);
		$node->psql('postgres', $attempt, stdout => \$out, stderr => \$error, @plain);
		like($error, qr/permission denied|only a run of frontcore_sync|cannot update view/, "refused: $attempt");
	}
	is(sql("SELECT status FROM frontcore_sync_state WHERE target = 'dw.customers'::regclass"), 'complete', "the other's state is as it was");
	sql("GRANT SELECT ON dw.customers TO regress_plain");
	is(sql('SELECT count(*) FROM frontcore_sync_state', @plain), 2, 'it sees the state of what it may read');

	my $holder = $node->background_psql('postgres', @plain);
	$holder->query_safe("SELECT pg_advisory_lock(1178817369, 'dw.customers'::regclass::oid::int)");
	sql("CALL frontcore_sync('$account.customers', 'dw.customers', reconcile => true)");
	is(sql("SELECT now() - finished_at < interval '1 min' FROM frontcore_sync_state WHERE target = 'dw.customers'::regclass"), 't',
		'an advisory lock of another session holds up nothing');
	$holder->quit;
	sql('DROP OWNED BY regress_plain CASCADE; DROP ROLE regress_plain');
}

# Nothing in a search_path comes before what the procedures mean.
{
	my $account = fresh_account();

	sql(q{
		CREATE SCHEMA hostile;
		SET search_path = hostile;
		CREATE FUNCTION bad(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad(name, name) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad(record, record) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad_text(jsonb, text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad_sum(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION bad_concat(text, text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE OPERATOR ->> (FUNCTION = bad_text, LEFTARG = jsonb, RIGHTARG = text);
		CREATE OPERATOR + (FUNCTION = bad_sum, LEFTARG = bigint, RIGHTARG = bigint);
		CREATE OPERATOR - (FUNCTION = bad_sum, LEFTARG = bigint, RIGHTARG = bigint);
		CREATE OPERATOR || (FUNCTION = bad_concat, LEFTARG = text, RIGHTARG = text);
		CREATE FUNCTION format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION cardinality(anyarray) RETURNS integer LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION array_cat(bigint[], bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE FUNCTION frontcore_sync_run(regclass, text, boolean, text, boolean, interval, integer, jsonb)
			RETURNS jsonb LANGUAGE plpgsql AS $$BEGIN RAISE 'hostile'; END$$;
		CREATE TABLE frontcore_sync_runs (target regclass);
		CREATE TABLE pg_class (oid oid);
		CREATE DOMAIN text AS pg_catalog.text CHECK (false);
		CREATE DOMAIN int8 AS pg_catalog.int8 CHECK (false);
		DO $do$
		DECLARE
			operator pg_catalog.text;
			type pg_catalog.text;
		BEGIN
			FOREACH operator IN ARRAY '{=,<>,<,>,<=,>=,*<>}'::pg_catalog.text[] LOOP
				FOREACH type IN ARRAY '{text,bigint,name,oid,timestamptz,record}'::pg_catalog.text[] LOOP
					EXECUTE pg_catalog.format('CREATE OPERATOR %s (FUNCTION = bad, LEFTARG = pg_catalog.%s, RIGHTARG = pg_catalog.%2$s)',
						operator, CASE type WHEN 'bigint' THEN 'int8' ELSE type END);
				END LOOP;
			END LOOP;
		END $do$;
	} =~ s/%s \(FUNCTION/%1\$s (FUNCTION/r);
	my $set = "SET search_path = hostile, pg_catalog, public;";
	sql("$set CALL public.frontcore_sync('$account.customers', 'dw.customers')");
	my $id = sql('SELECT min(id) FROM dw.customers');
	mock('--remove', 'customers', $id);
	mock('--change', 'customers', $id + 1, 'note="changed"', 'updated_at=' . $now->(0));
	sql("$set CALL public.frontcore_sync('$account.customers', 'dw.customers')");
	sql("$set CALL public.frontcore_sync('$account.customers', 'dw.customers', reconcile => true)");
	is(difference($account, 'customers'), '', 'a hostile search_path changes nothing');
	sql("$set CALL public.frontcore_sync_schema('$account', 'dw')");
	is(sql("SELECT count(*) FROM frontcore_sync_state WHERE status = 'complete' AND target IN (SELECT oid FROM pg_class WHERE relnamespace = 'dw'::regnamespace)"),
		6, 'for all tables of a schema neither');
	mock('--fault', 'match=/customers count=0 status=422');
	my ($code, $error) = psql_error($node, "$set CALL public.frontcore_sync_schema('$account', 'dw')");
	is($code, 'HV00L', 'nor for an error');
	like($error, qr/could not copy 1 of 6 tables: customers/, 'which names the table');
	mock('--clear-faults');
}

# Two sessions that make the same target at once
{
	my $account = fresh_account();
	my $other = $node->background_psql('postgres', on_error_stop => 0);

	$other->query_safe(qq{
		BEGIN;
		CREATE TABLE dw.customers (LIKE $account.customers, PRIMARY KEY (id))});
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_until(qr/begun/, "\\echo begun\nCALL frontcore_sync('$account.customers', 'dw.customers');\n\\echo ended\n");
	wait_for_activity($node, "query LIKE 'CALL frontcore_sync%' AND wait_event_type = 'Lock'");
	$other->query_safe('COMMIT');
	$session->query_until(qr/ended/, "\n");
	is(state_of('customers'), 'complete', 'a table that another session made at the same time is a target');
	$_->quit for $other, $session;
}

# In a block with EXCEPTION, in a function, in a statement with others: nothing
# is sent.
{
	my $account = fresh_account();
	my $call = "CALL frontcore_sync('$account.customers', 'dw.customers')";

	mock('--log');
	foreach my $around (
		"DO \$\$BEGIN BEGIN $call; EXCEPTION WHEN division_by_zero THEN NULL; END; END\$\$",
		"BEGIN; $call",
		"CREATE FUNCTION dw.run() RETURNS void LANGUAGE plpgsql AS \$\$BEGIN $call; END\$\$; SELECT dw.run()")
	{
		is((psql_error($node, $around))[0], '25001', "refused: $around");
	}
	my ($out, $error) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', "SELECT 1; $call" ], '>', \$out, '2>', \$error);
	like($error, qr/cannot run inside a transaction block/, 'refused in a statement with another');
	is(mock('--log', '--quiet'), '0 requests', 'nothing was sent');
	sql("DO \$\$BEGIN $call; END\$\$");
	is(state_of('customers'), 'complete', 'a block without EXCEPTION may call it');
}

$node->stop;
done_testing();
