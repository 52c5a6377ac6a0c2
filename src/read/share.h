/*
 * share.h
 *		Walks and complete lists that sessions give each other.
 */
#ifndef FC_SHARE_H
#define FC_SHARE_H

#include "api/sharing.h"
#include "read/complete.h"

/* On whose behalf answers are taken. */
typedef struct FcShareReader
{
	FcApi	   *api;
	const FcSharing *sharing;
	const char *scope;			/* begins the keys of its own walks */
	FcMeter    *use;
	bool		is_out;			/* the API cannot be asked */
	const List *bindings;		/* of FcBinding *: what the path names */
} FcShareReader;

extern char *fc_share_own_scope(const FcApi *api, bool of_scan);
extern char *fc_share_scope(const char *scope);
extern char *fc_share_key(const char *scope, const FcResource *resource,
						  const char *request);
extern FcWalk *fc_share_take(const FcShareReader *reader,
							 const FcResource *resource,
							 const char *request);
extern FcWalk *fc_share_await(const FcShareReader *reader,
							  const FcResource *resource,
							  const char *request, uint64 *flight);
extern FcComplete *fc_share_take_list(const FcShareReader *reader,
									  const FcResource *resource,
									  uint64 columns);
extern void fc_share_warn(FcMeter *use);
extern bool fc_share_has_stale(const FcShareReader *reader,
							   const FcResource *resource,
							   const char *request);
extern void fc_share_offer(const FcSharing *sharing, FcWalk *walk,
						   const char *request, uint64 flight);
extern void fc_share_keep(const FcSharing *sharing, FcWalk *walk);
extern void fc_share_keep_list(const FcSharing *sharing, FcComplete *whole,
							   const FcResource *resource);

#endif							/* FC_SHARE_H */
