/*
 * walk.c
 *		One list, or one object, of the API, page by page.
 *
 * The API promises little about its lists, so a walk trusts what it sees.
 * It begins with page 1.  Where the ids of that page rise, it goes on by
 * since_id, so that nothing slips between pages while others write; where
 * they do not, or since_id turns out to be ignored, it goes on by page
 * number and drops items that came before.  How a list ends is said in
 * page_is_last.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "read/walk.h"
#include "shared/stats.h"
#include "utils/memutils.h"

/* Pages of fewer items prove nothing about the order of a list. */
#define FC_PROVING_ITEMS	25

/*
 * A server that clamps or ignores the page size sends pages of 25, 50, 75,
 * 100, ...; a shorter page of such a length may not be the last one.
 */
#define FC_PAGE_MODULUS		25

/* An answer that may go away where less is asked for. */
#define IS_REFUSAL(verdict) \
	((verdict) == FC_VERDICT_REFUSED || (verdict) == FC_VERDICT_UNSURE)
#define TOLERATE_REFUSAL \
	(FC_TOLERATE(FC_VERDICT_REFUSED) | FC_TOLERATE(FC_VERDICT_UNSURE))

/* More pages than any account has; beyond it the server is going round. */
#define FC_MAX_PAGES		20000

/* A set of ids, 64 neighbours to an element. */
typedef struct SeenElement
{
	int64		chunk;			/* id / 64, rounded down */
	uint64		bits;
	char		status;
} SeenElement;

#define SH_PREFIX			seen
#define SH_ELEMENT_TYPE		SeenElement
#define SH_KEY_TYPE			int64
#define SH_KEY				chunk
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) ((key) ^ ((key) >> 32)))
#define SH_EQUAL(tb, a, b)	((a) == (b))
#define SH_SCOPE			static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* What a page turned out to hold. */
typedef struct PageContent
{
	int			items;
	int			fresh;			/* items that had not come before */
	bool		rises;			/* ids are above the last one, and rise */
	int64		last_id;
	Bitmapset  *repeated;
	bool		has_next;		/* pagination was told, ... */
	bool		next_is_null;	/* ... and that there is no more */
} PageContent;

static bool is_entry(const FcCacheEntry *entry, void *arg);
static const char *split_place(const char *path, char *place);
static char *next_request(const FcWalk *walk);
static FcWalkResult interpret_end(const FcWalk *walk, FcVerdict verdict,
								  bool tolerates_refusal);
static uint32 tolerated_verdicts(const FcWalk *walk, bool tolerates_refusal,
								 bool tolerates_no_route);
static bool can_ask_for_less(const FcWalk *walk);
static bool ask_for_less(FcWalk *walk);
static bool asks_the_same(const FcWalk *walk, int without, int other);
static void learn_refusal(FcWalk *walk, FcApi *api);
static void examine_page(FcWalk *walk, FcJson *document,
						 PageContent *content);
static void examine_item(FcWalk *walk, FcJsonNode item,
						 PageContent *content);
static void note_present(FcWalk *walk, FcJsonNode item);
static bool was_asked_for(const FcWalk *walk, const FcColumn *column);
static bool item_holds(const FcColumn *column, FcJsonNode item);
static bool is_fresh(FcWalk *walk, int64 id);
static bool since_was_ignored(FcWalk *walk, FcApi *api,
							  const PageContent *content);
static void go_by_page_number(FcWalk *walk, FcApi *api);
static bool page_is_last(const FcWalk *walk, const PageContent *content,
						 int asked);
static void accept_page(FcWalk *walk, const FcWalkContext *context,
						const FcAnswer *answer, const PageContent *content);
static void plan_next_page(FcWalk *walk, const PageContent *content,
						   int asked);
