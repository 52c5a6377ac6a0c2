# Answers whose time is up, where the API cannot be asked (stale_if_error): which
# failures they serve in, for what, and when they do not.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils;
use Test::More;

# 48 customers in 10 pages of 5
start_mock();
mock('--reset', 'rate=0', 'customers=48');
my $node = new_node();
my $nobody = mock('--free-port');
my %question = (
	object => 'SELECT id, title FROM S.courses WHERE id = 7303',
	part => 'SELECT id FROM S.course_dates WHERE course_id = 7302 ORDER BY id',
	parts => 'SELECT count(*) FROM S.course_dates WHERE course_id IN (7301, 7302)',
	list => 'SELECT count(*) FROM S.customers');
my %resource = (object => 'courses', part => 'course_dates', parts => 'course_dates', list => 'customers');

# An outage is remembered for a key at an address, so each case has its own.
my @cases = (
	[ 'object', 'the API is down', 'test-key', '127.0.0.1', 'status=503' ],
	[ 'part', 'a gateway has no answer', 'test-key-2', '127.0.0.1', 'status=502' ],
	[ 'parts', 'an answer takes too long', 'read-only-key', '127.0.0.1', 'hold', "request_timeout '100ms'" ],
	[ 'list', 'a connection is lost', 'test-key', 'localhost', 'reset' ],
	[ 'object', 'a wait would be too long', 'test-key-2', 'localhost', 'retry_after=1000' ],
	[ 'part', 'nobody answers', 'read-only-key', 'localhost', 'status=500', "proxy 'http://127.0.0.1:$nobody'" ]);

foreach my $i (0 .. $#cases)
{
	my ($form, $name, $key, $host, $fault, $option) = @{ $cases[$i] };
	my $server = "s$i";
	my $sql = $question{$form} =~ s/S\./$server./gr;

	setup_server($node, base_url => "http://$host:$ENV{FRONTCORE_MOCK_PORT}/v2", api_key => $key,
		server => $server, schema => $server, limiter_key => $server, requests_per_second => 0, max_retries => 0,
		page_size => 5, cache => 'shared', stale_if_error => '1h');
	my $fresh = $node->safe_psql('postgres', $sql);

	not_asked_anew($server) if $i == 0;
	mock('--log', '--quiet');
	$node->safe_psql('postgres', "ALTER SERVER $server OPTIONS (ADD $option)") if $option;
	mock('--fault', "match=/ count=0 $fault");
	my ($status, $out, $err) = $node->psql('postgres', "SET frontcore_fdw.max_age = 0.001; $sql");
	is($out, $fresh, "$form, where $name: rows");
	is($err =~ s/[\d.]+ seconds/N seconds/r =~ s/^.*?WARNING/WARNING/r,
		"WARNING:  rows of resource \"$resource{$form}\" are N seconds old, as the API cannot be asked\n"
		. 'HINT:  The view frontcore_stat shows the last error.', "$form, where $name: one warning");
	is(mock('--log', '--quiet'), $name eq 'nobody answers' ? '0 requests' : '1 request', "$form, where $name: requests");
	mock('--clear-faults');
	mock('--release');
}
remembered();
expired();
$node->stop;
done_testing();

# What is no outage is an error, whatever could serve in its place.
sub not_asked_anew
{
	my ($server) = @_;
	my %errors = (
		'HV000' => 'match=7303 status=500',
		'28000' => 'match=7303 status=401',
		'42501' => 'match=7303 status=403',
		'HV00M' => 'match=7303 badjson');
	my $sql = $question{object} =~ s/S\./$server./r;

	foreach my $expected (sort keys %errors)
	{
		mock('--fault', $errors{$expected});
		my ($sqlstate, $message) = psql_error($node, "SET frontcore_fdw.max_age = 0.001; $sql");
		is($sqlstate, $expected, "$expected is no outage");
		unlike($message, qr/WARNING/, '... so there is no warning');
	}
	my ($sqlstate) = psql_error($node, "SET frontcore_fdw.max_age = 0.001; SET frontcore_fdw.max_requests_per_query = 1;
		SELECT id, title FROM $server.courses WHERE id = 7304 UNION ALL $sql");
	is($sqlstate, '53400', 'nor is max_requests_per_query');

	# nor are rows of two ages mixed
	my $list = $question{list} =~ s/S\./$server./r;
	$node->safe_psql('postgres', $list);
	mock('--fault', 'match=page=3 status=503');
	($sqlstate) = psql_error($node, "SET frontcore_fdw.max_age = 0.001; $list");
	is($sqlstate, '57P03', 'after the first row it is an error');
	return;
}

# For five seconds nobody tries again.  The loop ends at the second try.
sub remembered
{
	mock('--reset', 'rate=0', 'customers=48');
	mock('--fault', 'match=/ count=0 status=503');
	my $served = $node->safe_psql('postgres', q{
		SET client_min_messages = error;
		SET frontcore_fdw.max_age = 0.001;
		CREATE TEMP TABLE served (asked bigint);
		DO $$
		DECLARE
			asked bigint := 0;
			before bigint;
		BEGIN
			SELECT sum(requests) INTO before FROM frontcore_stat;
			COMMIT;
			WHILE asked < 2 LOOP
				PERFORM FROM s0.courses WHERE id = 7303;
				COMMIT;
				SELECT sum(requests) - before INTO asked FROM frontcore_stat;
				INSERT INTO served VALUES (asked);
				PERFORM pg_sleep(0.02);
			END LOOP;
		END $$;
		SELECT count(*) > 1 FROM served WHERE asked = 1});
	my @times = map { $_->[0] } @{ decode_json(mock('--arrivals')) };

	is($served, 't', 'many are served after one has tried');
	is(scalar @times, 2, 'and in the end one tries again');
	cmp_ok($times[1] - $times[0], '>=', 5, 'after five seconds');
	mock('--clear-faults');
	return;
}

# stale_if_error ends, too.
sub expired
{
	my $sql = $question{object} =~ s/S\./s0./r;

	$node->safe_psql('postgres', q{ALTER SERVER s0 OPTIONS (SET stale_if_error '1', ADD cache_ttl '1')});
	$node->poll_query_until('postgres', "SELECT min(age) > '2 s' FROM frontcore_cache WHERE request = '/courses/7303'")
	  or die 'nothing is kept';
	mock('--fault', 'match=/ count=0 status=503');
	my ($sqlstate, $message) = psql_error($node, $sql);
	is($sqlstate, '57P03', 'past stale_if_error: the error');
	unlike($message, qr/WARNING/, '... and no warning');
	mock('--clear-faults');
	return;
}
