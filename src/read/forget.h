/*
 * forget.h
 *		Drop what the transaction has kept of a resource or of a scan.
 */
#ifndef FC_FORGET_H
#define FC_FORGET_H

#include "api/catalog.h"

extern void fc_forget_resource(const FcResource *resource);
extern void fc_forget_scope(const char *scope);

#endif							/* FC_FORGET_H */
