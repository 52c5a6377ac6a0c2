# Whatever a query waits for, it can be cancelled at once, holds up no other
# backend and leaves nothing behind.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use List::Util qw(min);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $limit = 100;    # milliseconds, as the contract has it
my $timeout = $PostgreSQL::Test::Utils::timeout_default;

# Build a library in which the look-up of one name takes for ever.
sub build_resolver
{
	return build_library('resolver', <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int (*Resolver) (const char *, const char *,
						 const struct addrinfo *, struct addrinfo **);

int
getaddrinfo(const char *name, const char *service,
			const struct addrinfo *hints, struct addrinfo **result)
{
	while (name != NULL && strcmp(name, "hangs.invalid") == 0)
		sleep(60);
	return ((Resolver) dlsym(RTLD_NEXT, "getaddrinfo")) (name, service,
														 hints, result);
}
END
}

start_mock(rate => 0);
my $node;
{
	local $ENV{LD_PRELOAD} = build_resolver();
	$node = new_node(max_connections => 20);
}
setup_server(
	$node,
	limiter_key => 'first',
	requests_per_second => 0,
	max_retry_wait => '1h',
	request_timeout => '1h');
setup_server(
	$node,
	server => 'nowhere',
	schema => 'nowhere',
	base_url => 'https://hangs.invalid/v2',
	connect_timeout => '1h',
	request_timeout => '1h');

# What time_to_end measures is seen from another backend: from the signal, or
# the end of the timeout, until the victim is idle or gone.  It waits until the
# victim waits for what it should wait for.
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION time_to_end(name text, awaited text, signal text) RETURNS float
LANGUAGE plpgsql AS $$
DECLARE
	victim int;
	began timestamptz;
BEGIN
	LOOP
		PERFORM pg_stat_clear_snapshot();
		SELECT pid, query_start + interval '1 s' INTO victim, began
		FROM frontcore_activity f JOIN pg_stat_activity a USING (pid)
		WHERE a.application_name = name AND f.state = awaited;
		EXIT WHEN FOUND;
	END LOOP;
	IF signal = 'cancel' THEN
		began := clock_timestamp();
		PERFORM pg_cancel_backend(victim);
	ELSIF signal = 'terminate' THEN
		began := clock_timestamp();
		PERFORM pg_terminate_backend(victim);
	END IF;
	LOOP
		PERFORM pg_stat_clear_snapshot();
		EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity
							  WHERE pid = victim AND state = 'active');
	END LOOP;
	RETURN extract(epoch FROM clock_timestamp() - began) * 1000;
END $$;
END

# Start a query in a session of its own.
sub begin_query
{
	my ($name, @statements) = @_;
	my %query = (name => $name, out => '', err => '');

	$query{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'VERBOSITY=verbose',
			'-d', $node->connstr('postgres') . " application_name=$name",
			map { ('-c', $_) } @statements
		],
		'<', \undef, '>', \$query{out}, '2>', \$query{err});
	return \%query;
}

# Wait until a query waits for what it should wait for.
sub wait_until
{
	my ($query, $state) = @_;

	$node->poll_query_until('postgres', <<"END") or die "never $state";
SELECT count(*) > 0 FROM frontcore_activity JOIN pg_stat_activity USING (pid)
WHERE application_name = '$query->{name}' AND frontcore_activity.state = '$state'
END
	return;
}

sub end_query
{
	my ($query) = @_;

	$query->{run}->finish;
	return $query->{err};
}

# End the sessions of these names.
sub end_backends
{
	my ($names) = @_;

	$node->safe_psql('postgres',
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
		  . "WHERE application_name ~ '^($names)\$'");
	return;
}

# Start a session that measures how long an interrupt takes.
sub begin_observer
{
	my ($phase, $signal, $attempt) = @_;

	return begin_query(
		"observer$attempt",
		"SET statement_timeout = '${timeout}s'",
		"SELECT time_to_end('victim$attempt', '$phase->{state}', '$signal')");
}

# Interrupt a query, and see how long that took and what it said.  A machine
# that is busy with other things may need more than one attempt.
sub interrupt_in_time
{
	my ($phase, $signal) = @_;
	my @statements = ($phase->{sql});
	my @times;
	my $error;

	unshift @statements, "SET statement_timeout = '1s'"
	  if $signal eq 'timeout';
	for my $attempt (1 .. 5)
	{
		my ($victim, $observer);

		if ($signal eq 'timeout')
		{
			# The observer is there first, as the victim does not last long.
			$observer = begin_observer($phase, $signal, $attempt);
			wait_for_activity($node, "application_name = 'observer$attempt' "
				  . "AND state = 'active' AND query ~ 'time_to_end'");
			$victim = begin_query("victim$attempt", @statements);
		}
		else
		{
			my $sent = mock('--count');

			$victim = begin_query("victim$attempt", @statements);
			mock('--wait-for', $sent + 1) if $phase->{arrives};
			$observer = begin_observer($phase, $signal, $attempt);
		}
		is(end_query($observer), '', "$signal while $phase->{name}: seen");
		push @times, $observer->{out} || 'inf';
		$error = end_query($victim);
		last if $times[-1] < $limit;
	}

	chomp @times;
	cmp_ok(min(@times), '<', $limit,
		"$signal while $phase->{name}: in time (@times ms)");
	my $sqlstate = $signal eq 'terminate' ? '57P01' : '57014';
	like($error, qr/$sqlstate: .*$phase->{context}/s,
		"$signal while $phase->{name}: as an interrupt");
	return;
}

