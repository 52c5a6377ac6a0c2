/*
 * ending.h
 *		Has a list ended with its last page?
 *
 * Decides from what the pages held and what is known of the account; sends
 * nothing.
 */
#ifndef FC_ENDING_H
#define FC_ENDING_H

#include "read/page.h"

/* What follows a page. */
typedef enum FcEnding
{
	FC_ENDING_PAGE,				/* another page may follow: ask for it */
	FC_ENDING_TEST,				/* test whether page numbers are honoured */
	FC_ENDING_PROVEN,			/* it was the last one */
	FC_ENDING_UNPROVEN			/* what came may not be the whole list */
} FcEnding;

/* How the pages were asked for, and what is known of the account's route. */
typedef struct FcEndingFacts
{
	int			asked;			/* rows of a page, as the request said */
	bool		by_id;			/* each page begins behind the last id */
	bool		is_single;		/* one object, or a look-up of one */
	bool		counts_whole;	/* in a batch, limit counts all rows */
	int			longest;		/* length of the route's longest page */
	int			longest_of_one; /* most items of one parent on a page */
} FcEndingFacts;

extern FcEnding fc_ending_decide(const FcPageMemory *memory,
								 const FcEndingFacts *facts);
extern const char *fc_ending_stalls(const FcPageMemory *memory);

extern int	fc_ending_test_size(int asked);
extern FcEnding fc_ending_judge(const FcPageMemory *memory, int asked,
								const FcPage *test);

#endif							/* FC_ENDING_H */