static void complete(FcWalk *walk, FcApi *api);
static void read_pagination(FcJson *document, PageContent *content);
static FcJsonNode find_container(FcJson *document);
static void refuse_answer(const FcWalk *walk, const char *detail);

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
	if (((FcWalk *) entry->state)->is_broken)
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
			   int nparents, uint64 learned)
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
	if (learned & FC_LEARNED_REFUSES(walk->route_number))
		walk->without |= FC_WITHOUT_FILTERS;
	if (learned & FC_LEARNED_NO_INCLUDES(walk->route_number))
		walk->without |= FC_WITHOUT_INCLUDES;
	walk->refused = walk->without;
	walk->full_size = query->page_size;
	walk->next_page = 1;
	walk->next_size = fc_query_first_size(query, route);

	walk->has_since = query->has_since && (route->flags & FC_SINCE);
	walk->first_since = query->since;
	walk->is_unfiltered = id == NULL && nparents == 0 &&
		query->filters == NIL && !query->has_since;
	walk->may_go_by_id = (route->flags & FC_SINCE) &&
		(query->order == NULL ||
		 ((query->order->flags & FC_KEY) && !query->descending)) &&
		(learned & FC_LEARNED_NO_SINCE(walk->route_number)) == 0;

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
	FcExchange	call = {.method = "GET"};

	*document = NULL;
	if (walk->is_broken)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("could not read on in resource \"%s\" where an error came between",
						walk->resource->name),
				 errhint("Run the query again."),
				 errcontext("FrontCore request GET %s", walk->path)));
	while (!walk->is_complete)
	{
		int			asked = walk->next_size;
		FcAnswer   *answer;
		PageContent content = {0};

		if (walk->npages >= FC_MAX_PAGES)
			refuse_answer(walk, "The list does not end.");

		call.path = next_request(walk);
		call.kind = walk->is_item || (walk->route->flags & FC_PART) ?
			FC_PATH_PART :
			(walk->route->flags & FC_BATCH) ? FC_PATH_BATCH : FC_PATH_LIST;
		call.tolerates = tolerated_verdicts(walk, tolerates_refusal,
											tolerates_no_route);
		answer = fc_exchange(context->api, context->use, &call);

		if (IS_REFUSAL(answer->verdict) && walk->npages == 0 &&
			ask_for_less(walk))
			continue;
		if (answer->verdict != FC_VERDICT_OK && walk->by_id &&
			!walk->since_is_proven)
		{
			/* it may be since_id that is not to its liking */
			go_by_page_number(walk, context->api);
			continue;
		}
		if (answer->verdict != FC_VERDICT_OK)
		{
			FcWalkResult result = interpret_end(walk, answer->verdict,
												tolerates_refusal);

			if (result != FC_WALK_END)
				walk->without = walk->refused;
			if (result == FC_WALK_END)
			{
				walk->is_absent = (walk->npages == 0);
				complete(walk, context->api);
			}
			return result;
		}
		if (walk->without != walk->refused)
			learn_refusal(walk, context->api);

		walk->is_broken = true;
		examine_page(walk, answer->document, &content);
		if (since_was_ignored(walk, context->api, &content))
		{
			walk->is_broken = false;
			continue;
		}
		accept_page(walk, context, answer, &content);
		walk->is_broken = false;
		if (walk->is_item || (walk->route->flags & FC_LOOKUP) ||
			page_is_last(walk, &content, asked))
			complete(walk, context->api);
		else
			plan_next_page(walk, &content, asked);
		*document = answer->document;
		return FC_WALK_PAGE;
	}
	return FC_WALK_END;
}

/*
 * fc_walk_read
 *		Parse a page that the walk has stored, in the current context.
 */
FcJson *
fc_walk_read(FcWalk *walk, int page)
{
	Size		length;
	char	   *text = fc_cache_read(walk->entry, page - walk->first_stored,
									 &length);
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
	items = find_container(document);
	if (fc_json_kind(items) != FC_JSON_ARRAY)
		refuse_answer(walk, "The answer is no list of a known form.");
	return items;
}

/*
 * fc_walk_item_key
 *		The item's value of the resource's column that has the flag.
 *
 * False if it has none that is a whole number.
 */
bool
fc_walk_item_key(const FcResource *resource, int flag, FcJsonNode item,
				 int64 *key)
{
	const FcColumn *column = fc_catalog_flagged(resource, flag);
	const char *path = column->path ? column->path : column->name;

	while (*path != '\0')
	{
		char		place[NAMEDATALEN];

		path = split_place(path, place);
		if (fc_json_int64(fc_json_path(item, place), key))
			return true;
	}
	return false;
}

/*
 * fc_walk_item_order
 *		The item's value of an order_by column, as an integer of that order.
 *
 * A column is an id or a date; no value is above all, as in PostgreSQL.
 */
int64
fc_walk_item_order(const FcColumn *order, FcJsonNode item)
{
	const char *path = order->path ? order->path : order->name;
	FcJsonNode	node = {0};
	int			year;
	int			month;
	int			day;
	int64		number;

	while (*path != '\0' && fc_json_kind(node) == FC_JSON_ABSENT)
	{
		char		place[NAMEDATALEN];

		path = split_place(path, place);
		node = fc_json_path(item, place);
	}

	if (fc_json_int64(node, &number))
		return number;
	if (fc_json_kind(node) == FC_JSON_STRING &&
		sscanf(fc_json_string(node), "%4d-%2d-%2d", &year, &month, &day) == 3)
		return (int64) year * 10000 + month * 100 + day;
	return PG_INT64_MAX;
}

