/*
 * shim.c
 *		What the fuzz targets need of PostgreSQL, without a server.
 *
 * Functions that the sources name but a target never reaches are left to the
 * linker's leniency: to call one is a crash, hence a finding of its own.
 */
#include "postgres.h"

#include <stdarg.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "shim.h"
#include "utils/memutils.h"

/* A chunk; what a context pointer in front of it is needed for, see below. */
typedef struct Chunk
{
	struct Chunk *next;
	struct Chunk *previous;
	Size		size;
	MemoryContext context;		/* where GetMemoryChunkContext looks for it */
} Chunk;

/* A context: PostgreSQL's own node, and ours behind it. */
typedef struct Context
{
	MemoryContextData node;
	Chunk	   *chunks;
	MemoryContextCallback *callbacks;
} Context;

MemoryContext TopMemoryContext;
MemoryContext TopTransactionContext;
MemoryContext CurrentMemoryContext;
MemoryContext ErrorContext;

sigjmp_buf *PG_exception_stack;
ErrorContextCallback *error_context_stack;
volatile sig_atomic_t InterruptPending;
volatile uint32 InterruptHoldoffCount;
volatile uint32 CritSectionCount;
bool		assert_enabled = true;

int			shim_sqlstate;

static Chunk *chunk_of(void *pointer);
static void *add_chunk(MemoryContext context, Size size);
static void format(const char *fmt, va_list arguments);

void
shim_begin(void)
{
	if (TopMemoryContext == NULL)
		TopMemoryContext =
			AllocSetContextCreateInternal(NULL, "top", 0, 0, 0);
	TopTransactionContext =
		AllocSetContextCreateInternal(TopMemoryContext, "transaction", 0, 0, 0);
	CurrentMemoryContext =
		AllocSetContextCreateInternal(TopTransactionContext, "query", 0, 0, 0);
}

void
shim_end(void)
{
	MemoryContextDelete(TopTransactionContext);
	TopTransactionContext = CurrentMemoryContext = NULL;
}

void
shim_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* -- memory ------------------------------------------------------------- */

MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name,
							  Size minContextSize, Size initBlockSize,
							  Size maxBlockSize)
{
	Context    *context = calloc(1, sizeof(Context));

	context->node.type = T_AllocSetContext;
	context->node.name = name;
	MemoryContextSetParent(&context->node, parent);
	return &context->node;
}

void
MemoryContextSetParent(MemoryContext context, MemoryContext parent)
{
	if (context->parent != NULL)
	{
		if (context->prevchild != NULL)
			context->prevchild->nextchild = context->nextchild;
		else
			context->parent->firstchild = context->nextchild;
		if (context->nextchild != NULL)
			context->nextchild->prevchild = context->prevchild;
	}
	context->parent = parent;
	context->prevchild = context->nextchild = NULL;
	if (parent != NULL)
	{
		context->nextchild = parent->firstchild;
		if (parent->firstchild != NULL)
			parent->firstchild->prevchild = context;
		parent->firstchild = context;
	}
}

void
MemoryContextRegisterResetCallback(MemoryContext context,
								   MemoryContextCallback *callback)
{
	Context    *mine = (Context *) context;

	callback->next = mine->callbacks;
	mine->callbacks = callback;
}

void
MemoryContextReset(MemoryContext context)
{
	Context    *mine = (Context *) context;

	while (context->firstchild != NULL)
		MemoryContextDelete(context->firstchild);
	while (mine->callbacks != NULL)
	{
		MemoryContextCallback *callback = mine->callbacks;

		mine->callbacks = callback->next;
		callback->func(callback->arg);
	}
	while (mine->chunks != NULL)
		pfree(mine->chunks + 1);
}

void
MemoryContextDelete(MemoryContext context)
{
	MemoryContextReset(context);
	MemoryContextSetParent(context, NULL);
	free(context);
}

static Chunk *
chunk_of(void *pointer)
{
	return (Chunk *) pointer - 1;
}

