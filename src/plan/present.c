/*
 * present.c
 *		What answers of other sessions would save a query now.
 *
 * The planner counts requests, and answers that are there save some.  They may
 * be gone when the query runs, or others may have come: the executor looks
 * again and goes by what it finds.  So this only makes estimates better.
 */
#include "postgres.h"

#include "api/account.h"
#include "plan/present.h"

static bool is_present(const FcSharing *sharing, const FcQuery *query,
					   const FcStep *step);

/*
 * fc_present_begin
 *		Look whether the whole list is there, for a table that a role reads
 *		with that API key.
 *
 * A transaction that has written reads for itself.
 */
void
fc_present_begin(FcPresent *present, const FcServer *server,
				 const FcTable *table, const char *key, List *needs)
{
	FcQuery		all = {.resource = table->resource, .needs = needs};
	FcAccount	scope;
	FcSharedAnswer *list;

	if (table->cache != FC_CACHE_SHARED || fc_generation_wrote())
		return;
	scope = fc_account_scope(server, key);
	fc_sharing_begin(&present->sharing, server, table, &scope);
	present->shares = true;
	list = fc_sharing_find_list(&present->sharing, table->resource,
								fc_query_needed_columns(&all), false);
	present->has_list = (list != NULL);
	if (list != NULL)
		fc_answers_release(list);
}

/*
 * fc_present_requests
 *		How many of the requests remain that a query costs by a route.
 *
 * Keys that are only guessed are asked for.
 */
double
fc_present_requests(const FcPresent *present, const FcQuery *query,
					const FcRouteChoice *choice, int batch_size)
{
	const FcSharing *sharing = &present->sharing;
	const FcRoute *route = choice->route;
	double		requests = choice->requests;
	FcStep		step = {.route = route};
	int			steps = 0;
	int			found = 0;

	if (present->has_list)
		return 0;
	if (!present->shares || route == NULL || requests == 0)
		return requests;
	if (route->flags & FC_BY_ID)
	{
		if (query->ids.values == NULL)
			return requests;
		step.parents = query->parents.values;
		step.nparents = step.parents ? query->parents.count : 0;
		for (steps = 0; steps < query->ids.count; steps++)
		{
			step.id = &query->ids.values[steps];
			found += is_present(sharing, query, &step);
		}
	}
	else if (route->flags & FC_BY_PARENT)
	{
		int			width = (route->flags & FC_BATCH) ? batch_size : 1;

		if (query->parents.values == NULL)
			return requests;
		for (int i = 0; i < query->parents.count; i += width, steps++)
		{
			step.parents = &query->parents.values[i];
			step.nparents = Min(width, query->parents.count - i);
			found += is_present(sharing, query, &step);
		}
	}
	else
	{
		steps = 1;
		found = is_present(sharing, query, &step);
	}
	return steps > 0 ? requests * (steps - found) / steps : requests;
}

/*
 * Is the answer to one request there, and fresh enough?
 */
static bool
is_present(const FcSharing *sharing, const FcQuery *query,
		   const FcStep *step)
{
	FcFreshness freshness = fc_sharing_freshness(sharing, false);
	char	   *request = fc_sharing_request(query, step);
	FcQuestion	question = fc_sharing_question(sharing, query->resource,
											   request);
	FcAnswerGlance glance;

	return fc_answers_look(&question, &freshness, &glance);
}
