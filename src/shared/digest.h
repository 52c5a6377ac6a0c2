/*
 * digest.h
 *		The names of accounts in shared memory.
 */
#ifndef FC_DIGEST_H
#define FC_DIGEST_H

/*
 * The name of an account, or of a scope or address (api/access.h).  It is a
 * digest, so that no API key gets into shared memory.
 */
typedef struct FcAccount
{
	uint8		digest[16];
} FcAccount;

#endif							/* FC_DIGEST_H */
