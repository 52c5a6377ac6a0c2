/*
 * scan.c
 *		Begin, iterate, rescan, end and explain a scan.
 *
 * A scan is asked its question when the executor wants the first row, with
 * the operands as they are then; a rescan with other operands asks anew.
 * Everything is checked again by the plan's own quals.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "api/error.h"
#include "api/memo.h"
#include "api/omission.h"
#include "api/value.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "executor/executor.h"
#include "join/batch.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "plan/bind.h"
#include "plan/comparison.h"
#include "plan/plan.h"
#include "plan/pushdown.h"
#include "read/explain.h"
#include "read/harvest.h"
#include "read/identity.h"
#include "read/pager.h"
#include "read/rescan.h"
#include "read/scan.h"
#include "read/tuple.h"
#include "read/page.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* A stored generated column: the API has none, so we compute it. */
typedef struct GeneratedColumn
{
	int			index;			/* attribute number less one */
	ExprState  *expression;
} GeneratedColumn;

typedef struct FcScanState
{
	/* what is asked, of whom */
	const FcServer *server;
	const FcTable *table;
	FcApi	   *api;			/* NULL if only explained */
	FcMeter		use;
	FcKeep		keep;
	FcSharing	sharing;		/* if the table has cache 'shared' */

	/* from the plan */
	List	   *conditions;		/* of FcCondition * */
	List	   *operands;		/* of ExprState * */
	FcQuery		model;			/* the query before its operands are known */

	/* while it runs */
	FcQuery    *query;			/* NULL while nothing has been asked */
	FcTupleReader *reader;
	List	   *generated;		/* of GeneratedColumn * */
	FcHarvest  *harvest;		/* keeps the items for a write, or NULL */
	FcPager    *pager;
	bool		waits;			/* for operands that execution sets */
	FcBatch    *batch;			/* inner side of a batched join, or NULL */
	FcIdentity *identity;		/* of its rows; NULL if nobody looks at it */
	MemoryContext question_context; /* of query */
	MemoryContext tuple_context;	/* of one row */
} FcScanState;

static List *plan_private(ForeignScanState *node, FcScanPrivateIndex index);
static Bitmapset *attribute_set(const List *attributes);
static void prepare_generated(FcScanState *state, ForeignScanState *node);
static void compute_generated(FcScanState *state, ForeignScanState *node,
							  TupleTableSlot *slot);
static void load_model(FcScanState *state, ForeignScanState *node);
static FcKeep choose_keep(const FcScanState *state, ForeignScanState *node,
						  int eflags);
static void prepare_harvest(FcScanState *state, ForeignScanState *node);
static char *missing_filters(const FcScanState *state);
static FcQuery *bind_query(FcScanState *state, ForeignScanState *node,
						   const List *conditions, int replaced,
						   Datum replacement);
static void ask_query(FcScanState *state, ForeignScanState *node,
					  int replaced, Datum replacement);
static void ask_before_write(void *arg);
static bool next_row(FcScanState *state, ForeignScanState *node,
					 TupleTableSlot *slot, int64 *id);
static void keep_item(const FcScanState *state, FcJsonNode item);
static void read_id(const FcScanState *state, FcJsonNode item, int64 *id);
static void name_request(void *arg);
static void ask_batch(ForeignScanState *node, int operand, Datum keys);
static bool next_batch_row(ForeignScanState *node, int64 *id);
static char *describe_filters(ForeignScanState *node, FcScanState *state,
							  const FcQuery *query, ExplainState *es);
static Node *name_parameters(Node *node, void *context);
static bool is_sent(const FcScanState *state, const FcQuery *query,
					const FcCondition *condition);
static bool has_filter(const FcQuery *query, const char *name);
static FcQuery *known_query(ForeignScanState *node, FcScanState *state);
static void add_placeholders(const FcScanState *state, FcQuery *query,
							 const FcCondition *condition);
static void add_placeholder(FcQuery *query, const char *name,
							const FcColumn *column);
static char *describe_request(ForeignScanState *node, const FcQuery *query);

static const FcBatchSource batch_source = {ask_batch, next_batch_row};

