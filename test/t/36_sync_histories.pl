# Random histories of an account and its copies: rows are inserted, changed,
# deleted, hidden and shown again; the API's clock is minutes ahead or behind;
# its times have a zone or none; runs break off at any page.  After each complete
# run the copy lacks no row and no change, and has no other row than one that is
# gone; after each reconcile it is equal.
#
# FRONTCORE_HISTORY_SECONDS (30) says how long; FRONTCORE_HISTORY_SEED begins
# with a history that has failed.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use HTTP::Tiny;
use JSON::PP;
use POSIX qw(strftime tzset);
use Test::More;

my $seconds = $ENV{FRONTCORE_HISTORY_SECONDS} // 30;
my $seed = $ENV{FRONTCORE_HISTORY_SEED} // time % 100000;
my $port = start_mock(rate => 0);
my $node = new_node();
my $api = HTTP::Tiny->new;

sub sql
{
	return $node->safe_psql('postgres', @_);
}

sub control
{
	my ($name, %value) = @_;
	my $answer = $api->post("http://127.0.0.1:$port/_mock/$name", { content => encode_json(\%value) });

	$answer->{success} or die "$name: $answer->{content}";
	return $answer->{content};
}

sub choose
{
	return $_[ int rand @_ ];
}

# The API's time, as its clock has it, in its zone.
sub api_time
{
	my ($skew) = @_;
	local $ENV{TZ} = 'Europe/Oslo';

	tzset();
	return strftime('%Y-%m-%dT%H:%M:%S%z', localtime(time + $skew)) =~ s/(\d\d)$/:$1/r;
}

my %shows = (customers => 'note', course_dates => 'reference');

