/*
 * harvest.h
 *		Items that a statement's scan has read and that it may write.
 */
#ifndef FC_HARVEST_H
#define FC_HARVEST_H

#include "base/json.h"
#include "nodes/execnodes.h"

typedef struct FcHarvest FcHarvest;

extern FcHarvest *fc_harvest_begin(EState *estate, Oid relid);
extern void fc_harvest_add(FcHarvest *harvest, int64 id, FcJsonNode item);
extern bool fc_harvest_find(EState *estate, Oid relid, int64 id,
							FcJsonNode *item);

#endif							/* FC_HARVEST_H */
