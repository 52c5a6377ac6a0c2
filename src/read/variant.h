/*
 * variant.h
 *		The path of a walk's requests, with all that is asked for and without
 *		what the API may refuse.
 *
 * walk.c decides when less is asked for.
 */
#ifndef FC_VARIANT_H
#define FC_VARIANT_H

#include "api/request.h"

/* So many combinations of FC_WITHOUT_... there are. */
#define FC_VARIANTS			4

/* There is nothing that a request could do without. */
#define FC_NOTHING_LESS		(-1)

extern void fc_variant_paths(char **paths, const FcQuery *query,
							 const FcStep *step);
extern int	fc_variant_less(char *const *paths, int without, int refused,
							bool has_since);

#endif							/* FC_VARIANT_H */
