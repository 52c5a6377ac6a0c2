/*
 * join.h
 *		Plan the batched join, which asks for many keys at once.
 */
#ifndef FC_JOIN_H
#define FC_JOIN_H

extern void fc_join_init(void);

#endif							/* FC_JOIN_H */
