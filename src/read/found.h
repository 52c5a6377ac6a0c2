/*
 * found.h
 *		Items that are looked up in a complete list.
 */
#ifndef FC_FOUND_H
#define FC_FOUND_H

#include "read/complete.h"
#include "read/stream.h"

/* All zeros: none. */
typedef struct FcFound
{
	FcComplete *whole;			/* the list, pinned */
	List	   *items;			/* of FcCompleteItem * */
	int			next;			/* of items, to be given */
} FcFound;

extern FcComplete *fc_found_list(const FcStream *stream);
extern void fc_found_look_up(FcFound *found, const FcStream *stream,
							 FcComplete *whole, const FcColumn *column,
							 const FcKeys *keys, FcKeys *missing);
extern bool fc_found_next(FcFound *found, const FcStream *stream,
						  FcJsonNode *item, const char **request);
extern void fc_found_forget(FcFound *found);

#endif							/* FC_FOUND_H */
