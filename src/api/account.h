/*
 * account.h
 *		The names of an account, and what is known of its lists before they are
 *		asked for.
 */
#ifndef FC_ACCOUNT_H
#define FC_ACCOUNT_H

#include "api/option.h"
#include "api/route.h"

extern FcAccount fc_account_limiter(const FcServer *server);
extern FcAccount fc_account_digest(const FcServer *server,
								   const char *api_key);
extern FcAccount fc_account_scope(const FcServer *server,
								  const char *api_key);
extern FcAccount fc_account_address(const FcServer *server);
extern void fc_account_load(const FcServer *server, const FcAccount *account,
							const FcResource *resource,
							const FcLearned *known, FcRouteFacts *facts,
							FcLearned *learned);

#endif							/* FC_ACCOUNT_H */
