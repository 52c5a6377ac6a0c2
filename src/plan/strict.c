/*
 * strict.c
 *		Which columns of a relation decide on a query's result.
 *
 * They say which rows come out, in which order, or what is written; all
 * others are merely shown.  What a subquery that is planned by itself
 * shows may decide further up.  So we follow its columns through those of the
 * query that it stands in, up to the statement's own.
 *
 * A subquery of FROM, or a branch of UNION, is found by the relation that
 * stands for it; a WITH query by the relations that refer to it; a subquery
 * of an expression by the SubPlan that runs it.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "plan/strict.h"

#define WHOLE_ROW	(0 - FirstLowInvalidHeapAttributeNumber)

/*
 * Which columns of a query decide further up, as attributes of a relation that
 * stands for it.
 */
typedef struct Decided
{
	const PlannerInfo *root;
	Bitmapset  *columns;
} Decided;

/* A subquery of an expression, as expressions name it. */
typedef struct Sublink
{
	int			plan_id;
	const List *parameters;		/* that it sets if it is run beforehand */
} Sublink;

/* A WITH query, and what is found of it. */
typedef struct WithQuery
{
	const PlannerInfo *owner;	/* of the WITH */
	const CommonTableExpr *cte;
	Bitmapset  *columns;
} WithQuery;

static Bitmapset *deciding_attributes(PlannerInfo *root, Index relid,
									  List **known);
static Bitmapset *translate_attributes(const AppendRelInfo *child,
									   const Bitmapset *parents);
static List *deciding_expressions(PlannerInfo *root, List **known);
static bool gather_of_aggregates(Node *node, void *context);
static bool is_argument(const Aggref *aggregate, const TargetEntry *sorted);
static Node *strip_collation(Node *node);
static bool writes_values(PlannerInfo *root);
static Bitmapset *deciding_columns(PlannerInfo *root, List **known);
static bool is_column(int number, const Bitmapset *columns);
static Bitmapset *find_columns(PlannerInfo *root, List **known);
static Bitmapset *relation_columns(PlannerInfo *parent, Index relid,
								   List **known);
static bool merges_rows(Node *operation);
static Bitmapset *sublink_columns(PlannerInfo *parent, int plan_id,
								  List **known);
static bool runs_sublink(Node *node, void *context);
static Bitmapset *with_columns(PlannerInfo *owner, int number, List **known);
static void add_references(PlannerInfo *root, WithQuery *with, List **known);
static bool refers_to(const PlannerInfo *root, const RangeTblEntry *entry,
					  const WithQuery *with);

/*
 * fc_strict_attributes
 *		The attributes of a relation that decide on the statement's result,
 *		those of its own clauses apart; offset as pull_varattnos does.
 *
 * WITH queries and subqueries of expressions are planned before it is known
 * what is done with their columns.  That is known when the statement's own
 * plan is made.
 */
Bitmapset *
fc_strict_attributes(PlannerInfo *root, Index relid)
{
	List	   *known = NIL;

	return deciding_attributes(root, relid, &known);
}

/*
 * What a query says of its tables, or of the branches of a UNION ALL, it says
 * of the parent.
 */
static Bitmapset *
deciding_attributes(PlannerInfo *root, Index relid, List **known)
{
	RelOptInfo *rel = find_base_rel(root, relid);
	AppendRelInfo *child = NULL;
	Bitmapset  *attributes = NULL;
	Relids		shown = NULL;

	if (root->append_rel_array != NULL)
		child = root->append_rel_array[relid];
	if (child != NULL)
		return translate_attributes(child,
									deciding_attributes(root,
														child->parent_relid,
														known));

	/* of what a recursion has found, all that is read makes the next rows */
	if (!root->simple_rte_array[relid]->self_reference)
	{
		shown = bms_make_singleton(0);
		pull_varattnos((Node *) deciding_expressions(root, known), relid,
					   &attributes);
	}
	for (int attnum = rel->min_attr; attnum <= rel->max_attr; attnum++)
	{
		if (!bms_is_subset(rel->attr_needed[attnum - rel->min_attr], shown))
			attributes = bms_add_member(attributes, attnum -
										FirstLowInvalidHeapAttributeNumber);
	}
	return attributes;
}

/*
 * The attributes of a child that stand for those of its parent.
 */
static Bitmapset *
translate_attributes(const AppendRelInfo *child, const Bitmapset *parents)
{
	Bitmapset  *attributes = NULL;
	int			number = -1;

	while ((number = bms_next_member(parents, number)) >= 0)
	{
		int			attnum = number + FirstLowInvalidHeapAttributeNumber;

		if (attnum <= 0)
			attributes = bms_add_member(attributes, number);
		else
			pull_varattnos(list_nth(child->translated_vars, attnum - 1),
						   child->child_relid, &attributes);
	}
	return attributes;
}

