# FrontcoreTest - what our TAP tests have in common
#
# A test has its own server and its own mock API, both gone when it ends:
#
#	use FindBin;
#	use lib "$FindBin::RealBin/../perl";
#	use FrontcoreTest;
#
#	my $mock = start_mock();
#	my $node = new_node(max_connections => 30);
#	setup_server($node, requests_per_second => 0);
#	mock('--fault', 'status=500 path=/courses');
#	is($node->safe_psql('postgres', 'SELECT count(*) FROM fc.courses'), ...);
#	is(mock('--count'), 3, 'three pages');
#
# Runs under PGXS's installcheck with PostgreSQL 15 to 18.

package FrontcoreTest;

use strict;
use warnings FATAL => 'all';

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More ();

our @EXPORT = qw(new_node start_mock stop_mock mock mock_command setup_server
  new_account read_course psql_error background_pid wait_for_activity
  most_in_a_second build_library);

my $mock_program = abs_path(dirname(__FILE__) . '/../mock.py');
my %mocks;    # running mocks: port => 1
my $nodes = 0;
my $accounts = 0;

# new_node(%settings)
#	A running server with the extension in database postgres.  The settings
#	go to postgresql.conf.
sub new_node
{
	my (%settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new('frontcore' . ++$nodes);

	$node->init;
	$node->append_conf('postgresql.conf', "$_ = '$settings{$_}'")
	  for sort keys %settings;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION frontcore_fdw');
	return $node;
}

# start_mock(%switches)
#	Start a mock API with these switches on a free port, and return the port.
#	From now on mock() and programs that we start talk to it.
sub start_mock
{
	my (%switches) = @_;

	# Longer idle than any test waits; it is stopped at the end.
	my ($port) = run_mock('--serve', '--port', 0, '--idle', 600) =~ /(\d+)/;
	$mocks{$port} = 1;
	$ENV{FRONTCORE_MOCK_PORT} = $port;
	mock('--set', map { "$_=$switches{$_}" } sort keys %switches)
	  if %switches;
	return $port;
}

# stop_mock([$port])
#	Stop a mock, the last one started by default.
sub stop_mock
{
	my $port = shift || $ENV{FRONTCORE_MOCK_PORT};

	return unless delete $mocks{$port};
	IPC::Run::run([ $mock_program, '--stop', '--port', $port ],
		'<', \undef, '>', \my $out, '2>', \my $err);
	return;
}

# mock($command, @arguments)
#	Tell the mock something; returns what it prints, without the last newline.
sub mock
{
	return run_mock(@_);
}

# mock_command(@arguments)
#	The same as a command for IPC::Run, for what runs beside the test.
sub mock_command
{
	return [ $mock_program, @_ ];
}

sub run_mock
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ $mock_program, @_ ], '<', \undef, '>', \$out, '2>', \$err)
	  or die "mock.py @_: $err$out";
	chomp $out;
	return $out;
}

# setup_server($node, %options)
#	A server, a user mapping and the imported schema "fc" for the mock last
#	started.  Options are those of the server, and of us: dbname (postgres),
#	server (frontcore), schema (fc), api_key (see below), user (CURRENT_USER),
#	import (options of IMPORT, such as "import_raw 'true'").
sub setup_server
{
	my ($node, %options) = @_;
	my %own = (
		dbname => 'postgres',
		server => 'frontcore',
		schema => 'fc',
		api_key => 'test-key',
		user => 'CURRENT_USER',
		import => '');

	for my $name (keys %own)
	{
		$own{$name} = delete $options{$name} if exists $options{$name};
	}
	$options{base_url} //= "http://127.0.0.1:$ENV{FRONTCORE_MOCK_PORT}/v2";

	my $options = join ', ',
	  map { "$_ " . quote($options{$_}) } sort keys %options;
	my $import = $own{import} ? "OPTIONS ($own{import})" : '';
	$node->safe_psql($own{dbname}, <<"END");
CREATE EXTENSION IF NOT EXISTS frontcore_fdw;
CREATE SERVER $own{server} FOREIGN DATA WRAPPER frontcore_fdw OPTIONS ($options);
CREATE USER MAPPING FOR $own{user} SERVER $own{server}
	OPTIONS (api_key @{[quote($own{api_key})]});
CREATE SCHEMA IF NOT EXISTS $own{schema};
IMPORT FOREIGN SCHEMA frontcore FROM SERVER $own{server} INTO $own{schema} $import;
END
	return;
}