static void *
add_chunk(MemoryContext context, Size size)
{
	Context    *mine = (Context *) context;
	Chunk	   *chunk = malloc(sizeof(Chunk) + size);

	chunk->size = size;
	chunk->context = context;
	chunk->previous = NULL;
	chunk->next = mine->chunks;
	if (mine->chunks != NULL)
		mine->chunks->previous = chunk;
	mine->chunks = chunk;
	return chunk + 1;
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	REQUIRE(AllocSizeIsValid(size));
	return add_chunk(context, size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return add_chunk(context, size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return memset(MemoryContextAlloc(context, size), 0, size);
}

void *
MemoryContextAllocZeroAligned(MemoryContext context, Size size)
{
	return MemoryContextAllocZero(context, size);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	void	   *pointer = add_chunk(context, size);

	return flags & MCXT_ALLOC_ZERO ? memset(pointer, 0, size) : pointer;
}

void *
palloc(Size size)
{
	return MemoryContextAlloc(CurrentMemoryContext, size);
}

void *
palloc0(Size size)
{
	return MemoryContextAllocZero(CurrentMemoryContext, size);
}

void *
palloc_extended(Size size, int flags)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, size, flags);
}

void
pfree(void *pointer)
{
	Chunk	   *chunk = chunk_of(pointer);

	if (chunk->previous != NULL)
		chunk->previous->next = chunk->next;
	else
		((Context *) chunk->context)->chunks = chunk->next;
	if (chunk->next != NULL)
		chunk->next->previous = chunk->previous;
	free(chunk);
}

void *
repalloc(void *pointer, Size size)
{
	Chunk	   *chunk = chunk_of(pointer);
	void	   *copy = MemoryContextAlloc(chunk->context, size);

	memcpy(copy, pointer, Min(size, chunk->size));
	pfree(pointer);
	return copy;
}

void *
repalloc_huge(void *pointer, Size size)
{
	return repalloc(pointer, size);
}

char *
MemoryContextStrdup(MemoryContext context, const char *text)
{
	Size		size = strlen(text) + 1;

	return memcpy(MemoryContextAlloc(context, size), text, size);
}

char *
pstrdup(const char *text)
{
	return MemoryContextStrdup(CurrentMemoryContext, text);
}

