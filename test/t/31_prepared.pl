# Prepared transactions, which a stock server does not have: one that has only
# read can be prepared and committed.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use Test::More;

start_mock(rate => 0);
my $node = new_node(max_prepared_transactions => 4);
setup_server($node, requests_per_second => 0);
$node->safe_psql('postgres', 'CREATE TABLE key (id int)');

is( $node->safe_psql('postgres', q{
		BEGIN;
		SELECT count(*) FROM fc.courses;
		INSERT INTO key VALUES (1);
		PREPARE TRANSACTION 'regress_reader';
		SELECT count(*) FROM fc.courses;
		COMMIT PREPARED 'regress_reader';
		SELECT count(*) FROM key;}),
	"12\n12\n1",
	'a transaction that has read is prepared and committed');
is(mock('--log', '--quiet'), '4 requests',
	'what it had read is forgotten when it is prepared');

my ($sqlstate, $error) = psql_error($node, q{
	BEGIN;
	DECLARE held CURSOR WITH HOLD FOR SELECT id FROM fc.courses;
	PREPARE TRANSACTION 'regress_holder';});
like($error, qr/created a cursor WITH HOLD/, 'a held cursor forbids it as ever');

done_testing();
