# What goes over the wire: to whom, how often, how much, and by which way.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();
my $other_port = start_mock();
my $port = start_mock(rate => 0);
my %fast = (requests_per_second => 0, max_retry_wait => '2s');

# The environment of the server names proxies, which must not matter.
my $node;
{
	my @names = map { ($_, uc) } qw(http_proxy https_proxy all_proxy);
	local @ENV{ @names, 'no_proxy' } = (('http://127.0.0.1:1') x 6, '*');
	$node = new_node();
}
setup_server($node, %fast);

# Requests that the mock got since it was last asked: [what, connection].
sub arrivals
{
	my @requests = map { [ "$_->[2] $_->[3]", $_->[5] ] }
	  @{ decode_json(mock('--arrivals')) };

	mock('--reset', 'rate=0');
	return @requests;
}

# How many different connections were these?
sub connections
{
	my %connections = map { $_->[1] => 1 } @_;

	return scalar(keys %connections);
}

# A script that should succeed.
sub query
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# A script that should fail, and how.
sub fails_with
{
	my ($sql, $expected, $message, $name) = @_;
	my ($sqlstate, $error) = psql_error($node, $sql);

	is($sqlstate, $expected, $name) or diag($error);
	like($error, $message, "$name: the message");
	unlike($error, qr/test-key/, "$name: without the key");
	return;
}

# A server of its own for one test.
my $servers = 0;

sub make_server
{
	my (%options) = @_;
	my $name = 'special' . ++$servers;

	setup_server($node, server => $name, schema => $name, %fast, %options);
	return $name;
}

# A session keeps its connection from statement to statement.
query('SELECT FROM fc.courses WHERE id = 7301;' x 5);
my @requests = arrivals();
is(scalar(@requests), 5, 'five statements, five requests');
is(connections(@requests), 1, 'one connection for all of them');

