/*
 * walk.c
 *		One list, or one object, of the API, page by page.
 *
 * The API promises little about its lists, so a walk trusts what it sees.  A
 * list that can be sorted by id, was asked to be, and is, goes on by since_id
 * after its first page, so that nothing slips between pages while others
 * write.  Any other list is walked by page number, and items that came before
 * are dropped.  ending.c tells whether a list has ended.
 */
#include "postgres.h"

#include "read/ending.h"
#include "read/walk.h"
#include "shared/stats.h"
#include "utils/memutils.h"

/* Pages of fewer items prove nothing about the order of a list. */
#define FC_PROVING_ITEMS	25

/* An answer that may go away where less is asked for. */
#define IS_REFUSAL(verdict) \
	((verdict) == FC_VERDICT_REFUSED || (verdict) == FC_VERDICT_UNSURE)
#define TOLERATE_REFUSAL \
	(FC_TOLERATE(FC_VERDICT_REFUSED) | FC_TOLERATE(FC_VERDICT_UNSURE))

/* More pages than any account has; beyond it the server is going round. */
#define FC_MAX_PAGES		20000

/* What an answer was good for. */
typedef enum Step
{
	STEP_PAGE,					/* it is the next page */
	STEP_ON,					/* go on as the walk's state says */
	STEP_NO_ROUTE,				/* it is FC_WALK_NO_ROUTE */
	STEP_REFUSED				/* it is FC_WALK_REFUSED */
} Step;

int64		fc_walk_numbered_pages = 0;

static void note_request(void *arg);
static bool is_entry(const FcCacheEntry *entry, void *arg);
static bool may_go_by_id(const FcWalk *walk, const FcQuery *query,
						 const FcLearned *learned);
static FcAnswer *ask(FcWalk *walk, const FcWalkContext *context,
					 uint32 tolerates);
static char *next_request(const FcWalk *walk);
static uint32 tolerated_verdicts(const FcWalk *walk, bool tolerates_refusal,
								 bool tolerates_no_route);
static Step take_refusal(FcWalk *walk, const FcWalkContext *context,
						 FcVerdict verdict, bool tolerates_refusal);
static int	less_to_ask(const FcWalk *walk);
static bool may_be_too_large(const FcWalk *walk);
static void learn_refusal(FcWalk *walk, const FcWalkContext *context);
static void learn_flags(const FcWalk *walk, const FcWalkContext *context,
						uint64 flags);
static Step take_page(FcWalk *walk, const FcWalkContext *context,
					  const FcAnswer *answer);
static bool look_at_page(FcWalk *walk, const FcWalkContext *context,
						 const FcAnswer *answer, FcPage *page);
static void go_by_page_number(FcWalk *walk, const FcWalkContext *context);
static void learn_from_page(const FcWalk *walk, const FcWalkContext *context,
							const FcPage *page);
static void accept_page(FcWalk *walk, const FcWalkContext *context,
						const FcAnswer *answer, const FcPage *page);
static FcEnding decide_ending(const FcWalk *walk, const FcLearned *learned);
static void plan_next_page(FcWalk *walk, const FcPage *page);
static Step take_test(FcWalk *walk, const FcWalkContext *context,
					  const FcAnswer *answer);
static void complete(FcWalk *walk, const FcWalkContext *context,
					 FcWalkState state);
static void refuse_answer(const FcWalk *walk, const char *detail);
static void refuse(const FcWalk *walk, const char *request,
				   const char *detail);

/*
 * fc_walk_find
 *		The walk of that key, if the cache has it.
 */
FcWalk *
fc_walk_find(const char *key)
{
	FcCacheEntry *entry = fc_cache_find(key);

	if (entry == NULL)
		return NULL;
	if (((FcWalk *) entry->state)->state == FC_WALK_BROKEN)
	{
		/* what it remembers is not what it has */
		fc_cache_drop(is_entry, entry);
		return NULL;
	}
	return entry->state;
}

static bool
is_entry(const FcCacheEntry *entry, void *arg)
{
	return entry == arg;
}

/*
 * fc_walk_create
 *		Begin to ask a query by one step of a route; nothing is sent yet.
 *
 * The walk lives as long as its entry, which the caller pins.
 */
