/*
 * digest.h
 *		What accounts are called in shared memory.
 */
#ifndef FC_DIGEST_H
#define FC_DIGEST_H

/*
 * Names whatever shares something: a digest, so that no key ever gets into
 * shared memory.
 */
typedef struct FcAccount
{
	uint8		digest[16];
} FcAccount;

#endif							/* FC_DIGEST_H */