char *
pnstrdup(const char *text, Size length)
{
	char	   *copy = palloc((length = strnlen(text, length)) + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

#if PG_VERSION_NUM >= 160000
MemoryContext
GetMemoryChunkContext(void *pointer)
{
	return chunk_of(pointer)->context;
}
#endif

/* -- errors ------------------------------------------------------------- */

bool
errstart(int elevel, const char *domain)
{
	shim_sqlstate = elevel >= ERROR ? ERRCODE_INTERNAL_ERROR : 0;
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

/* An error without a SQLSTATE is one that cannot happen. */
void
errfinish(const char *filename, int lineno, const char *funcname)
{
	ErrorContextCallback *callback;

	for (callback = error_context_stack; callback; callback = callback->previous)
		callback->callback(callback->arg);
	if (shim_sqlstate == ERRCODE_INTERNAL_ERROR)
		shim_fail("no internal error", filename, lineno);
	REQUIRE(PG_exception_stack != NULL);
	siglongjmp(*PG_exception_stack, 1);
}

void
pg_re_throw(void)
{
	siglongjmp(*PG_exception_stack, 1);
}

int
errcode(int sqlerrcode)
{
	return shim_sqlstate = sqlerrcode;
}

/* Messages are formatted, so that what they quote is read to its end. */
static void
format(const char *fmt, va_list arguments)
{
	char		text[8192];

	vsnprintf(text, sizeof(text), fmt, arguments);
}

#define MESSAGE_FUNCTION(name) \
int \
name(const char *fmt,...) \
{ \
	va_list		arguments; \
\
	va_start(arguments, fmt); \
	format(fmt, arguments); \
	va_end(arguments); \
	return 0; \
}

MESSAGE_FUNCTION(errmsg)
MESSAGE_FUNCTION(errmsg_internal)
MESSAGE_FUNCTION(errdetail)
MESSAGE_FUNCTION(errdetail_internal)
MESSAGE_FUNCTION(errhint)
MESSAGE_FUNCTION(errcontext_msg)

int
set_errcontext_domain(const char *domain)
{
	return 0;
}

int
errhidestmt(bool hide_stmt)
{
	return 0;
}

int
errhidecontext(bool hide_ctx)
{
	return 0;
}

int
geterrcode(void)
{
	return shim_sqlstate;
}

void
ExceptionalCondition(const char *conditionName,
#if PG_VERSION_NUM < 160000
					 const char *errorType,
#endif
					 const char *fileName, int lineNumber)
{
	shim_fail(conditionName, fileName, lineNumber);
}

/* -- lists and sets ----------------------------------------------------- */

List *
lappend(List *list, void *datum)
{
	if (list == NIL)
	{
		list = palloc0(sizeof(List));
		list->type = T_List;
	}
	if (list->length == list->max_length)
	{
		Size		size = (list->max_length = 2 * list->length + 4) *
			sizeof(ListCell);

		list->elements = list->elements ? repalloc(list->elements, size) :
			palloc(size);
	}
	lfirst(&list->elements[list->length++]) = datum;
	return list;
}

/* A set is an array of words, one to each member: rarely many. */
Bitmapset *
bms_add_member(Bitmapset *set, int member)
{
	int			count = set ? set->nwords : 0;
	Size		size = offsetof(Bitmapset, words) +
		(count + 1) * sizeof(bitmapword);

	REQUIRE(member >= 0);
	if (bms_is_member(member, set))
		return set;
	set = set ? repalloc(set, size) : palloc0(size);
	set->words[count] = member;
	set->nwords = count + 1;
	return set;
}

bool
bms_is_member(int member, const Bitmapset *set)
{
	for (int i = 0; set != NULL && i < set->nwords; i++)
		if (set->words[i] == (bitmapword) member)
			return true;
	return false;
}

Bitmapset *
bms_copy(const Bitmapset *set)
{
	Bitmapset  *copy = NULL;

	for (int i = 0; set != NULL && i < set->nwords; i++)
		copy = bms_add_member(copy, set->words[i]);
	return copy;
}

/* -- the rest ----------------------------------------------------------- */

void
ProcessInterrupts(void)
{
}

void
check_stack_depth(void)
{
}

/* Days from 24 November of the year 4714 before Christ. */
int
date2j(int year, int month, int day)
{
	int			shifted = year + 4800 - (month <= 2 ? 1 : 0);
	int			position = month + (month <= 2 ? 9 : -3);

	return day + (153 * position + 2) / 5 + 365 * shifted + shifted / 4 -
		shifted / 100 + shifted / 400 - 32045;
}

char *
unpack_sql_state(int sql_state)
{
	char	   *text = palloc0(6);

	for (int i = 0; i < 5; i++, sql_state >>= 6)
		text[i] = PGUNSIXBIT(sql_state);
	return text;
}

/* The database is UTF-8, as nearly all are. */
int
GetDatabaseEncoding(void)
{
	return PG_UTF8;
}

bool
pg_verify_mbstr(int encoding, const char *text, int length, bool noError)
{
	while (length > 0)
	{
		int			size = pg_utf_mblen((const unsigned char *) text);

		if (size > length || *text == '\0' ||
			!pg_utf8_islegal((const unsigned char *) text, size))
		{
			if (!noError)
				ereport(ERROR,
						(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
						 errmsg("invalid byte sequence for encoding \"UTF8\"")));
			return false;
		}
		text += size;
		length -= size;
	}
	return true;
}

char *
pg_server_to_any(const char *text, int length, int encoding)
{
	return unconstify(char *, text);
}

char *
pg_any_to_server(const char *text, int length, int encoding)
{
	(void) pg_verify_mbstr(PG_UTF8, text, length, false);
	return unconstify(char *, text);
}

int
err_generic_string(int field, const char *str)
{
	return 0;
}

ErrorData *
CopyErrorData(void)
{
	return palloc0(sizeof(ErrorData));
}

void
FreeErrorData(ErrorData *edata)
{
}
