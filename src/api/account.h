/*
 * account.h
 *		What is known of an account's lists before they are asked for.
 */
#ifndef FC_ACCOUNT_H
#define FC_ACCOUNT_H

#include "api/option.h"
#include "api/query.h"

extern void fc_account_load(const FcServer *server, const FcAccount *account,
							const FcResource *resource,
							const FcLearned *known, FcRouteFacts *facts,
							FcLearned *learned);

#endif							/* FC_ACCOUNT_H */
