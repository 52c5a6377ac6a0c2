/*
 * convert.h
 *		A value of the API's JSON as a Datum of a column's type.
 */
#ifndef FC_CONVERT_H
#define FC_CONVERT_H

#include "api/entry.h"
#include "base/json.h"
#include "fmgr.h"

typedef struct FcConversion FcConversion;

typedef Datum (*FcConverter) (FcConversion *conversion, FcJsonNode node);

/* Of a column.  Only convert.c reads more of it than type and is_text. */
struct FcConversion
{
	const FcColumn *catalog_column; /* NULL if there is none */
	Oid			type;
	int32		typmod;
	bool		is_text;		/* "" is a value */
	Datum		naive_timezone; /* text: of times without an offset */
	FcConverter convert;
	MemoryContext context;		/* lives as long */
	FmgrInfo	input;			/* the type's input function, once needed */
	Oid			ioparam;
};

extern void fc_convert_prepare(FcConversion *conversion,
							   const FcColumn *catalog_column, Oid type,
							   int32 typmod, Datum naive_timezone);
extern Datum fc_convert_node(FcConversion *conversion, FcJsonNode node);
extern Datum fc_convert_text(FcConversion *conversion, const char *text);
extern bool fc_convert_can_hold(const FcConversion *conversion,
								const char *text);
extern bool fc_convert_is_same(const FcConversion *conversion,
							   FcJsonNode node, const char *text);

#endif							/* FC_CONVERT_H */
