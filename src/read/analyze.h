/*
 * analyze.h
 *		What ANALYZE sees of a foreign table.
 */
#ifndef FC_ANALYZE_H
#define FC_ANALYZE_H

#include "foreign/fdwapi.h"

extern bool frontcoreAnalyzeForeignTable(Relation relation,
										 AcquireSampleRowsFunc *func,
										 BlockNumber *totalpages);

#endif							/* FC_ANALYZE_H */
