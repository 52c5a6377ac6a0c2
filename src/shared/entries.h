/*
 * entries.h
 *		The table of the answers that all sessions share.
 */
#ifndef FC_ENTRIES_H
#define FC_ENTRIES_H

#include "shared/generation.h"
#include "storage/lwlock.h"
#include "utils/dsa.h"

/* What is asked, and on whose behalf. */
typedef struct FcQuestion
{
	const uint8 *scope;			/* whose answer it is: 16 bytes */
	const char *resource;		/* whose items; the view shows it */
	const char *request;
} FcQuestion;

#define FC_NO_ENTRY				(-1)	/* ends a list of entries */

/* Where a text lies, in the memory of an answer. */
typedef struct FcStoredText
{
	dsa_pointer text;
	Size		length;
} FcStoredText;

/*
 * An answer's memory.  FcStoredText for each text follows, then the meta data,
 * then request, base URL and resource, each with its NUL.
 */
typedef struct FcStoredAnswer
{
	int			count;
	Size		size;			/* of this, with all that follows */
	Size		meta;			/* offsets from the beginning */
	Size		meta_length;
	Size		request;
	Size		base_url;
	Size		resource;
} FcStoredAnswer;

typedef enum FcEntryState
{
	FC_ENTRY_FREE = 0,
	FC_ENTRY_LINKED,			/* can be found */
	FC_ENTRY_UNLINKED			/* only those read it who have pinned it */
} FcEntryState;

typedef struct FcEntry
{
	FcEntryState state;
	int			pins;
	bool		is_index;
	int			next;			/* in its bucket, or the next free entry */
	int			newer;			/* neighbours by last use */
	int			older;
	uint8		scope[16];
	uint64		hash;			/* of the question */
	uint64		serial;
	FcMark		mark;
	int64		sent_at;
	double		rows;
	uint64		hits;
	Size		bytes;			/* of answer and its texts */
	dsa_pointer answer;
} FcEntry;

/* The head of the segment.  Buckets follow the entries. */
typedef struct FcEntryTable
{
	LWLock		lock;			/* guards all but size */
	int			size;			/* entries, and buckets; constant */
	int			first_free;		/* or FC_NO_ENTRY */
	int			newest;			/* by last use, or FC_NO_ENTRY */
	int			oldest;
	uint64		serial;			/* of the last entry made */
	Size		used;			/* bytes of all entries */
	FcEntry		entries[FLEXIBLE_ARRAY_MEMBER];
} FcEntryTable;

extern Size fc_entry_table_size(Size total);
extern void fc_entry_table_fill(void *head, Size total, int tranche);

/* All below under the table's lock, the last four in exclusive mode. */
extern FcEntry *fc_entry_find(FcEntryTable *table, dsa_area *area,
							  const FcQuestion *question);
extern FcEntry *fc_entry_link(FcEntryTable *table,
							  const FcQuestion *question, Size bytes);
extern void fc_entry_touch(FcEntryTable *table, FcEntry *entry);
extern dsa_pointer fc_entry_unlink(FcEntryTable *table, FcEntry *entry);
extern dsa_pointer fc_entry_unpin(FcEntryTable *table, FcEntry *entry);

#endif							/* FC_ENTRIES_H */
