# Several PostgreSQL servers with one account, by way of a gateway: the nginx
# of the README limits them together, and alone knows the key.
#
# The configuration is the README's.  Only what differs by place is replaced:
# the names, ports, files, tokens and the key; and where a test says so, one
# line.
#
# FRONTCORE_GATEWAY_SECONDS also measures the settings of the servers, each for
# so long.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IPC::Run ();
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($nginx) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'nginx is not installed' if !$nginx;
plan skip_all => 'openssl is not installed' if system('openssl version >/dev/null 2>&1') != 0;

my $key = 'test-key-2';
my @tokens = ('a' x 48, 'b' x 48);
my $directory = PostgreSQL::Test::Utils::tempdir();
my %file = map { $_ => "$directory/$_" } qw(ca.key ca.crt other.crt api.key api.crt gateway.key gateway.crt);
my @homes;    # of gateways
my $readme = nginx_of_readme();

make_certificates();
my $mock = start_mock_with_tls();
my $gateway = start_gateway();
my @nodes = map { new_node(log_statement => 'all') } @tokens;
foreach my $i (0, 1)
{
	setup_server($nodes[$i], reach($gateway), api_key => $tokens[$i]);
}

sharing();
api_throttles();
full_queue();
dead_connection('PUT', q{UPDATE fc.courses SET title = 'Once' WHERE id = 7301}, qr{^PUT /courses/7301 close }m);
dead_connection('DELETE', q{DELETE FROM fc.courses WHERE id = 7312}, qr{^DELETE /courses/7312 close$}m);
trust();
measure($ENV{FRONTCORE_GATEWAY_SECONDS}) if $ENV{FRONTCORE_GATEWAY_SECONDS};
secrecy();

done_testing();

END
{
	# keep the test's own exit status
	local $?;
	stop_gateways();
	mock('--stop') if $mock;
}

# The options of a server behind a gateway, as in the README
sub reach
{
	my ($port, %more) = @_;

	return (base_url => "https://127.0.0.1:$port/v2", ca_file => $file{'ca.crt'},
		requests_per_second => 0, max_concurrent_requests => 4, request_timeout => '90s', max_retries => 2, %more);
}

# The one block of the README that is for nginx
sub nginx_of_readme
{
	my @blocks = slurp_file("$FindBin::RealBin/../../README.md") =~ /^```nginx\n(.*?)^```$/msg;

	is(scalar @blocks, 1, 'the README has a configuration');
	return $blocks[0];
}

# An authority, another one, and a certificate of the first for the gateway and
# for the API
sub make_certificates
{
	my %names = (gateway => 'IP:127.0.0.1', api => 'DNS:api.frontcore.com');

	foreach my $name (qw(ca other))
	{
		system_log(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2), '-subj', "/CN=$name",
			'-keyout', $file{'ca.key'} . ($name eq 'ca' ? '' : '.other'), '-out', $file{"$name.crt"});
	}
	foreach my $name (sort keys %names)
	{
		append_to_file("$directory/$name.ext", "subjectAltName=$names{$name}");
		system_log(qw(openssl req -newkey rsa:2048 -nodes), '-subj', "/CN=$name", '-keyout', $file{"$name.key"}, '-out', "$directory/$name.csr");
		system_log(qw(openssl x509 -req -days 2 -CAcreateserial), '-in', "$directory/$name.csr", '-CA', $file{'ca.crt'}, '-CAkey', $file{'ca.key'},
			'-extfile', "$directory/$name.ext", '-out', $file{"$name.crt"});
	}
	return;
}

sub start_mock_with_tls
{
	my $port = mock('--serve', '--port', 0, '--idle', 600, '--tls-cert', $file{'api.crt'}, '--tls-key', $file{'api.key'});

	$ENV{FRONTCORE_MOCK_PORT} = $port;
	return $port;
}

