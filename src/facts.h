/*
 * facts.h
 *		What is known of an account's lists before they are asked for.
 *
 * Layer 3.
 */
#ifndef FC_FACTS_H
#define FC_FACTS_H

#include "option.h"
#include "query.h"

extern void fc_facts_load(const FcServer *server, const FcAccount *account,
						  const FcResource *resource, FcRouteFacts *facts,
						  FcLearned *learned);

#endif							/* FC_FACTS_H */