FcWalk *
fc_walk_create(const char *key, const FcQuery *query, const FcStep *step,
			   const FcLearned *learned)
{
	const FcRoute *route = step->route;
	FcCacheEntry *entry = fc_cache_create(key);
	MemoryContext oldcontext = MemoryContextSwitchTo(entry->context);
	FcWalk	   *walk = palloc0(sizeof(FcWalk));

	entry->state = walk;
	walk->entry = entry;
	walk->resource = query->resource;
	walk->route = route;
	walk->route_number = route - query->resource->routes;

	walk->id = step->id ? *step->id : 0;
	walk->nparents = step->nparents;
	walk->bindings = fc_query_copy_bindings(query->bindings);
	fc_variant_paths(walk->paths, query, step);
	walk->path = walk->paths[0];
	walk->is_item = (route->flags & FC_ITEM) != 0;
	if (learned->flags & FC_LEARNED_REFUSES(walk->route_number))
		walk->without |= FC_WITHOUT_FILTERS;
	if (learned->flags & FC_LEARNED_NO_INCLUDES(walk->route_number))
		walk->without |= FC_WITHOUT_INCLUDES;
	walk->refused = walk->without;
	walk->full_size = (route->flags & FC_LOOKUP) ? 1 : query->page_size;
	walk->next_page = 1;
	walk->next_size = fc_request_first_size(query, route);

	walk->has_since = query->has_since && (route->flags & FC_SINCE);
	walk->first_since = query->since;
	walk->is_unfiltered = step->id == NULL && step->nparents == 0 &&
		query->filters == NIL && !query->has_since;
	walk->memory = fc_page_memory(query->resource, step->parents,
								  step->nparents);
	walk->state = may_go_by_id(walk, query, learned) ? FC_WALK_BEGINS :
		FC_WALK_BY_NUMBER;

	MemoryContextSwitchTo(oldcontext);
	return walk;
}

/*
 * fc_walk_fetch
 *		Ask for the walk's next page.
 *
 * The document is allocated in the current context.  The caller says which
 * refusals it has an answer to; other failures are errors.  After
 * FC_WALK_NO_ROUTE and FC_WALK_REFUSED the walk is as it was.
 */
FcWalkResult
fc_walk_fetch(FcWalk *walk, const FcWalkContext *context,
			  bool tolerates_refusal, bool tolerates_no_route,
			  FcJson **document)
{
	*document = NULL;
	if (walk->state == FC_WALK_BROKEN)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not read on in resource \"%s\" where an error came between",
						walk->resource->name),
				 errhint("Run the query again."),
				 fc_error_context("GET", walk->path)));
	while (!fc_walk_is_complete(walk))
	{
		FcAnswer   *answer;
		Step		step;

		answer = ask(walk, context,
					 tolerated_verdicts(walk, tolerates_refusal,
										tolerates_no_route));
		if (answer->is_outage &&
			!(tolerates_refusal && may_be_too_large(walk)))
			return FC_WALK_OUTAGE;
		if (answer->verdict != FC_VERDICT_OK)
			step = take_refusal(walk, context, answer->verdict,
								tolerates_refusal);
		else if (walk->state == FC_WALK_DOUBTS_NUMBER)
			step = take_test(walk, context, answer);
		else
			step = take_page(walk, context, answer);

		if (step == STEP_NO_ROUTE)
			return FC_WALK_NO_ROUTE;
		if (step == STEP_REFUSED)
			return FC_WALK_REFUSED;
		if (step == STEP_PAGE)
		{
			*document = answer->document;
			return FC_WALK_PAGE;
		}
	}
	return FC_WALK_END;
}

/*
 * A request is about to be sent.  Called by libcurl: must not throw.
 */
static void
note_request(void *arg)
{
	FcWalk	   *walk = arg;

	if (walk->npages == 0)
		fc_generation_mark(&walk->mark);
	walk->sent_at = fc_generation_clock();
}

/*
 * fc_walk_text
 *		A page that the walk has stored, as it was received.
 *
 * It lives as fc_cache_read says; of a walk that another session has asked
 * for, until the transaction ends.
 */
const char *
fc_walk_text(FcWalk *walk, int page, Size *length)
{
	if (walk->texts == NULL)
		return fc_cache_read(walk->entry, page - walk->first_stored, length);
	*length = walk->texts[page].length;
	return walk->texts[page].text;
}

/*
 * fc_walk_read
 *		Parse a page that the walk has stored, in the current context.
 */
FcJson *
fc_walk_read(FcWalk *walk, int page)
{
	Size		length;
	const char *text = fc_walk_text(walk, page, &length);
	FcJson	   *document = fc_json_parse(text, length);

	if (document == NULL)
		elog(ERROR, "stored page is not JSON");
	return document;
}