# Start a gateway as in the README, but for what belongs to this place and for
# [pattern, replacement]; returns its port.
sub start_gateway
{
	my (@changes) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $home = "$directory/gateway" . @homes;
	my $config = $readme;

	foreach my $change (
		[ qr/api\.frontcore\.com:443/, "127.0.0.1:$mock" ],
		[ qr/listen 443/, "listen 127.0.0.1:$port" ],
		[ qr{/etc/nginx/gateway\.crt}, $file{'gateway.crt'} ],
		[ qr{/etc/nginx/gateway\.key}, $file{'gateway.key'} ],
		[ qr/TOKEN-OF-DB1/, $tokens[0] ],
		[ qr/TOKEN-OF-DB2/, $tokens[1] ],
		[ qr/THE-REAL-KEY/, $key ],
		[ qr/(?<=Host )api\.frontcore\.com/, "127.0.0.1:$mock" ],    # the mock is strict
		[ qr{/etc/ssl/certs/ca-certificates\.crt}, $file{'ca.crt'} ],
		@changes)
	{
		my ($pattern, $replacement) = @$change;

		$config =~ s/$pattern/$replacement/ or die "no $pattern in the configuration";
	}
	mkdir $home;
	append_to_file("$home/nginx.conf", <<"END");
pid $home/pid;
worker_processes 1;
events { worker_connections 256; }
http {
access_log $home/access.log;
@{[ join '', map { "${_}_temp_path $home/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi) ]}
$config
}
END
	system_or_bail($nginx, '-e', "$home/error.log", '-p', $home, '-c', "$home/nginx.conf");
	push @homes, $home;
	return $port;
}

sub stop_gateways
{
	foreach my $home (@homes)
	{
		kill 'TERM', slurp_file("$home/pid") + 0 if -e "$home/pid";
	}
	return;
}

# Look up courses in sessions of their own, some at each server; returns what
# they print, with the errors.
sub look_up
{
	my ($each, @at) = @_;
	my @lookups = map { ('-c', "SELECT id FROM fc.courses WHERE id = $_") } 7301 .. 7300 + $each;
	my @runs = map { { node => $_ } } @at;

	foreach my $run (@runs)
	{
		$run->{harness} = IPC::Run::start([ 'psql', '-XAtq', '-d', $run->{node}->connstr('postgres'), @lookups ],
			'<', \undef, '>', \$run->{out}, '2>', \$run->{err});
	}
	$_->{harness}->finish foreach (@runs);
	return map { $_->{out} . $_->{err} } @runs;
}

# Two servers, eight sessions: no more than five requests in any second, and
# nobody is refused.
sub sharing
{
	mock('--reset');
	is_deeply([ look_up(3, (@nodes) x 4) ], [ ("7301\n7302\n7303\n") x 8 ], 'two servers at once: rows');
	is(mock('--count'), 24, 'two servers at once: requests');
	cmp_ok(most_in_a_second(), '<=', 5, 'five in the worst second');
	cmp_ok(most_in_a_second(), '>=', 4, 'which is about all that they may');
	is(scalar(grep { / 429/ } split /\n/, mock('--log')), 0, 'none was refused');
	return;
}

# The API's own 429 holds back the server that got it, and no other.
sub api_throttles
{
	mock('--reset', 'rate=0');
	mock('--fault', 'match=7301 retry_after=10');
	my $blocked = q{SELECT count(*) FROM frontcore_limiter WHERE blocked_until > now()};
	my $session = $nodes[0]->background_psql('postgres');

	$session->query_until(qr/begun/, "\\echo begun\nSELECT id FROM fc.courses WHERE id = 7301;\n");
	ok($nodes[0]->poll_query_until('postgres', "$blocked", 1), 'the server that got a 429 waits');
	is($nodes[1]->safe_psql('postgres', $blocked), 0, 'the other one does not');
	is($nodes[1]->safe_psql('postgres', 'SELECT id FROM fc.courses WHERE id = 7302'), 7302, 'and reads meanwhile');
	is($nodes[0]->safe_psql('postgres', $blocked), 1, 'the first one still waits');
	$session->quit;
	is(mock('--log'), "GET /courses/7301 429\nGET /courses/7302\nGET /courses/7301\n3 requests", 'and asks again');
	return;
}

# A queue that is full, here one without any place, is an error that says so,
# and holds back the server that got it.
sub full_queue
{
	my $port = start_gateway([ qr/250r\/m/, '1r/m' ], [ qr/ burst=150/, '' ]);

	foreach my $i (0, 1)
	{
		setup_server($nodes[$i], reach($port, max_retries => 0), server => 'queue', schema => 'queue', api_key => $tokens[$i]);
	}
	is(read_course($nodes[0], 'queue', 7301), 7301, 'the first request passes');
	my ($sqlstate, $message) = psql_error($nodes[1], 'SELECT id FROM queue.courses WHERE id = 7301');
	is($sqlstate, '53400', 'a full queue is an error');
	like($message, qr/The API replied "the queue of the gateway is full"/, 'it says so');
	is($nodes[1]->safe_psql('postgres', "SELECT blocked_until BETWEEN now() + '2s' AND now() + '6s' FROM frontcore_limiter WHERE base_url LIKE '%:$port/%'"),
		't', 'it holds back who got it');
	is($nodes[0]->safe_psql('postgres', "SELECT blocked_until IS NULL FROM frontcore_limiter WHERE base_url LIKE '%:$port/%'"),
		't', 'and no other');
	return;
}

# A write that meets a dead connection between gateway and API is sent once,
# and its outcome is unknown.  Without one line of the configuration it is sent
# twice.
sub dead_connection
{
	my ($method, $sql, $logged) = @_;
	my $reckless = start_gateway([ qr/proxy_next_upstream off;/, '' ]);

	setup_server($nodes[0], reach($reckless), server => "reckless_$method", schema => "reckless_$method", api_key => $tokens[0]);
	foreach my $case ([ 'fc', 1, '08007' ], [ "reckless_$method", 2, undef ])
	{
		my ($schema, $times, $expected) = @$case;
		my $name = "$method over a dead connection, $schema";

		mock('--reset', 'rate=0');
		mock('--fault', 'match=7302 dead_keepalive');
		read_course($nodes[0], $schema, 7302);
		(my $here = $sql) =~ s/fc\./$schema./;
		my ($sqlstate) = psql_error($nodes[0], $here);
		my @sent = grep { /^$method/ } split /\n/, mock('--log');

		is(scalar @sent, $times, "$name: sent $times times");
		next if !$expected;
		is($sqlstate, $expected, "$name: its outcome is unknown");
		like(join("\n", @sent), $logged, "$name: it was carried out");
	}
	return;
}

# Nobody speaks to a stranger: not a database to a gateway, nor a gateway to an
# API, nor a gateway to a database without a token.
sub trust
{
	my %wrong = (
		strange_gateway => [ 'HV00N', [ reach($gateway, ca_file => $file{'other.crt'}) ], $tokens[0] ],
		strange_api => [ '08006', [ reach(start_gateway([ qr/\Q$file{'ca.crt'}\E/, $file{'other.crt'} ]), max_retries => 0) ], $tokens[0] ],
		no_token => [ '28000', [ reach($gateway) ], 'c' x 48 ]);

	mock('--reset', 'rate=0');
	foreach my $name (sort keys %wrong)
	{
		my ($expected, $options, $token) = @{ $wrong{$name} };

		setup_server($nodes[0], @$options, server => $name, schema => $name, api_key => $token);
		my ($sqlstate, $message) = psql_error($nodes[0], "SELECT FROM $name.courses");
		is($sqlstate, $expected, "$name is refused");
		$nodes[0]->safe_psql('postgres', "DROP SERVER $name CASCADE");
	}
	is(mock('--log'), '0 requests', 'and nothing reaches the API');
	return;
}

# How many requests a second get through, by the settings of the servers: eight
# clients at each look up courses as fast as they can.
sub measure
{
	my ($seconds) = @_;
	my @cases = (
		# requests_per_second, max_concurrent_requests, ms of the API, servers
		[ 0, 1, 1000, 1 ],
		[ 0, 4, 1000, 1 ],
		[ 0, 8, 1000, 1 ],
		[ 0, 1, 250, 1 ],
		[ 0, 4, 250, 1 ],
		[ 5, 4, 250, 1 ],
		[ 0, 1, 250, 2 ]);

	append_to_file("$directory/look_up.sql", "\\set id random(7301, 7312)\nSELECT id FROM fc.courses WHERE id = :id;\n");
	foreach my $case (@cases)
	{
		my ($limit, $concurrent, $latency, $servers) = @$case;
		my @used = @nodes[ 0 .. $servers - 1 ];
		my @runs;

		mock('--reset', 'rate=0', "latency=$latency-$latency");
		foreach my $node (@used)
		{
			$node->safe_psql('postgres', "ALTER SERVER frontcore OPTIONS (SET requests_per_second '$limit', SET max_concurrent_requests '$concurrent')");
			push @runs, IPC::Run::start([ 'pgbench', '-n', '-c', 8, '-j', 1, '-T', $seconds, '-f', "$directory/look_up.sql", '-d', $node->connstr('postgres') ],
				'<', \undef, '>', \my $out, '2>', \my $err);
		}
		ok($_->finish, 'the clients have met no error') foreach (@runs);
		my @times = sort { $a <=> $b } map { $_->[0] } @{ decode_json(mock('--arrivals')) };
		cmp_ok(most_in_a_second(), '<=', 5, 'five in the worst second');
		diag sprintf('requests_per_second %d, max_concurrent_requests %d, %d ms, %d server(s): %.2f requests a second',
			$limit, $concurrent, $latency, $servers, (@times - 1) / ($times[-1] - $times[0]));
	}
	return;
}

# The key is on the gateway alone.
sub secrecy
{
	foreach my $i (0, 1)
	{
		my $node = $nodes[$i];
		my ($dump) = run_command([ 'pg_dumpall', '-d', $node->connstr('postgres') ]);

		like($dump, qr/$tokens[$i]/, $node->name . ': the token is in a dump');
		unlike($dump, qr/$key/, $node->name . ': the key is not');
		$node->stop;
		is((run_command([ 'grep', '-rlF', $key, $node->data_dir, $node->logfile ]))[0], '', $node->name . ': the key is in no file and no log');
		isnt((run_command([ 'grep', '-rlF', $tokens[$i], $node->data_dir ]))[0], '', $node->name . ': the token is, so that one could find it');
	}
	is((run_command([ 'grep', '-rlF', $key, map { glob "$_/*.log" } @homes ]))[0], '', 'the key is in no log of the gateway');
	return;
}
