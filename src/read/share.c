/*
 * share.c
 *		Walks and complete lists that sessions give each other.
 *
 * What is kept of a walk is its pages, as they were received, and the walk
 * itself: the struct as it stands, since only sessions with the same library
 * read it (the scope of answers depends on the version).  What points into
 * this backend's memory is set anew by who takes it.
 *
 * A walk that was taken becomes an entry of the transaction's cache, with its
 * texts where they are, in shared memory.  So the transaction stays with it.
 * Its key begins with a word of its own, so that only scans that accept
 * answers of other sessions find it: not those that are about to write.
 * Where the API cannot be asked and an answer's time is up, the key holds the
 * time when the statement began, so that no other statement finds it.
 *
 * A complete list is kept as the indexes of its items, by id, by parent and by
 * links, together with the serials of the walks' answers that they are of.
 */
#include "postgres.h"

#include "base/wait.h"
#include "read/share.h"
#include "shared/flight.h"
#include "utils/memutils.h"

/* What is kept of a page; the words of its Bitmapset follow all pages. */
typedef struct StoredPage
{
	FcWalkPage	page;			/* without its Bitmapset */
	int			words;			/* of that, 0 if there is none */
} StoredPage;

/* Of which scan the last warning was, so that each statement has one. */
static EState *warned = NULL;

static bool wait_for(const FcShareReader *reader, uint64 flight);
static char *scope_of(const FcShareReader *reader, bool is_stale);
static bool is_stale(const FcShareReader *reader,
					 const FcSharedAnswer *answer);
static FcQuestion question_of(const FcShareReader *reader,
							  const FcResource *resource,
							  const char *request);
static FcWalk *find_taken(const FcShareReader *reader,
						  const FcResource *resource, const char *request);
static FcWalk *take_walk(const FcShareReader *reader,
						 const FcResource *resource, FcSharedAnswer *answer,
						 bool stale);
static void restore_pages(FcWalk *walk, const FcSharedAnswer *answer);
static FcWalk *take_part(const FcShareReader *reader,
						 const FcResource *resource,
						 const FcSharedAnswer *list, int number, bool stale);
static void count_taken(const FcShareReader *reader,
						const FcSharedAnswer *answer, bool stale);
static void forget_warning(void *arg);
static void keep_answer(const FcSharing *sharing, FcWalk *walk);
static FcMark mark_of(const FcWalk *walk);
static char *describe_walk(const FcWalk *walk, Size *length);
static FcAnswerText read_page(void *arg, int number);
static char *describe_list(const FcComplete *whole, Size *length);
static int	find_place(const FcSharing *sharing, const FcResource *resource,
					   uint64 present);
static FcAnswerText read_index(void *arg, int number);

/*
 * fc_share_own_scope
 *		The prefix of the keys of walks that this session itself asks.  Walks
 *		of one user mapping at one address have the same prefix, or walks of
 *		one scan.
 */
char *
fc_share_own_scope(const FcApi *api, bool of_scan)
{
	static uint64 scans = 0;

	if (of_scan)
		return psprintf("scan " UINT64_FORMAT " ", ++scans);
	return psprintf("mapping %u generation " UINT64_FORMAT " ",
					api->mappingid, api->generation);
}

/*
 * fc_share_scope
 *		The prefix of the keys of walks that were taken from other sessions for
 *		that scope.
 */
char *
fc_share_scope(const char *scope)
{
	return psprintf("shared %s", scope);
}

/*
 * fc_share_key
 *		The key of the walk for a request, in the transaction's cache.
 *
 * It names the resource: a list by path may have the same request.
 */
char *
fc_share_key(const char *scope, const FcResource *resource,
			 const char *request)
{
	return psprintf("%s%s %s", scope, resource->name, request);
}

/*
 * fc_share_take
 *		The walk for a request, if another session has asked it and its answer
 *		is fresh enough; else NULL.
 */
FcWalk *
fc_share_take(const FcShareReader *reader, const FcResource *resource,
			  const char *request)
{
	FcFreshness freshness = fc_sharing_freshness(reader->sharing,
												 reader->is_out);
	FcQuestion	question = question_of(reader, resource, request);
	FcWalk	   *walk = find_taken(reader, resource, request);
	FcSharedAnswer *answer;
	bool		stale;

	if (walk != NULL)
	{
		reader->use->counts.cache_hits++;
		return walk;
	}
	answer = fc_answers_find(&question, &freshness);
	if (answer == NULL)
		return NULL;
	stale = is_stale(reader, answer);
	if (stale && answer->rows == 0)
	{
		/* that there was nothing is no substitute for an error */
		fc_answers_release(answer);
		return NULL;
	}
	walk = take_walk(reader, resource, answer, stale);
	count_taken(reader, answer, stale);
	return walk;
}

