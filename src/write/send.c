/*
 * send.c
 *		Send one write, once, and count it; and read a row again.
 *
 * Before a write, whatever reads the resource in this backend reads on to its
 * end, so that nothing it was going to see is changed under it; and what the
 * transaction has kept of the resource is dropped, so that the next query
 * sees the write.
 */
#include "postgres.h"

#include "api/sharing.h"
#include "read/forget.h"
#include "read/pager.h"
#include "read/walk.h"
#include "shared/journal.h"
#include "utils/timestamp.h"
#include "write/rollback.h"
#include "write/send.h"

/* What goes with a method. */
typedef struct Method
{
	const char *name;
	uint64		learned;		/* flag: the account has it */
	const char *unknown_hint;	/* where the outcome is unknown */
	const char *missing_hint;	/* where the account lacks the method */
} Method;

/* A write under way. */
typedef struct Sending
{
	FcSender   *sender;
	const Method *method;
	const FcRowKey *key;
	const FcWitness *check;		/* of a PUT */
} Sending;

static const Method post = {
	"POST", 0,
	"The API may have made the row.  Look for it, by its reference for instance, before you insert it again.",
	"The account cannot create such rows; create them in FrontCore itself."
};

static const Method put = {
	"PUT", FC_LEARNED_PUT,
	"The API may have made the change.  Look at the row before you repeat it.",
	"The account cannot change such rows; change them in FrontCore itself."
};

static const Method delete = {
	"DELETE", FC_LEARNED_DELETE,
	"The API may have deleted the row.  Look for it before you repeat it.",
	"The account cannot delete such rows; delete them in FrontCore itself."
};

#define DEACTIVATE_HINT \
	"Set the foreign table's option on_delete to 'deactivate', or update the row."

static FcAnswer *send_request(Sending *sending, const char *path,
							  const char *body, uint32 tolerates);
static FcProof prove(void *arg);
static bool check_absence(FcSender *sender, const Method *method,
						  const FcRowKey *key, const char *path);
static const char *missing_hint(const FcSender *sender,
								const Method *method);
static void give_advice(void *arg);
static void name_request(void *arg);

/*
 * fc_send_begin
 *		Open a user's way to write to a table.  Sends nothing.
 */
FcSender *
fc_send_begin(const FcTable *table, Oid serverid, Oid userid, EState *estate)
{
	FcSender   *sender = palloc0(sizeof(FcSender));

	sender->api = fc_access_open(serverid, userid);
	sender->use.resource = table->resource->name;
	sender->use.relid = table->relid;
	sender->use.estate = estate;
	sender->table = table;
	sender->parent = fc_catalog_flagged(table->resource, FC_PARENT);
	fc_send_recall(sender);
	return sender;
}

/*
 * fc_send_recall
 *		Look up what is known of the account by now.
 */
void
fc_send_recall(FcSender *sender)
{
	FcLearned  *learned = &sender->learned;

	(void) fc_stats_learned(sender->api->account.digest,
							sender->table->resource->name, learned);

	/* a refusal is not for good: the account may have got what it lacked */
	if (TimestampDifferenceExceeds(learned->flagged, GetCurrentTimestamp(),
								   FC_CLOSED_SECONDS * 1000))
		learned->flags &= ~FC_LEARNED_DROPS;
	if (TimestampDifferenceExceeds(learned->stuck, GetCurrentTimestamp(),
								   FC_CLOSED_SECONDS * 1000))
		learned->put.stuck = 0;

	/* another session may have reset it all, or it had to make room */
	learned->flags = (learned->flags & ~sender->own_clear) | sender->own_set;
	fc_omission_merge(&learned->put, &sender->own_put);
}

/*
 * fc_send_learn
 *		Remember something of the account, in this server and in the sender.
 */
void
fc_send_learn(FcSender *sender, uint64 set, uint64 clear)
{
	uint64		flags = (sender->learned.flags & ~clear) | set;

	sender->own_set = (sender->own_set & ~clear) | set;
	sender->own_clear = (sender->own_clear & ~set) | clear;
	if (flags == sender->learned.flags)
		return;
	fc_stats_learn_flags(sender->api->account.digest,
						 sender->table->resource->name, set, clear);
	sender->learned.flags = flags;
}

/*
 * fc_send_learn_put
 *		Remember what a PUT did to fields that it was not meant to change.
 */
void
fc_send_learn_put(FcSender *sender, const FcPutLessons *more)
{
	FcPutLessons before;

	fc_send_recall(sender);
	before = sender->learned.put;
	fc_omission_merge(&sender->learned.put, more);
	fc_omission_merge(&sender->own_put, more);
	if (memcmp(&before, &sender->learned.put, sizeof(before)) != 0)
		fc_stats_learn_put(sender->api->account.digest,
						   sender->table->resource->name,
						   &sender->learned.put);
}