/*
 * ORDER BY, GROUP BY, DISTINCT and window clauses; HAVING; which rows go into
 * an aggregate, and in which order; what an UPDATE, or
 * an INSERT into a foreign table, computes new values from, as null in its
 * place would be written; of what it only carries along, subqueries that set
 * values have no name.  The same of a MERGE, and when it does what.  And what
 * the query shows, if it decides further up.
 */
static List *
deciding_expressions(PlannerInfo *root, List **known)
{
	const Query *parse = root->parse;
	Bitmapset  *columns = deciding_columns(root, known);
	List	   *expressions = list_make1(parse->havingQual);
	ListCell   *cell;

	foreach(cell, parse->mergeActionList)
	{
		const MergeAction *action = lfirst_node(MergeAction, cell);

		expressions = lappend(expressions, action->qual);
		if (action->commandType == CMD_UPDATE)
			expressions = lappend(expressions, action->targetList);
	}
	foreach(cell, root->processed_tlist)
	{
		TargetEntry *entry = lfirst(cell);

		if (entry->ressortgroupref > 0 ||
			(writes_values(root) &&
			 (!entry->resjunk || entry->resname == NULL)) ||
			(parse->commandType == CMD_SELECT &&
			 is_column(entry->resno, columns)))
			expressions = lappend(expressions, entry->expr);
	}
	(void) gather_of_aggregates((Node *) root->processed_tlist, &expressions);
	foreach(cell, parse->returningList)
	{
		TargetEntry *entry = lfirst(cell);

		if (is_column(entry->resno, columns))
			expressions = lappend(expressions, entry->expr);
	}
	return expressions;
}

/*
 * Add FILTER and ORDER BY of the aggregates in an expression to the list that
 * context points to.
 */
static bool
gather_of_aggregates(Node *node, void *context)
{
	List	  **expressions = context;
	ListCell   *cell;

	if (node == NULL)
		return false;
	if (IsA(node, WindowFunc))
		*expressions = lappend(*expressions,
							   castNode(WindowFunc, node)->aggfilter);
	if (IsA(node, Aggref))
	{
		const Aggref *aggregate = castNode(Aggref, node);

		*expressions = lappend(*expressions, aggregate->aggfilter);
		foreach(cell, aggregate->aggdistinct ? NIL : aggregate->args)
		{
			const TargetEntry *entry = lfirst_node(TargetEntry, cell);

			if (entry->ressortgroupref > 0 && !is_argument(aggregate, entry))
				*expressions = lappend(*expressions, entry->expr);
		}
	}
	return expression_tree_walker(node, gather_of_aggregates, context);
}

/*
 * Is what an aggregate sorts by what it is given, in whatever collation?  Then
 * the order tells no more than what is shown.
 */
static bool
is_argument(const Aggref *aggregate, const TargetEntry *sorted)
{
	ListCell   *cell;

	foreach(cell, aggregate->args)
	{
		const TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!entry->resjunk &&
			equal(strip_collation((Node *) entry->expr),
				  strip_collation((Node *) sorted->expr)))
			return true;
	}
	return false;
}

/* An expression without the collation that was chosen for it. */
static Node *
strip_collation(Node *node)
{
	while (IsA(node, RelabelType) || IsA(node, CollateExpr))
		node = IsA(node, RelabelType) ?
			(Node *) castNode(RelabelType, node)->arg :
			(Node *) castNode(CollateExpr, node)->arg;
	return node;
}

/*
 * Does the statement write what it computes?  An INSERT into a local table, by
 * contrast, keeps what it was shown, as a client might.
 */
static bool
writes_values(PlannerInfo *root)
{
	const Query *parse = root->parse;

	if (parse->commandType != CMD_INSERT)
		return parse->commandType == CMD_UPDATE;
	return planner_rt_fetch(parse->resultRelation, root)->relkind ==
		RELKIND_FOREIGN_TABLE;
}

/*
 * Which columns of a query decide further up; a whole row stands for all.
 */
static Bitmapset *
deciding_columns(PlannerInfo *root, List **known)
{
	Decided    *decided;
	ListCell   *cell;

	foreach(cell, *known)
	{
		decided = lfirst(cell);
		if (decided->root == root)
			return decided->columns;
	}
	decided = palloc(sizeof(Decided));
	decided->root = root;
	decided->columns = find_columns(root, known);
	*known = lappend(*known, decided);
	return decided->columns;
}

static bool
is_column(int number, const Bitmapset *columns)
{
	return bms_is_member(number - FirstLowInvalidHeapAttributeNumber,
						 columns) || bms_is_member(WHOLE_ROW, columns);
}

/*
 * The same by what the query is to the one above; none, if there is no such
 * query, or nothing is known of it yet.
 */
