/*
 * batch.c
 *		Run a batched join: collect outer keys, and hold inner rows by key.
 *
 * The join is PostgreSQL's nested loop.  Its outer side is a custom scan,
 * BatchKeys.  It reads a stretch of outer rows ahead, notes their keys, and
 * returns the rows unchanged.  The inner side is a foreign scan.  When it is
 * asked for a key whose rows it does not hold, it fetches these, together with
 * the rows of keys that come later in the stretch.
 *
 * The two sides share a struct, the link, which lives as long as the query.
 * The outer side makes it, and stores a pointer to it in an executor parameter
 * that the planner has reserved.  The outer side is begun before the inner
 * side, so that the pointer is there in time.
 *
 * Rows may take half of the memory that a hash table may take.  When that is
 * full, all rows move to a temporary file, in which each row of a key points
 * to the row before it.  So no request is repeated because its answer was too
 * large.  Keys stay in memory, in the other half.  If tens of thousands of
 * keys have filled that, all keys and rows are forgotten.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "common/hashfn.h"
#include "compat.h"
#include "executor/executor.h"
#include "join/batch.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "storage/buffile.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/ruleutils.h"

/* Where something stands in a BufFile. */
typedef struct FilePlace
{
	int			segment;		/* -1: nowhere */
	off_t		offset;
} FilePlace;

/* A row of the inner side. */
typedef struct HeldRow
{
	struct HeldRow *next;
	int64		id;				/* the row's own, as the scan told it */
	MinimalTuple tuple;
} HeldRow;

/* A key, and its rows if they have been fetched. */
typedef struct HeldKey
{
	int64		key;
	bool		is_loaded;		/* all its rows are here */
	uint64		stretch;		/* last one that it was met in */
	uint64		batch;			/* last one that asked for it */
	HeldRow    *first;			/* in memory */
	HeldRow    *last;
	FilePlace	spilled;		/* the last row that is in the file */
	char		status;			/* simplehash's */
} HeldKey;

#define SH_PREFIX held
#define SH_ELEMENT_TYPE HeldKey
#define SH_KEY_TYPE int64
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	murmurhash32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A row of the outer side. */
typedef struct OuterRow
{
	MinimalTuple tuple;
	bool		has_key;		/* it is not NULL */
	int64		key;
} OuterRow;

/* What the two sides share. */
typedef struct BatchLink
{
	/* a stretch of outer rows, filled by the outer side */
	OuterRow   *rows;
	int			capacity;		/* of rows */
	int			count;			/* of rows */
	int			position;		/* of the next row to hand out */
	uint64		stretch;		/* its number, from 1 */

	/* rows by key, filled by the inner side */
	MemoryContext context;		/* of held */
	held_hash  *held;
	MemoryContext row_context;	/* of its rows */
	Size		limit;			/* of the memory of each context */
	BufFile    *file;			/* rows that are not in memory, or NULL */
	FilePlace	end;			/* of the file */
	ResourceOwner owner;		/* of the file: the query's */
	int			size;			/* keys to ask for at once, at most */
	uint64		batch;			/* number of the last batch, from 1 */
	int64		keys;			/* asked for by all batches */
} BatchLink;

/* The outer side. */
typedef struct BatchKeysState
{
	CustomScanState css;		/* must be first */
	ExprState  *key;
	Oid			key_type;
	BatchLink  *link;
	MemoryContext context;		/* of the stretch */
	int			wanted;			/* new keys in the next stretch */
	int			size;			/* new keys in a stretch, at most */
	bool		is_exhausted;	/* the plan below has no more rows */
} BatchKeysState;

/* The inner side. */
struct FcBatch
{
	ForeignScanState *node;
	const FcBatchSource *source;
	BatchLink  *link;
	int			operand;		/* number of the key in fdw_exprs */
	ExprState  *key;
	Oid			key_type;
	AttrNumber	attnum;			/* the key's in the table */
	Oid			attribute_type;
	Bitmapset  *others;			/* parameters of the other operands */
	TupleTableSlot *slot;		/* of held rows */

