/*
 * kept.h
 *		Pages that stay parsed while a list is read again and again.
 */
#ifndef FC_KEPT_H
#define FC_KEPT_H

#include "read/walk.h"

typedef struct FcKept FcKept;

extern FcKept *fc_kept_create(void);
extern void fc_kept_begin(FcKept *kept);
extern void fc_kept_rewind(FcKept *kept);
extern FcJson *fc_kept_read(FcKept *kept, FcWalk *walk, int page);
extern void fc_kept_forget(FcKept *kept);

#endif							/* FC_KEPT_H */
