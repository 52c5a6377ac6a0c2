# The limiter's guarantee and its queue, by the mock's own arrival log.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

start_mock(latency => '0-200');
my $node = new_node(
	max_connections => 40,
	restart_after_crash => 'on');
setup_server($node);

# Start a query in a session of its own, which psql ends with the query.
sub begin_query
{
	my ($name, $sql) = @_;
	my %query = (out => '', err => '');

	$query{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'VERBOSITY=verbose',
			'-d', $node->connstr('postgres') . " application_name=$name",
			'-c', $sql
		],
		'<', \undef, '>', \$query{out}, '2>', \$query{err});
	return \%query;
}

sub end_query
{
	my ($query) = @_;

	$query->{run}->finish;
	chomp $query->{out};
	return $query->{out};
}

# A course by its id costs one request, which shows in the mock's log.
sub begin_course
{
	my ($name, $id) = @_;

	return begin_query($name, "SELECT id FROM fc.courses WHERE id = $id");
}

# Start to read a course, and wait until that is the nth in the queue.
sub queue_course
{
	my ($name, $id, $n) = @_;
	my $query = begin_course($name, $id);

	wait_for_limiter("queued = $n");
	return $query;
}

sub wait_for_limiter
{
	my ($condition) = @_;

	$node->poll_query_until('postgres',
		"SELECT $condition FROM frontcore_limiter")
	  or die "never $condition";
	return;
}

# Call a function for the backend of a session.
sub signal_backend
{
	my ($function, $name) = @_;

	is($node->safe_psql('postgres',
			"SELECT $function(pid) FROM pg_stat_activity "
			  . "WHERE application_name = '$name'"),
		't', "$function of $name");
	return;
}

# Kill a backend as nobody should, and wait for the crash restart.
sub kill_backend
{
	my ($name) = @_;
	my $pid = $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE application_name = '$name'");
	my $log = -s $node->logfile;

	is(kill('KILL', $pid), 1, "kill of $name");
	$node->wait_for_log(qr/all server processes terminated; reinitializing/,
		$log);
	$node->poll_query_until('postgres', 'SELECT true');
	return;
}

sub arrivals
{
	my @arrivals = map {
		my %arrival;
		@arrival{qw(time account method target status connection key done)} =
		  @$_;
		\%arrival
	} @{ decode_json(mock('--arrivals')) };

	@arrivals = sort { $a->{time} <=> $b->{time} } @arrivals;
	return @arrivals;
}