	/* where it stands */
	bool		is_open;		/* the key has been looked up */
	HeldRow    *next_row;
	FilePlace	next_place;		/* of the row after those in memory */
};

static Node *create_batch_keys(CustomScan *plan);
static void begin_batch_keys(CustomScanState *node, EState *estate,
							 int eflags);
static TupleTableSlot *exec_batch_keys(CustomScanState *node);
static void end_batch_keys(CustomScanState *node);
static void rescan_batch_keys(CustomScanState *node);
static void explain_batch_keys(CustomScanState *node, List *ancestors,
							   ExplainState *es);
static BatchLink *create_link(int size);
static void read_stretch(BatchKeysState *state);
static bool add_outer_row(BatchKeysState *state, MinimalTuple tuple);
static void look_up_key(FcBatch *batch);
static void fetch_key(FcBatch *batch, int64 key);
static int	collect_keys(BatchLink *link, int64 first, int64 *keys);
static void ask_for_keys(FcBatch *batch, const int64 *keys, int count);
static void hold_rows(FcBatch *batch);
static void spill_rows(BatchLink *link);
static void write_row(BatchLink *link, HeldKey *held, HeldRow *row);
static MinimalTuple read_row(BatchLink *link, FilePlace *place, int64 *id,
							 MemoryContext context);
static void read_file(BufFile *file, void *data, Size length);
static HeldKey *find_key(BatchLink *link, int64 key);
static void forget_rows(BatchLink *link);
static void close_file(BatchLink *link);
static bool read_row_key(const FcBatch *batch, int64 *key);
static int64 integer_value(Oid type, Datum value);

const CustomScanMethods fc_batch_keys_methods = {
	"BatchKeys",
	create_batch_keys
};

static const CustomExecMethods exec_methods = {
	.CustomName = "BatchKeys",
	.BeginCustomScan = begin_batch_keys,
	.ExecCustomScan = exec_batch_keys,
	.EndCustomScan = end_batch_keys,
	.ReScanCustomScan = rescan_batch_keys,
	.ExplainCustomScan = explain_batch_keys
};

/*
 * fc_batch_begin
 *		Prepare the inner side of a batched join.
 */
FcBatch *
fc_batch_begin(ForeignScanState *node, const FcBatchSource *source,
			   List *private)
{
	EState	   *estate = node->ss.ps.state;
	ForeignScan *plan = castNode(ForeignScan, node->ss.ps.plan);
	TupleDesc	tupdesc = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	FcBatch    *batch = palloc0(sizeof(FcBatch));
	int			slot = list_nth_int(private, FC_BATCH_SLOT);
	Expr	   *key;
	ListCell   *cell;

	batch->node = node;
	batch->source = source;
	batch->link = (BatchLink *)
		DatumGetPointer(estate->es_param_exec_vals[slot].value);
	batch->operand = list_nth_int(private, FC_BATCH_OPERAND);
	batch->attnum = list_nth_int(private, FC_BATCH_ATTRIBUTE);
	batch->attribute_type =
		getBaseType(TupleDescAttr(tupdesc, batch->attnum - 1)->atttypid);

	key = list_nth(plan->fdw_exprs, batch->operand);
	batch->key = ExecInitExpr(key, (PlanState *) node);
	batch->key_type = exprType((Node *) key);
	foreach(cell, plan->fdw_exprs)
	{
		if (foreach_current_index(cell) != batch->operand)
			batch->others = bms_add_members(batch->others,
											pull_paramids(lfirst(cell)));
	}
	batch->slot = ExecInitExtraTupleSlot(estate, tupdesc,
										 &TTSOpsMinimalTuple);
	batch->next_place.segment = -1;
	return batch;
}

/*
 * fc_batch_next
 *		The next row of the key that the inner side was asked for, and its id.
 *
 * The row lives until the next call or rescan.
 */
