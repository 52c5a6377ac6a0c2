# Through a proxy that wants a user name and password: it gets them, nobody
# else does, and no message shows them.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = PostgreSQL::Test::Utils::tempdir();
my $user = 'anna';
my $password = q{p%41ss: w0rd/@};
my $login = encode_base64("$user:$password", '');

# Read bytes up to the empty line that ends a head.
sub read_head
{
	my ($client) = @_;
	my $head = '';

	while ($head !~ /\r\n\r\n\z/)
	{
		sysread($client, $head, 1, length $head) or last;
	}
	return $head;
}

# Hand on what comes from either side, until one of them is done.
sub relay
{
	my (@sides) = @_;
	my $ready = IO::Select->new(@sides);

	while (1)
	{
		foreach my $from ($ready->can_read)
		{
			my ($to) = grep { $_ != $from } @sides;

			sysread($from, my $bytes, 65536) or return;
			syswrite($to, $bytes);
		}
	}
}

# Serve one connection as a proxy does: a request for http is sent on without
# what was for the proxy; CONNECT makes a tunnel.
sub serve_client
{
	my ($client) = @_;
	my $head = read_head($client);
	my ($method, $target) = $head =~ m{^(\S+) (?:http://)?([^/ ]+)} or return;
	my ($given) = $head =~ /^Proxy-Authorization: Basic (\S+)\r$/m;

	append_to_file("$directory/heads", $head);
	if (($given // '') ne $login)
	{
		my $body = "You sent " . ($given // 'nothing') . " for $password";

		print $client "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n"
		  . 'Content-Length: ' . length($body) . "\r\n"
		  . "Connection: close\r\n\r\n$body";
		return;
	}

	my $server = IO::Socket::INET->new(PeerAddr => $target) or return;
	if ($method eq 'CONNECT')
	{
		syswrite($client, "HTTP/1.1 200 Connected\r\n\r\n");
	}
	else
	{
		$head =~ s{ http://[^/]+}{ };
		$head =~ s/^Proxy-.*\r\n//mg;
		$head =~ s/\r\n\z/Connection: close\r\n\r\n/;
		syswrite($server, $head);
	}
	relay($client, $server);
	return;
}

my $proxy = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5);
my $pid = fork;
if (!$pid)
{
	# This process ends without the end of the test, which stops the server.
	$SIG{TERM} = 'DEFAULT';
	while (my $client = $proxy->accept)
	{
		$client->autoflush;
		serve_client($client);
		close $client;
	}
	POSIX::_exit(0);
}

# What the proxy was sent since this was last asked.
sub heads
{
	my $heads = -e "$directory/heads" ? slurp_file("$directory/heads") : '';

	unlink "$directory/heads";
	return $heads;
}

my $port = start_mock(rate => 0);
my $node = new_node(log_statement => 'none', log_min_error_statement => 'panic');
my $servers = 0;
my $seen = '';    # what was printed

# A server behind the proxy; the mapping has a user and a password, if given.
sub make_server
{
	my ($credentials, %options) = @_;
	my $name = 'proxied' . ++$servers;

	setup_server(
		$node,
		server => $name,
		schema => $name,
		requests_per_second => 0,
		proxy => 'http://127.0.0.1:' . $proxy->sockport,
		%options);
	$node->safe_psql('postgres',
		"ALTER USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS ($credentials)")
	  if $credentials ne '';
	return $name;
}

my $right = "ADD proxy_user '$user', ADD proxy_password '$password'";

sub query
{
	my ($sql) = @_;
	my $out = $node->safe_psql('postgres', $sql);

	$seen .= $out;
	return $out;
}

# A script that should fail because of the proxy, with nothing sent on.
sub is_refused
{
	my ($server, $hint, $name) = @_;

	foreach my $sql ("SELECT count(*) FROM $server.courses",
		"INSERT INTO $server.courses (title) VALUES ('x')")
	{
		my ($sqlstate, $message) = psql_error($node, $sql);

		is($sqlstate, 'HV00N', "$name: $sql");
		like($message, $hint, '... the hint');
		unlike($message, qr/WARNING/, '... and nothing was written');
		$seen .= $message;
	}
	return;
}

# http: the proxy gets the whole request, and its own header besides.
my $plain = make_server($right);
mock('--reset', 'rate=0');
is(query("SELECT count(*) FROM $plain.courses"), 12, 'through the proxy');
like(heads(), qr{^GET http://127.0.0.1:$port/v2/courses\?.*^Proxy-Authorization: Basic \Q$login\E\r$}ms,
	'which was sent user and password');
is(query("INSERT INTO $plain.courses (title) VALUES ('Far') RETURNING title"),
	'Far', 'a write through the proxy');
heads();

# A tunnel: the proxy gets its header and no key; the API, which refuses such
# a header, gets none.
SKIP:
{
	skip 'no openssl', 4 if system('openssl version >/dev/null 2>&1');

	my %file = map { $_ => "$directory/$_" } qw(key crt);
	system_log('openssl', split ' ',
		"req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 "
		  . "-addext subjectAltName=DNS:localhost -keyout $file{key} -out $file{crt}");
	my $tls_port = mock('--serve', '--port', 0, '--idle', 600,
		'--tls-cert', $file{crt}, '--tls-key', $file{key});
	mock('--set', 'rate=0', '--port', $tls_port);
	my %tls = (
		base_url => "https://localhost:$tls_port/v2",
		ca_file => $file{crt});
	my $tunnel = make_server($right, %tls);

	is(query("SELECT count(*) FROM $tunnel.courses"), 12, 'through a tunnel');
	my $heads = heads();
	like($heads, qr{\ACONNECT localhost:$tls_port .*^Proxy-Authorization: Basic \Q$login\E\r$}ms,
		'for which user and password were sent');
	unlike($heads, qr/X-API-Key|test-key/i, '... and nothing else');
	is_refused(make_server("ADD proxy_user '$user'", %tls),
		qr/Check the proxy_user and proxy_password of the user mapping/,
		'a tunnel without password');
	mock('--stop', '--port', $tls_port);
}

# Without a proxy nobody gets them.
my $direct = make_server($right);
$node->safe_psql('postgres', "ALTER SERVER $direct OPTIONS (DROP proxy)");
heads();
is(query("SELECT count(*) FROM $direct.courses"), 13, 'without a proxy');
is(heads(), '', '... which is not asked then');

# What the proxy refuses was not sent: an error that says what to look at.
mock('--reset', 'rate=0');
is_refused(
	make_server("ADD proxy_user '$user', ADD proxy_password 'wrong-$password'"),
	qr/HINT:  Check the proxy_user and proxy_password of the user mapping for role ".*" on server "proxied\d+"\./,
	'a wrong password');
is_refused(make_server(''), qr/Check the proxy_user/, 'no password');
is(mock('--count'), 0, 'the API was asked nothing');

# Nobody is shown them.
$node->append_conf('postgresql.conf', <<'END');
log_statement = all
log_min_messages = debug5
debug_print_plan = on
frontcore_fdw.log_requests = on
END
$node->reload;
query("EXPLAIN (VERBOSE, ANALYZE) SELECT * FROM $plain.courses");
query("SELECT t::text FROM $_ t")
  foreach qw(frontcore_limiter frontcore_stat frontcore_activity
  pg_foreign_server pg_stat_activity);
query('CREATE ROLE regress_other; SET ROLE regress_other; '
	  . 'SELECT t::text FROM pg_user_mappings t');
is_refused(make_server('') , qr/HINT/, 'no password, with all logged');
$node->stop;
my $log = slurp_file($node->logfile);
like($log, qr/FrontCore request GET .*the proxy wants/, 'requests are logged');
foreach my $secret ($password, 'w0rd', $login)
{
	ok(index($seen, $secret) < 0, 'not in what a session sees');
	ok(index($log, $secret) < 0, 'not in the log');
}

done_testing();

END
{
	# Keep the test's own exit status.
	local $?;
	kill 'TERM', $pid if $pid;
}
