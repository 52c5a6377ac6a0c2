# Limits other than so many a second: per minute, less than one a second, one a
# second after a start; and all the ways in which servers tell when theirs ends.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use JSON::PP qw(decode_json);
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(CLOCK_MONOTONIC clock_gettime time);

start_mock(rate => 0);
my $node = new_node();

# Seconds from one request to another, each named by its course.
sub pause
{
	my ($first, $second) = @_;
	my %arrived;

	foreach my $arrival (@{ decode_json(mock('--arrivals')) })
	{
		my ($id) = $arrival->[3] =~ /(\d+)/;
		$arrived{$id} //= $arrival->[0];
	}
	return $arrived{$second} - $arrived{$first};
}

sub between
{
	my ($value, $least, $most, $name) = @_;

	ok($value >= $least && $value < $most, $name)
	  or diag("$value is not between $least and $most");
	return;
}

# Eight seconds from now: as clocks show it elsewhere, and as the mock counts.
sub eight_seconds_on
{
	my ($zone) = @_;
	my ($sign, $hours, $minutes) = $zone =~ /^([+-])(\d\d):?(\d\d)?$/;
	my $offset = $hours * 3600 + ($minutes // 0) * 60;

	return (
		strftime('%Y-%m-%dT%H:%M:%S.5',
			gmtime(time + 8 + ($sign eq '-' ? -$offset : $offset)))
		  . $zone,
		clock_gettime(CLOCK_MONOTONIC) + 8);
}

# Read two courses; the first answer tells of the limit.  Returns the arrivals.
sub read_told
{
	my ($remaining, $reset, $limit) = @_;
	my $account = new_account($node, requests_per_second => 0);

	mock('--clear-faults');
	mock('--fault',
		"match=7311 header=X-RateLimit-Limit:$limit "
		  . "header=X-RateLimit-Remaining:$remaining 'header=X-RateLimit-Reset:$reset  '");
	read_course($node, $account, $_) foreach 7311, 7312;
	return @{ decode_json(mock('--arrivals')) }[ -2, -1 ];
}

# So that no test below waits for what a start leaves, one account sees that:
# a limit of one a second is full for three seconds, and the second itself.
my $first = new_account($node, requests_per_second => 1);
my $began = time;
read_course($node, $first, 7301);
read_course($node, $first, 7302);
between(time - $began, 2, 12, 'one a second, after a start');
between(pause(7301, 7302), 1, 4, 'one a second');
$node->restart;
$node->poll_query_until('postgres',
	"SELECT pg_control_last_modified < now() - interval '5 s' FROM pg_control_system()");
$began = time;
read_course($node, $first, 7303);
between(time - $began, 0, 2, 'a start that is long ago leaves nothing');

# Three a minute: the fourth waits, and nobody's patience is that long.
my $slow =
  new_account($node, requests_per_second => 0, requests_per_minute => 3);
$began = time;
read_course($node, $slow, $_) foreach 7304 .. 7306;
between(time - $began, 0, 10, 'three a minute may come at once');
my ($sqlstate) = psql_error($node,
	"SET statement_timeout = '300ms'; SELECT id FROM $slow.courses WHERE id = 7399");
is($sqlstate, '57014', 'the fourth waits');
my $waiting = IPC::Run::start(
	[
		'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
		"SELECT id FROM $slow.courses WHERE id = 7307"
	],
	'<', \undef, '>', \my $out, '2>', \my $err);
ok( $node->poll_query_until('postgres',
		"SELECT requests = 3 AND queued = 1 FROM frontcore_limiter ORDER BY last_request DESC LIMIT 1"),
	'... in the queue');

# One in two seconds
my $half = new_account($node, requests_per_second => 0.5);
read_course($node, $half, $_) foreach 7308 .. 7310;
between(pause(7308, 7309), 2, 4, 'one in two seconds');
between(pause(7309, 7310), 2, 4, '... and again');

# Blanks after a header's value are none of it
my $patient = new_account($node, requests_per_second => 0);
mock('--fault', q(match=7311 status=429 'header=Retry-After:2  '));
my $since = @{ decode_json(mock('--arrivals')) };
is(read_course($node, $patient, 7311), '7311', 'refused once');
my @arrivals = @{ decode_json(mock('--arrivals')) };
is(@arrivals - $since, 2, '... and repeated once');
between($arrivals[-1][0] - $arrivals[$since][7], 2, 7, '... after two seconds');

# How servers tell that nothing remains, and until when.  What is not
# understood is not waited for.
foreach my $case (
	[ '-1', '9', '1m', 0, 2 ],
	[ '0x0', '9', '1m', 0, 2 ],
	[ '0', '0x9', '1m', 0, 2 ],
	[ '0', '1e1', '1m', 0, 2 ],
	[ '0', 'nan', '1m', 0, 2 ],
	[ '0', '{epoch+3}000', '1m', 1, 8 ],
	[ '0', '{epoch+30}000', '2s', 2, 7 ],
	[ '0', '2', '10x', 2, 7 ],
	[ '0', '2', '0x1s', 2, 7 ],
	[ '0', '2000-01-01T10:00:00+01:00', '5', 0, 2 ],
	[ '0', '2099-12-31T23:59:59 CET', '5', 0, 2 ])
{
	my ($remaining, $reset, $limit, $least, $most) = @$case;
	my ($told, $next) = read_told($remaining, $reset, $limit);

	between($next->[0] - $told->[7],
		$least, $most, "$remaining of $limit remaining, Reset: $reset");
}
foreach my $zone ('+02:00', '-0130', '+05')
{
	my ($reset, $due) = eight_seconds_on($zone);
	my ($told, $next) = read_told(0, $reset, '1h');

	between($next->[0] - $due, -1, 15, "Reset: $reset");
}

# The minute is over
$waiting->finish;
is($out, "7307\n", 'the fourth gets its turn');
between(pause(7304, 7307), 60, 75, '... after a minute');

done_testing();
