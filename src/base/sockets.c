/*
 * sockets.c
 *		Wait for several sockets, and for our latch.
 *
 * A socket cannot be removed from a wait set of PostgreSQL's, so each change
 * of what is watched makes a new set, when somebody next waits.
 */
#include "postgres.h"

#include "base/sockets.h"
#include "base/wait.h"
#include "compat.h"
#include "miscadmin.h"
#include "storage/fd.h"

/*
 * File descriptors that a connection keeps open: its socket, libcurl's wake-up
 * pair, and one for the wait set.  We reserve them early, as running out of
 * them after a request was sent would lose its answer.
 */
#define KEPT_DESCRIPTORS	4

static WaitEventSet *get_set(FcSockets *sockets);

/*
 * fc_sockets_reserve
 *		Tell fd.c of the file descriptors that a connection will need.
 *
 * Returns false if it has no room for all of them.
 */
bool
fc_sockets_reserve(FcSockets *sockets)
{
	while (sockets->descriptors < KEPT_DESCRIPTORS)
	{
		if (!AcquireExternalFD())
		{
			fc_sockets_release(sockets);
			return false;
		}
		sockets->descriptors++;
	}
	return true;
}

/*
 * fc_sockets_release
 *		Tell fd.c that the file descriptors are not needed any more.
 */
void
fc_sockets_release(FcSockets *sockets)
{
	while (sockets->descriptors > 0)
	{
		ReleaseExternalFD();
		sockets->descriptors--;
	}
}

/*
 * fc_sockets_wait
 *		Wait until a socket is ready, or so many milliseconds.
 *
 * Returns how many are ready, and fills in which.
 */
int
fc_sockets_wait(FcSockets *sockets, WaitEvent *ready, double milliseconds)
{
	WaitEventSet *set = get_set(sockets);

	if (set != NULL)
		return fc_wait_sockets(set, ready, FC_MAX_SOCKETS, milliseconds,
							   FC_WAIT_HTTP);
	fc_wait(milliseconds, FC_WAIT_HTTP);
	return 0;
}

/*
 * fc_sockets_forget
 *		Free the wait set, and keep the list of sockets to watch.
 *
 * Does not throw.
 */
void
fc_sockets_forget(FcSockets *sockets)
{
	if (sockets->set != NULL)
		FreeWaitEventSet(sockets->set);
	sockets->set = NULL;
	while (sockets->descriptors < KEPT_DESCRIPTORS)
	{
		ReserveExternalFD();
		sockets->descriptors++;
	}
	sockets->is_current = false;
}

/*
 * fc_sockets_watch
 *		Watch a socket, or watch it for other events; false if there are too
 *		many.
 */
bool
fc_sockets_watch(FcSockets *sockets, pgsocket fd, uint32 events)
{
	int			i = 0;

	sockets->is_current = false;
	while (i < sockets->count && sockets->sockets[i].fd != fd)
		i++;
	if (i == FC_MAX_SOCKETS)
		return false;
	if (i == sockets->count)
		sockets->count++;
	sockets->sockets[i].fd = fd;
	sockets->sockets[i].events = events;
	return true;
}

/*
 * fc_sockets_unwatch
 *		Stop watching a socket.
 */
void
fc_sockets_unwatch(FcSockets *sockets, pgsocket fd)
{
	sockets->is_current = false;
	for (int i = 0; i < sockets->count; i++)
	{
		if (sockets->sockets[i].fd == fd)
		{
			sockets->sockets[i] = sockets->sockets[--sockets->count];
			return;
		}
	}
}

/* The wait set of our latch and the sockets; NULL if there is no socket. */
static WaitEventSet *
get_set(FcSockets *sockets)
{
	if (sockets->is_current)
		return sockets->set;

	fc_sockets_forget(sockets);
	sockets->is_current = true;
	if (sockets->count == 0)
		return NULL;
	ReleaseExternalFD();
	sockets->descriptors--;
	sockets->set = fc_create_wait_event_set(FC_MAX_SOCKETS + 2);
	AddWaitEventToSet(sockets->set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch,
					  NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(sockets->set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET,
						  NULL, NULL);
	for (int i = 0; i < sockets->count; i++)
	{
		FcSocket   *socket = &sockets->sockets[i];

		if (socket->events != 0)
			AddWaitEventToSet(sockets->set, socket->events, socket->fd, NULL,
							  NULL);
	}
	return sockets->set;
}
