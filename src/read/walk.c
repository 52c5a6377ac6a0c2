/*
 * walk.c
 *		One list, or one object, of the API, page by page.
 *
 * The API promises little about its lists, so a walk trusts what it sees.  A
 * list that can be sorted by id, was asked to be, and is, goes on by since_id
 * after its first page, so that nothing slips between pages while others
 * write.  Any other is walked by page number, and items that came before are
 * dropped.  Whether it has ended is told by ending.c.
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
static bool can_ask_for_less(const FcWalk *walk);
static bool ask_for_less(FcWalk *walk);
static bool asks_the_same(const FcWalk *walk, int without, int other);
static void learn_refusal(FcWalk *walk, const FcWalkContext *context);
static void learn_flags(const FcWalk *walk, const FcWalkContext *context,
						uint64 flags);
static Step take_page(FcWalk *walk, const FcWalkContext *context,
					  const FcAnswer *answer);
static bool look_at_page(FcWalk *walk, const FcWalkContext *context,
						 const FcAnswer *answer, FcPage *page);
static void note_present(FcWalk *walk, FcJsonNode items);
static bool was_asked_for(const FcWalk *walk, const FcColumn *column);
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
 *		Begin to ask a query of a route; nothing is sent yet.
 *
 * id or parents fill the route's path.  The walk lives as long as its entry,
 * which the caller pins.
 */
FcWalk *
fc_walk_create(const char *key, uint64 tag, const FcQuery *query,
			   const FcRoute *route, const int64 *id, const int64 *parents,
			   int nparents, const FcLearned *learned)
{
	FcCacheEntry *entry = fc_cache_create(key, tag);
	MemoryContext oldcontext = MemoryContextSwitchTo(entry->context);
	FcWalk	   *walk = palloc0(sizeof(FcWalk));

	entry->state = walk;
	walk->entry = entry;
	walk->resource = query->resource;
	walk->route = route;
	walk->route_number = route - query->resource->routes;

	walk->id = id ? *id : 0;
	walk->nparents = nparents;
	for (int without = 0; without < lengthof(walk->paths); without++)
	{
		/* most often nothing is asked for that the server might refuse */
		if ((without & FC_WITHOUT_FILTERS) &&
			!fc_query_asks_filters(query, route))
			walk->paths[without] =
				walk->paths[without & ~FC_WITHOUT_FILTERS];
		else
			walk->paths[without] = fc_query_path(query, route, id, parents,
												 nparents, without, true);
	}
	walk->path = walk->paths[0];
	walk->is_item = (route->flags & FC_ITEM) != 0;
	if (learned->flags & FC_LEARNED_REFUSES(walk->route_number))
		walk->without |= FC_WITHOUT_FILTERS;
	if (learned->flags & FC_LEARNED_NO_INCLUDES(walk->route_number))
		walk->without |= FC_WITHOUT_INCLUDES;
	walk->refused = walk->without;
	walk->full_size = (route->flags & FC_LOOKUP) ? 1 : query->page_size;
	walk->next_page = 1;
	walk->next_size = fc_query_first_size(query, route);

	walk->has_since = query->has_since && (route->flags & FC_SINCE);
	walk->first_since = query->since;
	walk->is_unfiltered = id == NULL && nparents == 0 &&
		query->filters == NIL && !query->has_since;
	walk->memory = fc_page_memory(query->resource, parents, nparents);
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
