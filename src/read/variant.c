/*
 * variant.c
 *		The path of a walk's requests, with all that is asked for and without
 *		what the API may refuse.
 */
#include "postgres.h"

#include "read/variant.h"

static bool asks_the_same(char *const *paths, int without, int other,
						  bool has_since);

/*
 * fc_variant_paths
 *		The paths of a step, without paging, in the current context.  The index
 *		says what each one does without.
 */
void
fc_variant_paths(char **paths, const FcQuery *query, const FcStep *step)
{
	for (int without = 0; without < FC_VARIANTS; without++)
	{
		/* most often nothing is asked for that the server might refuse */
		if ((without & FC_WITHOUT_FILTERS) &&
			!fc_request_asks_filters(query, step->route))
			paths[without] = paths[without & ~FC_WITHOUT_FILTERS];
		else
			paths[without] = fc_request_path(query, step, without, true);
	}
}

/*
 * fc_variant_less
 *		What to do without, after a refusal: filters and order, or relations,
 *		or both, where that was not asked yet; FC_NOTHING_LESS if nothing is
 *		left to try.
 *
 * has_since: since_id is asked for besides, where filters are.
 */
int
fc_variant_less(char *const *paths, int without, int refused, bool has_since)
{
	for (int less = without + 1; less < FC_VARIANTS; less++)
	{
		bool		is_new = (less & refused) == refused;

		for (int asked = refused; asked < less; asked++)
			is_new = is_new && !asks_the_same(paths, asked, less, has_since);
		if (is_new)
			return less;
	}
	return FC_NOTHING_LESS;
}

static bool
asks_the_same(char *const *paths, int without, int other, bool has_since)
{
	bool		same_since = !has_since ||
	(without & FC_WITHOUT_FILTERS) == (other & FC_WITHOUT_FILTERS);

	return same_since && strcmp(paths[without], paths[other]) == 0;
}
