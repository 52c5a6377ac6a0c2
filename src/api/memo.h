/*
 * memo.h
 *		Which servers and tables are ours, and their options, remembered while
 *		they are true.
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

extern bool fc_memo_is_ours(Oid serverid);
extern Oid	fc_memo_find_server(const char *name);
extern bool fc_memo_is_our_table(Oid relid);

#endif							/* FC_MEMO_H */
