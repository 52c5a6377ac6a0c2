/*
 * pager.c
 *		A query becomes the items that answer it.
 *
 * A complete list that the transaction has read answers any narrower question
 * without a request.  After as many look-ups as the whole list has pages, the
 * list is read instead of looking up any further.  Where the API does not give
 * items in the order that the reader relies on, they are sorted here.  Before
 * a write, open readers of the same resource read what they have not taken
 * yet.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "read/details.h"
#include "read/forget.h"
#include "read/found.h"
#include "read/needs.h"
#include "read/pager.h"
#include "read/sort.h"
#include "read/stream.h"
#include "read/tally.h"
#include "read/weigh.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

struct FcPager
{
	dlist_node	node;			/* in open_pagers */
	FcKeep		keep;
	const FcResource *resource; /* that will be asked for, if prepare is set */
	FcPagerPrepare prepare;
	void	   *prepare_arg;
	bool		is_busy;		/* or an error came between: then its reader
								 * is gone, though it may not look so */
	bool		has_given;		/* items, and not because of an outage */
	bool		owns_scope;		/* nobody else's walks have that beginning */
	MemoryContext context;		/* the pager's own */
	FcTally		tally;			/* of its queries for parts of a list */

	/* the query */
	const FcQuery *query;		/* NULL before the first */
	FcStream   *stream;			/* what is asked of the API for it */
	FcSort	   *sort;			/* NULL if items come as they are read */
	int64		emitted;		/* items given */
	const char *request;		/* that brought the last item, for messages */
	List	   *bindings;		/* of its walk */

	FcFound		found;			/* looked up in a complete list */
	FcDetails  *details;		/* NULL if the stream gives the items */
	struct FcPager *lister;		/* asked for them by details, as is */
	struct FcPager *describer;
	bool		drops_missing;	/* ids that the list lacks are not asked for,
								 * as that would cost more than the list */
};

/* All pagers that may still want to read something. */
static dlist_head open_pagers = DLIST_STATIC_INIT(open_pagers);

static FcPager *create_pager(FcApi *api, FcMeter *use, FcKeep keep,
							 const char *table_name, const char *scope);
static FcPager *create_helper(const FcPager *pager);
static void forget_pager(void *arg);
static bool may_be_stale(const FcPager *pager);
static void begin_answer(FcPager *pager, bool is_out);
static void ask_for_items(FcPager *pager);
static void begin_details(FcPager *pager);
static void ask_lister(void *arg, const FcQuery *query);
static bool next_listed(void *arg, FcJsonNode *item);
static void ask_describer(void *arg, const FcQuery *query);
static bool next_described(void *arg, FcJsonNode *item,
						   const char **request);
static bool details_help(void *arg);
static void do_without_details(FcPager *pager);
static void forget_answer(FcPager *pager);
static void forget_details(FcPager *pager);
static bool answer_from_whole(FcPager *pager);
static void look_up_keys(FcPager *pager, FcComplete *whole,
						 const FcColumn *column, const FcKeys *keys);
static void read_whole_list(FcPager *pager);
static void read_other(void *arg, const FcQuery *query, FcParentsTake take,
					   void *take_arg);
static bool next_in_order(FcPager *pager, FcJsonNode *item);
static bool next_sorted_or_not(FcPager *pager, FcJsonNode *item);
static void begin_sort(FcPager *pager);
static bool next_sorted_item(FcPager *pager, FcJsonNode *item);
static bool next_item(FcPager *pager, FcJsonNode *item);
static void drain_pager(FcPager *pager);
static void read_ahead(FcPager *pager);
static void read_all(FcPager *pager);
static void go_back(FcPager *pager, int next_found, int64 emitted);

/*
 * fc_pager_begin
 *		Prepare to ask queries through api, at the cost of use.
 *
 * Lives in the current context.  table_name is for messages.
 */
FcPager *
fc_pager_begin(FcApi *api, FcMeter *use, FcKeep keep,
			   const char *table_name)
{
	return create_pager(api, use, keep, table_name, NULL);
}

/*
 * fc_pager_on_drain
 *		Let prepare be called before a write to the resource, or to what it
 *		hangs on, if nothing has been asked yet.  It may ask then what it would
 *		ask later.
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
 * fc_pager_pass_caches
 *		What is asked belongs to a write: a cache between the API and us must
 *		not answer it.
 */
void
fc_pager_pass_caches(FcPager *pager)
{
	pager->stream->is_fresh = true;
}

/*
 * fc_pager_share
 *		Give answers to other sessions, and take theirs.  Only with
 *		FC_KEEP_TRANSACTION; sharing must live as long as the pager.
 */