/*
 * fc_walk_items
 *		What holds the items of a page: an array, or the one object itself.
 */
FcJsonNode
fc_walk_items(const FcWalk *walk, FcJson *document)
{
	FcJsonNode	root = fc_json_root(document);
	FcJsonNode	items;

	if (walk->is_item && fc_json_kind(root) != FC_JSON_ARRAY)
	{
		if (fc_json_kind(root) != FC_JSON_OBJECT &&
			fc_json_kind(root) != FC_JSON_NULL)
			refuse_answer(walk, "The answer is no object.");
		return root;
	}
	items = fc_page_container(document);
	if (fc_json_kind(items) != FC_JSON_ARRAY)
		refuse_answer(walk, "The answer is no list of a known form.");
	return items;
}

/*
 * fc_walk_is_complete
 *		Has all that there is come?
 */
bool
fc_walk_is_complete(const FcWalk *walk)
{
	return walk->state == FC_WALK_COMPLETE || walk->state == FC_WALK_ABSENT;
}

/*
 * fc_walk_goes_by_id
 *		Does each further page begin behind the last id?
 */
bool
fc_walk_goes_by_id(const FcWalk *walk)
{
	return walk->state == FC_WALK_TRIES_ID || walk->state == FC_WALK_BY_ID;
}

/*
 * May the list be walked by since_id, if its first page is sorted by id?
 *
 * It has to be asked for that order: one that comes by itself proves nothing,
 * since a list of active courses first also rises for a while.  A batch whose
 * limit may count the rows of each parent has no one last id.
 */
static bool
may_go_by_id(const FcWalk *walk, const FcQuery *query,
			 const FcLearned *learned)
{
	int			flags = walk->route->flags;

	if ((flags & FC_SINCE) == 0 || (flags & FC_SORTED) == 0 ||
		!query->push_order || (walk->without & FC_WITHOUT_FILTERS) ||
		(learned->flags & FC_LEARNED_NO_SINCE(walk->route_number)))
		return false;
	if (walk->nparents > 1 && (learned->flags & FC_LEARNED_WHOLE_LIMIT) == 0)
		return false;
	return query->order == NULL ||
		((query->order->flags & FC_KEY) && !query->descending);
}

/*
 * Send the walk's next request.
 */
static FcAnswer *
ask(FcWalk *walk, const FcWalkContext *context, uint32 tolerates)
{
	FcExchange	call = {.method = "GET"};
	FcAnswer   *answer;

	if (walk->npages >= FC_MAX_PAGES)
		refuse_answer(walk, "The list does not end.");

	if (walk->next_page > 1 && !fc_walk_goes_by_id(walk))
		fc_walk_numbered_pages++;
	call.path = next_request(walk);
	call.kind = walk->is_item || (walk->route->flags & FC_PART) ?
		FC_PATH_PART :
		(walk->route->flags & FC_BATCH) ? FC_PATH_BATCH : FC_PATH_LIST;
	call.tolerates = tolerates;
	call.tolerates_outage = context->tolerates_outage;
	call.is_fresh = context->is_fresh;
	call.started = note_request;
	call.arg = walk;
	answer = fc_exchange(context->api, context->use, &call);
	walk->age = Max(walk->age, answer->age);
	return answer;
}

/*
 * The path of the next request, with paging.
 */
static char *
next_request(const FcWalk *walk)
{
	bool		is_test = walk->state == FC_WALK_DOUBTS_NUMBER;
	bool		by_id = fc_walk_goes_by_id(walk);
	int			size = walk->next_size;
	int			page = walk->next_page;
	StringInfoData path;

	initStringInfo(&path);
	appendStringInfoString(&path, walk->paths[walk->without]);
	if (walk->is_item)
		return path.data;
	if (walk->route->flags & FC_UNPAGED)
	{
		/* it has no pages, unless its answer says so */
		if (page > 1)
			appendStringInfo(&path, "%cpage=%d",
							 strchr(path.data, '?') ? '&' : '?', page);
		return path.data;
	}

	if (is_test)
	{
		size = fc_ending_test_size(walk->next_size);
		page = size == 1 ? 2 : 1;
	}
	appendStringInfo(&path, "%climit=%d", strchr(path.data, '?') ? '&' : '?',
					 size);
	if (!by_id || page > 1)
		appendStringInfo(&path, "&page=%d", page);
	if (by_id)
		appendStringInfo(&path, "&since_id=" INT64_FORMAT,
						 walk->memory->last_id);
	else if (walk->has_since && !(walk->without & FC_WITHOUT_FILTERS))
		appendStringInfo(&path, "&since_id=" INT64_FORMAT,
						 walk->first_since);
	return path.data;
}

