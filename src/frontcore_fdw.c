/*
 * frontcore_fdw.c
 *		Foreign data wrapper for the FrontCore API: the table of contents.
 *
 * Loads the library, defines its settings, and names the functions
 * that PostgreSQL calls.
 */
#include "postgres.h"

#include "api/exchange.h"
#include "api/sharing.h"
#include "base/cache.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "import.h"
#include "join/join.h"
#include "miscadmin.h"
#include "plan/distinct.h"
#include "plan/cost.h"
#include "plan/paths.h"
#include "plan/plan.h"
#include "read/analyze.h"
#include "read/explain.h"
#include "read/forget.h"
#include "read/identity.h"
#include "read/scan.h"
#include "shared/block.h"
#include "shared/stats.h"
#include "utils/guc.h"
#include "write/modify.h"
#include "write/target.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(frontcore_fdw_handler);
PG_FUNCTION_INFO_V1(frontcore_cache_reset);

void		_PG_init(void);

/*
 * _PG_init
 *		Called when the library is loaded, by a backend or by the postmaster.
 */
void
_PG_init(void)
{
	DefineCustomBoolVariable("frontcore_fdw.log_requests",
							 "Logs each request to the FrontCore API.",
							 NULL, &fc_log_requests, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("frontcore_fdw.max_requests_per_query",
							"Sets how many requests one query may send.",
							"0 means no limit.  Repeats count as well.",
							&fc_max_requests_per_query, 0, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("frontcore_fdw.cache_size",
							"Sets the memory of the transaction cache.",
							"What does not fit goes to a temporary file.",
							&fc_cache_size, 64 * 1024, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomRealVariable("frontcore_fdw.max_age",
							 "Sets how old answers of other sessions may be.",
							 "-1 leaves it to the option cache_ttl.  0 asks the API anew.",
							 &fc_max_age, -1, -1, 7 * 24 * 60 * 60,
							 PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("frontcore_fdw.shared_cache_size",
							"Sets the shared memory for answers that all sessions share.",
							"0 means none.  A larger one counts from the next frontcore_shared_cache_reset().",
							&fc_shared_cache_size, 64 * 1024, 0,
							FC_ARENA_MAX_SIZE,
							PGC_SIGHUP, GUC_UNIT_KB, NULL, NULL, NULL);
	MarkGUCPrefixReserved("frontcore_fdw");

#ifdef USE_ASSERT_CHECKING
	fc_catalog_check();
#endif
	if (process_shared_preload_libraries_in_progress)
		fc_block_request_memory();
	fc_join_init();
	fc_plan_init();
	fc_distinct_init();
}

/*
 * frontcore_fdw_handler
 *		The functions that plan and execute.
 */
Datum
frontcore_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	/* planner and executor both look at what was learned */
	fc_stats_attach(fc_block_segment_slot());

	routine->GetForeignRelSize = frontcoreGetForeignRelSize;
	routine->GetForeignPaths = frontcoreGetForeignPaths;
	routine->GetForeignPlan = frontcoreGetForeignPlan;
	routine->AnalyzeForeignTable = frontcoreAnalyzeForeignTable;

	routine->BeginForeignScan = frontcoreBeginForeignScan;
	routine->IterateForeignScan = frontcoreIterateForeignScan;
	routine->ReScanForeignScan = frontcoreReScanForeignScan;
	routine->EndForeignScan = frontcoreEndForeignScan;
	routine->ExplainForeignScan = frontcoreExplainForeignScan;
	routine->GetForeignRowMarkType = frontcoreGetForeignRowMarkType;
	routine->RefetchForeignRow = frontcoreRefetchForeignRow;

	routine->IsForeignRelUpdatable = frontcoreIsForeignRelUpdatable;
	routine->AddForeignUpdateTargets = frontcoreAddForeignUpdateTargets;
	routine->PlanForeignModify = frontcorePlanForeignModify;
	routine->BeginForeignModify = frontcoreBeginForeignModify;
	routine->ExecForeignInsert = frontcoreExecForeignInsert;
	routine->ExecForeignUpdate = frontcoreExecForeignUpdate;
	routine->ExecForeignDelete = frontcoreExecForeignDelete;
	routine->EndForeignModify = frontcoreEndForeignModify;
	routine->BeginForeignInsert = frontcoreBeginForeignInsert;
	routine->EndForeignInsert = frontcoreEndForeignInsert;
	routine->ExplainForeignModify = frontcoreExplainForeignModify;

	routine->ImportForeignSchema = frontcoreImportForeignSchema;

	PG_RETURN_POINTER(routine);
}

/*
 * frontcore_cache_reset
 *		Forget what the transaction has read.
 *
 * Open scans and cursors keep what they began with.
 */
Datum
frontcore_cache_reset(PG_FUNCTION_ARGS)
{
	for (int i = 0; fc_resources[i].name != NULL; i++)
		fc_forget_resource(&fc_resources[i]);
	PG_RETURN_VOID();
}
