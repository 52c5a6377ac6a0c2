/*
 * obtain.c
 *		Where the answer to a step comes from, and who may use it
 *		afterwards.
 *
 * The transaction may have it, or another session; else the API is asked.
 */
#include "postgres.h"

#include "read/obtain.h"

/*
 * fc_obtain_walk
 *		A walk for a step: one that the transaction has, one of another
 *		session's if shares is set, or a new one.
 *
 * It is pinned.  A new one is allocated with its entry, and nothing is sent.
 */
FcWalk *
fc_obtain_walk(const FcShareReader *reader, bool shares,
			   const FcRouting *routing, const FcStep *step)
{
	FcQuery		part = *routing->query;
	FcWalk	   *walk = NULL;
	char	   *request = NULL;
	char	   *key = NULL;
	uint64		flight = 0;

	part.bindings = step->bindings;
	if (reader->scope != NULL)
	{
		request = fc_sharing_request(&part, step);
		key = fc_share_key(reader->scope, part.resource, request);
		walk = fc_walk_find(key);
		if (walk != NULL && walk->npages > 0)
			reader->use->counts.cache_hits++;
		else if (walk != NULL && reader->is_out && !fc_walk_is_complete(walk))
			walk = NULL;		/* we could not ask for it */
	}
	if (walk == NULL && shares)
	{
		FcShareReader taker = *reader;

		taker.bindings = step->bindings;
		walk = fc_share_await(&taker, part.resource, request, &flight);
	}
	if (walk == NULL)
	{
		walk = fc_walk_create(key, &part, step, &routing->learned);
		if (reader->sharing != NULL)
			fc_share_offer(reader->sharing, walk, request, flight);
	}
	fc_cache_pin(walk->entry);
	return walk;
}

/*
 * fc_obtain_keep_list
 *		Let the transaction, and other sessions, answer narrower questions from
 *		a whole list, if all its walks are complete.
 *
 * The query is what was asked; without filters.
 */
void
fc_obtain_keep_list(const FcShareReader *reader, const FcQuery *query,
					const List *list)
{
	const char *scope = reader->scope;
	FcWalk	  **walks = palloc(list_length(list) * sizeof(FcWalk *));
	uint64		columns = fc_query_needed_columns(query);
	int			nwalks = 0;
	FcComplete *whole;
	ListCell   *cell;

	foreach(cell, list)
	{
		FcWalk	   *walk = lfirst(cell);

		if (!fc_walk_is_complete(walk) || walk->entry->key == NULL)
			return;
		walks[nwalks++] = walk;
		if (walk->rows > 0)
			columns &= walk->present;
		if (walk->is_taken)
			scope = fc_share_scope(reader->scope);
	}
	if (fc_complete_find(scope, query->resource, columns) != NULL)
		return;
	whole = fc_complete_register(scope, query->resource, walks, nwalks);
	if (reader->sharing != NULL && !reader->is_out)
		fc_share_keep_list(reader->sharing, whole, query->resource);
}