/*
 * fc_share_await
 *		The same; and if another session is asking for it now, wait for that.
 *
 * NULL if we have to ask: then others may wait for *flight.
 */
FcWalk *
fc_share_await(const FcShareReader *reader, const FcResource *resource,
			   const char *request, uint64 *flight)
{
	const FcSharing *sharing = reader->sharing;
	FcQuestion	question = question_of(reader, resource, request);
	int			place = fc_sharing_place(&sharing->address, resource);
	int64		begun_after = sharing->accepted > 0 ? PG_INT64_MIN :
	sharing->began;
	bool		has_failed = false;
	FcWalk	   *walk;

	*flight = 0;
	while ((walk = fc_share_take(reader, resource, request)) == NULL)
	{
		if (!fc_flight_board(&question, place, begun_after, !has_failed,
							 flight))
		{
			/* it may have come before we began to ask */
			walk = fc_share_take(reader, resource, request);
			if (walk != NULL)
				fc_flight_end(*flight, FC_FLIGHT_ABANDONED);
			return walk;
		}
		has_failed = wait_for(reader, *flight);
	}
	return walk;
}

/*
 * fc_share_take_list
 *		A complete list of the resource whose items hold these columns, if
 *		there is one that is fresh enough; else NULL.
 */
FcComplete *
fc_share_take_list(const FcShareReader *reader, const FcResource *resource,
				   uint64 columns)
{
	FcSharedAnswer *answer;
	const FcSharedList *list;
	FcComplete *whole;
	FcWalk	  **walks;
	bool		stale;

	for (int i = 0; i <= reader->is_out; i++)
	{
		whole = fc_complete_find(scope_of(reader, i > 0), resource, columns);
		if (whole != NULL)
		{
			reader->use->counts.cache_hits++;
			return whole;
		}
	}
	answer = fc_sharing_find_list(reader->sharing, resource, columns,
								  reader->is_out);
	if (answer == NULL)
		return NULL;
	stale = is_stale(reader, answer);
	if (stale && answer->rows == 0)
		return NULL;

	list = (const FcSharedList *) answer->meta;
	walks = palloc(list->nparts * sizeof(FcWalk *));
	for (int i = 0; i < list->nparts; i++)
	{
		walks[i] = take_part(reader, resource, answer, i, stale);
		if (walks[i] == NULL)
			return NULL;
	}
	whole = fc_complete_register(scope_of(reader, stale), resource, walks,
								 list->nparts);
	for (int i = 0; i < answer->count; i++)
	{
		const FcAnswerText *index = &answer->texts[i];

		fc_complete_set_index(whole, fc_catalog_looked_up(resource, i),
							  (const FcCompleteItem *) index->text,
							  index->length / sizeof(FcCompleteItem));
	}
	count_taken(reader, answer, stale);
	return whole;
}

/*
 * fc_share_has_stale
 *		Is there an answer with rows that might serve if the API cannot be
 *		asked: to the request, or as a complete list?
 */
bool
fc_share_has_stale(const FcShareReader *reader, const FcResource *resource,
				   const char *request)
{
	FcFreshness freshness = fc_sharing_freshness(reader->sharing, true);
	FcQuestion	question = question_of(reader, resource, request);
	FcAnswerGlance glance;

	if (reader->sharing->stale == 0)
		return false;
	if (fc_answers_look(&question, &freshness, &glance) && glance.rows > 0)
		return true;
	for (int i = 0; i < FC_SHARED_LISTS; i++)
	{
		question.request = fc_sharing_list(resource, i);
		if (fc_answers_look(&question, &freshness, &glance) &&
			glance.rows > 0)
			return true;
	}
	return false;
}

/*
 * fc_share_offer
 *		A walk is about to be asked: others may have its answer, by that
 *		request, and wait for that flight.
 */
void
fc_share_offer(const FcSharing *sharing, FcWalk *walk, const char *request,
			   uint64 flight)
{
	walk->flight = flight;
	walk->request = MemoryContextStrdup(walk->entry->context, request);
	walk->mark.place = fc_sharing_place(&sharing->address, walk->resource);
}

/*
 * fc_share_keep
 *		Let others have a walk's answer, if it is complete and was offered, and
 *		wake those who wait for it.
 */
