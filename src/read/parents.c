/*
 * parents.c
 *		What a query has to know of parents before it can be asked.
 */
#include "postgres.h"

#include "read/page.h"
#include "read/parents.h"

/* The ids of listed objects. */
typedef struct KeyList
{
	const FcResource *resource;
	int			size;
	int			count;
	int64	   *keys;
} KeyList;

/* The object whose parent is looked for. */
typedef struct Child
{
	const FcResource *resource;
	int64		id;
	int64		parent;
	bool		is_found;
} Child;

static bool add_key(void *arg, FcJsonNode item);
static bool take_parent(void *arg, FcJsonNode item);
static int	count_lacking(const FcRouting *routing, int number);
static FcQuery create_look(const FcQuery *query, int64 *parents);
static int64 *parents_of(const FcResource *resource, FcJsonNode items,
						 int *count);
static bool stop(void *arg, FcJsonNode item);

/*
 * fc_parents_list
 *		The ids of all parents that feed the route of a query which names none.
 */
int64 *
fc_parents_list(const FcParentsSource *source, const FcRouting *routing,
				int *count)
{
	FcQuery    *all = palloc0(sizeof(FcQuery));
	KeyList		list = {.size = 256};

	all->resource = fc_catalog_find(routing->choice.route->parents);
	all->page_size = routing->query->page_size;
	all->push_order = routing->query->push_order;
	list.resource = all->resource;
	list.keys = palloc(list.size * sizeof(int64));
	source->read(source->arg, all, add_key, &list);
	*count = list.count;
	return list.keys;
}

static bool
add_key(void *arg, FcJsonNode item)
{
	KeyList    *list = arg;

	if (list->count == list->size)
	{
		list->size *= 2;
		list->keys = repalloc_huge(list->keys, list->size * sizeof(int64));
	}
	if (fc_page_item_key(list->resource, FC_KEY, item,
						 &list->keys[list->count]))
		list->count++;
	return true;
}

/*
 * fc_parents_find
 *		The parent of an object that the query names by its id; false if there
 *		is no such object, or it has none.
 */
bool
fc_parents_find(const FcParentsSource *source, const FcQuery *query, int64 id,
				int64 *parent)
{
	FcQuery    *one = palloc(sizeof(FcQuery));
	Child		child = {.resource = query->resource, .id = id};

	*one = *query;
	one->ids.bound = true;
	one->ids.count = 1;
	one->ids.values = &child.id;
	one->needs = NIL;
	one->order = NULL;
	one->repetitions = 0;

	/* a list that is not filtered to the object holds others, too */
	source->read(source->arg, one, take_parent, &child);
	*parent = child.parent;
	return child.is_found;
}

static bool
take_parent(void *arg, FcJsonNode item)
{
	Child	   *child = arg;
	int64		key;

	child->is_found =
		fc_page_item_key(child->resource, FC_KEY, item, &key) &&
		key == child->id &&
		fc_page_item_key(child->resource, FC_PARENT, item, &child->parent);
	return !child->is_found;
}

/*
 * fc_parents_look
 *		Some items lack columns, and a route that seems better would need a
 *		list of all parents: see first what it gives for the parents of these
 *		items.  What its own items lack is learned.
 *
 * number is that of the route that brought the items.  One route by parents
 * that holds more is enough: the one that is taken in the end shows what it
 * holds when it is read.
 */
void
fc_parents_look(const FcParentsSource *source, FcRouting *routing, int number,
				FcJsonNode items)
{
	const FcQuery *query = routing->query;
	int			lacking = count_lacking(routing, number);
	int			count;
	int64	   *parents = parents_of(query->resource, items, &count);
	FcQuery		look = create_look(query, parents);
	int			known;
	FcRouteChoice looked;

	do
	{
		FcRouteChoice choice = fc_route_choose(query, &routing->facts);

		if (count == 0 || choice.route == NULL || choice.number == number ||
			choice.list >= 0 || !fc_route_is_fed(query, choice.route))
			return;

		/* many rows show more than few, where they cost the same */
		look.parents.count = 1;
		looked = fc_route_choose(&look, &routing->facts);
		if (looked.route->flags & FC_BATCH)
			look.parents.count = Min(count, routing->facts.batch_size);
		known = count_lacking(routing, looked.number);
		source->read(source->arg, &look, stop, NULL);
		fc_routing_reload(routing);
	} while (count_lacking(routing, looked.number) > known &&
			 count_lacking(routing, looked.number) >= lacking);
}

/* How many of the query's columns a route is known to lack. */
static int
count_lacking(const FcRouting *routing, int number)
{
	return fc_route_count_lacking(routing->query, number, &routing->facts);
}

/* The query for the rows of some parents. */
static FcQuery
create_look(const FcQuery *query, int64 *parents)
{
	FcQuery		look = fc_query_whole(query);

	look.by = fc_catalog_flagged(query->resource, FC_PARENT);
	look.parents.bound = true;
	look.parents.values = parents;
	look.order = NULL;
	look.first_page_size = 0;
	look.repetitions = 0;
	look.is_silent = true;
	look.is_look = true;
	return look;
}

/* The parents of a page's items, in ascending order. */
static int64 *
parents_of(const FcResource *resource, FcJsonNode items, int *count)
{
	int64	   *parents = palloc(Max(fc_json_count(items), 1) * sizeof(int64));
	FcJsonIterator iterator = fc_json_iterate(items);
	FcQuery		sorted = {0};
	FcJsonNode	item;

	*count = 0;
	if (fc_json_kind(items) != FC_JSON_ARRAY ||
		fc_catalog_flagged(resource, FC_PARENT) == NULL)
		return parents;
	while (fc_json_next(&iterator, &item, NULL))
	{
		if (fc_page_item_key(resource, FC_PARENT, item, &parents[*count]))
			(*count)++;
	}
	fc_query_bind_keys(&sorted, &sorted.parents, parents, *count);
	*count = sorted.parents.count;
	return parents;
}

/* One page is enough. */
static bool
stop(void *arg, FcJsonNode item)
{
	return false;
}
