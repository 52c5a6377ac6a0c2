/*
 * scan.c
 *		Begin, iterate, rescan and end a scan.
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
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "plan/bind.h"
#include "plan/comparison.h"
#include "plan/plan.h"
#include "read/named.h"
#include "read/page.h"
#include "read/rescan.h"
#include "read/scan.h"
#include "rewrite/rewriteHandler.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* A stored generated column: the API has none, so we compute it. */
typedef struct GeneratedColumn
{
	int			index;			/* attribute number less one */
	ExprState  *expression;
} GeneratedColumn;

static void prepare_to_ask(FcScanState *state, ForeignScanState *node,
						   int eflags);
static void begin_use(FcScanState *state, ForeignScanState *node);
static void forbid_unbound(const FcScanState *state, EState *estate);
static List *plan_private(ForeignScanState *node, FcScanPrivateIndex index);
static Bitmapset *attribute_set(const List *attributes);
static void prepare_generated(FcScanState *state, ForeignScanState *node);
static void compute_generated(FcScanState *state, ForeignScanState *node,
							  TupleTableSlot *slot);
static void load_model(FcScanState *state, ForeignScanState *node);
static FcKeep choose_keep(const FcScanState *state, ForeignScanState *node,
						  int eflags);
static bool is_written(EState *estate, Oid relid);
static void prepare_harvest(FcScanState *state, ForeignScanState *node);
static char *missing_filters(const FcScanState *state);
static void ask_query(FcScanState *state, ForeignScanState *node,
					  int replaced, Datum replacement);
static void ask_before_write(void *arg);
static bool next_row(FcScanState *state, ForeignScanState *node,
					 TupleTableSlot *slot, int64 *id);
static bool next_named_row(FcScanState *state, TupleTableSlot *slot,
						   int64 *id);
static void keep_item(const FcScanState *state, FcJsonNode item);
static void read_id(const FcScanState *state, FcJsonNode item, int64 *id);
static bool is_asked_for(FcScanState *state, FcJsonNode item);
static void name_request(void *arg);
static void ask_batch(ForeignScanState *node, int operand, Datum keys);
static bool next_batch_row(ForeignScanState *node, int64 *id);

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
	state->waits = fc_bind_waits((Node *) plan->fdw_exprs, estate);
	state->is_named = intVal(plan_private(node, FC_SCAN_NAMED)) != 0;
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	state->tuple_context =
		AllocSetContextCreate(CurrentMemoryContext, "frontcore_fdw tuple",
							  ALLOCSET_DEFAULT_SIZES);
	state->identity =
		fc_identity_begin(node, intVal(plan_private(node,
													FC_SCAN_CTID)) != 0);
	if (!state->is_named)
		prepare_to_ask(state, node, eflags);
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
		if (!(state->is_named ? next_named_row(state, slot, &id) :
			  next_row(state, node, slot, &id)))
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
	else if (state->is_named ||
			 (node->ss.ps.chgParam != NULL && state->waits))
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
 * fc_scan_query
 *		The query by these conditions, with their operands as they are now, in
 *		the current context.
 *
 * The operand numbered replaced (-1 for none) is given, not evaluated.
 */
FcQuery *
fc_scan_query(const FcScanState *state, ForeignScanState *node,
			  const List *conditions, int replaced, Datum replacement)
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

/*
 * Prepare to ask the API, by a pager; nothing is sent yet.
 */
static void
prepare_to_ask(FcScanState *state, ForeignScanState *node, int eflags)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	EState	   *estate = node->ss.ps.state;
	List	   *batch = plan_private(node, FC_SCAN_BATCH);

	state->api = fc_access_open(plan->fs_server, fc_scan_user(plan, estate));
	begin_use(state, node);
	state->keep = choose_keep(state, node, eflags);
	prepare_harvest(state, node);
	state->pager = fc_pager_begin(state->api, &state->use, state->keep,
								  state->table->name);
	if (is_written(estate, state->table->relid))
		fc_pager_pass_caches(state->pager);
	else if (state->keep == FC_KEEP_TRANSACTION &&
			 state->table->cache == FC_CACHE_SHARED)
	{
		fc_sharing_begin(&state->sharing, state->server, state->table,
						 &state->api->scope);
		fc_pager_share(state->pager, &state->sharing);
	}
	if (batch != NIL)
		state->batch = fc_batch_begin(node, &batch_source, batch);
	else if (!state->waits)
		fc_pager_on_drain(state->pager, state->table->resource,
						  ask_before_write, node);
}

