/*
 * account.c
 *		Which account a key belongs to, and what is known of its lists before
 *		they are asked for.
 *
 * Planner and pager choose routes by the same facts: what this server has
 * learned of the account, else what is usual, and what the options exclude.
 */
#include "postgres.h"

#include "api/account.h"
#include "common/cryptohash.h"
#include "common/sha2.h"

static void keep(FcLearned *learned, const FcLearned *known);
static void digest(FcAccount *account, const char *kind, const char *first,
				   const char *second);
static void recall(const FcAccount *account, const FcResource *resource,
				   FcLearned *learned);
static double known_rows(const FcResource *resource, const FcLearned *learned);

/*
 * fc_account_of
 *		What the limiter calls the account that a key belongs to on a server.
 */
FcAccount
fc_account_of(const FcServer *server, const char *api_key)
{
	FcAccount	account;

	if (server->limiter_key != NULL)
		digest(&account, "limiter_key", server->limiter_key, "");
	else
		digest(&account, "origin and key", server->origin, api_key);

	return account;
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
	fc_query_recall(resource, learned, excluded, facts);

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

/* Digest two texts; digests of different kinds never meet. */
static void
digest(FcAccount *account, const char *kind, const char *first,
	   const char *second)
{
	const char *const parts[] = {kind, first, second};
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

	memcpy(account->digest, whole, sizeof(account->digest));
}
