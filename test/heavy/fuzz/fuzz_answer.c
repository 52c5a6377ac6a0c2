/*
 * fuzz_answer.c
 *		Answers of the API, from status and body to the values of rows.
 *
 * The first bytes of an input choose a resource, a route and what is asked
 * for; the rest are the answers, in turn, that the walk gets.  A walk must
 * end, in rows or in an error that the contract names.
 */
#include "postgres.h"

#include "access/xact.h"
#include "api/account.h"
#include "api/mapping.h"
#include "api/value.h"
#include "api/sharing.h"
#include "base/wait.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "read/tuple.h"
#include "read/walk.h"
#include "shared/block.h"
#include "shared/flight.h"
#include "shared/generation.h"
#include "shared/journal.h"
#include "shim.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#define END_OF_ANSWER	0x1e	/* "record separator" */
#define END_OF_HEADERS	0x1f	/* "unit separator" */

/* What is left of the input. */
static const uint8_t *next_byte;
static const uint8_t *end_byte;

static double now_ms;
static int	exchanges;
static FcServer server;
static XactCallback transaction_callbacks[8];
static int	ntransaction_callbacks;

/* settings of the server */
double		fc_max_age = -1;

static uint8_t take_byte(void);
static void choose_question(FcQuery *query, const FcRoute **route,
							int64 *keys, bool *stores);
static void read_list(FcApi *api);
static void read_page(FcWalk *walk, FcJson *document, FcTupleReader *reader,
					  int natts);
static void read_again(FcWalk *walk);
static FcTupleReader *make_reader(const FcResource *resource, int *natts);
static void check_sqlstate(void);
static bool takes_value(JsonbParseState *state);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FcApi *api = NULL;

	shim_begin();
	if (api == NULL)
		api = fc_access_open(1, 1);

	next_byte = data;
	end_byte = data + size;
	exchanges = 0;
	SHIM_TRY(read_list(api));
	if (shim_sqlstate != 0)
		check_sqlstate();

	for (int i = 0; i < ntransaction_callbacks; i++)
		transaction_callbacks[i] (XACT_EVENT_ABORT, NULL);
	shim_end();
	return 0;
}

/* The next byte of the input, 0 behind its end. */
static uint8_t
take_byte(void)
{
	return next_byte < end_byte ? *next_byte++ : 0;
}

/* Let the input say what is asked of which route. */
static void
choose_question(FcQuery *query, const FcRoute **route, int64 *keys,
				bool *stores)
{
	const char *resources[] = {"courses", "course_dates", "customers"};
	uint8_t		flags;
	int			nroutes = 0;

	query->resource = fc_catalog_find(resources[take_byte() % 3]);
	while (query->resource->routes[nroutes].path != NULL)
		nroutes++;
	*route = &query->resource->routes[take_byte() % nroutes];
	query->page_size = 1 + take_byte() % 250;

	flags = take_byte();
	query->push_order = (flags & 0x01) != 0;
	query->descending = (flags & 0x02) != 0;
	if ((flags & 0x04) && ((*route)->flags & FC_SORTED))
		query->order = fc_catalog_flagged(query->resource, FC_KEY);
	query->has_since = (flags & 0x08) != 0;
	query->since = keys[0];
	if (flags & 0x10)
		query->first_page_size = 10;
	if (flags & 0x20)
		fc_query_add_filter(query, "updated_at_min", "2027-01-01 00:00:00");
	*stores = (flags & 0x40) != 0;
}

