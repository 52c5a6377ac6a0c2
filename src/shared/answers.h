/*
 * answers.h
 *		Answers that all sessions share: texts by question.
 *
 * An answer is what one account got for one request: texts (its pages), and a
 * few bytes of its owner's that say what they are.  What requests and texts
 * mean is not known here.
 */
#ifndef FC_ANSWERS_H
#define FC_ANSWERS_H

#include "shared/arena.h"
#include "shared/entries.h"
#include "shared/generation.h"

typedef struct FcAnswerText
{
	const char *text;			/* terminated by a NUL that length excludes */
	Size		length;
} FcAnswerText;

/* How fresh an answer has to be, by fc_generation_clock. */
typedef struct FcFreshness
{
	int64		sent_after;		/* its last request was sent after that, ... */
	int64		asked_after;	/* ... or its first one after that */
} FcFreshness;

/* An answer that was found; it lives until the transaction ends. */
typedef struct FcSharedAnswer
{
	const char *request;
	int			count;			/* texts */
	FcAnswerText *texts;
	double		rows;
	const char *meta;			/* the owner's bytes, aligned */
	Size		meta_length;
	uint64		serial;			/* no other answer has it */
	int64		asked_at;		/* when its first request was sent */
	int64		sent_at;		/* when its last request was sent */
} FcSharedAnswer;

/* An answer that is to be kept. */
typedef struct FcNewAnswer
{
	FcQuestion	question;
	FcMark		mark;			/* taken when its first request was sent */
	int64		sent_at;		/* when its last request was sent */
	double		rows;
	const char *meta;
	Size		meta_length;
	bool		is_index;		/* about other answers: not for the view */
	const char *base_url;		/* for the view */
	int			count;			/* texts */
	Size		length;			/* of all texts together */
	FcAnswerText (*read) (void *arg, int number);
	void	   *arg;
} FcNewAnswer;

/* A row of the view frontcore_cache. */
typedef struct FcAnswerRow
{
	uint8		scope[16];
	const char *base_url;
	const char *resource;
	const char *request;
	int			count;
	double		rows;
	int64		bytes;			/* of shared memory */
	int64		age;			/* in microseconds */
	int64		hits;
} FcAnswerRow;

/* What fc_answers_look tells of an answer without giving it. */
typedef struct FcAnswerGlance
{
	uint64		serial;
	double		rows;
	int64		sent_at;
} FcAnswerGlance;

extern void fc_answers_attach(FcArenaRoot *memory);
extern FcSharedAnswer *fc_answers_find(const FcQuestion *question,
									   const FcFreshness *freshness);
extern bool fc_answers_look(const FcQuestion *question,
							const FcFreshness *freshness,
							FcAnswerGlance *glance);
extern uint64 fc_answers_keep(const FcNewAnswer *answer);
extern bool fc_answers_has_room(Size length);
extern void fc_answers_release(FcSharedAnswer *answer);
extern void fc_answers_reset(void);
extern FcAnswerRow *fc_answers_rows(int *count);

#endif							/* FC_ANSWERS_H */