/*
 * frontcoreBeginForeignScan
 *		Prepare a scan; nothing is sent yet.
 */
void
frontcoreBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	EState	   *estate = node->ss.ps.state;
	Relation	rel = node->ss.ss_currentRelation;
	FcScanState *state = palloc0(sizeof(FcScanState));
	List	   *batch = plan_private(node, FC_SCAN_BATCH);
	Bitmapset  *attributes;
	Bitmapset  *strict;

	node->fdw_state = state;
	state->server = fc_memo_server(plan->fs_server);
	state->table = fc_memo_table(RelationGetRelid(rel));
	state->operands = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	state->question_context =
		AllocSetContextCreate(CurrentMemoryContext, "frontcore_fdw query",
							  ALLOCSET_SMALL_SIZES);
	attributes = attribute_set(plan_private(node, FC_SCAN_ATTRIBUTES));
	strict = attribute_set(plan_private(node, FC_SCAN_STRICT));
	prepare_generated(state, node);
	state->reader = fc_tuple_reader(RelationGetDescr(rel), state->table,
									attributes,
									state->server->naive_timezone);
	load_model(state, node);
	state->model.needs = fc_tuple_needs(state->reader, strict);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	state->api = fc_exchange_open(plan->fs_server,
								  fc_scan_user(plan, estate));
	state->use.resource = state->table->resource->name;
	state->use.relid = state->table->relid;
	state->use.estimated =
		floatVal(list_nth(plan->fdw_private, FC_SCAN_REQUESTS));
	state->use.estate = estate;
	state->use.limit_hint = missing_filters(state);
	state->keep = choose_keep(state, node, eflags);
	prepare_harvest(state, node);
	state->pager = fc_pager_begin(state->api, &state->use, state->keep,
								  state->table->name);
	if (state->keep == FC_KEEP_TRANSACTION &&
		state->table->cache == FC_CACHE_SHARED)
	{
		fc_sharing_begin(&state->sharing, state->server, state->table,
						 &state->api->scope);
		fc_pager_share(state->pager, &state->sharing);
	}
	state->tuple_context =
		AllocSetContextCreate(CurrentMemoryContext, "frontcore_fdw tuple",
							  ALLOCSET_DEFAULT_SIZES);
	state->identity =
		fc_identity_begin(node, intVal(list_nth(plan->fdw_private,
												FC_SCAN_CTID)) != 0);
	state->waits = fc_bind_waits((Node *) plan->fdw_exprs, estate);
	if (batch != NIL)
		state->batch = fc_batch_begin(node, &batch_source, batch);
	else if (!state->waits)
		fc_pager_on_drain(state->pager, state->table->resource,
						  ask_before_write, node);
}

/*
 * frontcoreIterateForeignScan
 *		The next row, or an empty slot.
 */
TupleTableSlot *
frontcoreIterateForeignScan(ForeignScanState *node)
{
	FcScanState *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	int64		id = 0;

	if (state->batch != NULL)
		slot = fc_batch_next(state->batch, &id);
	else
	{
		if (state->query == NULL)
			ask_query(state, node, -1, (Datum) 0);
		if (!next_row(state, node, slot, &id))
			ExecClearTuple(slot);
	}
	if (state->identity != NULL && !TupIsNull(slot))
		fc_identity_give(state->identity, id, slot);
	return slot;
}

/*
 * frontcoreReScanForeignScan
 *		Begin again; with other operands, if parameters have changed.
 */
void
frontcoreReScanForeignScan(ForeignScanState *node)
{
	FcScanState *state = node->fdw_state;

	if (state->batch != NULL)
		fc_batch_rescan(state->batch);
	else if (state->query == NULL)
		return;
	else if (node->ss.ps.chgParam != NULL && state->waits)
		state->query = NULL;
	else
		fc_pager_rewind(state->pager);
}

/*
 * frontcoreEndForeignScan
 *		Release what the scan holds.
 */
