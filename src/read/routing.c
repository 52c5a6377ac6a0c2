/*
 * routing.c
 *		The route by which a query is answered, and the steps along it.
 *
 * A route is asked once, or once for each id, for each parent, for each batch
 * of parents.  It may turn out not to exist, to lack a column that is needed,
 * or to take smaller batches only.  Then this file tells all backends, and the
 * caller begins again.
 */
#include "postgres.h"

#include "read/needs.h"
#include "read/routing.h"

static int	batch_width(const FcRouting *routing, int count);
static bool next_bindings(const FcRouting *routing, FcStep *step);
static void learn_flags(FcRouting *routing, uint64 set, uint64 cleared);

/*
 * fc_routing_begin
 *		Load what is known of the query's lists; no route is chosen yet.
 *
 * routing is zero, or has been used for another query of the same statement.
 */
void
fc_routing_begin(FcRouting *routing, const FcApi *api, const FcQuery *query)
{
	FcLearned	known = routing->learned;
	bool		is_known = (routing->resource == query->resource);

	memset(routing, 0, sizeof(FcRouting));
	routing->api = api;
	routing->query = query;
	routing->resource = query->resource;
	routing->choice.list = -1;
	fc_account_load(api->server, &api->account, query->resource,
					is_known ? &known : NULL, &routing->facts,
					&routing->learned);
}

/*
 * fc_routing_choose
 *		Take the route that is best now, from the start.
 *
 * The query is the one that we began with, or a part of it.  Throws if there
 * is no route.
 */
void
fc_routing_choose(FcRouting *routing, const FcQuery *query)
{
	routing->query = query;
	routing->choice = fc_route_choose(query, &routing->facts);
	routing->parents = query->parents;
	routing->offset = 0;
	routing->batch_size = routing->facts.batch_size;
	routing->is_cautious = false;
	if (routing->choice.route == NULL)
		fc_routing_refuse(routing);
}

/*
 * fc_routing_refuse
 *		Throw, as the account has no list of the query's resource.
 */
void
fc_routing_refuse(const FcRouting *routing)
{
	const char *unbound = fc_query_unbound(routing->query);

	if (unbound != NULL)
		fc_query_refuse_unbound(routing->query->resource, unbound);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("the account has no list of resource \"%s\"",
					routing->query->resource->name)));
}

/*
 * fc_routing_is_unfed
 *		Have parents to be listed before the route can be asked?
 */
bool
fc_routing_is_unfed(const FcRouting *routing)
{
	return fc_route_is_fed(routing->query, routing->choice.route) &&
		!routing->parents.bound;
}

/*
 * fc_routing_feed
 *		Ask for these parents, which must live as long as the query.
 */
void
fc_routing_feed(FcRouting *routing, int64 *parents, int count)
{
	FcQuery		sorted = {0};

	fc_query_bind_keys(&sorted, &sorted.parents, parents, count);
	routing->parents = sorted.parents;
}

/*
 * fc_routing_next
 *		Which id or parents the next request is for; false if all are asked.
 *
 * The same step comes again until we advance.
 */
bool
fc_routing_next(const FcRouting *routing, FcStep *step)
{
	const FcQuery *query = routing->query;
	const FcRoute *route = routing->choice.route;
	int			count;

	memset(step, 0, sizeof(FcStep));
	step->route = route;
	if (query->bindings != NIL)
		return next_bindings(routing, step);
	if (route->flags & FC_BY_ID)
	{
		if (routing->offset >= query->ids.count)
			return false;
		step->id = &query->ids.values[routing->offset];
		if (query->parents.bound && (route->flags & FC_BY_PARENT))
		{
			step->parents = query->parents.values;
			step->nparents = query->parents.count;
		}
		step->width = 1;
		return true;
	}
	if (!(route->flags & FC_BY_PARENT))
	{
		step->width = 1;
		step->route += routing->offset;
		return routing->offset < ((route->flags & FC_HALF) ? 2 : 1);
	}

	count = routing->parents.count - routing->offset;
	if (count <= 0)
		return false;
	step->parents = &routing->parents.values[routing->offset];
	step->nparents = (route->flags & FC_BATCH) == 0 ? 1 :
		batch_width(routing, count);
	step->width = step->nparents;
	return true;
}

/*
 * How many of the next parents to name at once.
 *
 * Each batch ends with a page that is not full, so that few large ones cost
 * less than many small ones.  Filters leave rows of few parents, which would
 * not show that a large batch was answered wholly (fc_routing_settle).
 */