/*
 * Which verdicts need not be errors.
 *
 * Where a next page may be, "there is no such page" is how some lists end, if
 * it comes again; unless a page has said that there is one.
 */
static uint32
tolerated_verdicts(const FcWalk *walk, bool tolerates_refusal,
				   bool tolerates_no_route)
{
	uint32		result = FC_TOLERATE(FC_VERDICT_ABSENT);

	if (walk->state == FC_WALK_DOUBTS_NUMBER)
		return 0;
	if (tolerates_refusal && may_be_too_large(walk))
		return ~FC_TOLERATE(FC_VERDICT_THROTTLED);
	if (walk->state == FC_WALK_TRIES_ID)
		return result | TOLERATE_REFUSAL |
			FC_TOLERATE(FC_VERDICT_NO_ROUTE) |
			FC_TOLERATE(FC_VERDICT_NO_PATH);
	if (walk->npages > 0 &&
		(walk->memory->last.next == FC_NEXT_PROMISED ||
		 (walk->state == FC_WALK_BY_NUMBER && walk->next_page == 1)))
		return 0;
	if (walk->npages > 0 && walk->doubted != FC_VERDICT_OK)
		return FC_TOLERATE(walk->doubted);
	if (walk->npages > 0)
		return result | TOLERATE_REFUSAL | FC_TOLERATE(FC_VERDICT_NO_ROUTE);

	if (tolerates_refusal || less_to_ask(walk) != FC_NOTHING_LESS)
		result |= TOLERATE_REFUSAL;
	if (tolerates_no_route)
		result |= FC_TOLERATE(FC_VERDICT_NO_ROUTE) |
			FC_TOLERATE(FC_VERDICT_NO_PATH) |
			FC_TOLERATE(FC_VERDICT_UNSURE);
	return result;
}

/*
 * What a refusal, or no answer, means at this point of the walk.
 *
 * Where a next page may be it is the end if it comes twice: an error that
 * passes is none.
 */
static Step
take_refusal(FcWalk *walk, const FcWalkContext *context, FcVerdict verdict,
			 bool tolerates_refusal)
{
	int			less = less_to_ask(walk);

	if (tolerates_refusal && may_be_too_large(walk))
		return STEP_REFUSED;
	if (IS_REFUSAL(verdict) && walk->npages == 0 && less != FC_NOTHING_LESS)
	{
		walk->without = less;
		return STEP_ON;
	}
	if (walk->state == FC_WALK_TRIES_ID)
	{
		/* it may be since_id that is not to its liking */
		go_by_page_number(walk, context);
		return STEP_ON;
	}
	if (walk->npages > 0)
	{
		if (walk->doubted == verdict)
			complete(walk, context, FC_WALK_COMPLETE);
		walk->doubted = verdict;
		return STEP_ON;
	}
	if (verdict == FC_VERDICT_ABSENT)
	{
		complete(walk, context, FC_WALK_ABSENT);
		return STEP_ON;
	}

	walk->without = walk->refused;
	if (verdict == FC_VERDICT_REFUSED ||
		(verdict == FC_VERDICT_UNSURE && tolerates_refusal))
		return STEP_REFUSED;
	return STEP_NO_ROUTE;
}

/*
 * What to do without, after a refusal; FC_NOTHING_LESS if nothing is left to
 * try.
 */
static int
less_to_ask(const FcWalk *walk)
{
	return fc_variant_less(walk->paths, walk->without, walk->refused,
						   walk->has_since);
}

/*
 * Is the next request one for so many parents that whatever fails may be for
 * their number?  Servers and proxies refuse long URLs in many ways.
 */
static bool
may_be_too_large(const FcWalk *walk)
{
	return walk->npages == 0 && walk->nparents > FC_BATCH_KEYS;
}

/*
 * Remember what the account's route has refused.
 */
static void
learn_refusal(FcWalk *walk, const FcWalkContext *context)
{
	int			refused = walk->without & ~walk->refused;
	uint64		flags = 0;

	if (refused & FC_WITHOUT_FILTERS)
		flags |= FC_LEARNED_REFUSES(walk->route_number);
	if (refused & FC_WITHOUT_INCLUDES)
		flags |= FC_LEARNED_NO_INCLUDES(walk->route_number);
	learn_flags(walk, context, flags);
	walk->refused = walk->without;
}