void
frontcoreEndForeignScan(ForeignScanState *node)
{
	FcScanState *state = node->fdw_state;
	FcCounts	counts = {0};

	if (state == NULL || state->pager == NULL)
		return;
	counts.rows_read = state->use.counts.rows_read;
	counts.cache_hits = state->use.counts.cache_hits;
	counts.shared_hits = state->use.counts.shared_hits;
	counts.stale_hits = state->use.counts.stale_hits;
	fc_stats_add(state->server->serverid, state->use.resource, &counts);
	fc_pager_end(state->pager);
	state->pager = NULL;
	if (state->identity != NULL)
		fc_identity_end(state->identity);
}

/*
 * frontcoreExplainForeignScan
 *		Say what goes upstream, and what it costs.
 */
void
frontcoreExplainForeignScan(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	FcScanState *state = node->fdw_state;
	FcQuery    *query = known_query(node, state);
	char	   *filters = describe_filters(node, state, query, es);
	double		requests =
	floatVal(list_nth(plan->fdw_private, FC_SCAN_REQUESTS));

	ExplainPropertyText("Remote Request", describe_request(node, query), es);
	if (filters != NULL)
		ExplainPropertyText("Remote Filter", filters, es);
	ExplainPropertyFloat("Estimated Requests", NULL,
						 query->is_empty ? 0 : requests, 0, es);
	if (es->analyze && state->pager != NULL)
		fc_explain_use(&state->use, es);
}

static List *
plan_private(ForeignScanState *node, FcScanPrivateIndex index)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);

	return (List *) list_nth(plan->fdw_private, index);
}

/*
 * Attribute numbers as a set, offset so that system columns fit in.
 */
static Bitmapset *
attribute_set(const List *attributes)
{
	Bitmapset  *result = NULL;
	ListCell   *cell;

	foreach(cell, attributes)
		result = bms_add_member(result, lfirst_int(cell) -
								FirstLowInvalidHeapAttributeNumber);
	return result;
}

/*
 * Prepare to compute the generated columns that are read.  The plan sees to it
 * that so are the columns that they are computed from.
 */
static void
prepare_generated(FcScanState *state, ForeignScanState *node)
{
	Plan	   *plan = node->ss.ps.plan;
	Relation	rel = node->ss.ss_currentRelation;
	TupleDesc	tupdesc = RelationGetDescr(rel);
	Index		relid = ((Scan *) plan)->scanrelid;
	Bitmapset  *wanted = NULL;
	bool		whole_row;

	if (tupdesc->constr == NULL || !tupdesc->constr->has_generated_stored)
		return;
	pull_varattnos((Node *) plan->targetlist, relid, &wanted);
	pull_varattnos((Node *) plan->qual, relid, &wanted);
	whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, wanted);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		GeneratedColumn *column;
		Node	   *expression;

		if (attribute->attgenerated != ATTRIBUTE_GENERATED_STORED ||
			(!whole_row &&
			 !bms_is_member(attribute->attnum -
							FirstLowInvalidHeapAttributeNumber, wanted)))
			continue;
		expression = build_column_default(rel, attribute->attnum);

		column = palloc(sizeof(GeneratedColumn));
		column->index = i;
		column->expression =
			ExecPrepareExpr((Expr *) expression, node->ss.ps.state);
		state->generated = lappend(state->generated, column);
	}
}

/*
 * Compute the generated columns of the row in the slot.
 */
static void
compute_generated(FcScanState *state, ForeignScanState *node,
				  TupleTableSlot *slot)
{
	ExprContext *econtext = GetPerTupleExprContext(node->ss.ps.state);
	TupleTableSlot *oldslot = econtext->ecxt_scantuple;
	ListCell   *cell;

	econtext->ecxt_scantuple = slot;
	foreach(cell, state->generated)
	{
		GeneratedColumn *column = lfirst(cell);

		/* in our tuple context, which outlives the row */
		slot->tts_values[column->index] =
			ExecEvalExpr(column->expression, econtext,
						 &slot->tts_isnull[column->index]);
	}
	econtext->ecxt_scantuple = oldslot;
}

/*
 * What the plan says of the query, but for its operands.
 */
