/*
 * body.h
 *		A row becomes the body of a request.
 */
#ifndef FC_BODY_H
#define FC_BODY_H

#include "access/tupdesc.h"
#include "api/option.h"
#include "api/value.h"
#include "nodes/bitmapset.h"
#include "write/properties.h"

/* What a request is to write. */
typedef struct FcDraft
{
	const FcTable *table;
	FcImage		image;			/* "known" are those that are sent */

	/* who gave them in the statement; NULL for what is only sent along */
	const FcTableColumn *givers[FC_MAX_COLUMNS];

	FcJsonNode	old_properties; /* as the API has them */
	FcProperties *properties;	/* as they are to be; NULL if not sent */
	bool		gives_properties;	/* as opposed to: sends them along */
	bool		gives_set;		/* all of them at once */
	List	   *keys;			/* of char *: properties given one by one */
} FcDraft;

extern void fc_body_check(const FcTable *table, const FcTableColumn *column,
						  bool is_update);
extern FcDraft *fc_body_draft(const FcTable *table,
							  FcJsonNode old_properties);
extern void fc_body_fill(FcDraft *draft, TupleDesc tupdesc,
						 const Datum *values, const bool *isnull,
						 const Bitmapset *attributes);
extern void fc_body_fill_json(FcDraft *draft, const char *json);
extern void fc_body_keep(FcDraft *draft, int number, const char *text);
extern bool fc_body_sends_properties(const FcDraft *draft);
extern char *fc_body_text(const FcDraft *draft);
extern bool fc_body_show(const FcDraft *draft, const FcTableColumn *column,
						 TupleDesc tupdesc, Datum *value, bool *isnull);
extern char *fc_body_core(const FcColumn *column, const char *text);
extern const char *fc_body_obstacle(const FcColumn *column,
									const char *text);

#endif							/* FC_BODY_H */
