# Prometheus' exporter with our query file: each metric that the file names is
# there, with the right value, and each that an alert names.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use HTTP::Tiny;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my ($exporter) = grep { -x } map { "$_/prometheus-postgres-exporter" } qw(/usr/bin /usr/local/bin);
plan skip_all => 'no prometheus-postgres-exporter' unless $exporter;

start_mock();
my $node = new_node();
mock('--reset', 'rate=0');
setup_server($node, requests_per_second => 0);
$node->safe_psql('postgres', 'CREATE ROLE regress_exporter LOGIN; GRANT pg_monitor TO regress_exporter');
mock('--fault', 'status=429 retry_after=0 count=1 match=^GET');
$node->safe_psql('postgres', 'SELECT count(*) FROM fc.courses WHERE id = 7301');
mock('--fault', 'reset match=^POST count=1');
is((psql_error($node, "INSERT INTO fc.courses (title) VALUES ('Unknown')"))[0], '08007', 'a write of unknown outcome');

# The files are those of the README
my ($queries, $alerts) = slurp_file("$FindBin::RealBin/../../README.md") =~ /^```yaml\n(.*?)^```$/msg;
my $file = "$PostgreSQL::Test::Utils::tmp_check/queries.yaml";
append_to_file($file, $queries);
my $rules = "$PostgreSQL::Test::Utils::tmp_check/alerts.yaml";
append_to_file($rules, $alerts);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my ($out, $err) = ('', '');
my $run;
{
	local $ENV{DATA_SOURCE_NAME} =
	  sprintf('host=%s port=%d user=regress_exporter dbname=postgres sslmode=disable', $node->host, $node->port);
	$run = IPC::Run::start(
		[ $exporter, "--web.listen-address=127.0.0.1:$port", "--extend.query-path=$file",
			'--disable-default-metrics', '--disable-settings-metrics' ],
		'<', \undef, '>', \$out, '2>', \$err);
}

# It listens as soon as it can, and answers with what it has found by then.
my $metrics = '';
my $tries = 10 * $PostgreSQL::Test::Utils::timeout_default;
until ($metrics =~ /^frontcore_limiter_/m || $tries-- == 0)
{
	my $answer = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/metrics");
	$metrics = $answer->{content} if $answer->{success};
	select undef, undef, undef, 0.1 unless $metrics =~ /^frontcore_limiter_/m;
}
$run->kill_kill;

my %value;
$value{$1}{$2 // ''} = $3 while $metrics =~ /^(frontcore_\w+)(?:\{(.*?)\})? (\S+)$/mg;
my $view;
foreach (split /\n/, $queries)
{
	$view = $1 if /^(\w+):$/;
	my $metric = /^    - (\w+):$/ ? "${view}_$1" : next;
	next if $queries =~ /^\Q$_\E\n +usage: "LABEL"/m;
	ok($value{$metric}, $metric);
}
is_deeply([ values %{ $value{frontcore_limiter_throttled} // {} } ], [1], 'a 429 is counted');
my ($unknown) = grep { /resource="courses"/ } keys %{ $value{frontcore_stat_unknown_outcomes} // {} };
is($unknown && $value{frontcore_stat_unknown_outcomes}{$unknown}, 1, 'an unknown outcome is counted');
is_deeply([ values %{ $value{frontcore_requests_rolled_back} // {} } ], [1], 'what a rollback has left is counted');

foreach my $expression ($alerts =~ /expr: (.*)/g)
{
	my ($metric) = $expression =~ /(frontcore_\w+)/;
	ok($value{$metric}, "an alert's metric: $expression");
}
if (-x '/usr/bin/promtool')
{
	command_ok([ 'promtool', 'check', 'rules', $rules ], 'the alerts are rules');
}
diag($err) unless $metrics;

$node->stop;
done_testing();