static void
load_model(FcScanState *state, ForeignScanState *node)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	List	   *order = plan_private(node, FC_SCAN_ORDER);
	FcQuery    *model = &state->model;

	model->resource = state->table->resource;
	model->page_size = state->table->page_size;
	model->push_order = state->table->push_order;
	model->grain = fc_sharing_grain(state->server, state->table);
	model->first_page_size =
		intVal(list_nth(plan->fdw_private, FC_SCAN_LIMIT));
	model->repetitions =
		floatVal(list_nth(plan->fdw_private, FC_SCAN_LOOPS));
	if (order != NIL)
	{
		model->order = &model->resource->columns[linitial_int(order)];
		model->descending = lsecond_int(order) != 0;
	}
	state->conditions =
		fc_query_conditions_from_list(plan_private(node, FC_SCAN_CONDITIONS));
}

/*
 * How long the scan's answers are of use.
 *
 * Rows that are written go by what the API has now, not by what it had when
 * the transaction read them first.
 */
static FcKeep
choose_keep(const FcScanState *state, ForeignScanState *node, int eflags)
{
	PlannedStmt *statement = node->ss.ps.state->es_plannedstmt;
	Index		relid = ((Scan *) node->ss.ps.plan)->scanrelid;

	if (list_member_int(statement->resultRelations, relid))
		return FC_KEEP_SCAN;
	if (state->table->cache)
		return FC_KEEP_TRANSACTION;
	if ((eflags & (EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD |
				   EXEC_FLAG_MARK)) != 0 ||
		fc_rescan_is_possible(statement, node->ss.ps.plan))
		return FC_KEEP_SCAN;
	return FC_KEEP_NOTHING;
}

/*
 * Keep the items if the statement may update the rows, and it is not known
 * what that does to fields that it does not set.
 *
 * The items should then hold these fields, but no other route is taken for
 * that: what is missing is asked for with each row.
 */
static void
prepare_harvest(FcScanState *state, ForeignScanState *node)
{
	EState	   *estate = node->ss.ps.state;
	PlannedStmt *statement = estate->es_plannedstmt;
	const FcResource *resource = state->table->resource;
	FcLearned	learned;
	uint64		unproven;

	if (!list_member_int(statement->resultRelations,
						 ((Scan *) node->ss.ps.plan)->scanrelid) ||
		(statement->commandType == CMD_DELETE &&
		 !state->table->deactivates && !statement->hasModifyingCTE))
		return;
	(void) fc_stats_learned(state->api->account.digest, resource->name,
							&learned);
	unproven = fc_omission_unproven(state->table, &learned);
	if (unproven == 0)
		return;

	state->harvest = fc_harvest_begin(estate, state->table->relid);
	for (int i = 0; resource->columns[i].name; i++)
	{
		FcNeed	   *wish;

		if ((unproven & FC_COLUMN_BIT(i)) == 0)
			continue;
		wish = palloc0(sizeof(FcNeed));
		wish->column = &resource->columns[i];
		wish->path = wish->column->path ? wish->column->path :
			wish->column->name;
		wish->name = wish->column->name;
		wish->is_wish = true;
		state->model.needs = lappend(state->model.needs, wish);
	}
}

/*
 * The HINT for a query that needs too many requests.
 */
static char *
missing_filters(const FcScanState *state)
{
	const FcResource *resource = state->table->resource;
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; resource->columns[i].name; i++)
	{
		const FcColumn *column = &resource->columns[i];
		ListCell   *cell;
		bool		is_used = false;

		if (fc_comparison_kind(column) == FC_KIND_NONE)
			continue;
		foreach(cell, state->conditions)
			is_used |= ((FcCondition *) lfirst(cell))->column == i;
		if (!is_used)
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
							 column->name);
	}
	return psprintf("A filter on one of %s would need fewer requests; or raise \"frontcore_fdw.max_requests_per_query\".",
					names.data);
}

/*
 * The query by these conditions, with their operands as they are now, in the
 * current context.
 *
 * One of the operands may be given instead of evaluated.
 */