/*
 * Copy the first of a path's alternatives, "a|b"; the others follow.
 */
static const char *
split_place(const char *path, char *place)
{
	Size		length = strcspn(path, "|");

	strlcpy(place, path, Min(length + 1, NAMEDATALEN));
	return path + length + (path[length] == '|');
}

/*
 * The path of the next request, with paging.
 */
static char *
next_request(const FcWalk *walk)
{
	StringInfoData path;

	initStringInfo(&path);
	appendStringInfoString(&path, walk->paths[walk->without]);
	if (walk->is_item)
		return path.data;

	appendStringInfo(&path, "%climit=%d", strchr(path.data, '?') ? '&' : '?',
					 walk->next_size);
	if (walk->by_id)
		appendStringInfo(&path, "&since_id=" INT64_FORMAT, walk->last_id);
	else
	{
		appendStringInfo(&path, "&page=%d", walk->next_page);
		if (walk->has_since && !(walk->without & FC_WITHOUT_FILTERS))
			appendStringInfo(&path, "&since_id=" INT64_FORMAT,
							 walk->first_since);
	}
	return path.data;
}

/*
 * What no answer, or a refusal, means at this point of the walk.
 */
static FcWalkResult
interpret_end(const FcWalk *walk, FcVerdict verdict, bool tolerates_refusal)
{
	if (walk->npages > 0 || verdict == FC_VERDICT_ABSENT)
		return FC_WALK_END;
	if (verdict == FC_VERDICT_REFUSED ||
		(verdict == FC_VERDICT_UNSURE && tolerates_refusal))
		return FC_WALK_REFUSED;
	return FC_WALK_NO_ROUTE;
}

/*
 * Which verdicts need not be errors.
 *
 * Right after a full page, "there is no such page" is how some lists end;
 * unless that page said that there is one.
 */
static uint32
tolerated_verdicts(const FcWalk *walk, bool tolerates_refusal,
				   bool tolerates_no_route)
{
	uint32		result = FC_TOLERATE(FC_VERDICT_ABSENT);

	if (walk->by_id && !walk->since_is_proven)
		return result | TOLERATE_REFUSAL |
			FC_TOLERATE(FC_VERDICT_NO_ROUTE) |
			FC_TOLERATE(FC_VERDICT_NO_PATH);
	if (walk->npages > 0)
		return walk->next_is_promised ? 0 :
			result | TOLERATE_REFUSAL | FC_TOLERATE(FC_VERDICT_NO_ROUTE);

	if (tolerates_refusal || can_ask_for_less(walk))
		result |= TOLERATE_REFUSAL;
	if (tolerates_no_route)
		result |= FC_TOLERATE(FC_VERDICT_NO_ROUTE) |
			FC_TOLERATE(FC_VERDICT_NO_PATH) |
			FC_TOLERATE(FC_VERDICT_UNSURE);
	return result;
}

/*
 * Is there anything that the request could do without?
 */
static bool
can_ask_for_less(const FcWalk *walk)
{
	FcWalk		trial = *walk;

	return ask_for_less(&trial);
}

/*
 * After a refusal, ask again: without filters and order, or without relations,
 * or without both, where that was not asked yet.  False if there is nothing
 * left to try.
 */
static bool
ask_for_less(FcWalk *walk)
{
	for (int less = walk->without + 1; less < lengthof(walk->paths); less++)
	{
		bool		is_new = (less & walk->refused) == walk->refused;

		for (int asked = walk->refused; asked < less; asked++)
			is_new = is_new && !asks_the_same(walk, asked, less);
		if (is_new)
		{
			walk->without = less;
			return true;
		}
	}
	return false;
}

static bool
asks_the_same(const FcWalk *walk, int without, int other)
{
	bool		same_since = !walk->has_since ||
	(without & FC_WITHOUT_FILTERS) == (other & FC_WITHOUT_FILTERS);

	return same_since && strcmp(walk->paths[without],
								walk->paths[other]) == 0;
}

/*
 * Remember what the account's route has refused.
 */
static void
learn_refusal(FcWalk *walk, FcApi *api)
{
	int			refused = walk->without & ~walk->refused;
	uint64		flags = 0;

	if (refused & FC_WITHOUT_FILTERS)
		flags |= FC_LEARNED_REFUSES(walk->route_number);
	if (refused & FC_WITHOUT_INCLUDES)
		flags |= FC_LEARNED_NO_INCLUDES(walk->route_number);
	fc_stats_learn_flags(api->account.digest, walk->resource->name, flags, 0);
	walk->refused = walk->without;
}