# DROP DATABASE waits for all backends of the cluster to take notice.
sub drop_database_in_time
{
	my ($phase) = @_;
	my @times;

	for my $attempt (1 .. 5)
	{
		$node->safe_psql('postgres', 'CREATE DATABASE unrelated');

		my $victim = begin_query("bystander$attempt", $phase->{sql});
		wait_until($victim, $phase->{state});
		my $began = time;
		$node->safe_psql('postgres', 'DROP DATABASE unrelated');
		push @times, time - $began;
		end_backends("bystander$attempt");
		end_query($victim);
		last if $times[-1] < 1;
	}
	cmp_ok(min(@times), '<', 1, "DROP DATABASE while $phase->{name}");
	return;
}

my $read = 'SELECT count(*) FROM fc.courses';
my @phases = (
	{
		name => 'no answer comes',
		faults => ['hold match=/courses count=0'],
		sql => $read,
		state => 'sending',
		arrives => 1,
		context => 'FrontCore request GET /courses'
	},
	{
		name => 'half an answer has come',
		faults => ['stall_after_headers match=/courses count=0'],
		sql => $read,
		state => 'sending',
		arrives => 1,
		context => 'FrontCore request GET /courses'
	},
	{
		name => 'a write is not answered',
		faults => ['hold match=POST count=0'],
		sql => "INSERT INTO fc.courses (title) VALUES ('Interrupted')",
		state => 'sending',
		arrives => 1,
		context => 'outcome is unknown.*FrontCore request POST /courses'
	},
	{
		name => 'backing off',
		faults => ['status=503 match=/courses count=0'],
		sql => $read,
		state => 'backing off',
		context => 'FrontCore request GET /courses'
	},
	{
		name => 'blocked by a 429',
		faults => ['retry_after=3000 match=/courses'],
		sql => $read,
		state => 'waiting',
		context => 'waiting for the rate limiter.*FrontCore request GET'
	},
	{
		name => 'a name is looked up',
		faults => [],
		sql => 'SELECT count(*) FROM nowhere.courses',
		state => 'sending',
		context => 'FrontCore request GET /courses'
	});

for my $phase (@phases)
{
	# Each phase has an account of its own, as one of them gets blocked.
	$node->safe_psql('postgres',
		"ALTER SERVER frontcore OPTIONS (SET limiter_key '$phase->{name}')");
	mock('--clear-faults');
	mock('--fault', $_) for @{ $phase->{faults} };

	interrupt_in_time($phase, $_) for qw(cancel timeout terminate);
	drop_database_in_time($phase);
}

# In the limiter's queue, behind a request that is not answered.
$node->safe_psql('postgres',
	"ALTER SERVER frontcore OPTIONS (SET limiter_key 'queue')");
mock('--clear-faults');
mock('--fault', 'hold match=/customers count=0');
my $first = begin_query('first', 'SELECT count(*) FROM fc.customers');
wait_until($first, 'sending');
my $second = begin_query('second', $read);
$node->poll_query_until('postgres',
	'SELECT sum(queued) = 1 FROM frontcore_limiter')
  or die 'nobody queued';
my $queued = {
	name => 'queued',
	sql => $read,
	state => 'queued',
	context => 'waiting for the rate limiter, [1-9]\d* requests before.*GET'
};
interrupt_in_time($queued, $_) for qw(cancel timeout terminate);
drop_database_in_time($queued);
end_backends('first|second');
end_query($_) for $first, $second;

# A thousand cancelled requests leave no file open.
mock('--clear-faults');
mock('--fault', 'hold match=/courses count=0');
my $files = "SELECT 'files', count(*) FROM pg_ls_dir('/proc/self/fd');\n";
my $canceled = <<'END';
BEGIN;
SET LOCAL statement_timeout = '5ms';
SELECT count(*) FROM fc.courses;
ROLLBACK;
END
my ($out, $err) = ('', '');
$node->psql(
	'postgres',
	$canceled x 10 . $files . $canceled x 1000 . $files,
	stdout => \$out,
	stderr => \$err,
	on_error_stop => 0,
	timeout => 10 * $timeout,
	extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
my @counts = $out =~ /^files\|(\d+)$/mg;
is($err =~ s/57014//g, 1010, 'all requests were cancelled');
is(scalar(@counts), 2, 'files were counted twice');
is($counts[1], $counts[0], 'as many files are open as before');

# The session that was cancelled can go on.  What is held is for another list,
# so that none of the thousand takes it, should it be late.
mock('--reset', 'rate=0');
mock('--fault', 'hold match=/customers');
my $survivor = begin_query('survivor', ('SELECT count(*) FROM fc.customers') x 2);
mock('--wait-in-flight', 1, '--timeout', 60);
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity '
	  . "WHERE application_name = 'survivor'");
like(end_query($survivor), qr/57014/, 'a session was cancelled');
is($survivor->{out}, "15\n", '... and can go on');

$node->stop;
done_testing();
