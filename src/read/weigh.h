/*
 * weigh.h
 *		Is a list cheaper read whole than in parts?
 */
#ifndef FC_WEIGH_H
#define FC_WEIGH_H

#include "read/routing.h"
#include "read/spent.h"

extern bool fc_weigh_list(const FcRouting *routing, double estimated,
						  const FcSpent *spent, const FcSpent *own,
						  double shared, bool *in_scan);

#endif							/* FC_WEIGH_H */
