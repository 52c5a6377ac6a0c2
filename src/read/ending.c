/*
 * ending.c
 *		Has a list ended with its last page?
 *
 * The API does not say how a list ends.  It may clamp the page size, repeat
 * its last page for ever, or ignore page numbers; and while a list is read,
 * others insert rows, which moves it by a row or by whole pages.  A list that
 * is taken for complete too early is a wrong result, so the end is proven.
 */
#include "postgres.h"

#include "read/ending.h"

/*
 * The API documents 250 as the largest page.  A longer answer is no page, but
 * the whole list.
 */
#define LARGEST_PAGE	250

/* As many pages in a row may lead nowhere. */
#define MAX_IDLE_PAGES	20

/* As many pages with the same items in a row are a reason for doubt. */
#define DOUBTED_PAGES	3

static bool has_known_end(const FcPageMemory *memory,
						  const FcEndingFacts *facts);
static bool is_no_full_page(const FcPageMemory *memory, int length, int asked,
							int longest);

/*
 * fc_ending_decide
 *		What follows the page that was remembered last?
 *
 * What the server says of a next page counts first, then that this one is
 * empty.  A page of another length than asked is the last one if the server is
 * known to send longer ones.  A page on which nothing is new is not: the list
 * may have moved by whole pages.
 */
FcEnding
fc_ending_decide(const FcPageMemory *memory, const FcEndingFacts *facts)
{
	const FcPage *page = &memory->last;

	if (facts->is_single && page->items > 0)
		return FC_ENDING_PROVEN;
	if (page->next == FC_NEXT_PROMISED)
		return FC_ENDING_PAGE;
	if (page->next == FC_NEXT_NONE || page->items == 0 ||
		has_known_end(memory, facts))
		return FC_ENDING_PROVEN;
	if (facts->by_id)
		return page->fresh > 0 ? FC_ENDING_PAGE : FC_ENDING_PROVEN;

	/*
	 * Longer than asked, and the same again: it has no pages.  One answer
	 * does not tell that, as some servers send pages of a size of their own.
	 */
	if (memory->same > 1 && page->length > facts->asked &&
		memory->nparents <= 1)
		return FC_ENDING_PROVEN;
	return memory->same >= DOUBTED_PAGES ? FC_ENDING_TEST : FC_ENDING_PAGE;
}

/*
 * fc_ending_stalls
 *		Why the list seems to lead nowhere; NULL if it does not.
 *
 * There can be only as many pages without new rows as pages came before, and a
 * few more while others insert row after row.  More than that is a stall.
 */
const char *
fc_ending_stalls(const FcPageMemory *memory)
{
	bool		is_promised = (memory->last.next == FC_NEXT_PROMISED);

	if (is_promised && memory->empty > MAX_IDLE_PAGES)
		return "Page after page is empty, and says that another one follows.";
	if (is_promised && memory->same > MAX_IDLE_PAGES)
		return "The same page comes again and again, and says that another one follows.";
	if (memory->stale > memory->pages - memory->stale + MAX_IDLE_PAGES)
		return "The list does not end.";
	return NULL;
}

/*
 * fc_ending_test_size
 *		How many rows to ask for to test whether page numbers are honoured.
 *
 * A test for one row asks for the second page, one for two rows for the first.
 * If numbers are honoured, neither begins where the page in doubt does.  The
 * size of the test differs from the size that was asked for so far.
 */
int
fc_ending_test_size(int asked)
{
	return asked > 1 ? 1 : 2;
}

/*
 * fc_ending_judge
 *		What the test has shown: FC_ENDING_PAGE, _PROVEN or _UNPROVEN.
 *
 * If page numbers are honoured, the server repeats its last page, or others
 * have inserted whole pages: if the test holds new rows, the list goes on.  If
 * page numbers are ignored, what came is the whole list only if it was shorter
 * than asked.
 */
FcEnding
fc_ending_judge(const FcPageMemory *memory, int asked, const FcPage *test)
{
	int			size = fc_ending_test_size(asked);
	int			length = memory->last.length;

	if (test->items == 0 || test->first_id != memory->last.first_id)
		return test->fresh > 0 ? FC_ENDING_PAGE : FC_ENDING_PROVEN;

	/* limit counts the rows of each parent, it turns out */
	if (memory->nparents > 1 && test->items > size)
		length = memory->last.of_one_parent;
	return length == asked && test->items >= size ?
		FC_ENDING_UNPROVEN : FC_ENDING_PROVEN;
}

/*
 * Has the page another length than a full one would have?
 *
 * In a batch, limit may count the rows of each parent; as long as that is not
 * known, both all rows and those of one parent must tell.
 */
static bool
has_known_end(const FcPageMemory *memory, const FcEndingFacts *facts)
{
	const FcPage *page = &memory->last;
	bool		is_known = page->length > LARGEST_PAGE ||
	is_no_full_page(memory, page->length, facts->asked, facts->longest);

	if (memory->nparents <= 1 || facts->counts_whole)
		return is_known;
	return is_known && is_no_full_page(memory, page->of_one_parent,
									   facts->asked, facts->longest_of_one);
}

/*
 * Is that another number of items than asked for, and one at which the server
 * does not clamp?  It does not if a longer page has come.
 */
static bool
is_no_full_page(const FcPageMemory *memory, int length, int asked, int longest)
{
	/* who once sent more than was asked for does not look at the limit */
	bool		is_limited = memory->longest <= asked;

	return longest > length && (length != asked || !is_limited);
}