/*
 * Look through a page: which of its items are new, whether ids rise.
 */
static void
examine_page(FcWalk *walk, FcJson *document, PageContent *content)
{
	FcJsonNode	items = fc_walk_items(walk, document);
	FcJsonIterator iterator;
	FcJsonNode	item;

	content->rises = true;
	content->last_id = walk->last_id;

	if (fc_json_kind(items) == FC_JSON_NULL)
		return;
	if (fc_json_kind(items) == FC_JSON_OBJECT)
	{
		examine_item(walk, items, content);
		return;
	}
	read_pagination(document, content);
	iterator = fc_json_iterate(items);
	while (fc_json_next(&iterator, &item, NULL))
	{
		if (fc_json_kind(item) != FC_JSON_OBJECT)
			refuse_answer(walk, "An item of the list is no object.");
		examine_item(walk, item, content);
	}
}

static void
examine_item(FcWalk *walk, FcJsonNode item, PageContent *content)
{
	bool		is_first = (walk->npages == 0 && content->items == 0);
	int64		id;

	if (!fc_walk_item_key(walk->resource, FC_KEY, item, &id))
	{
		/* beyond a bigint, perhaps: its text will do to tell it apart */
		const FcColumn *key = fc_catalog_flagged(walk->resource, FC_KEY);
		char	   *place = pnstrdup(key->path, strcspn(key->path, "|"));
		FcJsonNode	node = fc_json_path(item, place);
		const char *source;
		Size		length;

		if (fc_json_kind(node) == FC_JSON_ABSENT)
			refuse_answer(walk, "An item of the list has no id.");
		source = fc_json_source(node, &length);
		id = (int64) hash_bytes_extended((const unsigned char *) source,
										 length, 0);
		content->rises = false;
	}

	/* since_id may turn out to mean "from that id on" */
	if (!is_first && id <= content->last_id &&
		!(walk->by_id && content->items == 0 && id == walk->last_id))
		content->rises = false;
	content->last_id = id;
	if (is_fresh(walk, id))
		content->fresh++;
	else
		content->repeated = bms_add_member(content->repeated,
										   content->items);
	content->items++;
	if (walk->npages == 0)
		note_present(walk, item);
}

/*
 * Note which of the catalog's columns the item holds a key for.
 */
static void
note_present(FcWalk *walk, FcJsonNode item)
{
	const FcColumn *columns = walk->resource->columns;

	for (int i = 0; columns[i].name != NULL; i++)
	{
		if ((walk->present & (UINT64CONST(1) << i)) == 0 &&
			was_asked_for(walk, &columns[i]) && item_holds(&columns[i], item))
			walk->present |= UINT64CONST(1) << i;
	}
}

/*
 * Some items hold a relation though nobody asked for it; that says nothing of
 * the others: reference section 6.1.
 */
static bool
was_asked_for(const FcWalk *walk, const FcColumn *column)
{
	const char *value;

	if (column->include == NULL)
		return true;
	if (walk->without & FC_WITHOUT_INCLUDES)
		return false;
	value = strstr(walk->path, column->include);
	while (value != NULL && value[-1] != '=')
		value = strstr(value + 1, column->include);
	return value != NULL;
}

/*
 * Does the item hold a key for the column, whatever its value?
 */
static bool
item_holds(const FcColumn *column, FcJsonNode item)
{
	const char *paths[] = {column->path ? column->path : column->name,
	column->number_path};

	for (int i = 0; i < lengthof(paths); i++)
	{
		const char *path = paths[i];

		if (path != NULL && *path == '\0')
			return true;		/* the whole item */
		while (path != NULL && *path != '\0')
		{
			char		member[NAMEDATALEN];
			Size		length = strcspn(path, ".|");

			strlcpy(member, path, Min(length + 1, sizeof(member)));
			if (fc_json_kind(fc_json_member(item, member)) != FC_JSON_ABSENT)
				return true;
			path += length + strcspn(path + length, "|");
			path += (*path == '|');
		}
	}
	return false;
}

/*
 * Is this item new?  Remembers it.
 *
 * A walk by since_id needs no memory: what rises was not there before.
 */