static FcQuery *
bind_query(FcScanState *state, ForeignScanState *node, const List *conditions,
		   int replaced, Datum replacement)
{
	FcOperands *operands = fc_bind_operands(conditions, state->operands,
											node->ss.ps.ps_ExprContext,
											replaced);
	FcQuery    *query = palloc(sizeof(FcQuery));

	if (replaced >= 0)
	{
		operands->types[replaced] = INT8ARRAYOID;
		operands->values[replaced] = replacement;
	}
	*query = state->model;
	fc_bind_query(query, conditions, operands, state->server,
				  state->table->push_filters);
	return query;
}

static void
ask_query(FcScanState *state, ForeignScanState *node, int replaced,
		  Datum replacement)
{
	MemoryContext oldcontext;
	FcQuery    *query;

	MemoryContextReset(state->question_context);
	oldcontext = MemoryContextSwitchTo(state->question_context);
	query = bind_query(state, node, state->conditions, replaced, replacement);
	MemoryContextSwitchTo(oldcontext);
	fc_pager_ask(state->pager, query);
	state->query = query;
}

/*
 * The statement is about to write before this scan has begun: it is to see
 * what was there before.
 */
static void
ask_before_write(void *arg)
{
	ForeignScanState *node = arg;

	ask_query(node->fdw_state, node, -1, (Datum) 0);
}

/*
 * Put the next item into the slot, and its id into *id if that counts; false
 * if there is none.
 */
static bool
next_row(FcScanState *state, ForeignScanState *node, TupleTableSlot *slot,
		 int64 *id)
{
	ErrorContextCallback callback = {error_context_stack, name_request};
	MemoryContext oldcontext;
	FcJsonNode	item;

	ExecClearTuple(slot);
	if (!fc_pager_next(state->pager, &item))
		return false;
	if (state->harvest != NULL)
		keep_item(state, item);

	callback.arg = state->pager;
	error_context_stack = &callback;
	MemoryContextReset(state->tuple_context);
	oldcontext = MemoryContextSwitchTo(state->tuple_context);
	fc_tuple_read(state->reader, item, slot->tts_values, slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
	if (state->generated != NIL)
		compute_generated(state, node, slot);
	if (state->identity != NULL)
		read_id(state, item, id);
	MemoryContextSwitchTo(oldcontext);
	error_context_stack = callback.previous;
	state->use.counts.rows_read++;
	return true;
}

/*
 * Keep an item for the write of its row.
 */
static void
keep_item(const FcScanState *state, FcJsonNode item)
{
	int64		id;

	if (fc_page_item_key(state->table->resource, FC_KEY, item, &id))
		fc_harvest_add(state->harvest, id, item);
}

/*
 * The id of an item, whether or not the table has a column for it.
 */
static void
read_id(const FcScanState *state, FcJsonNode item, int64 *id)
{
	if (!fc_page_item_key(state->table->resource, FC_KEY, item, id))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("a row of foreign table \"%s\" has no id",
						state->table->name)));
}

/*
 * A value could not be read: say which request it came with.
 */
static void
name_request(void *arg)
{
	fc_error_context("GET", fc_pager_request(arg));
}

/*
 * Callbacks of a batched join: the keys take the place of one operand.
 */
static void
ask_batch(ForeignScanState *node, int operand, Datum keys)
{
	ask_query(node->fdw_state, node, operand, keys);
}

static bool
next_batch_row(ForeignScanState *node, int64 *id)
{
	return next_row(node->fdw_state, node, node->ss.ss_ScanTupleSlot, id);
}

/*
 * The conditions that go upstream, as SQL; NULL if there are none.
 */