# No request was refused, and no six arrived within a second.
sub check_guarantee
{
	my ($name) = @_;
	my @arrivals = arrivals();
	my $least = 1e9;

	foreach my $i (5 .. $#arrivals)
	{
		my $span = $arrivals[$i]{time} - $arrivals[ $i - 5 ]{time};
		$least = $span if $span < $least;
	}
	ok($least >= 1, "$name: six requests within no less than $least s");
	is(scalar(grep { $_->{status} && $_->{status} == 429 } @arrivals),
		0, "$name: no 429");
	return;
}

# How much of what rule 3 allows was used?  A request may be sent when the
# one before it is answered, and the fifth before it was a second ago.  The
# first seconds do not count, as the limiter's block is new then.
sub used_part
{
	my @arrivals = arrivals();
	my $lost = 0;

	foreach my $i (15 .. $#arrivals)
	{
		my $allowed = $arrivals[ $i - 5 ]{done} + 1;
		my $free = $arrivals[ $i - 1 ]{done};

		$allowed = $free if $free > $allowed;
		$lost += $arrivals[$i]{time} - $allowed;
	}
	return 1 - $lost / ($arrivals[-1]{done} - $arrivals[15]{time});
}

# Twenty backends that all want more than there is get it in turn.
$node->pgbench(
	'-n -c 20 -j 4 -t 3',
	0,
	[qr{actually processed: 60/60}],
	[qr{^$}],
	'twenty backends at one account',
	{ 'limiter' => "SELECT id FROM fc.courses WHERE id = 7301;\n" });

my @arrivals = arrivals();
is(scalar @arrivals, 60, 'each query is one request');
check_guarantee('twenty backends');

my %served = map { $_->{connection} => 0 } @arrivals;
my $unfair = 0;
is(scalar keys %served, 20, 'each backend keeps one connection');
foreach my $arrival (@arrivals)
{
	$served{ $arrival->{connection} }++;
	my @counts = sort { $a <=> $b } values %served;
	$unfair++ if $counts[-1] - $counts[0] > 1;
}
is($unfair, 0, 'no backend is served twice while another waits once');
is(decode_json(mock('--stats'))->{max_in_flight}{a},
	1, 'one request after the other');

cmp_ok(used_part(), '>=', 0.9, 'nine tenths of what is allowed are used');

# With more in flight at once, jitter cannot break the limit either.
$node->safe_psql('postgres',
	"ALTER SERVER frontcore OPTIONS (ADD max_concurrent_requests '20')");
mock('--reset', 'latency=0-800');
$node->pgbench(
	'-n -c 20 -j 4 -t 2',
	0,
	[qr{actually processed: 40/40}],
	[qr{^$}],
	'twenty backends, many requests in flight',
	{ 'limiter_concurrent' => "SELECT id FROM fc.courses WHERE id = 7301;\n" });
check_guarantee('many in flight');
cmp_ok(decode_json(mock('--stats'))->{max_in_flight}{a},
	'>', 1, 'requests overlap');
$node->safe_psql('postgres',
	"ALTER SERVER frontcore OPTIONS (DROP max_concurrent_requests)");

# Waiters that are cancelled or terminated leave no hole in the queue.
mock('--reset');
mock('--fault', 'hold');
my $sender = begin_course('sender', 7301);
mock('--wait-in-flight', 1);
wait_for_limiter('in_flight = 1');
my @waiters = map { queue_course("waiter$_", 7301 + $_, $_) } 1 .. 4;

is($node->safe_psql('postgres',
		"SELECT pid IS NOT NULL, server, resource, a.state "
		  . "FROM frontcore_activity a JOIN pg_stat_activity USING (pid) "
		  . "ORDER BY application_name"),
	join("\n",
		't|frontcore|courses|sending',
		't|frontcore|courses|waiting',
		('t|frontcore|courses|queued') x 3),
	'frontcore_activity shows who is where');

my $began = time;
signal_backend('pg_cancel_backend', 'waiter2');
end_query($waiters[1]);
cmp_ok(time - $began, '<', 2, 'a cancelled waiter ends at once');
like($waiters[1]{err}, qr/57014/, 'with the error of a cancel');
like($waiters[1]{err},
	qr/CONTEXT:  waiting for the rate limiter, 1 requests? before this one/,
	'that says where it waited');

signal_backend('pg_terminate_backend', 'waiter1');
end_query($waiters[0]);
like($waiters[0]{err}, qr/57P01/, 'a terminated waiter ends');
wait_for_limiter('queued = 2 AND in_flight = 1');

mock('--release');
is(end_query($sender), '7301', 'the sender gets its answer');
is(end_query($waiters[2]), '7304', 'and so does the next waiter');
is(end_query($waiters[3]), '7305', 'and the one after it');
is(join(' ', map { $_->{target} =~ /(\d+)/ } arrivals()),
	'7301 7304 7305', 'in the order in which they came');
check_guarantee('waiters cancelled and terminated');

# A timeout counts the time in the queue.
mock('--reset');
mock('--fault', 'hold');
$sender = begin_course('sender', 7301);
mock('--wait-in-flight', 1);
wait_for_limiter('in_flight = 1');
my ($sqlstate, $message) = psql_error($node,
	"SET statement_timeout = '2s'; SELECT id FROM fc.courses WHERE id = 7302");
is($sqlstate, '57014', 'statement_timeout ends a wait for the limiter');
like($message, qr/waiting for the rate limiter, 0 requests before this one/,
	'and says so');

# A sender that is cancelled frees its place, but its request still counts.
my $next = queue_course('next', 7303, 1);
signal_backend('pg_cancel_backend', 'sender');
is(end_query($next), '7303', 'a cancelled sender frees its place');
end_query($sender);
like($sender->{err}, qr/57014/, 'the sender is cancelled');

# The same for one that is terminated.
mock('--fault', 'hold match=/7304');
$sender = begin_course('sender', 7304);
mock('--wait-for', 3);
wait_for_limiter('in_flight = 1');
$next = queue_course('next', 7305, 1);
signal_backend('pg_terminate_backend', 'sender');
is(end_query($next), '7305', 'a terminated sender frees its place');
end_query($sender);

# The abandoned ones count for three seconds: of six more, one has to wait.
end_query($_) foreach map { begin_course("late$_", 7301) } 1 .. 6;
mock('--release');
check_guarantee('senders cancelled and terminated');

# A waiter that is killed takes the server down, and nothing stays behind.
mock('--reset');
mock('--fault', 'hold');
$sender = begin_course('sender', 7301);
mock('--wait-in-flight', 1);
wait_for_limiter('in_flight = 1');
@waiters = map { queue_course("waiter$_", 7301 + $_, $_) } 1 .. 2;
kill_backend('waiter1');
end_query($_) foreach $sender, @waiters;
mock('--release');
$began = time;
is(end_query(begin_course('after', 7301)), '7301', 'it works after the crash');
cmp_ok(time - $began, '>=', 1, 'but new shared memory counts as full');
wait_for_limiter('queued = 0 AND in_flight = 0');

# Nor does a killed sender break the limit: what was sent before the crash
# is forgotten with the shared memory, and allowed for.
foreach my $round (1 .. 2)
{
	mock('--reset');
	end_query($_)
	  foreach map { begin_course("before$_", 7300 + $_) } 1 .. 4;
	mock('--fault', 'hold');
	$sender = begin_course('sender', 7301);
	mock('--wait-in-flight', 1);
	kill_backend('sender');
	end_query($sender);
	end_query($_) foreach map { begin_course("after$_", 7300 + $_) } 1 .. 6;
	mock('--release');
	is(scalar(arrivals()), 11, "round $round: every request arrived");
	check_guarantee("killed sender, round $round");
}

done_testing();
