/*
 * rescan.h
 *		May the executor begin a scan again?
 */
#ifndef FC_RESCAN_H
#define FC_RESCAN_H

#include "nodes/plannodes.h"

extern bool fc_rescan_is_possible(const PlannedStmt *statement,
								  const Plan *scan);

#endif							/* FC_RESCAN_H */