/* Read all that the chosen route gives. */
static void
read_list(FcApi *api)
{
	FcQuery    *query = palloc0(sizeof(FcQuery));
	int64		keys[] = {7301, 7302, 7303};
	FcMeter		use = {.resource = "courses"};
	FcLearned	learned = {0};
	FcStep		step = {0};
	FcWalkContext context = {.api = api,.use = &use,.learned = &learned};
	FcTupleReader *reader;
	FcWalkResult result;
	const FcRoute *route;
	FcWalk	   *walk;
	int			natts;

	choose_question(query, &route, keys, &context.stores);
	step.route = route;
	if (route->flags & FC_BY_ID)
		step.id = keys;
	if (route->flags & FC_BY_PARENT)
	{
		step.parents = keys;
		step.nparents = route->flags & FC_BATCH ? 3 : 1;
	}
	walk = fc_walk_create("key", query, &step, &learned);
	fc_cache_pin(walk->entry);
	reader = make_reader(query->resource, &natts);

	do
	{
		MemoryContext page = AllocSetContextCreate(CurrentMemoryContext,
												   "page",
												   ALLOCSET_DEFAULT_SIZES);
		MemoryContext oldcontext = MemoryContextSwitchTo(page);
		FcJson	   *document;

		result = fc_walk_fetch(walk, &context, exchanges % 2 == 0,
							   exchanges % 3 == 0, &document);
		REQUIRE((result == FC_WALK_PAGE) == (document != NULL));
		if (result == FC_WALK_PAGE)
			read_page(walk, document, reader, natts);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextDelete(page);
	} while (result == FC_WALK_PAGE);

	if (result == FC_WALK_END)
	{
		REQUIRE(fc_walk_is_complete(walk));
		if (context.stores)
			read_again(walk);
	}
}

/* Turn the items of a page into rows. */
static void
read_page(FcWalk *walk, FcJson *document, FcTupleReader *reader, int natts)
{
	FcJsonNode	items = fc_walk_items(walk, document);
	FcJsonIterator iterator = fc_json_iterate(items);
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *isnull = palloc(natts * sizeof(bool));
	const FcWalkPage *page = &walk->pages[walk->npages - 1];
	FcJsonNode	item;
	int			count = 0;

	if (fc_json_kind(items) == FC_JSON_OBJECT)
	{
		SHIM_TRY(fc_tuple_read(reader, items, values, isnull));
		check_sqlstate();
		return;
	}
	while (fc_json_next(&iterator, &item, NULL))
	{
		SHIM_TRY(fc_tuple_read(reader, item, values, isnull));
		check_sqlstate();
		count++;
	}
	REQUIRE(count == page->items);
	REQUIRE(page->repeated == NULL || count > 0);
}

/* What was stored can be read. */
static void
read_again(FcWalk *walk)
{
	for (int page = walk->first_stored; page < walk->npages; page++)
	{
		FcJson	   *document = fc_walk_read(walk, page);

		REQUIRE(document != NULL);
		(void) fc_walk_items(walk, document);
	}
}

/* A reader of all the columns of a resource. */
static FcTupleReader *
make_reader(const FcResource *resource, int *natts)
{
	static const struct
	{
		const char *name;
		Oid			oid;
	}			types[] =
	{
		{"bigint", INT8OID},
		{"integer", INT4OID},
		{"numeric", NUMERICOID},
		{"boolean", BOOLOID},
		{"date", DATEOID},
		{"time", TIMEOID},
		{"timestamptz", TIMESTAMPTZOID},
		{"jsonb", JSONBOID}
	};
	FcTable    *table = palloc0(sizeof(FcTable));
	TupleDesc	tupdesc;
	Bitmapset  *all;

	table->name = resource->name;
	table->resource = resource;
	while (resource->columns[table->natts].name != NULL)
		table->natts++;
	*natts = table->natts;
	table->columns = palloc0(table->natts * sizeof(FcTableColumn));
#if PG_VERSION_NUM >= 180000
	tupdesc = palloc0(offsetof(struct TupleDescData, compact_attrs) +
					  table->natts * sizeof(CompactAttribute) +
					  table->natts * sizeof(FormData_pg_attribute));
#else
	tupdesc = palloc0(offsetof(struct TupleDescData, attrs) +
					  table->natts * sizeof(FormData_pg_attribute));
#endif
	tupdesc->natts = table->natts;

	for (int i = 0; i < table->natts; i++)
	{
		const FcColumn *column = &resource->columns[i];
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		table->columns[i].attnum = i + 1;
		table->columns[i].name = column->name;
		table->columns[i].column = column;
		table->columns[i].path = column->path ? column->path : column->name;
		attribute->atttypid = TEXTOID;
		attribute->atttypmod = -1;
		for (int j = 0; j < lengthof(types); j++)
			if (strcmp(types[j].name, column->type) == 0)
				attribute->atttypid = types[j].oid;
	}
	all = bms_add_member(NULL, 0 - FirstLowInvalidHeapAttributeNumber);
	return fc_tuple_reader(tupdesc, table, all, "Europe/Oslo");
}

