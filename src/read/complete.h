/*
 * complete.h
 *		Complete lists, which answer narrower questions.
 */
#ifndef FC_COMPLETE_H
#define FC_COMPLETE_H

#include "read/walk.h"

/* A list of which the transaction has every row; its walks are pinned. */
typedef struct FcComplete FcComplete;

/* Where one of its items is. */
typedef struct FcCompleteItem
{
	int64		key;			/* what it was looked up by */
	int			walk;
	int			page;
	Size		offset;			/* of its source in the page's text */
	Size		length;
} FcCompleteItem;

extern FcComplete *fc_complete_register(const char *scope,
										const FcResource *resource,
										FcWalk *const *walks, int nwalks);
extern FcComplete *fc_complete_find(const char *scope,
									const FcResource *resource,
									uint64 columns);
extern uint64 fc_complete_present(const FcComplete *whole);
extern const FcPresence *fc_complete_presence(FcComplete *whole,
											  const char *path);
extern void fc_complete_pin(FcComplete *whole);
extern void fc_complete_release(FcComplete *whole);
extern const FcResource *fc_complete_resource(const FcComplete *whole);
extern int	fc_complete_pages(const FcComplete *whole);
extern int	fc_complete_walks(const FcComplete *whole, FcWalk *const **walks);
extern List *fc_complete_look_up(FcComplete *whole, const FcColumn *column,
								 const FcKeys *keys, FcKeys *missing);
extern const FcCompleteItem *fc_complete_index(FcComplete *whole,
											   const FcColumn *column,
											   int *count);
extern void fc_complete_set_index(FcComplete *whole, const FcColumn *column,
								  const FcCompleteItem *items, int count);
extern FcJsonNode fc_complete_read(FcComplete *whole,
								   const FcCompleteItem *item);
extern const char *fc_complete_request(const FcComplete *whole,
									   const FcCompleteItem *item);
extern void fc_complete_forget(const FcResource *written, const char *scope);

#endif							/* FC_COMPLETE_H */
