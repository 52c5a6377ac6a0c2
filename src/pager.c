/*
 * pager.c
 *		A query becomes a stream of items.
 *
 * A query is answered by one walk or by several, one after the other: one
 * for each id, for each parent, for each batch of parents.  Which ones, the
 * route says; and where a route turns out not to exist, or its items lack a
 * column that is needed, another one is taken before the first item is out.
 *
 * Before the network is asked, the transaction is: a complete list answers
 * any narrower question.  And after as many look-ups as the whole list has
 * pages, the list is read instead of looking up any further.
 */
#include "postgres.h"

#include "facts.h"
#include "kept.h"
#include "lib/ilist.h"
#include "needs.h"
#include "pager.h"
#include "sort.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "walk.h"
#include "whole.h"

struct FcPager
{
	dlist_node	node;			/* in open_pagers */
	FcApi	   *api;
	FcApiUse   *use;
	FcKeep		keep;
	char	   *table_name;
	char	   *scope;			/* begins its walks' keys; NULL if none */
	const FcResource *resource; /* that will be asked for, if prepare is set */
	FcPagerPrepare prepare;
	void	   *prepare_arg;
	bool		is_narrow;		/* the query is for a part of the list */
	bool		is_busy;		/* or an error came between: then its reader
								 * is gone, though it may not look so */
	bool		is_ahead;		/* pages are read for a later reader */
	bool		owns_scope;		/* nobody else's walks have that beginning */
	MemoryContext context;		/* the pager's own */
	MemoryContext ask_context;	/* of one query */
	MemoryContext page_context; /* of one page, or one item */
	int			narrow;			/* queries for a part of the list, ... */
	double		narrow_requests;	/* ... and what they have cost */
	int64		requests_before;	/* of use, before the current query */
	FcKept	   *kept;			/* pages, from one reading to the next */

	/* the query */
	const FcQuery *query;
	FcRouteFacts facts;
	FcLearned	learned;		/* facts point here */
	FcRouteChoice choice;
	FcKeys		parents;		/* the query's, or those that feed the route */
	int			batch_size;		/* parents to a request at most */
	int			offset;			/* of the next id or parent to ask for */
	List	   *walks;			/* of FcWalk *, pinned, in order */
	bool		has_all_walks;

	/* items looked up in a complete list */
	FcWhole    *whole;
	List	   *found;			/* of FcWholeItem * */
	int			next_found;
	bool		drops_missing;	/* ids that the list lacks are not asked for,
								 * as that would cost more than the list */

	/* where it stands */
	int			next_walk;
	FcWalk	   *walk;			/* NULL between walks */
	int			page;			/* of walk, -1 before the first */
	FcJsonIterator items;
	FcJsonNode	single;			/* the item of a page that is no array */
	int			item;			/* number of the next item on the page */
	int64		emitted;		/* items given */
	int64		walked;			/* those of them that came from walks */
	int64		last_order;		/* of the last item, if has_last */
	bool		has_last;
	int64		skip_below;		/* ids that came by another route, ... */
	bool		skips;			/* ... if this is set */
	FcSort	   *sort;			/* NULL if items come as they are read */
	const char *request;		/* that brought the last item, for messages */
};

/* All pagers that may still want to read something. */
static dlist_head open_pagers = DLIST_STATIC_INIT(open_pagers);

static bool entry_has_scope(const FcCacheEntry *entry, void *arg);
static bool entry_depends(const FcCacheEntry *entry, void *arg);
static char *make_scope(FcApi *api, FcKeep keep);
static void share_scope(FcPager *helper, const FcPager *pager);
static void forget_pager(void *arg);
static void reset_question(FcPager *pager);
static void release_walks(FcPager *pager);
static void choose_route(FcPager *pager);
static void refuse_resource(FcPager *pager);
static bool answer_from_whole(FcPager *pager);
static void look_up_keys(FcPager *pager, FcWhole *whole, int column_flag,
						 const FcKeys *keys);
static bool whole_list_is_cheaper(FcPager *pager);
static void read_whole_list(FcPager *pager);
static bool next_in_order(FcPager *pager, FcJsonNode *item);
static bool next_item(FcPager *pager, FcJsonNode *item);
static bool next_found_item(FcPager *pager, FcJsonNode *item);
static bool next_walk_item(FcPager *pager, FcJsonNode *item);
static bool came_before(const FcPager *pager, FcJsonNode item);
static bool item_on_page(FcPager *pager, FcJsonNode *item);
static bool open_walk(FcPager *pager);
static void check_parts(FcPager *pager);
static FcWalk *create_walk(FcPager *pager);
static int	next_step(FcPager *pager, const int64 **id,
					  const int64 **parents, int *nparents);
static bool resolve_parent(FcPager *pager, const int64 *id, int64 *parent);
static void feed_parents(FcPager *pager);
static FcWalk *obtain_walk(FcPager *pager, const FcRoute *route,
						   const int64 *id, const int64 *parents,
						   int nparents);
