/*
 * check.h
 *		WITH CHECK OPTION and policies, before a row is sent.
 */
#ifndef FC_CHECK_H
#define FC_CHECK_H

#include "api/option.h"
#include "nodes/execnodes.h"

/* The checks that new rows of one written table have to pass. */
typedef struct FcCheck
{
	ResultRelInfo *rinfo;
	EState	   *estate;
	const FcTable *table;
	WCOKind		policy_kind;	/* of the policies that hold */
	Bitmapset  *attributes;		/* attribute numbers that checks read */
	List	   *each;			/* the same of each check, of Bitmapset * */
	TupleTableSlot *slot;		/* for rows as they will be sent */
} FcCheck;

extern FcCheck *fc_check_begin(ResultRelInfo *rinfo, EState *estate,
							   const FcTable *table, CmdType operation);
extern void fc_check_row(FcCheck *check, const Datum *values,
						 const bool *isnull, const Bitmapset *known);

#endif							/* FC_CHECK_H */
