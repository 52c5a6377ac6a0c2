/*
 * identity.c
 *		The ctid of a scan's rows, by which core asks for a row again.
 *
 * A statement that locks or writes rows of a local table may find that another
 * session has just changed one.  Then core looks at the row's new version
 * (EvalPlanQual), together with the rows of other tables that it was joined
 * with, and asks for those again by their ctid.  The API may have something
 * else by then, and it would cost a request; so a scan keeps the rows that it
 * has given, as far as core can ask for them.
 *
 * Where the query itself does not read the ctid, that of a marked row stands
 * for the place where the row is kept, whatever its id is.
 */
#include "postgres.h"

#include "api/ctid.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "read/identity.h"
#include "utils/hsearch.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

/* Where a row is kept. */
typedef struct KeptRow
{
	int64		id;				/* must be first */
	int64		number;			/* of rows, from 0 */
} KeptRow;

struct FcIdentity
{
	Relation	rel;
	bool		reads_ctid;		/* the query does */

	/* rows that core may ask for again; NULL if it cannot */
	Tuplestorestate *rows;
	HTAB	   *places;			/* of KeptRow */
	int64		count;			/* of rows */
	TupleTableSlot *slot;		/* for what comes out of rows */
};

static bool is_marked(ForeignScanState *node);
static bool may_recheck(const EState *estate);
static void prepare_to_keep(FcIdentity *identity, ForeignScanState *node);
static int64 keep_row(FcIdentity *identity, int64 id, TupleTableSlot *slot);
static int64 find_row(const FcIdentity *identity, ItemPointer ctid);

/*
 * frontcoreGetForeignRowMarkType
 *		Rows that are marked are known by their ctid.
 *
 * Nothing is locked upstream.
 */
RowMarkType
frontcoreGetForeignRowMarkType(RangeTblEntry *rte,
							   LockClauseStrength strength)
{
	return ROW_MARK_REFERENCE;
}

/*
 * frontcoreRefetchForeignRow
 *		Put a row that the statement's scan has given into the slot, again.
 */
void
frontcoreRefetchForeignRow(EState *estate, ExecRowMark *erm, Datum rowid,
						   TupleTableSlot *slot, bool *updated)
{
	FcIdentity *identity = erm->ermExtra;
	ItemPointer ctid = (ItemPointer) DatumGetPointer(rowid);
	int64		number = identity ? find_row(identity, ctid) : -1;

	*updated = false;
	ExecClearTuple(slot);
	if (number < 0)
		elog(ERROR, "foreign table \"%s\" has kept no such row",
			 RelationGetRelationName(erm->relation));

	tuplestore_rescan(identity->rows);
	if (!tuplestore_skiptuples(identity->rows, number, true) ||
		!tuplestore_gettupleslot(identity->rows, true, false,
								 identity->slot))
		elog(ERROR, "could not read a row that was kept");
	ExecCopySlot(slot, identity->slot);
	slot->tts_tid = *ctid;
	slot->tts_tableOid = RelationGetRelid(erm->relation);
}

/*
 * fc_identity_begin
 *		Prepare to give a scan's rows their ctids; NULL if nobody reads them.
 *
 * Lives in the current context, which must be the query's.
 */
FcIdentity *
fc_identity_begin(ForeignScanState *node, bool reads_ctid)
{
	EState	   *estate = node->ss.ps.state;
	bool		keeps = is_marked(node) && may_recheck(estate);
	FcIdentity *identity;

	if (!reads_ctid && !keeps)
		return NULL;

	identity = palloc0(sizeof(FcIdentity));
	identity->rel = node->ss.ss_currentRelation;
	identity->reads_ctid = reads_ctid;
	if (keeps)
		prepare_to_keep(identity, node);
	return identity;
}

/*
 * fc_identity_give
 *		Set the ctid of the row in the slot, which has that id.
 */
void
fc_identity_give(FcIdentity *identity, int64 id, TupleTableSlot *slot)
{
	const char *name = RelationGetRelationName(identity->rel);
	int64		number = 0;

	if (identity->reads_ctid)
		fc_ctid_from_id(&slot->tts_tid, id, name);
	if (identity->rows != NULL)
		number = keep_row(identity, id, slot);
	if (!identity->reads_ctid)
		fc_ctid_from_id(&slot->tts_tid, number + 1, name);
}

/*
 * fc_identity_end
 *		Release the rows that were kept.
 */
void
fc_identity_end(FcIdentity *identity)
{
	if (identity->rows != NULL)
		tuplestore_end(identity->rows);
	identity->rows = NULL;
}

/*
 * Is the scan's table marked, by this statement's own plan?
 *
 * A plan that EvalPlanQual runs has the marks of the statement's.
 */
static bool
is_marked(ForeignScanState *node)
{
	const EState *estate = node->ss.ps.state;
	Index		relid = ((Scan *) node->ss.ps.plan)->scanrelid;
	const ExecRowMark *mark = ExecFindRowMark(node->ss.ps.state, relid, true);

	return mark != NULL && mark->markType == ROW_MARK_REFERENCE &&
		estate->es_epq_active == NULL;
}

/*
 * Can the statement come upon a row that another session has changed?  Only
 * one of a local table.
 */
static bool
may_recheck(const EState *estate)
{
	const PlannedStmt *statement = estate->es_plannedstmt;
	ListCell   *cell;

	foreach(cell, statement->rowMarks)
	{
		if (RowMarkRequiresRowShareLock(lfirst_node(PlanRowMark,
													cell)->markType))
			return true;
	}
	foreach(cell, statement->resultRelations)
	{
		if (rt_fetch(lfirst_int(cell), statement->rtable)->relkind !=
			RELKIND_FOREIGN_TABLE)
			return true;
	}
	return false;
}

/*
 * Make room for rows, in memory up to work_mem, and let core find them.
 */
static void
prepare_to_keep(FcIdentity *identity, ForeignScanState *node)
{
	EState	   *estate = node->ss.ps.state;
	Index		relid = ((Scan *) node->ss.ps.plan)->scanrelid;
	HASHCTL		control = {0};

	control.keysize = sizeof(int64);
	control.entrysize = sizeof(KeptRow);
	control.hcxt = CurrentMemoryContext;
	identity->places = hash_create("frontcore_fdw rows kept", 256, &control,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	identity->rows = tuplestore_begin_heap(true, false, work_mem);
	identity->slot =
		ExecInitExtraTupleSlot(estate,
							   node->ss.ss_ScanTupleSlot->tts_tupleDescriptor,
							   &TTSOpsMinimalTuple);
	ExecFindRowMark(estate, relid, false)->ermExtra = identity;
}

/*
 * The number of the row in the slot.  One that comes again is kept once.
 */
static int64
keep_row(FcIdentity *identity, int64 id, TupleTableSlot *slot)
{
	bool		found;
	KeptRow    *kept = hash_search(identity->places, &id, HASH_ENTER, &found);

	if (!found)
	{
		kept->number = identity->count++;
		tuplestore_puttupleslot(identity->rows, slot);
	}
	return kept->number;
}

/*
 * The number of the row with that ctid; -1 if there is none.
 */
static int64
find_row(const FcIdentity *identity, ItemPointer ctid)
{
	const KeptRow *kept;
	int64		id;

	if (!fc_ctid_to_id(ctid, &id))
		return -1;
	if (!identity->reads_ctid)
		return id - 1 < identity->count ? id - 1 : -1;
	kept = hash_search(identity->places, &id, HASH_FIND, NULL);
	return kept ? kept->number : -1;
}