static bool open_page(FcPager *pager);
static FcJson *fetch_page(FcPager *pager);
static void note_open(FcPager *pager, const FcWalk *walk);
static FcWalkContext walk_context(FcPager *pager, bool stores);
static bool has_other_route(FcPager *pager);
static void close_route(FcPager *pager);
static void begin_again(FcPager *pager);
static bool use_smaller_batch(FcPager *pager);
static bool check_needs(FcPager *pager, const FcWalk *walk);
static void check_look_up(FcPager *pager, FcJsonNode item, bool *is_other);
static void drop_look_up(FcPager *pager);
static bool order_was_lost(FcPager *pager);
static void check_page_order(FcPager *pager);
static void note_whole(FcPager *pager);
static void begin_sort(FcPager *pager);
static bool next_sorted_item(FcPager *pager, FcJsonNode *item);
static void drain_pager(FcPager *pager);
static void read_ahead(FcPager *pager);
static void read_all(FcPager *pager);
static void go_back(FcPager *pager, int next_found, int64 emitted);
static void read_rest(FcPager *pager);

/*
 * fc_pager_begin
 *		Prepare to ask queries through api, at the cost of use.
 *
 * Lives in the current context.  table_name is for messages.
 */
FcPager *
fc_pager_begin(FcApi *api, FcApiUse *use, FcKeep keep,
			   const char *table_name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw pager",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	FcPager    *pager = palloc0(sizeof(FcPager));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	pager->api = api;
	pager->use = use;
	pager->keep = keep;
	pager->table_name = pstrdup(table_name);
	pager->scope = make_scope(api, keep);
	pager->owns_scope = (keep == FC_KEEP_SCAN);
	pager->context = context;
	pager->ask_context = AllocSetContextCreate(context,
											   "frontcore_fdw query",
											   ALLOCSET_SMALL_SIZES);
	pager->page_context = AllocSetContextCreate(context,
												"frontcore_fdw page",
												ALLOCSET_DEFAULT_SIZES);
	pager->kept = fc_kept_create();

	callback->func = forget_pager;
	callback->arg = pager;
	MemoryContextRegisterResetCallback(context, callback);
	dlist_push_head(&open_pagers, &pager->node);
	MemoryContextSwitchTo(oldcontext);
	return pager;
}

/*
 * fc_pager_on_drain
 *		Before a write to the resource, or to what it hangs on, call prepare if
 *		nothing has been asked yet: it may ask what it would ask later.
 */
void
fc_pager_on_drain(FcPager *pager, const FcResource *resource,
				  FcPagerPrepare prepare, void *arg)
{
	pager->resource = resource;
	pager->prepare = prepare;
	pager->prepare_arg = arg;
}

/*
 * fc_pager_ask
 *		Begin to answer a query; the query must live until the next one.
 *
 * Nothing is sent before the first item is asked for.
 */
void
fc_pager_ask(FcPager *pager, const FcQuery *query)
{
	MemoryContext oldcontext;

	if (pager->is_narrow)
	{
		pager->narrow++;
		pager->narrow_requests += pager->use->counts.requests -
			pager->requests_before;
	}
	pager->requests_before = pager->use->counts.requests;
	pager->is_narrow = fc_query_has_filters(query);

	reset_question(pager);
	release_walks(pager);
	MemoryContextReset(pager->ask_context);
	pager->query = query;
	if (query->is_empty)
		return;
	pager->is_busy = true;

	oldcontext = MemoryContextSwitchTo(pager->ask_context);
	fc_facts_load(pager->api->server, &pager->api->account, query->resource,
				  &pager->facts, &pager->learned);
	if (!answer_from_whole(pager))
	{
		choose_route(pager);
		if (whole_list_is_cheaper(pager))
		{
			read_whole_list(pager);
			pager->drops_missing = true;
			answer_from_whole(pager);
		}
	}
	MemoryContextSwitchTo(oldcontext);
	pager->is_busy = false;
}

/*
 * fc_pager_next
 *		The next item; false after the last one.
 *
 * An item lives until the next call.
 */
bool
fc_pager_next(FcPager *pager, FcJsonNode *item)
{
	bool		found;

	if (pager->query->is_empty)
		return false;
	pager->is_busy = true;
	found = next_in_order(pager, item);
	pager->is_busy = false;
	return found;
}

/*
 * fc_pager_rewind
 *		Begin the answer to the same query again.
 *
 * The same items come again, unless nothing is kept.
 */
void
fc_pager_rewind(FcPager *pager)
{
	if (pager->keep == FC_KEEP_NOTHING)
	{
		fc_pager_ask(pager, pager->query);
		return;
	}
	fc_kept_begin(pager->kept);
	pager->next_found = 0;
	pager->next_walk = 0;
	pager->walk = NULL;
	pager->page = -1;
	pager->emitted = 0;
	pager->walked = 0;
	pager->has_last = false;
	pager->skips = false;
	if (pager->sort != NULL)
		fc_sort_rewind(pager->sort);
}

/*
 * fc_pager_end
 *		Release what the pager holds, and the pager.
 */
void
fc_pager_end(FcPager *pager)
{
	reset_question(pager);
	release_walks(pager);
	fc_kept_forget(pager->kept);
	if (pager->owns_scope)
	{
		fc_whole_forget(NULL, pager->scope);
		fc_cache_drop(entry_has_scope, pager->scope);
	}
	MemoryContextDelete(pager->context);
}

static bool
entry_has_scope(const FcCacheEntry *entry, void *arg)
{
	return entry->key != NULL &&
		strncmp(entry->key, arg, strlen(arg)) == 0;
}

/*
 * fc_pager_request
 *		The path of the request that brought the last item, without paging.
 */
const char *
fc_pager_request(const FcPager *pager)
{
	return pager->request;
}

/*
 * fc_pager_drain
 *		Before a write: let every open pager read what it has not yet read of
 *		the resource and of what hangs on it.
 */