# What may happen to a row; each but the last moves updated_at.
sub happen
{
	my ($history, $table) = @_;
	my $ids = $history->{ids}{$table};
	my $at = choose(0 .. $#$ids);
	my %resource = (resource => $table);
	my %now = (updated_at => api_time($history->{skew}));
	my $what = choose(qw(insert change change change hide show delete));

	if ($what eq 'insert')
	{
		my %fields = $table eq 'customers' ? (title => "New $history->{count}") : (course_id => 7301 + int rand 12);

		push @$ids, control('add', %resource, fields => { %fields, %now, created_at => $now{updated_at} }) + 0;
	}
	elsif ($what eq 'delete')
	{
		control('remove', %resource, id => splice(@$ids, $at, 1));
	}
	elsif ($what eq 'change' || $table eq 'customers')
	{
		# some rows have only a time of creation, which no change moves
		control('change', %resource, id => $ids->[$at], fields => { $shows{$table} => "changed " . $history->{count}++, %now });
	}
	else
	{
		control('change', %resource, id => $ids->[$at],
			fields => { deleted_at => $what eq 'hide' ? $now{updated_at} : undef, %now });
	}
	return;
}

# What differs; a date shows its course's title as of the date's own last change.
sub difference
{
	my ($schema, $table, $is_equal) = @_;
	my $columns = sql("SELECT string_agg(attname, ', ') FROM pg_attribute
		WHERE attrelid = 'dw.$table'::regclass AND attnum > 0 AND (attname <> 'title' OR '$table' = 'customers')");
	my $parts = "SELECT 'lacks ' || id FROM (SELECT $columns FROM $schema.$table EXCEPT SELECT $columns FROM dw.$table) AS t";

	return sql($parts) unless $is_equal;
	return sql("SELECT 'lacks ' || id FROM (TABLE $schema.$table EXCEPT TABLE dw.$table) AS t
		UNION ALL SELECT 'has ' || id FROM (TABLE dw.$table EXCEPT TABLE $schema.$table) AS t");
}

# The columns of the first row that differs, upstream and in the copy.
sub what_differs
{
	my ($schema, $table, $difference) = @_;
	my ($id) = $difference =~ /(\d+)/;

	return sql("SELECT key, u.value, c.value FROM jsonb_each((SELECT to_jsonb(t) FROM $schema.$table AS t WHERE id = $id)) AS u
		FULL JOIN jsonb_each((SELECT to_jsonb(t) FROM dw.$table AS t WHERE id = $id)) AS c USING (key)
		WHERE u.value IS DISTINCT FROM c.value OR key = 'updated_at'")
	  . "\n" . sql("TABLE frontcore_sync_state");
}

# One run, whole or broken off somewhere; true if it was complete.
sub run
{
	my ($call, $table) = @_;
	my $breaks = rand() < 0.3;
	my $fault = choose('status=503 count=0', 'reset count=0', 'truncate=40 count=0', 'status=429 count=0', 'status=500', 'html');

	control('fault', spec => "match=/(coursedates|customers) $fault skip=" . choose(0, 1, 2, 5, 21, 30)) if $breaks;
	my ($code, $error) = psql_error($node, "SET client_min_messages = error; $call");
	control('clear-faults') if $breaks;
	my $state = sql("SELECT status, coalesce(last_error LIKE '%($code)', true) FROM frontcore_sync_state WHERE target = to_regclass('dw.$table')");

	# the first run may break off before it makes its target
	if ($code eq '00000')
	{
		return $state eq 'complete|t';
	}
	ok($state eq 'error|t', "the state tells of $code") or diag("$state $error");
	return 0;
}

sub live_through
{
	my ($seed) = @_;
	srand $seed;
	my %history = (skew => choose(0, 0, -300, 240), count => 0);
	my $page_size = choose(10, 25, 25, 250);
	my %switches = (
		dates => choose(40, 300, 700),
		customers => choose(15, 60),
		list_timestamps => choose('present', 'present', 'absent'),
		timestamps => choose('offset', 'naive'),
		bounds => choose('inclusive', 'exclusive'),
		since_id => choose('honoured', 'honoured', 'refused'),
		past_end => choose('empty', 'repeat', '404'),
		filters => choose('honoured', 'honoured', 'honoured', 'refused'),
		default_sort => choose('desc', 'asc'),
		clock_skew => $history{skew});
	my $story = join ' ', "seed $seed:", "page_size=$page_size", map { "$_=$switches{$_}" } sort keys %switches;

	note($story);
	control('reset', today => '2026-06-15', rate => 0, %switches);
	my $schema = new_account($node, requests_per_second => 0, page_size => $page_size, max_retry_wait => '1ms');
	sql("ALTER FOREIGN TABLE $schema.course_dates DROP COLUMN instructors");
	sql('DROP SCHEMA IF EXISTS dw CASCADE; CREATE SCHEMA dw');
	$history{ids}{$_} = [ split /\n/, sql("SELECT id FROM $schema.$_ ORDER BY id") ] for keys %shows;

	my $failures = 0;
	foreach my $round (1 .. 6)
	{
		my $table = choose(sort keys %shows);

		happen(\%history, $table) for 1 .. choose(1, 3, 10);
		control('change', resource => 'courses', id => 7301 + int rand 12, fields => { title => "Course $round" })
		  if rand() < 0.2;
		my $is_full = rand() < 0.4;
		my $call = "CALL frontcore_sync('$schema.$table', 'dw.$table', force => true, overlap => '1 min'"
		  . ($is_full ? ', reconcile => true)' : ')');

		# a run that goes on deletes only what its own part lacked
		my $goes_on = $history{has_broken}{$table};
		$history{has_broken}{$table} = !run($call, $table);
		next if $history{has_broken}{$table};
		my $difference = difference($schema, $table, $is_full && !$goes_on);
		is($difference, '', "round $round: $table after " . ($is_full ? 'a reconcile' : 'a run')) or $failures++;
		next unless $failures;
		diag($story, "\n", what_differs($schema, $table, $difference));
		last;
	}
	return $failures == 0;
}

my $end = time + $seconds;
my $histories = 0;

while (time < $end)
{
	last unless live_through($seed + $histories++);
}
cmp_ok($histories, '>', 0, "histories: $histories");
$node->stop;
done_testing();
