/*
 * operand.c
 *		What the two sides of a comparison are: a column, and an operand.
 *
 * An operand is evaluated when the scan begins.  So it must depend neither on
 * the row nor on what the statement has written by then.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "api/memo.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "plan/operand.h"
#include "rewrite/rewriteManip.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"

/* By the strategy numbers of btree. */
const FcOperator fc_operand_operators[] = {
	[BTLessStrategyNumber] = FC_LESS,
	[BTLessEqualStrategyNumber] = FC_LESS_EQUAL,
	[BTEqualStrategyNumber] = FC_EQUAL,
	[BTGreaterEqualStrategyNumber] = FC_GREATER_EQUAL,
	[BTGreaterStrategyNumber] = FC_GREATER
};

static bool waits_for_rows(Node *node, void *context);
static bool may_follow_write(PlannerInfo *root, const FcTable *table);
static bool shows_by_subquery(const Query *query);
static bool writes_before(const Query *query, const FcTable *table);

/*
 * fc_operand_column
 *		Is the expression a column of the table, of a type that holds the API's
 *		values as they are?  Then say which.
 *
 * A column declared otherwise compares in ways of its own.
 */
bool
fc_operand_column(const FcMatcher *matcher, Expr *expr, FcColumnRef *result)
{
	const FcTableColumn *column;
	Var		   *var;

	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	var = (Var *) expr;
	if (!IsA(var, Var) || var->varno != matcher->rel->relid ||
		var->varlevelsup > 0)
		return false;

	result->attnum = var->varattno;
	if (var->varattno == SelfItemPointerAttributeNumber)
	{
		result->column = fc_catalog_flagged(matcher->table->resource, FC_KEY);
		result->scale = fc_scale_of_ctid();
		/* of a list by its path, ids are texts */
		return fc_scale_find(result->column) != NULL;
	}
	if (var->varattno <= 0)
		return false;

	column = &matcher->table->columns[var->varattno - 1];
	result->scale = column->column ?
		fc_scale_for(column->column, getBaseType(var->vartype)) : NULL;
	if (result->scale == NULL)
		return false;

	result->column = column->column;
	return true;
}

/*
 * fc_operand_is_free
 *		Can the operand be evaluated before there is a row, and in time?
 */
bool
fc_operand_is_free(const FcMatcher *matcher, Expr *operand)
{
	return !bms_is_member(matcher->rel->relid,
						  pull_varnos(matcher->root, (Node *) operand)) &&
		!contain_volatile_functions((Node *) operand) &&
		!contain_subplans((Node *) operand) &&
		!(waits_for_rows((Node *) operand, NULL) &&
		  may_follow_write(matcher->root, matcher->table));
}

/*
 * Does the operand depend on what other relations or subqueries give?
 */
static bool
waits_for_rows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
		return true;
	if (IsA(node, Param))
		return castNode(Param, node)->paramkind != PARAM_EXTERN;
	return expression_tree_walker(node, waits_for_rows, context);
}

/*
 * May the statement write to the table's resource, or to what it hangs on,
 * before it has read these rows?
 *
 * Rows that an INSERT, UPDATE or DELETE gets from its own plan are all read
 * before the first is written (snapshot.c).  Not so those of the rest of a
 * statement whose WITH clause writes, nor those that RETURNING looks up.
 */
static bool
may_follow_write(PlannerInfo *root, const FcTable *table)
{
	const Query *reader = root->parse;
	const Query *own = NULL;	/* what the rows are read for, if it writes */
	const Query *top;
	int			writers = 0;
	ListCell   *cell;

	for (;; root = root->parent_root)
	{
		top = root->parse;
		if (own == NULL && top->commandType != CMD_SELECT)
			own = top;
		if (root->parent_root == NULL)
			break;
	}

	if (own != NULL && own != reader && shows_by_subquery(own) &&
		writes_before(own, table))
		return true;
	if (!top->hasModifyingCTE)
		return false;

	if (writes_before(top, table))
		writers++;
	foreach(cell, top->cteList)
	{
		const CommonTableExpr *cte = lfirst_node(CommonTableExpr, cell);

		if (writes_before(castNode(Query, cte->ctequery), table))
			writers++;
	}

	/* is there another one?  Core plans a copy of a WITH query, so count */
	return writers > (own != NULL && writes_before(own, table) ? 1 : 0);
}

/*
 * Does a subquery look at rows when they have been written?
 */
static bool
shows_by_subquery(const Query *query)
{
	return checkExprHasSubLink((Node *) query->returningList) ||
		checkExprHasSubLink((Node *) query->withCheckOptions);
}

/*
 * Does the query write to the table's resource, or to what it hangs on?
 */
static bool
writes_before(const Query *query, const FcTable *table)
{
	const RangeTblEntry *target;
	ListCell   *cell;

	if (query->commandType == CMD_SELECT || query->resultRelation == 0)
		return false;

	target = rt_fetch(query->resultRelation, query->rtable);
	foreach(cell, find_all_inheritors(target->relid, AccessShareLock, NULL))
	{
		Oid			relid = lfirst_oid(cell);

		if (fc_memo_is_our_table(relid) &&
			fc_catalog_depends(table->resource,
							   fc_memo_table(relid)->resource))
			return true;
	}
	return false;
}