void
fc_pager_drain(const FcResource *resource)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &open_pagers)
	{
		FcPager    *pager = dlist_container(FcPager, node, iter.cur);

		if (pager->query == NULL && pager->prepare != NULL &&
			!pager->is_busy && fc_catalog_depends(pager->resource, resource))
			pager->prepare(pager->prepare_arg);
		if (pager->query != NULL && !pager->query->is_empty &&
			!pager->is_busy &&
			fc_catalog_depends(pager->query->resource, resource))
			drain_pager(pager);
	}
}

static bool
entry_depends(const FcCacheEntry *entry, void *arg)
{
	const FcWalk *walk = entry->state;

	return fc_catalog_depends(walk->resource, arg);
}

/*
 * fc_pager_forget
 *		After a write: drop what the transaction knows of the resource and of
 *		what hangs on it.  Open pagers keep what they began with.
 */
void
fc_pager_forget(const FcResource *resource)
{
	for (int i = 0; fc_resources[i].name != NULL; i++)
	{
		if (fc_catalog_depends(&fc_resources[i], resource))
			fc_whole_forget(&fc_resources[i], NULL);
	}
	fc_cache_drop(entry_depends, unconstify(FcResource *, resource));
}

/*
 * Whose answers may be shared: those of one user mapping at one address, or
 * of one scan.
 */
static char *
make_scope(FcApi *api, FcKeep keep)
{
	static uint64 scans = 0;

	if (keep == FC_KEEP_NOTHING)
		return NULL;
	if (keep == FC_KEEP_SCAN)
		return psprintf("scan " UINT64_FORMAT " ", ++scans);
	return psprintf("mapping %u generation " UINT64_FORMAT " ",
					api->mappingid, api->generation);
}

/*
 * Let a helper find, and leave, what pager finds.
 */
static void
share_scope(FcPager *helper, const FcPager *pager)
{
	helper->scope = pager->scope;
	helper->owns_scope = false;
}

/*
 * Reset callback: the pager is gone.
 */
static void
forget_pager(void *arg)
{
	FcPager    *pager = arg;

	dlist_delete(&pager->node);
}

/*
 * Back to before the first item.
 */
static void
reset_question(FcPager *pager)
{
	if (pager->sort != NULL)
	{
		fc_sort_end(pager->sort);
		pager->sort = NULL;
	}
	pager->choice.route = NULL;
	pager->choice.is_ordered = false;
	pager->parents.bound = false;
	pager->offset = 0;
	pager->has_all_walks = false;
	if (pager->whole != NULL)
		fc_whole_release(pager->whole);
	pager->whole = NULL;
	pager->found = NIL;
	pager->next_found = 0;
	pager->next_walk = 0;
	pager->walk = NULL;
	pager->page = -1;
	pager->emitted = 0;
	pager->has_last = false;
	pager->walked = 0;
	pager->skips = false;
	fc_kept_begin(pager->kept);
	MemoryContextReset(pager->page_context);
}

static void
release_walks(FcPager *pager)
{
	ListCell   *cell;

	foreach(cell, pager->walks)
		fc_cache_release(((FcWalk *) lfirst(cell))->entry);
	pager->walks = NIL;
}

static void
choose_route(FcPager *pager)
{
	pager->choice = fc_query_choose(pager->query, &pager->facts);
	pager->parents = pager->query->parents;
	pager->offset = 0;
	pager->has_last = false;
	pager->batch_size = pager->facts.batch_size;
	if (pager->choice.route == NULL)
		refuse_resource(pager);

	/* what a complete list does not hold, another list does not either */
	if (pager->whole != NULL &&
		!fc_query_wants_id(pager->query, pager->choice.route))
		pager->has_all_walks = true;
}

static void
refuse_resource(FcPager *pager)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("the account has no list of resource \"%s\"",
					pager->query->resource->name)));
}

/*
 * Can a list that the transaction has read completely answer?
 *
 * Ids that it does not hold are still asked for: a list may hide rows.
 */
static bool
answer_from_whole(FcPager *pager)
{
	const FcQuery *query = pager->query;
	FcWhole    *whole;
	FcWalk	   *const *walks;
	int			nwalks;

	if (pager->scope == NULL)
		return false;
	whole = fc_whole_find(pager->scope, query->resource,
						  fc_query_needed_columns(query));
	if (whole == NULL)
		return false;

	pager->use->counts.cache_hits++;
	if (query->ids.bound)
	{
		look_up_keys(pager, whole, FC_KEY, &query->ids);
		return true;
	}
	if (query->parents.bound)
	{
		look_up_keys(pager, whole, FC_PARENT, &query->parents);
		pager->has_all_walks = true;
		return true;
	}

	nwalks = fc_whole_walks(whole, &walks);
	for (int i = 0; i < nwalks; i++)
	{
		fc_cache_pin(walks[i]->entry);
		pager->walks = lappend(pager->walks, walks[i]);
	}
	pager->has_all_walks = true;
	pager->choice.is_ordered = (query->order == NULL);
	return true;
}

/*
 * Find the keys' items in a complete list; what remains is to be asked for.
 */
