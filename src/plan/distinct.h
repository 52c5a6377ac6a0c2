/*
 * distinct.h
 *		Tell core how many values the keys of our tables have.
 */
#ifndef FC_DISTINCT_H
#define FC_DISTINCT_H

extern void fc_distinct_init(void);

#endif							/* FC_DISTINCT_H */
