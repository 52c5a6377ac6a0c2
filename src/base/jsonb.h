/*
 * jsonb.h
 *		Convert a value of a JSON document to jsonb.
 */
#ifndef FC_JSONB_H
#define FC_JSONB_H

#include "base/json.h"
#include "utils/jsonb.h"

extern Jsonb *fc_jsonb(FcJsonNode node, const char *element);

#endif							/* FC_JSONB_H */
