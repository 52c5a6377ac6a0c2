/*
 * error.h
 *		Which error a status, a body or a failed transport means in SQL.
 */
#ifndef FC_ERROR_H
#define FC_ERROR_H

#include "api/option.h"
#include "base/outcome.h"

/* What kind of path was asked; decides what a 404 means. */
typedef enum FcPathKind
{
	FC_PATH_LIST,				/* a resource's own: 404 is no such list */
	FC_PATH_PART,				/* an object, a course's dates: 404 is none */
	FC_PATH_BATCH				/* a list over given parents */
} FcPathKind;

/* What an answer means.  Everything but OK may be an error. */
typedef enum FcVerdict
{
	FC_VERDICT_OK,
	FC_VERDICT_ABSENT,			/* no such row */
	FC_VERDICT_NO_ROUTE,		/* the account has no such list: HV00R */
	FC_VERDICT_NO_PATH,			/* nor that: the answer is not the API's */
	FC_VERDICT_NO_METHOD,		/* 405 */
	FC_VERDICT_REFUSED,			/* 400, 413, 414, 422, or unclassified "error" */
	FC_VERDICT_UNSURE,			/* "error" under a status of success, of a
								 * list: refused, or no such list */
	FC_VERDICT_UNPROVEN,		/* an empty 2xx to a PUT or DELETE: done, or
								 * throttled */
	FC_VERDICT_THROTTLED,		/* 429, or an empty 2xx to a GET */
	FC_VERDICT_UNAVAILABLE,		/* 502, 503, 504, lost: repeat a GET */
	FC_VERDICT_FAILED			/* anything else: an error at once */
} FcVerdict;

/* What came of a request, as far as it matters here. */
typedef struct FcReply
{
	const char *resource;
	bool		is_write;
	FcPathKind	kind;
	FcOutcome	outcome;
	int			status;
	bool		is_text;		/* the body is neither empty nor JSON */
	bool		is_blank;		/* there is no body */
	bool		refuses;		/* the body says no */
	bool		confirms;		/* the body of a write's answer says yes */
	const char *message;		/* what the body says, or NULL */
	const char *shown;			/* the same without the key */
	const char *code;			/* its code for programs, or NULL */
	const char *codes;			/* those of a list of errors: "a, b", or NULL */
	const char *allow;			/* header Allow, or NULL */
	const char *reason;			/* why not answered, in libcurl's words */
} FcReply;

/* What that means; all but the verdict only if that is not OK. */
typedef struct FcError
{
	FcVerdict	verdict;
	int			sqlstate;
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} FcError;

extern FcError *fc_error_judge(const FcReply *reply);
extern void fc_error_raise(const FcError *error);
extern void fc_error_context(const char *method, const char *path);
extern void fc_error_column(const FcTable *table, const char *column);
extern char *fc_error_quote(const char *text, Size length);

#endif							/* FC_ERROR_H */
