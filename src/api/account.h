/*
 * account.h
 *		Which account a key belongs to, and what is known of its lists before
 *		they are asked for.
 */
#ifndef FC_ACCOUNT_H
#define FC_ACCOUNT_H

#include "api/option.h"
#include "api/query.h"

extern FcAccount fc_account_of(const FcServer *server, const char *api_key);
extern void fc_account_load(const FcServer *server, const FcAccount *account,
							const FcResource *resource,
							const FcLearned *known, FcRouteFacts *facts,
							FcLearned *learned);

#endif							/* FC_ACCOUNT_H */