static void
look_up_keys(FcPager *pager, FcWhole *whole, int column_flag,
			 const FcKeys *keys)
{
	FcQuery    *rest = palloc(sizeof(FcQuery));
	int64	   *missing = palloc(Max(keys->count, 1) * sizeof(int64));
	int			nmissing = 0;

	for (int i = 0; i < keys->count; i++)
	{
		int			count;
		const FcWholeItem *items = fc_whole_look_up(whole, column_flag,
													keys->values[i], &count);

		for (int j = 0; j < count; j++)
			pager->found = lappend(pager->found,
								   unconstify(FcWholeItem *, &items[j]));
		if (count == 0)
			missing[nmissing++] = keys->values[i];
	}
	pager->whole = whole;
	fc_whole_pin(whole);
	if (pager->narrow_requests > 0 &&
		pager->narrow_requests + nmissing > fc_whole_pages(whole))
		pager->drops_missing = true;

	*rest = *pager->query;
	if (column_flag == FC_PARENT || nmissing == 0 || pager->drops_missing)
	{
		pager->has_all_walks = true;
		pager->choice.is_ordered = (rest->order == NULL);
		return;
	}
	rest->ids.values = missing;
	rest->ids.count = nmissing;
	pager->query = rest;
	choose_route(pager);
	pager->choice.is_ordered = (rest->order == NULL);
}

/*
 * Would going on to ask for parts of the list cost more than the whole list?
 *
 * The planner's guess of how often decides at first, what has been spent
 * decides later.
 */
static bool
whole_list_is_cheaper(FcPager *pager)
{
	const FcQuery *query = pager->query;
	FcQuery		all = *query;
	FcRouteChoice choice;
	double		next = pager->choice.requests;

	if (pager->scope == NULL || !fc_query_has_filters(query))
		return false;

	all.ids.bound = all.parents.bound = all.has_since = false;
	all.filters = NIL;
	choice = fc_query_choose(&all, &pager->facts);
	if (choice.route == NULL)
		return false;

	/* how much of the list a filter gives is only known afterwards */
	if (!query->ids.bound && !query->parents.bound)
		next = pager->narrow > 0 ? pager->narrow_requests / pager->narrow :
			pager->use->estimated;
	if (pager->narrow_requests > 0)
		return pager->narrow_requests + next > choice.requests;
	return query->repetitions > 1 &&
		query->repetitions * next > choice.requests;
}

/*
 * Read the resource's whole list, for answer_from_whole to find.
 */
static void
read_whole_list(FcPager *pager)
{
	FcQuery    *all = palloc(sizeof(FcQuery));
	FcPager    *reader = fc_pager_begin(pager->api, pager->use, pager->keep,
										pager->table_name);
	FcJsonNode	item;

	*all = *pager->query;
	all->ids.bound = all->parents.bound = all->has_since = false;
	all->filters = NIL;
	all->order = NULL;
	all->first_page_size = 0;
	all->repetitions = 0;

	share_scope(reader, pager);
	fc_pager_ask(reader, all);
	while (fc_pager_next(reader, &item))
		 /* it is the pages we are after */ ;
	fc_pager_end(reader);
}

/*
 * The next item in the order that the reader relies on.
 */
static bool
next_in_order(FcPager *pager, FcJsonNode *item)
{
	if (pager->query->order != NULL && pager->sort == NULL &&
		!pager->choice.is_ordered)
		begin_sort(pager);
	if (pager->sort != NULL)
		return next_sorted_item(pager, item);

	if (!next_item(pager, item))
		return false;
	if (pager->query->order != NULL && order_was_lost(pager))
	{
		begin_sort(pager);
		return next_sorted_item(pager, item);
	}
	pager->emitted++;
	return true;
}

/*
 * The next item in the order in which items come.
 */
static bool
next_item(FcPager *pager, FcJsonNode *item)
{
	return next_found_item(pager, item) || next_walk_item(pager, item);
}

/*
 * The next of the items that were found in a complete list.
 */
static bool
next_found_item(FcPager *pager, FcJsonNode *item)
{
	const FcWholeItem *found;
	MemoryContext oldcontext;

	if (pager->next_found >= list_length(pager->found))
		return false;

	found = list_nth(pager->found, pager->next_found++);
	MemoryContextReset(pager->page_context);
	oldcontext = MemoryContextSwitchTo(pager->page_context);
	*item = fc_whole_read(pager->whole, found);
	MemoryContextSwitchTo(oldcontext);
	pager->request = fc_whole_request(pager->whole, found);
	return true;
}

/*
 * The next item of the walks.
 */
static bool
next_walk_item(FcPager *pager, FcJsonNode *item)
{
	for (;;)
	{
		if (pager->walk == NULL && !open_walk(pager))
			return false;
		while (item_on_page(pager, item))
		{
			bool		is_other = false;

			check_look_up(pager, *item, &is_other);
			if (is_other)
				break;
			if (came_before(pager, *item))
				continue;
			pager->request = pager->walk->path;
			pager->walked++;
			return true;
		}
		if (pager->walk != NULL && !open_page(pager))
			pager->walk = NULL;
	}
}

/*
 * Did the item come by the route that was taken first?
 */
static bool
came_before(const FcPager *pager, FcJsonNode item)
{
	int64		id;

	return pager->skips &&
		fc_walk_item_key(pager->walk->resource, FC_KEY, item, &id) &&
		id < pager->skip_below;
}

/*
 * The next item of the current page that has not come before.
 */
static bool
item_on_page(FcPager *pager, FcJsonNode *item)
{
	if (pager->page < 0)
		return false;
	for (;;)
	{
		const FcWalkPage *page = &pager->walk->pages[pager->page];

		if (pager->single.node != NULL)
		{
			*item = pager->single;
			pager->single.node = NULL;
		}
		else if (!fc_json_next(&pager->items, item, NULL))
			return false;
		if (!bms_is_member(pager->item++, page->repeated))
			return true;
	}
}