/*
 * Begin to count what the scan's requests cost.
 */
static void
begin_use(FcScanState *state, ForeignScanState *node)
{
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);

	state->use.resource = state->table->resource->name;
	state->use.relid = state->table->relid;
	state->use.estimated =
		floatVal(list_nth(plan->fdw_private, FC_SCAN_REQUESTS));
	state->use.estate = node->ss.ps.state;
	state->use.limit_hint = missing_filters(state);
	forbid_unbound(state, node->ss.ps.state);
}

/*
 * If the list's path needs a column that no condition binds, the query is to
 * fail before anything is sent.
 */
static void
forbid_unbound(const FcScanState *state, EState *estate)
{
	const FcResource *resource = state->model.resource;

	for (int i = 0; resource->columns[i].name != NULL; i++)
	{
		bool		is_bound = (resource->columns[i].flags & FC_BRACE) == 0;
		ListCell   *cell;

		foreach(cell, state->conditions)
		{
			const FcCondition *condition = lfirst(cell);

			is_bound |= condition->column == i &&
				(condition->operator == FC_EQUAL ||
				 condition->operator == FC_EQUAL_ANY);
		}
		if (!is_bound)
			fc_meter_forbid(estate, resource, resource->columns[i].name);
	}
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
	model->wants_few =
		intVal(list_nth(plan->fdw_private, FC_SCAN_FEW)) != 0;
	model->repetitions = fc_plan_loops(plan);
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
 * Does the statement write to the table, by this scan's rows or by others?
 */
static bool
is_written(EState *estate, Oid relid)
{
	ListCell   *cell;

	foreach(cell, estate->es_plannedstmt->resultRelations)
	{
		if (exec_rt_fetch(lfirst_int(cell), estate)->relid == relid)
			return true;
	}
	return false;
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
		wish->path = fc_catalog_path(wish->column);
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

		if (fc_comparison_kind(column) == FC_KIND_NONE ||
			fc_comparison_kind(column) == FC_KIND_BRACE)
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
 * Begin the query by the operands as they are now; nothing is sent yet.
 */
static void
ask_query(FcScanState *state, ForeignScanState *node, int replaced,
		  Datum replacement)
{
	MemoryContext oldcontext;
	FcQuery    *query;

	MemoryContextReset(state->question_context);
	oldcontext = MemoryContextSwitchTo(state->question_context);
	query = fc_scan_query(state, node, state->conditions, replaced,
						  replacement);
	MemoryContextSwitchTo(oldcontext);
	if (state->pager != NULL)
		fc_pager_ask(state->pager, query);
	state->next_named = 0;
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
	do
	{
		if (!fc_pager_next(state->pager, &item))
			return false;
	} while (!is_asked_for(state, item));
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
 * The same for rows that the statement names, and does not read.
 */
static bool
next_named_row(FcScanState *state, TupleTableSlot *slot, int64 *id)
{
	MemoryContext oldcontext;
	bool		found;

	MemoryContextReset(state->tuple_context);
	oldcontext = MemoryContextSwitchTo(state->tuple_context);
	found = fc_named_next(state->query, &state->next_named, state->table,
						  slot, id);
	MemoryContextSwitchTo(oldcontext);
	return found;
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
 * Of several lists by a path: does the item belong to the one that it is in?
 */
static bool
is_asked_for(FcScanState *state, FcJsonNode item)
{
	List	   *bindings = fc_pager_bindings(state->pager);
	MemoryContext oldcontext;
	bool		result;

	if (bindings == NIL)
		return true;
	MemoryContextReset(state->tuple_context);
	oldcontext = MemoryContextSwitchTo(state->tuple_context);
	result = fc_tuple_bind(state->reader, item, bindings);
	MemoryContextSwitchTo(oldcontext);
	return result;
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
