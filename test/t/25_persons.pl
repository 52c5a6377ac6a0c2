# Persons' values stand in nothing that we write.
#
# Statements and their constants are PostgreSQL's to log, so they are not
# logged here: what is left in the server's log is ours.  The mock's persons
# have mail addresses at person.example, and those that a statement names are
# found nowhere else.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# In the statements below, or in the mock's answers to them.
my $person = qr/person\.example|person%40|SearchedFor|Hidden|TOKEN|token=|Lund\b/i;

start_mock(rate => 0);
my $node = new_node(
	log_statement => 'none',
	log_min_error_statement => 'panic',
	log_min_duration_statement => -1,
	log_parameter_max_length_on_error => 0);
setup_server(
	$node,
	requests_per_second => 0,
	max_retries => 0,
	import => "import_persons 'true'");
$node->append_conf('postgresql.conf', "frontcore_fdw.log_requests = on");
$node->reload;

my @questions = (
	q{SELECT count(*) FROM frontcore_find_users('frontcore', email => 'a@person.example')},
	q{SELECT count(*) FROM frontcore_find_users('frontcore', firstname => 'SearchedFor', lastname => 'Hidden')},
	q{SELECT count(*) FROM frontcore_find_users('frontcore', username => 'SearchedFor')},
	q{SELECT count(*) FROM frontcore_diplomas('frontcore', participant_id => 200001)},
	q{SELECT count(*) FROM fc.participants WHERE email = 'user0@person.example'},
	q{SELECT count(*) FROM fc.participants WHERE course_date_id = 51001 AND lastname = 'Lund'},
	q{SELECT count(*) FROM fc.contacts WHERE lastname = 'Lund'},
	q{SELECT booking_id FROM frontcore_book('frontcore', 51001,
		'[{"firstname": "Ada", "lastname": "Lund", "email": "ada@person.example"}]')});

is( $node->psql('postgres', $_), 0, "it works: " . substr($_, 0, 40))
  foreach @questions;

# Failures of all kinds tell the person who asked no more than that.
my %failures = (
	'a refusal that echoes' =>
	  q{status=422 body="{\"error\":\"nobody is ECHO\"}"},
	'a refusal that shouts' =>
	  q{status=422 body="{\"error\":\"nobody is SHOUT\"}"},
	'a refusal that quotes the request' =>
	  q{status=422 body="{\"error\":\"nobody is SENT\"}"},
	'a page that quotes the request' =>
	  q{status=400 type=text/html body="<html>nobody is SENT</html>"},
	'no list' => 'nocontainer',
	'no JSON' => 'html',
	'a lost connection' => 'reset',
	'a server in trouble' => 'status=503',
	'a wrong key' => 'status=401');
my @echoes = ('a@person.example', 'SearchedFor Hidden', 'SearchedFor');
foreach my $failure (sort keys %failures)
{
	foreach my $number (0 .. 2)
	{
		my %echo = (
			ECHO => $echoes[$number],
			SHOUT => uc $echoes[$number],
			SENT => $echoes[$number] =~ s/\@/%40/r);
		my $spec = $failures{$failure} =~ s/(ECHO|SHOUT|SENT)/$echo{$1}/r;

		mock('--fault', "match=search-users $spec");
		my ($code, $message) = psql_error($node, $questions[$number]);

		isnt($code, '00000', "$failure is an error");
		$message =~ s/^.*?LINE 1:.*$//ms;
		unlike($message, $person, "$failure: the message names nobody");
		like($message, qr/search-users\?\w+=\*\*\*/,
			"$failure: the context hides what was searched for");
	}
}

# An answer that breaks off, or goes on, is not quoted: it holds persons, or
# links that open their documents.
my %answers = (
	'search-users' => $questions[0] =~ s/a(?=\@)/user8/r,
	diplomas => $questions[3],
	'GET /participants' => $questions[4],
	contacts => $questions[6],
	booking => $questions[7]);
foreach my $match (sort keys %answers)
{
	foreach my $failure ('badjson', 'trailing')
	{
		mock('--fault', "match='$match' processed=yes $failure");
		my ($code, $message) = psql_error($node, $answers{$match});

		like($code, qr/^(HV00M|08007)$/, "$match, $failure: an error");
		$message =~ s/^.*?LINE 1:.*$//ms;
		unlike($message, qr/$person|The API replied/,
			"$match, $failure: what came is not quoted");
	}
}
mock('--clear-faults');

# What a plan says is sent.
foreach my $question (@questions[ 4 .. 6 ])
{
	my $plan = $node->safe_psql('postgres', "EXPLAIN ANALYZE $question");

	unlike(join("\n", grep { /Remote/ } split /\n/, $plan),
		$person, 'what is sent upstream names nobody');
}

# The views, whatever role looks at them.
foreach my $view ('frontcore_stat', 'frontcore_limiter', 'frontcore_activity')
{
	unlike($node->safe_psql('postgres', "SELECT * FROM $view"),
		$person, "$view names nobody");
}

# A rollback names its writes in the log.
$node->psql('postgres', "BEGIN; $questions[7]; ROLLBACK");

my $log = slurp_file($node->logfile);
like($log, qr/FrontCore request GET \/search-users\?email=\*\*\*: status 200/,
	'the log has the requests');
like($log, qr/POST \/booking/, 'and what was rolled back');
unlike($log, $person, 'the log names nobody');

# A standby refuses the functions, and sends nothing.
my @calls = (
	q{frontcore_book('frontcore', 51001, '[{}]')},
	q{frontcore_deregister('frontcore', 5001)},
	q{frontcore_anonymize_user('frontcore', 90001)},
	q{frontcore_check_campaign('frontcore', 'x', 7301)},
	q{frontcore_check_voucher('frontcore', 'x')},
	q{frontcore_find_users('frontcore', 'x')},
	q{frontcore_diplomas('frontcore', 90001)});
$node->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 2");
$node->restart;
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
mock('--log');
foreach my $call (@calls)
{
	my ($name) = $call =~ /(\w+)/;
	my ($code, $message) = psql_error($standby, "SELECT * FROM $call");

	is($code, '25006', "$name is refused on a standby");
	like($message, qr/cannot execute $name\(\)/, 'by its name');
}
is(mock('--log'), '0 requests', 'and nothing is sent');
is( $standby->safe_psql('postgres',
		'SELECT count(*) > 0 FROM fc.participants WHERE course_date_id = 51001'),
	't', 'a standby reads persons');
is( $standby->safe_psql('postgres',
		q{SELECT note FROM frontcore_columns('fc.products') WHERE column_name = 'type_id'}),
	'1 add-on, 2 course product', 'and tells of columns');

$standby->stop;
$node->stop;
done_testing();
