/*
 * arena.h
 *		One dynamic shared memory segment of a set size, with room to allocate
 *		from.
 *
 * An arena is how this backend sees the segment.  It may be replaced by a new
 * one; a caller that has pinned the old one keeps it.
 */
#ifndef FC_ARENA_H
#define FC_ARENA_H

#include "storage/lwlock.h"
#include "utils/dsa.h"

/* The part of the fixed shared memory that leads to the segment. */
typedef struct FcArenaRoot
{
	LWLock		lock;			/* guards all but the constant */
	int			tranche;		/* the lock's; constant */
	uint32		handle;			/* of the segment; DSM_HANDLE_INVALID: none */
	int64		failed_at;		/* when there was no memory, 0 if never */
	int			failed_size;	/* for that size, in kB */
} FcArenaRoot;

/* What a new segment begins with: size bytes, which fill sets up. */
typedef struct FcArenaHead
{
	Size		(*size) (Size total);
	void		(*fill) (void *head, Size total, int tranche);
} FcArenaHead;

typedef struct FcArena
{
	struct dsm_segment *dsm;
	dsa_area   *area;			/* never grows */
	void	   *head;			/* as FcArenaHead.fill has left it */
	Size		room;			/* bytes of area */
	uint32		handle;
	int			pins;			/* it stays mapped while there are any */
	struct FcArena *next;		/* retired before this one */
} FcArena;

/* A quarter of what dsa can address, in kB: more than any server has. */
#define FC_ARENA_MAX_SIZE	(256 * 1024 * 1024)

extern int	fc_shared_cache_size;	/* GUC, in kB */

extern void fc_arena_init(FcArenaRoot *memory, int tranche);
extern void fc_arena_attach(FcArenaRoot *memory);
extern FcArena *fc_arena_get(const FcArenaHead *head, bool may_create);
extern bool fc_arena_replace(void);
extern void fc_arena_tidy(void);
extern void fc_arena_detach(void);

#endif							/* FC_ARENA_H */