/*
 * Begin to read the next walk; false if there is none.
 */
static bool
open_walk(FcPager *pager)
{
	if (pager->next_walk >= list_length(pager->walks))
	{
		MemoryContext oldcontext;
		FcWalk	   *walk;

		if (pager->has_all_walks)
			return false;
		oldcontext = MemoryContextSwitchTo(pager->ask_context);
		walk = create_walk(pager);
		if (walk != NULL)
			pager->walks = lappend(pager->walks, walk);
		MemoryContextSwitchTo(oldcontext);
		if (walk == NULL)
		{
			check_parts(pager);
			pager->has_all_walks = true;
			note_whole(pager);
			return false;
		}
	}
	pager->walk = list_nth(pager->walks, pager->next_walk++);
	pager->page = -1;
	return true;
}

/*
 * A part that is not there is no row.  But of parents that were just listed,
 * some must have one, or the account has no such list.
 */
static void
check_parts(FcPager *pager)
{
	ListCell   *cell;

	if (pager->walks == NIL ||
		!fc_query_is_fed(pager->query, pager->choice.route))
		return;
	foreach(cell, pager->walks)
	{
		if (!((FcWalk *) lfirst(cell))->is_absent)
			return;
	}
	refuse_resource(pager);
}

/*
 * The walk that answers the next part of the query, pinned; NULL if all parts
 * are answered.
 */
static FcWalk *
create_walk(FcPager *pager)
{
	const FcRoute *route = pager->choice.route;
	const int64 *id;
	const int64 *parents;
	int			nparents;
	int64		parent;
	int			step;
	FcWalk	   *walk;

	if (fc_query_is_fed(pager->query, route) && !pager->parents.bound)
		feed_parents(pager);
	step = next_step(pager, &id, &parents, &nparents);
	if (step == 0)
		return NULL;

	/* an object below a parent that nobody has named: ask for that first */
	if (id != NULL && nparents == 0 && fc_query_wants_parent(pager->query,
															 route))
	{
		if (!resolve_parent(pager, id, &parent))
		{
			pager->offset += step;
			return create_walk(pager);
		}
		parents = memcpy(palloc(sizeof(int64)), &parent, sizeof(int64));
		nparents = 1;
	}

	/* only now, as an error may come between, and the reader go on */
	walk = obtain_walk(pager, route, id, parents, nparents);
	pager->offset += step;
	return walk;
}

/*
 * Which id or parents the next request is for; how many of them it covers.
 */
static int
next_step(FcPager *pager, const int64 **id, const int64 **parents,
		  int *nparents)
{
	const FcQuery *query = pager->query;
	const FcRoute *route = pager->choice.route;
	int			count;

	*id = NULL;
	*parents = NULL;
	*nparents = 0;
	if (fc_query_wants_id(query, route))
	{
		if (pager->offset >= query->ids.count)
			return 0;
		*id = &query->ids.values[pager->offset];
		if (query->parents.bound)
		{
			*parents = query->parents.values;
			*nparents = query->parents.count;
		}
		return 1;
	}
	if (!fc_query_wants_parent(query, route))
		return pager->offset == 0 ? 1 : 0;

	count = pager->parents.count - pager->offset;
	if (count <= 0)
		return 0;
	*parents = &pager->parents.values[pager->offset];
	*nparents = (route->flags & FC_BATCH) == 0 ? 1 :
		Min(fc_query_batch_size(*parents, count), pager->batch_size);
	return *nparents;
}

/*
 * Learn an object's parent from a list that can be filtered to the object.
 */
static bool
resolve_parent(FcPager *pager, const int64 *id, int64 *parent)
{
	FcQuery		query = *pager->query;
	FcPager    *reader;
	int64		value = *id;
	int64		key;
	FcJsonNode	item;
	bool		found = false;

	query.ids.bound = true;
	query.ids.count = 1;
	query.ids.values = &value;
	query.needs = NIL;
	query.order = NULL;
	query.repetitions = 0;
	reader = fc_pager_begin(pager->api, pager->use, pager->keep,
							pager->table_name);
	share_scope(reader, pager);
	fc_pager_ask(reader, &query);

	/* a list that is not filtered to the object holds others, too */
	while (!found && fc_pager_next(reader, &item))
		found = fc_walk_item_key(query.resource, FC_KEY, item, &key) &&
			key == value &&
			fc_walk_item_key(query.resource, FC_PARENT, item, parent);
	fc_pager_end(reader);
	return found;
}

/*
 * Ask for the ids of all parents, where the query names none.
 */
static void
feed_parents(FcPager *pager)
{
	FcQuery    *query = palloc0(sizeof(FcQuery));
	FcPager    *reader = fc_pager_begin(pager->api, pager->use, pager->keep,
										pager->table_name);
	int			size = 256;
	int64	   *ids = palloc(size * sizeof(int64));
	int			count = 0;
	FcJsonNode	item;
	FcQuery		sorted = {0};

	query->resource = fc_catalog_find(pager->choice.route->fed_by);
	query->page_size = pager->query->page_size;
	query->push_order = pager->query->push_order;
	share_scope(reader, pager);
	fc_pager_ask(reader, query);
	while (fc_pager_next(reader, &item))
	{
		if (count == size)
		{
			size *= 2;
			ids = repalloc_huge(ids, size * sizeof(int64));
		}
		if (fc_walk_item_key(query->resource, FC_KEY, item, &ids[count]))
			count++;
	}
	fc_pager_end(reader);
	fc_query_bind_keys(&sorted, &sorted.parents, ids, count);
	pager->parents = sorted.parents;
}

