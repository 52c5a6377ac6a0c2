/*
 * weigh.c
 *		Is a list cheaper read whole than in parts?
 *
 * At first the planner's guess of the number of repetitions decides, later
 * what has been spent: in this scan and, for look-ups, in the transaction
 * (spent.c).  Ranges do not count there, as a program that asks for two ranges
 * seldom goes on to ask for all.
 */
#include "postgres.h"

#include "read/weigh.h"

/*
 * fc_weigh_list
 *		Would going on to ask for parts of the list cost more than to read it?
 *
 * estimated is how many requests one query is thought to cost.  spent is what
 * parts have cost whose answers are kept, own is what parts have cost this
 * scan, and shared is what look-ups have cost all sessions that share answers.
 * Sets *in_scan if what this scan alone has spent is reason enough for that
 * answer.
 */
bool
fc_weigh_list(const FcRouting *routing, double estimated,
			  const FcSpent *spent, const FcSpent *own, double shared,
			  bool *in_scan)
{
	const FcQuery *query = routing->query;
	FcQuery		all = fc_query_whole(query);
	FcRouteChoice choice;
	bool		has_keys = query->ids.bound || query->parents.bound;
	double		next = routing->choice.requests;

	choice = fc_route_choose(&all, &routing->facts);
	if (choice.route == NULL)
		return false;

	/* it would have to be asked for what the list lacks all the same */
	if (fc_route_count_lacking(query, choice.number,
							   &routing->facts) >
		fc_route_count_lacking(query, routing->choice.number,
							   &routing->facts))
		return false;

	/* how much of the list a filter gives is only known afterwards */
	if (!has_keys)
	{
		next = estimated;
		if (spent->queries > 0)
			next = Min(next, spent->requests / spent->queries);
	}
	*in_scan =
		own->requests > 0 ?
		own->requests + next > choice.requests :
		query->repetitions > 1 && query->repetitions * next > choice.requests;
	return *in_scan ||
		(has_keys && Max(spent->requests, shared) > 0 &&
		 Max(spent->requests, shared) + next > choice.requests);
}
