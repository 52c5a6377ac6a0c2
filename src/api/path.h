/*
 * path.h
 *		Lists that a foreign table names by their path.
 */
#ifndef FC_PATH_H
#define FC_PATH_H

#include "api/entry.h"

extern const char *fc_path_check(const char *path);
extern const FcResource *fc_path_resource(const char *path);

#endif							/* FC_PATH_H */
