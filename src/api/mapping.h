/*
 * mapping.h
 *		What a role's user mapping on a server says.
 */
#ifndef FC_MAPPING_H
#define FC_MAPPING_H

/* What a role's user mapping says; texts are in the current context. */
typedef struct FcMapping
{
	Oid			mappingid;		/* InvalidOid if there is none */
	Oid			owner;			/* InvalidOid: PUBLIC */
	char	   *api_key;		/* NULL if not given, as the next two */
	char	   *proxy_user;
	char	   *proxy_password;
} FcMapping;

extern FcMapping fc_mapping_find(Oid serverid, Oid userid);
extern FcMapping fc_mapping_get(Oid serverid, Oid userid);

#endif							/* FC_MAPPING_H */
