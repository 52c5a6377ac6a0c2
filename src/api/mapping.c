/*
 * mapping.c
 *		What a role's user mapping on a server says.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "api/mapping.h"
#include "api/option.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

static char *given_secret(List *given, const char *name);

/*
 * fc_mapping_find
 *		The user mapping that a role uses on a server: its own, or PUBLIC's.
 *
 * Its mappingid is InvalidOid if there is none.
 */
FcMapping
fc_mapping_find(Oid serverid, Oid userid)
{
	const Oid	owners[] = {userid, InvalidOid};	/* InvalidOid is PUBLIC */
	HeapTuple	tuple = NULL;
	FcMapping	mapping = {InvalidOid};
	Datum		stored;
	bool		isnull;

	for (int i = 0; i < lengthof(owners) && tuple == NULL; i++)
	{
		mapping.owner = owners[i];
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER,
								ObjectIdGetDatum(mapping.owner),
								ObjectIdGetDatum(serverid));
	}
	if (tuple == NULL)
		return mapping;

	mapping.mappingid = ((Form_pg_user_mapping) GETSTRUCT(tuple))->oid;
	stored = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple,
							 Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
	{
		List	   *given = untransformRelOptions(stored);

		mapping.api_key = given_secret(given, "api_key");
		mapping.proxy_user = given_secret(given, "proxy_user");
		mapping.proxy_password = given_secret(given, "proxy_password");
	}
	ReleaseSysCache(tuple);

	return mapping;
}

/*
 * fc_mapping_get
 *		The user mapping that a role uses on a server, with an API key.
 *
 * Throws if there is none.  Unlike GetUserMapping, with an SQLSTATE for a
 * login that cannot work, and a hint at the statement that makes it work.
 */
FcMapping
fc_mapping_get(Oid serverid, Oid userid)
{
	FcMapping	mapping = fc_mapping_find(serverid, userid);
	const char *server;

	if (mapping.api_key != NULL)
		return mapping;

	server = GetForeignServer(serverid)->servername;
	if (!OidIsValid(mapping.mappingid))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("no user mapping for role \"%s\" on server \"%s\"",
						MappingUserName(userid), server),
				 errhint("Run: CREATE USER MAPPING FOR %s SERVER %s OPTIONS (api_key '...');",
						 quote_identifier(MappingUserName(userid)),
						 quote_identifier(server))));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("user mapping for role \"%s\" on server \"%s\" has no API key",
					MappingUserName(mapping.owner), server),
			 errhint("Run: ALTER USER MAPPING FOR %s SERVER %s OPTIONS (ADD api_key '...');",
					 quote_identifier(MappingUserName(mapping.owner)),
					 quote_identifier(server))));
}

/*
 * A mapping option's value, NULL if it was not given.  It is the only copy,
 * which the caller may erase.
 */
static char *
given_secret(List *given, const char *name)
{
	return unconstify(char *, fc_option_given(given, name, NULL));
}
