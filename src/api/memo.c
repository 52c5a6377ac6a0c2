/*
 * memo.c
 *		Which servers and tables are ours, and their options, remembered while
 *		they are true.
 *
 * PostgreSQL tells of each change.  What is out of date may still be in
 * use by an executor, and so is kept until the transaction ends.
 */
#include "postgres.h"

#include "api/memo.h"
#include "api/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* A table of 40 columns takes some 8 kB; of more tables none is remembered. */
#define MAX_MEMOS		250

typedef struct MemoKey
{
	Oid			catalog;
	Oid			object;
} MemoKey;

typedef struct Memo
{
	MemoKey		key;
	const void *description;	/* an FcServer or FcTable in context */
	MemoryContext context;
} Memo;

static HTAB *memos = NULL;

/* How often anything changed. */
static uint64 changes = 0;

static void begin_memos(void);
static const void *recall(Oid catalog, Oid object);
static void forget_table(Datum arg, Oid relid);
static void forget_all(Datum arg, int cacheid, uint32 hashvalue);
static void forget(Memo *memo);

/*
 * fc_memo_server
 *		fc_option_server with a memory.
 */
const FcServer *
fc_memo_server(Oid serverid)
{
	return recall(ForeignServerRelationId, serverid);
}

/*
 * fc_memo_table
 *		fc_table_read with a memory.
 */
const FcTable *
fc_memo_table(Oid relid)
{
	return recall(RelationRelationId, relid);
}

/*
 * fc_memo_is_ours
 *		Is it a server of ours, whatever its wrapper is called?
 *
 * Our handler says so; others' libraries are not loaded to ask.
 */
bool
fc_memo_is_ours(Oid serverid)
{
	Oid			wrapper = GetForeignServer(serverid)->fdwid;
	Oid			handler = GetForeignDataWrapper(wrapper)->fdwhandler;
	Oid			extension = get_extension_oid("frontcore_fdw", true);

	return OidIsValid(handler) && OidIsValid(extension) &&
		getExtensionOfObject(ProcedureRelationId, handler) == extension;
}

/*
 * fc_memo_is_our_table
 *		Is it a foreign table on a server of ours?
 */
bool
fc_memo_is_our_table(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE &&
		fc_memo_is_ours(GetForeignTable(relid)->serverid);
}

/*
 * fc_memo_find_server
 *		The server of that name, which has to be one of ours.
 */
Oid
fc_memo_find_server(const char *name)
{
	ForeignServer *server = GetForeignServerByName(name, false);

	if (!fc_memo_is_ours(server->serverid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" is not one of frontcore_fdw",
						server->servername)));
	return server->serverid;
}

/* Make the table of memos, and see that changes are noticed; once. */
static void
begin_memos(void)
{
	HASHCTL		control = {
		.keysize = sizeof(MemoKey),
		.entrysize = sizeof(Memo),
		.hcxt = CacheMemoryContext
	};

	memos = hash_create("frontcore_fdw memos", 32, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_table, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_all, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
}

/* What is remembered of an object, or else what its options say now. */
static const void *
recall(Oid catalog, Oid object)
{
	MemoKey		key = {catalog, object};
	MemoryContext context;
	MemoryContext oldcontext;
	uint64		before = changes;
	const void *description;
	Memo	   *memo;

	if (memos == NULL)
		begin_memos();
	memo = hash_search(memos, &key, HASH_FIND, NULL);
	if (memo != NULL)
		return memo->description;

	context = AllocSetContextCreate(CurrentMemoryContext, "frontcore_fdw memo",
									ALLOCSET_SMALL_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	if (catalog == ForeignServerRelationId)
		description = fc_option_server(object);
	else
		description = fc_table_read(object);
	MemoryContextSwitchTo(oldcontext);

	/* what changed while it was read may be wrong the next time */
	if (changes != before || hash_get_num_entries(memos) >= MAX_MEMOS)
		return description;
	memo = hash_search(memos, &key, HASH_ENTER, NULL);
	memo->description = description;
	memo->context = context;
	MemoryContextSetParent(context, CacheMemoryContext);
	return description;
}

/* A relation changed, or any may have. */
static void
forget_table(Datum arg, Oid relid)
{
	MemoKey		key = {RelationRelationId, relid};
	Memo	   *memo;

	if (!OidIsValid(relid))
	{
		forget_all(arg, 0, 0);
		return;
	}
	changes++;
	memo = hash_search(memos, &key, HASH_FIND, NULL);
	if (memo != NULL)
		forget(memo);
}

/*
 * Some server changed, whose options are its tables' defaults, or some schema,
 * which may have another name.
 */
static void
forget_all(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS status;
	Memo	   *memo;

	changes++;
	hash_seq_init(&status, memos);
	while ((memo = hash_seq_search(&status)) != NULL)
		forget(memo);
}

/* Forget one memo, though not before those who may still read it end. */
static void
forget(Memo *memo)
{
	MemoryContext context = memo->context;

	(void) hash_search(memos, &memo->key, HASH_REMOVE, NULL);
	if (TopTransactionContext != NULL)
		MemoryContextSetParent(context, TopTransactionContext);
	else
		MemoryContextDelete(context);
}
