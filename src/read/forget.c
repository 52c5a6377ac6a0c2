/*
 * forget.c
 *		Drop what the transaction has kept of a resource or of a scan.
 */
#include "postgres.h"

#include "read/complete.h"
#include "read/forget.h"
#include "read/spent.h"

static bool entry_has_scope(const FcCacheEntry *entry, void *arg);
static bool entry_depends(const FcCacheEntry *entry, void *arg);

/*
 * fc_forget_resource
 *		After a write: drop what the transaction knows of the resource and of
 *		what hangs on it.  Open pagers keep what they began with.
 */
void
fc_forget_resource(const FcResource *resource)
{
	fc_complete_forget(resource, NULL);
	fc_spent_forget(resource);
	fc_cache_drop(entry_depends, unconstify(FcResource *, resource));
}

/*
 * fc_forget_scope
 *		After a scan that kept answers for itself: drop them.
 */
void
fc_forget_scope(const char *scope)
{
	fc_complete_forget(NULL, scope);
	fc_cache_drop(entry_has_scope, unconstify(char *, scope));
}

static bool
entry_has_scope(const FcCacheEntry *entry, void *arg)
{
	return entry->key != NULL &&
		strncmp(entry->key, arg, strlen(arg)) == 0;
}

static bool
entry_depends(const FcCacheEntry *entry, void *arg)
{
	const FcWalk *walk = entry->state;

	return fc_catalog_depends(walk->resource, arg);
}
