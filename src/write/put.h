/*
 * put.h
 *		Write a row without losing fields that a PUT omits.
 */
#ifndef FC_PUT_H
#define FC_PUT_H

#include "write/body.h"
#include "write/image.h"
#include "write/send.h"

/* One statement's way to write rows, whatever the account does with them. */
typedef struct FcPut
{
	FcSender   *sender;
	FcImager   *imager;
	bool		tolerates_refusal;	/* of the PUT that puts values back */
} FcPut;

/* A row as it was before the statement writes it. */
typedef struct FcOldRow
{
	FcRowKey	key;
	FcImage		seen;			/* what the statement's scan has read of it */
	bool		has_item;
	FcJsonNode	item;			/* the row as it was read by itself */
	FcImage		image;			/* of item */
} FcOldRow;

/* What came of a write, besides success. */
typedef struct FcWritten
{
	FcJsonNode	answer;			/* the API's, absent if it is empty */
	FcJsonNode	item;			/* the row read afterwards, absent if not */
} FcWritten;

extern FcPut *fc_put_begin(FcSender *sender);
extern bool fc_put_find_parent(FcPut *put, FcOldRow *row);
extern bool fc_put_old_properties(FcPut *put, FcOldRow *row,
								  FcJsonNode *properties);
extern bool fc_put_trusts_null(const FcPut *put,
							   const FcColumn *column);

extern void fc_put_insert(FcPut *put, FcDraft *draft,
						  FcRowKey *key, FcWritten *written);
extern bool fc_put_update(FcPut *put, FcDraft *draft,
						  FcOldRow *row, FcWritten *written);

#endif							/* FC_PUT_H */
