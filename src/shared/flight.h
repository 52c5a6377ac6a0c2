/*
 * flight.h
 *		Who is asking for which answer now, so that others wait for it.
 *
 * A flight begins when a backend is about to ask for an answer that others may
 * share, and ends when the answer is kept, or will not be.
 */
#ifndef FC_FLIGHT_H
#define FC_FLIGHT_H

#include "shared/answers.h"
#include "storage/lwlock.h"

#define FC_FLIGHTS			128
#define FC_FLIGHT_WAITERS	512

/* One answer that is being asked for. */
typedef struct FcFlightEntry
{
	uint64		serial;			/* no other has it; 0: free */
	uint64		hash[2];		/* of the question */
	FcMark		mark;			/* taken when it began */
	int			procno;			/* who asks */
	bool		is_fetching;	/* he waits for a page, ... */
	int64		rests_since;	/* ... or has not, since then */
} FcFlightEntry;

/* A backend that waits for a flight. */
typedef struct FcFlightWaiter
{
	uint64		serial;			/* of the flight; 0: free */
	int			procno;
} FcFlightWaiter;

/* The part of shared memory that all of this lies in. */
typedef struct FcFlights
{
	LWLock		lock;			/* guards all below */
	uint64		serial;			/* of the last flight */
	uint64		failures[FC_FLIGHTS];	/* the last flights that have failed */
	FcFlightEntry entries[FC_FLIGHTS];
	FcFlightWaiter waiters[FC_FLIGHT_WAITERS];
} FcFlights;

/* What came of a flight. */
typedef enum FcFlightEnd
{
	FC_FLIGHT_KEPT,				/* the answer is there, if there was room */
	FC_FLIGHT_ABANDONED,		/* nobody asks any more */
	FC_FLIGHT_FAILED			/* with an error of the API's, or there is no
								 * room: it would not help others to wait */
} FcFlightEnd;

extern void fc_flight_init(FcFlights *memory, int tranche);
extern void fc_flight_attach(FcFlights *memory);

extern bool fc_flight_board(const FcQuestion *question, int place,
							int64 begun_after, bool may_wait, uint64 *flight);
extern double fc_flight_wait(uint64 flight, bool *has_failed);
extern void fc_flight_fetch(uint64 flight, bool begins);
extern void fc_flight_end(uint64 flight, FcFlightEnd end);
extern void fc_flight_note_failure(void);

#endif							/* FC_FLIGHT_H */