/* Only what the contract names may come of an answer. */
static void
check_sqlstate(void)
{
	static const int allowed[] =
	{
		ERRCODE_FDW_UNABLE_TO_CREATE_REPLY,
		ERRCODE_FDW_UNABLE_TO_CREATE_EXECUTION,
		ERRCODE_FDW_TABLE_NOT_FOUND,
		ERRCODE_FDW_ERROR,
		ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
		ERRCODE_INSUFFICIENT_PRIVILEGE,
		ERRCODE_T_R_SERIALIZATION_FAILURE,
		ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
		ERRCODE_CANNOT_CONNECT_NOW,
		ERRCODE_CONNECTION_FAILURE,
		ERRCODE_FEATURE_NOT_SUPPORTED,
		ERRCODE_OUT_OF_MEMORY,
		ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION
	};

	if (shim_sqlstate == 0 ||
		ERRCODE_TO_CATEGORY(shim_sqlstate) == ERRCODE_DATA_EXCEPTION)
		return;
	for (int i = 0; i < lengthof(allowed); i++)
		if (shim_sqlstate == allowed[i])
			return;
	fprintf(stderr, "SQLSTATE %s\n", unpack_sql_state(shim_sqlstate));
	shim_fail("the contract names this SQLSTATE", __FILE__, __LINE__);
}

/* -- the transport: answers come from the input ------------------------- */

FcHttpConnection *
fc_http_connect(const FcHttpOptions *options)
{
	return palloc0(1);
}

FcHttpResponse *
fc_http_perform(FcHttpConnection *connection, const FcHttpRequest *request)
{
	static const int statuses[] =
	{200, 200, 200, 201, 204, 207, 302, 400, 401, 403, 404, 405, 409, 412,
	422, 429, 500, 502, 503, 504};
	FcHttpResponse *response = palloc0(sizeof(FcHttpResponse));
	StringInfoData body;
	uint8_t		kind = take_byte();
	bool		has_headers = (kind & 0x80) != 0;

	/* behind the input all lists are empty, so that every walk ends */
	REQUIRE(++exchanges < 20000);
	REQUIRE(strncmp(request->url, "https://test", 12) == 0);
	request->started(request->arg);
	now_ms += 1;

	kind &= 0x7f;
	response->outcome = kind >= 120 ?
		FC_OUTCOME_ANSWERED + (kind - 120) % (FC_OUTCOME_GARBLED + 1) :
		FC_OUTCOME_ANSWERED;
	if (response->outcome != FC_OUTCOME_ANSWERED)
		response->reason = "a reason";
	response->status = statuses[kind % lengthof(statuses)];

	initStringInfo(&body);
	if (next_byte == end_byte)
	{
		response->status = 200;
		appendStringInfoString(&body, "[]");
	}
	while (next_byte < end_byte && *next_byte != END_OF_ANSWER)
	{
		uint8_t		byte = *next_byte++;

		if (byte == END_OF_HEADERS && has_headers)
		{
			/* http.c gives them as "name: value" */
			if (strstr(body.data, ": ") != NULL)
				response->headers = lappend(response->headers, body.data);
			initStringInfo(&body);
		}
		else
			appendStringInfoCharMacro(&body, byte);
	}
	if (next_byte < end_byte)
		next_byte++;

	/* exactly as long as it has to be, so that no read goes beyond */
	response->length = body.len;
	response->body = palloc(body.len + 1);
	memcpy(response->body, body.data, body.len + 1);
	return response;
}

double
fc_wait_clock(void)
{
	return now_ms;
}

void
fc_wait(double milliseconds, FcWaitCause cause)
{
	REQUIRE(milliseconds > 0);
	now_ms += milliseconds;
}

/* -- what an exchange asks of others ------------------------------------ */

uint32 *
fc_block_segment_slot(void)
{
	return NULL;
}

