/*
 * stream.c
 *		The walks that answer a query, one after the other, as items.
 *
 * There is a walk for each step of the query's route.  Where a route turns
 * out not to exist, or its items lack a column that is needed, another one is
 * taken before the first item is out; look-ups by id, one of which may be
 * refused long after others have given rows, go on by it.
 */
#include "postgres.h"

#include "read/needs.h"
#include "read/obtain.h"
#include "read/stream.h"
#include "shared/flight.h"
#include "utils/memutils.h"

static void set_to_start(FcStream *stream);
static void release_walks(FcStream *stream);
static void take_route(FcStream *stream, const FcQuery *query);
static void begin_again(FcStream *stream);
static bool came_before(const FcStream *stream, FcJsonNode item);
static bool item_on_page(FcStream *stream, FcJsonNode *item);
static bool open_walk(FcStream *stream);
static void check_parts(FcStream *stream);
static FcWalk *create_walk(FcStream *stream);
static bool find_parent(FcStream *stream, FcStep *step);
static void note_whole(FcStream *stream);
static bool open_page(FcStream *stream);
static FcJson *fetch_page(FcStream *stream);
static bool may_fall_back(const FcStream *stream);
static void keep_walk(const FcStream *stream, FcWalk *walk);
static bool has_enough(const FcStream *stream, const FcWalk *walk);
static void close_route(FcStream *stream, bool is_known);
static void use_smaller_batch(FcStream *stream);
static bool check_needs(FcStream *stream, const FcWalk *walk,
						FcJsonNode items);
static bool is_better_elsewhere(FcStream *stream, const FcWalk *walk,
								FcJsonNode items);
static bool check_look_up(FcStream *stream, FcJsonNode item);

/*
 * fc_stream_create
 *		Prepare to ask queries through api, at the cost of use.
 *
 * It lives in the current context, and so must what it is given.
 */
FcStream *
fc_stream_create(FcApi *api, FcMeter *use, const char *scope,
				 const char *table_name, FcParentsSource parents)
{
	FcStream   *stream = palloc0(sizeof(FcStream));

	stream->api = api;
	stream->use = use;
	stream->scope = scope;
	stream->table_name = table_name;
	stream->parents = parents;
	stream->ask_context = AllocSetContextCreate(CurrentMemoryContext,
												"frontcore_fdw query",
												ALLOCSET_SMALL_SIZES);
	stream->page_context = AllocSetContextCreate(CurrentMemoryContext,
												 "frontcore_fdw page",
												 ALLOCSET_DEFAULT_SIZES);
	stream->half.context = stream->ask_context;
	stream->kept = fc_kept_create();
	return stream;
}

/*
 * fc_stream_shares
 *		May answers of other sessions be taken now?
 *
 * Not once the transaction has written: it is to see what it wrote.
 */
bool
fc_stream_shares(const FcStream *stream)
{
	return stream->sharing != NULL && !fc_generation_wrote();
}

/*
 * fc_stream_reader
 *		On whose behalf answers of other sessions are taken.
 */
FcShareReader
fc_stream_reader(const FcStream *stream)
{
	FcShareReader reader = {stream->api, stream->sharing, stream->scope,
	stream->use, stream->takes_stale};

	return reader;
}

/*
 * fc_stream_ask
 *		Begin to answer a query, which must live until the next one.
 *
 * What follows is one of fc_stream_choose, fc_stream_ask_rest and
 * fc_stream_replay, each in ask_context.
 */
void
fc_stream_ask(FcStream *stream, const FcQuery *query)
{
	fc_routing_begin(&stream->routing, stream->api, query);
	fc_needs_reset(query);
}

/*
 * fc_stream_choose
 *		Ask the API, by the best route.
 */
void
fc_stream_choose(FcStream *stream)
{
	take_route(stream, stream->routing.query);
}

/*
 * fc_stream_ask_rest
 *		Ask the API only for the ids that a complete list does not hold: the
 *		list may hide rows.
 */
void
fc_stream_ask_rest(FcStream *stream, const FcQuery *rest)
{
	stream->is_rest = true;
	take_route(stream, rest);
	stream->routing.choice.is_ordered = (rest->order == NULL);
}

/*
 * fc_stream_replay
 *		Give the items of these walks, and ask for nothing.
 */
void
fc_stream_replay(FcStream *stream, FcWalk *const *walks, int nwalks)
{
	for (int i = 0; i < nwalks; i++)
	{
		fc_cache_pin(walks[i]->entry);
		stream->walks = lappend(stream->walks, walks[i]);
	}
	stream->has_all_walks = true;
	stream->routing.choice.is_ordered =
		(stream->routing.query->order == NULL);
}

