/*
 * named.h
 *		Rows that a statement names by their ids, and does not read.
 */
#ifndef FC_NAMED_H
#define FC_NAMED_H

#include "api/option.h"
#include "api/query.h"
#include "executor/tuptable.h"

extern bool fc_named_next(const FcQuery *query, int *next,
						  const FcTable *table, TupleTableSlot *slot,
						  int64 *id);

#endif							/* FC_NAMED_H */
