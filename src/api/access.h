/*
 * access.h
 *		A role's access to the account behind a server.
 */
#ifndef FC_ACCESS_H
#define FC_ACCESS_H

#include "api/option.h"

/*
 * One user's way to one account.  It lives at least as long as the
 * transaction it was opened in, even if its options change meanwhile.
 */
typedef struct FcApi
{
	Oid			serverid;
	Oid			userid;
	Oid			mappingid;
	Oid			mapping_owner;	/* InvalidOid: PUBLIC */
	FcAccount	limiter;		/* whose limit counts */
	FcAccount	account;		/* of whom something is learned */
	FcAccount	scope;			/* whose answers all sessions may share */
	FcAccount	address;		/* what writes may change */
	uint64		generation;		/* another one after each change of options */
	const FcServer *server;		/* as the options were at fc_access_open */
	struct FcConnection *connection;	/* api/connection.h */
} FcApi;

extern FcApi *fc_access_open(Oid serverid, Oid userid);

#endif							/* FC_ACCESS_H */
