/*
 * harvest.c
 *		Items that a statement's scan has read and that it may write.
 *
 * Before a row is written it may matter what the API holds in fields that no
 * column of the statement shows.  The scan has read them with the row; kept
 * here they need not be asked for again, which would double the requests of
 * an UPDATE.  A harvest lives as long as the executor's run.
 */
#include "postgres.h"

#include "base/cache.h"
#include "lib/ilist.h"
#include "read/harvest.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* One item, as it was received. */
typedef struct Sheaf
{
	int64		id;				/* must be first */
	char	   *text;
	Size		length;
} Sheaf;

struct FcHarvest
{
	dlist_node	node;			/* in harvests */
	EState	   *estate;
	Oid			relid;
	HTAB	   *sheaves;
	Size		size;			/* bytes of text */
	MemoryContext context;		/* holds it all */
	MemoryContextCallback cleanup;
};

static dlist_head harvests = DLIST_STATIC_INIT(harvests);

static FcHarvest *find_harvest(EState *estate, Oid relid);
static void forget_harvest(void *arg);

/*
 * fc_harvest_begin
 *		The harvest of one table in one run of the executor.
 */
FcHarvest *
fc_harvest_begin(EState *estate, Oid relid)
{
	FcHarvest  *harvest = find_harvest(estate, relid);
	MemoryContext context;
	HASHCTL		control = {0};

	if (harvest != NULL)
		return harvest;

	context = AllocSetContextCreate(estate->es_query_cxt,
									"frontcore_fdw harvest",
									ALLOCSET_DEFAULT_SIZES);
	harvest = MemoryContextAllocZero(context, sizeof(FcHarvest));
	harvest->estate = estate;
	harvest->relid = relid;
	harvest->context = context;
	control.keysize = sizeof(int64);
	control.entrysize = sizeof(Sheaf);
	control.hcxt = context;
	harvest->sheaves = hash_create("frontcore_fdw items read", 256, &control,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	harvest->cleanup.func = forget_harvest;
	harvest->cleanup.arg = harvest;
	MemoryContextRegisterResetCallback(context, &harvest->cleanup);
	dlist_push_head(&harvests, &harvest->node);
	return harvest;
}

/*
 * fc_harvest_add
 *		Keep an item; what no longer fits into cache_size is not kept.
 */
void
fc_harvest_add(FcHarvest *harvest, int64 id, FcJsonNode item)
{
	Size		length;
	const char *text = fc_json_source(item, &length);
	MemoryContext oldcontext;
	Sheaf	   *sheaf;
	bool		found;

	if (harvest->size + length > (Size) fc_cache_size * 1024)
		return;

	oldcontext = MemoryContextSwitchTo(harvest->context);
	sheaf = hash_search(harvest->sheaves, &id, HASH_ENTER, &found);
	if (found)
	{
		harvest->size -= sheaf->length;
		pfree(sheaf->text);
	}
	sheaf->length = 0;
	sheaf->text = pnstrdup(text, length);
	sheaf->length = length;
	harvest->size += length;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * fc_harvest_find
 *		The item of that id, in the current context; false if there is none.
 */
bool
fc_harvest_find(EState *estate, Oid relid, int64 id, FcJsonNode *item)
{
	FcHarvest  *harvest = find_harvest(estate, relid);
	Sheaf	   *sheaf = NULL;

	if (harvest != NULL)
		sheaf = hash_search(harvest->sheaves, &id, HASH_FIND, NULL);
	if (sheaf == NULL)
		return false;
	*item = fc_json_root(fc_json_parse(sheaf->text, sheaf->length));
	return true;
}

/* The harvest of a table in a run, or NULL. */
static FcHarvest *
find_harvest(EState *estate, Oid relid)
{
	dlist_iter	iter;

	dlist_foreach(iter, &harvests)
	{
		FcHarvest  *harvest = dlist_container(FcHarvest, node, iter.cur);

		if (harvest->estate == estate && harvest->relid == relid)
			return harvest;
	}
	return NULL;
}

/* A run is over. */
static void
forget_harvest(void *arg)
{
	dlist_delete(&((FcHarvest *) arg)->node);
}