/*
 * fc_stream_next
 *		The next item, in the order in which items come; false after the last.
 *
 * An item lives until the next call.
 */
bool
fc_stream_next(FcStream *stream, FcJsonNode *item)
{
	for (;;)
	{
		if (stream->is_out || fc_stream_has_turned(stream) ||
			(stream->walk == NULL && !open_walk(stream)))
			return false;
		while (item_on_page(stream, item))
		{
			if (!check_look_up(stream, *item))
				break;
			if (came_before(stream, *item) ||
				fc_half_holds(&stream->half, &stream->routing, stream->walk,
							  *item))
				continue;
			stream->taken++;
			return true;
		}
		if (stream->walk != NULL && !open_page(stream))
			stream->walk = NULL;
	}
}

/*
 * fc_stream_has_turned
 *		Is the query to be answered by a list and the details of its rows
 *		(details.c)?  Then the stream gives no items, even if it began to.
 */
bool
fc_stream_has_turned(const FcStream *stream)
{
	return stream->routing.choice.list >= 0 && !stream->has_all_walks &&
		stream->taken == 0;
}

/*
 * fc_stream_lost_order
 *		Did the API just refuse to sort, or refuse so large a batch?  Then the
 *		query has begun again, and the caller has to sort its items.
 *
 * To be asked before the first item is passed on.
 */
bool
fc_stream_lost_order(FcStream *stream)
{
	FcRouting  *routing = &stream->routing;
	const FcWalk *walk = stream->walk;

	if (walk == NULL)
		return false;
	if ((walk->without & FC_WITHOUT_FILTERS) &&
		(walk->route->flags & FC_SORTED))
		routing->facts.flags |= FC_LEARNED_REFUSES(walk->route_number);
	else if (routing->choice.is_ordered)
		return false;
	begin_again(stream);
	return true;
}

/*
 * fc_stream_rewind
 *		Begin another reading of the same walks.
 */
void
fc_stream_rewind(FcStream *stream)
{
	fc_kept_begin(stream->kept);
	set_to_start(stream);
}

/*
 * fc_stream_go_back
 *		Begin the same reading of the same walks again.
 */
void
fc_stream_go_back(FcStream *stream)
{
	fc_kept_rewind(stream->kept);
	set_to_start(stream);
}

/*
 * fc_stream_read_rest
 *		Read on behind what has come, by the route by which it came, into the
 *		walks' entries, without moving.
 */
