/*
 * entry.h
 *		Questions about the catalog's entries.
 *
 * None of them goes by the name of a resource.
 */
#ifndef FC_ENTRY_H
#define FC_ENTRY_H

#include "api/catalog.h"

extern const FcResource *fc_catalog_find(const char *name);
extern const char *fc_catalog_names(void);
extern const char *fc_catalog_members(const FcResource *resource);
extern const FcColumn *fc_catalog_column(const FcResource *resource,
										 const char *name);
extern const FcColumn *fc_catalog_holder(const FcResource *resource,
										 const char *path);
extern bool fc_catalog_knows_path(const FcResource *resource,
								  const char *path);
extern int	fc_catalog_column_number(const FcResource *resource,
									 const FcColumn *column);
extern int	fc_catalog_columns(const FcResource *resource);
extern const FcColumn *fc_catalog_flagged(const FcResource *resource,
										  int flag);
extern const FcColumn *fc_catalog_looked_up(const FcResource *resource,
											int number);
extern const char *fc_catalog_path(const FcColumn *column);
extern bool fc_catalog_is_listed(const char *list, const char *name);
extern const FcColumn *fc_catalog_route_column(const FcResource *resource,
											   const FcRoute *route);
extern const FcRoute *fc_catalog_row_route(const FcResource *resource);
extern const FcRoute *fc_catalog_list_route(const FcResource *resource);
extern uint64 fc_catalog_flat_routes(const FcResource *resource);
extern bool fc_catalog_depends(const FcResource *resource,
							   const FcResource *other);
#ifdef USE_ASSERT_CHECKING
extern void fc_catalog_check(void);
#endif

#endif							/* FC_ENTRY_H */