static int
batch_width(const FcRouting *routing, int count)
{
	const FcQuery *query = routing->query;
	const int64 *parents = &routing->parents.values[routing->offset];
	const char *parameter = strchr(routing->choice.route->path, '?');
	int			bytes = 0;
	int			width = 0;

	if (routing->batch_size < FC_BATCH_KEYS || routing->is_cautious ||
		(routing->facts.flags & FC_LEARNED_SMALL_BATCHES) ||
		query->filters != NIL || query->has_since || query->has_until)
		return Min(count, routing->batch_size);
	while (width < count && bytes < FC_BATCH_BYTES)
		bytes += strcspn(parameter, "{") + strlen("%5B%5D") - strlen("[]") +
			snprintf(NULL, 0, INT64_FORMAT, parents[width++]);
	return width;
}

/*
 * The next combination of the values that the query binds.
 */
static bool
next_bindings(const FcRouting *routing, FcStep *step)
{
	int			rest = routing->offset;
	ListCell   *cell;

	foreach(cell, routing->query->bindings)
	{
		const FcBinding *binding = lfirst(cell);
		FcBinding  *one = palloc(sizeof(FcBinding));

		one->column = binding->column;
		one->count = 1;
		one->values = &binding->values[rest % binding->count];
		rest /= binding->count;
		step->bindings = lappend(step->bindings, one);
	}
	step->width = 1;
	return rest == 0;
}

/*
 * fc_routing_advance
 *		The step has been taken.
 */
void
fc_routing_advance(FcRouting *routing, const FcStep *step)
{
	routing->step_offset = routing->offset;
	routing->offset += step->width;
}

/*
 * fc_routing_settle
 *		The last step's walk has come to its end: go on behind what it has
 *		answered.
 *
 * A server may look at the first so many parents of a batch only, and say
 * nothing.  So in a large batch the parents up to the last one that has a row
 * count as answered; the others are asked for again.
 */
void
fc_routing_settle(FcRouting *routing, const FcWalk *walk)
{
	if (walk->nparents <= FC_BATCH_KEYS)
		return;
	routing->offset = routing->step_offset + walk->answered;
	if (walk->answered < FC_BATCH_KEYS)
		routing->is_cautious = true;
}

/*
 * fc_routing_has_other
 *		Is there another route for the query, should this one not exist?
 *
 * Only lists may be missing: a part that is not there is no row.
 */
bool
fc_routing_has_other(const FcRouting *routing)
{
	FcRouteFacts facts = routing->facts;

	if (routing->choice.route->flags & (FC_ITEM | FC_PART))
		return false;
	facts.flags |= FC_LEARNED_CLOSED(routing->choice.number);
	return fc_route_choose(routing->query, &facts).route != NULL;
}

/*
 * fc_routing_tolerates
 *		Which answers to the walk's next request are no errors.
 *
 * Once it has brought a page there is no way back.  Once any walk has given
 * items, only look-ups can go on by another route: each is an answer of its
 * own.
 */
FcTolerance
fc_routing_tolerates(const FcRouting *routing, const FcWalk *walk,
					 bool has_given)
{
	int			flags = walk->route->flags;
	FcTolerance result = {false, false};
	bool		has_other;

	if (walk->npages > 0)
		return result;
	has_other = fc_routing_has_other(routing);
	result.no_route = has_other && (!has_given || (flags & FC_LOOKUP));
	if ((flags & FC_LOOKUP) || fc_route_is_filtered_to(walk->route))
		result.refusal = result.no_route;
	else
		result.refusal = (flags & FC_BATCH) && routing->batch_size > 1;
	return result;
}

/*
 * fc_routing_other_way
 *		The column by which a query could ask a route that is not known to lack
 *		what this query needs; NULL if there is none.
 */
const FcColumn *
fc_routing_other_way(const FcRouting *routing)
{
	static const int flags[] = {FC_KEY, FC_PARENT};

	for (int i = 0; i < lengthof(flags); i++)
	{
		const FcColumn *column = fc_catalog_flagged(routing->resource,
													flags[i]);
		FcQuery		query = *routing->query;
		FcKeys	   *keys = flags[i] == FC_KEY ? &query.ids : &query.parents;
		FcRouteChoice choice;

		if (column == NULL || keys->bound)
			continue;
		*keys = (FcKeys)
		{
			true, 1
		};
		if (flags[i] == FC_PARENT)
			query.by = column;
		choice = fc_route_choose(&query, &routing->facts);
		if (choice.route != NULL &&
			fc_route_count_lacking(&query, choice.number,
								   &routing->facts) == 0)
			return column;
	}
	return NULL;
}

/*
 * fc_routing_note_answer
 *		A route has answered: open it again if it was closed.  With a list, the
 *		look-ups in it are open again, too.  A batch that was refused before
 *		was too large.
 */
void
fc_routing_note_answer(FcRouting *routing, const FcWalk *walk)
{
	uint64		closed = FC_LEARNED_CLOSED(walk->route_number);

	if (routing->doubts_size && (walk->route->flags & FC_BATCH))
	{
		learn_flags(routing, FC_LEARNED_SMALL_BATCHES, 0);
		routing->doubts_size = false;
	}
	if ((routing->learned.flags & closed) == 0)
		return;
	if ((walk->route->flags & FC_FLAT) && !(walk->route->flags & FC_LOOKUP))
		closed |= fc_catalog_flat_routes(walk->resource);
	learn_flags(routing, 0, closed);
}

