/*
 * sharing.c
 *		Which answers of other sessions a scan accepts, and how they are found.
 *
 * An answer is found by its resource and by the path of its request without
 * paging, which is the same for all who ask the same question.  (A list that a
 * table names by path is a resource of its own, even if its request is that of
 * another resource, as its columns are others.)  A complete list is also found
 * by its resource's name, and then answers narrower questions.
 */
#include "postgres.h"

#include "api/account.h"
#include "api/sharing.h"
#include "common/hashfn.h"
#include "datatype/timestamp.h"

#define MICROSECONDS	1000000.0

/* Resources that a write may change, lists by path being one together. */
#define MAX_PLACES		24
#define BY_PATH			(MAX_PLACES - 1)	/* above the catalog's numbers */

double		fc_max_age = -1;

static bool has_all_parts(const FcSharing *sharing,
						  const FcResource *resource,
						  const FcSharedAnswer *answer,
						  const FcFreshness *freshness);
static int	list_places(const FcAccount *address, const FcResource *resource,
						int *places);

/*
 * fc_sharing_begin
 *		What a scan of the table accepts that begins now.
 */
void
fc_sharing_begin(FcSharing *sharing, const FcServer *server,
				 const FcTable *table, const FcAccount *scope)
{
	sharing->scope = *scope;
	sharing->address = fc_account_address(server);
	sharing->base_url = server->base_url;
	sharing->began = fc_generation_clock();
	sharing->accepted = fc_max_age >= 0 ?
		(int64) (fc_max_age * MICROSECONDS) :
		INT64CONST(1000) * table->cache_ttl_ms;
	sharing->stale = sharing->accepted == 0 ? 0 :
		INT64CONST(1000) * table->stale_if_error_ms;
}

/*
 * fc_sharing_grain
 *		What bounds of instants are rounded to, in microseconds.  Sessions that
 *		ask for "the last day" then send the same request for a while.
 *
 * Bounds are widened anyway: by a day where the API's zone is not known, else
 * by a second or more.
 */
int64
fc_sharing_grain(const FcServer *server, const FcTable *table)
{
	if (table->cache != FC_CACHE_SHARED)
		return 0;
	return server->filter_timezone == NULL ? USECS_PER_HOUR :
		USECS_PER_MINUTE;
}

/*
 * fc_sharing_freshness
 *		How fresh an answer has to be now.  is_out: the API cannot be asked.
 *
 * An answer that was asked for since the statement began is always fresh
 * enough.
 */
FcFreshness
fc_sharing_freshness(const FcSharing *sharing, bool is_out)
{
	FcFreshness freshness = {PG_INT64_MAX, sharing->began};

	if (sharing->accepted > 0)
		freshness.sent_after = fc_generation_clock() - sharing->accepted -
			(is_out ? sharing->stale : 0);
	return freshness;
}

/*
 * fc_sharing_question
 *		A request for items of a resource, as other sessions know it.
 */
FcQuestion
fc_sharing_question(const FcSharing *sharing, const FcResource *resource,
					const char *request)
{
	FcQuestion	question = {sharing->scope.digest, resource->name, request};

	return question;
}

/*
 * fc_sharing_request
 *		What the answer to a step is found by.
 */
char *
fc_sharing_request(const FcQuery *query, const FcStep *step)
{
	char	   *path = fc_request_path(query, step, 0, true);

	if (!query->has_since || (step->route->flags & FC_SINCE) == 0)
		return path;
	return psprintf("%s%csince_id=" INT64_FORMAT, path,
					strchr(path, '?') ? '&' : '?', query->since);
}

/*
 * fc_sharing_list
 *		What one of a resource's complete lists is found by.
 */
char *
fc_sharing_list(const FcResource *resource, int number)
{
	return psprintf("list %d of %s", number, resource->name);
}

/*
 * fc_sharing_find_list
 *		A complete list of the resource whose items hold these columns, and
 *		whose parts are all there; NULL if there is none.
 */
