# A hundred backends that read and write while others are cancelled and
# terminated: nothing crashes or hangs, no account gets more requests than its
# limit, and the API holds what was acknowledged.
#
# FRONTCORE_LOAD_SECONDS is how long (60), FRONTCORE_LOAD_SEED the seed (1).

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use JSON::PP qw(decode_json);
use List::Util qw(max);
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs /proc' unless -r '/proc/net/tcp';

my $seconds = $ENV{FRONTCORE_LOAD_SECONDS} || 60;
my $seed = $ENV{FRONTCORE_LOAD_SEED} || 1;

# Servers, and the limit of each; two share an account and a limit.
my %limits = (other => 5, 'key-1' => 150, 'key-2' => 40);
my @servers = (
	{ name => 'slow', key => 'other-key', limit => 'other', clients => 20 },
	{ name => 'fast', key => 'test-key', limit => 'key-1', clients => 30 },
	{ name => 'twin', key => 'test-key', limit => 'key-1', clients => 20 },
	{ name => 'fair', key => 'test-key-2', limit => 'key-2', clients => 30 });
my %options = (
	slow => {},
	fast => { max_concurrent_requests => 8 },
	twin => { max_concurrent_requests => 8 },
	fair => { max_concurrent_requests => 2 });

start_mock(rate => 0, latency => '0-20', customer_delete => 'present');
my $node = new_node(max_connections => 200);
foreach my $server (@servers)
{
	my $name = $server->{name};
	my $limit = $limits{ $server->{limit} };

	$node->safe_psql('postgres', "CREATE ROLE regress_$name");
	setup_server(
		$node,
		server => $name,
		schema => $name,
		user => "regress_$name",
		api_key => $server->{key},
		$limit == 5 ? () : (requests_per_second => $limit),
		%{ $options{$name} });
	$node->safe_psql('postgres', "GRANT USAGE ON SCHEMA $name TO regress_$name;
		GRANT ALL ON ALL TABLES IN SCHEMA $name TO regress_$name");
}

my ($out, $err) = ('', '');
{
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGUSER} = getpwuid $<;

	IPC::Run::run(
		[
			"$FindBin::RealBin/../heavy/load.py", '--seconds', $seconds,
			'--seed', $seed,
			map {
				join ':', $_->{name}, "regress_$_->{name}",
				  $_->{key} eq 'other-key' ? 'b' : 'a', $_->{clients}
			} @servers
		],
		'<', \undef, '>', \$out, '2>', \$err);
}
is($err, '', 'the clients have nothing to say');
my $result = decode_json($out);
my $figures = $result->{figures};
my $longest = delete $figures->{longest};
diag 'load: ' . join ', ',
  (map { "$_ $figures->{$_}" } sort keys %$figures),
  map { "longest on $_ $longest->{$_} s" } sort keys %$longest;

# What the clients found.
my %problems = (
	clients => 'every client ran to its end',
	stuck => 'every statement and backend ended',
	errors => 'no error but those of cancels',
	answers => 'every answer is right',
	data => 'the API holds what was acknowledged, once, and nothing else');
foreach my $kind (sort keys %problems)
{
	my @problems = @{ $result->{problems}{$kind} || [] };

	is(scalar @problems, 0, $problems{$kind})
	  or diag join "\n", splice @problems, 0, 10;
}
cmp_ok($figures->{$_} // 0, '>', 0, $_)
  foreach 'acknowledged', 'cancelled', 'terminated', 'left';

# No account got more requests in any second than its limit.
my %arrivals;
foreach my $arrival (@{ decode_json(mock('--arrivals')) })
{
	my ($time, $key) = @$arrival[ 0, 6 ];

	push @{ $arrivals{$key} }, $time;
}
foreach my $key (sort keys %limits)
{
	my @times = sort { $a <=> $b } @{ $arrivals{$key} || [] };
	my $limit = $limits{$key};
	my ($most, $first) = (0, 0);

	foreach my $i (0 .. $#times)
	{
		$first++ while $times[$i] - $times[$first] >= 1;
		$most = max($most, $i - $first + 1);
	}
	cmp_ok($most, '<=', $limit, "$key: so many requests within a second");
	diag sprintf 'load: %s %d requests, at most %d within a second', $key,
	  scalar @times, $most;
}

# Nothing stays behind, and everything works.
ok($node->poll_query_until('postgres',
		'SELECT coalesce(sum(queued + in_flight), 0) = 0 FROM frontcore_limiter'),
	'the limiter has no leftovers');
is($node->safe_psql('postgres', 'SELECT count(*) FROM frontcore_activity'),
	'0', 'nobody works upstream');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'),
	'0', 'no transaction is left');
foreach my $server (@servers)
{
	my ($name, $id) =
	  ($server->{name}, $server->{key} eq 'other-key' ? 7308 : 7301);

	is( $node->safe_psql('postgres',
			"SET ROLE regress_$name; SELECT id FROM $name.courses WHERE id = $id"
		),
		$id,
		"$name works");
}
unlike(
	slurp_file($node->logfile),
	qr/PANIC:|TRAP:|terminated by signal|terminating any other active|leak|not closed|stuck spinlock/,
	'the log tells of no crash and no leak');

done_testing();
