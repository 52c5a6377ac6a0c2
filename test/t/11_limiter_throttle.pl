# What the API says of its limit holds up everybody, and once: 429 with and
# without Retry-After, and the headers that tell beforehand.

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

start_mock(rate => 0);
my $node = new_node(max_connections => 40);

# The limiter's block counts as full when it is new.  So that no test below
# waits for that, one request goes first.
setup_server($node);
$node->safe_psql('postgres', 'SELECT id FROM fc.courses WHERE id = 7301');

# An account that the API has no limit for, and an empty log.
sub fresh_account
{
	my $account = new_account($node, @_);

	mock('--reset', 'rate=0');
	return $account;
}

# Run the query in several sessions at once, each with its own course.
sub read_at_once
{
	my ($account, $sessions) = @_;
	my @runs = map {
		IPC::Run::start(
			[
				'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
				"SELECT id FROM $account.courses WHERE id = " . (7300 + $_)
			],
			'<', \undef, '>', \my $out, '2>', \my $err)
	} 1 .. $sessions;

	return scalar grep { $_->finish } @runs;
}

sub limiter
{
	my ($columns, $condition) = @_;

	return $node->safe_psql('postgres',
		"SELECT $columns FROM frontcore_limiter WHERE $condition");
}

sub arrivals
{
	return @{ decode_json(mock('--arrivals')) };
}

# Seconds from the answer of one request to the arrival of another.
sub pause
{
	my ($first, $second) = @_;
	my @arrivals = arrivals();

	return $arrivals[$second][0] - $arrivals[$first][7];
}

sub between
{
	my ($value, $least, $most, $name) = @_;

	ok($value >= $least && $value <= $most,
		"$name: $value in $least to $most");
	return;
}

# After a 429 the next request comes when the API says, or after a back-off.
# The upper bounds leave room for a slow machine.
foreach my $case (
	[ 'no Retry-After', 'status=429', 1, 5 ],
	[ 'seconds', 'retry_after=2', 2, 7 ],
	[ 'a date', 'retry_after={http+3}', 2, 8 ],
	[ 'a date in the past', 'retry_after={http-30}', 1, 5 ],
	[ 'no time at all', 'retry_after=soon', 1, 5 ],
	[ '0', 'retry_after=0', 1, 5 ],
	[ 'a negative number', 'retry_after=-5', 1, 5 ],
	[ 'hexadecimal digits', 'retry_after=0x10', 1, 5 ],
	[ 'an exponent', 'retry_after=1e1', 1, 5 ],
	[ 'a sign', 'retry_after=+9', 1, 5 ],
	[ 'two numbers', "'header=Retry-After:9, 9' status=429", 1, 5 ],
	[ 'more than fits', "retry_after=99999999999999999999", 1, 5 ],
	[ 'a date of another kind', 'retry_after=2099-12-31', 1, 5 ],
	[ 'another zone', "'header=Retry-After:Thu, 31 Dec 2099 23:59:59 CET' status=429", 1, 5 ],
	[ 'two headers', "header=Retry-After:0x10 header=Retry-After:2 status=429", 2, 7 ])
{
	my ($name, $fault, $least, $most) = @$case;
	my $account = fresh_account();

	mock('--fault', $fault);
	is(read_course($node, $account, 7301), '7301', "429, $name: repeated");
	between(pause(0, 1), $least, $most, "429, $name");
	is(scalar(arrivals()), 2, "429, $name: once");
}

# What would last too long is not waited for, by nobody.
my $account = fresh_account(max_retry_wait => '2s');
mock('--fault', 'retry_after=30');
my $began = time;
my ($sqlstate, $message) =
  psql_error($node, "SELECT id FROM $account.courses WHERE id = 7301");
is($sqlstate, '53400', 'Retry-After beyond max_retry_wait');
like($message, qr/HINT:.*max_retry_wait/, 'with the option in the hint');
($sqlstate, $message) =
  psql_error($node, "SELECT id FROM $account.courses WHERE id = 7302");