/*
 * A walk for that request: one that the cache has, or a new one.  Pinned.
 */
static FcWalk *
obtain_walk(FcPager *pager, const FcRoute *route, const int64 *id,
			const int64 *parents, int nparents)
{
	const FcQuery *query = pager->query;
	FcWalk	   *walk = NULL;
	char	   *key = NULL;

	if (pager->scope != NULL)
	{
		key = psprintf("%s%s since " INT64_FORMAT, pager->scope,
					   fc_query_path(query, route, id, parents, nparents,
									 0, true),
					   query->has_since ? query->since : PG_INT64_MIN);
		walk = fc_walk_find(key);
	}
	if (walk == NULL)
		walk = fc_walk_create(key, 0, query, route, id, parents, nparents,
							  pager->facts.flags);
	else if (walk->npages > 0)
		pager->use->counts.cache_hits++;
	fc_cache_pin(walk->entry);
	return walk;
}

/*
 * Go to the walk's next page; false if there is none.
 */
static bool
open_page(FcPager *pager)
{
	FcWalk	   *walk = pager->walk;
	MemoryContext oldcontext;
	FcJson	   *document;
	FcJsonNode	items;

	MemoryContextReset(pager->page_context);
	oldcontext = MemoryContextSwitchTo(pager->page_context);
	if (pager->page + 1 < walk->npages)
		document = fc_kept_read(pager->kept, walk, pager->page + 1);
	else
		document = fetch_page(pager);
	MemoryContextSwitchTo(oldcontext);
	if (document == NULL)
		return false;

	pager->page++;
	pager->item = 0;
	if (pager->page == 0 && !check_needs(pager, walk))
		return false;

	items = fc_walk_items(walk, document);
	pager->single.node = NULL;
	pager->items.next = NULL;
	if (fc_json_kind(items) == FC_JSON_OBJECT)
		pager->single = items;
	else
		pager->items = fc_json_iterate(items);
	if (pager->query->order != NULL && pager->choice.is_ordered &&
		!(walk->without & FC_WITHOUT_FILTERS))
		check_page_order(pager);
	return true;
}

/*
 * Fetch the current walk's next page.  NULL if there is none, or if the query
 * has been begun again by another route.
 */
static FcJson *
fetch_page(FcPager *pager)
{
	FcWalk	   *walk = pager->walk;
	FcWalkContext context = walk_context(pager, pager->scope != NULL ||
										 pager->is_ahead);
	bool		can_change = walk->npages == 0 &&
	(pager->walked == 0 || (walk->route->flags & FC_LOOKUP));
	bool		can_do_without = walk->npages == 0 &&
	(((walk->route->flags & FC_BATCH) && pager->batch_size > 1) ||
	 ((walk->route->flags & FC_LOOKUP) && has_other_route(pager)));
	FcJson	   *document;

	switch (fc_walk_fetch(walk, &context, can_do_without,
						  can_change && has_other_route(pager), &document))
	{
		case FC_WALK_PAGE:
			note_open(pager, walk);
			return document;
		case FC_WALK_END:
			return NULL;
		case FC_WALK_NO_ROUTE:
			close_route(pager);
			return NULL;
		case FC_WALK_REFUSED:
			if (walk->route->flags & FC_LOOKUP)
				drop_look_up(pager);
			else if (!use_smaller_batch(pager))
				elog(ERROR, "refused batch cannot be made smaller");
			return NULL;
	}
	return NULL;
}

/*
 * A route that was closed answers: it is open again, and with a list what can
 * be looked up in it.
 */
static void
note_open(FcPager *pager, const FcWalk *walk)
{
	uint64		closed = FC_LEARNED_CLOSED(walk->route_number);

	if ((pager->learned.flags & closed) == 0)
		return;
	if ((walk->route->flags & FC_FLAT) && !(walk->route->flags & FC_LOOKUP))
		closed |= fc_catalog_flat_routes(walk->resource);
	fc_stats_learn_flags(pager->api->account.digest, walk->resource->name, 0,
						 closed);
	pager->learned.flags &= ~closed;
}

static FcWalkContext
walk_context(FcPager *pager, bool stores)
{
	FcWalkContext context = {pager->api, pager->use, stores};

	return context;
}

/*
 * Is there another route for the query, should this one not exist?
 *
 * Only lists may be missing: a part that is not there is no row.
 */
static bool
has_other_route(FcPager *pager)
{
	FcRouteFacts facts = pager->facts;

	if (pager->choice.route->flags & (FC_ITEM | FC_PART))
		return false;
	facts.flags |= FC_LEARNED_CLOSED(pager->choice.number);
	return fc_query_choose(pager->query, &facts).route != NULL;
}

/*
 * The account does not have the route: take another one.
 *
 * That a look-up finds no list may also mean that it finds no object; it is
 * not remembered.
 */
