/*
 * bind.h
 *		What a query asks for, once the operands of its conditions are known.
 *
 * Nothing here does I/O.
 */
#ifndef FC_BIND_H
#define FC_BIND_H

#include "api/option.h"
#include "api/query.h"
#include "nodes/execnodes.h"

/* The operands of a scan's conditions, by number. */
typedef struct FcOperands
{
	Oid		   *types;
	Datum	   *values;
	bool	   *isnull;
} FcOperands;

extern bool fc_bind_waits(Node *operand, EState *estate);
extern FcOperands *fc_bind_operands(const List *conditions,
									const List *exprs,
									ExprContext *econtext, int given);
extern void fc_bind_query(FcQuery *query, const List *conditions,
						  const FcOperands *operands,
						  const FcServer *server, bool push_filters);

#endif							/* FC_BIND_H */
