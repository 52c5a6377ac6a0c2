/*
 * tuple.h
 *		An item of the API becomes a row.
 */
#ifndef FC_TUPLE_H
#define FC_TUPLE_H

#include "api/option.h"
#include "api/query.h"
#include "base/json.h"

typedef struct FcTupleReader FcTupleReader;

extern FcTupleReader *fc_tuple_reader(TupleDesc tupdesc, const FcTable *table,
									  const Bitmapset *attributes,
									  const char *naive_timezone);
extern bool fc_tuple_bind(FcTupleReader *reader, FcJsonNode item,
						  const List *bindings);
extern void fc_tuple_read(FcTupleReader *reader, FcJsonNode item,
						  Datum *values, bool *isnull);
extern List *fc_tuple_needs(const FcTupleReader *reader,
							const Bitmapset *strict);

#endif							/* FC_TUPLE_H */
