/*
 * verb.c
 *		One request that does something, or asks, beyond rows of a table.
 *
 * A verb is treated as a write: what is open in this backend is read to its
 * end, what the transaction has kept is dropped, and the account of writes
 * counts it.  It is not known which rows it changes, so all tables count as
 * changed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "api/sharing.h"
#include "miscadmin.h"
#include "read/forget.h"
#include "read/pager.h"
#include "shared/generation.h"
#include "shared/journal.h"
#include "utils/builtins.h"
#include "write/rollback.h"
#include "write/verb.h"

static void drop_answers(void);
static void give_advice(void *arg);

/*
 * fc_verb_send
 *		Send the request as the current user, and return what came of it.
 *
 * The verdict is FC_VERDICT_OK, or FC_VERDICT_ABSENT where that is an answer;
 * all else is thrown.  The answer lives in the current context.
 */
FcAnswer *
fc_verb_send(Oid serverid, const FcVerbRequest *request)
{
	ErrorContextCallback callback = {error_context_stack, give_advice,
	unconstify(FcVerbRequest *, request)};
	bool		is_write = strcmp(request->method, "GET") != 0;
	FcMeter		use = {.resource = request->resource};
	FcExchange	call = {0};
	FcAnswer   *answer;
	FcApi	   *api;

	PreventCommandIfReadOnly(psprintf("%s()", request->function));
	PreventCommandDuringRecovery(psprintf("%s()", request->function));
	PreventCommandIfParallelMode(psprintf("%s()", request->function));
	api = fc_access_open(serverid, GetUserId());
	drop_answers();

	call.method = request->method;
	call.path = request->path;
	call.shown = request->shown;
	call.hidden = request->hidden;
	call.body = request->body;
	call.naming = request->naming;
	call.kind = strchr(request->path + 1, '/') == NULL ?
		FC_PATH_LIST : FC_PATH_PART;
	call.tolerates = request->may_be_absent ?
		FC_TOLERATE(FC_VERDICT_ABSENT) : 0;

	error_context_stack = &callback;
	if (is_write)
	{
		fc_rollback_begin(request->method, request->path);
		fc_sharing_begin_write(&api->address, NULL);
	}
	else
		fc_sharing_drop(&api->address);
	answer = fc_exchange(api, &use, &call);
	error_context_stack = callback.previous;

	/* only 204 says by itself that it was done and that there is no more */
	if (is_write && answer->document == NULL && answer->status != 204)
		fc_verb_refuse(request, "the answer is empty");
	return answer;
}

/*
 * fc_verb_confirm
 *		The answer says that the request was carried out, and the id of what it
 *		has made; 0 if nothing that has one.
 */
void
fc_verb_confirm(const FcVerbRequest *request, int64 made)
{
	if (strcmp(request->method, "GET") == 0)
		return;
	fc_generation_end_write(true);
	fc_rollback_stands(made != 0 ? &made : NULL);
	if (made != 0)
		fc_journal_name(made);
}

/*
 * fc_verb_refuse
 *		Throw, as an answer does not say what it should.  If the verb writes,
 *		its outcome is then unknown.
 */
void
fc_verb_refuse(const FcVerbRequest *request, const char *reason)
{
	bool		is_write = strcmp(request->method, "GET") != 0;

	fc_generation_end_write(false);
	if (is_write)
		fc_journal_amend(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN, false);
	ereport(ERROR,
			(errcode(is_write ? ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN :
					 ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
			 is_write ?
			 errmsg("could not learn the outcome of %s(): %s",
					request->function, reason) :
			 errmsg("could not understand the answer to %s(): %s",
					request->function, reason),
			 request->unknown_hint ? errhint("%s", request->unknown_hint) : 0,
			 errcontext("FrontCore request %s %s", request->method,
						request->shown ? request->shown : request->path)));
}

/*
 * Let open scans read what they have not read yet, and forget all that the
 * transaction has read.
 */
static void
drop_answers(void)
{
	for (int i = 0; fc_resources[i].name != NULL; i++)
		fc_pager_drain(&fc_resources[i]);
	for (int i = 0; fc_resources[i].name != NULL; i++)
		fc_forget_resource(&fc_resources[i]);
}

/*
 * An error is thrown: say what can be done where the outcome is unknown.
 */
static void
give_advice(void *arg)
{
	const FcVerbRequest *request = arg;

	if (geterrcode() == ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN &&
		request->unknown_hint != NULL)
		errhint("%s", request->unknown_hint);
}
