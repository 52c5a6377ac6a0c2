# An updated extension equals a newly created one: in its objects, their
# privileges and what of it is dumped.  Views of users survive.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

start_mock(rate => 0);
my $node = new_node();
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(fresh updated dumped restored);

# All that a catalog says of the extension's own objects, but for numbers.
my $objects = q{
	SELECT i.type, i.identity, description.*, p.initprivs::text
	FROM pg_depend AS d
		CROSS JOIN pg_identify_object(d.classid, d.objid, 0) AS i
		CROSS JOIN LATERAL (
			SELECT pg_get_functiondef(f.oid), f.proacl::text, f.prosrc, obj_description(f.oid, 'pg_proc')
				FROM pg_proc AS f WHERE d.classid = 'pg_proc'::regclass AND f.oid = d.objid
			UNION ALL SELECT pg_get_viewdef(c.oid) || c.relkind::text, c.relacl::text, c.reloptions::text,
				(SELECT string_agg(format('%s %s %s %s', attnum, attname, format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum)
				 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)
				FROM pg_class AS c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid
			UNION ALL SELECT fdwoptions::text, fdwacl::text, fdwhandler::regproc::text, fdwvalidator::regproc::text
				FROM pg_foreign_data_wrapper AS w
				WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND w.oid = d.objid
			UNION ALL SELECT NULL, NULL, NULL, NULL WHERE d.classid NOT IN
				('pg_proc'::regclass, 'pg_class'::regclass, 'pg_foreign_data_wrapper'::regclass)
		) AS description
		LEFT JOIN pg_init_privs AS p ON p.classoid = d.classid AND p.objoid = d.objid AND p.objsubid = 0
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'frontcore_fdw')
	ORDER BY 1, 2;
	SELECT extversion, extrelocatable, extconfig::oid[]::regclass[]::text, extcondition
	FROM pg_extension WHERE extname = 'frontcore_fdw';
};

$node->safe_psql('fresh', 'CREATE EXTENSION frontcore_fdw');
my $fresh = $node->safe_psql('fresh', $objects);
like($fresh, qr/frontcore_limiter.*frontcore_sync/s, 'the objects are described');

# The old version works with the new library, until it is updated
foreach my $database (qw(updated dumped))
{
	$node->safe_psql($database, q{
		CREATE EXTENSION frontcore_fdw VERSION '1.0';
		CREATE VIEW counted AS SELECT * FROM frontcore_stat;
		CREATE VIEW limited AS SELECT * FROM frontcore_limiter;
		CREATE VIEW pushed AS SELECT * FROM frontcore_pushdown('pg_class') WHERE false;
	});
	setup_server($node, dbname => $database, requests_per_second => 0);
	is($node->safe_psql($database, q{
		SELECT count(*) FROM fc.courses;
		SELECT resource, requests > 0, last_error IS NULL FROM counted WHERE resource = 'courses';
		SELECT count(*) > 0, min(requests) > 0 FROM limited;
		SELECT count(*) > 3 FROM frontcore_pushdown('fc.courses');
	}), "12\ncourses|t|t\nt|t\nt", "version 1.0 works in the database $database");
}

# Updated, it is what a new one is
is($node->safe_psql('updated', q{
	ALTER EXTENSION frontcore_fdw UPDATE;
	SELECT count(*) FROM fc.courses;
	SELECT resource, requests > 0 FROM counted WHERE resource = 'courses';
	SELECT count(*) > 0 FROM limited;
	SELECT count(*) FROM pushed;
}), "12\ncourses|t\nt\n0", 'tables and views of users survive the update');
is($node->safe_psql('updated', $objects), $fresh, 'an updated extension is what a new one is');

# A dump of 1.0 is restored into the version that is installed
my $file = "$PostgreSQL::Test::Utils::tmp_check/dumped.sql";
command_ok([ 'pg_dump', '--no-sync', '--file', $file, $node->connstr('dumped') ], '1.0 is dumped');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $file ],
	'and restored');
is($node->safe_psql('restored', $objects), $fresh, 'as the version that is installed');
is($node->safe_psql('restored', q{
	SELECT count(*) FROM fc.courses;
	SELECT resource, requests > 0 FROM counted WHERE resource = 'courses';
}), "12\ncourses|t", 'tables and views of users work there');

# Its functions name their schema, so it stays where it was made
my ($out, $errors);
$node->psql('fresh', 'CREATE SCHEMA elsewhere; ALTER EXTENSION frontcore_fdw SET SCHEMA elsewhere', stderr => \$errors);
like($errors, qr/extension "frontcore_fdw" does not support SET SCHEMA/, 'SET SCHEMA is refused');

# It goes with all that hangs on it, and leaves nothing
my $everything = q{
	SELECT (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_type),
		(SELECT count(*) FROM pg_depend), (SELECT count(*) FROM pg_init_privs), (SELECT count(*) FROM pg_foreign_server),
		(SELECT count(*) FROM pg_user_mapping), (SELECT count(*) FROM pg_foreign_data_wrapper)
};
$node->safe_psql('postgres', 'CREATE DATABASE left_over');
my $before = $node->safe_psql('left_over', $everything);
$node->safe_psql('left_over', 'CREATE EXTENSION frontcore_fdw');
setup_server($node, dbname => 'left_over', requests_per_second => 0);
isnt($node->safe_psql('left_over', $everything), $before, 'the catalogs tell of the extension');
$node->safe_psql('left_over', q{
	CREATE VIEW counted AS SELECT * FROM frontcore_stat;
	CREATE MATERIALIZED VIEW copied AS SELECT id, title FROM fc.courses;
	SET client_min_messages = warning;
	DROP EXTENSION frontcore_fdw CASCADE;
	DROP SCHEMA fc;
});
is($node->safe_psql('left_over', $everything), $before, 'DROP EXTENSION ... CASCADE leaves nothing');

done_testing();
