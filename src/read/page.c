/*
 * page.c
 *		What a page of a list holds, and which of its items had come before.
 *
 * A list has no snapshot: while it is read page by page, rows may move from
 * one page to the next.  So the ids of all rows are remembered, a bit for
 * each, and every page is compared with them and with the page before it.
 */
#include "postgres.h"

#include "api/place.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "read/page.h"
#include "utils/memutils.h"

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

static FcPageNext read_next(FcJson *document);
static void examine_item(FcPageMemory *memory, FcJsonNode item, bool by_id,
						 int *counts, FcPage *page);
static bool shares_id(FcPageMemory *memory, FcJsonNode item, int64 id,
					  bool is_number, bool is_fresh, FcPage *page);
static int64 identity_of_all(FcJsonNode item);
static void count_id(FcPage *page, int64 id, bool is_fresh);
static void count_parent(FcPageMemory *memory, FcJsonNode item,
						 bool is_fresh, int *counts, FcPage *page);
static int	compare_ids(const void *a, const void *b);
static bool add_id(FcPageMemory *memory, int64 id);
static bool has_id(const FcPageMemory *memory, int64 id);
static bool was_asked_for(const FcColumn *column, const char *path);

/*
 * fc_page_memory
 *		Nothing has come yet.  Lives in the current context.
 *
 * parents are those that a request names, in ascending order.
 */
FcPageMemory *
fc_page_memory(const FcResource *resource, const int64 *parents, int nparents)
{
	FcPageMemory *memory = palloc0(sizeof(FcPageMemory));

	memory->resource = resource;
	memory->context = CurrentMemoryContext;
	memory->nparents = nparents;
	if (nparents > 1)
	{
		int64	   *copy = palloc(nparents * sizeof(int64));

		memcpy(copy, parents, nparents * sizeof(int64));
		memory->parents = copy;
		memory->counts = palloc0((nparents + 1) * sizeof(int));
	}
	return memory;
}

/*
 * fc_page_examine
 *		Look through a page's items: which are new, whether their ids rise.
 *
 * items is the array of them, or one object, or JSON's null.  by_id: the page
 * begins behind the last id, so that what rises is new; the ids need not be
 * remembered then.  What the page holds becomes part of the memory, its ids
 * at once, the rest when fc_page_remember is called.
 */
void
fc_page_examine(FcPageMemory *memory, FcJson *document, FcJsonNode items,
				bool by_id, FcPage *page)
{
	int		   *counts = palloc0((memory->nparents + 1) * sizeof(int));
	FcJsonIterator iterator;
	FcJsonNode	item;

	memset(page, 0, sizeof(FcPage));
	page->rises = true;
	page->last_id = memory->last_id;

	if (fc_json_kind(items) == FC_JSON_OBJECT)
		examine_item(memory, items, by_id, counts, page);
	if (fc_json_kind(items) == FC_JSON_ARRAY)
	{
		page->next = read_next(document);
		iterator = fc_json_iterate(items);
		while (page->fault == NULL && fc_json_next(&iterator, &item, NULL))
			examine_item(memory, item, by_id, counts, page);
	}
	page->length = page->items;
	if (memory->counts != NULL && page->items > 0)
		memcpy(memory->counts, counts, (memory->nparents + 1) * sizeof(int));
}

/*
 * fc_page_distinct
 *		The number of different items in an array: some come twice on a page.
 */
int
fc_page_distinct(const FcPageMemory *memory, FcJsonNode items)
{
	int64	   *ids = palloc(Max(fc_json_count(items), 1) * sizeof(int64));
	FcJsonIterator iterator = fc_json_iterate(items);
	FcJsonNode	item;
	bool		is_number;
	int			count = 0;
	int			distinct = 0;

	while (fc_json_next(&iterator, &item, NULL))
	{
		if (memory->lacks_ids)
			ids[count++] = identity_of_all(item);
		else if (fc_page_item_identity(memory->resource, item, &ids[count],
									   &is_number))
			count++;
	}
	qsort(ids, count, sizeof(int64), compare_ids);
	for (int i = 0; i < count; i++)
	{
		if (i == 0 || ids[i] != ids[i - 1])
			distinct++;
	}
	pfree(ids);
	return distinct;
}

/*
 * fc_page_remember
 *		The page counts: it is the last one now.
 */
