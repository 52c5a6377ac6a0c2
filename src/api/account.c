/*
 * account.c
 *		What is known of an account's lists before they are asked for.
 *
 * Planner and pager choose routes by the same facts: what this server has
 * learned of the account, else what is usual, and what the options exclude.
 */
#include "postgres.h"

#include "api/account.h"

static void recall(const FcAccount *account, const FcResource *resource,
				   FcLearned *learned);
static double known_rows(const FcResource *resource, const FcLearned *learned);

/*
 * fc_account_load
 *		Fill in facts, which point to *learned, for a query that nothing is
 *		known of.
 *
 * account is NULL where the role has none.
 */
void
fc_account_load(const FcServer *server, const FcAccount *account,
				const FcResource *resource, FcRouteFacts *facts,
				FcLearned *learned)
{
	uint64		excluded = 0;

	recall(account, resource, learned);
	facts->lacks = learned->lacks;
	facts->rows = known_rows(resource, learned);
	facts->selectivity = 1;
	facts->parents = 0;
	facts->may_feed = server->dates_source != FC_SOURCE_LIST;
	if (server->dates_source == FC_SOURCE_BATCH)
		excluded = fc_catalog_flat_routes(resource);
	fc_query_recall(resource, learned, excluded, facts);

	for (int i = 0; resource->routes[i].path; i++)
	{
		const FcResource *parent;
		FcLearned	of_parent;

		if (resource->routes[i].fed_by == NULL)
			continue;
		parent = fc_catalog_find(resource->routes[i].fed_by);
		recall(account, parent, &of_parent);
		facts->parents = known_rows(parent, &of_parent);
	}
}

/*
 * What was learned of an account's resource; of none, nothing.
 */
static void
recall(const FcAccount *account, const FcResource *resource,
	   FcLearned *learned)
{
	memset(learned, 0, sizeof(FcLearned));
	learned->rows = -1;
	if (account != NULL)
		(void) fc_stats_learned(account->digest, resource->name, learned);
}

static double
known_rows(const FcResource *resource, const FcLearned *learned)
{
	return learned->rows >= 0 ? learned->rows : resource->expected_rows;
}
