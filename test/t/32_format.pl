# One version of pg_bsd_indent judges the layout of the sources; with another
# one nothing is judged, and nothing laid out.

use strict;
use warnings FATAL => 'all';

use Cwd qw(abs_path);
use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $format = "$FindBin::RealBin/../format.sh";
my $directory = abs_path(PostgreSQL::Test::Utils::tempdir());

# A later version, which finds everything laid out well.
PostgreSQL::Test::Utils::append_to_file("$directory/pg_bsd_indent", <<'END');
#!/bin/sh
[ "$1" = --version ] || exec cat
echo 'pg_bsd_indent 99.1 (based on FreeBSD indent)'
END
chmod 0755, "$directory/pg_bsd_indent";
$ENV{PATH} = "$directory:$ENV{PATH}";

IPC::Run::run([ $format, '--check' ], '<', \undef, '>', \my $out, '2>', \my $err);
is($?, 0, 'the check passes');
like($out, qr/# SKIP pg_bsd_indent 99\.1, where [0-9.]+ decides/,
	'and says why it has not looked');

IPC::Run::run([$format], '<', \undef, '>', \$out, '2>', \$err);
isnt($?, 0, 'nothing is laid out');
like($err, qr/pg_bsd_indent 99\.1, where [0-9.]+ decides/, 'which is said');

done_testing();
