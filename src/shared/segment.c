/*
 * segment.c
 *		Dynamic shared memory, where having none is no error.
 *
 * dsm_create and dsm_attach throw where memory ends.  What they leave behind
 * then hangs on a resource owner of our own, so that no transaction finds it.
 */
#include "postgres.h"

#include "shared/segment.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * fc_segment_map
 *		Map the segment with that handle; or, if a size is given, create one.
 *
 * The mapping lasts as long as the backend.  NULL if the segment is gone, or
 * there is no memory for it; then *shortage is set to the reason, in the
 * current context.  Call it with no lock held.  Throws if the backend is asked
 * to end or to cancel.
 */
dsm_segment *
fc_segment_map(uint32 handle, Size size, char **shortage)
{
	ResourceOwner oldowner = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(NULL, "frontcore_fdw segment");
	MemoryContext oldcontext = CurrentMemoryContext;
	dsm_segment *volatile dsm = NULL;
	ErrorData  *volatile error = NULL;

	CurrentResourceOwner = owner;
	PG_TRY();
	{
		if (size > 0)
			dsm = dsm_create(size, 0);
		else if ((dsm = dsm_find_mapping(handle)) == NULL)
			dsm = dsm_attach(handle);
		if (dsm != NULL)
			dsm_pin_mapping(dsm);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		FlushErrorState();
		dsm = NULL;
	}
	PG_END_TRY();

	CurrentResourceOwner = oldowner;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(owner);

	if (error == NULL)
		return dsm;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	*shortage = pstrdup(error->message);
	FreeErrorData(error);
	return NULL;
}
