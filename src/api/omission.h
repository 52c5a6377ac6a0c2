/*
 * omission.h
 *		What a PUT of an account does to the fields that it leaves out.
 */
#ifndef FC_OMISSION_H
#define FC_OMISSION_H

#include "api/option.h"
#include "shared/stats.h"

/* A bit of FcLearned.flags: a PUT was seen to reset what it leaves out. */
#define FC_LEARNED_RESETS	(UINT64CONST(1) << 33)

extern FcOmitted fc_omission_rule(const FcTable *table,
								  const FcLearned *learned);
extern uint64 fc_omission_columns(const FcResource *resource);
extern uint64 fc_omission_held(const FcResource *resource);
extern uint64 fc_omission_unproven(const FcTable *table,
								   const FcLearned *learned);
extern void fc_omission_merge(FcPutLessons *lessons,
							  const FcPutLessons *more);

#endif							/* FC_OMISSION_H */
