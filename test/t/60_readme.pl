# The README's examples in SQL do what they say: each statement is run, in its
# order, at a mock in the place of the API.

use strict;
use warnings FATAL => 'all';

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file(abs_path(dirname(__FILE__) . '/../../README.md'));
my $port = start_mock(rate => 0);
my $node = new_node();

# What the reader has: pg_cron, roles, a second account, his own tables.
$node->safe_psql('postgres', <<'END');
CREATE SCHEMA cron;
CREATE FUNCTION cron.schedule(name text, schedule text, command text) RETURNS bigint
LANGUAGE sql AS 'SELECT 1::bigint';
CREATE ROLE reporting;
CREATE SERVER oslo FOREIGN DATA WRAPPER frontcore_fdw;
CREATE SERVER bergen FOREIGN DATA WRAPPER frontcore_fdw;
CREATE TABLE budget (course_id bigint, department text, amount numeric);
INSERT INTO budget VALUES (7301, 'sales', 1000);
CREATE TABLE new_courses (title text, reference text);
INSERT INTO new_courses VALUES ('Ledelse i praksis II', 'LED-1'), ('Nytt kurs', 'NY-1'), ('Uten', NULL);
END

# The blocks of SQL, each under its title.
my @blocks;
my $title;
while ($readme =~ /^##+ ([^\n]*)$|^```sql\n(.*?)^```$/gms)
{
	if (defined $1)
	{
		$title = $1;
	}
	else
	{
		push @blocks, [ $title, $2 ];
	}
}
cmp_ok(scalar @blocks, '>=', 25, 'examples are found');

foreach my $block (@blocks)
{
	my ($title, $sql) = @$block;

	# of another database, and of a gateway
	next if $sql =~ /CREATE EXTENSION postgres_fdw|gateway\.example/;

	$sql =~ s/^CREATE EXTENSION frontcore_fdw;\n//;    # new_node has
	$sql =~ s{(CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw)}
		{$1 OPTIONS (base_url 'http://127.0.0.1:$port/v2', requests_per_second '0')};
	$sql =~ s/api_key '\.\.\.'/api_key 'test-key'/g;
	$sql =~ s/PASSWORD '\.\.\.'/PASSWORD 'secret'/g;

	# what would leave nothing to ask, or make it slow
	$sql =~ s/ADD (?=requests_per_second)/SET /;
	$sql = "BEGIN;\n$sql;\nROLLBACK;" if $sql =~ /\\gexec|SET requests_per_second/;

	mock('--reset', 'rate=0');    # one example deletes what another reads
	my ($error, $messages) = psql_error($node, $sql);
	is($error, '00000', $title) or diag($messages);
}

$node->stop;
done_testing();