is($sqlstate, '53400', 'others know that they would have to wait');
like($message, qr/HINT:.*max_retry_wait/, 'with the option in the hint');
between(time - $began, 0, 15, 'both at once');
is(mock('--count'), 1, 'the second sent nothing');
between(
	limiter(
		'extract(epoch FROM blocked_until - clock_timestamp())',
		'blocked_until IS NOT NULL ORDER BY blocked_until DESC LIMIT 1'),
	10, 31, 'blocked_until');

# The largest number that servers send means no.
$account = fresh_account();
mock('--fault', 'retry_after=2147483647');
($sqlstate, $message) =
  psql_error($node, "SELECT id FROM $account.courses WHERE id = 7301");
is($sqlstate, '53400', 'Retry-After: 2147483647');
is(mock('--count'), 1, 'is not repeated');

# Five backends that are refused at once are one episode.
$account = fresh_account(max_concurrent_requests => 5);
mock('--fault', 'status=429 count=5 delay=1000');
is(read_at_once($account, 5), 5, 'five refused at once get their rows');
is(scalar(arrivals()), 10, 'each is repeated once');
between(pause(4, 5), 1, 3, 'after one back-off, not five');
is(limiter('throttled', 'throttled = 5'), '5', 'all five are counted');

# A later episode makes a longer back-off, and a success ends that.
$account = fresh_account();
mock('--fault', 'status=429 count=2');
is(read_course($node, $account, 7301), '7301', 'refused twice');
between(pause(0, 1), 1, 3, 'the first back-off');
between(pause(1, 2), 2, 6, 'the second back-off');
mock('--fault', 'status=429');
is(read_course($node, $account, 7302), '7302', 'refused again later');
between(pause(3, 4), 1, 3, 'the back-off starts over');

# A write that was answered with nothing, and turns out not to be done, was
# throttled: it is counted, and repeated after a back-off.
$account = fresh_account();
mock('--fault', 'match=PUT empty processed=no');
$node->safe_psql('postgres',
	"UPDATE $account.courses SET title = 'Late' WHERE id = 7301");
my @puts = grep { $_->[2] eq 'PUT' } arrivals();
is(scalar(@puts), 2, 'a write that was not done: repeated');
between($puts[1][0] - $puts[0][7], 1, 5, '... after a back-off');
is( limiter('throttled', 'last_request IS NOT NULL ORDER BY last_request DESC LIMIT 1'),
	'1', '... and counted');

# One backend's 429 holds up another.
$account = fresh_account();
mock('--fault', 'retry_after=2 match=/7301');
my $refused = IPC::Run::start(
	[
		'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
		"SELECT id FROM $account.courses WHERE id = 7301"
	],
	'<', \undef, '>', \my $out, '2>', \my $err);
mock('--wait-for', 1);
$node->poll_query_until('postgres',
	"SELECT count(*) > 0 FROM frontcore_limiter WHERE blocked_until IS NOT NULL AND queued = 1 AND in_flight = 0"
) or die 'not blocked';
is(read_course($node, $account, 7302), '7302', 'another backend');
$refused->finish;
is($out, "7301\n", 'and the refused one');
is(join(' ', map { $_->[3] =~ /(\d+)/ } arrivals()),
	'7301 7301 7302', 'first come, first served');
between(pause(0, 2), 2, 9, 'both waited');

# A server may tell that nothing remains before it refuses.
foreach my $case (
	[ 'X-RateLimit', '2', 2, 7 ],
	[ 'X-Rate-Limit', '{iso+2}', 1, 7 ],
	[ 'RateLimit', '2', 2, 7 ],
	[ 'X-RateLimit', '{epoch+3}', 1, 8 ],
	[ 'X-RateLimit', 'tomorrow', 0, 2 ])
{
	my ($prefix, $reset, $least, $most) = @$case;

	$account = fresh_account();
	mock('--fault',
		"header=$prefix-Limit:1m header=$prefix-Remaining:0 header=$prefix-Reset:$reset"
	);
	read_course($node, $account, $_) foreach 7301, 7302;
	between(pause(0, 1), $least, $most, "$prefix-Reset: $reset");
}

done_testing();
