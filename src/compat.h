/*
 * compat.h
 *		Differences between PostgreSQL's major versions.
 *
 * No other file of ours looks at the version.
 */
#ifndef FC_COMPAT_H
#define FC_COMPAT_H

/*
 * Wait events (http.c, wait.c).  A set belongs to whoever made it, not to a
 * resource owner, and is freed by hand.
 */
#if PG_VERSION_NUM >= 170000
#define fc_create_wait_event_set(size) CreateWaitEventSet(NULL, size)
#define fc_new_wait_event(name) WaitEventExtensionNew(name)
#else
#define fc_create_wait_event_set(size) \
	CreateWaitEventSet(TopMemoryContext, size)
#define fc_new_wait_event(name) ((void) (name), PG_WAIT_EXTENSION)
#endif

/*
 * What another process is (generation.c).
 */
#if PG_VERSION_NUM >= 160000
#define fc_backend_status(number) pgstat_get_local_beentry_by_index(number)
#else
#define fc_backend_status(number) pgstat_fetch_stat_local_beentry(number)
#endif

/*
 * Privileges (ping.c).
 */
#if PG_VERSION_NUM >= 160000
#define fc_may_use_server(server, user) \
	(object_aclcheck(ForeignServerRelationId, server, user, ACL_USAGE) == \
	 ACLCHECK_OK)
#else
#define fc_may_use_server(server, user) \
	(pg_foreign_server_aclcheck(server, user, ACL_USAGE) == ACLCHECK_OK)
#endif

/*
 * Planning (plan.c, join.c).
 */
#if PG_VERSION_NUM >= 180000
#define fc_create_scan_path(root, rel, rows, startup, total, pathkeys, \
							outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, \
							pathkeys, outer, NULL, NIL, private)
#define fc_pathkey_is_descending(pathkey) \
	((pathkey)->pk_cmptype == COMPARE_GT)
#elif PG_VERSION_NUM >= 170000
#define fc_create_scan_path(root, rel, rows, startup, total, pathkeys, \
							outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, \
							pathkeys, outer, NULL, NIL, private)
#else
#define fc_create_scan_path(root, rel, rows, startup, total, pathkeys, \
							outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, \
							pathkeys, outer, NULL, private)
#endif
#if PG_VERSION_NUM >= 180000
#define fc_set_disabled_nodes(path, from) \
	((path)->disabled_nodes = (from)->disabled_nodes)
#define fc_has_dangerous_phv(root, outer, inner) false
#else
#define fc_pathkey_is_descending(pathkey) \
	((pathkey)->pk_strategy == BTGreaterStrategyNumber)
#define fc_set_disabled_nodes(path, from) ((void) 0)
#define fc_has_dangerous_phv(root, outer, inner) \
	have_dangerous_phv(root, outer, inner)
#endif
#if PG_VERSION_NUM >= 170000
#define fc_estimate_array_length(root, array) \
	estimate_array_length(root, array)
#else
#define fc_estimate_array_length(root, array) \
	((double) estimate_array_length(array))
#endif

/*
 * Whose user mapping a scan uses (scan.c, analyze.c): a view's owner, or 0.
 */
#if PG_VERSION_NUM >= 160000
#define fc_check_as_user(plan, estate) ((plan)->checkAsUser)
#else
#define fc_check_as_user(plan, estate) \
	(exec_rt_fetch((plan)->scan.scanrelid, estate)->checkAsUser)
#endif
#define fc_scan_user(plan, estate) \
	(OidIsValid(fc_check_as_user(plan, estate)) ? \
	 fc_check_as_user(plan, estate) : GetUserId())

/*
 * ANALYZE (analyze.c): is this a worker of autovacuum?
 */
#if PG_VERSION_NUM >= 170000
#include "miscadmin.h"
#define fc_is_autovacuum() AmAutoVacuumWorkerProcess()
#else
#include "postmaster/autovacuum.h"
#define fc_is_autovacuum() IsAutoVacuumWorkerProcess()
#endif

/*
 * EXPLAIN (explain.c, modify.c).
 */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

/*
 * Writing (modify.c): whose user mapping a write uses, and whether
 * RETURNING wants the row as it was.
 */
#if PG_VERSION_NUM >= 160000
#define fc_result_user(result, estate) \
	ExecGetResultRelCheckAsUser(result, estate)
#else
#define fc_result_entry(result, estate) \
	exec_rt_fetch((result)->ri_RangeTableIndex != 0 ? \
				  (result)->ri_RangeTableIndex : \
				  (result)->ri_RootResultRelInfo->ri_RangeTableIndex, estate)
#define fc_result_user(result, estate) \
	(OidIsValid(fc_result_entry(result, estate)->checkAsUser) ? \
	 fc_result_entry(result, estate)->checkAsUser : GetUserId())
#endif
#if PG_VERSION_NUM >= 180000
#define fc_var_is_old(var) ((var)->varreturningtype == VAR_RETURNING_OLD)
#else
#define fc_var_is_old(var) ((void) (var), false)
#endif

#endif							/* FC_COMPAT_H */
