/*
 * modify.c
 *		The executor's callbacks of INSERT, UPDATE, DELETE and COPY.
 *
 * They unpack what the executor hands over; change.c does the work.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "api/memo.h"
#include "commands/trigger.h"
#include "compat.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "read/explain.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "write/change.h"
#include "write/modify.h"
#include "write/snapshot.h"
#include "write/target.h"

/* A column that the plan carries along by itself. */
typedef struct Carried
{
	const FcTableColumn *column;
	AttrNumber	resno;			/* in the plan's rows */
} Carried;

typedef struct FcModify
{
	FcChange   *change;
	ResultRelInfo *rinfo;
	EState	   *estate;
	CmdType		operation;		/* the statement's */
	bool		has_checks;		/* check.c has been asked for them */
	Bitmapset  *targets;		/* attributes of UPDATE's SET */
	bool		may_be_changed; /* others, by a BEFORE trigger */
	Bitmapset  *seen;			/* attributes of the old row that were read */
	AttrNumber	whole_row;		/* in the plan's rows, or 0 */
	int			ncarried;
	Carried    *carried;

	/* to look at rows before the first one is written */
	List	   *settings;		/* attributes of UPDATE's SET, in the order of
								 * the plan's rows */
	AttrNumber	tableoid;		/* in the plan's rows, or 0 */
	struct HTAB *looked_at;		/* ids that will be written; NULL at first */
	TupleTableSlot *new_row;	/* as it will be; NULL at first */
} FcModify;

static FcModify *make_modify(const ModifyTableState *mtstate,
							 ResultRelInfo *rinfo, Bitmapset *returned,
							 bool returns_ctid);
static void prepare_checks(FcModify *modify);
static void refuse_transition_tables(const ModifyTableState *mtstate,
									 Relation rel);
static void prepare_look(FcModify *modify, const ModifyTableState *mtstate,
						 const TriggerDesc *triggers);
static int	look_at_row(void *arg, TupleTableSlot *slot);
static bool is_written(FcModify *modify, TupleTableSlot *slot);
static bool foresee_row(FcModify *modify, TupleTableSlot *slot);
static void make_new_row(FcModify *modify, TupleTableSlot *slot);
static void find_carried(FcModify *modify, const Plan *subplan,
						 bool is_delete);
static void read_old_row(const FcModify *modify, TupleTableSlot *planSlot,
						 FcOldRow *row, Datum *values, bool *isnull);
static void read_carried(const FcModify *modify, const Carried *carried,
						 TupleTableSlot *planSlot, FcOldRow *row);
static bool split_whole_row(const FcModify *modify, TupleTableSlot *planSlot,
							HeapTupleData *tuple);
static Bitmapset *changed_attributes(const FcModify *modify,
									 TupleTableSlot *slot,
									 const Datum *values,
									 const bool *isnull);
static const FcQuery *named_rows(ModifyTableState *mtstate,
								 const ResultRelInfo *rinfo);
static const char *describe_request(const FcTable *table, CmdType operation,
									const FcQuery *named);
static const char *method_name(const FcTable *table, CmdType operation);

/*
 * frontcoreBeginForeignModify
 *		Prepare to write; nothing is sent yet.
 */
void
frontcoreBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rinfo,
							List *fdw_private, int subplan_index, int eflags)
{
	const Plan *subplan = outerPlan(mtstate->ps.plan);
	Relation	rel = rinfo->ri_RelationDesc;
	FcModify   *modify;
	List	   *returned;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	refuse_transition_tables(mtstate, rel);
	returned = list_nth(fdw_private, FC_MODIFY_RETURNED);
	modify = make_modify(mtstate, rinfo, fc_target_attributes(returned),
						 fc_target_has_ctid(returned));
	modify->change->put->sender->use.estimated = subplan->plan_rows;
	if (mtstate->operation != CMD_INSERT)
	{
		find_carried(modify, subplan, mtstate->operation == CMD_DELETE);
		modify->seen = fc_target_attributes(list_nth(fdw_private,
													 FC_MODIFY_SEEN));
		modify->settings = list_nth(fdw_private, FC_MODIFY_TARGETS);
		modify->targets = fc_target_attributes(modify->settings);
		modify->may_be_changed = mtstate->operation == CMD_UPDATE &&
			rel->trigdesc != NULL && rel->trigdesc->trig_update_before_row;
	}
	prepare_look(modify, mtstate, rel->trigdesc);
}