void
fc_page_remember(FcPageMemory *memory, const FcPage *page)
{
	bool		is_same = page->items == memory->last.items &&
	page->digest == memory->last.digest;

	memory->same = page->items > 0 && is_same ? memory->same + 1 : 1;
	memory->empty = page->items == 0 ? memory->empty + 1 : 0;
	memory->stale = page->fresh == 0 ? memory->stale + 1 : 0;
	memory->pages++;
	memory->longest = Max(memory->longest, page->length);
	memory->last = *page;
	memory->last.repeated = NULL;
	memory->last_id = page->last_id;
}

/*
 * fc_page_new_size
 *		The next page is of another size: there is none to compare it with.
 */
void
fc_page_new_size(FcPageMemory *memory)
{
	FcPageNext	next = memory->last.next;

	memset(&memory->last, 0, sizeof(FcPage));
	memory->last.next = next;
	memory->same = 0;
}

/*
 * fc_page_look
 *		Count the items of a page that is no part of the list's reading, and
 *		those among them that have not come.
 */
void
fc_page_look(const FcPageMemory *memory, FcJsonNode items, FcPage *page)
{
	FcJsonIterator iterator = fc_json_iterate(items);
	FcJsonNode	item;

	memset(page, 0, sizeof(FcPage));
	while (fc_json_next(&iterator, &item, NULL))
	{
		int64		id;
		bool		is_number;
		bool		is_fresh;

		if (!fc_page_item_identity(memory->resource, item, &id, &is_number))
		{
			if (fc_json_kind(item) != FC_JSON_OBJECT || !memory->lacks_ids)
			{
				page->fault = "An item of the list has no id.";
				return;
			}
			id = identity_of_all(item);
		}
		is_fresh = !has_id(memory, id);
		if (memory->lacks_ids)
			is_fresh |= !has_id(memory, identity_of_all(item));
		count_id(page, id, is_fresh);
	}
}

/*
 * fc_page_container
 *		The array of a list: bare, or in an envelope.
 */
FcJsonNode
fc_page_container(FcJson *document)
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
 * fc_page_item_key
 *		The item's value of the resource's column that has the flag.
 *
 * False if it has none that is a whole number.
 */
bool
fc_page_item_key(const FcResource *resource, int flag, FcJsonNode item,
				 int64 *key)
{
	return fc_page_item_number(fc_catalog_flagged(resource, flag), item, key);
}

/*
 * fc_page_item_number
 *		The item's value of a column, if that is a whole number.
 */
bool
fc_page_item_number(const FcColumn *column, FcJsonNode item, int64 *number)
{
	const char *places = fc_catalog_path(column);
	FcPlace		place;

	while (fc_place_next(&places, &place))
	{
		if (fc_json_int64(fc_place_node(item, &place), number))
			return true;
	}
	return false;
}

/*
 * fc_page_item_holds
 *		Does the item have a key for the column, whatever its value?
 */
bool
fc_page_item_holds(const FcColumn *column, FcJsonNode item)
{
	const char *places = fc_catalog_path(column);

	return *places == '\0' ||	/* the whole item */
		fc_place_is_told(item, places) ||
		(column->number_path != NULL &&
		 fc_place_is_told(item, column->number_path));
}

/*
 * fc_page_item_order
 *		The item's value of an order_by column, as an integer of that order.
 *
 * A column is an id or a date; no value is above all, as in PostgreSQL.
 */
int64
fc_page_item_order(const FcColumn *order, FcJsonNode item)
{
	FcJsonNode	node = fc_place_first(item, fc_catalog_path(order));
	int			year;
	int			month;
	int			day;
	int64		number;

	if (fc_json_int64(node, &number))
		return number;
	if (fc_json_kind(node) == FC_JSON_STRING &&
		sscanf(fc_json_string(node), "%4d-%2d-%2d", &year, &month, &day) == 3)
		return (int64) year * 10000 + month * 100 + day;
	return PG_INT64_MAX;
}

/*
 * fc_page_note_present
 *		Note in *present, by number, for which of the catalog's columns the
 *		items hold a key.
 *
 * path is the request's, as it names relations; NULL if it named none.
 */