static Bitmapset *
find_columns(PlannerInfo *root, List **known)
{
	PlannerInfo *parent = root->parent_root;
	int			plan_id = 1;
	int			number = 0;
	ListCell   *cell;

	if (parent == NULL)
		return NULL;

	for (int relid = 1; relid < parent->simple_rel_array_size; relid++)
	{
		const RelOptInfo *rel = parent->simple_rel_array[relid];

		if (rel != NULL && rel->subroot == root)
			return relation_columns(parent, relid, known);
	}

	foreach(cell, root->glob->subroots)
	{
		if (lfirst(cell) == root)
			break;
		plan_id++;
	}
	if (cell == NULL)
		return NULL;

	foreach(cell, parent->cte_plan_ids)
	{
		if (lfirst_int(cell) == plan_id)
			return with_columns(parent, number, known);
		number++;
	}
	return sublink_columns(parent, plan_id, known);
}

/*
 * Of a query that a relation stands for.
 */
static Bitmapset *
relation_columns(PlannerInfo *parent, Index relid, List **known)
{
	const RelOptInfo *rel = parent->simple_rel_array[relid];
	const Query *parse = parent->parse;
	Bitmapset  *columns;
	ListCell   *cell;

	if (parse->setOperations == NULL)
	{
		columns = deciding_attributes(parent, relid, known);
		pull_varattnos((Node *) extract_actual_clauses(rel->baserestrictinfo,
													   false),
					   relid, &columns);
		return columns;
	}

	/* a branch of UNION has the columns of the whole */
	if (merges_rows(parse->setOperations))
		return bms_make_singleton(WHOLE_ROW);
	columns = bms_copy(deciding_columns(parent, known));
	foreach(cell, parse->targetList)
	{
		const TargetEntry *entry = lfirst(cell);

		if (entry->ressortgroupref > 0)
			columns = bms_add_member(columns, entry->resno -
									 FirstLowInvalidHeapAttributeNumber);
	}
	return columns;
}

/*
 * Are rows compared with each other, as all but UNION ALL does?
 */
static bool
merges_rows(Node *operation)
{
	const SetOperationStmt *statement;

	if (!IsA(operation, SetOperationStmt))
		return false;
	statement = castNode(SetOperationStmt, operation);
	return statement->op != SETOP_UNION || !statement->all ||
		merges_rows(statement->larg) || merges_rows(statement->rarg);
}

/*
 * Of a subquery of an expression: none if it stands in what is shown.
 */
static Bitmapset *
sublink_columns(PlannerInfo *parent, int plan_id, List **known)
{
	Sublink		sublink = {plan_id, NIL};
	ListCell   *cell;

	foreach(cell, parent->init_plans)
	{
		const SubPlan *plan = lfirst_node(SubPlan, cell);

		if (plan->plan_id == plan_id)
			sublink.parameters = plan->setParam;
	}

	if (!runs_sublink((Node *) deciding_expressions(parent, known),
					  &sublink) &&
		(runs_sublink((Node *) parent->processed_tlist, &sublink) ||
		 runs_sublink((Node *) parent->parse->returningList, &sublink)))
		return NULL;
	return bms_make_singleton(WHOLE_ROW);
}

static bool
runs_sublink(Node *node, void *context)
{
	const Sublink *sublink = context;

	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) &&
		castNode(SubPlan, node)->plan_id == sublink->plan_id)
		return true;
	if (IsA(node, Param) && castNode(Param, node)->paramkind == PARAM_EXEC &&
		list_member_int(sublink->parameters, castNode(Param, node)->paramid))
		return true;
	return expression_tree_walker(node, runs_sublink, context);
}

/*
 * Of a WITH query: whatever decides in one of the places that refer to it.
 */
static Bitmapset *
with_columns(PlannerInfo *owner, int number, List **known)
{
	WithQuery	with = {owner, list_nth(owner->parse->cteList, number), NULL};
	PlannerInfo *top = owner;
	ListCell   *cell;

	while (top->parent_root != NULL)
		top = top->parent_root;
	add_references(top, &with, known);
	foreach(cell, owner->glob->subroots)
		add_references(lfirst(cell), &with, known);
	return with.columns;
}

/*
 * The same in a query, and in those of its FROM.
 */
static void
add_references(PlannerInfo *root, WithQuery *with, List **known)
{
	for (int relid = 1; relid < root->simple_rel_array_size; relid++)
	{
		const RelOptInfo *rel = root->simple_rel_array[relid];

		if (rel == NULL)
			continue;
		if (rel->subroot != NULL)
			add_references(rel->subroot, with, known);
		else if (refers_to(root, root->simple_rte_array[relid], with))
			with->columns =
				bms_add_members(with->columns,
								relation_columns(root, relid, known));
	}
}

static bool
refers_to(const PlannerInfo *root, const RangeTblEntry *entry,
		  const WithQuery *with)
{
	if (entry->rtekind != RTE_CTE ||
		strcmp(entry->ctename, with->cte->ctename) != 0)
		return false;
	for (Index level = 0; level < entry->ctelevelsup; level++)
		root = root->parent_root;
	return root == with->owner;
}
