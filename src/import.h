/*
 * import.h
 *		IMPORT FOREIGN SCHEMA: print the catalog.
 */
#ifndef FC_IMPORT_H
#define FC_IMPORT_H

#include "nodes/parsenodes.h"

extern List *frontcoreImportForeignSchema(ImportForeignSchemaStmt *stmt,
										  Oid serverid);

#endif							/* FC_IMPORT_H */
