/*
 * carried.c
 *		What a statement has to know of the rows that it writes.
 *
 * For UPDATE, and for DELETE with RETURNING, the plan carries along the whole
 * row as it was.  All columns of it are rarely of use, and some of them cost
 * requests: those of relations that only one object at a time comes with.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "plan/carried.h"
#include "utils/rel.h"

#define WHOLE_ROW	(0 - FirstLowInvalidHeapAttributeNumber)

static bool is_carried_row(PlannerInfo *root, RelOptInfo *rel, Node *node);
static bool is_marked_row(PlannerInfo *root, RelOptInfo *rel, Node *node);
static Bitmapset *carried_attributes(PlannerInfo *root, RelOptInfo *rel,
									 const FcTable *table);
static bool needs_whole_row(Relation rel, CmdType operation);
static Bitmapset *update_attributes(PlannerInfo *root, RelOptInfo *rel,
									const FcTable *table);
static bool finds_old(Node *node, void *context);

/*
 * fc_carried_attributes
 *		The attributes of a relation that its plan has to read, its clauses
 *		apart; offset by FirstLowInvalidHeapAttributeNumber.
 *
 * A whole row that is only carried along counts as what is used of it.
 */
Bitmapset *
fc_carried_attributes(PlannerInfo *root, RelOptInfo *rel,
					  const FcTable *table)
{
	Bitmapset  *attributes = NULL;
	ListCell   *cell;

	foreach(cell, rel->reltarget->exprs)
	{
		Node	   *node = lfirst(cell);

		if (is_carried_row(root, rel, node))
			attributes = bms_add_members(attributes,
										 carried_attributes(root, rel,
															table));
		else if (!is_marked_row(root, rel, node))
			pull_varattnos(node, rel->relid, &attributes);
	}
	return attributes;
}

/*
 * fc_carried_is_returned
 *		Does RETURNING ask for rows as they were?
 */
bool
fc_carried_is_returned(List *returning)
{
	return finds_old((Node *) returning, NULL);
}

/*
 * Is this the row of a written table that core has added?  In a user's own
 * reference to the whole row its type is the table's.
 */
static bool
is_carried_row(PlannerInfo *root, RelOptInfo *rel, Node *node)
{
	Var		   *var = (Var *) node;

	return IsA(node, Var) && var->varno == rel->relid &&
		var->varattno == InvalidAttrNumber && var->vartype == RECORDOID &&
		bms_is_member(rel->relid, root->all_result_relids);
}

/*
 * Is this the row that core has added for EvalPlanQual to go by?  It looks at
 * those columns only that the plan has other uses for.
 */
static bool
is_marked_row(PlannerInfo *root, RelOptInfo *rel, Node *node)
{
	Var		   *var = (Var *) node;
	Bitmapset  *wanted = NULL;
	ListCell   *cell;

	if (!IsA(node, Var) || var->varno != rel->relid ||
		var->varattno != InvalidAttrNumber)
		return false;

	foreach(cell, root->parse->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		/* core may have added its own there already */
		if (!entry->resjunk || entry->resname == NULL ||
			strncmp(entry->resname, "wholerow", strlen("wholerow")) != 0)
			pull_varattnos((Node *) entry->expr, rel->relid, &wanted);
	}
	pull_varattnos((Node *) root->parse->returningList, rel->relid, &wanted);
	pull_varattnos(root->parse->havingQual, rel->relid, &wanted);
	pull_varattnos((Node *) root->parse->mergeActionList, rel->relid,
				   &wanted);
	if (bms_is_member(WHOLE_ROW, wanted) ||
		!bms_equal(rel->attr_needed[0 - rel->min_attr],
				   bms_make_singleton(0)))
		return false;

	foreach(cell, root->rowMarks)
	{
		const PlanRowMark *mark = lfirst(cell);

		if (mark->rti == rel->relid &&
			(mark->allMarkTypes & (1 << ROW_MARK_COPY)))
			return true;
	}
	return false;
}

/*
 * What is used of the row that is carried along.
 */
static Bitmapset *
carried_attributes(PlannerInfo *root, RelOptInfo *rel, const FcTable *table)
{
	Query	   *parse = root->parse;
	Relation	relation = table_open(table->relid, NoLock);
	bool		needs_all = needs_whole_row(relation, parse->commandType);
	bool		returns_old = parse->commandType == CMD_DELETE;
	Bitmapset  *attributes = NULL;

	table_close(relation, NoLock);
	if (parse->commandType == CMD_UPDATE)
	{
		attributes = update_attributes(root, rel, table);
		returns_old = fc_carried_is_returned(parse->returningList);
	}

	/* RETURNING numbers columns as the table that the statement names does */
	if (needs_all || (returns_old && rel->relid != parse->resultRelation))
		return bms_make_singleton(WHOLE_ROW);
	if (returns_old)
		pull_varattnos((Node *) parse->returningList, rel->relid,
					   &attributes);
	return attributes;
}

/*
 * Will somebody else look at the row: a trigger, a generated column?
 */
static bool
needs_whole_row(Relation rel, CmdType operation)
{
	TriggerDesc *triggers = rel->trigdesc;
	TupleConstr *constraints = RelationGetDescr(rel)->constr;

	if (constraints != NULL && constraints->has_generated_stored &&
		operation == CMD_UPDATE)
		return true;
	if (triggers == NULL)
		return false;
	if (operation == CMD_UPDATE)
		return triggers->trig_update_before_row ||
			triggers->trig_update_after_row;
	return triggers->trig_delete_before_row ||
		triggers->trig_delete_after_row;
}

/*
 * What UPDATE itself needs: fields that the API wants with every PUT, and the
 * custom properties, where some of them change.
 */
static Bitmapset *
update_attributes(PlannerInfo *root, RelOptInfo *rel, const FcTable *table)
{
	Bitmapset  *attributes = NULL;
	bool		sets_properties = false;
	List	   *tlist;
	List	   *targets;
	ListCell   *cell;

	get_translated_update_targetlist(root, rel->relid, &tlist, &targets);
	foreach(cell, targets)
	{
		const FcTableColumn *column = &table->columns[lfirst_int(cell) - 1];

		if (column->property != NULL ||
			(column->column && (column->column->flags & FC_PROPERTIES)))
			sets_properties = true;
	}

	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];
		int			flags = FC_RESENT | (sets_properties ? FC_PROPERTIES : 0);

		if (column->attnum != 0 && column->column != NULL &&
			column->property == NULL && (column->column->flags & flags))
			attributes = bms_add_member(attributes, column->attnum -
										FirstLowInvalidHeapAttributeNumber);
	}
	return attributes;
}

static bool
finds_old(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return fc_var_is_old((Var *) node);
	return expression_tree_walker(node, finds_old, context);
}