/*
 * Remember something of the account's lists, for the reader and for others.
 */
static void
learn_flags(const FcWalk *walk, const FcWalkContext *context, uint64 flags)
{
	context->learned->flags |= flags;
	fc_stats_learn_flags(context->api->account.digest, walk->resource->name,
						 flags, 0);
}

/*
 * Take the answer for the next page, and decide what follows it.
 */
static Step
take_page(FcWalk *walk, const FcWalkContext *context, const FcAnswer *answer)
{
	FcPage		page;

	if (walk->without != walk->refused)
		learn_refusal(walk, context);
	walk->doubted = FC_VERDICT_OK;
	if (!look_at_page(walk, context, answer, &page))
		return STEP_ON;

	learn_from_page(walk, context, &page);
	switch (decide_ending(walk, context->learned))
	{
		case FC_ENDING_TEST:
			walk->state = FC_WALK_DOUBTS_NUMBER;
			break;
		case FC_ENDING_PROVEN:
			complete(walk, context, FC_WALK_COMPLETE);
			break;
		default:
			plan_next_page(walk, &page);
			break;
	}
	return STEP_PAGE;
}

/*
 * See what the page holds, and count it in.
 *
 * False if it does not count, as since_id was ignored, or its answer is not in
 * the order of ids: what it holds comes again by page number.  An error leaves
 * the walk broken, since it remembers what is not to be had from it.
 */
static bool
look_at_page(FcWalk *walk, const FcWalkContext *context,
			 const FcAnswer *answer, FcPage *page)
{
	FcWalkState state = walk->state;
	char	   *request = next_request(walk);
	FcJsonNode	items = fc_walk_items(walk, answer->document);
	const char *fault;

	walk->state = FC_WALK_BROKEN;
	fc_page_examine(walk->memory, answer->document, items,
					state == FC_WALK_TRIES_ID || state == FC_WALK_BY_ID,
					page);
	if (page->fault != NULL)
		refuse(walk, request, page->fault);
	if (page->items > walk->next_size)
		page->length = fc_page_distinct(walk->memory, items);
	if (state == FC_WALK_BY_ID && !page->rises)
		refuse(walk, request, "The list is no longer in the order of ids.");
	if (state == FC_WALK_TRIES_ID && !page->rises)
	{
		go_by_page_number(walk, context);
		return false;
	}
	if (walk->rows == 0)
		fc_page_note_present(walk->resource, items,
							 walk->without & FC_WITHOUT_INCLUDES ? NULL :
							 walk->path, &walk->present);
	accept_page(walk, context, answer, page);
	fc_page_remember(walk->memory, page);
	fault = fc_ending_stalls(walk->memory);
	if (fault != NULL)
		refuse(walk, request, fault);
	walk->state = state == FC_WALK_TRIES_ID ? FC_WALK_BY_ID : state;
	return true;
}

/*
 * The account's route does not take since_id as a way to page: remember that,
 * and go on behind the first page.
 */
static void
go_by_page_number(FcWalk *walk, const FcWalkContext *context)
{
	learn_flags(walk, context, FC_LEARNED_NO_SINCE(walk->route_number));
	walk->state = FC_WALK_BY_NUMBER;
	walk->next_page = walk->first_size == walk->full_size ? 2 : 1;
}

/*
 * Remember what the page says of the account's route: how long its pages may
 * be, and what limit counts in a batch.
 */
static void
learn_from_page(const FcWalk *walk, const FcWalkContext *context,
				const FcPage *page)
{
	FcLearned  *learned = context->learned;
	int			number = walk->route_number;

	if (walk->is_item)
		return;
	if (page->length > learned->longest[number] ||
		page->of_one_parent > learned->longest_of_one)
	{
		learned->longest[number] = Max(learned->longest[number], page->length);
		learned->longest_of_one = Max(learned->longest_of_one,
									  page->of_one_parent);
		fc_stats_learn_longest(context->api->account.digest,
							   walk->resource->name, number,
							   page->length, page->of_one_parent);
	}
	if (page->is_mixed && (learned->flags & FC_LEARNED_WHOLE_LIMIT) == 0)
		learn_flags(walk, context, FC_LEARNED_WHOLE_LIMIT);
}

/*
 * Count a page in, and store it if its reader may come back.
 */