void
fc_page_note_present(const FcResource *resource, FcJsonNode items,
					 const char *path, uint64 *present)
{
	const FcColumn *columns = resource->columns;
	FcJsonIterator iterator = fc_json_iterate(items);
	bool		is_object = fc_json_kind(items) == FC_JSON_OBJECT;
	FcJsonNode	item = items;

	while (is_object || fc_json_next(&iterator, &item, NULL))
	{
		for (int i = 0; columns[i].name != NULL; i++)
		{
			if ((*present & (UINT64CONST(1) << i)) == 0 &&
				was_asked_for(&columns[i], path) &&
				fc_page_item_holds(&columns[i], item))
				*present |= UINT64CONST(1) << i;
		}
		if (is_object)
			break;
	}
}

/*
 * What the answer says of a next page.
 *
 * A null is its word for "none".  What else is empty or false promises no
 * page, but is not relied on as the end, either.
 */
static FcPageNext
read_next(FcJson *document)
{
	FcJsonNode	next = fc_json_path(fc_json_root(document),
									"pagination.next_page");
	const char *text;
	int64		number;

	switch (fc_json_kind(next))
	{
		case FC_JSON_NULL:
			return FC_NEXT_NONE;
		case FC_JSON_BOOL:
			return fc_json_bool(next) ? FC_NEXT_PROMISED : FC_NEXT_UNTOLD;
		case FC_JSON_NUMBER:
			return fc_json_int64(next, &number) && number == 0 ?
				FC_NEXT_UNTOLD : FC_NEXT_PROMISED;
		case FC_JSON_STRING:
			text = fc_json_string(next);
			return *text == '\0' || strcmp(text, "0") == 0 ?
				FC_NEXT_UNTOLD : FC_NEXT_PROMISED;
		default:
			return FC_NEXT_UNTOLD;
	}
}

/*
 * Add an item to what is known of the page, or note why it is none.
 */
static void
examine_item(FcPageMemory *memory, FcJsonNode item, bool by_id, int *counts,
			 FcPage *page)
{
	bool		is_first = (page->items == 0);
	bool		has_last = !is_first || memory->last.items > 0 || by_id;
	bool		is_number;
	bool		is_fresh;
	int64		id;

	if (fc_json_kind(item) != FC_JSON_OBJECT)
		page->fault = "An item of the list is no object.";
	else if (!fc_page_item_identity(memory->resource, item, &id, &is_number))
	{
		if (memory->resource->abilities & FC_BY_PATH)
			id = identity_of_all(item);
		else
			page->fault = "An item of the list has no id.";
		memory->lacks_ids = true;
	}
	if (page->fault != NULL)
		return;

	/* since_id may turn out to mean "from that id on" */
	if (!is_number ||
		(has_last && id <= page->last_id &&
		 !(by_id && is_first && id == memory->last_id)))
		page->rises = false;
	is_fresh = by_id ? id != memory->last_id : add_id(memory, id);
	if (shares_id(memory, item, id, is_number, is_fresh, page))
	{
		if ((memory->resource->abilities & FC_BY_PATH) == 0 ||
			memory->pages > 0)
		{
			page->fault = "Several items of the list have the same id.";
			return;
		}
		memory->lacks_ids = true;
	}
	if (memory->lacks_ids && memory->pages == 0)
		is_fresh = true;		/* equal rows are several rows */
	else if (memory->lacks_ids && is_fresh)
	{
		/* nothing tells such an item from one that has moved meanwhile */
		page->fault = "Items of a list that has several pages have no id.";
		return;
	}
	if (!is_fresh)
		page->repeated = bms_add_member(page->repeated, page->items);
	count_id(page, id, is_fresh);
	if (memory->counts != NULL)
		count_parent(memory, item, is_fresh, counts, page);
}

/*
 * Is the item another one than that which came with the same id before?
 *
 * An id names one row, whatever became of its other fields in the meantime.
 * But some servers send 0 where there is no id, and in a list by path "id" may
 * be the id of something else.
 */
static bool
shares_id(FcPageMemory *memory, FcJsonNode item, int64 id, bool is_number,
		  bool is_fresh, FcPage *page)
{
	bool		is_zero = is_number && id == 0;
	bool		is_doubtful = (is_number && id <= 0) ||
	(memory->resource->abilities & FC_BY_PATH) != 0;
	bool		is_other;

	if (!is_doubtful)
		return false;
	is_other = add_id(memory, identity_of_all(item)) ||
		(is_zero && page->zeros > 0);
	page->zeros += is_zero;
	return is_other && !is_fresh;
}

