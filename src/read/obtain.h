/*
 * obtain.h
 *		Where the answer to a step comes from, and who may use it
 *		afterwards.
 */
#ifndef FC_OBTAIN_H
#define FC_OBTAIN_H

#include "read/routing.h"
#include "read/share.h"

extern FcWalk *fc_obtain_walk(const FcShareReader *reader, bool shares,
							  const FcRouting *routing, const FcStep *step);
extern void fc_obtain_keep_list(const FcShareReader *reader,
								const FcQuery *query, const List *walks);

#endif							/* FC_OBTAIN_H */