void
fc_pager_share(FcPager *pager, const FcSharing *sharing)
{
	Assert(pager->keep == FC_KEEP_TRANSACTION);
	pager->stream->sharing = sharing;
	pager->stream->use->is_sharing = true;
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
	fc_tally_settle(&pager->tally, pager->stream);
	fc_tally_begin(&pager->tally, pager->stream, query);
	pager->query = query;
	begin_answer(pager, may_be_stale(pager) &&
				 fc_generation_is_out(pager->stream->sharing->scope.digest));
}

/*
 * May answers whose time is up serve where the API cannot be asked?  Not
 * together with rows that are as fresh as the table says.
 */
static bool
may_be_stale(const FcPager *pager)
{
	return fc_stream_shares(pager->stream) && !pager->has_given &&
		pager->stream->sharing->stale > 0;
}

/*
 * Begin to answer the query; with answers whose time is up, if the API is out.
 */
static void
begin_answer(FcPager *pager, bool is_out)
{
	const FcQuery *query = pager->query;
	MemoryContext oldcontext;

	forget_answer(pager);
	pager->stream->takes_stale = is_out;
	pager->stream->may_fall_back = may_be_stale(pager);
	if (query->is_empty)
		return;
	pager->is_busy = true;

	oldcontext = MemoryContextSwitchTo(pager->stream->ask_context);
	fc_stream_ask(pager->stream, query);
	if (query->is_list && fc_query_has_filters(query))
		fc_stream_choose(pager->stream);
	else if (!answer_from_whole(pager))
		ask_for_items(pager);
	MemoryContextSwitchTo(oldcontext);
	pager->is_busy = false;
}

/*
 * Ask the API: for the query, for the whole list instead, or for a list and
 * the details of its rows.
 */
static void
ask_for_items(FcPager *pager)
{
	fc_stream_choose(pager->stream);
	if (!pager->query->is_look &&
		!fc_tally_knows(&pager->tally, pager->stream, pager->query) &&
		fc_tally_wants_list(&pager->tally, pager->stream, pager->query,
							&pager->drops_missing))
	{
		read_whole_list(pager);
		if (answer_from_whole(pager))
			return;
		fc_needs_reset(pager->query);	/* of what the list said */
	}
	if (fc_stream_has_turned(pager->stream))
		begin_details(pager);
}

/*
 * Begin to ask for a list and the details of its rows.
 */
static void
begin_details(FcPager *pager)
{
	FcDetailsSource source = {ask_lister, next_listed, ask_describer,
	next_described, details_help, pager};

	pager->lister = create_helper(pager);
	pager->describer = create_helper(pager);
	pager->details = fc_details_begin(&pager->stream->routing, source);
}

/*
 * Callbacks of what gives the details.
 */
static void
ask_lister(void *arg, const FcQuery *query)
{
	fc_pager_ask(((FcPager *) arg)->lister, query);
}

static bool
next_listed(void *arg, FcJsonNode *item)
{
	return fc_pager_next(((FcPager *) arg)->lister, item);
}

static void
ask_describer(void *arg, const FcQuery *query)
{
	FcPager    *pager = arg;

	pager->describer->has_given |= pager->lister->has_given;
	fc_pager_ask(pager->describer, query);
}

static bool
next_described(void *arg, FcJsonNode *item, const char **request)
{
	FcPager    *describer = ((FcPager *) arg)->describer;
	bool		found = fc_pager_next(describer, item);

	*request = describer->request;
	return found;
}

static bool
details_help(void *arg)
{
	const FcPager *pager = arg;
	FcRouting  *routing = &pager->stream->routing;

	fc_routing_reload(routing);
	return fc_route_choose(pager->query, &routing->facts).list >= 0;
}

/*
 * The list alone will do: go on with it, as nothing has been given yet.
 */