/*
 * frontcoreBeginForeignInsert
 *		Prepare for rows that COPY brings, or that are routed to a partition.
 */
void
frontcoreBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rinfo)
{
	ModifyTable *plan = castNode(ModifyTable, mtstate->ps.plan);
	Relation	rel = rinfo->ri_RelationDesc;
	FcModify   *modify = rinfo->ri_FdwState;
	bool		returns_ctid;
	Bitmapset  *returned = fc_target_returned(rel, CMD_INSERT, 0,
											  rinfo->ri_returningList,
											  &returns_ctid);

	if (plan != NULL && plan->onConflictAction != ONCONFLICT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ON CONFLICT is not supported for foreign table \"%s\"",
						RelationGetRelationName(rel)),
				 errdetail("The API has no unique constraints to ask for.")));

	refuse_transition_tables(mtstate, rel);

	/* an UPDATE that moves rows may write to the partition already */
	if (modify == NULL)
		modify = make_modify(mtstate, rinfo, NULL, false);
	modify->change->returned = bms_add_members(modify->change->returned,
											   returned);
	modify->change->returns_ctid |= returns_ctid;
}

/*
 * frontcoreExecForeignInsert
 *		Create a row.
 */
TupleTableSlot *
frontcoreExecForeignInsert(EState *estate, ResultRelInfo *rinfo,
						   TupleTableSlot *slot, TupleTableSlot *planSlot)
{
	FcModify   *modify = rinfo->ri_FdwState;
	FcChange   *change = modify->change;
	ErrorContextCallback callback = {error_context_stack, fc_change_context,
	change};
	MemoryContext oldcontext;

	prepare_checks(modify);
	error_context_stack = &callback;
	MemoryContextReset(change->row_context);
	oldcontext = MemoryContextSwitchTo(change->row_context);
	fc_change_insert(change, slot);
	MemoryContextSwitchTo(oldcontext);
	error_context_stack = callback.previous;
	return slot;
}

/*
 * frontcoreExecForeignUpdate
 *		Change a row; NULL if there is none any more.
 */
TupleTableSlot *
frontcoreExecForeignUpdate(EState *estate, ResultRelInfo *rinfo,
						   TupleTableSlot *slot, TupleTableSlot *planSlot)
{
	FcModify   *modify = rinfo->ri_FdwState;
	FcChange   *change = modify->change;
	int			natts = change->tupdesc->natts;
	ErrorContextCallback callback = {error_context_stack, fc_change_context,
	change};
	MemoryContext oldcontext;
	FcOldRow   *row;
	Datum	   *values;
	bool	   *isnull;
	bool		found;

	prepare_checks(modify);
	error_context_stack = &callback;
	MemoryContextReset(change->row_context);
	oldcontext = MemoryContextSwitchTo(change->row_context);
	row = palloc0(sizeof(FcOldRow));
	values = palloc(natts * sizeof(Datum));
	isnull = palloc(natts * sizeof(bool));
	read_old_row(modify, planSlot, row, values, isnull);
	found = fc_change_is_first(change, row->key.id) &&
		fc_change_update(change, row,
						 changed_attributes(modify, slot, values, isnull),
						 modify->seen, slot);
	MemoryContextSwitchTo(oldcontext);
	error_context_stack = callback.previous;
	return found ? slot : NULL;
}

/*
 * frontcoreExecForeignDelete
 *		Delete a row, which RETURNING wants in the slot; NULL if there is none.
 */
