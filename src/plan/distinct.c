/*
 * distinct.c
 *		Tell core how many values the keys of our tables have.
 *
 * Core assumes that a column without statistics has 200 values, and sizes
 * joins, groups and batches of keys by that.  Where ANALYZE has not been run
 * we tell core what we know: ids are unique, and there are only so many
 * parents.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "plan/distinct.h"
#include "plan/cost.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

static get_relation_stats_hook_type previous_hook = NULL;

static bool tell_distinct(PlannerInfo *root, RangeTblEntry *rte,
						  AttrNumber attnum, VariableStatData *variable);
static const FcPlanRelation *find_relation(PlannerInfo *root,
										   const RangeTblEntry *rte);
static double count_distinct(const FcPlanRelation *planned,
							 const FcColumn *column);
static HeapTuple form_statistics(Oid relid, AttrNumber attnum,
								 double distinct);

/*
 * fc_distinct_init
 *		Take part in what the planner knows of columns.
 */
void
fc_distinct_init(void)
{
	previous_hook = get_relation_stats_hook;
	get_relation_stats_hook = tell_distinct;
}

/*
 * The hook: statistics of a key that nobody has collected.
 *
 * Not for the table's own clauses, of which core remembers what they leave: of
 * statistics without a histogram it thinks that half of the values are above
 * any bound, half below, and none between two.
 */
static bool
tell_distinct(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum,
			  VariableStatData *variable)
{
	const FcPlanRelation *planned;
	const FcColumn *column;
	double		distinct;

	if (previous_hook && previous_hook(root, rte, attnum, variable))
		return true;

	planned = attnum > 0 ? find_relation(root, rte) : NULL;
	if (planned == NULL || planned->has_statistics || !planned->is_sized)
		return false;
	column = planned->table->columns[attnum - 1].column;
	distinct = column ? count_distinct(planned, column) : 0;
	if (distinct == 0)
		return false;

	variable->statsTuple = form_statistics(rte->relid, attnum, distinct);
	variable->freefunc = heap_freetuple;
	return true;
}

/*
 * What was planned of the table, if it is one of ours.
 */
static const FcPlanRelation *
find_relation(PlannerInfo *root, const RangeTblEntry *rte)
{
	if (rte->rtekind != RTE_RELATION ||
		rte->relkind != RELKIND_FOREIGN_TABLE ||
		root->simple_rel_array == NULL)
		return NULL;
	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		if (root->simple_rte_array[i] == rte && root->simple_rel_array[i])
			return fc_cost_relation(root->simple_rel_array[i]);
	}
	return NULL;
}

/*
 * How many values such a column has, as pg_statistic says it; 0: who knows.
 */
static double
count_distinct(const FcPlanRelation *planned, const FcColumn *column)
{
	if (column->flags & FC_KEY)
		return -1;				/* as many as there are rows */
	return Min(fc_route_parents(planned->table->resource, &planned->facts,
								column),
			   planned->facts.rows);
}

/*
 * A row of pg_statistic that says no more than that.
 */
static HeapTuple
form_statistics(Oid relid, AttrNumber attnum, double distinct)
{
	Relation	catalog = table_open(StatisticRelationId, AccessShareLock);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic] = {false};
	HeapTuple	tuple;

	values[Anum_pg_statistic_starelid - 1] = ObjectIdGetDatum(relid);
	values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(attnum);
	values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(sizeof(int64));
	values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(distinct);
	for (int i = 0; i < STATISTIC_NUM_SLOTS; i++)
	{
		nulls[Anum_pg_statistic_stanumbers1 - 1 + i] = true;
		nulls[Anum_pg_statistic_stavalues1 - 1 + i] = true;
	}
	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	table_close(catalog, AccessShareLock);
	return tuple;
}