void
fc_share_keep(const FcSharing *sharing, FcWalk *walk)
{
	if (!fc_walk_is_complete(walk))
		return;
	keep_answer(sharing, walk);
	fc_flight_end(walk->flight, walk->serial != 0 ? FC_FLIGHT_KEPT :
				  fc_generation_holds(&walk->mark) ? FC_FLIGHT_FAILED :
				  FC_FLIGHT_ABANDONED);
}

/*
 * Keep a walk's answer, if there is room for it.
 */
static void
keep_answer(const FcSharing *sharing, FcWalk *walk)
{
	FcNewAnswer answer = {0};
	char	   *meta;

	if (walk->request == NULL || walk->serial != 0 ||
		walk->first_stored != 0 || walk->entry->pages != walk->npages)
		return;
	for (int i = 0; i < walk->npages; i++)
		answer.length += walk->pages[i].length;
	if (!fc_answers_has_room(answer.length))
		return;

	answer.question = fc_sharing_question(sharing, walk->resource,
										  walk->request);
	answer.mark = mark_of(walk);
	answer.sent_at = walk->sent_at - walk->age;
	answer.rows = walk->rows;
	answer.meta = meta = describe_walk(walk, &answer.meta_length);
	answer.base_url = sharing->base_url;
	answer.count = walk->npages;
	answer.read = read_page;
	answer.arg = walk;
	walk->serial = fc_answers_keep(&answer);
	pfree(meta);
}

/*
 * The mark of a walk's answer.  What caches before the API have given was
 * asked for when they got it, at the latest.
 */
static FcMark
mark_of(const FcWalk *walk)
{
	FcMark		mark = walk->mark;

	mark.asked_at -= walk->age;
	return mark;
}

/*
 * fc_share_keep_list
 *		Let others look up items in a complete list, if they have its walks.
 */
void
fc_share_keep_list(const FcSharing *sharing, FcComplete *whole,
				   const FcResource *resource)
{
	FcNewAnswer answer = {0};
	FcWalk	   *const *walks;
	int			nwalks = fc_complete_walks(whole, &walks);
	int			place;

	answer.sent_at = PG_INT64_MAX;
	for (int i = 0; i < nwalks; i++)
	{
		if (walks[i]->serial == 0)
			return;
		if (i == 0 || mark_of(walks[i]).asked_at < answer.mark.asked_at)
			answer.mark = mark_of(walks[i]);
		answer.sent_at = Min(answer.sent_at,
							 walks[i]->sent_at - walks[i]->age);
		answer.rows += walks[i]->rows;
	}
	place = find_place(sharing, resource, fc_complete_present(whole));
	answer.question = fc_sharing_question(sharing, resource,
										  fc_sharing_list(resource, place));
	answer.meta = describe_list(whole, &answer.meta_length);
	answer.is_index = true;
	answer.base_url = sharing->base_url;
	while (fc_catalog_looked_up(resource, answer.count) != NULL)
		answer.length += read_index(whole, answer.count++).length;
	answer.read = read_index;
	answer.arg = whole;
	(void) fc_answers_keep(&answer);
}

/*
 * Wait until a flight need not be waited for; has it failed?
 */
static bool
wait_for(const FcShareReader *reader, uint64 flight)
{
	const FcMeter *use = reader->use;
	bool		has_failed;
	double		wait_ms;

	while ((wait_ms = fc_flight_wait(flight, &has_failed)) > 0)
	{
		fc_stats_activity(reader->api->serverid, use->resource,
						  FC_ACTIVITY_QUEUED, use->counts.requests,
						  use->estimated, use->counts.rows_read);
		fc_wait(wait_ms, FC_WAIT_HTTP);
	}
	fc_stats_idle();
	return has_failed;
}

/*
 * The same for walks whose time may be up.
 */
static char *
scope_of(const FcShareReader *reader, bool is_stale)
{
	if (is_stale)
		return psprintf("stale " INT64_FORMAT " %s", reader->sharing->began,
						reader->scope);
	return fc_share_scope(reader->scope);
}

/*
 * Is the answer's time up, so that it only serves as the API is out?
 */
static bool
is_stale(const FcShareReader *reader, const FcSharedAnswer *answer)
{
	FcFreshness freshness = fc_sharing_freshness(reader->sharing, false);

	return reader->is_out && answer->sent_at < freshness.sent_after &&
		answer->asked_at < freshness.asked_after;
}

/*
 * A request as other sessions know it.
 */
static FcQuestion
question_of(const FcShareReader *reader, const FcResource *resource,
			const char *request)
{
	return fc_sharing_question(reader->sharing, resource, request);
}

/*
 * The walk, if the transaction has taken it before.
 */