void
fc_limiter_join(const FcAccount *account, const char *base_url,
				const FcLimits *limits)
{
}

double
fc_limiter_poll(int *ahead)
{
	*ahead = 0;
	return 0;
}

double
fc_limiter_hold(void)
{
	return 0;
}

void
fc_limiter_start(void)
{
}

void
fc_limiter_finish(FcOutcome outcome, const FcLimiterAdvice *advice)
{
	REQUIRE(advice->hold_ms == -1 || advice->hold_ms >= 0);
}

void
fc_journal_begin(const FcJournalRequest *request)
{
	REQUIRE(request->path[0] == '/');
}

void
fc_journal_start(void)
{
}

void
fc_journal_end(const FcJournalAnswer *answer)
{
}

void
fc_journal_amend(int sqlstate, bool is_undone)
{
}

bool
fc_generation_wrote_to(const uint8 *address)
{
	return false;
}

void
fc_stats_attach(uint32 *segment_slot)
{
}

void
fc_stats_add(Oid serverid, const char *resource, const FcCounts *counts)
{
}

void
fc_stats_error(Oid serverid, const char *resource, const char *message)
{
	REQUIRE(strlen(message) > 0);
}

void
fc_stats_activity(Oid serverid, const char *resource, FcActivityState state,
				  int64 requests_done, int64 requests_estimated,
				  int64 rows_read)
{
}

void
fc_stats_idle(void)
{
}

bool
fc_stats_learned(const uint8 *account, const char *resource,
				 FcLearned *learned)
{
	return false;
}

void
fc_stats_learn_flags(const uint8 *account, const char *resource, uint64 set,
					 uint64 clear)
{
}

void
fc_stats_learn_rows(const uint8 *account, const char *resource, double rows)
{
	REQUIRE(rows >= 0);
}

FcServer *
fc_option_server(Oid serverid)
{
	server.base_url = "https://test";
	server.max_retries = 2;
	server.max_retry_wait_ms = 5000;
	return &server;
}

FcMapping
fc_mapping_get(Oid serverid, Oid userid)
{
	FcMapping	mapping = {.mappingid = 1,.api_key = pstrdup("key")};

	return mapping;
}

FcAccount
fc_account_limiter(const FcServer *of)
{
	FcAccount	account = {{0}};

	return account;
}

FcAccount
fc_account_digest(const FcServer *of, const char *api_key)
{
	return fc_account_limiter(of);
}

FcAccount
fc_account_scope(const FcServer *of, const char *api_key)
{
	return fc_account_limiter(of);
}

FcAccount
fc_account_address(const FcServer *of)
{
	return fc_account_limiter(of);
}

void
fc_limiter_leave(void)
{
}

void
fc_limiter_throttle(const FcAccount *id, const FcLimiterAdvice *advice,
					int episode)
{
}

void
fc_stats_learn_longest(const uint8 *account, const char *resource, int route,
					   int items, int of_one)
{
}

void
fc_flight_note_failure(void)
{
}

int64
fc_generation_clock(void)
{
	return (int64) now_ms;
}

void
fc_generation_mark(FcMark *mark)
{
}

void
fc_generation_end_write(bool is_known)
{
}

/* -- what the sources ask of the server --------------------------------- */

void
RegisterSubXactCallback(SubXactCallback callback, void *arg)
{
}

void
before_shmem_exit(pg_on_exit_callback function, Datum arg)
{
}

void
on_proc_exit(pg_on_exit_callback function, Datum arg)
{
}

void
RegisterXactCallback(XactCallback callback, void *arg)
{
	REQUIRE(ntransaction_callbacks < lengthof(transaction_callbacks));
	transaction_callbacks[ntransaction_callbacks++] = callback;
}

void
CacheRegisterSyscacheCallback(int cacheid, SyscacheCallbackFunction func,
							  Datum arg)
{
}

SubTransactionId
GetCurrentSubTransactionId(void)
{
	return 1;
}

void
getTypeInputInfo(Oid type, Oid *typInput, Oid *typIOParam)
{
	*typInput = *typIOParam = type;
}

