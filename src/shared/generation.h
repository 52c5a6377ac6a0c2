/*
 * generation.h
 *		Which answers are still true after writes, for all backends.
 *
 * A generation is a number that goes up with each write to a resource at an
 * address.  A mark is taken when an answer is asked for; the answer may be
 * given to others for as long as its mark holds.
 */
#ifndef FC_GENERATION_H
#define FC_GENERATION_H

#include "port/atomics.h"

#define FC_GENERATION_PLACES	4096
#define FC_OUTAGE_PLACES		64

/* What a write to one resource at one address changes. */
typedef struct FcGenerationPlace
{
	pg_atomic_uint64 number;
	pg_atomic_uint64 not_before;	/* what was asked earlier is void */
} FcGenerationPlace;

/* An account that could not be asked. */
typedef struct FcOutage
{
	pg_atomic_uint64 scope;		/* hash of whose answers */
	pg_atomic_uint64 until;		/* nobody needs to try before */
} FcOutage;

/* The part of shared memory that all of this lies in. */
typedef struct FcGenerations
{
	FcGenerationPlace places[FC_GENERATION_PLACES];
	FcOutage	outages[FC_OUTAGE_PLACES];
} FcGenerations;

/* What held when an answer was asked for. */
typedef struct FcMark
{
	int			place;			/* of the resource at its address */
	uint64		generation;
	int64		asked_at;		/* by fc_generation_clock */
} FcMark;

extern bool fc_generation_may_be_lost(void);
extern void fc_generation_init(FcGenerations *memory, bool may_be_lost);
extern void fc_generation_attach(FcGenerations *memory);

extern int64 fc_generation_clock(void);
extern int	fc_generation_place(const uint8 *address, int resource);
extern void fc_generation_mark(FcMark *mark);
extern bool fc_generation_holds(const FcMark *mark);

extern void fc_generation_begin_write(const uint8 *address,
									  const int *places, int count);
extern void fc_generation_raise(const int *places, int count);
extern void fc_generation_end_write(bool is_known);
extern bool fc_generation_wrote(void);
extern bool fc_generation_wrote_to(const uint8 *address);

extern void fc_generation_note_outage(const uint8 *scope);
extern bool fc_generation_is_out(const uint8 *scope);

#endif							/* FC_GENERATION_H */
