/*
 * comparison.h
 *		A column's values as points on a scale of integers.
 *
 * Nothing here does I/O.
 */
#ifndef FC_COMPARISON_H
#define FC_COMPARISON_H

#include "api/entry.h"
#include "pgtime.h"

/* Which end of a range. */
typedef enum FcSide
{
	FC_LOWER = -1,
	FC_UPPER = 1
} FcSide;

/* Where an operand stands on the scale of a column's values. */
typedef struct FcPosition
{
	int			infinite;		/* -1 below, 1 above every value, else 0 */
	int64		floor;			/* greatest value not above the operand */
	int64		ceiling;		/* least value not below it */
	bool		vague;			/* the operand may be a bit off */
} FcPosition;

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

extern const FcScale *fc_scale_for(const FcColumn *column, Oid type);
extern const FcScale *fc_scale_find(const FcColumn *column);
extern const FcScale *fc_scale_of_ctid(void);
extern Oid	fc_scale_family(const FcScale *scale);
extern bool fc_scale_is_among(Oid type, const Oid *types);
extern int64 fc_scale_round(const FcScale *scale, int64 value, FcSide side,
							int64 grain);
extern FcPosition fc_scale_locate_number(Oid type, Datum operand);

#endif							/* FC_COMPARISON_H */
