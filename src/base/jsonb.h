/*
 * jsonb.h
 *		A value of a document as jsonb.
 */
#ifndef FC_JSONB_H
#define FC_JSONB_H

#include "base/json.h"
#include "utils/jsonb.h"

extern Jsonb *fc_jsonb(FcJsonNode node, const char *element);

#endif							/* FC_JSONB_H */
