/*
 * bench_limiter.c
 *		What a pass through the limiter costs: for test/bench, which compiles
 *		this with limiter.c, block.c, queue.c and history.c of src/shared/ into
 *		a library of its own.
 *
 * bench_limiter(requests per second, passes) is the time of one pass in
 * microseconds, when nobody else wants anything of the account.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "shared/limiter.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_limiter);

static void pass(const FcLimits *limits);

Datum
bench_limiter(PG_FUNCTION_ARGS)
{
	FcLimits	limits = {PG_GETARG_FLOAT8(0), 0, 1};
	int			passes = PG_GETARG_INT32(1);
	instr_time	began;
	instr_time	ended;

	/* a new account counts as full */
	pass(&limits);

	INSTR_TIME_SET_CURRENT(began);
	for (int i = 0; i < passes; i++)
		pass(&limits);
	INSTR_TIME_SET_CURRENT(ended);
	INSTR_TIME_SUBTRACT(ended, began);
	PG_RETURN_FLOAT8(INSTR_TIME_GET_DOUBLE(ended) * 1e6 / passes);
}

/* Wait for leave to send a request, and say that it was answered. */
static void
pass(const FcLimits *limits)
{
	static const FcAccount account = {{'b', 'e', 'n', 'c', 'h'}};
	FcLimiterAdvice advice = {false, -1};
	int			ahead;

	fc_limiter_join(&account, "http://127.0.0.1", limits);
	while (fc_limiter_poll(&ahead) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(1000);
	}
	fc_limiter_start();
	fc_limiter_finish(FC_OUTCOME_ANSWERED, &advice);
}