TupleTableSlot *
fc_batch_next(FcBatch *batch, int64 *id)
{
	HeldRow    *row;

	ExecClearTuple(batch->slot);
	if (!batch->is_open)
		look_up_key(batch);

	row = batch->next_row;
	if (row != NULL)
	{
		batch->next_row = row->next;
		*id = row->id;
		return ExecStoreMinimalTuple(row->tuple, batch->slot, false);
	}
	if (batch->next_place.segment >= 0)
		ExecStoreMinimalTuple(read_row(batch->link, &batch->next_place, id,
									   batch->slot->tts_mcxt),
							  batch->slot, true);
	return batch->slot;
}

/*
 * fc_batch_rescan
 *		Prepare for another key, or the same one again.
 *
 * If other parameters of the scan have changed, the rows that are held are
 * forgotten, as they belong to another question.
 */
void
fc_batch_rescan(FcBatch *batch)
{
	ExecClearTuple(batch->slot);
	batch->is_open = false;
	batch->next_row = NULL;
	batch->next_place.segment = -1;
	if (bms_overlap(batch->node->ss.ps.chgParam, batch->others))
		forget_rows(batch->link);
}

static Node *
create_batch_keys(CustomScan *plan)
{
	BatchKeysState *state = palloc0(sizeof(BatchKeysState));

	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin_batch_keys(CustomScanState *node, EState *estate, int eflags)
{
	BatchKeysState *state = (BatchKeysState *) node;
	CustomScan *plan = castNode(CustomScan, node->ss.ps.plan);
	Expr	   *key = linitial(plan->custom_exprs);
	List	   *private = plan->custom_private;
	int			slot = list_nth_int(private, FC_BATCH_KEYS_SLOT);
	ParamExecData *parameter = &estate->es_param_exec_vals[slot];

	node->custom_ps = list_make1(ExecInitNode(linitial(plan->custom_plans),
											  estate, eflags));
	state->key = ExecInitExpr(key, (PlanState *) node);
	state->key_type = exprType((Node *) key);
	state->wanted = list_nth_int(private, FC_BATCH_KEYS_FIRST);
	state->size = list_nth_int(private, FC_BATCH_KEYS_SIZE);
	state->context = AllocSetContextCreate(CurrentMemoryContext,
										   "frontcore_fdw outer rows",
										   ALLOCSET_DEFAULT_SIZES);
	state->link = create_link(state->size);

	parameter->execPlan = NULL;
	parameter->isnull = false;
	parameter->value = PointerGetDatum(state->link);
}

/*
 * Return the next row of the plan below.
 */
static TupleTableSlot *
exec_batch_keys(CustomScanState *node)
{
	BatchKeysState *state = (BatchKeysState *) node;
	BatchLink  *link = state->link;
	ProjectionInfo *projection = node->ss.ps.ps_ProjInfo;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	CHECK_FOR_INTERRUPTS();

	if (link->position == link->count)
		read_stretch(state);
	if (link->position == link->count)
		return ExecClearTuple(projection ? projection->pi_state.resultslot :
							  slot);

	ExecForceStoreMinimalTuple(link->rows[link->position++].tuple, slot,
							   false);
	if (projection == NULL)
		return slot;
	ResetExprContext(econtext);
	econtext->ecxt_scantuple = slot;
	return ExecProject(projection);
}

static void
end_batch_keys(CustomScanState *node)
{
	BatchKeysState *state = (BatchKeysState *) node;

	ExecEndNode(linitial(node->custom_ps));
	close_file(state->link);
}

/*
 * Begin again, and rescan the plan below.  Forget the keys of rows that were
 * read ahead.
 */
static void
rescan_batch_keys(CustomScanState *node)
{
	BatchKeysState *state = (BatchKeysState *) node;
	PlanState  *child = linitial(node->custom_ps);

	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	state->link->count = 0;
	state->link->position = 0;
	state->is_exhausted = false;

	/* the executor does not know of custom_ps */
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, node->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}

static void
explain_batch_keys(CustomScanState *node, List *ancestors, ExplainState *es)
{
	BatchKeysState *state = (BatchKeysState *) node;
	CustomScan *plan = castNode(CustomScan, node->ss.ps.plan);
	List	   *context = set_deparse_context_plan(es->deparse_cxt,
												   node->ss.ps.plan,
												   ancestors);
	bool		with_prefix = es->verbose || list_length(es->rtable) > 1;

	ExplainPropertyText("Batch Key",
						deparse_expression(linitial(plan->custom_exprs),
										   context, with_prefix, false), es);
	ExplainPropertyInteger("Batch Size", NULL, state->size, es);
	if (es->analyze)
	{
		ExplainPropertyUInteger("Batches", NULL, state->link->batch, es);
		ExplainPropertyInteger("Keys", NULL, state->link->keys, es);
	}
}

static BatchLink *
create_link(int size)
{
	BatchLink  *link = palloc0(sizeof(BatchLink));

	link->context = AllocSetContextCreate(CurrentMemoryContext,
										  "frontcore_fdw held keys",
										  ALLOCSET_DEFAULT_SIZES);
	link->held = held_create(link->context, size, NULL);

	/* rows are freed all at once; their sizes need not be rounded up */
	link->row_context = GenerationContextCreate(CurrentMemoryContext,
												"frontcore_fdw held rows",
												ALLOCSET_DEFAULT_SIZES);
	link->limit = get_hash_memory_limit() / 2;
	link->size = size;
	link->owner = CurrentResourceOwner;
	return link;
}

/*
 * Read outer rows until enough of their keys are new, or memory is full.
 *
 * Stretches begin short and grow, so that a query that needs only a few rows
 * asks for few keys.
 */
static void
read_stretch(BatchKeysState *state)
{
	BatchLink  *link = state->link;
	PlanState  *child = linitial(state->css.custom_ps);
	Size		limit = (Size) work_mem * 1024;
	int			fresh = 0;

	ExecClearTuple(state->css.ss.ss_ScanTupleSlot);
	MemoryContextReset(state->context);
	link->rows = NULL;
	link->capacity = 0;
	link->count = 0;
	link->position = 0;
	link->stretch++;

	while (!state->is_exhausted && fresh < state->wanted &&
		   (link->count == 0 ||
			MemoryContextMemAllocated(state->context, false) < limit))
	{
		TupleTableSlot *slot = ExecProcNode(child);
		MemoryContext oldcontext;

		if (TupIsNull(slot))
		{
			state->is_exhausted = true;
			break;
		}
		oldcontext = MemoryContextSwitchTo(state->context);
		fresh += add_outer_row(state, ExecCopySlotMinimalTuple(slot)) ? 1 : 0;
		MemoryContextSwitchTo(oldcontext);
	}
	state->wanted = Min(state->wanted * 2, state->size);
}

/*
 * Add a row to the stretch.  Returns whether its key is new.
 */
static bool
add_outer_row(BatchKeysState *state, MinimalTuple tuple)
{
	BatchLink  *link = state->link;
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	OuterRow   *row;
	HeldKey    *held;
	Datum		value;
	bool		isnull;

	if (link->count == link->capacity)
	{
		link->capacity = Max(64, link->capacity * 2);
		link->rows = link->rows == NULL ?
			palloc(link->capacity * sizeof(OuterRow)) :
			repalloc_huge(link->rows, link->capacity * sizeof(OuterRow));
	}
	row = &link->rows[link->count++];
	row->tuple = tuple;

	ExecForceStoreMinimalTuple(tuple, slot, false);
	ResetExprContext(econtext);
	econtext->ecxt_scantuple = slot;
	value = ExecEvalExprSwitchContext(state->key, econtext, &isnull);
	row->has_key = !isnull;
	if (isnull)
		return false;

	row->key = integer_value(state->key_type, value);
	held = find_key(link, row->key);
	if (held->is_loaded || held->stretch == link->stretch)
		return false;
	held->stretch = link->stretch;
	return true;
}

/*
 * Find the rows of the key that the inner side was asked for.
 */
static void
look_up_key(FcBatch *batch)
{
	HeldKey    *held;
	Datum		value;
	bool		isnull;
	int64		key;

	batch->is_open = true;
	value = ExecEvalExprSwitchContext(batch->key,
									  batch->node->ss.ps.ps_ExprContext,
									  &isnull);
	if (isnull)
		return;

	key = integer_value(batch->key_type, value);
	held = held_lookup(batch->link->held, key);
	if (held == NULL || !held->is_loaded)
	{
		fetch_key(batch, key);
		held = held_lookup(batch->link->held, key);
	}
	batch->next_row = held->first;
	batch->next_place = held->spilled;
}

/*
 * Fetch the rows of a key, and those of the keys that come next.
 */
static void
fetch_key(FcBatch *batch, int64 key)
{
	BatchLink  *link = batch->link;
	int64	   *keys = palloc(link->size * sizeof(int64));
	int			count;

	if (MemoryContextMemAllocated(link->context, false) > link->limit)
		forget_rows(link);

	count = collect_keys(link, key, keys);
	ask_for_keys(batch, keys, count);
	hold_rows(batch);
	for (int i = 0; i < count; i++)
		find_key(link, keys[i])->is_loaded = true;
	pfree(keys);
}

/*
 * The key, and the keys that come next, of which no rows are held yet.
 */
static int
collect_keys(BatchLink *link, int64 first, int64 *keys)
{
	uint64		batch = link->batch + 1;
	int			count = 0;

	keys[count++] = first;
	find_key(link, first)->batch = batch;
	for (int i = link->position; i < link->count && count < link->size; i++)
	{
		const OuterRow *row = &link->rows[i];
		HeldKey    *held;

		if (!row->has_key)
			continue;
		held = find_key(link, row->key);
		if (held->is_loaded || held->batch == batch)
			continue;
		held->batch = batch;
		keys[count++] = row->key;
	}
	return count;
}

/*
 * Run the scan's query for some keys.
 */
static void
ask_for_keys(FcBatch *batch, const int64 *keys, int count)
{
	BatchLink  *link = batch->link;
	Datum	   *elements = palloc(count * sizeof(Datum));
	ArrayType  *array;

	link->batch++;
	link->keys += count;
	for (int i = 0; i < count; i++)
	{
		HeldKey    *held = find_key(link, keys[i]);

		held->batch = link->batch;
		held->first = NULL;
		held->last = NULL;
		held->spilled.segment = -1;
		elements[i] = Int64GetDatum(keys[i]);
	}
	array = construct_array(elements, count, INT8OID, sizeof(int64),
							FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	batch->source->ask(batch->node, batch->operand, PointerGetDatum(array));
	pfree(array);
	pfree(elements);
}

/*
 * Keep all rows of the answer, each under its own key.
 *
 * Rows of keys that were not asked for may come: an API may ignore a filter.
 */
static void
hold_rows(FcBatch *batch)
{
	BatchLink  *link = batch->link;
	int64		id = 0;

	while (batch->source->next(batch->node, &id))
	{
		MemoryContext oldcontext;
		HeldKey    *held;
		HeldRow    *row;
		int64		key;

		if (!read_row_key(batch, &key))
			continue;
		held = held_lookup(link->held, key);
		if (held == NULL || held->batch != link->batch)
			continue;

		oldcontext = MemoryContextSwitchTo(link->row_context);
		row = palloc(sizeof(HeldRow));
		row->next = NULL;
		row->id = id;
		row->tuple =
			ExecCopySlotMinimalTuple(batch->node->ss.ss_ScanTupleSlot);
		MemoryContextSwitchTo(oldcontext);

		if (held->last == NULL)
			held->first = row;
		else
			held->last->next = row;
		held->last = row;

		if (MemoryContextMemAllocated(link->row_context, false) > link->limit)
			spill_rows(link);
	}
}

/*
 * Move all rows to the end of the file.
 */
static void
spill_rows(BatchLink *link)
{
	held_iterator iterator;
	HeldKey    *held;

	if (link->file == NULL)
	{
		ResourceOwner owner = CurrentResourceOwner;
		MemoryContext oldcontext =
		MemoryContextSwitchTo(GetMemoryChunkContext(link));

		CurrentResourceOwner = link->owner;
		link->file = BufFileCreateTemp(false);
		CurrentResourceOwner = owner;
		MemoryContextSwitchTo(oldcontext);
		link->end.segment = 0;
		link->end.offset = 0;
	}
	if (BufFileSeek(link->file, link->end.segment, link->end.offset,
					SEEK_SET) != 0)
		elog(ERROR, "could not seek in a temporary file");

	held_start_iterate(link->held, &iterator);
	while ((held = held_iterate(link->held, &iterator)) != NULL)
	{
		for (HeldRow *row = held->first; row != NULL; row = row->next)
			write_row(link, held, row);
		held->first = NULL;
		held->last = NULL;
	}
	MemoryContextReset(link->row_context);
}

/*
 * Write a row at the end of the file, after the position of the key's row
 * before it.
 */
static void
write_row(BatchLink *link, HeldKey *held, HeldRow *row)
{
	FilePlace	previous = held->spilled;

	held->spilled = link->end;
	BufFileWrite(link->file, &previous, sizeof(previous));
	BufFileWrite(link->file, &row->id, sizeof(row->id));
	BufFileWrite(link->file, row->tuple, row->tuple->t_len);
	BufFileTell(link->file, &link->end.segment, &link->end.offset);
}

/*
 * Read the row at place into the context, and move place to the row before.
 */
static MinimalTuple
read_row(BatchLink *link, FilePlace *place, int64 *id, MemoryContext context)
{
	MinimalTuple tuple;
	uint32		length;

	if (BufFileSeek(link->file, place->segment, place->offset, SEEK_SET) != 0)
		elog(ERROR, "could not seek in a temporary file");
	read_file(link->file, place, sizeof(*place));
	read_file(link->file, id, sizeof(*id));
	read_file(link->file, &length, sizeof(length));
	tuple = MemoryContextAlloc(context, length);
	tuple->t_len = length;
	read_file(link->file, (char *) tuple + sizeof(length),
			  length - sizeof(length));
	return tuple;
}

static void
read_file(BufFile *file, void *data, Size length)
{
	if (BufFileRead(file, data, length) != length)
		elog(ERROR, "could not read a temporary file");
}

/*
 * The entry of a key; an empty one if the key is new.
 */
static HeldKey *
find_key(BatchLink *link, int64 key)
{
	bool		found;
	HeldKey    *held = held_insert(link->held, key, &found);

	if (!found)
	{
		held->is_loaded = false;
		held->stretch = 0;
		held->batch = 0;
		held->first = NULL;
		held->last = NULL;
		held->spilled.segment = -1;
	}
	return held;
}

/*
 * Forget all rows that are held, and the keys.
 */
static void
forget_rows(BatchLink *link)
{
	close_file(link);
	MemoryContextReset(link->row_context);
	MemoryContextReset(link->context);
	link->held = held_create(link->context, link->size, NULL);
}

static void
close_file(BatchLink *link)
{
	if (link->file != NULL)
		BufFileClose(link->file);
	link->file = NULL;
}

/*
 * The key of the row in the scan's slot; false if it is NULL.
 */
static bool
read_row_key(const FcBatch *batch, int64 *key)
{
	bool		isnull;
	Datum		value = slot_getattr(batch->node->ss.ss_ScanTupleSlot,
									 batch->attnum, &isnull);

	if (!isnull)
		*key = integer_value(batch->attribute_type, value);
	return !isnull;
}

static int64
integer_value(Oid type, Datum value)
{
	if (type == INT8OID)
		return DatumGetInt64(value);
	return type == INT4OID ? DatumGetInt32(value) : DatumGetInt16(value);
}
