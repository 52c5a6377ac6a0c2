/*
 * change.h
 *		Rows of a table that is written: slots in, slots out.
 */
#ifndef FC_CHANGE_H
#define FC_CHANGE_H

#include "nodes/execnodes.h"
#include "write/check.h"
#include "write/put.h"

/* One statement's changes to one table. */
typedef struct FcChange
{
	const FcServer *server;
	const FcTable *table;
	TupleDesc	tupdesc;
	FcPut	   *put;			/* and its sender */
	Bitmapset  *returned;		/* attribute numbers wanted after a write */
	bool		returns_ctid;	/* of the row in the slot */
	FcCheck    *check;			/* what new rows have to pass, or NULL */
	struct HTAB *touched;		/* ids updated or deleted; NULL at first */
	MemoryContext row_context;	/* of one row */
} FcChange;

extern FcChange *fc_change_begin(Relation rel, Oid userid, EState *estate,
								 Bitmapset *returned, bool returns_ctid);
extern struct HTAB *fc_change_make_ids(FcChange *change);
extern bool fc_change_is_first(FcChange *change, int64 id);
extern void fc_change_see(const FcChange *change, FcOldRow *row,
						  AttrNumber attnum, Datum value, bool isnull);

extern void fc_change_context(void *arg);
extern void fc_change_foresee_insert(const FcChange *change,
									 TupleTableSlot *slot);
extern bool fc_change_foresee_update(const FcChange *change,
									 const Bitmapset *attributes,
									 const Bitmapset *seen,
									 TupleTableSlot *slot);
extern void fc_change_insert(FcChange *change, TupleTableSlot *slot);
extern bool fc_change_update(FcChange *change, FcOldRow *row,
							 const Bitmapset *attributes,
							 const Bitmapset *seen, TupleTableSlot *slot);
extern bool fc_change_delete(FcChange *change, FcOldRow *row);
extern void fc_change_identify(const FcChange *change, int64 id,
							   ItemPointer ctid);

#endif							/* FC_CHANGE_H */
