/*
 * needs.h
 *		Columns that a query needs and the API does not send.
 */
#ifndef FC_NEEDS_H
#define FC_NEEDS_H

#include "api/query.h"

extern void fc_needs_reset(const FcQuery *query);
extern void fc_needs_note(const FcQuery *query, FcJsonNode items);
extern void fc_needs_note_path(FcPresence *presence, FcJsonNode items,
							   const char *path);
extern bool fc_needs_lacking(const FcQuery *query, uint64 present,
							 uint64 *lacking);
extern void fc_needs_blame(const FcQuery *query, int route);
extern void fc_needs_report(const FcQuery *query, uint64 present,
							const char *path, const char *table_name,
							Oid relid, const FcColumn *way);

#endif							/* FC_NEEDS_H */