# most_in_a_second()
#	How many requests have arrived at the mock in the worst second since its
#	reset; those that match a condition on [arrived, account, method, target,
#	status, connection, key id, done], if one is given.
sub most_in_a_second
{
	my ($condition) = @_;
	my @times = sort { $a <=> $b } map { $_->[0] }
	  grep { !$condition || $condition->(@$_) }
	  @{ JSON::PP::decode_json(mock('--arrivals')) };
	my ($most, $first) = (0, 0);

	foreach my $last (0 .. $#times)
	{
		$first++ while $times[$last] - $times[$first] >= 1;
		$most = $last - $first + 1 if $last - $first + 1 > $most;
	}
	return $most;
}

# new_account($node, %options)
#	A server as by setup_server, with an account of its own.  Returns the name
#	of both, which is the schema's name too.
sub new_account
{
	my ($node, %options) = @_;
	my $account = 'account' . ++$accounts;

	setup_server(
		$node,
		server => $account,
		schema => $account,
		limiter_key => $account,
		%options);
	return $account;
}

# read_course($node, $schema, $id)
#	Read a course by its id, which costs one request; returns the id.
sub read_course
{
	my ($node, $schema, $id) = @_;

	return $node->safe_psql('postgres',
		"SELECT id FROM $schema.courses WHERE id = $id");
}

sub quote
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

# psql_error($node, $sql [, $dbname])
#	Run a script that should fail; returns (SQLSTATE, whole message), or
#	('00000', '') if it succeeds.
sub psql_error
{
	my ($node, $sql, $dbname) = @_;
	my ($out, $err) = ('', '');

	my $status = $node->psql(
		$dbname // 'postgres', "\\set VERBOSITY verbose\n$sql",
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 1);
	return ('00000', '') if $status == 0;

	my ($sqlstate) = $err =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5}):/;
	return ($sqlstate // 'none', $err);
}

# Some minor versions leave a line's end behind what a background_psql session
# returns, or what separates it from the next answer.
{
	no warnings 'redefine';
	my $query = \&PostgreSQL::Test::BackgroundPsql::query;

	*PostgreSQL::Test::BackgroundPsql::query = sub {
		my ($output, $failed) = $query->(@_);

		$output =~ s/(?:background_psql: QUERY_SEPARATOR[^\n]*)?\n?\z//;
		return wantarray ? ($output, $failed) : $output;
	};
}

# background_pid($psql)
#	The process behind a background_psql session.
sub background_pid
{
	my ($session) = @_;

	return $session->query_safe('SELECT pg_backend_pid()');
}

# wait_for_activity($node, $condition)
#	Wait until some backend of pg_stat_activity meets the condition.
sub wait_for_activity
{
	my ($node, $condition) = @_;

	$node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE $condition")
	  or die "no backend with $condition";
	return;
}

# build_library($name, $code, @flags)
#	Build a library from C with the server's compiler, and return its path.
#	It is gone when the test ends.
sub build_library
{
	my ($name, $code, @flags) = @_;
	my $source = PostgreSQL::Test::Utils::tempdir() . "/$name.c";
	my $library = $source =~ s/c$/so/r;
	my ($compiler, $headers) = map { chomp; $_ } (
		scalar(`pg_config --cc`), scalar(`pg_config --includedir-server`));

	PostgreSQL::Test::Utils::append_to_file($source, $code);
	system_or_bail((split ' ', $compiler), '-shared', '-fPIC', '-I', $headers,
		@flags, '-o', $library, $source, '-ldl');
	return $library;
}

END
{
	# Keep the test's own exit status.
	local $?;
	stop_mock($_) for keys %mocks;
}

1;