static void
close_route(FcPager *pager)
{
	uint64		closed = FC_LEARNED_CLOSED(pager->choice.number);
	uint64		mistaken = 0;
	int			flags = pager->choice.route->flags;

	/* it was not for their size that batches were refused */
	for (int i = 0; (flags & FC_BATCH) && pager->batch_size == 1 &&
		 i < FC_LEARNED_HALVINGS; i++)
		mistaken |= FC_LEARNED_SMALLER(i);
	/* without the list there is nothing to look up in, either */
	if ((flags & FC_FLAT) && !(flags & FC_LOOKUP))
		closed |= fc_catalog_flat_routes(pager->query->resource);
	if ((flags & FC_LOOKUP) == 0)
		fc_stats_learn_flags(pager->api->account.digest,
							 pager->query->resource->name, closed, mistaken);
	pager->facts.flags |= closed;
	begin_again(pager);
}

/*
 * Take the route that is best now, from the start.
 *
 * Ids are looked up as they rise.  Where some have given rows, those below the
 * current one have had their answer: the other route is for the rest.
 */
static void
begin_again(FcPager *pager)
{
	if (pager->walked > 0 && (pager->walk->route->flags & FC_LOOKUP))
	{
		pager->skips = true;
		pager->skip_below = pager->walk->id;
	}
	release_walks(pager);
	pager->next_walk = 0;
	pager->walk = NULL;
	pager->has_all_walks = false;
	choose_route(pager);
}

/*
 * A batch was refused: name fewer parents at once from now on.
 */
static bool
use_smaller_batch(FcPager *pager)
{
	FcWalk	   *walk = llast(pager->walks);
	uint64		learned = 0;

	if (pager->batch_size <= 1)
		return false;

	/* 100, 50, 25, ...: at most half of what was refused */
	pager->batch_size = FC_BATCH_KEYS;
	for (int i = 0; i < FC_LEARNED_HALVINGS &&
		 pager->batch_size > Max(walk->nparents / 2, 1); i++)
	{
		learned |= FC_LEARNED_SMALLER(i);
		pager->batch_size /= 2;
	}
	fc_stats_learn_flags(pager->api->account.digest,
						 pager->query->resource->name, learned, 0);
	pager->facts.flags |= learned;

	pager->offset -= walk->nparents;
	pager->facts.batch_size = pager->batch_size;
	pager->choice.is_ordered = (pager->query->order == NULL);
	fc_cache_release(walk->entry);
	pager->walks = list_delete_last(pager->walks);
	pager->next_walk--;
	pager->walk = NULL;
	return true;
}

/*
 * Do the walk's items hold what is needed?  If not, and another route's may,
 * that one is taken, and the answer is false.
 */
static bool
check_needs(FcPager *pager, const FcWalk *walk)
{
	uint64		lacking = fc_needs_lacking(pager->query, walk);
	FcRouteChoice choice;

	if (lacking == 0)
		return true;
	if ((pager->facts.lacks[walk->route_number] & lacking) != lacking)
	{
		fc_stats_learn_lacks(pager->api->account.digest,
							 walk->resource->name, walk->route_number,
							 lacking);
		pager->learned.lacks[walk->route_number] |= lacking;
	}

	choice = fc_query_choose(pager->query, &pager->facts);
	if ((pager->walked == 0 || (walk->route->flags & FC_LOOKUP)) &&
		!pager->has_all_walks &&
		choice.route != NULL && choice.number != walk->route_number)
	{
		begin_again(pager);
		return false;
	}
	fc_needs_report(pager->query, walk, lacking, pager->table_name);
	return true;
}

/*
 * Is the item the one that was asked for?
 *
 * A list that was to be filtered to one object, but holds others, ignores the
 * filter: then look-ups are of no use, though by chance some may have found
 * what they were for.  Another object in the place of one is no answer.
 */
static void
check_look_up(FcPager *pager, FcJsonNode item, bool *is_other)
{
	const FcWalk *walk = pager->walk;
	int64		id;

	if ((walk->route->flags & (FC_LOOKUP | FC_ITEM)) == 0 ||
		!fc_walk_item_key(walk->resource, FC_KEY, item, &id) ||
		id == walk->id)
		return;
	if (walk->is_item || !has_other_route(pager))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("could not understand the answer for resource \"%s\"",
						walk->resource->name),
				 errdetail("It is row " INT64_FORMAT ".", id),
				 errcontext("FrontCore request GET %s", walk->path)));

	*is_other = true;
	drop_look_up(pager);
}

/*
 * The account's list cannot be filtered to one object.
 */
static void
drop_look_up(FcPager *pager)
{
	fc_stats_learn_flags(pager->api->account.digest,
						 pager->query->resource->name,
						 FC_LEARNED_CLOSED(pager->choice.number), 0);
	close_route(pager);
}

/*
 * Did the API just refuse to sort, or so large a batch?  Then the query is
 * begun again, for us to sort its items.
 */
static bool
order_was_lost(FcPager *pager)
{
	const FcWalk *walk = pager->walk;

	if (pager->emitted > 0 || walk == NULL)
		return false;
	if ((walk->without & FC_WITHOUT_FILTERS) &&
		(walk->route->flags & FC_SORTED))
		pager->facts.flags |= FC_LEARNED_REFUSES(walk->route_number);
	else if (pager->choice.is_ordered)
		return false;
	begin_again(pager);
	return true;
}

/*
 * The reader relies on an order: hold the API to it, before the page's first
 * row is out, which may be all that is wanted.
 */