/*
 * fc_routing_note_lacking
 *		Learn that the walk's items lack columns, or paths.  Returns whether
 *		another route would be better.
 */
bool
fc_routing_note_lacking(FcRouting *routing, const FcWalk *walk,
						uint64 lacking)
{
	int			number = fc_routing_number(routing, walk);

	fc_needs_blame(routing->query, number);
	if ((routing->facts.lacks[number] & lacking) != lacking)
	{
		fc_stats_learn_lacks(routing->api->account.digest,
							 walk->resource->name, number, lacking);
		routing->learned.lacks[number] |= lacking;
	}
	return !fc_routing_is_best(routing, walk);
}

/*
 * fc_routing_number
 *		The number of the route that the walk belongs to: half a list counts as
 *		the route that both are asked by.
 */
int
fc_routing_number(const FcRouting *routing, const FcWalk *walk)
{
	return walk->route_number -
		((walk->route->flags & FC_OTHER_HALF) != 0 &&
		 routing->choice.route != walk->route);
}

/*
 * fc_routing_is_best
 *		By what is known now, is no other route better than the walk's?
 */
bool
fc_routing_is_best(const FcRouting *routing, const FcWalk *walk)
{
	FcRouteChoice choice = fc_route_choose(routing->query, &routing->facts);

	return choice.route == NULL ||
		choice.number == fc_routing_number(routing, walk);
}

/*
 * fc_routing_reload
 *		Take in what others have learned meanwhile.
 */
void
fc_routing_reload(FcRouting *routing)
{
	FcLearned	known = routing->learned;
	uint64		flags = routing->facts.flags;

	fc_account_load(routing->api->server, &routing->api->account,
					routing->resource, &known, &routing->facts,
					&routing->learned);
	routing->facts.flags |= flags;
}

/*
 * fc_routing_note_whole
 *		Learn that the second half of a list holds the first one, too.
 */
void
fc_routing_note_whole(FcRouting *routing)
{
	if (routing->learned.flags & FC_LEARNED_WHOLE)
		return;
	learn_flags(routing, FC_LEARNED_WHOLE, 0);
	routing->learned.flags |= FC_LEARNED_WHOLE;
}

/*
 * fc_routing_close
 *		Close a route that the account does not have.
 *
 * All backends learn it.  But a look-up may also fail because there is no such
 * object: unless is_known, only this query then does without the route.
 */
void
fc_routing_close(FcRouting *routing, bool is_known)
{
	uint64		closed = FC_LEARNED_CLOSED(routing->choice.number);
	uint64		mistaken = 0;
	int			flags = routing->choice.route->flags;

	/* it was not for their size that batches were refused */
	for (int i = 0; (flags & FC_BATCH) && routing->batch_size == 1 &&
		 i < FC_LEARNED_HALVINGS; i++)
		mistaken |= FC_LEARNED_SMALLER(i);
	/* without the list there is nothing to look up in, either */
	if ((flags & FC_FLAT) && !(flags & FC_LOOKUP))
		closed |= fc_catalog_flat_routes(routing->query->resource);
	if (is_known || !(flags & FC_LOOKUP))
		learn_flags(routing, closed, mistaken);
	routing->facts.flags |= closed;
}

/*
 * fc_routing_shrink
 *		A batch of so many parents was refused, and has to be asked for again,
 *		in smaller ones.  False if batches cannot be any smaller.
 */
bool
fc_routing_shrink(FcRouting *routing, int nparents)
{
	uint64		learned = 0;

	if (nparents > FC_BATCH_KEYS)
	{
		routing->offset -= nparents;
		routing->is_cautious = routing->doubts_size = true;
		return true;
	}
	if (routing->batch_size <= 1)
		return false;

	/* 100, 50, 25, ...: at most half of what was refused */
	routing->batch_size = FC_BATCH_KEYS;
	for (int i = 0; i < FC_LEARNED_HALVINGS &&
		 routing->batch_size > Max(nparents / 2, 1); i++)
	{
		learned |= FC_LEARNED_SMALLER(i);
		routing->batch_size /= 2;
	}
	learn_flags(routing, learned, 0);
	routing->facts.flags |= learned;

	routing->offset -= nparents;
	routing->facts.batch_size = routing->batch_size;
	routing->choice.is_ordered = (routing->query->order == NULL);
	return true;
}

/*
 * Let all backends know, of the account's list.
 */
static void
learn_flags(FcRouting *routing, uint64 set, uint64 cleared)
{
	routing->learned.flags |= set & ~FC_LEARNED_ANY_CLOSED;
	routing->learned.flags &= ~cleared;
	fc_stats_learn_flags(routing->api->account.digest,
						 routing->query->resource->name, set, cleared);
}