static FcWalk *
find_taken(const FcShareReader *reader, const FcResource *resource,
		   const char *request)
{
	FcWalk	   *walk = NULL;

	for (int i = 0; i <= reader->is_out && walk == NULL; i++)
		walk = fc_walk_find(fc_share_key(scope_of(reader, i > 0), resource,
										 request));
	return walk;
}

/*
 * Make a walk of this transaction's of an answer.
 */
static FcWalk *
take_walk(const FcShareReader *reader, const FcResource *resource,
		  FcSharedAnswer *answer, bool stale)
{
	char	   *key = fc_share_key(scope_of(reader, stale), resource,
								   answer->request);
	FcCacheEntry *entry = fc_cache_create(key);
	MemoryContext oldcontext = MemoryContextSwitchTo(entry->context);
	FcWalk	   *walk = palloc(sizeof(FcWalk));
	FcWalkState state;

	memcpy(walk, answer->meta, sizeof(FcWalk));
	state = walk->state;
	walk->state = FC_WALK_BROKEN;	/* until it is whole */
	entry->state = walk;
	walk->entry = entry;
	walk->resource = resource;
	walk->route = &resource->routes[walk->route_number];
	walk->bindings = fc_query_copy_bindings(reader->bindings);
	walk->path = pstrdup(answer->request);
	for (int i = 0; i < lengthof(walk->paths); i++)
		walk->paths[i] = walk->path;
	walk->memory = NULL;
	walk->request = answer->request;
	walk->serial = answer->serial;
	walk->is_taken = true;
	walk->texts = answer->texts;
	restore_pages(walk, answer);
	walk->state = state;
	MemoryContextSwitchTo(oldcontext);
	return walk;
}

/*
 * What is known of the walk's pages, in the current context.
 */
static void
restore_pages(FcWalk *walk, const FcSharedAnswer *answer)
{
	const StoredPage *pages = (const StoredPage *)
	(answer->meta + MAXALIGN(sizeof(FcWalk)));
	const bitmapword *words = (const bitmapword *) (pages + walk->npages);

	walk->pages = palloc(Max(walk->npages, 1) * sizeof(FcWalkPage));
	walk->max_pages = Max(walk->npages, 1);
	for (int i = 0; i < walk->npages; i++)
	{
		Bitmapset  *repeated = NULL;

		if (pages[i].words > 0)
		{
			/* core takes no words as they are, so bit by bit */
			int			bits = pages[i].words * BITS_PER_BITMAPWORD;

			for (int bit = 0; bit < bits; bit++)
				if (words[bit / BITS_PER_BITMAPWORD] &
					((bitmapword) 1 << (bit % BITS_PER_BITMAPWORD)))
					repeated = bms_add_member(repeated, bit);
			words += pages[i].words;
		}
		walk->pages[i] = pages[i].page;
		walk->pages[i].repeated = repeated;
	}
}

/*
 * One of the walks of a list, if it is still the one that the list's indexes
 * are of.
 */
static FcWalk *
take_part(const FcShareReader *reader, const FcResource *resource,
		  const FcSharedAnswer *list, int number, bool stale)
{
	const FcSharedPart *part = (const FcSharedPart *)
	(list->meta + sizeof(FcSharedList)) + number;
	const char *request = list->meta + part->request;
	FcFreshness freshness = fc_sharing_freshness(reader->sharing,
												 reader->is_out);
	FcQuestion	question = question_of(reader, resource, request);
	FcWalk	   *walk = find_taken(reader, resource, request);
	FcSharedAnswer *answer;

	if (walk != NULL)
		return walk->serial == part->serial ? walk : NULL;
	answer = fc_answers_find(&question, &freshness);
	if (answer == NULL)
		return NULL;
	if (answer->serial != part->serial)
	{
		fc_answers_release(answer);
		return NULL;
	}
	return take_walk(reader, resource, answer, stale);
}

/*
 * Count an answer that was taken.
 */
static void
count_taken(const FcShareReader *reader, const FcSharedAnswer *answer,
			bool stale)
{
	FcMeter    *use = reader->use;
	double		age_ms = (fc_generation_clock() - answer->sent_at) / 1000.0;

	use->counts.shared_hits++;
	use->oldest_ms = Max(use->oldest_ms, age_ms);
	if (!stale)
		return;
	use->counts.stale_hits++;
	use->stale_ms = Max(use->stale_ms, age_ms);
}

/*
 * fc_share_warn
 *		A row of an answer is shown whose time is up: say how old it is, once
 *		for each statement.
 */
