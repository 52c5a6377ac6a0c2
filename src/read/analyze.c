/*
 * analyze.c
 *		What ANALYZE sees of a foreign table.
 *
 * The API tells no counts and gives no random rows.  So ANALYZE reads the
 * list, counts its rows and keeps a random sample of them.  A list that
 * would take too long is read in part.
 *
 * Autovacuum gets no sample.  It never analyzes a foreign table for its own
 * sake, but would read the whole list for each local table that a foreign one
 * inherits from.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "api/memo.h"
#include "compat.h"
#include "read/analyze.h"
#include "read/pager.h"
#include "read/tuple.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"

/*
 * At 5 requests a second this is about a minute and a half, and 100,000 rows:
 * thrice the sample that ANALYZE takes of a table of any size.
 */
#define MAX_REQUESTS	400

/* About what rows take here; nobody plans by the pages of a foreign table. */
#define ROWS_PER_PAGE	8

/* A reading of a list. */
typedef struct Sample
{
	Relation	relation;
	FcTupleReader *reader;
	MemoryContext tuple_context;	/* of one row */
	Datum	   *values;
	bool	   *isnull;
	FcMeter		use;
	FcPager    *pager;

	/* Vitter's algorithm Z, as core uses it */
	ReservoirStateData reservoir;
	HeapTuple  *rows;
	int			capacity;
	int			count;			/* rows kept */
	double		seen;			/* rows read */
	double		to_skip;		/* rows to leave out, below 0 if not drawn */
} Sample;

static int	acquire_sample(Relation relation, int elevel, HeapTuple *rows,
						   int targrows, double *totalrows,
						   double *totaldeadrows);
static List *affordable_needs(List *needs);
static bool sample_next_row(Sample *sample);
static int	choose_place(Sample *sample);
static void keep_row(Sample *sample, FcJsonNode item, int place);
static double known_rows(const FcApi *api, const FcResource *resource);

/*
 * frontcoreAnalyzeForeignTable
 *		Say how a sample of the table is taken; false if none is.
 */
bool
frontcoreAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *func,
							 BlockNumber *totalpages)
{
	const FcTable *table;

	if (fc_is_autovacuum())
		return false;

	table = fc_memo_table(RelationGetRelid(relation));
	*func = acquire_sample;
	*totalpages = Max(table->resource->expected_rows / ROWS_PER_PAGE, 1);

	return true;
}

/*
 * Read the list, keep up to targrows of its rows, and tell how many it has.
 *
 * As its owner, whose rights ANALYZE uses.
 */
static int
acquire_sample(Relation relation, int elevel, HeapTuple *rows, int targrows,
			   double *totalrows, double *totaldeadrows)
{
	ForeignTable *object = GetForeignTable(RelationGetRelid(relation));
	const FcServer *server = fc_memo_server(object->serverid);
	const FcTable *table = fc_memo_table(RelationGetRelid(relation));
	FcApi	   *api = fc_access_open(server->serverid,
									 relation->rd_rel->relowner);
	TupleDesc	tupdesc = RelationGetDescr(relation);
	Bitmapset  *whole_row;
	FcQuery		query = {0};
	Sample		sample = {0};
	bool		is_complete = false;

	whole_row = bms_make_singleton(0 - FirstLowInvalidHeapAttributeNumber);
	sample.relation = relation;
	sample.reader = fc_tuple_reader(tupdesc, table, whole_row,
									server->naive_timezone);
	sample.tuple_context = AllocSetContextCreate(CurrentMemoryContext,
												 "frontcore_fdw tuple",
												 ALLOCSET_DEFAULT_SIZES);
	sample.values = palloc(tupdesc->natts * sizeof(Datum));
	sample.isnull = palloc(tupdesc->natts * sizeof(bool));
	sample.rows = rows;
	sample.capacity = targrows;
	sample.to_skip = -1;
	reservoir_init_selection_state(&sample.reservoir, targrows);

	query.resource = table->resource;
	query.page_size = table->page_size;
	query.push_order = table->push_order;
	query.needs = affordable_needs(fc_tuple_needs(sample.reader, NULL));
	query.repetitions = 1;

	sample.use.relid = table->relid;
	sample.use.resource = table->resource->name;
	sample.pager = fc_pager_begin(api, &sample.use, FC_KEEP_NOTHING,
								  table->name);
	fc_pager_ask(sample.pager, &query);
	while (sample.use.counts.requests < MAX_REQUESTS && !is_complete)
		is_complete = !sample_next_row(&sample);
	fc_pager_end(sample.pager);
	MemoryContextDelete(sample.tuple_context);

	*totalrows = sample.seen;
	*totaldeadrows = 0;
	if (!is_complete)
		*totalrows = Max(sample.seen, known_rows(api, table->resource));

	ereport(elevel,
			(errmsg("\"%s\": read %.0f rows with " INT64_FORMAT " requests; %d rows in sample, %.0f estimated total rows",
					RelationGetRelationName(relation), sample.seen,
					sample.use.counts.requests, sample.count, *totalrows)));

	return sample.count;
}

/*
 * The needs but for relations, for which some accounts' lists would have to be
 * read object by object.
 */
static List *
affordable_needs(List *needs)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, needs)
	{
		const FcNeed *need = lfirst(cell);

		if (need->column == NULL || need->column->include == NULL)
			result = lappend(result, lfirst(cell));
	}
	return result;
}

/*
 * Read a row, and keep it if its turn has come.  False after the last one.
 */
static bool
sample_next_row(Sample *sample)
{
	FcJsonNode	item;
	int			place;

	if (!fc_pager_next(sample->pager, &item))
		return false;

	place = choose_place(sample);
	if (place >= 0)
		keep_row(sample, item, place);
	sample->seen++;

	return true;
}

/*
 * Where in the sample the next row goes; -1 if nowhere.
 */
static int
choose_place(Sample *sample)
{
	int			place;

	if (sample->count < sample->capacity)
		return sample->count++;

	if (sample->to_skip < 0)
		sample->to_skip = reservoir_get_next_S(&sample->reservoir,
											   sample->seen,
											   sample->capacity);
	if (sample->to_skip-- > 0)
		return -1;

	sample->to_skip = -1;
	place = (int) (sample->capacity *
				   sampler_random_fract(&sample->reservoir.randstate));
	heap_freetuple(sample->rows[place]);
	return place;
}

/*
 * Put a row into the sample.
 */
static void
keep_row(Sample *sample, FcJsonNode item, int place)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(sample->tuple_context);

	fc_tuple_read(sample->reader, item, sample->values, sample->isnull);
	MemoryContextSwitchTo(oldcontext);

	sample->rows[place] = heap_form_tuple(RelationGetDescr(sample->relation),
										  sample->values, sample->isnull);
	MemoryContextReset(sample->tuple_context);
}

/*
 * How many rows a list had when it was last read completely; 0 if unknown.
 */
static double
known_rows(const FcApi *api, const FcResource *resource)
{
	FcLearned	learned;

	if (!fc_stats_learned(api->account.digest, resource->name, &learned))
		return 0;
	return Max(learned.rows, 0);
}