static void
do_without_details(FcPager *pager)
{
	MemoryContext oldcontext;

	forget_details(pager);
	oldcontext = MemoryContextSwitchTo(pager->stream->ask_context);
	fc_stream_choose(pager->stream);
	MemoryContextSwitchTo(oldcontext);
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
	fc_stream_rewind(pager->stream);
	if (pager->details != NULL)
		fc_details_rewind(pager->details);
	pager->found.next = 0;
	pager->emitted = 0;
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
	const char *scope = pager->stream->scope;

	fc_tally_settle(&pager->tally, pager->stream);
	forget_answer(pager);
	fc_stream_end(pager->stream);
	if (pager->owns_scope)
		fc_forget_scope(scope);
	MemoryContextDelete(pager->context);
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
 * fc_pager_bindings
 *		What the path of that request names, a list of FcBinding * of one value
 *		each; NIL if nothing.
 */
List *
fc_pager_bindings(const FcPager *pager)
{
	return pager->bindings;
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

/*
 * A pager whose walks' keys begin with scope; NULL: with one of its own.
 */
static FcPager *
create_pager(FcApi *api, FcMeter *use, FcKeep keep, const char *table_name,
			 const char *scope)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw pager",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	FcPager    *pager = palloc0(sizeof(FcPager));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	FcParentsSource other = {read_other, pager};

	pager->keep = keep;
	pager->tally.is_kept = (keep == FC_KEEP_TRANSACTION);
	pager->context = context;
	pager->owns_scope = (scope == NULL && keep == FC_KEEP_SCAN);
	if (scope == NULL && keep != FC_KEEP_NOTHING)
		scope = fc_share_own_scope(api, keep == FC_KEEP_SCAN);
	pager->stream = fc_stream_create(api, use, scope, pstrdup(table_name),
									 other);

	callback->func = forget_pager;
	callback->arg = pager;
	MemoryContextRegisterResetCallback(context, callback);
	dlist_push_head(&open_pagers, &pager->node);
	MemoryContextSwitchTo(oldcontext);
	return pager;
}

/*
 * A pager that finds, and leaves, what this one finds.
 */
static FcPager *
create_helper(const FcPager *pager)
{
	const FcStream *stream = pager->stream;
	FcPager    *helper = create_pager(stream->api, stream->use, pager->keep,
									  stream->table_name, stream->scope);

	helper->tally.is_helper = true;
	helper->stream->sharing = stream->sharing;
	helper->stream->is_fresh = stream->is_fresh;
	helper->has_given = pager->has_given;
	return helper;
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
 * Forget the query, and let go of what answers it.
 */
static void
forget_answer(FcPager *pager)
{
	if (pager->sort != NULL)
	{
		fc_sort_end(pager->sort);
		pager->sort = NULL;
	}
	forget_details(pager);
	fc_found_forget(&pager->found);
	pager->emitted = 0;
	fc_stream_forget(pager->stream);
}

/*
 * Let go of a list and of the details of its rows.
 */
static void
forget_details(FcPager *pager)
{
	if (pager->details == NULL)
		return;
	fc_details_end(pager->details);
	fc_pager_end(pager->lister);
	fc_pager_end(pager->describer);
	pager->details = NULL;
	pager->lister = pager->describer = NULL;
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
	FcStream   *stream = pager->stream;
	FcComplete *whole;

	if (stream->scope == NULL)
		return false;
	whole = fc_found_list(stream);
	if (whole == NULL)
		return false;

	if (query->ids.bound)
		look_up_keys(pager, whole,
					 fc_catalog_flagged(query->resource, FC_KEY), &query->ids);
	else if (query->parents.bound)
	{
		look_up_keys(pager, whole, query->by, &query->parents);

		/* that there was nothing is no substitute for an error */
		if (stream->takes_stale && pager->found.items == NIL)
		{
			forget_answer(pager);
			fc_stream_ask(stream, query);
			return false;
		}
	}
	else
	{
		FcWalk	   *const *walks;
		int			nwalks = fc_complete_walks(whole, &walks);

		fc_stream_replay(stream, walks, nwalks);
	}
	return true;
}

/*
 * Find the keys' items in a complete list; what remains is to be asked for.
 */
static void
look_up_keys(FcPager *pager, FcComplete *whole, const FcColumn *column,
			 const FcKeys *keys)
{
	FcKeys		missing = {true};
	FcQuery    *rest;

	fc_found_look_up(&pager->found, pager->stream, whole, column, keys,
					 &missing);
	if (pager->tally.own.requests > 0 &&
		pager->tally.own.requests + missing.count > fc_complete_pages(whole))
		pager->drops_missing = true;

	if ((column->flags & FC_KEY) == 0 || missing.count == 0 ||
		pager->drops_missing)
	{
		fc_stream_replay(pager->stream, NULL, 0);
		return;
	}
	rest = palloc(sizeof(FcQuery));
	*rest = *pager->query;
	rest->ids = missing;
	fc_stream_ask_rest(pager->stream, rest);
}

/*
 * Read the resource's whole list, for answer_from_whole to find.
 */
static void
read_whole_list(FcPager *pager)
{
	FcQuery    *all = palloc(sizeof(FcQuery));
	FcPager    *reader = create_helper(pager);
	FcJsonNode	item;

	*all = fc_query_whole(pager->query);
	all->order = NULL;
	all->first_page_size = 0;
	all->repetitions = 0;
	all->is_silent = true;

	fc_pager_ask(reader, all);
	while (fc_pager_next(reader, &item))
		 /* it is the pages we are after */ ;
	fc_pager_end(reader);
	fc_tally_reset(&pager->tally, pager->stream);
}

/*
 * Callback of what asks other queries.
 */
static void
read_other(void *arg, const FcQuery *query, FcParentsTake take,
		   void *take_arg)
{
	FcPager    *reader = create_helper(arg);
	FcJsonNode	item;

	fc_pager_ask(reader, query);
	while (fc_pager_next(reader, &item) && take(take_arg, item))
		 /* the taker has it */ ;
	fc_pager_end(reader);
}

/*
 * The next item in the order that the reader relies on.
 *
 * If the API could not be asked, before any item has come, the query is begun
 * again with what there is; and where a list turns out to lack columns, with
 * the list and the details of its rows.
 */
static bool
next_in_order(FcPager *pager, FcJsonNode *item)
{
	bool		found = next_sorted_or_not(pager, item);
	bool		has_turned = pager->details == NULL &&
	fc_stream_has_turned(pager->stream);

	if (!pager->stream->is_out && !has_turned)
		return found;
	begin_answer(pager, pager->stream->is_out);
	pager->is_busy = true;
	return next_sorted_or_not(pager, item);
}

static bool
next_sorted_or_not(FcPager *pager, FcJsonNode *item)
{
	if (pager->query->order != NULL && pager->sort == NULL &&
		!pager->stream->routing.choice.is_ordered)
		begin_sort(pager);
	if (pager->sort != NULL)
		return next_sorted_item(pager, item);

	if (!next_item(pager, item))
		return false;
	if (pager->query->order != NULL && pager->emitted == 0 &&
		fc_stream_lost_order(pager->stream))
	{
		begin_sort(pager);
		return next_sorted_item(pager, item);
	}
	pager->emitted++;
	return true;
}

/*
 * Read all items and sort them, where the route does not.
 */
static void
begin_sort(FcPager *pager)
{
	MemoryContext oldcontext;
	FcSort	   *sort;
	FcJsonNode	item;

	oldcontext = MemoryContextSwitchTo(pager->stream->ask_context);
	sort = fc_sort_begin(pager->query->descending);
	while (next_item(pager, &item))
	{
		pager->emitted++;
		fc_sort_add(sort, fc_page_item_order(pager->query->order, item), item);
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

	MemoryContextReset(pager->stream->page_context);
	oldcontext = MemoryContextSwitchTo(pager->stream->page_context);
	found = fc_sort_next(pager->sort, item);
	MemoryContextSwitchTo(oldcontext);
	return found;
}

/*
 * The next item in the order in which items come.
 */
static bool
next_item(FcPager *pager, FcJsonNode *item)
{
	if (pager->details != NULL &&
		!fc_details_next(pager->details, pager->stream->page_context, item,
						 &pager->request))
	{
		if (!fc_details_are_useless(pager->details))
			return false;
		do_without_details(pager);
	}
	if (pager->details != NULL)
		pager->bindings = NIL;
	else if (!fc_found_next(&pager->found, pager->stream, item,
							&pager->request))
	{
		if (!fc_stream_next(pager->stream, item))
			return false;
		pager->request = pager->stream->walk->path;
		pager->bindings = pager->stream->walk->bindings;
	}
	if (pager->stream->use->stale_ms > 0)
		fc_share_warn(pager->stream->use);
	if (!pager->stream->takes_stale)
	{
		pager->has_given = true;
		pager->stream->may_fall_back = false;
	}
	return true;
}

/*
 * Read the rest of the query's pages into their entries, without moving.
 */
static void
drain_pager(FcPager *pager)
{
	if (pager->sort != NULL)
		return;					/* it has everything */
	if (pager->details != NULL)
	{
		fc_details_read_all(pager->details);
		if (!fc_details_are_useless(pager->details))
			return;
		do_without_details(pager);
	}
	if (pager->stream->taken == 0)
		read_ahead(pager);
	else
		fc_stream_read_rest(pager->stream);
}

/*
 * Nothing has come from a walk yet, so that it may still turn out which route
 * answers, and whether in order: read everything as a reader would, and go
 * back, also after an error.
 */
static void
read_ahead(FcPager *pager)
{
	int			next_found = pager->found.next;
	int64		emitted = pager->emitted;
	ResourceOwner owner = CurrentResourceOwner;

	/* what a sort writes must outlive the statement that reads ahead */
	CurrentResourceOwner = TopTransactionResourceOwner;
	pager->stream->is_ahead = true;
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
		pager->found.next = list_length(pager->found.items);
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
	fc_stream_go_back(pager->stream);
	if (pager->details != NULL)
		fc_details_rewind(pager->details);
	pager->stream->is_ahead = false;
	pager->found.next = next_found;
	pager->emitted = emitted;
}
