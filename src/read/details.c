/*
 * details.c
 *		Rows that a list names and another route describes.
 *
 * Each parent is asked for once: its rows are kept until the list comes to
 * them.  Their texts are kept as the cache keeps pages, in memory and then in
 * a file.  Where the list and the details differ, as somebody writes
 * meanwhile, the details are right.
 */
#include "postgres.h"

#include "base/cache.h"
#include "read/details.h"
#include "read/page.h"
#include "read/sort.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* A row that the list has named. */
typedef struct ListedRow
{
	int64		id;
	int64		parent;
	bool		has_parent;
	bool		is_asked;		/* by its id */
} ListedRow;

/* The details of a row. */
typedef struct HeldDetails
{
	int64		id;				/* must be first */
	int			page;			/* number of its text */
} HeldDetails;

struct FcDetails
{
	const FcQuery *query;
	FcDetailsSource source;
	int			batch_size;		/* parents that the route takes at once */
	bool		is_ordered;		/* the reader relies on the list's order */
	const FcColumn *parent;		/* the column that details are asked by */
	MemoryContext context;		/* of everything here */
	MemoryContext query_context;	/* of the query for details */

	/* the list, as far as it has been read */
	FcQuery		list;			/* what it is asked for */
	ListedRow  *rows;
	int64		capacity;		/* of rows */
	int64		count;			/* of rows */
	int64		position;		/* of the next row to give */
	FcOrder		order;			/* of the rows given */
	bool		has_all_rows;

	/* the details */
	HTAB	   *asked;			/* parents */
	HTAB	   *held;			/* HeldDetails by id */
	FcCacheEntry *texts;		/* pinned */
	const char *request;		/* that brought the last details, its path */
	bool		is_proven;		/* details have come */
	bool		is_useless;		/* they hold no more than the list */
};

static HTAB *create_table(FcDetails *details, const char *name, Size size);
static bool next_row(FcDetails *details, FcJsonNode *item);
static bool is_held(const FcDetails *details, int64 id);
static void read_rows(FcDetails *details);
static void add_row(FcDetails *details, FcJsonNode item);
static void fetch(FcDetails *details);
static int	collect_parents(FcDetails *details, int64 *parents);
static bool is_asked(const FcDetails *details, const ListedRow *row);
static void ask_by_parents(FcDetails *details, const int64 *parents,
						   int count);
static void ask_by_id(FcDetails *details, ListedRow *row);
static FcQuery *create_query(FcDetails *details);
static void bind_keys(FcDetails *details, FcQuery *query, FcKeys *keys,
					  const int64 *values, int count);
static void hold_answer(FcDetails *details, const FcQuery *query);
static bool read_held(FcDetails *details, int64 id, FcJsonNode *item);

/*
 * fc_details_begin
 *		Ask for the rows that answer a query, by the list and the route that
 *		were chosen for it.
 *
 * Lives in the current context, until fc_details_end; the query and what the
 * source points to must live as long.
 */
FcDetails *
fc_details_begin(const FcRouting *routing, FcDetailsSource source)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw details",
												  ALLOCSET_DEFAULT_SIZES);
	FcDetails  *details = MemoryContextAllocZero(context, sizeof(FcDetails));
	const FcQuery *query = routing->query;

	details->query = query;
	details->source = source;
	details->parent = fc_catalog_flagged(query->resource, FC_PARENT);
	details->batch_size = (routing->choice.route->flags & FC_BATCH) ?
		routing->batch_size : 1;
	details->is_ordered = query->order != NULL && routing->choice.is_ordered;
	details->context = context;
	details->query_context = AllocSetContextCreate(context,
												   "frontcore_fdw query",
												   ALLOCSET_SMALL_SIZES);
	details->asked = create_table(details, "frontcore_fdw parents",
								  sizeof(int64));
	details->held = create_table(details, "frontcore_fdw details",
								 sizeof(HeldDetails));
	details->texts = fc_cache_create(NULL);
	fc_cache_pin(details->texts);

	details->list = *query;
	details->list.is_list = true;
	details->list.is_silent = true;
	details->list.repetitions = 0;
	source.ask_list(source.arg, &details->list);
	return details;
}

