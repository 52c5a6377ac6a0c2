/*
 * sharing.h
 *		Which answers of other sessions a scan accepts, and how they are found.
 *
 * Nothing here does I/O; the planner looks, too.
 */
#ifndef FC_SHARING_H
#define FC_SHARING_H

#include "api/option.h"
#include "api/request.h"
#include "shared/answers.h"

/* What a scan with cache 'shared' accepts. */
typedef struct FcSharing
{
	FcAccount	scope;			/* whose answers */
	FcAccount	address;		/* what writes may change */
	const char *base_url;
	int64		began;			/* the statement, by fc_generation_clock */
	int64		accepted;		/* age in microseconds; 0: none begun before */
	int64		stale;			/* and so much more if the API is out */
} FcSharing;

/*
 * What is kept of a complete list besides its walks: FcSharedAnswer.meta.
 * FcSharedPart for each walk follows, then their requests, each with its NUL.
 * The answer's texts are the list's indexes, by each column that is looked up.
 */
typedef struct FcSharedList
{
	uint64		present;		/* columns that its items hold, as bits */
	int			pages;
	int			nparts;
} FcSharedList;

typedef struct FcSharedPart
{
	uint64		serial;			/* of the answer that the index is of */
	Size		request;		/* where it is, from FcSharedList on */
} FcSharedPart;

/* Lists of one resource that are kept side by side, by their columns. */
#define FC_SHARED_LISTS		4

extern double fc_max_age;		/* GUC frontcore_fdw.max_age, in seconds */

extern void fc_sharing_begin(FcSharing *sharing, const FcServer *server,
							 const FcTable *table, const FcAccount *scope);
extern int64 fc_sharing_grain(const FcServer *server, const FcTable *table);
extern FcFreshness fc_sharing_freshness(const FcSharing *sharing,
										bool is_out);
extern FcQuestion fc_sharing_question(const FcSharing *sharing,
									  const FcResource *resource,
									  const char *request);
extern char *fc_sharing_request(const FcQuery *query, const FcStep *step);
extern char *fc_sharing_list(const FcResource *resource, int number);
extern FcSharedAnswer *fc_sharing_find_list(const FcSharing *sharing,
											const FcResource *resource,
											uint64 columns, bool is_out);
extern uint64 fc_sharing_list_hash(const FcSharing *sharing,
								   const FcResource *resource);
extern int	fc_sharing_place(const FcAccount *address,
							 const FcResource *resource);
extern void fc_sharing_begin_write(const FcAccount *address,
								   const FcResource *resource);
extern void fc_sharing_drop(const FcAccount *address);

#endif							/* FC_SHARING_H */