void
fc_share_warn(FcMeter *use)
{
	EState	   *estate = use->estate;
	MemoryContextCallback *callback;
	double		seconds = use->stale_ms / 1000;

	use->stale_ms = 0;
	if (estate != NULL && estate == warned)
		return;
	if (estate != NULL)
	{
		callback = MemoryContextAllocZero(estate->es_query_cxt,
										  sizeof(MemoryContextCallback));
		callback->func = forget_warning;
		callback->arg = estate;
		MemoryContextRegisterResetCallback(estate->es_query_cxt, callback);
		warned = estate;
	}
	ereport(WARNING,
			(errmsg("rows of resource \"%s\" are %.1f seconds old, as the API cannot be asked",
					use->resource, seconds),
			 errhint("The view frontcore_stat shows the last error.")));
}

/* The statement is over. */
static void
forget_warning(void *arg)
{
	if (warned == arg)
		warned = NULL;
}

/*
 * A walk as others take it, in the current context.
 */
static char *
describe_walk(const FcWalk *walk, Size *length)
{
	StringInfoData text;
	FcWalk		copy = *walk;

	copy.entry = NULL;
	copy.bindings = NIL;
	copy.memory = NULL;
	copy.pages = NULL;
	copy.path = NULL;
	memset(copy.paths, 0, sizeof(copy.paths));
	copy.request = NULL;
	copy.flight = 0;
	initStringInfo(&text);
	appendBinaryStringInfo(&text, (char *) &copy, sizeof(FcWalk));
	while (text.len < MAXALIGN(sizeof(FcWalk)))
		appendStringInfoChar(&text, '\0');
	for (int i = 0; i < walk->npages; i++)
	{
		StoredPage	page = {.page = walk->pages[i]};

		page.page.repeated = NULL;
		if (walk->pages[i].repeated != NULL)
			page.words = walk->pages[i].repeated->nwords;
		appendBinaryStringInfo(&text, (char *) &page, sizeof(StoredPage));
	}
	for (int i = 0; i < walk->npages; i++)
	{
		const Bitmapset *repeated = walk->pages[i].repeated;

		if (repeated != NULL)
			appendBinaryStringInfo(&text, (const char *) repeated->words,
								   repeated->nwords * sizeof(bitmapword));
	}
	*length = text.len;
	return text.data;
}

static FcAnswerText
read_page(void *arg, int number)
{
	FcAnswerText text;

	text.text = fc_walk_text(arg, number, &text.length);
	return text;
}

/*
 * What goes with the indexes of a list, in the current context.
 */
static char *
describe_list(const FcComplete *whole, Size *length)
{
	FcSharedList head = {0};
	FcWalk	   *const *walks;
	StringInfoData text;
	Size		request;

	head.present = fc_complete_present(whole);
	head.pages = fc_complete_pages(whole);
	head.nparts = fc_complete_walks(whole, &walks);
	request = sizeof(FcSharedList) + head.nparts * sizeof(FcSharedPart);

	initStringInfo(&text);
	appendBinaryStringInfo(&text, (char *) &head, sizeof(head));
	for (int i = 0; i < head.nparts; i++)
	{
		FcSharedPart part = {walks[i]->serial, request};

		appendBinaryStringInfo(&text, (char *) &part, sizeof(part));
		request += strlen(walks[i]->request) + 1;
	}
	for (int i = 0; i < head.nparts; i++)
		appendBinaryStringInfo(&text, walks[i]->request,
							   strlen(walks[i]->request) + 1);
	*length = text.len;
	return text.data;
}

/*
 * Which of the resource's lists a new one replaces: one that has no column
 * more, or else none that is there.
 */
static int
find_place(const FcSharing *sharing, const FcResource *resource,
		   uint64 present)
{
	FcFreshness any = {PG_INT64_MIN, PG_INT64_MIN};
	int			free_place = 0;

	for (int i = FC_SHARED_LISTS - 1; i >= 0; i--)
	{
		FcQuestion	question = fc_sharing_question(sharing, resource,
												   fc_sharing_list(resource,
																   i));
		FcSharedAnswer *answer = fc_answers_find(&question, &any);
		uint64		columns;

		if (answer == NULL)
		{
			free_place = i;
			continue;
		}
		columns = ((const FcSharedList *) answer->meta)->present;
		fc_answers_release(answer);
		if ((columns & ~present) == 0)
			return i;
	}
	return free_place;
}

/* One of the indexes. */
static FcAnswerText
read_index(void *arg, int number)
{
	FcComplete *whole = arg;
	FcAnswerText text;
	int			count;

	text.text = (const char *)
		fc_complete_index(whole,
						  fc_catalog_looked_up(fc_complete_resource(whole),
											   number), &count);
	text.length = count * sizeof(FcCompleteItem);
	return text;
}