static void
check_page_order(FcPager *pager)
{
	const FcQuery *query = pager->query;
	FcJsonIterator items = pager->items;
	FcJsonNode	item;
	int			number = 0;

	while (fc_json_next(&items, &item, NULL))
	{
		int64		value;

		if (bms_is_member(number++,
						  pager->walk->pages[pager->page].repeated))
			continue;
		value = fc_walk_item_order(query->order, item);
		if (pager->has_last &&
			(query->descending ? value > pager->last_order :
			 value < pager->last_order))
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
					 errmsg("the API did not sort resource \"%s\" by \"%s\"",
							query->resource->name, query->order->name),
					 errhint("Set option \"push_order\" of the server or of the foreign table to \"false\"."),
					 errcontext("FrontCore request GET %s",
								pager->walk->path)));
		pager->last_order = value;
		pager->has_last = true;
	}
}

/*
 * If the query has just read a whole list, let the transaction know.
 *
 * Ids that a route does not ask for do not make its list any shorter.
 */
static void
note_whole(FcPager *pager)
{
	const FcQuery *query = pager->query;
	FcWalk	  **walks;
	int			nwalks = 0;
	ListCell   *cell;

	if (pager->scope == NULL || query->filters != NIL || query->has_since ||
		query->parents.bound || pager->walks == NIL ||
		pager->whole != NULL || pager->choice.route == NULL ||
		fc_query_wants_id(query, pager->choice.route))
		return;
	walks = palloc(list_length(pager->walks) * sizeof(FcWalk *));
	foreach(cell, pager->walks)
	{
		FcWalk	   *walk = lfirst(cell);

		if (!walk->is_complete || walk->entry->key == NULL)
			return;
		walks[nwalks++] = walk;
	}
	if (fc_whole_find(pager->scope, query->resource,
					  fc_query_needed_columns(query)) == NULL)
		fc_whole_register(pager->scope, query->resource, walks, nwalks);
}

/*
 * Read all items and sort them, where the route does not.
 */
static void
begin_sort(FcPager *pager)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(pager->ask_context);
	FcSort	   *sort = fc_sort_begin(pager->query->descending);
	FcJsonNode	item;

	while (next_item(pager, &item))
	{
		pager->emitted++;
		fc_sort_add(sort, fc_walk_item_order(pager->query->order, item), item);
	}
	fc_sort_finish(sort);
	pager->sort = sort;
	MemoryContextSwitchTo(oldcontext);
}

static bool
next_sorted_item(FcPager *pager, FcJsonNode *item)
{
	MemoryContext oldcontext;
	bool		found;

	MemoryContextReset(pager->page_context);
	oldcontext = MemoryContextSwitchTo(pager->page_context);
	found = fc_sort_next(pager->sort, item);
	MemoryContextSwitchTo(oldcontext);
	return found;
}

/*
 * Read the rest of the query's pages into their entries, without moving.
 */
static void
drain_pager(FcPager *pager)
{
	if (pager->sort != NULL)
		return;					/* it has everything */
	if (pager->walked == 0)
		read_ahead(pager);
	else
		read_rest(pager);
}

/*
 * Nothing has come from a walk yet, so that it may still turn out which route
 * answers, and whether in order: read everything as a reader would, and go
 * back, also after an error.
 */
static void
read_ahead(FcPager *pager)
{
	int			next_found = pager->next_found;
	int64		emitted = pager->emitted;
	ResourceOwner owner = CurrentResourceOwner;

	/* what a sort writes must outlive the statement that reads ahead */
	CurrentResourceOwner = TopTransactionResourceOwner;
	pager->is_ahead = true;
	PG_TRY();
	{
		read_all(pager);
	}
	PG_CATCH();
	{
		CurrentResourceOwner = owner;
		go_back(pager, next_found, emitted);
		PG_RE_THROW();
	}
	PG_END_TRY();
	CurrentResourceOwner = owner;
	go_back(pager, next_found, emitted);
}

static void
read_all(FcPager *pager)
{
	FcJsonNode	item;

	if (pager->emitted > 0)
		pager->next_found = list_length(pager->found);
	if (!next_in_order(pager, &item) || pager->sort != NULL)
		return;
	while (next_item(pager, &item))
		 /* it is the pages we are after */ ;
}

/*
 * Back to where nothing of a walk has come, but what was found has.
 */
static void
go_back(FcPager *pager, int next_found, int64 emitted)
{
	if (pager->sort != NULL)
		fc_sort_rewind(pager->sort);
	fc_kept_rewind(pager->kept);
	pager->is_ahead = false;
	pager->next_found = next_found;
	pager->next_walk = 0;
	pager->walk = NULL;
	pager->page = -1;
	pager->emitted = emitted;
	pager->walked = 0;
	pager->has_last = false;
	pager->skips = false;
}

/*
 * Read on behind what has come, by the route by which it came.
 */
static void
read_rest(FcPager *pager)
{
	MemoryContext context;
	MemoryContext oldcontext;
	ListCell   *cell;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"frontcore_fdw page",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(pager->ask_context);
	for (;;)
	{
		FcWalkContext store = walk_context(pager, true);
		FcWalk	   *walk;
		FcJson	   *document;

		foreach(cell, pager->walks)
		{
			walk = lfirst(cell);
			MemoryContextSwitchTo(context);
			while (fc_walk_fetch(walk, &store, false, false, &document) ==
				   FC_WALK_PAGE)
				MemoryContextReset(context);
			MemoryContextSwitchTo(pager->ask_context);
		}
		if (pager->has_all_walks || (walk = create_walk(pager)) == NULL)
			break;
		pager->walks = lappend(pager->walks, walk);
	}
	pager->has_all_walks = true;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