TupleTableSlot *
frontcoreExecForeignDelete(EState *estate, ResultRelInfo *rinfo,
						   TupleTableSlot *slot, TupleTableSlot *planSlot)
{
	FcModify   *modify = rinfo->ri_FdwState;
	FcChange   *change = modify->change;
	ErrorContextCallback callback = {error_context_stack, fc_change_context,
	change};
	MemoryContext oldcontext;
	HeapTupleData tuple;
	FcOldRow   *row;
	bool		found;

	error_context_stack = &callback;
	MemoryContextReset(change->row_context);
	oldcontext = MemoryContextSwitchTo(change->row_context);
	row = palloc0(sizeof(FcOldRow));
	for (int i = 0; i < modify->ncarried; i++)
		read_carried(modify, &modify->carried[i], planSlot, row);
	found = fc_change_is_first(change, row->key.id) &&
		fc_change_delete(change, row);
	if (found && split_whole_row(modify, planSlot, &tuple))
	{
		ExecForceStoreHeapTuple(&tuple, slot, false);
		ExecMaterializeSlot(slot);
		fc_change_identify(change, row->key.id, &slot->tts_tid);
	}
	MemoryContextSwitchTo(oldcontext);
	error_context_stack = callback.previous;
	return found ? slot : NULL;
}

/*
 * frontcoreEndForeignModify
 *		Nothing is left to be done: memory goes with the statement.
 */
void
frontcoreEndForeignModify(EState *estate, ResultRelInfo *rinfo)
{
}

/*
 * frontcoreEndForeignInsert
 *		The same after COPY, and after routing.
 */
void
frontcoreEndForeignInsert(EState *estate, ResultRelInfo *rinfo)
{
}

/*
 * frontcoreExplainForeignModify
 *		Show what would be, or was, sent for each row.
 */
void
frontcoreExplainForeignModify(ModifyTableState *mtstate,
							  ResultRelInfo *rinfo, List *fdw_private,
							  int subplan_index, struct ExplainState *es)
{
	Oid			relid = RelationGetRelid(rinfo->ri_RelationDesc);
	const FcTable *table = fc_memo_table(relid);
	const FcQuery *named = named_rows(mtstate, rinfo);
	FcModify   *modify = rinfo->ri_FdwState;
	double		estimated = outerPlan(mtstate->ps.plan)->plan_rows;

	if (named != NULL)
		estimated = named->is_empty ? 0 : named->ids.count;
	ExplainPropertyText("Remote Request",
						describe_request(table, mtstate->operation, named),
						es);
	ExplainPropertyFloat("Estimated Requests", NULL, estimated, 0, es);
	if (es->analyze && modify != NULL)
		fc_explain_use(&modify->change->put->sender->use, es);
}

/*
 * The state of a table that is written.
 */
static FcModify *
make_modify(const ModifyTableState *mtstate, ResultRelInfo *rinfo,
			Bitmapset *returned, bool returns_ctid)
{
	FcModify   *modify = palloc0(sizeof(FcModify));
	EState	   *estate = mtstate->ps.state;

	modify->rinfo = rinfo;
	modify->estate = estate;
	modify->operation = mtstate->operation;
	modify->change = fc_change_begin(rinfo->ri_RelationDesc,
									 fc_result_user(rinfo, estate), estate,
									 returned, returns_ctid);
	rinfo->ri_FdwState = modify;
	return modify;
}

/*
 * Prepare for the checks that new rows have to pass, which core has not made
 * ready before the first one comes.
 */
static void
prepare_checks(FcModify *modify)
{
	EState	   *estate = modify->estate;
	MemoryContext oldcontext;

	if (modify->has_checks)
		return;
	oldcontext = MemoryContextSwitchTo(estate->es_query_cxt);
	modify->change->check = fc_check_begin(modify->rinfo, estate,
										   modify->change->table,
										   modify->operation);
	MemoryContextSwitchTo(oldcontext);
	modify->has_checks = true;
}

/*
 * Core finds out only after a row of a foreign partition was written that it
 * cannot be put into the transition table of its parent's trigger.
 */
