/*
 * tally.c
 *		What the questions of one reader for parts of a list cost.
 *
 * A question is counted when it is over: for the reader; also for the
 * transaction if that keeps the answers (spent.c); and a look-up also for all
 * sessions that share answers (shared/spending.c).
 */
#include "postgres.h"

#include "read/tally.h"
#include "read/weigh.h"
#include "shared/spending.h"

static FcSpent *spent_on_parts(FcTally *tally, const FcStream *stream);
static double spent_by_all(const FcTally *tally, const FcStream *stream);

/*
 * fc_tally_begin
 *		A query begins.
 */
void
fc_tally_begin(FcTally *tally, const FcStream *stream, const FcQuery *query)
{
	tally->requests_before = stream->use->counts.requests;
	tally->is_narrow = fc_query_has_filters(query);
	tally->resource = query->resource;
	tally->is_lookup = query->ids.bound || query->parents.bound;
}

/*
 * fc_tally_settle
 *		The query, if there is one, is over: add up what it has cost.  It may
 *		be gone already, as when a cursor goes back.
 */
void
fc_tally_settle(FcTally *tally, const FcStream *stream)
{
	double		cost = stream->use->counts.requests - tally->requests_before;

	if (!tally->is_narrow || tally->is_helper)
		return;
	tally->is_narrow = false;
	fc_spent_add(&tally->own, cost);
	if (tally->is_kept)
		fc_spent_add(spent_on_parts(tally, stream), cost);
	if (tally->is_lookup && cost > 0 && fc_stream_shares(stream))
		fc_spending_add(fc_sharing_list_hash(stream->sharing, tally->resource),
						stream->sharing->accepted, cost);
}

/*
 * fc_tally_knows
 *		Has the transaction asked for the same before?  Notes it if not.
 */
bool
fc_tally_knows(FcTally *tally, const FcStream *stream, const FcQuery *query)
{
	FcSpent    *spent;

	if (!tally->is_kept || tally->is_helper || !tally->is_narrow)
		return false;
	spent = spent_on_parts(tally, stream);
	if (fc_spent_knows(spent, query))
		return true;
	fc_spent_note(spent, query);
	return false;
}

/*
 * fc_tally_wants_list
 *		Would going on to ask for parts of the list cost more than the whole
 *		list?
 *
 * Sets *drops_missing if ids that the list lacks need not be asked for.  That
 * holds for this scan only; other statements ask for them.
 */
bool
fc_tally_wants_list(FcTally *tally, const FcStream *stream,
					const FcQuery *query, bool *drops_missing)
{
	if (stream->scope == NULL || !fc_query_has_filters(query))
		return false;
	return fc_weigh_list(&stream->routing, stream->use->estimated,
						 spent_on_parts(tally, stream), &tally->own,
						 spent_by_all(tally, stream), drops_missing);
}

/*
 * fc_tally_reset
 *		The whole list was read: what comes now is weighed anew, if the list is
 *		of no use for it.
 */
void
fc_tally_reset(FcTally *tally, const FcStream *stream)
{
	fc_spent_reset(spent_on_parts(tally, stream));
	if (fc_stream_shares(stream))
		fc_spending_forget(fc_sharing_list_hash(stream->sharing,
												tally->resource));
}

/*
 * What has been spent on parts of the query's list, as far as what it has
 * brought is kept: in the transaction, else by this reader.
 */
static FcSpent *
spent_on_parts(FcTally *tally, const FcStream *stream)
{
	return tally->is_kept ? fc_spent_on(stream->scope, tally->resource) :
		&tally->own;
}

/*
 * What all sessions have spent on look-ups in the query's list, if they share
 * what that has brought.
 */
static double
spent_by_all(const FcTally *tally, const FcStream *stream)
{
	if (!tally->is_lookup || !fc_stream_shares(stream))
		return 0;
	return fc_spending_of(fc_sharing_list_hash(stream->sharing,
											   tally->resource),
						  stream->sharing->accepted);
}
