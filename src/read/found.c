/*
 * found.c
 *		Items that are looked up in a complete list.
 *
 * A list that was read completely answers any narrower question, if its items
 * hold what is needed.
 */
#include "postgres.h"

#include "read/found.h"
#include "read/needs.h"
#include "utils/memutils.h"

static bool lacks_more(const FcQuery *query, FcComplete *whole, int route);
static void report_lacking(const FcStream *stream, FcComplete *whole,
						   const List *items);

/*
 * fc_found_list
 *		A complete list that holds all that the API would send for the stream's
 *		query: the transaction has read it, or else another session.
 *
 * NULL if there is none.  A list that lacks a column will do if the best route
 * is known to lack it, too.
 */
FcComplete *
fc_found_list(const FcStream *stream)
{
	const FcQuery *query = stream->routing.query;
	const FcRouteFacts *facts = &stream->routing.facts;
	uint64		columns = fc_query_needed_columns(query);
	FcRouteChoice choice = fc_route_choose(query, facts);
	bool		is_own;
	FcComplete *whole;

	if (choice.route != NULL)
		columns &= ~facts->lacks[choice.number];
	whole = fc_complete_find(stream->scope, query->resource, columns);
	is_own = (whole != NULL);
	if (whole == NULL && fc_stream_shares(stream))
	{
		FcShareReader reader = fc_stream_reader(stream);

		whole = fc_share_take_list(&reader, query->resource, columns);
	}
	if (whole != NULL && choice.route != NULL &&
		lacks_more(query, whole, choice.number))
		return NULL;
	if (is_own)
		stream->use->counts.cache_hits++;
	return whole;
}

/*
 * fc_found_look_up
 *		Find the keys' items in a complete list; what it does not hold is
 *		missing.
 *
 * Allocates in the current context, which must live until fc_found_forget.
 */
void
fc_found_look_up(FcFound *found, const FcStream *stream, FcComplete *whole,
				 const FcColumn *column, const FcKeys *keys, FcKeys *missing)
{
	found->items = fc_complete_look_up(whole, column, keys, missing);
	found->whole = whole;
	fc_complete_pin(whole);
	if (found->items != NIL)
		report_lacking(stream, whole, found->items);
}

/*
 * fc_found_next
 *		The next item, and the path of the request that brought it; false
 *		after the last.
 *
 * It lives in the stream's page_context, until that is reset.
 */
bool
fc_found_next(FcFound *found, const FcStream *stream, FcJsonNode *item,
			  const char **request)
{
	const FcCompleteItem *next;
	MemoryContext oldcontext;

	if (found->next >= list_length(found->items))
		return false;

	next = list_nth(found->items, found->next++);
	MemoryContextReset(stream->page_context);
	oldcontext = MemoryContextSwitchTo(stream->page_context);
	*item = fc_complete_read(found->whole, next);
	MemoryContextSwitchTo(oldcontext);
	*request = fc_complete_request(found->whole, next);
	return true;
}

/*
 * fc_found_forget
 *		Let go of the list.
 */
void
fc_found_forget(FcFound *found)
{
	if (found->whole != NULL)
		fc_complete_release(found->whole);
	memset(found, 0, sizeof(FcFound));
}

/*
 * Does a complete list lack a path of the user's own that the route is not
 * known to lack?
 */
static bool
lacks_more(const FcQuery *query, FcComplete *whole, int route)
{
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->is_own_path &&
			(need->lacked_by & (UINT64CONST(1) << route)) == 0 &&
			fc_presence_is_lacking(fc_complete_presence(whole, need->path)))
			return true;
	}
	return false;
}

/*
 * Report what the items found in a complete list lack.
 */
static void
report_lacking(const FcStream *stream, FcComplete *whole, const List *items)
{
	const FcQuery *query = stream->routing.query;
	uint64		lacking;
	ListCell   *cell;

	foreach(cell, query->needs)
	{
		FcNeed	   *need = lfirst(cell);

		if (need->is_own_path)
			need->presence = *fc_complete_presence(whole, need->path);
	}
	if (!query->is_silent &&
		fc_needs_lacking(query, fc_complete_present(whole), &lacking))
		fc_needs_report(query, fc_complete_present(whole),
						fc_complete_request(whole, linitial(items)),
						stream->table_name, stream->use->relid,
						fc_routing_other_way(&stream->routing));
}
