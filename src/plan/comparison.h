/*
 * comparison.h
 *		Which comparisons of a column go upstream, as what, and how a column's
 *		values compare.
 *
 * Which clauses are such comparisons is for pushdown.c to say, and what a
 * query asks for once operands are known for bind.c.  Nothing here does I/O.
 */
#ifndef FC_COMPARISON_H
#define FC_COMPARISON_H

#include "api/query.h"
#include "pgtime.h"
#include "plan/span.h"

/* What the API offers to tell a column's values apart. */
typedef enum FcColumnKind
{
	FC_KIND_NONE,				/* nothing */
	FC_KIND_KEY,				/* the id of a row */
	FC_KIND_PARENT,				/* the id of what the row hangs on */
	FC_KIND_LINK,				/* another object's id: by it or filtered */
	FC_KIND_BRACE,				/* a value that the path takes */
	FC_KIND_VALUE,				/* a parameter that takes one value */
	FC_KIND_RANGE				/* parameters for a lower and an upper bound */
} FcColumnKind;

/* Where a comparison goes; a single bit is a place. */
#define FC_GOES_TO_KEY		0x01	/* the path, or the keys of a batch */
#define FC_GOES_TO_SINCE	0x02	/* since_id */
#define FC_GOES_TO_UNTIL	0x04	/* no parameter: rules out keys, and ends
									 * a list in the order of ids */
#define FC_GOES_TO_EQUALS	0x08	/* FcColumn.equals */
#define FC_GOES_TO_MIN		0x10	/* FcColumn.min */
#define FC_GOES_TO_MAX		0x20	/* FcColumn.max */
#define FC_LAST_PLACE		FC_GOES_TO_MAX

/* What becomes of "column operator operand". */
typedef struct FcComparison
{
	int			places;			/* FC_GOES_TO_..., 0 if it goes nowhere */
	bool		is_exact;		/* no row comes that it refuses */
	bool		takes_one;		/* a parameter, only if the array holds one
								 * value */
} FcComparison;

/* Which end of a range. */
typedef enum FcSide
{
	FC_LOWER = -1,
	FC_UPPER = 1
} FcSide;

/* The zones that matter to bounds of instants. */
typedef struct FcZones
{
	pg_tz	   *filter;			/* in which the API reads a bound; NULL if
								 * unknown */
	pg_tz	   *naive;			/* in which we read a value without offset */
} FcZones;

/* What a column's type in the catalog means to comparisons. */
typedef struct FcScale
{
	const char *type;			/* in the catalog; NULL ends */
	const Oid  *columns;		/* types of local columns; InvalidOid ends */
	const Oid  *operands;		/* types of operands; InvalidOid ends */
	FcPosition	(*locate) (Oid type, Datum operand);

	/* a bound as the API reads it, NULL if every value meets it; palloc'd */
	char	   *(*write) (int64 value, FcSide side, const FcZones *zones);
} FcScale;

extern FcColumnKind fc_comparison_kind(const FcColumn *column);
extern const FcComparison *fc_comparison(const FcColumn *column,
										 FcOperator operator);
extern bool fc_comparison_is_lookup(const FcColumn *column,
									FcOperator operator);
extern const char *fc_comparison_parameter(const FcColumn *column, int place);
extern const char *fc_comparison_sign(FcOperator operator);

extern const FcScale *fc_scale_for(const FcColumn *column, Oid type);
extern const FcScale *fc_scale_find(const FcColumn *column);
extern const FcScale *fc_scale_of_ctid(void);
extern Oid	fc_scale_family(const FcScale *scale);
extern bool fc_scale_is_among(Oid type, const Oid *types);
extern int64 fc_scale_round(const FcScale *scale, int64 value, FcSide side,
							int64 grain);
extern FcPosition fc_scale_locate_number(Oid type, Datum operand);
extern FcPosition fc_scale_locate_day(Oid type, Datum operand);
extern FcPosition fc_scale_locate_instant(Oid type, Datum operand);
extern long fc_scale_offset_at(pg_time_t at, pg_tz *zone);

#endif							/* FC_COMPARISON_H */