void
fc_stream_read_rest(FcStream *stream)
{
	FcWalkContext context = {stream->api, stream->use,
		.is_fresh = stream->is_fresh,
		.stores = true,
		.learned = &stream->routing.learned
	};
	MemoryContext page_context;
	MemoryContext oldcontext;
	ListCell   *cell;

	stream->routing.is_cautious = true; /* nothing may be refused here */
	page_context = AllocSetContextCreate(CurrentMemoryContext,
										 "frontcore_fdw page",
										 ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(stream->ask_context);
	for (;;)
	{
		FcWalk	   *walk;
		FcJson	   *document;

		foreach(cell, stream->walks)
		{
			walk = lfirst(cell);
			MemoryContextSwitchTo(page_context);
			while (!has_enough(stream, walk) &&
				   fc_walk_fetch(walk, &context, false, false, &document) ==
				   FC_WALK_PAGE)
				MemoryContextReset(page_context);
			keep_walk(stream, walk);
			MemoryContextSwitchTo(stream->ask_context);
		}
		if (stream->has_all_walks || (walk = create_walk(stream)) == NULL)
			break;
		stream->walks = lappend(stream->walks, walk);
	}
	stream->has_all_walks = true;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(page_context);
}

/*
 * fc_stream_forget
 *		Forget the query, and let go of its walks.
 */
void
fc_stream_forget(FcStream *stream)
{
	fc_stream_rewind(stream);
	release_walks(stream);
	stream->is_rest = false;
	stream->is_out = false;
	MemoryContextReset(stream->page_context);
	MemoryContextReset(stream->ask_context);
}

/*
 * fc_stream_end
 *		Let go of everything, before the context goes.
 */
void
fc_stream_end(FcStream *stream)
{
	fc_stream_forget(stream);
	fc_kept_forget(stream->kept);
}

/*
 * Stand before the first item.
 */
static void
set_to_start(FcStream *stream)
{
	stream->next_walk = 0;
	stream->walk = NULL;
	stream->page = -1;
	stream->taken = 0;
	stream->order.has_last = false;
	stream->skips = false;
	fc_half_forget(&stream->half);
}

static void
release_walks(FcStream *stream)
{
	ListCell   *cell;

	foreach(cell, stream->walks)
	{
		FcWalk	   *walk = lfirst(cell);

		/* nobody asks on for it */
		fc_flight_end(walk->flight, FC_FLIGHT_ABANDONED);
		fc_cache_release(walk->entry);
	}
	stream->walks = NIL;
	stream->has_all_walks = false;
}

/*
 * Ask the query, or a part of it, by the route that is best now.
 */
static void
take_route(FcStream *stream, const FcQuery *query)
{
	stream->order.has_last = false;
	fc_needs_reset(query);
	fc_routing_choose(&stream->routing, query);

	/* what a complete list does not hold, another list does not either */
	if (stream->is_rest &&
		!(stream->routing.choice.route->flags & FC_BY_ID))
		stream->has_all_walks = true;
}

/*
 * Take the route that is best now, from the start.
 *
 * Ids are looked up as they rise.  Where some have given rows, those below the
 * current one have had their answer: the other route is for the rest.
 */
static void
begin_again(FcStream *stream)
{
	if (stream->taken > 0 && (stream->walk->route->flags & FC_LOOKUP))
	{
		stream->skips = true;
		stream->skip_below = stream->walk->id;
	}
	release_walks(stream);
	stream->next_walk = 0;
	stream->walk = NULL;
	fc_half_forget(&stream->half);
	take_route(stream, stream->routing.query);
}

/*
 * Did the item come by the route that was taken first?
 */
static bool
came_before(const FcStream *stream, FcJsonNode item)
{
	int64		id;

	return stream->skips &&
		fc_page_item_key(stream->walk->resource, FC_KEY, item, &id) &&
		id < stream->skip_below;
}

/*
 * The next item of the current page that has not come before.
 */
static bool
item_on_page(FcStream *stream, FcJsonNode *item)
{
	if (stream->page < 0)
		return false;
	for (;;)
	{
		const FcWalkPage *page = &stream->walk->pages[stream->page];

		if (stream->single.node != NULL)
		{
			*item = stream->single;
			stream->single.node = NULL;
		}
		else if (!fc_json_next(&stream->items, item, NULL))
			return false;
		if (!bms_is_member(stream->item++, page->repeated))
			return true;
	}
}

/*
 * Begin to read the next walk; false if there is none.
 */
static bool
open_walk(FcStream *stream)
{
	if (stream->next_walk >= list_length(stream->walks))
	{
		MemoryContext oldcontext;
		FcWalk	   *walk;

		if (stream->has_all_walks)
			return false;
		oldcontext = MemoryContextSwitchTo(stream->ask_context);
		walk = create_walk(stream);
		if (walk != NULL)
			stream->walks = lappend(stream->walks, walk);
		MemoryContextSwitchTo(oldcontext);
		if (walk == NULL)
		{
			check_parts(stream);
			stream->has_all_walks = true;
			note_whole(stream);
			return false;
		}
	}
	stream->walk = list_nth(stream->walks, stream->next_walk++);
	stream->page = -1;
	return true;
}

/*
 * A part that is not there is no row.  But of parents that were just listed,
 * some must have one, or the account has no such list.
 */
static void
check_parts(FcStream *stream)
{
	ListCell   *cell;

	if (stream->walks == NIL ||
		!fc_route_is_fed(stream->routing.query, stream->routing.choice.route))
		return;
	foreach(cell, stream->walks)
	{
		if (((FcWalk *) lfirst(cell))->state != FC_WALK_ABSENT)
			return;
	}
	fc_routing_refuse(&stream->routing);
}

/*
 * The walk that answers the next part of the query, pinned; NULL if all parts
 * are answered.
 */
static FcWalk *
create_walk(FcStream *stream)
{
	FcRouting  *routing = &stream->routing;
	FcStep		step;

	if (fc_routing_is_unfed(routing))
	{
		int			count;
		int64	   *ids = fc_parents_list(&stream->parents, routing, &count);

		fc_routing_feed(routing, ids, count);
	}
	if (stream->walks != NIL)
		fc_routing_settle(routing, llast(stream->walks));
	while (fc_routing_next(routing, &step))
	{
		bool		is_answered = step.id != NULL && step.nparents == 0 &&
		(routing->choice.route->flags & FC_BY_PARENT) &&
		!find_parent(stream, &step);
		FcWalk	   *walk = NULL;

		/* only now, as an error may come between, and the reader go on */
		if (!is_answered)
		{
			FcShareReader reader = fc_stream_reader(stream);

			walk = fc_obtain_walk(&reader, fc_stream_shares(stream), routing,
								  &step);
		}
		fc_routing_advance(routing, &step);
		if (walk != NULL)
			return walk;
	}
	return NULL;
}

/*
 * An object below a parent that nobody has named: learn the parent.  False if
 * there is none.
 */
static bool
find_parent(FcStream *stream, FcStep *step)
{
	int64	   *parent = palloc(sizeof(int64));

	if (!fc_parents_find(&stream->parents, stream->routing.query, *step->id,
						 parent))
		return false;
	step->parents = parent;
	step->nparents = 1;
	return true;
}

/*
 * If the query has just read a whole list, let the transaction know.
 *
 * Ids that a route does not ask for do not make its list any shorter.
 */
static void
note_whole(FcStream *stream)
{
	const FcQuery *query = stream->routing.query;
	int			flags = stream->routing.choice.route->flags;
	FcShareReader reader = fc_stream_reader(stream);

	if (query->filters != NIL || query->has_since ||
		query->bindings != NIL || query->parents.bound ||
		stream->walks == NIL || stream->is_rest || (flags & FC_BY_ID))
		return;
	if (flags & (FC_HALF | FC_OTHER_HALF))
		fc_stats_learn_rows(stream->api->account.digest, query->resource->name,
							stream->taken);
	if (stream->scope != NULL)
		fc_obtain_keep_list(&reader, query, stream->walks);
}

/*
 * Go to the walk's next page; false if there is none.
 */
static bool
open_page(FcStream *stream)
{
	const FcRouting *routing = &stream->routing;
	FcWalk	   *walk = stream->walk;
	MemoryContext oldcontext;
	FcJson	   *document;
	FcJsonNode	items;

	MemoryContextReset(stream->page_context);
	oldcontext = MemoryContextSwitchTo(stream->page_context);
	if (stream->page + 1 < walk->npages)
		document = fc_kept_read(stream->kept, walk, stream->page + 1);
	else
		document = fetch_page(stream);
	MemoryContextSwitchTo(oldcontext);
	if (document == NULL)
		return false;

	stream->page++;
	stream->item = 0;
	items = fc_walk_items(walk, document);
	fc_needs_note(routing->query, items);
	if (!check_needs(stream, walk, items))
		return false;

	stream->single.node = NULL;
	stream->items.next = NULL;
	if (fc_json_kind(items) == FC_JSON_OBJECT)
		stream->single = items;
	else
		stream->items = fc_json_iterate(items);
	if (routing->query->order != NULL && routing->choice.is_ordered &&
		!(walk->without & FC_WITHOUT_FILTERS))
		fc_sort_check(&stream->order, routing->query, stream->items,
					  walk->pages[stream->page].repeated, walk->path);
	return true;
}

/*
 * Fetch the current walk's next page.  NULL if there is none, or if the query
 * has been begun again by another route.
 */
static FcJson *
fetch_page(FcStream *stream)
{
	FcRouting  *routing = &stream->routing;
	FcWalk	   *walk = stream->walk;
	FcWalkContext context = {stream->api, stream->use,
		.is_fresh = stream->is_fresh,
		.learned = &routing->learned
	};
	FcTolerance tolerance;
	FcWalkResult result;
	FcJson	   *document;

	/* a walk that is replayed is of no route that we have taken */
	if (fc_walk_is_complete(walk) || has_enough(stream, walk))
		return NULL;

	context.stores = stream->scope != NULL || stream->is_ahead;
	context.tolerates_outage = may_fall_back(stream);
	tolerance = fc_routing_tolerates(routing, walk, stream->taken > 0);
	if (context.tolerates_outage &&
		fc_generation_is_out(stream->sharing->scope.digest))
	{
		stream->is_out = true;
		return NULL;
	}

	fc_flight_fetch(walk->flight, true);
	result = fc_walk_fetch(walk, &context, tolerance.refusal,
						   tolerance.no_route, &document);
	fc_flight_fetch(walk->flight, false);
	switch (result)
	{
		case FC_WALK_PAGE:
			fc_routing_note_answer(routing, walk);
			keep_walk(stream, walk);
			return document;
		case FC_WALK_END:
			keep_walk(stream, walk);
			return NULL;
		case FC_WALK_OUTAGE:
			fc_generation_note_outage(stream->sharing->scope.digest);
			fc_flight_end(walk->flight, FC_FLIGHT_FAILED);
			stream->is_out = true;
			return NULL;
		case FC_WALK_NO_ROUTE:
			close_route(stream, false);
			return NULL;
		case FC_WALK_REFUSED:
			if ((walk->route->flags & FC_LOOKUP) ||
				fc_route_is_filtered_to(walk->route))
				close_route(stream, true);
			else
				use_smaller_batch(stream);
			return NULL;
	}
	return NULL;
}

/*
 * Should the API not be asked now, are there answers whose time is up that
 * may serve in its place?
 */
static bool
may_fall_back(const FcStream *stream)
{
	const FcWalk *walk = stream->walk;
	FcShareReader reader = fc_stream_reader(stream);

	return fc_stream_shares(stream) && stream->may_fall_back &&
		!stream->takes_stale && walk->npages == 0 && walk->request != NULL &&
		fc_share_has_stale(&reader, walk->resource, walk->request);
}

/*
 * Let other sessions have the walk's answer, if it is complete.
 */
static void
keep_walk(const FcStream *stream, FcWalk *walk)
{
	if (stream->sharing != NULL)
		fc_share_keep(stream->sharing, walk);
}

/*
 * Has the walk come to ids that are above all that are asked for?
 *
 * Only where the API was asked for the order of ids, and its pages have shown
 * it: the walk goes by since_id then, and would skip what were to come later.
 */
static bool
has_enough(const FcStream *stream, const FcWalk *walk)
{
	const FcQuery *query = stream->routing.query;

	return query->has_until && fc_walk_goes_by_id(walk) &&
		walk->memory->last_id >= query->until;
}

/*
 * The account does not have the route, or no list that can be filtered to one
 * object: take another one.
 */
static void
close_route(FcStream *stream, bool is_known)
{
	fc_routing_close(&stream->routing, is_known);
	begin_again(stream);
}

/*
 * A batch was refused: name fewer parents at once from now on.
 */
static void
use_smaller_batch(FcStream *stream)
{
	FcWalk	   *walk = llast(stream->walks);

	if (!fc_routing_shrink(&stream->routing, walk->nparents))
		elog(ERROR, "refused batch cannot be made smaller");
	fc_flight_end(walk->flight, FC_FLIGHT_ABANDONED);
	fc_cache_release(walk->entry);
	stream->walks = list_delete_last(stream->walks);
	stream->next_walk--;
	stream->walk = NULL;
}

/*
 * Do the walk's items hold what is needed?  If not, and another route's may,
 * that one is taken, and the answer is false.
 *
 * Later pages are looked at, too: the first one may have left open whether
 * there is a key.
 */
static bool
check_needs(FcStream *stream, const FcWalk *walk, FcJsonNode items)
{
	const FcQuery *query = stream->routing.query;
	uint64		lacking;

	if (walk->rows == 0 ||
		!fc_needs_lacking(query, walk->present, &lacking))
		return true;
	if (fc_routing_note_lacking(&stream->routing, walk, lacking) &&
		(stream->taken == 0 || (walk->route->flags & FC_LOOKUP)) &&
		!stream->has_all_walks && !query->is_look &&
		is_better_elsewhere(stream, walk, items))
	{
		begin_again(stream);
		return false;
	}
	if (!query->is_silent)
		fc_needs_report(query, walk->present, walk->path,
						stream->table_name, stream->use->relid,
						fc_routing_other_way(&stream->routing));
	return true;
}

/*
 * Is another route still the better one, where it can be looked at first?
 */
static bool
is_better_elsewhere(FcStream *stream, const FcWalk *walk, FcJsonNode items)
{
	FcRouting  *routing = &stream->routing;
	MemoryContext oldcontext = MemoryContextSwitchTo(stream->ask_context);

	fc_parents_look(&stream->parents, routing,
					fc_routing_number(routing, walk), items);
	MemoryContextSwitchTo(oldcontext);

	/* the look has noted what paths its own answer holds */
	fc_needs_reset(routing->query);
	fc_needs_note(routing->query, items);
	return !fc_routing_is_best(routing, walk);
}

/*
 * Is the item the one that was asked for?  If not, another route is taken.
 *
 * A list that was to be filtered to one object, but holds others, ignores the
 * filter: then look-ups are of no use, though by chance some may have found
 * what they were for.  Another object in the place of one is no answer.
 */
static bool
check_look_up(FcStream *stream, FcJsonNode item)
{
	const FcWalk *walk = stream->walk;
	int64		id;

	if ((walk->route->flags & (FC_LOOKUP | FC_ITEM)) == 0 ||
		!fc_page_item_key(walk->resource, FC_KEY, item, &id) ||
		id == walk->id)
		return true;
	if (walk->is_item || !fc_routing_has_other(&stream->routing))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("could not understand the answer for resource \"%s\"",
						walk->resource->name),
				 errdetail("It is row " INT64_FORMAT ".", id),
				 fc_error_context("GET", walk->path)));
	close_route(stream, true);
	return false;
}