/*
 * What tells an item without an id from others: all that it holds.
 */
static int64
identity_of_all(FcJsonNode item)
{
	Size		length;
	const char *source = fc_json_source(item, &length);

	return (int64) hash_bytes_extended((const unsigned char *) source, length,
									   0);
}

/*
 * fc_page_item_identity
 *		A number that tells the item from others: its id, most often.  False if
 *		it has none: it is absent, null, empty, or nothing that can name a row.
 *
 * Of an id that is no integer, such as one beyond a bigint, the text will do
 * to tell it apart.
 */
bool
fc_page_item_identity(const FcResource *resource, FcJsonNode item, int64 *id,
					  bool *is_number)
{
	const FcColumn *key = fc_catalog_flagged(resource, FC_KEY);
	const char *places = fc_catalog_path(key);
	FcPlace		place;

	*is_number = fc_page_item_key(resource, FC_KEY, item, id);
	if (*is_number)
		return true;
	while (fc_place_next(&places, &place))
	{
		FcJsonNode	node = fc_place_node(item, &place);
		const char *source;
		Size		length;

		if (fc_json_kind(node) != FC_JSON_NUMBER &&
			(fc_json_kind(node) != FC_JSON_STRING ||
			 fc_json_string(node)[strspn(fc_json_string(node), " ")] == '\0'))
			continue;
		source = fc_json_source(node, &length);
		*id = (int64) hash_bytes_extended((const unsigned char *) source,
										  length, 0);
		return true;
	}
	return false;
}

static void
count_id(FcPage *page, int64 id, bool is_fresh)
{
	if (page->items == 0)
		page->first_id = id;
	page->last_id = id;
	page->digest += hash_bytes_uint32_extended((uint32) id,
											   (uint64) id >> 32);
	page->items++;
	if (is_fresh)
		page->fresh++;
}

/*
 * Count an item of a batch with its parent's.
 *
 * If limit counted the items of each parent, a parent that has more than a
 * page of them has filled the page before: others have nothing new.
 */
static void
count_parent(FcPageMemory *memory, FcJsonNode item, bool is_fresh,
			 int *counts, FcPage *page)
{
	int			number = memory->nparents;
	int64		parent;

	if (fc_page_item_key(memory->resource, FC_PARENT, item, &parent))
	{
		const int64 *found = bsearch(&parent, memory->parents,
									 memory->nparents, sizeof(int64),
									 compare_ids);

		if (found != NULL)
			number = found - memory->parents;
	}
	if (number < memory->nparents)
		memory->answered = Max(memory->answered, number + 1);
	counts[number]++;
	page->of_one_parent = Max(page->of_one_parent, counts[number]);
	if (is_fresh && number < memory->nparents &&
		memory->counts[number] < memory->last.of_one_parent)
		page->is_mixed = true;
}

static int
compare_ids(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return (left > right) - (left < right);
}

/*
 * Remember an id.  False if it was known.
 */
static bool
add_id(FcPageMemory *memory, int64 id)
{
	uint64		bit = UINT64CONST(1) << (id & 63);
	SeenElement *element;
	bool		found;

	if (memory->seen == NULL)
		memory->seen = seen_create(memory->context, 64, NULL);
	element = seen_insert(memory->seen, id >> 6, &found);
	if (!found)
		element->bits = 0;
	if (element->bits & bit)
		return false;
	element->bits |= bit;
	return true;
}

static bool
has_id(const FcPageMemory *memory, int64 id)
{
	SeenElement *element = memory->seen == NULL ? NULL :
	seen_lookup(memory->seen, id >> 6);

	return element != NULL &&
		(element->bits & (UINT64CONST(1) << (id & 63))) != 0;
}

/*
 * Does a request of that path ask for the column?
 *
 * Some items hold a relation that was not asked for, such as the employees of
 * a private customer.  That says nothing about other items.
 */
static bool
was_asked_for(const FcColumn *column, const char *path)
{
	const char *first;
	const char *value;

	if (column->include == NULL)
		return true;
	if (path == NULL)
		return false;
	first = pnstrdup(column->include, strcspn(column->include, ","));
	value = strstr(path, first);
	while (value != NULL && value[-1] != '=')
		value = strstr(value + 1, first);
	return value != NULL;
}
