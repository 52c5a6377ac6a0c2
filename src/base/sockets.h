/*
 * sockets.h
 *		Wait for several sockets, and for our latch.
 */
#ifndef FC_SOCKETS_H
#define FC_SOCKETS_H

#include "storage/latch.h"

/*
 * A transfer of libcurl's uses a socket, a second one while it tries IPv4 and
 * IPv6 side by side, and one to hear from the resolver; newer versions try up
 * to six addresses.
 */
#define FC_MAX_SOCKETS		16

typedef struct FcSocket
{
	pgsocket	fd;
	uint32		events;			/* WL_SOCKET_READABLE, _WRITEABLE */
} FcSocket;

/* All zeros: nothing is watched, nothing reserved. */
typedef struct FcSockets
{
	int			count;
	FcSocket	sockets[FC_MAX_SOCKETS];
	bool		is_current;		/* set watches these sockets */
	WaitEventSet *set;			/* latch and sockets; NULL if there is none */
	int			descriptors;	/* that fd.c counts for us, but for set's */
} FcSockets;

extern bool fc_sockets_reserve(FcSockets *sockets);
extern void fc_sockets_release(FcSockets *sockets);
extern int	fc_sockets_wait(FcSockets *sockets, WaitEvent *ready,
							double milliseconds);
extern void fc_sockets_forget(FcSockets *sockets);

/* For callbacks of libcurl's: they do not throw. */
extern bool fc_sockets_watch(FcSockets *sockets, pgsocket fd, uint32 events);
extern void fc_sockets_unwatch(FcSockets *sockets, pgsocket fd);

#endif							/* FC_SOCKETS_H */
