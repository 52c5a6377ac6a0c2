/*
 * complete.h
 *		Complete lists, which answer narrower questions.
 */
#ifndef FC_COMPLETE_H
#define FC_COMPLETE_H

#include "read/walk.h"

/* A list of which the transaction has every row; its walks are pinned. */
typedef struct FcWhole FcWhole;

/* Where one of its items is. */
typedef struct FcWholeItem
{
	int64		key;			/* what it was looked up by */
	int			walk;
	int			page;
	Size		offset;			/* of its source in the page's text */
	Size		length;
} FcWholeItem;

extern void fc_whole_register(const char *scope, const FcResource *resource,
							  FcWalk *const *walks, int nwalks);
extern FcWhole *fc_whole_find(const char *scope, const FcResource *resource,
							  uint64 columns);
extern void fc_whole_pin(FcWhole *whole);
extern void fc_whole_release(FcWhole *whole);
extern int	fc_whole_pages(const FcWhole *whole);
extern int	fc_whole_walks(const FcWhole *whole, FcWalk *const **walks);
extern List *fc_whole_look_up(FcWhole *whole, int column_flag,
							  const FcKeys *keys, FcKeys *missing);
extern FcJsonNode fc_whole_read(FcWhole *whole, const FcWholeItem *item);
extern const char *fc_whole_request(const FcWhole *whole,
									const FcWholeItem *item);
extern void fc_whole_forget(const FcResource *resource,
							const char *scope);

#endif							/* FC_COMPLETE_H */