static HTAB *
create_table(FcDetails *details, const char *name, Size size)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(int64);
	control.entrysize = size;
	control.hcxt = details->context;
	return hash_create(name, 256, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * fc_details_next
 *		The next row in the list's order, and the path of the last request;
 *		false after the last one, and where the details are useless.
 *
 * It lives in the context, which is reset.  Throws if the details break an
 * order that the reader relies on, as they may be newer than the list.
 */
bool
fc_details_next(FcDetails *details, MemoryContext context, FcJsonNode *item,
				const char **request)
{
	MemoryContext oldcontext;
	bool		found;

	MemoryContextReset(context);
	oldcontext = MemoryContextSwitchTo(context);
	found = next_row(details, item);
	*request = details->request;
	if (found && details->is_ordered)
		fc_sort_check_item(&details->order, details->query, *item,
						   details->request);
	MemoryContextSwitchTo(oldcontext);
	return found;
}

static bool
next_row(FcDetails *details, FcJsonNode *item)
{
	for (;;)
	{
		ListedRow  *row;

		if (details->position == details->count)
		{
			if (details->has_all_rows)
				return false;
			read_rows(details);
			continue;
		}
		row = &details->rows[details->position];
		if (!is_asked(details, row))
			fetch(details);
		if (details->is_useless)
			return false;
		row = &details->rows[details->position++];

		/* not among its parent's, though the list has it: it may have moved */
		if (!row->is_asked && !is_held(details, row->id))
			ask_by_id(details, row);
		if (read_held(details, row->id, item))
			return true;

		/* else it is gone */
	}
}

/*
 * Are there details of the row?
 */
static bool
is_held(const FcDetails *details, int64 id)
{
	return hash_search(details->held, &id, HASH_FIND, NULL) != NULL;
}

/*
 * fc_details_read_all
 *		Ask for all that would be asked for later, without moving.
 */
void
fc_details_read_all(FcDetails *details)
{
	int64		position = details->position;

	while (!details->has_all_rows)
		read_rows(details);
	for (; details->position < details->count && !details->is_useless;
		 details->position++)
	{
		ListedRow  *row = &details->rows[details->position];

		if (!is_asked(details, row))
			fetch(details);
		row = &details->rows[details->position];
		if (!row->is_asked && !is_held(details, row->id))
			ask_by_id(details, row);
	}
	details->position = position;
}

/*
 * fc_details_are_useless
 *		Have the first details shown that the list alone will do?
 */
bool
fc_details_are_useless(const FcDetails *details)
{
	return details->is_useless;
}

/*
 * fc_details_rewind
 *		Begin with the first row again; nothing is asked for twice.
 */
void
fc_details_rewind(FcDetails *details)
{
	details->position = 0;
	memset(&details->order, 0, sizeof(FcOrder));
}

/*
 * fc_details_end
 *		Let go of everything.
 */
void
fc_details_end(FcDetails *details)
{
	fc_cache_release(details->texts);
	MemoryContextDelete(details->context);
}

/*
 * Read on in the list, by about a page.
 */
static void
read_rows(FcDetails *details)
{
	const FcQuery *query = details->query;
	int			wanted = details->count == 0 && query->first_page_size > 0 ?
	query->first_page_size : query->page_size;
	FcJsonNode	item;

	while (wanted-- > 0)
	{
		if (!details->source.next_row(details->source.arg, &item))
		{
			details->has_all_rows = true;
			return;
		}
		add_row(details, item);
	}
}

static void
add_row(FcDetails *details, FcJsonNode item)
{
	const FcQuery *query = details->query;
	ListedRow  *row;

	if (details->count == details->capacity)
	{
		details->capacity = Max(details->capacity * 2, 256);
		details->rows = details->rows == NULL ?
			MemoryContextAlloc(details->context,
							   details->capacity * sizeof(ListedRow)) :
			repalloc_huge(details->rows,
						  details->capacity * sizeof(ListedRow));
	}
	row = &details->rows[details->count];
	memset(row, 0, sizeof(ListedRow));
	if (!fc_page_item_key(query->resource, FC_KEY, item, &row->id) ||
		(query->has_since && row->id <= query->since) ||
		(query->has_until && row->id > query->until))
		return;					/* a list may give more than was asked for */
	row->has_parent = fc_page_item_key(query->resource, FC_PARENT, item,
									   &row->parent);
	details->count++;
}

/*
 * Ask for the details of the next row, and of those that come after it as far
 * as one request can.
 *
 * One row, too, is asked for by its parent, though its id would do: that route
 * may hold other columns, and what a row shows must not depend on how many
 * rows there are.
 */
static void
fetch(FcDetails *details)
{
	int64	   *parents = palloc(details->batch_size * sizeof(int64));
	int			count = collect_parents(details, parents);
	ListedRow  *next;

	/* but for the first rows, do not ask for few parents at a time */
	while (count < details->batch_size && details->position > 0 &&
		   !details->has_all_rows)
	{
		read_rows(details);
		count = collect_parents(details, parents);
	}
	next = &details->rows[details->position];
	if (next->has_parent)
		ask_by_parents(details, parents, count);
	else
		ask_by_id(details, next);
	pfree(parents);
}

/*
 * The parents, of the rows to come, that have not been asked for, as many as
 * one request takes.  Returns how many they are.
 */
static int
collect_parents(FcDetails *details, int64 *parents)
{
	HTAB	   *met = create_table(details, "frontcore_fdw batch",
								   sizeof(int64));
	int			count = 0;

	for (int64 i = details->position;
		 i < details->count && count < details->batch_size; i++)
	{
		const ListedRow *row = &details->rows[i];
		bool		found;

		if (!row->has_parent || is_asked(details, row))
			continue;
		(void) hash_search(met, &row->parent, HASH_ENTER, &found);
		if (!found)
			parents[count++] = row->parent;
	}
	hash_destroy(met);
	return count;
}

/*
 * Have the row's details been asked for?
 */
static bool
is_asked(const FcDetails *details, const ListedRow *row)
{
	bool		found = row->is_asked;

	if (!found && row->has_parent)
		(void) hash_search(details->asked, &row->parent, HASH_FIND, &found);
	return found;
}

/*
 * Ask for the rows of the parents that meet the query's filters.
 */
static void
ask_by_parents(FcDetails *details, const int64 *parents, int count)
{
	FcQuery    *query = create_query(details);

	for (int i = 0; i < count; i++)
		(void) hash_search(details->asked, &parents[i], HASH_ENTER, NULL);
	bind_keys(details, query, &query->parents, parents, count);
	hold_answer(details, query);
}

/*
 * Ask for one row.
 */
static void
ask_by_id(FcDetails *details, ListedRow *row)
{
	FcQuery    *query = create_query(details);

	row->is_asked = true;
	query->filters = NIL;
	query->has_since = query->has_until = false;
	bind_keys(details, query, &query->ids, &row->id, 1);
	if (row->has_parent)
		bind_keys(details, query, &query->parents, &row->parent, 1);
	hold_answer(details, query);
}

/*
 * A query for details, but for its keys.
 */
static FcQuery *
create_query(FcDetails *details)
{
	MemoryContext oldcontext;
	FcQuery    *query;

	MemoryContextReset(details->query_context);
	oldcontext = MemoryContextSwitchTo(details->query_context);
	query = palloc(sizeof(FcQuery));
	*query = *details->query;
	query->order = NULL;
	query->wants_few = false;
	query->first_page_size = 0;
	query->repetitions = 0;
	MemoryContextSwitchTo(oldcontext);
	return query;
}

/*
 * Bind the query to keys, which are copied.
 */
static void
bind_keys(FcDetails *details, FcQuery *query, FcKeys *keys,
		  const int64 *values, int count)
{
	int64	   *copy = MemoryContextAlloc(details->query_context,
										  count * sizeof(int64));

	memcpy(copy, values, count * sizeof(int64));
	query->by = details->parent;
	fc_query_bind_keys(query, keys, copy, count);
}

/*
 * Keep all rows of the answer; a row that comes again replaces what there was.
 *
 * The first one shows what the route holds.  If it lacks what the list lacks,
 * too, no further page is asked for.
 */
static void
hold_answer(FcDetails *details, const FcQuery *query)
{
	const FcDetailsSource *source = &details->source;
	const char *request;
	FcJsonNode	item;
	bool		is_first = true;

	source->ask(source->arg, query);
	while (source->next(source->arg, &item, &request))
	{
		HeldDetails *held;
		const char *text;
		Size		length;
		int64		id;

		details->is_useless = !details->is_proven &&
			!source->help(source->arg);
		details->is_proven = true;
		if (details->is_useless)
			return;

		/* its walk may go before the rows are given */
		if (is_first)
			details->request = MemoryContextStrdup(details->context, request);
		is_first = false;
		if (!fc_page_item_key(query->resource, FC_KEY, item, &id))
			continue;
		text = fc_json_source(item, &length);
		fc_cache_append(details->texts, text, length);
		held = hash_search(details->held, &id, HASH_ENTER, NULL);
		held->page = details->texts->pages - 1;
	}
}

/*
 * The details of a row, parsed in the current context; false if there are
 * none.
 */
static bool
read_held(FcDetails *details, int64 id, FcJsonNode *item)
{
	const HeldDetails *held = hash_search(details->held, &id, HASH_FIND, NULL);
	FcJson	   *document;
	Size		length;
	char	   *text;

	if (held == NULL)
		return false;
	text = fc_cache_read(details->texts, held->page, &length);
	document = fc_json_parse(text, length);
	if (document == NULL)
		elog(ERROR, "details of a row are not JSON");
	*item = fc_json_root(document);
	return true;
}
