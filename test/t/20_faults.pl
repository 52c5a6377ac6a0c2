# What each fault of the API does to each kind of request.
#
# A fault meets seven operations.  Each has one right end: the rows as if
# nothing had happened, or one SQLSTATE of the contract.  After each the
# session is the same, its next query gives the right rows, no write went out
# twice, and a statement that succeeded lacks nothing.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use HTTP::Tiny;
use PostgreSQL::Test::Utils;
use Test::More;

# What is sent, the SQL for it, and the requests that the fault is for.  The
# small page makes three pages of the twelve courses; the batch names three of
# the courses that have dates.
# PostgreSQL 16 and later ask for rows in an aggregate's order.  The batch would
# be asked to sort by id, but not by its text: the faults are for any order.
my @reads = (
	{   name => 'list',
		sql => q{SELECT count(*), sum(id), md5(string_agg(title, '|' ORDER BY id)) FROM fc.courses},
		match => '^GET /courses' },
	{   name => 'page 2',
		sql => q{SELECT count(*), sum(id), md5(string_agg(title, '|' ORDER BY id)) FROM fc.courses},
		match => '^GET /courses',
		skip => 1 },
	{   name => 'row',
		sql => q{SELECT id, title, lessons_hours FROM fc.courses WHERE id = 7301},
		match => '^GET' },
	{   name => 'batch',
		sql => q{SELECT count(*), sum(id), md5(string_agg(title, '|' ORDER BY id::text)) FROM fc.course_dates WHERE course_id = ANY('{7301,7302,7303}')},
		match => '^GET' });
my @writes = (
	{   name => 'INSERT',
		sql => q{INSERT INTO fc.courses (title) VALUES ('Fault') RETURNING id, title},
		match => '^POST' },
	{   name => 'UPDATE',
		sql => q{UPDATE fc.courses SET title = 'Fault' WHERE id = 7301 RETURNING id, title},
		match => '^PUT' },
	{   name => 'DELETE',
		sql => "DELETE FROM fc.courses WHERE id = 7310;\n\\echo :ROW_COUNT",
		match => '^DELETE' });