/*
 * fc_send_post
 *		Create a row, under key->parent; sets key->id, gives the answer.
 */
FcJsonNode
fc_send_post(FcSender *sender, FcRowKey *key, const char *body)
{
	Sending		sending = {sender, &post, key, NULL};
	const char *path = fc_send_path(sender->table->resource, post.name, key);
	FcAnswer   *answer = send_request(&sending, path, body, 0);

	if (fc_json_kind(answer->object) == FC_JSON_ABSENT)
	{
		FcError		error = {0};
		ErrorContextCallback callback = {error_context_stack, name_request};

		callback.arg = psprintf("%s %s", post.name, path);
		error_context_stack = &callback;
		error.sqlstate = ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN;
		error.message = psprintf("could not learn the outcome of writing resource \"%s\": the answer holds no id",
								 sender->table->resource->name);
		error.hint = post.unknown_hint;
		fc_journal_amend(error.sqlstate, false);
		fc_error_raise(&error);
	}
	key->id = answer->id;
	fc_rollback_stands(&key->id);
	return answer->object;
}

/*
 * fc_send_put
 *		Change a row.
 *
 * answer is set to the row, or the part of it, that the API answered with,
 * absent if that was nothing.
 */
FcPutOutcome
fc_send_put(FcSender *sender, const FcRowKey *key, const char *body,
			const FcWitness *check, bool tolerates_refusal, FcJsonNode *answer)
{
	Sending		sending = {sender, &put, key, check};
	const char *path = fc_send_path(sender->table->resource, put.name, key);
	uint32		tolerates = FC_TOLERATE(FC_VERDICT_ABSENT);
	FcAnswer   *reply;

	if (tolerates_refusal)
		tolerates |= FC_TOLERATE(FC_VERDICT_REFUSED);
	reply = send_request(&sending, path, body, tolerates);
	if (reply->verdict == FC_VERDICT_REFUSED)
		return FC_PUT_REFUSED;
	if (reply->verdict == FC_VERDICT_ABSENT)
	{
		(void) check_absence(sender, &put, key, path);
		return FC_PUT_ABSENT;
	}
	fc_rollback_stands(NULL);
	fc_send_learn(sender, put.learned, 0);
	*answer = reply->object;
	return FC_PUT_DONE;
}

/*
 * fc_send_delete
 *		Delete a row; false if there is no such row.
 */
bool
fc_send_delete(FcSender *sender, const FcRowKey *key)
{
	Sending		sending = {sender, &delete, key, NULL};
	const char *path = fc_send_path(sender->table->resource, delete.name,
									key);
	FcAnswer   *reply = send_request(&sending, path, NULL,
									 FC_TOLERATE(FC_VERDICT_ABSENT));

	if (reply->verdict == FC_VERDICT_ABSENT)
		return check_absence(sender, &delete, key, path);
	fc_rollback_stands(NULL);
	fc_send_learn(sender, delete.learned, 0);
	return true;
}

/*
 * fc_send_read
 *		Read a row; false if there is none.
 *
 * Unless it has to be fresh, what the transaction has read will do.  The item
 * lives in the current context.
 */
bool
fc_send_read(FcSender *sender, const FcRowKey *key, List *needs,
			 bool is_fresh, FcJsonNode *item)
{
	const FcTable *table = sender->table;
	int64		ids[1] = {key->id};
	int64		parents[1] = {key->parent};
	int64		id;
	FcQuery		query = {0};
	FcPager    *pager;
	const char *source;
	Size		length;

	query.resource = table->resource;
	fc_query_bind_keys(&query, &query.ids, ids, 1);
	if (key->has_parent)
	{
		fc_query_bind_keys(&query, &query.parents, parents, 1);
		query.by = sender->parent;
	}
	query.page_size = table->page_size;
	query.push_order = table->push_order;
	query.needs = needs;

	pager = fc_pager_begin(sender->api, &sender->use,
						   is_fresh || !table->cache ?
						   FC_KEEP_NOTHING : FC_KEEP_TRANSACTION,
						   table->name);
	fc_pager_pass_caches(pager);
	fc_pager_ask(pager, &query);
	do
	{
		/* a list that cannot be filtered to the row holds others, too */
		if (!fc_pager_next(pager, item))
		{
			fc_pager_end(pager);
			return false;
		}
	} while (!fc_page_item_key(table->resource, FC_KEY, *item, &id) ||
			 id != key->id);

	/* the pager's item goes with it */
	source = fc_json_source(*item, &length);
	source = pnstrdup(source, length);
	*item = fc_json_root(fc_json_parse(source, length));
	fc_pager_end(pager);
	return true;
}

/*
 * fc_send_describe
 *		A request as EXPLAIN shows it.  What is not known stands in braces.
 */
char *
fc_send_describe(const FcResource *resource, const char *method,
				 const FcRowKey *key)
{
	return psprintf("%s %s", method, fc_send_path(resource, method, key));
}

