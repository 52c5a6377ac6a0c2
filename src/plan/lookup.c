/*
 * lookup.c
 *		By which keys of other relations a table can be looked up.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "plan/lookup.h"

static List *find_join_clauses(PlannerInfo *root, RelOptInfo *rel,
							   const FcTable *table);
static List *find_equalities(PlannerInfo *root, RelOptInfo *rel,
							 AttrNumber attnum);
static bool is_member_wanted(PlannerInfo *root, RelOptInfo *rel,
							 EquivalenceClass *ec, EquivalenceMember *member,
							 void *arg);

/*
 * fc_lookup_is_one
 *		Does the clause name rows, or what they belong to, by key?
 */
bool
fc_lookup_is_one(const FcPushed *pushed)
{
	return fc_comparison_is_lookup(pushed->column, pushed->operator);
}

/*
 * fc_lookup_parameters
 *		The sets of other relations that rows, or their parents, can be looked
 *		up for by key: a list of ParamPathInfo *.
 */
List *
fc_lookup_parameters(PlannerInfo *root, RelOptInfo *rel, const FcTable *table)
{
	List	   *parameters = NIL;
	Relids		every = NULL;
	ListCell   *cell;

	foreach(cell, fc_pushdown_match(root, rel, table,
									find_join_clauses(root, rel, table)))
	{
		FcPushed   *pushed = lfirst(cell);
		Relids		required_outer;
		ParamPathInfo *param_info;

		if (!fc_lookup_is_one(pushed))
			continue;
		required_outer = bms_union(pushed->rinfo->clause_relids,
								   rel->lateral_relids);
		required_outer = bms_del_member(required_outer, rel->relid);
		param_info = get_baserel_parampathinfo(root, rel, required_outer);
		if (param_info != NULL)
			parameters = list_append_unique_ptr(parameters, param_info);
		if (pushed->column->flags & FC_BRACE)
			every = bms_add_members(every, required_outer);
	}

	/* what stands in a path has to be bound all at once */
	if (every != NULL)
		parameters =
			list_append_unique_ptr(parameters,
								   get_baserel_parampathinfo(root, rel,
															 every));
	return parameters;
}

/*
 * Clauses that compare the table with other relations, and can be evaluated
 * in its scan; those that core derives from equivalences for keys alone.
 */
static List *
find_join_clauses(PlannerInfo *root, RelOptInfo *rel, const FcTable *table)
{
	List	   *candidates = list_copy(rel->joininfo);
	List	   *clauses = NIL;
	ListCell   *cell;

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];

		if (column->column != NULL &&
			(column->column->flags & (FC_LOOKED_UP | FC_BRACE)))
			candidates = list_concat(candidates,
									 find_equalities(root, rel,
													 column->attnum));
	}
	candidates = list_concat(candidates,
							 find_equalities(root, rel,
											 SelfItemPointerAttributeNumber));

	foreach(cell, candidates)
	{
		if (join_clause_is_movable_to(lfirst(cell), rel))
			clauses = lappend(clauses, lfirst(cell));
	}
	return clauses;
}

/*
 * Clauses that core derives from equivalences for a column.
 */
static List *
find_equalities(PlannerInfo *root, RelOptInfo *rel, AttrNumber attnum)
{
	if (!rel->has_eclass_joins)
		return NIL;
	return generate_implied_equalities_for_column(root, rel, is_member_wanted,
												  &attnum,
												  rel->lateral_referencers);
}

/*
 * Is the member the column whose number arg points to?
 */
static bool
is_member_wanted(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
				 EquivalenceMember *member, void *arg)
{
	Var		   *var = (Var *) member->em_expr;

	while (IsA(var, RelabelType))
		var = (Var *) ((RelabelType *) var)->arg;
	return IsA(var, Var) && var->varno == rel->relid &&
		var->varattno == *(AttrNumber *) arg;
}