# An option that changes takes effect at once, but not for a scan that is open.
query(<<'END');
SELECT FROM fc.courses WHERE id = 7301;
ALTER SERVER frontcore OPTIONS (ADD page_size '10');
BEGIN;
DECLARE scan CURSOR FOR SELECT FROM fc.courses;
FETCH 1 FROM scan;
ALTER SERVER frontcore OPTIONS (SET page_size '20');
SELECT FROM fc.customers WHERE id = 40201;
FETCH 10 FROM scan;
COMMIT;
END
@requests = arrivals();
is_deeply(
	[ map { $_->[0] =~ s/&page.*//r } @requests ],
	[
		'GET /courses/7301', 'GET /courses?limit=10',
		'GET /customers/40201', 'GET /courses?limit=10'
	],
	'an open scan keeps its options');
is(connections(@requests), 3, 'a connection for each set of options');
is($requests[3][1], $requests[1][1], 'an open scan keeps its connection');

# libcurl would repeat a request on its own where a kept connection is dead.
# A GET is repeated by us.
mock('--fault', 'dead_keepalive match=/courses/7301');
is( query(
		'SELECT id FROM fc.courses WHERE id = 7301;'
		  . 'SELECT id FROM fc.courses WHERE id = 7302;'),
	"7301\n7302",
	'a GET on a dead connection is repeated');
is_deeply(
	[ map { $_->[0] =~ s/\?.*//r } arrivals() ],
	[ 'GET /courses/7301', 'GET /courses/7302', 'GET /courses/7302' ],
	'once');

# A write is not, as the API may have carried it out; here it has.
mock('--fault', 'dead_keepalive match=/courses/7301');
fails_with(
	'SELECT FROM fc.courses WHERE id = 7301;'
	  . "INSERT INTO fc.courses (title) VALUES ('Sent once')",
	'08007',
	qr/FrontCore request POST \/courses/,
	'a POST on a dead connection fails');
my @titles = grep { $_->{title} eq 'Sent once' }
  @{ decode_json(mock('--dump', 'courses')) };
is(scalar(@titles), 1, 'it was carried out once');
is(scalar(grep { $_->[0] =~ /^POST/ } arrivals()), 1, 'it was sent once');

# A redirect is no place to take the key to.
for my $status (301, 302, 303, 307, 308)
{
	mock('--fault',
		"status=$status match=/courses "
		  . "header=Location:http://127.0.0.1:$other_port/v2/courses");
	fails_with('SELECT FROM fc.courses', 'HV000', qr/HTTP status $status/,
		"status $status is an error");
}
{
	local $ENV{FRONTCORE_MOCK_PORT} = $other_port;
	is(mock('--count'), 0, 'nothing was sent elsewhere');
}
mock('--reset', 'rate=0');

# Answers that are none, or not whole, or too big; nobody waits for long where
# none comes.
query("ALTER SERVER frontcore OPTIONS (ADD max_retries '0', "
	  . "ADD max_response_size '1MB', ADD request_timeout '60s')");
my @faults = (
	[ 'reset', '08006' ],
	[ 'close', '08006' ],
	[ 'hold', '08006' ],
	[ 'stall_after_headers', '08006' ],
	[ 'truncate=5', 'HV00M' ],
	[ 'garbage', 'HV00M' ],
	[ 'bigheader=300000', 'HV00M' ],
	[ 'bomb=64', 'HV00M' ],
	[ 'badjson', 'HV00M' ],
	[ 'trailing', 'HV00M' ],
	[ 'nest=2000', 'HV00M' ],
	[ 'empty', '53400' ]);

for my $fault (@faults)
{
	my $timeout = $fault->[0] =~ /hold|stall/ ? '1s' : '60s';

	query("ALTER SERVER frontcore OPTIONS (SET request_timeout '$timeout')");
	mock('--fault', "$fault->[0] match=/courses");
	fails_with(
		'SELECT FROM fc.courses', $fault->[1],
		qr/FrontCore request GET \/courses/, "read: $fault->[0]");
	next if $fault->[1] eq '53400';
	mock('--fault', "$fault->[0] match=POST");
	fails_with("INSERT INTO fc.courses (title) VALUES ('$fault->[0]')",
		'08007', qr/FrontCore request POST \/courses/,
		"write: $fault->[0]");
}
mock('--release');
mock('--reset', 'rate=0');

# Nobody listens, nobody answers the TLS handshake, there is no such name:
# nothing was sent, of a write either.
my $deaf = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5);
my %unreachable = (
	'closed port' => 'http://127.0.0.1:1/v2',
	'deaf port' => 'https://127.0.0.1:' . $deaf->sockport . '/v2',
	'unknown name' => 'https://nowhere.invalid/v2');
for my $name (sort keys %unreachable)
{
	my $server = make_server(
		base_url => $unreachable{$name},
		connect_timeout => '500ms');

	fails_with("SELECT FROM $server.courses",
		'HV00N', qr/FrontCore request GET/, "read: $name");
	fails_with("INSERT INTO $server.courses (title) VALUES ('x')",
		'HV00N', qr/FrontCore request POST/, "write: $name");
}

# Through a proxy, if the option says so; ours has seen all there is to see.
my $proxy = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5);
my $pid = fork;
if (!$pid)
{
	# This process ends without the end of the test, which stops the server.
	$SIG{TERM} = 'DEFAULT';
	while (my $client = $proxy->accept)
	{
		my $head = '';

		while (defined(my $line = <$client>))
		{
			$head .= $line;
			last if $line =~ /^\r\n$/;
		}
		append_to_file("$directory/proxy", $head);
		print $client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
	}
	POSIX::_exit(0);
}
my $proxied = make_server(
	base_url => 'http://localhost:1/v2',
	proxy => 'http://127.0.0.1:' . $proxy->sockport);
is(query("SELECT count(*) FROM $proxied.courses"), 0, 'a proxy is used');
kill 'TERM', $pid;
waitpid $pid, 0;
like(
	slurp_file("$directory/proxy"),
	qr{^GET http://localhost:1/v2/courses\?},
	'it is asked for the whole URL');

# TLS with an authority of our own.
SKIP:
{
	skip 'no openssl', 11 if system('openssl version >/dev/null 2>&1');

	my %file = map { $_ => "$directory/$_" } qw(ca.key ca.crt key csr crt ext);
	append_to_file($file{ext}, 'subjectAltName=IP:127.0.0.1');
	system_log('openssl', split ' ', $_)
	  for
	  "req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -days 2 -keyout $file{'ca.key'} -out $file{'ca.crt'}",
	  "req -newkey rsa:2048 -nodes -subj /CN=mock -keyout $file{key} -out $file{csr}",
	  "x509 -req -in $file{csr} -CA $file{'ca.crt'} -CAkey $file{'ca.key'} -CAcreateserial -days 2 -extfile $file{ext} -out $file{crt}";

	my $tls_port = mock('--serve', '--port', 0, '--idle', 600,
		'--tls-cert', $file{crt}, '--tls-key', $file{key});
	my %tls = (base_url => "https://127.0.0.1:$tls_port/v2");

	my $trusted = make_server(%tls, ca_file => $file{'ca.crt'});
	is(query("SELECT id FROM $trusted.courses WHERE id = 7301"),
		7301, 'a certificate of the given authority is accepted');

	my $untrusted = make_server(%tls);
	fails_with("SELECT FROM $untrusted.courses",
		'HV00N', qr/certificate/, 'an unknown authority is refused');

	is(query("SELECT key_accepted FROM frontcore_ping('$trusted')"), 't', 'a ping of the one');
	like(query("SELECT concat(key_accepted, message) FROM frontcore_ping('$untrusted')"),
		qr{^the certificate of https://127.0.0.1:\d+/v2 is not to be trusted: }, '... and of the other');

	my $misnamed = make_server(
		base_url => "https://localhost:$tls_port/v2",
		ca_file => $file{'ca.crt'});
	fails_with("SELECT FROM $misnamed.courses",
		'HV00N', qr/localhost/, 'a certificate for another name is refused');
	mock('--stop', '--port', $tls_port);
}

$node->stop;
done_testing();
