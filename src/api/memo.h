/*
 * memo.h
 *		The options of servers and tables, remembered while they are true.
 *
 * A statement needs them in the planner and in the executor, and
 * the next one needs the same.
 */
#ifndef FC_MEMO_H
#define FC_MEMO_H

#include "api/option.h"

/* Both stay valid until the transaction ends, whatever is altered in it. */
extern const FcServer *fc_memo_server(Oid serverid);
extern const FcTable *fc_memo_table(Oid relid);

#endif							/* FC_MEMO_H */
