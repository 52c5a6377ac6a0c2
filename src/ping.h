/*
 * ping.h
 *		Functions that check whether a server's API answers.
 */
#ifndef FC_PING_H
#define FC_PING_H

#include "api/exchange.h"

extern FcApi *fc_ping_open(const char *name);
extern const FcResource *fc_ping_dates(void);
extern const FcResource *fc_ping_courses(void);
extern const char *fc_ping_list(const FcResource *resource);

#endif							/* FC_PING_H */
