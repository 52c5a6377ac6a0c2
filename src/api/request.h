/*
 * request.h
 *		The path and the parameters of a request that reads.
 *
 * Pages are not for here: a walk adds limit, page and since_id.
 */
#ifndef FC_REQUEST_H
#define FC_REQUEST_H

#include "api/query.h"

/* What one request along a route is for; keys belong to the query. */
typedef struct FcStep
{
	const FcRoute *route;
	const int64 *id;			/* NULL if none */
	const int64 *parents;
	int			nparents;
	List	   *bindings;		/* of FcBinding *, each of one value */
	int			width;			/* ids or parents that it deals with */
} FcStep;

/* What a request may do without, if the API refuses it; to be combined. */
#define FC_WITHOUT_FILTERS	0x1 /* nor order */
#define FC_WITHOUT_INCLUDES	0x2

extern char *fc_request_path(const FcQuery *query, const FcStep *step,
							 int without, bool is_encoded);
extern bool fc_request_asks_filters(const FcQuery *query,
									const FcRoute *route);
extern int	fc_request_first_size(const FcQuery *query,
								  const FcRoute *route);
extern char *fc_request_describe(const FcQuery *query, const FcRoute *route);

#endif							/* FC_REQUEST_H */