static void
refuse_transition_tables(const ModifyTableState *mtstate, Relation rel)
{
	const TransitionCaptureState *capture = mtstate->mt_transition_capture;
	bool		is_captured = false;

	if (capture == NULL)
		return;
	if (mtstate->operation == CMD_INSERT)
		is_captured = capture->tcs_insert_new_table;
	else if (mtstate->operation == CMD_DELETE)
		is_captured = capture->tcs_delete_old_table;
	else
		is_captured = capture->tcs_update_old_table ||
			capture->tcs_update_new_table;
	if (is_captured)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot write to foreign table \"%s\" below a trigger with a transition table",
						RelationGetRelationName(rel)),
				 errdetail("Rows of foreign tables cannot be collected in transition tables."),
				 errhint("Write to the foreign table itself, or use a trigger FOR EACH ROW.")));
}

/*
 * Have the rows looked at while they are collected: what is wrong with any of
 * them is an error before the first one is written.
 *
 * A BEFORE trigger may change a row, or skip it.
 */
static void
prepare_look(FcModify *modify, const ModifyTableState *mtstate,
			 const TriggerDesc *triggers)
{
	const Plan *subplan = outerPlan(mtstate->ps.plan);
	CmdType		operation = modify->operation;

	if (triggers != NULL &&
		((operation == CMD_INSERT && triggers->trig_insert_before_row) ||
		 (operation == CMD_UPDATE && triggers->trig_update_before_row) ||
		 (operation == CMD_DELETE && triggers->trig_delete_before_row)))
		return;
	if (operation == CMD_DELETE && fc_max_requests_per_query == 0)
		return;					/* nothing is to be found out */
	modify->tableoid = ExecFindJunkAttributeInTlist(subplan->targetlist,
													"tableoid");
	fc_snapshot_look(outerPlanState(mtstate), look_at_row, modify);
}

/*
 * Throw what is known to be wrong with a row of the plan.  Returns how many
 * requests it takes at least to write it, besides those for other rows.
 *
 * The rows of an INSERT are not counted.
 */
static int
look_at_row(void *arg, TupleTableSlot *slot)
{
	FcModify   *modify = arg;
	MemoryContext oldcontext;
	bool		sends;

	MemoryContextReset(modify->change->row_context);
	oldcontext = MemoryContextSwitchTo(modify->change->row_context);
	sends = is_written(modify, slot);
	if (sends && modify->operation != CMD_DELETE)
		sends = foresee_row(modify, slot);
	MemoryContextSwitchTo(oldcontext);
	return sends && modify->operation != CMD_INSERT ? 1 : 0;
}

/*
 * Will the row be written to this table?  One that comes again will not.
 */
static bool
is_written(FcModify *modify, TupleTableSlot *slot)
{
	FcChange   *change = modify->change;
	FcOldRow   *row = palloc0(sizeof(FcOldRow));
	bool		isnull;
	bool		found;

	if (modify->operation == CMD_INSERT)
		return true;
	if (AttributeNumberIsValid(modify->tableoid))
	{
		Datum		tableoid = ExecGetJunkAttribute(slot, modify->tableoid,
													&isnull);

		if (isnull || DatumGetObjectId(tableoid) != change->table->relid)
			return false;
	}
	for (int i = 0; i < modify->ncarried; i++)
	{
		if (modify->carried[i].column->column->flags & FC_KEY)
			read_carried(modify, &modify->carried[i], slot, row);
	}
	if (modify->looked_at == NULL)
		modify->looked_at = fc_change_make_ids(change);
	(void) hash_search(modify->looked_at, &row->key.id, HASH_ENTER, &found);
	return !found;
}

/*
 * Throw what is known to be wrong with a new row; false if nothing may have to
 * be sent for it.
 */
static bool
foresee_row(FcModify *modify, TupleTableSlot *slot)
{
	const FcChange *change = modify->change;
	bool		sends = true;

	prepare_checks(modify);
	if (modify->new_row == NULL)
	{
		MemoryContext oldcontext =
		MemoryContextSwitchTo(modify->estate->es_query_cxt);

		modify->new_row = ExecInitExtraTupleSlot(modify->estate,
												 change->tupdesc,
												 &TTSOpsVirtual);
		MemoryContextSwitchTo(oldcontext);
	}
	make_new_row(modify, slot);
	if (modify->operation == CMD_INSERT)
		fc_change_foresee_insert(change, modify->new_row);
	else
		sends = fc_change_foresee_update(change, modify->targets,
										 modify->seen, modify->new_row);
	ExecClearTuple(modify->new_row);
	ResetPerTupleExprContext(modify->estate);
	return sends;
}

