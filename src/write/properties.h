/*
 * properties.h
 *		The custom properties of one object, as they are to be.
 */
#ifndef FC_PROPERTIES_H
#define FC_PROPERTIES_H

#include "api/entry.h"
#include "base/json.h"

typedef struct FcProperties FcProperties;

extern FcProperties *fc_properties_open(const FcResource *resource,
										FcJsonNode old);
extern void fc_properties_replace(FcProperties *properties, Datum value,
								  Oid type);
extern void fc_properties_clear(FcProperties *properties);
extern void fc_properties_put(FcProperties *properties, const char *key,
							  const char *value);

extern void fc_properties_append(const FcProperties *properties,
								 StringInfo body);

extern char *fc_properties_text(const FcProperties *properties);
extern char *fc_properties_value(const FcProperties *properties,
								 const char *key);
extern bool fc_properties_same(const FcResource *resource, FcJsonNode a,
							   FcJsonNode b);
extern const char *fc_properties_lost(const FcProperties *properties,
									  FcJsonNode answer);

#endif							/* FC_PROPERTIES_H */