/*
 * fc_send_path
 *		The path of a write; with placeholders if key is NULL.
 *
 * PUT and DELETE take the path by which a row is read, POST that of the list.
 */
const char *
fc_send_path(const FcResource *resource, const char *method,
			 const FcRowKey *key)
{
	FcQuery		query = {.resource = resource};
	FcStep		step = {0};

	step.route = strcmp(method, post.name) == 0 ?
		fc_catalog_list_route(resource) : fc_catalog_row_route(resource);
	if (key != NULL)
	{
		step.id = &key->id;
		step.parents = &key->parent;
		step.nparents = key->has_parent ? 1 : 0;
	}
	return fc_request_path(&query, &step, FC_WITHOUT_FILTERS, true);
}

/*
 * fc_send_integer
 *		An id, from the canonical text of a bigint.
 */
int64
fc_send_integer(const char *text)
{
	return strtoll(text, NULL, 10);
}

/*
 * Send a write.  The caller says what came of it, unless it came to nothing.
 */
static FcAnswer *
send_request(Sending *sending, const char *path, const char *body,
			 uint32 tolerates)
{
	FcSender   *sender = sending->sender;
	const Method *method = sending->method;
	const FcColumn *key = fc_catalog_flagged(sender->table->resource, FC_KEY);
	ErrorContextCallback callback = {error_context_stack, give_advice,
	sending};
	FcExchange	call = {0};
	FcAnswer   *answer;

	fc_pager_drain(sender->table->resource);
	fc_forget_resource(sender->table->resource);

	call.method = method->name;
	call.path = path;
	call.body = body;
	call.kind = method == &post && sender->parent == NULL ?
		FC_PATH_LIST : FC_PATH_PART;
	call.tolerates = tolerates;
	call.naming.path = fc_catalog_path(key);
	if (method != &post)
	{
		call.naming.id = sending->key->id;
		call.prove = prove;
		call.arg = sending;
	}

	error_context_stack = &callback;
	fc_rollback_begin(method->name, path);
	fc_sharing_begin_write(&sender->api->address, sender->table->resource);
	answer = fc_exchange(sender->api, &sender->use, &call);
	fc_generation_end_write(true);
	error_context_stack = callback.previous;

	if (answer->verdict != FC_VERDICT_OK)
		fc_rollback_nothing();
	return answer;
}

/*
 * Read a row to learn whether it was written.  A deleted row may still be
 * shown, with a deleted_at.
 */
static FcProof
prove(void *arg)
{
	const Sending *sending = arg;
	const FcWitness *check = sending->check;
	bool		is_put = sending->method == &put;
	FcJsonNode	item;

	if (!fc_send_read(sending->sender, sending->key,
					  is_put ? check->needs : NIL, true, &item))
		return is_put ? FC_PROOF_ABSENT : FC_PROOF_DONE;
	if (is_put)
		return check->compare(check->arg, item);

	switch (fc_json_kind(fc_json_member(item, "deleted_at")))
	{
		case FC_JSON_ABSENT:
		case FC_JSON_NULL:
			return FC_PROOF_NOT_DONE;
		default:
			return FC_PROOF_DONE;
	}
}

/*
 * The API says that there is no such row.  Or that it has no such method: one
 * answer may stand for either, until the method has worked once.
 */
static bool
check_absence(FcSender *sender, const Method *method, const FcRowKey *key,
			  const char *path)
{
	FcJsonNode	item;
	ErrorContextCallback callback = {error_context_stack, name_request};

	if ((sender->learned.flags & method->learned) != 0 ||
		!fc_send_read(sender, key, NIL, true, &item))
		return false;

	callback.arg = psprintf("%s %s", method->name, path);
	error_context_stack = &callback;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("could not write resource \"%s\": the account has no method %s for it",
					sender->table->resource->name, method->name),
			 errhint("%s", missing_hint(sender, method))));
}

/*
 * What to do where the account lacks a method.
 */
static const char *
missing_hint(const FcSender *sender, const Method *method)
{
	if (method == &delete && sender->table->resource->deactivate != NULL)
		return DEACTIVATE_HINT;
	return method->missing_hint;
}

/*
 * An error is thrown by a write: say what can be done.
 *
 * Only the exchange knows what went wrong, and only we know what was meant.
 */
static void
give_advice(void *arg)
{
	const Sending *sending = arg;

	switch (geterrcode())
	{
		case ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN:
			errhint("%s", sending->method->unknown_hint);
			break;
		case ERRCODE_FEATURE_NOT_SUPPORTED:
			errhint("%s", missing_hint(sending->sender, sending->method));
			break;
		default:
			break;
	}
}

/*
 * Name the request that an error of ours is about, as the exchange does.
 */
static void
name_request(void *arg)
{
	errcontext("FrontCore request %s", (const char *) arg);
}
