/*
 * value.h
 *		Values of the API's columns as texts, in one form for each type.
 */
#ifndef FC_VALUE_H
#define FC_VALUE_H

#include "api/entry.h"
#include "base/json.h"

/* Columns of a resource at most: as many as a set of bits holds. */
#define FC_MAX_COLUMNS	64

#define FC_COLUMN_BIT(number)	(UINT64CONST(1) << (number))

/*
 * Values of a resource's columns, by their number in the catalog.  A text is
 * in the database's encoding and in one form only, so that two of them can be
 * compared; NULL stands for null.
 */
typedef struct FcImage
{
	uint64		known;			/* columns whose value we know, as bits */
	const char *texts[FC_MAX_COLUMNS];
} FcImage;

extern Oid	fc_value_type(const FcColumn *column);
extern bool fc_value_is_string(const FcColumn *column);
extern char *fc_value_text(const FcColumn *column, Oid type, Datum value,
						   const char *naive_timezone);
extern char *fc_value_local(Oid type, Datum value);
extern const char *fc_value_input(const FcColumn *column, const char *text,
								  Oid type, const char *naive_timezone);
extern FcJsonNode fc_value_parse(const char *text);

#endif							/* FC_VALUE_H */
