/*
 * image.h
 *		An item as far as a write can change it, to be compared and sent again.
 */
#ifndef FC_IMAGE_H
#define FC_IMAGE_H

#include "api/value.h"
#include "read/tuple.h"

/* What turns items into images; made once for a statement. */
typedef struct FcImager
{
	FcTable		table;			/* the resource's fields, as a table */
	TupleDesc	tupdesc;
	FcTupleReader *reader;
	List	   *needs;			/* what to ask for: of FcNeed * */
	uint64		columns;		/* those that a write can change, as bits */
} FcImager;

extern FcImager *fc_image_prepare(const FcTable *table,
								  const char *naive_timezone);
extern void fc_image_read(const FcImager *imager, FcJsonNode item,
						  FcImage *image);

extern bool fc_image_is_empty(const char *text);
extern bool fc_image_is_reset(const FcResource *resource,
							  const FcImage *image, int number);

#endif							/* FC_IMAGE_H */
