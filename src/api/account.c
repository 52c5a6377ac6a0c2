/*
 * account.c
 *		What an account is called, and what is known of its lists before they
 *		are asked for.
 *
 * Planner and pager choose routes by the same facts: what this server has
 * learned of the account, else what is usual, and what the options exclude.
 */
#include "postgres.h"

#include "api/account.h"
#include "common/cryptohash.h"
#include "common/sha2.h"

static void keep(FcLearned *learned, const FcLearned *known);
static void recall(const FcAccount *account, const FcResource *resource,
				   FcLearned *learned);
static double known_rows(const FcResource *resource, const FcLearned *learned);
static FcAccount digest(const char *kind, const char *first,
						const char *second, const char *third);

/*
 * fc_account_limiter
 *		What the limiter calls the account that a server belongs to.
 *
 * Nothing tells whether two keys are of one account, so the key plays no
 * part: everybody who asks one address shares one limit, unless the servers
 * name their accounts.
 */
FcAccount
fc_account_limiter(const FcServer *server)
{
	if (server->limiter_key != NULL)
		return digest("limiter_key", server->limiter_key, "", "");
	return digest("origin", server->origin, "", "");
}

/*
 * fc_account_digest
 *		A digest of a server's address and an API key, for what is learned.
 *
 * It is true of that key alone.  Servers that name different accounts do not
 * share it either, whatever the key.
 */
FcAccount
fc_account_digest(const FcServer *server, const char *api_key)
{
	const char *path = strstr(server->base_url, "://") + strlen("://");

	path += strcspn(path, "/");
	return digest("address and key", psprintf("%s%s", server->origin, path),
				  api_key, server->limiter_key ? server->limiter_key : "");
}

/*
 * fc_account_scope
 *		Whose answers all sessions may share: those to one key at one address.
 */
FcAccount
fc_account_scope(const FcServer *server, const char *api_key)
{
	return digest("answers of " FC_VERSION, server->base_url, api_key, "");
}

/*
 * fc_account_address
 *		What a server's writes may change: all that is read at its address,
 *		with whatever key.
 */
FcAccount
fc_account_address(const FcServer *server)
{
	return digest("address", server->origin, "", "");
}

/*
 * fc_account_load
 *		Fill in facts, which point to *learned, for a query that nothing is
 *		known of.
 *
 * account is NULL where the role has none.  What a statement has learned it
 * keeps, whatever others reset meanwhile: known is that, or NULL.
 */
void
fc_account_load(const FcServer *server, const FcAccount *account,
				const FcResource *resource, const FcLearned *known,
				FcRouteFacts *facts, FcLearned *learned)
{
	uint64		excluded = 0;

	recall(account, resource, learned);
	if (known != NULL)
		keep(learned, known);
	facts->lacks = learned->lacks;
	facts->rows = known_rows(resource, learned);
	facts->selectivity = 1;
	facts->may_feed = server->dates_source != FC_SOURCE_LIST;
	if (server->dates_source == FC_SOURCE_BATCH)
		excluded = fc_catalog_flat_routes(resource);
	fc_route_recall(resource, learned, excluded, facts);

	for (int i = 0; resource->routes[i].path; i++)
	{
		const FcResource *parent;
		FcLearned	of_parent;

		/* of objects that we do not list, there may be one for each row */
		facts->parents[i] = facts->rows;
		if (resource->routes[i].parents == NULL)
			continue;
		parent = fc_catalog_find(resource->routes[i].parents);
		recall(account, parent, &of_parent);
		facts->parents[i] = known_rows(parent, &of_parent);
	}
}

/*
 * What was learned of an account's resource; of none, nothing.
 */
static void
recall(const FcAccount *account, const FcResource *resource,
	   FcLearned *learned)
{
	memset(learned, 0, sizeof(FcLearned));
	learned->rows = -1;
	if (account != NULL)
		(void) fc_stats_learned(account->digest, resource->name, learned);
}

/*
 * Add what was known before.
 *
 * Not which routes are closed, as one that answered again is open.
 */
static void
keep(FcLearned *learned, const FcLearned *known)
{
	learned->flags |= known->flags & ~FC_LEARNED_ANY_CLOSED;
	for (int i = 0; i < lengthof(learned->lacks); i++)
	{
		learned->lacks[i] |= known->lacks[i];
		learned->longest[i] = Max(learned->longest[i], known->longest[i]);
	}
	learned->longest_of_one = Max(learned->longest_of_one,
								  known->longest_of_one);
}

static double
known_rows(const FcResource *resource, const FcLearned *learned)
{
	return learned->rows >= 0 ? learned->rows : resource->expected_rows;
}

/* Digest three texts; digests of different kinds never meet. */
static FcAccount
digest(const char *kind, const char *first, const char *second,
	   const char *third)
{
	const char *const parts[] = {kind, first, second, third};
	FcAccount	account;
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8		whole[PG_SHA256_DIGEST_LENGTH];
	bool		failed = pg_cryptohash_init(context) < 0;

	/* The NUL that ends each part keeps "ab", "c" apart from "a", "bc". */
	for (int i = 0; i < lengthof(parts); i++)
		failed |= pg_cryptohash_update(context, (const uint8 *) parts[i],
									   strlen(parts[i]) + 1) < 0;
	failed |= pg_cryptohash_final(context, whole, sizeof(whole)) < 0;
	if (failed)
		elog(ERROR, "could not compute the digest of an account: %s",
			 pg_cryptohash_error(context));
	pg_cryptohash_free(context);

	memcpy(account.digest, whole, sizeof(account.digest));
	return account;
}
