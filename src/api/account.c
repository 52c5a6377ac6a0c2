/*
 * account.c
 *		The names of an account, and what is known of its lists before they are
 *		asked for.
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
 *		The limiter's name for the account that a server belongs to.
 *
 * We cannot tell whether two keys are of one account, so the key plays no
 * part: all who ask one address share one limit, unless their servers have the
 * option limiter_key.
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
 *		The name under which we store what was learned of an account: a digest
 *		of a server's address and an API key.
 *
 * What was learned with one key may not hold for another one.  Servers with
 * different limiter_key do not share it either, even with the same key.
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
 *		The name under which sessions share answers: a digest of a key and an
 *		address.
 */
FcAccount
fc_account_scope(const FcServer *server, const char *api_key)
{
	return digest("answers of " FC_VERSION, server->base_url, api_key, "");
}

/*
 * fc_account_address
 *		The name of what a server's writes may change: a digest of its address,
 *		as a write changes what every key reads there.
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
