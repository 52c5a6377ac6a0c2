# Jobs that nobody watches: pg_cron runs a procedure that brings the API in
# step with a local planning table; its second run finds nothing to do.  And it
# keeps a local copy.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

chomp(my $library = qx(pg_config --pkglibdir));
plan skip_all => 'pg_cron is not installed (Debian: postgresql-NN-cron)'
  unless -e "$library/pg_cron.so";

start_mock(rate => 0);
my $node = new_node(shared_preload_libraries => 'pg_cron');
$node->append_conf('postgresql.conf', 'cron.host = ' . "'" . $node->host . "'");
$node->restart;
setup_server($node, requests_per_second => 0);

sub sql
{
	return $node->safe_psql('postgres', @_);
}

# What the API has stored of a date.
sub stored
{
	my ($id) = @_;

	return decode_json(mock('--dump', 'course_dates', $id));
}

# Wait until a job has run so many times.
sub wait_for_runs
{
	my ($job, $runs) = @_;

	$node->poll_query_until('postgres',
		"SELECT count(*) >= $runs FROM cron.job_run_details JOIN cron.job USING (jobid)
		 WHERE jobname = '$job' AND status IN ('succeeded', 'failed')")
	  or die "the job $job did not run $runs times";
	return;
}

# What a job's first run has come to.
sub first_run
{
	my ($job) = @_;

	return sql("SELECT status, return_message FROM cron.job_run_details JOIN cron.job USING (jobid)
		WHERE jobname = '$job' ORDER BY runid LIMIT 1");
}

# Rows 1 and 2 are new; 3 to 5 are known upstream: one moved to another day,
# one removed, one as it was.
sql(q{
	CREATE TABLE planning (
		id bigint PRIMARY KEY,
		course_id bigint NOT NULL,
		day date NOT NULL,
		days integer NOT NULL DEFAULT 1,
		is_removed boolean NOT NULL DEFAULT false,
		upstream_id bigint
	);
	INSERT INTO planning
		SELECT 3, course_id, start_at + 7, end_at - start_at + 1, false, id
		FROM fc.course_dates WHERE id = 51002;
	INSERT INTO planning
		SELECT 4, course_id, start_at, end_at - start_at + 1, true, id
		FROM fc.course_dates WHERE id = 51003;
	INSERT INTO planning
		SELECT 5, course_id, start_at, end_at - start_at + 1, false, id
		FROM fc.course_dates WHERE id = 51004;
	INSERT INTO planning
		VALUES (1, 7301, '2027-11-01', 1), (2, 7305, '2027-11-08', 2);

	CREATE PROCEDURE bring_in_step() LANGUAGE plpgsql AS $$
	DECLARE
		item planning;
	BEGIN
		-- each id is kept at once, lest a date be inserted twice
		FOR item IN
			SELECT * FROM planning
			WHERE upstream_id IS NULL AND NOT is_removed ORDER BY id
		LOOP
			INSERT INTO fc.course_dates (course_id, start_at, end_at, reference)
				VALUES (item.course_id, item.day, item.day + item.days - 1,
						'planning ' || item.id)
				RETURNING id INTO item.upstream_id;
			UPDATE planning SET upstream_id = item.upstream_id WHERE id = item.id;
			COMMIT;
		END LOOP;

		UPDATE fc.course_dates d
			SET start_at = p.day, end_at = p.day + p.days - 1
			FROM planning p
			WHERE d.course_id = p.course_id AND d.id = p.upstream_id
				AND NOT p.is_removed
				AND (d.start_at, d.end_at) IS DISTINCT FROM (p.day, p.day + p.days - 1);
		UPDATE fc.course_dates d
			SET status_id = 3
			FROM planning p
			WHERE d.course_id = p.course_id AND d.id = p.upstream_id
				AND p.is_removed AND d.status_id IS DISTINCT FROM 3;
	END
	$$;
	CREATE EXTENSION pg_cron;
});
my %before = map { $_ => stored($_) } 51002 .. 51004;
mock('--log', '--quiet');

# From 1.5 on it can do better than once a minute.
my $schedule = sql(q{
	SELECT CASE WHEN string_to_array(substring(extversion FROM '^[0-9]+[.][0-9]+'), '.')::int[] >= '{1,5}'
		THEN '5 seconds' ELSE '* * * * *' END
	FROM pg_extension WHERE extname = 'pg_cron'});

# A copy beside it: a run commits as it goes, which a job of one statement may do.
sql('CREATE SCHEMA dw');
sql(qq{
	SELECT cron.schedule('in step', '$schedule', 'CALL bring_in_step()');
	SELECT cron.schedule('copy', '$schedule', \$\$CALL frontcore_sync('fc.customers', 'dw.customers')\$\$)});

wait_for_runs($_, 1) for 'in step', 'copy';
is(first_run('in step'), 'succeeded|CALL', 'the first run');
is(first_run('copy'), 'succeeded|CALL', 'a copy is made by a job');
mock('--change', 'customers', 40202, 'note="changed"', 'updated_at="2099-01-01T10:00:00+01:00"');
my $log = mock('--log');
is(scalar(() = $log =~ /^POST /mg), 2, 'inserts what is new');
like($log, qr{^POST /courses/7301/coursedates \{"start_at":"2027-11-01","end_at":"2027-11-01","reference":"planning 1"\}$}m,
	'a day');
like($log, qr{^POST /courses/7305/coursedates \{"start_at":"2027-11-08","end_at":"2027-11-09","reference":"planning 2"\}$}m,
	'two days');
is(scalar(() = $log =~ /^PUT /mg), 2, 'updates what has changed');
unlike($log, qr/^(DELETE|PUT .*51004)/m, 'and nothing else');

my ($first) = split /\n/, sql('SELECT upstream_id FROM planning WHERE id <= 2 ORDER BY id');
is(stored($first)->{reference}, 'planning 1', 'the new date is there');
is(stored(51002)->{start_at}, '2027-01-18', 'the changed date has moved');
is(stored(51002)->{location}{id}, $before{51002}{location}{id}, 'and kept its place');
is(stored(51003)->{status}{id}, 3, 'the removed date is canceled');
is_deeply(stored(51004), $before{51004}, 'what was as planned is as it was');

# The second run reads, and writes nothing.
my %after = map { $_ => stored($_) } 51002 .. 51004, $first;
wait_for_runs($_, 2) for 'in step', 'copy';
$log = mock('--log');
like($log, qr/^GET /m, 'the second run reads');
unlike($log, qr/^(?!GET |\d+ requests?$)/m, 'and writes nothing');
is_deeply({ map { $_ => stored($_) } keys %after }, \%after, 'all is as it was');
is(sql('SELECT note FROM dw.customers WHERE id = 40202'), 'changed', 'the copy is kept up to date');
is(sql('SELECT status FROM frontcore_sync_state'), 'complete', 'as its state tells');
is(sql("SELECT count(*) FROM cron.job_run_details WHERE status = 'failed'"),
	0, 'no run failed');

$node->stop;
done_testing();