/*
 * Make the new row of what the plan has computed, as the executor will.
 */
static void
make_new_row(FcModify *modify, TupleTableSlot *slot)
{
	TupleDesc	tupdesc = RelationGetDescr(modify->rinfo->ri_RelationDesc);
	TupleTableSlot *new_row = modify->new_row;
	HeapTupleData tuple;
	ListCell   *cell;
	int			next = 0;

	ExecClearTuple(new_row);
	slot_getallattrs(slot);
	memset(new_row->tts_isnull, true, tupdesc->natts * sizeof(bool));
	if (split_whole_row(modify, slot, &tuple))
		heap_deform_tuple(&tuple, tupdesc, new_row->tts_values,
						  new_row->tts_isnull);
	for (int i = 0; modify->operation == CMD_INSERT && i < tupdesc->natts; i++)
	{
		new_row->tts_values[i] = slot->tts_values[i];
		new_row->tts_isnull[i] = slot->tts_isnull[i];
	}
	foreach(cell, modify->settings)
	{
		int			i = lfirst_int(cell) - 1;

		new_row->tts_values[i] = slot->tts_values[next];
		new_row->tts_isnull[i] = slot->tts_isnull[next++];
	}
	ExecStoreVirtualTuple(new_row);
	new_row->tts_tableOid = modify->change->table->relid;
	if (tupdesc->constr != NULL && tupdesc->constr->has_generated_stored)
		ExecComputeStoredGenerated(modify->rinfo, modify->estate, new_row,
								   modify->operation);
}

/*
 * Find in the plan's rows what target.c has put there.
 */
static void
find_carried(FcModify *modify, const Plan *subplan, bool is_delete)
{
	const FcChange *change = modify->change;
	const FcTable *table = change->table;

	modify->whole_row =
		ExecFindJunkAttributeInTlist(subplan->targetlist, "wholerow");
	modify->carried = palloc0((table->natts + 1) * sizeof(Carried));
	for (int i = 0; i < table->natts; i++)
	{
		const FcTableColumn *column = &table->columns[i];
		Carried    *carried = &modify->carried[modify->ncarried];
		char	   *name;

		if (!fc_target_is_carried(table, column, is_delete))
			continue;
		name = fc_target_carrier(change->tupdesc, column->attnum);
		carried->column = column;
		carried->resno = ExecFindJunkAttributeInTlist(subplan->targetlist,
													  name);
		if (!AttributeNumberIsValid(carried->resno))
			elog(ERROR, "could not find junk column \"%s\"", name);
		modify->ncarried++;
	}
}

/*
 * What the plan knows of a row that is to be changed, as an image and, for
 * comparison with what triggers made of it, as values.
 */
static void
read_old_row(const FcModify *modify, TupleTableSlot *planSlot, FcOldRow *row,
			 Datum *values, bool *isnull)
{
	const FcChange *change = modify->change;
	HeapTupleData tuple;
	int			attnum = -1;

	fc_send_recall(change->put->sender);	/* the scan may just have found
											 * out that lists lack columns */
	for (int i = 0; i < modify->ncarried; i++)
		read_carried(modify, &modify->carried[i], planSlot, row);
	memset(isnull, true, change->tupdesc->natts * sizeof(bool));
	if (!split_whole_row(modify, planSlot, &tuple))
		return;

	heap_deform_tuple(&tuple, change->tupdesc, values, isnull);
	while ((attnum = bms_next_member(modify->seen, attnum)) >= 0)
		fc_change_see(change, row, attnum, values[attnum - 1],
					  isnull[attnum - 1]);
}

/*
 * Take over a column that is carried along: part of the key, or seen.
 */