# How an operation may end: a SQLSTATE, or one of these words; "-" is no case.
#
#   ok     as without the fault
#   end    the first page only: after a full page, this is how a list ends
#   none   no row
#   null   as without the fault, but the title is null
#
# The columns are those of @reads and @writes.  More words for the case may
# follow: timeout=MS is the server option, bare keeps the mock from gzip.
my @faults = (

	# what the API says by status: first its own words, then a proxy's
	[ 'status=400',               qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'status=401',               qw(28000 28000 28000 28000  28000 28000 28000) ],
	[ 'status=402',               qw(42501 42501 42501 42501  42501 42501 42501) ],
	[ 'status=403',               qw(42501 42501 42501 42501  42501 42501 42501) ],
	[ 'status=404',               qw(HV00R end   none  none   HV00R HV00R HV00R) ],
	[ 'status=404 empty',         qw(HV00R end   none  none   HV00R HV00R HV00R) ],
	[ 'status=404 html',          qw(HV00R HV00R HV00R HV00R  HV00R HV00R HV00R) ],
	[ 'status=405 header=Allow:TRACE', qw(0A000 0A000 0A000 0A000  0A000 0A000 0A000) ],
	[ 'status=409 body={"error":"Token~mismatch"}', qw(40001 40001 40001 40001  40001 40001 40001) ],
	[ 'status=409 body={"errors":[{"code":"MsgPermissions"}]}', qw(42501 42501 42501 42501  42501 42501 42501) ],
	[ 'status=412 body={"error":"Wrong~version"}', qw(40001 40001 40001 40001  40001 40001 40001) ],
	[ 'status=422',               qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'status=429',               qw(53400 53400 53400 53400  53400 53400 53400) ],
	[ 'status=429 empty',         qw(53400 53400 53400 53400  53400 53400 53400) ],
	[ 'retry_after=9999',         qw(53400 53400 53400 53400  53400 53400 53400) ],
	[ 'retry_after={http+9999}',  qw(53400 53400 53400 53400  53400 53400 53400) ],
	[ 'retry_after=soon',         qw(53400 53400 53400 53400  53400 53400 53400) ],
	[ 'status=500',               qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],
	[ 'status=500 empty',         qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],
	[ 'status=500 html',          qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],
	[ 'status=500 processed=yes', qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],
	[ 'status=502 html',          qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'status=503 html',          qw(57P03 57P03 57P03 57P03  08007 08007 08007) ],
	[ 'status=503 retry_after=9999', qw(57P03 57P03 57P03 57P03  08007 08007 08007) ],
	[ 'status=504 empty',         qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'status=207 processed=yes', qw(42501 42501 42501 42501  42501 42501 42501) ],
	[ 'status=301',               qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],
	[ 'status=304 empty',         qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],
	[ 'redirect=http://127.0.0.1:{port}/v2/customers',
		qw(HV000 HV000 HV000 HV000  08007 08007 08007) ],

	# what it says by its body, under whatever status
	[ 'body={"error":"Wrong~API~Key"}',   qw(28000 28000 28000 28000  28000 28000 28000) ],
	[ 'body={"error":"Invalid~API~key"} status=500', qw(28000 28000 28000 28000  28000 28000 28000) ],
	[ 'body={"error":"No~permission"}',   qw(42501 42501 42501 42501  42501 42501 42501) ],
	[ 'body={"error":"Course~not~found"}', qw(HV00L end   none  none   HV024 HV00R none) ],
	[ 'body={"error":"Out~of~order"}',    qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"successful":false,"errors":[{"code":"odd","message":"Odd"}]}',
		qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],

	# a write is done only where the answer shows it
	[ 'body={"successful":0}',    qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"successful":"0"}',  qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"successful":"false"}', qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"success":false}',   qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"Success":"No"}',    qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"errors":["Not~allowed"]}', qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"errors":{"title":["Too~long"]}}', qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"errors":"Too~long","id":7301}', qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body={"status":"error"}',  qw(HV00L end   HV00L HV00L  HV024 HV024 HV024) ],
	[ 'body=false',               qw(HV00M HV00M HV00M HV00M  HV024 HV024 HV024) ],
	[ 'body=[{"error":"No"}]',    qw(-     -     -     -      HV024 HV024 HV024) ],
	[ 'body={"data":{"successful":false}}', qw(-     -     -     -      HV024 HV024 HV024) ],
	[ 'body={"errors":["No~permission"]}', qw(42501 42501 42501 42501  42501 42501 42501) ],
	[ 'body={"message":"Not~allowed"}', qw(-     -     -     -      08007 08007 08007) ],
	[ 'body={"id":0}',            qw(-     -     -     -      08007 08007 08007) ],
	[ 'body={"course_id":9}',     qw(-     -     -     -      -     08007 08007) ],
	[ 'body={"successful":true}', qw(-     -     -     -      08007 ok    ok) ],
	[ 'body={"success":"ok"}',    qw(-     -     -     -      08007 ok    ok) ],
	[ 'body=[{"id":"7301"}]',     qw(-     -     -     -      -     ok    -) ],
	[ 'body={"data":[{"course_id":7310}]}', qw(-     -     -     -      -     -     ok) ],
	[ 'body=[]',                  qw(-     -     -     -      08007 08007 08007) ],
	[ 'body={}',                  qw(-     -     -     -      08007 08007 08007) ],
	[ 'body=null',                qw(-     -     -     -      08007 08007 08007) ],
	[ 'body=true',                qw(-     -     -     -      08007 08007 08007) ],
	[ 'status=408',               qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'status=204 empty processed=yes', qw(-     -     -     -      08007 ok    ok) ],
	[ 'empty processed=no',       qw(-     -     -     -      08007 53400 53400) ],
	[ 'patch={"error":""}',       qw(-     -     ok    -      ok    ok    ok) ],
	[ 'patch={"errors":[],"error":{}}', qw(-     -     ok    -      ok    ok    ok) ],
	[ 'patch={"error":0}',        qw(-     -     ok    -      ok    ok    ok) ],

	# an answer that ends inside its headers, or before them
	[ 'literally=HTTP/1.1~200~OK\\r\\nContent-Ty', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~200~OK\\r\\n', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~200~OK\\r\\nContent-Length:~0\\r\\n', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~204~No~Content\\r\\n', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~2',    qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~100~Continue\\r\\n\\r\\n', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~103~Hints\\r\\n\\r\\nHTTP/1.1~200~OK\\r\\nA:~b', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'literally=x\\r\\nHTTP/1.1~200~OK\\r\\n\\r\\n', qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~200~OK\\r\\nTransfer-Encoding:~chunked\\r\\n\\r\\n5\\r\\n{"id', qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'literally=HTTP/1.1~200~OK\\r\\nTransfer-Encoding:~chunked\\r\\n\\r\\n0\\r\\nHTTP/1.1~429~X:~y\\r\\n', qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],

	# no answer, or not all of it
	[ 'reset',                    qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'close',                    qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'close processed=no',       qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'garbage',                  qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'truncate=9 bare',         qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'truncate=9',              qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'truncate=0 bare',          qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'wronglength=7 bare',       qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'wronglength=-7 bare',      qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'wronglength=-30',          qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'delay=5000 timeout=150',   qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'hold timeout=150',         qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'stall_after_headers timeout=150', qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'drip=20 timeout=150',      qw(08006 08006 08006 08006  08007 08007 08007) ],
	[ 'drip=40000',               qw(ok    ok    ok    ok     ok    ok    ok) ],
	[ 'delay=50',                 qw(ok    ok    ok    ok     ok    ok    ok) ],

	# an answer that is not what it should be
	[ 'empty',                    qw(53400 53400 53400 53400  08007 ok    ok) ],
	[ 'body=~',                   qw(53400 53400 53400 53400  08007 ok    ok) ],
	[ 'html',                     qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'badjson',                  qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'trailing',                 qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'nocontainer',              qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'body=17',                  qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'body={"items":7}',         qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'body=[7,8]',               qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'bigheader',                qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'bomb=9 size=8',            qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'nest=100000',              qw(HV00M HV00M HV00M HV00M  -     -     -) ],
	[ 'nest=200',                 qw(ok    ok    ok    ok     -     -     -) ],
	[ 'header=Content-Encoding:gzip bare', qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'header=Content-Encoding:rot13 bare', qw(HV00M HV00M HV00M HV00M  08007 08007 08007) ],
	[ 'type=text/html',           qw(ok    ok    ok    ok     ok    ok    ok) ],
	[ 'header=Date:yesterday',    qw(ok    ok    ok    ok     ok    ok    ok) ],
	[ 'header=Retry-After:9999',  qw(ok    ok    ok    ok     ok    ok    ok) ],

	# a value that is not what it should be, in a column that is read
	[ 'badutf8',                  qw(22021 22021 22021 22021  -     -     -) ],
	[ 'nul',                      qw(22P05 22P05 22P05 22P05  -     -     -) ],
	[ 'surrogate',                qw(22P05 22P05 22P05 22P05  -     -     -) ],
	[ 'hugeid=9223372036854775808', qw(22003 22003 22003 22003  -    -     -) ],
	[ 'patchraw=lessons_hours=[1]', qw(ok    ok    22P02 -      -    -     -) ],
	[ 'drop=title',               qw(null  -     null  ok     -     -     -) ],

	# ... and in one that is not
	[ 'badutf8=reference',        qw(ok    ok    ok    ok     -     -     -) ],
	[ 'nul=reference',            qw(ok    ok    ok    ok     -     -     -) ],
	[ 'surrogate=reference',      qw(ok    ok    ok    ok     -     -     -) ],
	[ 'patchraw=reference=1e999', qw(ok    ok    ok    ok     -     -     -) ],

	# items that are not where, or as often as, they should be
	[ 'swap',                     qw(ok    ok    ok    ok     -     -     -) ],
	[ 'duplicate',                qw(ok    ok    ok    ok     -     -     -) ],
	[ 'drop=id',                  qw(HV00M HV00M HV00M -      -     -     -) ]);

my %no_row = (batch => '0||', DELETE => '0');

my $port = start_mock(rate => 0);
my $http = HTTP::Tiny->new(timeout => 30);
my $node = new_node();

setup_server(
	$node,
	requests_per_second => 0,
	max_concurrent_requests => 4,
	max_retries => 0,
	limiter_key => 'none',
	request_timeout => '60s',
	max_response_size => '64MB');
$node->safe_psql('postgres',
	"ALTER FOREIGN TABLE fc.courses OPTIONS (ADD page_size '5')");

my $session = $node->background_psql('postgres', on_error_stop => 0);
my $ncases = 0;
my %clean;    # operation => [SQLSTATE, output, messages] without a fault

$session->query_safe("\\set VERBOSITY verbose\nSET client_min_messages = notice");
my $pid = background_pid($session);

# the newest courses come first
$clean{'first page'} = [
	run_sql(
		$reads[0]{sql} =~ s/(?=FROM)/FROM (SELECT * /r . ' ORDER BY id DESC LIMIT 5) s'
	) ];

@writes = () if $ENV{NOWRITES};
for my $operation (@reads, @writes)
{
	control('POST', 'reset', rate => 0);
	$clean{ $operation->{name} } = [ run_sql($operation->{sql}) ];
	is($clean{ $operation->{name} }[0],
		'00000', "$operation->{name} without a fault");
}

for my $row (@faults)
{
	my ($spec, @ends) = @$row;
	my @wrong;

	for my $operation (@reads, @writes)
	{
		my $end = shift @ends;

		next if $end eq '-';
		push @wrong, map { "$operation->{name}: $_" }
		  check_case($spec, $operation, $end);
	}
	is(join("\n", @wrong), '', $spec);
}

check_retries();
check_dead_connection();
check_steps();
check_promise();
check_missing();
check_savepoints();
check_moving_pages();
check_order();

note "$ncases cases";
$session->quit;
done_testing();

# Meet an operation with a fault; returns what is wrong with the outcome.
sub check_case
{
	my ($spec, $operation, $end) = @_;

	return attempt(
		$spec,
		sub {
			begin_case($spec, $operation);
			return check_outcome($operation, $end);
		});
}

# Check something; returns what is wrong.  Where the fault leaves little time
# for an answer, a machine that is busy with other things may take it from
# those without a fault, and needs more than one attempt.
sub attempt
{
	my ($spec, $check) = @_;
	my $attempts = $spec =~ /timeout=/ ? 5 : 1;
	my @wrong;

	for my $number (1 .. $attempts)
	{
		@wrong = $check->();
		last unless @wrong;
	}
	return @wrong;
}

# Run an operation, and see how it ends.
sub check_outcome
{
	my ($operation, $end, %options) = @_;
	my ($sqlstate, $out, $messages) = run_sql($operation->{sql});
	my $expected = expected_rows($operation, $end);
	my $is_value = $end =~ /^22/;
	my @sent = grep { /^(POST|PUT|DELETE)/ } sent();
	my @wrong;

	push @wrong, "got $sqlstate, expected $end: $messages"
	  if $sqlstate ne (is_sqlstate($end) ? $end : '00000');
	push @wrong, "got rows ($out), expected ($expected)"
	  if $sqlstate eq '00000' && $out ne $expected;
	push @wrong, "unexpected message: $messages"
	  if $sqlstate eq '00000' && $messages ne '' && $end ne 'null';
	push @wrong, "no request in CONTEXT: $messages"
	  if $sqlstate ne '00000'
	  && $messages !~ m{^(CONTEXT:  )?FrontCore request [A-Z]+ /}m;
	push @wrong, "no column in CONTEXT: $messages"
	  if $is_value
	  && $messages !~ m{CONTEXT:.*column "\w+" of foreign table "\w+"};
	push @wrong, "the key is in a message: $messages"
	  if $messages =~ /test-key/;

	# a write that may have been applied is in the rollback's WARNING
	push @wrong, "WARNING or none: $messages"
	  if ($messages =~ /WARNING:.*1 upstream write/) !=
	  ($sqlstate eq '08007');

	# twice only if the API has said that it did nothing the first time
	push @wrong, "sent @sent" if @sent > ($options{throttled} ? 2 : 1);
	push @wrong, "sent @sent" if @sent && $operation->{match} =~ /GET/;
	return @wrong, check_session($sqlstate eq '53400' || $options{throttled});
}

# Is this how an operation may fail?
sub is_sqlstate
{
	my ($end) = @_;

	return $end =~ /^[0-9A-Z]{5}$/;
}

# Prepare mock and server for a fault.  Each case has an account of its own:
# one that was throttled, or has learned that a list does not exist, would
# change what the next case sees.
sub begin_case
{
	my ($spec, $operation, %options) = @_;
	my %switches = (rate => 0);
	my $skip = $operation ? $operation->{skip} // 0 : 0;
	my $count = $options{count} // 0;
	my $timeout = '60s';
	my $size = '64MB';

	$timeout = "$1ms" if $spec =~ s/ timeout=(\d+)//;
	$size = "$1MB" if $spec =~ s/ size=(\d+)//;
	$switches{gzip} = 'off' if $spec =~ s/ bare\b//;
	$spec =~ s/\{port\}/$port/g;
	$spec = join ' ', map { tr/~/ /; "'$_'" } split / /, $spec;

	$ncases++;
	control('POST', 'reset', %switches);
	$session->query_safe(<<"END");
ALTER SERVER frontcore OPTIONS (SET limiter_key 'case $ncases',
	SET request_timeout '$timeout', SET max_response_size '$size',
	SET max_retries '@{[$options{retries} // 0]}');
END
	return unless $operation;
	control('POST', 'fault',
		spec => "$spec count=$count skip=$skip match='$operation->{match}'");
	return;
}

# What an operation gives that ends in one of the words.
sub expected_rows
{
	my ($operation, $end) = @_;
	my $rows = $clean{ $operation->{name} }[1];

	return $no_row{ $operation->{name} } // '' if $end eq 'none';
	return $clean{'first page'}[1] if $end eq 'end';
	if ($end eq 'null')
	{
		return "7301||" . (split /\|/, $rows, -1)[2]
		  if $operation->{name} eq 'row';
		return join('|', (split /\|/, $rows)[ 0, 1 ]) . '|';
	}
	return $rows;
}

# The session must be the same, and its next queries right.
sub check_session
{
	my ($is_throttled) = @_;
	my @wrong;

	# how long the account is blocked is another test's subject
	$session->query_safe(
		"ALTER SERVER frontcore OPTIONS (SET limiter_key 'after $ncases')")
	  if $is_throttled;
	control('POST', 'reset', rate => 0);
	my ($sqlstate, $out, $messages) =
	  run_sql("SELECT pg_backend_pid(); $reads[0]{sql}; $reads[3]{sql}");
	my $expected = "$pid\n$clean{list}[1]\n$clean{batch}[1]";

	push @wrong, "afterwards $sqlstate ($out): $messages"
	  if $sqlstate ne '00000' || $out ne $expected;
	return @wrong;
}

# A fault that is over when the request is repeated leaves no trace in a read;
# a write is repeated only where the API has said that it did nothing.
sub check_retries
{
	my @cases = (
		[ 'status=502 retry_after=0', qw(ok ok ok ok  08007 08007 08007) ],
		[ 'status=503 retry_after=0', qw(ok ok ok ok  08007 08007 08007) ],
		[ 'status=504 retry_after=0', qw(ok ok ok ok  08007 08007 08007) ],

		# these take a second each
		[ 'reset',              qw(ok -  -  -   08007 08007 08007) ],
		[ 'close',              qw(-  -  -  ok  08007 08007 08007) ],
		[ 'truncate=9',         qw(-  ok -  -   08007 08007 08007) ],
		[ 'status=429',         qw(-  ok -  -   ok    -     -) ],
		[ 'retry_after=1',      qw(-  -  ok -   -     ok    -) ],
		[ 'retry_after={http+1}', qw(-  -  -  -   -   -     ok) ],
		[ 'empty',              qw(-  -  -  ok  08007 -     -) ],
		[ 'body=~',             qw(ok -  -  -   08007 -     -) ]);

	for my $case (@cases)
	{
		my ($spec, @ends) = @$case;
		my @wrong;

		for my $operation (@reads, @writes)
		{
			my $end = shift @ends;

			next if $end eq '-';
			begin_case($spec, $operation, count => 1, retries => 1);
			push @wrong, map { "$operation->{name}: $_" }
			  check_outcome($operation, $end,
				throttled => scalar($spec =~ /429|retry_after/));
		}
		is(join("\n", @wrong), '', "$spec, once");
	}
	return;
}

# A kept connection may turn out to be dead only after a request was sent on
# it: a read goes out again, a write does not, whatever libcurl would do.
sub check_dead_connection
{
	for my $processed (qw(yes no))
	{
		my @wrong;

		for my $operation (@reads, @writes)
		{
			my $is_read = $operation->{match} =~ /GET/;

			for my $retries (0, 1)
			{
				my $end = !$is_read ? '08007' : $retries ? 'ok' : '08006';

				begin_case(
					"dead_keepalive processed=$processed",
					{ match => 'GET /customers/40201' },
					count => 1,
					retries => $retries);
				run_sql('SELECT title FROM fc.customers WHERE id = 40201');
				sent();
				push @wrong, map { "$operation->{name}, $retries: $_" }
				  check_outcome({ %$operation, skip => 0 }, $end);
			}
		}
		is(join("\n", @wrong), '', "dead_keepalive processed=$processed");
	}
	return;
}

# A statement of several requests fails with the first of them that does.
# What was written by then is in the WARNING, and nothing is written after it.
sub check_steps
{
	my $file = PostgreSQL::Test::Utils::tempdir() . '/rows';
	my $copy = "COPY fc.courses (title) FROM '$file'";
	my $update = "UPDATE fc.courses SET reference = 'x' WHERE id IN (7301, 7302, 7303)";
	my $delete = 'DELETE FROM fc.courses WHERE id IN (7308, 7309, 7310)';
	my $insert = "INSERT INTO fc.courses (title) VALUES ('a') RETURNING created_at";
	my $copy_all = "INSERT INTO fc.courses (title) SELECT title || ' ' || id FROM fc.courses";
	my $properties = q(UPDATE fc.courses SET custom_properties = '{"a": "b"}' WHERE id = 7301);
	my $loop = 'SET enable_hashjoin = off; SET enable_mergejoin = off;'
	  . 'SELECT l.id, d.id FROM local l JOIN fc.course_dates d ON d.course_id = l.id';
	my $cursor = 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM fc.courses;'
	  . 'FETCH 1 FROM c; FETCH ALL FROM c; ROLLBACK';

	# the statement, the fault, how many requests pass before it; the
	# SQLSTATE, the writes sent, and those that the WARNING counts
	my @cases = (
		[ $copy,       'status=422', '^POST',   1, 'HV024', 2, 1 ],
		[ $copy,       'reset',      '^POST',   1, '08007', 2, 2 ],
		[ $copy,       'status=429', '^POST',   1, '53400', 2, 1 ],
		[ $copy,       'badjson',    '^POST',   2, '08007', 3, 3 ],
		[ $update,     'status=422', '^PUT',    1, 'HV024', 2, 1 ],
		[ $update,     'status=500', '^PUT',    1, '08007', 2, 2 ],
		[ $update,     'garbage',    '^PUT',    2, '08007', 3, 3 ],
		[ $delete,     'status=403', '^DELETE', 1, '42501', 2, 1 ],
		[ $delete,     'close',      '^DELETE', 1, '08007', 2, 2 ],
		[ $insert,     'status=500', '^GET',    0, 'HV000', 1, 1 ],
		[ $insert,     'reset',      '^GET',    0, '08006', 1, 1 ],
		[ $insert,     'badjson',    '^GET',    0, 'HV00M', 1, 1 ],
		[ $insert,     'status=404', '^GET',    0, 'HV00M', 1, 1 ],
		[ $insert,     'status=429', '^GET',    0, '53400', 1, 1 ],
		[ $properties, 'status=500', '^GET',    0, 'HV000', 0, 0 ],
		[ $properties, 'badjson',    '^GET',    0, 'HV00M', 0, 0 ],
		[ $properties, 'reset',      '^PUT',    0, '08007', 1, 1 ],
		[ $copy_all,   'status=500', '^GET',    1, 'HV000', 0, 0 ],
		[ $copy_all,   'truncate=9', '^GET',    2, 'HV00M', 0, 0 ],
		[ $copy_all,   'status=403', '^POST',   3, '42501', 4, 3 ],
		[ $loop,       'status=500', '^GET',    0, 'HV000', 0, 0 ],
		[ $loop,       'reset',      '^GET',    1, '08006', 0, 0 ],
		[ $loop,       'badjson',    '^GET',    2, 'HV00M', 0, 0 ],
		[ $cursor,     'status=500', '^GET',    1, 'HV000', 0, 0 ],
		[ $cursor,     'html',       '^GET',    2, 'HV00M', 0, 0 ]);

	$node->safe_psql('postgres', <<'END');
CREATE TABLE local AS SELECT i AS id FROM generate_series(7000, 7312) i;
ANALYZE local;
END
	append_to_file($file, "a\nb\nc\n");
	for my $case (@cases)
	{
		my ($sql, $spec, $match, $skip, $end, $nsent, $nwarned) = @$case;

		begin_case($spec, { match => $match, skip => $skip });
		my ($sqlstate, $out, $messages) = run_sql($sql);
		my @sent = grep { /^(POST|PUT|DELETE)/ } sent();
		my ($warned) = $messages =~ /WARNING:.*?(\d+) upstream write/;
		my $name = "$spec in request @{[$skip + 1]} of: "
		  . substr($sql =~ s/SET enable.*?;//gr, 0, 40) =~ s/\n.*//sr;

		is(join(' ', $sqlstate, scalar @sent, $warned // 0),
			"$end $nsent $nwarned", $name)
		  or diag $messages;
		like($messages, qr{^(CONTEXT:  )?FrontCore request [A-Z]+ /}m,
			'... the CONTEXT has the request');
		run_sql('RESET enable_hashjoin; RESET enable_mergejoin');
		is(join("\n", check_session($sqlstate eq '53400')),
			'', '... the next query is right');
	}
	return;
}

# Where an answer has told of a next page, nothing but that page will do.
sub check_promise
{
	$session->query_safe(
		"ALTER FOREIGN TABLE fc.course_dates OPTIONS (ADD page_size '10')");
	for my $case (
		[ 'status=400', 'HV00L' ],
		[ 'status=404', 'HV00R' ],
		[ 'status=404 html', 'HV00R' ],
		[ 'status=422', 'HV00L' ],
		[ 'body={"error":"Busy"}', 'HV00L' ])
	{
		my ($spec, $end) = @$case;

		begin_case($spec, { match => '^GET /coursedates', skip => 1 });
		is( (run_sql('SELECT count(*) FROM fc.course_dates'))[0],
			$end, "$spec, though a next page was promised");
	}
	$session->query_safe(
		"ALTER FOREIGN TABLE fc.course_dates OPTIONS (DROP page_size)");
	return;
}

# A list that is not there is an error, not an empty table; and once it is
# there again, it is read.
sub check_missing
{
	my $dates = 'SELECT count(*) FROM fc.course_dates';
	my %rows = (courses => 12, course_dates => 39, customers => 15);

	for my $resource (sort keys %rows)
	{
		my $sql = "SELECT count(*) FROM fc.$resource";

		begin_case('status=404', { match => '^GET' });
		is((run_sql($sql))[0], 'HV00R', "no list of $resource");
		control('POST', 'reset', rate => 0);
		is( join(' ', (run_sql($sql))[ 0, 1 ]),
			"00000 $rows{$resource}",
			'... and when it is there again');
	}

	$session->query_safe(
		"ALTER SERVER frontcore OPTIONS (ADD course_dates_source 'list')");
	begin_case('status=404', { match => '^GET /coursedates' }, count => 1);
	is((run_sql($dates))[0], 'HV00R', 'the only list is not there');
	is((run_sql($dates))[1], 39, '... and then is');
	$session->query_safe(
		'ALTER SERVER frontcore OPTIONS (DROP course_dates_source)');

	# its parents were listed, so they are there
	begin_case('status=404', { match => 'coursedates' });
	is((run_sql($dates))[0], 'HV00R', 'not one list of all that hang on parents');
	return;
}

# In one transaction, a query that failed half-way is right when it is asked
# again: what it had read by then is kept or forgotten, but not mistaken for
# all there is.
sub check_savepoints
{
	for my $spec ('status=500', 'reset', 'truncate=9', 'badjson', 'html',
		'nocontainer', 'body=[7]', 'hold timeout=150')
	{
		my @wrong;

		for my $operation (@reads)
		{
			push @wrong, map { "$operation->{name}: $_" } attempt(
				$spec,
				sub {
					begin_case($spec, $operation, count => 1);
					my ($sqlstate, $out, $messages) = run_sql(
						"BEGIN; SAVEPOINT a; $operation->{sql}; ROLLBACK TO a;"
						  . " $operation->{sql}; COMMIT");

					return 'no error' if $sqlstate eq '00000';
					return "got ($out): $messages"
					  if $out ne $clean{ $operation->{name} }[1];
					return;
				});
		}
		is(join("\n", @wrong), '', "$spec, then again in the transaction");
	}
	return;
}

# Rows that come or go while a list is read push others to the next page, or
# pull them to the last one.  None comes twice; none slips where ids rise.
sub check_moving_pages
{
	my $count = 'SELECT count(*), count(DISTINCT id) FROM fc.customers';

	for my $sort (qw(asc desc))
	{
		for my $fault (qw(shift pull))
		{
			begin_case('none', undef);
			control('POST', 'reset',
				rate => 0,
				customers => 110,
				default_sort => $sort);
			control('POST', 'fault', spec => "$fault count=2");
			my ($sqlstate, $out) = run_sql($count);

			next if $sort eq 'desc' && $fault eq 'pull';
			is("$sqlstate $out", '00000 110|110',
				"$fault while reading, ids $sort");
		}
	}
	return;
}

# An order that the query relies on is looked at.
sub check_order
{
	my %queries = (
		'ORDER BY start_at' => 'SELECT id FROM fc.course_dates ORDER BY start_at LIMIT 12',
		'ORDER BY id' => 'SELECT id FROM fc.course_dates ORDER BY id LIMIT 12');

	for my $name (sort keys %queries)
	{
		begin_case('patch={"start_at":"2031-01-01"} id=51003',
			{ match => '^GET' });
		control('POST', 'fault', spec => q{swap count=0 match=order_by});
		my ($sqlstate, $out, $messages) = run_sql($queries{$name});

		is($sqlstate, 'HV00M', "$name, answered out of order");
		like($messages, qr/HINT:.*push_order/, '... the HINT has the remedy');
	}
	return;
}

# Run SQL in the session; returns SQLSTATE, output and messages.
sub run_sql
{
	my ($sql) = @_;

	$session->{stderr} = '';
	my $out = $session->query($sql);
	my $messages = $session->{stderr};
	my ($sqlstate) = $messages =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5}):/;

	$session->{stderr} = '';
	return ($sqlstate // '00000', $out, $messages);
}

# What the mock was sent since the last look.
sub sent
{
	return grep { m{^[A-Z]+ /} } split /\n/, control('GET', 'log');
}

# Tell the mock something without starting a program.  What is given goes into
# the query, since a body would come in a second packet, and late.
sub control
{
	my ($method, $what, %given) = @_;
	my $url = "http://127.0.0.1:$port/_mock/$what";
	my $query = $http->www_form_urlencode(\%given);
	my $answer = $http->request($method, $query eq '' ? $url : "$url?$query");

	die "mock: $what: $answer->{content}" unless $answer->{success};
	return $answer->{content};
}
