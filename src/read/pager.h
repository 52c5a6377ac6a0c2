/*
 * pager.h
 *		A query becomes the items that answer it.
 *
 * Pages are asked for one by one, as items are taken.
 */
#ifndef FC_PAGER_H
#define FC_PAGER_H

#include "api/exchange.h"
#include "api/query.h"
#include "api/sharing.h"

typedef struct FcPager FcPager;

/* How long answers are kept. */
typedef enum FcKeep
{
	FC_KEEP_NOTHING,			/* each item is read once */
	FC_KEEP_SCAN,				/* for the rescans of one scan */
	FC_KEEP_TRANSACTION			/* for the transaction */
} FcKeep;

/* Lets a reader that has not asked yet do so before a write, if it can. */
typedef void (*FcPagerPrepare) (void *arg);

extern FcPager *fc_pager_begin(FcApi *api, FcMeter *use, FcKeep keep,
							   const char *table_name);
extern void fc_pager_on_drain(FcPager *pager, const FcResource *resource,
							  FcPagerPrepare prepare, void *arg);
extern void fc_pager_pass_caches(FcPager *pager);
extern void fc_pager_share(FcPager *pager, const FcSharing *sharing);
extern void fc_pager_ask(FcPager *pager, const FcQuery *query);
extern bool fc_pager_next(FcPager *pager, FcJsonNode *item);
extern void fc_pager_rewind(FcPager *pager);
extern const char *fc_pager_request(const FcPager *pager);
extern List *fc_pager_bindings(const FcPager *pager);
extern void fc_pager_end(FcPager *pager);

extern void fc_pager_drain(const FcResource *resource);

#endif							/* FC_PAGER_H */
