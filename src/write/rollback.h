/*
 * rollback.h
 *		The transaction's account of writes that a rollback does not undo.
 */
#ifndef FC_ROLLBACK_H
#define FC_ROLLBACK_H

extern void fc_rollback_begin(const char *method, const char *path);
extern void fc_rollback_stands(const int64 *created);
extern void fc_rollback_nothing(void);

#endif							/* FC_ROLLBACK_H */