static bool
is_fresh(FcWalk *walk, int64 id)
{
	int64		chunk = id >> 6;
	uint64		bit = UINT64CONST(1) << (id & 63);
	SeenElement *element;
	bool		found;

	if (walk->by_id)
		return id != walk->last_id;

	if (walk->seen == NULL)
		walk->seen = seen_create(walk->entry->context, 64, NULL);
	element = seen_insert(walk->seen, chunk, &found);
	if (!found)
		element->bits = 0;
	if (element->bits & bit)
		return false;
	element->bits |= bit;
	return true;
}

/*
 * Was since_id ignored, or its answer not in the order of ids?  Then go back
 * to page numbers; what this page holds will come again.
 */
static bool
since_was_ignored(FcWalk *walk, FcApi *api, const PageContent *content)
{
	if (!walk->by_id)
		return false;
	if (content->rises)
	{
		walk->since_is_proven = true;
		walk->seen = NULL;		/* its memory goes with the entry */
		return false;
	}
	if (walk->since_is_proven)
		refuse_answer(walk, "The list is no longer in the order of ids.");

	go_by_page_number(walk, api);
	return true;
}

/*
 * The account's route does not take since_id as a way to page: remember that,
 * and go on behind the first page.
 */
static void
go_by_page_number(FcWalk *walk, FcApi *api)
{
	fc_stats_learn_flags(api->account.digest, walk->resource->name,
						 FC_LEARNED_NO_SINCE(walk->route_number), 0);
	walk->by_id = false;
	walk->may_go_by_id = false;
	walk->rereads = (walk->first_size != walk->full_size);
	walk->next_page = walk->rereads ? 1 : 2;
}

/*
 * Is this the list's last page?
 */
static bool
page_is_last(const FcWalk *walk, const PageContent *content, int asked)
{
	if (content->items == 0)
		return true;
	if (content->fresh == 0 && !walk->rereads)
		return true;			/* the server ignores the page number */
	if (content->has_next)
		return content->next_is_null;
	return content->items < asked && content->items % FC_PAGE_MODULUS != 0;
}

/*
 * Count a page in, and store it if its reader may come back.
 */
static void
accept_page(FcWalk *walk, const FcWalkContext *context,
			const FcAnswer *answer, const PageContent *content)
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
}

/*
 * Decide what to ask for after a page that is not the last one.
 *
 * Page n of one size is not page n of another: where the first page was a
 * small one, the list is begun again.
 */
static void
plan_next_page(FcWalk *walk, const PageContent *content, int asked)
{
	walk->next_is_promised = content->has_next && !content->next_is_null;
	walk->rereads = false;
	walk->last_id = content->last_id;
	if (walk->npages == 1)
	{
		walk->first_size = asked;
		walk->by_id = walk->may_go_by_id &&
			!(walk->without & FC_WITHOUT_FILTERS) &&
			content->rises && content->items >= FC_PROVING_ITEMS;
	}

	walk->next_size = walk->full_size;
	if (walk->by_id)
		return;
	walk->rereads = (asked != walk->full_size);
	walk->next_page = walk->rereads ? 1 : walk->next_page + 1;
}

/*
 * Note that the walk has all there is.
 */
static void
complete(FcWalk *walk, FcApi *api)
{
	walk->is_complete = true;
	walk->seen = NULL;
	if ((walk->is_unfiltered || (walk->without & FC_WITHOUT_FILTERS)) &&
		strchr(walk->route->path, '{') == NULL)
		fc_stats_learn_rows(api->account.digest, walk->resource->name,
							walk->rows);
}

/*
 * What the answer says of a next page: reference section 5.6.
 */
static void
read_pagination(FcJson *document, PageContent *content)
{
	FcJsonNode	next = fc_json_path(fc_json_root(document),
									"pagination.next_page");

	content->has_next = fc_json_kind(next) != FC_JSON_ABSENT;
	content->next_is_null = fc_json_kind(next) == FC_JSON_NULL;
}

/*
 * The array of a list: bare, or in an envelope.
 */
static FcJsonNode
find_container(FcJson *document)
{
	static const char *const names[] = {"items", "data"};
	FcJsonNode	root = fc_json_root(document);
	FcJsonNode	found = {.document = document};

	if (fc_json_kind(root) != FC_JSON_OBJECT)
		return root;
	for (int i = 0; i < lengthof(names) && found.node == NULL; i++)
		found = fc_json_member(root, names[i]);
	return found;
}

/*
 * Refuse an answer that is not what the API promises.
 */
static void
refuse_answer(const FcWalk *walk, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
			 errmsg("could not understand the answer for resource \"%s\"",
					walk->resource->name),
			 errdetail("%s", detail),
			 errcontext("FrontCore request GET %s", next_request(walk))));
}
