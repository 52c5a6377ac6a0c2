/*
 * received.h
 *		What has been received of an answer: its head and its body.
 */
#ifndef FC_RECEIVED_H
#define FC_RECEIVED_H

#include "nodes/pg_list.h"

/* A malloc'd text that grows up to its limit. */
typedef struct FcBytes
{
	char	   *data;			/* terminated; NULL if nothing came */
	Size		used;
	Size		allocated;
	Size		limit;
	bool		is_full;		/* more came than the limit allows */
	bool		is_starved;		/* malloc failed */
} FcBytes;

typedef struct FcReceived
{
	FcBytes		body;
	FcBytes		head;			/* the header lines of the last response */
	int			nheaders;
	bool		is_interim;		/* the last response is a 1xx */
	bool		has_head;		/* the final response's header has ended */
} FcReceived;

extern void fc_received_begin(FcReceived *received, Size max_body);
extern void fc_received_free(FcReceived *received);
extern List *fc_received_headers(const FcReceived *received);

/* For callbacks of libcurl's: they do not throw.  False: take no more. */
extern bool fc_received_line(FcReceived *received, const char *line,
							 Size length);
extern bool fc_received_body(FcReceived *received, const char *data,
							 Size length);

#endif							/* FC_RECEIVED_H */
