/*
 * needs.h
 *		Columns that a query needs and the API does not send.
 */
#ifndef FC_NEEDS_H
#define FC_NEEDS_H

#include "read/walk.h"

extern uint64 fc_needs_lacking(const FcQuery *query, const FcWalk *walk);
extern void fc_needs_report(const FcQuery *query, const FcWalk *walk,
							uint64 lacking, const char *table_name);

#endif							/* FC_NEEDS_H */
