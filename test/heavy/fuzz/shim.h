/*
 * shim.h
 *		What the fuzz targets need of PostgreSQL, without a server.
 *
 * A target runs one input between shim_begin and shim_end: memory contexts are
 * lists of malloc'd chunks, so that AddressSanitizer sees each overrun, and an
 * error is a longjmp.  An internal error (elog) is a finding.
 */
#ifndef FC_FUZZ_SHIM_H
#define FC_FUZZ_SHIM_H

#include <setjmp.h>

#include "nodes/pg_list.h"

/*
 * The next input begins, or has ended: nothing of the last one is left but
 * what is in TopMemoryContext.
 */
extern void shim_begin(void);
extern void shim_end(void);

/* The SQLSTATE of the last error, 0 if there was none. */
extern int	shim_sqlstate;

/*
 * Run a statement; after an error, go on behind it.  What the statement
 * changes and others read must be volatile.
 */
#define SHIM_TRY(statement) \
	do { \
		sigjmp_buf	shim_jump; \
		sigjmp_buf *shim_saved = PG_exception_stack; \
		ErrorContextCallback *shim_callbacks = error_context_stack; \
		MemoryContext shim_context = CurrentMemoryContext; \
\
		shim_sqlstate = 0; \
		PG_exception_stack = &shim_jump; \
		if (sigsetjmp(shim_jump, 0) == 0) \
		{ \
			statement; \
		} \
		PG_exception_stack = shim_saved; \
		error_context_stack = shim_callbacks; \
		CurrentMemoryContext = shim_context; \
	} while (0)

/* What must hold; unlike Assert, always looked at. */
#define REQUIRE(condition) \
	((condition) ? (void) 0 : shim_fail(#condition, __FILE__, __LINE__))
extern void shim_fail(const char *condition, const char *file, int line)
			pg_attribute_noreturn();

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif							/* FC_FUZZ_SHIM_H */
