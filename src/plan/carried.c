/*
 * carried.c
 *		What a statement has to know of the rows that it writes or marks.
 *
 * For UPDATE, and for DELETE with RETURNING, the plan carries along the whole
 * row as it was.  Few of its columns are of use, and some cost requests: the
 * API sends some relations only with one object at a time.
 *
 * Rows of other tables are marked by their ctid, so that EvalPlanQual can ask
 * for them again (identity.c).  Nobody looks at that ctid.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "api/table.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "plan/carried.h"
#include "utils/rel.h"

#define WHOLE_ROW	(0 - FirstLowInvalidHeapAttributeNumber)
#define CTID \
	(SelfItemPointerAttributeNumber - FirstLowInvalidHeapAttributeNumber)

static bool is_carried_row(PlannerInfo *root, RelOptInfo *rel, Node *node);
static Bitmapset *carried_attributes(PlannerInfo *root, RelOptInfo *rel,
									 const FcTable *table);
static bool needs_whole_row(Relation rel, CmdType operation);
static Bitmapset *update_attributes(PlannerInfo *root, RelOptInfo *rel,
									const FcTable *table);
static RelOptInfo *topmost_parent(PlannerInfo *root, RelOptInfo *rel);
static bool is_row_mark(const TargetEntry *entry);
static bool finds_old(Node *node, void *context);

/*
 * fc_carried_attributes
 *		The attributes of a relation that its plan has to read, for these
 *		clauses too; offset by FirstLowInvalidHeapAttributeNumber.
 *
 * Of a whole row that is only carried along, only the used columns count.
 */
Bitmapset *
fc_carried_attributes(PlannerInfo *root, RelOptInfo *rel,
					  const FcTable *table, List *clauses)
{
	Bitmapset  *attributes = NULL;
	ListCell   *cell;

	pull_varattnos((Node *) extract_actual_clauses(clauses, false),
				   rel->relid, &attributes);
	foreach(cell, rel->reltarget->exprs)
	{
		Node	   *node = lfirst(cell);

		if (is_carried_row(root, rel, node))
			attributes = bms_add_members(attributes,
										 carried_attributes(root, rel,
															table));
		else
			pull_varattnos(node, rel->relid, &attributes);
	}
	return fc_table_add_computed(table, attributes);
}

/*
 * fc_carried_reads_ctid
 *		Does the query itself read the ctid of a relation, in these clauses or
 *		in what the relation gives?
 *
 * Core reads it, too, to mark rows for EvalPlanQual, and because every written
 * partition has one.  Any value will do there, so these readers do not count.
 */
bool
fc_carried_reads_ctid(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	RelOptInfo *top = topmost_parent(root, rel);
	Bitmapset  *attributes = NULL;
	List	   *expressions = list_make3(root->parse->havingQual,
										 root->parse->returningList,
										 root->parse->mergeActionList);
	ListCell   *cell;

	pull_varattnos((Node *) extract_actual_clauses(clauses, false),
				   rel->relid, &attributes);
	if (bms_is_member(CTID, attributes))
		return true;
	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &attributes);
	if (!bms_is_member(CTID, attributes))
		return false;

	/* columns of UNION ALL have other names than those of its branches */
	if (top->rtekind != RTE_RELATION ||
		!bms_is_subset(top->attr_needed[SelfItemPointerAttributeNumber -
										top->min_attr],
					   bms_make_singleton(0)))
		return true;

	foreach(cell, root->processed_tlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!is_row_mark(entry))
			expressions = lappend(expressions, entry->expr);
	}
	attributes = NULL;
	pull_varattnos((Node *) expressions, top->relid, &attributes);
	return bms_is_member(CTID, attributes);
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
		returns_old = finds_old((Node *) parse->returningList, NULL);
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

/*
 * What the query names, if the relation is a partition or the like of it.
 */
static RelOptInfo *
topmost_parent(PlannerInfo *root, RelOptInfo *rel)
{
	while (root->append_rel_array != NULL &&
		   root->append_rel_array[rel->relid] != NULL)
		rel = find_base_rel(root,
							root->append_rel_array[rel->relid]->parent_relid);
	return rel;
}

/*
 * Is this what core has added to mark a row by its ctid?  Other columns that
 * are not shown have no name.
 */
static bool
is_row_mark(const TargetEntry *entry)
{
	return entry->resjunk && entry->resname != NULL &&
		strncmp(entry->resname, "ctid", strlen("ctid")) == 0;
}

/*
 * Does RETURNING ask for rows as they were?
 */
static bool
finds_old(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return fc_var_is_old((Var *) node);
	return expression_tree_walker(node, finds_old, context);
}
