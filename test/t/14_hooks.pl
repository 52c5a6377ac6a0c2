# The hooks of a library that was loaded before ours are still called.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FrontcoreTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $neighbour = build_library('neighbour', <<'END');
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "optimizer/paths.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static void
request(void)
{
	RequestAddinShmemSpace(1000);
	elog(LOG, "neighbour requests");
}

static void
start(void)
{
	elog(LOG, "neighbour starts");
}

static void
join(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outerrel,
	 RelOptInfo *innerrel, JoinType jointype, JoinPathExtraData *extra)
{
	elog(LOG, "neighbour joins");
}

void
_PG_init(void)
{
	shmem_request_hook = request;
	shmem_startup_hook = start;
	set_join_pathlist_hook = join;
}
END

start_mock(rate => 0);
my $node = new_node(
	shared_preload_libraries => "$neighbour, frontcore_fdw");
setup_server($node, requests_per_second => 0);
is( $node->safe_psql(
		'postgres', <<'END'), '7301|7301', 'a join is planned and run');
SELECT c.id, d.course_id FROM fc.courses AS c JOIN fc.course_dates AS d ON d.course_id = c.id
WHERE c.id = 7301 LIMIT 1
END
my $log = slurp_file($node->logfile);
foreach my $what ('requests', 'starts', 'joins')
{
	like($log, qr/neighbour $what/, "the neighbour $what");
}
is($node->safe_psql('postgres', 'SELECT requests > 0 FROM frontcore_limiter'),
	't', 'and so do we');

done_testing();
