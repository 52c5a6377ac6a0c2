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
#include "plan/implied.h"

extern bool fc_bind_waits(Node *operand, EState *estate);
extern List *fc_bind_numbers(const List *conditions);
extern FcOperands *fc_bind_operands(const List *conditions,
									const List *exprs,
									ExprContext *econtext, int given);
extern void fc_bind_query(FcQuery *query, const List *conditions,
						  const FcOperands *operands,
						  const FcServer *server, bool push_filters);

#endif							/* FC_BIND_H */