static void
accept_page(FcWalk *walk, const FcWalkContext *context,
			const FcAnswer *answer, const FcPage *content)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(walk->entry->context);
	FcWalkPage *page;

	if (walk->npages == walk->max_pages)
	{
		walk->max_pages = Max(walk->max_pages * 2, 4);
		walk->pages = walk->pages == NULL ?
			palloc(walk->max_pages * sizeof(FcWalkPage)) :
			repalloc(walk->pages, walk->max_pages * sizeof(FcWalkPage));
	}
	page = &walk->pages[walk->npages];
	page->items = content->items;
	page->length = answer->length;
	page->repeated = bms_copy(content->repeated);
	MemoryContextSwitchTo(oldcontext);

	if (context->stores)
	{
		if (walk->entry->pages == 0)
			walk->first_stored = walk->npages;
		fc_cache_append(walk->entry, answer->text, answer->length);
	}
	walk->npages++;
	walk->rows += content->fresh;
	walk->answered = walk->memory->answered;
}

/*
 * What follows the page that came last?
 */
static FcEnding
decide_ending(const FcWalk *walk, const FcLearned *learned)
{
	FcEndingFacts facts = {
		.asked = walk->next_size,
		.by_id = fc_walk_goes_by_id(walk),
		.is_single = walk->is_item ||
		(walk->route->flags & FC_LOOKUP) ||
		((walk->route->flags & FC_UNPAGED) &&
		 walk->memory->last.next != FC_NEXT_PROMISED),
		.counts_whole = (learned->flags & FC_LEARNED_WHOLE_LIMIT) != 0,
		.longest = learned->longest[walk->route_number],
		.longest_of_one = learned->longest_of_one
	};

	return fc_ending_decide(walk->memory, &facts);
}

/*
 * Decide what to ask for after a page that is not the last one.
 *
 * Page n of one size is not page n of another: where the first page was a
 * small one, the list is begun again.  Not where that page was short, as then
 * most often nothing follows.
 */
static void
plan_next_page(FcWalk *walk, const FcPage *page)
{
	int			asked = walk->next_size;
	bool		is_first = (walk->npages == 1);

	if (is_first)
		walk->first_size = asked;
	if (walk->state == FC_WALK_BEGINS)
		walk->state = !(walk->without & FC_WITHOUT_FILTERS) &&
			page->rises && page->items >= FC_PROVING_ITEMS ?
			FC_WALK_TRIES_ID : FC_WALK_BY_NUMBER;
	if (fc_walk_goes_by_id(walk))
	{
		walk->next_size = walk->full_size;
		walk->next_page = page->items > 0 ? 1 : walk->next_page + 1;
	}
	else if (asked == walk->full_size ||
			 (is_first && page->length < asked &&
			  page->next != FC_NEXT_PROMISED))
		walk->next_page++;
	else
	{
		walk->next_size = walk->full_size;
		walk->next_page = 1;
		fc_page_new_size(walk->memory);
	}
}

/*
 * See what the test of page numbers has shown.
 */
static Step
take_test(FcWalk *walk, const FcWalkContext *context, const FcAnswer *answer)
{
	FcPage		test;

	fc_page_look(walk->memory, fc_walk_items(walk, answer->document), &test);
	if (test.fault != NULL)
		refuse_answer(walk, test.fault);

	switch (fc_ending_judge(walk->memory, walk->next_size, &test))
	{
		case FC_ENDING_UNPROVEN:
			refuse_answer(walk, "The same page comes for every page number.");
			break;
		case FC_ENDING_PAGE:
			walk->state = FC_WALK_BY_NUMBER;
			walk->memory->same = 0;
			walk->next_page++;
			break;
		default:
			complete(walk, context, FC_WALK_COMPLETE);
			break;
	}
	return STEP_ON;
}

/*
 * Note that the walk has all there is.
 */
static void
complete(FcWalk *walk, const FcWalkContext *context, FcWalkState state)
{
	walk->state = state;
	if ((walk->is_unfiltered || (walk->without & FC_WITHOUT_FILTERS)) &&
		(walk->route->flags & (FC_HALF | FC_OTHER_HALF)) == 0 &&
		strchr(walk->route->path, '{') == NULL)
		fc_stats_learn_rows(context->api->account.digest,
							walk->resource->name, walk->rows);
}

/*
 * Refuse the answer to the walk's next request: it is not what the API
 * promises.
 */
static void
refuse_answer(const FcWalk *walk, const char *detail)
{
	refuse(walk, next_request(walk), detail);
}

static void
refuse(const FcWalk *walk, const char *request, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
			 errmsg("could not understand the answer for resource \"%s\"",
					walk->resource->name),
			 errdetail("%s", detail),
			 fc_error_context("GET", request)));
}