static void
read_carried(const FcModify *modify, const Carried *carried,
			 TupleTableSlot *planSlot, FcOldRow *row)
{
	const FcChange *change = modify->change;
	const char *zone = change->table->naive_timezone;
	const FcTableColumn *column = carried->column;
	AttrNumber	attnum = column->attnum;
	Oid			type = TupleDescAttr(change->tupdesc, attnum - 1)->atttypid;
	bool		isnull;
	Datum		value = ExecGetJunkAttribute(planSlot, carried->resno,
											 &isnull);

	if (column->column->flags & FC_PARENT)
	{
		row->key.has_parent = !isnull;
		if (!isnull)
			row->key.parent =
				fc_send_integer(fc_value_text(column->column, type, value,
											  zone));
		return;
	}
	if ((column->column->flags & FC_KEY) == 0)
	{
		fc_change_see(change, row, attnum, value, isnull);
		return;
	}
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg("a row of foreign table \"%s\" has no id",
						change->table->name)));
	row->key.id = fc_send_integer(fc_value_text(column->column, type, value,
												zone));
}

/*
 * The old row as the plan carries it along; false if it does not.
 */
static bool
split_whole_row(const FcModify *modify, TupleTableSlot *planSlot,
				HeapTupleData *tuple)
{
	Datum		datum;
	bool		isnull;

	if (!AttributeNumberIsValid(modify->whole_row))
		return false;
	datum = ExecGetJunkAttribute(planSlot, modify->whole_row, &isnull);
	if (isnull)
		return false;

	tuple->t_data = DatumGetHeapTupleHeader(datum);
	tuple->t_len = HeapTupleHeaderGetDatumLength(tuple->t_data);
	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_tableOid = modify->change->table->relid;
	return true;
}

/*
 * What is to be sent of a changed row: SET's columns, and those that BEFORE
 * triggers have changed.
 */
static Bitmapset *
changed_attributes(const FcModify *modify, TupleTableSlot *slot,
				   const Datum *values, const bool *isnull)
{
	TupleDesc	tupdesc = modify->change->tupdesc;
	Bitmapset  *attributes = bms_copy(modify->targets);

	if (!modify->may_be_changed)
		return attributes;

	slot_getallattrs(slot);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (modify->change->table->columns[i].attnum == 0 ||
			(isnull[i] && slot->tts_isnull[i]))
			continue;
		if (isnull[i] != slot->tts_isnull[i] ||
			!datum_image_eq(values[i], slot->tts_values[i],
							attribute->attbyval, attribute->attlen))
			attributes = bms_add_member(attributes, i + 1);
	}
	return attributes;
}

/*
 * The query that names the rows by their ids, as far as it is known; NULL if
 * it is not, or if the rows are read.
 */
static const FcQuery *
named_rows(ModifyTableState *mtstate, const ResultRelInfo *rinfo)
{
	PlanState  *child = fc_snapshot_child(outerPlanState(mtstate));

	if (mtstate->operation == CMD_INSERT || !IsA(child, ForeignScanState) ||
		((Scan *) child->plan)->scanrelid != rinfo->ri_RangeTableIndex)
		return NULL;
	return fc_explain_named((ForeignScanState *) child);
}

/*
 * The request for a row, or for the first of those that are named.  What is
 * only known when the statement runs stands in braces.
 */
static const char *
describe_request(const FcTable *table, CmdType operation,
				 const FcQuery *named)
{
	const char *method = method_name(table, operation);
	FcRowKey	key = {0};

	if (named == NULL)
		return fc_send_describe(table->resource, method, NULL);
	if (named->is_empty)
		return FC_NO_ROW;
	key.id = named->ids.values[0];
	return fc_send_describe(table->resource, method, &key);
}

/*
 * How an operation is sent.
 */
static const char *
method_name(const FcTable *table, CmdType operation)
{
	switch (operation)
	{
		case CMD_INSERT:
			return "POST";
		case CMD_UPDATE:
			return "PUT";
		default:
			return table->deactivates ? "PUT" : "DELETE";
	}
}