static char *
describe_filters(ForeignScanState *node, FcScanState *state,
				 const FcQuery *query, ExplainState *es)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	List	   *context = set_deparse_context_plan(es->deparse_cxt,
												   (Plan *) plan, NIL);
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, state->conditions)
	{
		const FcCondition *condition = lfirst(cell);
		const FcColumn *column =
		&state->model.resource->columns[condition->column];
		Node	   *operand;
		Oid			type;

		if (!is_sent(state, query, condition))
			continue;
		operand = name_parameters(list_nth(plan->fdw_exprs,
										   condition->operand), NULL);
		type = exprType(operand);

		appendStringInfo(&text, condition->operator == FC_EQUAL_ANY ?
						 "%s(%s %s (%s))" : "%s(%s %s %s)",
						 text.len > 0 ? " AND " : "",
						 type == TIDOID || type == TIDARRAYOID ?
						 "ctid" : column->name,
						 fc_comparison_sign(condition->operator),
						 deparse_expression(operand, context, true, false));
	}
	return text.len > 0 ? text.data : NULL;
}

/*
 * Let "$n" stand for what execution sets.  Core would look for the expression
 * that it comes from in nodes above, which an FDW is not told of.
 */
static Node *
name_parameters(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && castNode(Param, node)->paramkind == PARAM_EXEC)
	{
		Param	   *named = copyObject(castNode(Param, node));

		named->paramkind = PARAM_EXTERN;
		return (Node *) named;
	}
	return expression_tree_mutator(node, name_parameters, context);
}

/*
 * Does the API get to see the condition?
 */
static bool
is_sent(const FcScanState *state, const FcQuery *query,
		const FcCondition *condition)
{
	const FcColumn *column =
	&state->model.resource->columns[condition->column];
	const FcComparison *comparison = fc_comparison(column,
												   condition->operator);

	if (comparison->places & FC_GOES_TO_KEY)
		return true;
	if (!state->table->push_filters)
		return false;
	return comparison->takes_one ? has_filter(query, column->equals) :
		(comparison->places & ~FC_GOES_TO_UNTIL) != 0;
}

static bool
has_filter(const FcQuery *query, const char *name)
{
	ListCell   *cell;

	foreach(cell, query->filters)
	{
		if (strcmp(((FcFilter *) lfirst(cell))->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * The query as far as it is known: as it was asked last, or as its operands
 * are now; in braces, what execution sets.
 */
static FcQuery *
known_query(ForeignScanState *node, FcScanState *state)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	List	   *known = NIL;
	List	   *unknown = NIL;
	FcQuery    *query;
	ListCell   *cell;

	if (state->query != NULL && state->batch == NULL)
		return state->query;

	foreach(cell, state->conditions)
	{
		FcCondition *condition = lfirst(cell);
		Node	   *operand = list_nth(plan->fdw_exprs, condition->operand);

		if (fc_bind_waits(operand, node->ss.ps.state))
			unknown = lappend(unknown, condition);
		else
			known = lappend(known, condition);
	}
	query = bind_query(state, node, known, -1, (Datum) 0);
	foreach(cell, unknown)
		add_placeholders(state, query, lfirst(cell));
	return query;
}

/*
 * Add the parameters that the condition will set; keys have their place in
 * the path.
 */
static void
add_placeholders(const FcScanState *state, FcQuery *query,
				 const FcCondition *condition)
{
	const FcColumn *column = &query->resource->columns[condition->column];
	int			places =
	fc_comparison(column, condition->operator)->places & ~FC_GOES_TO_KEY;

	if (!is_sent(state, query, condition))
		return;
	if (query->has_since)
		places &= ~FC_GOES_TO_SINCE;
	for (int place = 1; place <= FC_LAST_PLACE; place <<= 1)
	{
		if (places & place)
			add_placeholder(query, fc_comparison_parameter(column, place),
							column);
	}
}

static void
add_placeholder(FcQuery *query, const char *name, const FcColumn *column)
{
	if (!has_filter(query, name))
		fc_query_add_filter(query, name, psprintf("{%s}", column->name));
}

/*
 * The request that the plan expects to send first.  What is only known when
 * the query runs stands in braces.
 */
static char *
describe_request(ForeignScanState *node, const FcQuery *query)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	int			number = intVal(list_nth(plan->fdw_private, FC_SCAN_ROUTE));

	if (query->is_empty)
		return pstrdup("none: no row can match");
	if (number < 0)
		return pstrdup("none: the account has no such list");
	return psprintf("GET %s",
					fc_query_describe(query,
									  &query->resource->routes[number]));
}
