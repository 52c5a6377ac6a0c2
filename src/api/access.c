/*
 * access.c
 *		A role's access to the account behind a server.
 *
 * What it consists of follows from the options of the server and of the user
 * mapping.  It is made on first use and kept until one of them changes.
 *
 * connection.c keeps the secrets of the user mapping.
 */
#include "postgres.h"

#include "access/xact.h"
#include "api/access.h"
#include "api/account.h"
#include "api/connection.h"
#include "lib/ilist.h"
#include "shared/block.h"
#include "shared/stats.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* An access, in the list of all. */
typedef struct Entry
{
	FcApi		api;
	dlist_node	node;			/* in entries */
	MemoryContext context;		/* holds this and all below */
} Entry;

static dlist_head entries = DLIST_STATIC_INIT(entries);
static uint64 generation = 0;	/* goes up when an option changes */

static void register_callbacks(void);
static void note_change(Datum arg, int cacheid, uint32 hashvalue);
static void drop_outdated(XactEvent event, void *arg);
static FcApi *make_api(Oid serverid, Oid userid);

/*
 * fc_access_open
 *		A user's way to a server, with the options as they are now.
 *
 * Throws if the user has no mapping, or one without a key.  Sends nothing.
 */
FcApi *
fc_access_open(Oid serverid, Oid userid)
{
	dlist_iter	iter;

	/* what is known of accounts lies there */
	fc_stats_attach(fc_block_segment_slot());
	register_callbacks();

	/* a list will do, as a backend knows few users */
	dlist_foreach(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		if (entry->api.generation == generation &&
			entry->api.serverid == serverid &&
			entry->api.userid == userid)
			return &entry->api;
	}
	return make_api(serverid, userid);
}

/* See to it that changed options are noticed; once. */
static void
register_callbacks(void)
{
	static bool is_registered = false;

	if (is_registered)
		return;
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, note_change, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, note_change, (Datum) 0);
	RegisterXactCallback(drop_outdated, NULL);
	is_registered = true;
}

/*
 * Some server or mapping changed.  It is rare enough to take it for all: a
 * new mapping may be for a role that used PUBLIC's.
 */
static void
note_change(Datum arg, int cacheid, uint32 hashvalue)
{
	generation++;
}

/* Close what has outdated options, once no scan can use it any more. */
static void
drop_outdated(XactEvent event, void *arg)
{
	dlist_mutable_iter iter;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;

	dlist_foreach_modify(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		if (entry->api.generation != generation)
		{
			dlist_delete(iter.cur);
			MemoryContextDelete(entry->context);
		}
	}
}

/* Read the options, and remember them until they change. */
static FcApi *
make_api(Oid serverid, Oid userid)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "frontcore_fdw api",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Entry	   *entry = palloc0(sizeof(Entry));
	FcApi	   *api = &entry->api;
	FcMapping	mapping;

	entry->context = context;
	api->generation = generation;
	api->serverid = serverid;
	api->userid = userid;
	api->server = fc_option_server(serverid);
	mapping = fc_mapping_get(serverid, userid);
	api->mappingid = mapping.mappingid;
	api->mapping_owner = mapping.owner;
	api->limiter = fc_account_limiter(api->server);
	api->account = fc_account_digest(api->server, mapping.api_key);
	api->scope = fc_account_scope(api->server, mapping.api_key);
	api->address = fc_account_address(api->server);
	api->connection = fc_connection_create(api->server, &mapping);

	MemoryContextSwitchTo(oldcontext);
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&entries, &entry->node);
	return api;
}
