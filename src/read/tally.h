/*
 * tally.h
 *		What the questions of one reader for parts of a list cost.
 */
#ifndef FC_TALLY_H
#define FC_TALLY_H

#include "read/spent.h"
#include "read/stream.h"

typedef struct FcTally
{
	bool		is_kept;		/* answers are, for the transaction */
	bool		is_helper;		/* its requests count as another reader's */
	bool		is_narrow;		/* the query is for a part of the list */
	bool		is_lookup;		/* by keys */
	const FcResource *resource; /* of the query, which may be gone */
	int64		requests_before;	/* that were sent before the query */
	FcSpent		own;			/* by this reader on parts of the list */
} FcTally;

extern void fc_tally_begin(FcTally *tally, const FcStream *stream,
						   const FcQuery *query);
extern void fc_tally_settle(FcTally *tally, const FcStream *stream);
extern bool fc_tally_knows(FcTally *tally, const FcStream *stream,
						   const FcQuery *query);
extern bool fc_tally_wants_list(FcTally *tally, const FcStream *stream,
								const FcQuery *query, bool *drops_missing);
extern void fc_tally_reset(FcTally *tally, const FcStream *stream);

#endif							/* FC_TALLY_H */
