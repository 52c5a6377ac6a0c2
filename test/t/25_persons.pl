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
		my $spec = $failures{$failure} =~ s/ECHO/$echoes[$number]/r;

		mock('--fault', "match=search-users $spec");
		my ($code, $message) = psql_error($node, $questions[$number]);

		isnt($code, '00000', "$failure is an error");
		$message =~ s/^.*?LINE 1:.*$//ms;
		unlike($message, $person, "$failure: the message names nobody");
		like($message, qr/search-users\?\w+=\*\*\*/,
			"$failure: the context hides what was searched for");
	}
}

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

$node->stop;
done_testing();