void
fmgr_info_cxt(Oid functionId, FmgrInfo *finfo, MemoryContext mcxt)
{
	finfo->fn_oid = functionId;
}

Oid
getBaseType(Oid typid)
{
	return typid;
}

char
get_typtype(Oid typid)
{
	return TYPTYPE_BASE;
}

void
get_type_category_preferred(Oid typid, char *typcategory,
							bool *typispreferred)
{
	*typcategory = typid == TEXTOID ? TYPCATEGORY_STRING : TYPCATEGORY_USER;
}

char *
format_type_extended(Oid type_oid, int32 typemod, bits16 flags)
{
	return pstrdup("type");
}

char *
format_type_be(Oid type_oid)
{
	return pstrdup("type");
}

text *
cstring_to_text(const char *s)
{
	return (text *) pstrdup(s);
}

/* What is given to a type of JSON must be that. */
Datum
InputFunctionCall(FmgrInfo *flinfo, char *str, Oid typioparam, int32 typmod)
{
	if (flinfo->fn_oid == JSONBOID)
		REQUIRE(fc_json_parse(str, strlen(str)) != NULL);
	return CStringGetDatum(pstrdup(str));
}

/*
 * jsonb: only the order of the calls is looked at.  The size of a state is
 * here whether an object waits for a value.
 */
static bool
takes_value(JsonbParseState *state)
{
	return state->contVal.type != jbvObject || state->size == 1;
}

JsonbValue *
pushJsonbValue(JsonbParseState **state, JsonbIteratorToken token,
			   JsonbValue *value)
{
	JsonbParseState *outer = *state;
	bool		is_begin = (token == WJB_BEGIN_ARRAY ||
							token == WJB_BEGIN_OBJECT);
	bool		is_end = (token == WJB_END_ARRAY || token == WJB_END_OBJECT);

	REQUIRE(outer != NULL || is_begin);
	REQUIRE((value == NULL) == (is_begin || is_end));
	if (value != NULL && value->type == jbvString)
		REQUIRE(strlen(value->val.string.val) == value->val.string.len);

	if (is_begin)
	{
		REQUIRE(outer == NULL || takes_value(outer));
		*state = palloc0(sizeof(JsonbParseState));
		(*state)->next = outer;
		(*state)->contVal.type =
			token == WJB_BEGIN_OBJECT ? jbvObject : jbvArray;
		return NULL;
	}
	if (is_end)
	{
		REQUIRE(outer->contVal.type ==
				(token == WJB_END_OBJECT ? jbvObject : jbvArray));
		REQUIRE(outer->size == 0);
		value = &outer->contVal;
		*state = outer = outer->next;
		if (outer == NULL)
			return value;
		REQUIRE(takes_value(outer));
		outer->size = 0;
		return NULL;
	}
	REQUIRE((token == WJB_ELEM) == (outer->contVal.type == jbvArray));
	REQUIRE((token == WJB_KEY) != takes_value(outer));
	outer->size = (token == WJB_KEY);
	return NULL;
}

Jsonb *
JsonbValueToJsonb(JsonbValue *value)
{
	REQUIRE(value != NULL);
	return palloc0(sizeof(Jsonb));
}

Numeric
int64_to_numeric(int64 value)
{
	return palloc0(VARHDRSZ);
}

struct varlena *
pg_detoast_datum(struct varlena *datum)
{
	return datum;
}

/* The functions of dates and times; where one asks for text, it gets some. */
#define DATE_FUNCTION(name, ...) \
Datum \
name(PGFunction func, Oid collation, __VA_ARGS__) \
{ \
	return CStringGetDatum(pstrdup("2027-01-15 10:00:00")); \
}

DATE_FUNCTION(DirectFunctionCall1Coll, Datum arg1)
DATE_FUNCTION(DirectFunctionCall2Coll, Datum arg1, Datum arg2)
DATE_FUNCTION(DirectFunctionCall3Coll, Datum arg1, Datum arg2, Datum arg3)

char *
fc_value_local(Oid type, Datum value)
{
	return pstrdup("2027-01-15T10:00:00");
}

char *
GetUserNameFromId(Oid roleid, bool noerr)
{
	return pstrdup("role");
}
