/*
 * spent.h
 *		What the transaction has spent on parts of a list.
 *
 * weigh.c compares this with the cost of the whole list, for loops of look-ups
 * in one scan or over many statements.
 */
#ifndef FC_SPENT_H
#define FC_SPENT_H

#include "api/query.h"

/* Queries for parts of one resource's list, and what they have cost. */
typedef struct FcSpent
{
	int			queries;
	double		requests;
	struct HTAB *questions;		/* what they asked for; NULL if not noted */
} FcSpent;

extern FcSpent *fc_spent_on(const char *scope, const FcResource *resource);
extern void fc_spent_add(FcSpent *spent, double requests);
extern bool fc_spent_knows(const FcSpent *spent, const FcQuery *query);
extern void fc_spent_note(FcSpent *spent, const FcQuery *query);
extern void fc_spent_reset(FcSpent *spent);
extern void fc_spent_forget(const FcResource *written);

#endif							/* FC_SPENT_H */