FcSharedAnswer *
fc_sharing_find_list(const FcSharing *sharing, const FcResource *resource,
					 uint64 columns, bool is_out)
{
	FcFreshness freshness = fc_sharing_freshness(sharing, is_out);

	for (int i = 0; i < FC_SHARED_LISTS; i++)
	{
		FcQuestion	question = fc_sharing_question(sharing, resource,
												   fc_sharing_list(resource,
																   i));
		FcSharedAnswer *answer = fc_answers_find(&question, &freshness);

		if (answer == NULL)
			continue;
		if ((columns & ~((const FcSharedList *) answer->meta)->present) == 0 &&
			has_all_parts(sharing, resource, answer, &freshness))
			return answer;
		fc_answers_release(answer);
	}
	return NULL;
}

/* Are a list's parts still those that its indexes are of? */
static bool
has_all_parts(const FcSharing *sharing, const FcResource *resource,
			  const FcSharedAnswer *answer, const FcFreshness *freshness)
{
	const FcSharedList *list = (const FcSharedList *) answer->meta;
	const FcSharedPart *parts = (const FcSharedPart *) (list + 1);

	for (int i = 0; i < list->nparts; i++)
	{
		FcQuestion	question = fc_sharing_question(sharing, resource,
												   answer->meta +
												   parts[i].request);
		FcAnswerGlance glance;

		if (!fc_answers_look(&question, freshness, &glance) ||
			glance.serial != parts[i].serial)
			return false;
	}
	return true;
}

/*
 * fc_sharing_list_hash
 *		What a resource's list is called in sums of what was spent on it; other
 *		after a write, as the answers are gone then.
 */
uint64
fc_sharing_list_hash(const FcSharing *sharing, const FcResource *resource)
{
	FcMark		mark = {fc_sharing_place(&sharing->address, resource)};
	uint64		hash;

	fc_generation_mark(&mark);
	hash = hash_bytes_extended(sharing->scope.digest,
							   sizeof(sharing->scope.digest), mark.generation);
	return hash_bytes_extended((const unsigned char *) resource->name,
							   strlen(resource->name), hash);
}

/*
 * fc_sharing_place
 *		Where the generation of a resource's answers lies.
 *
 * All lists by path share one generation, as any write may change them.
 */
int
fc_sharing_place(const FcAccount *address, const FcResource *resource)
{
	return fc_generation_place(address->digest,
							   (resource->abilities & FC_BY_PATH) ? BY_PATH :
							   (int) (resource - fc_resources));
}

/*
 * fc_sharing_begin_write
 *		A write to the resource is about to be sent, or to any resource if it
 *		is NULL: from now on nobody takes an answer that it may change.
 */
void
fc_sharing_begin_write(const FcAccount *address, const FcResource *resource)
{
	int			places[MAX_PLACES];
	int			count = list_places(address, resource, places);

	fc_generation_begin_write(address->digest, places, count);
}

/*
 * fc_sharing_drop
 *		From now on nobody takes an answer of the address that was asked for
 *		before.
 */
void
fc_sharing_drop(const FcAccount *address)
{
	int			places[MAX_PLACES];
	int			count = list_places(address, NULL, places);

	fc_generation_raise(places, count);
}

/*
 * The places of what a write to a resource may change; of all there is, if the
 * resource is NULL.  Returns their number.
 */
static int
list_places(const FcAccount *address, const FcResource *resource, int *places)
{
	int			count = 0;

	places[count++] = fc_generation_place(address->digest, BY_PATH);
	for (int i = 0; fc_resources[i].name != NULL; i++)
	{
		if (resource != NULL &&
			!fc_catalog_depends(&fc_resources[i], resource))
			continue;
		Assert(count < MAX_PLACES);
		places[count++] = fc_sharing_place(address, &fc_resources[i]);
	}
	return count;
}
