/*
 * segment.h
 *		Dynamic shared memory, where having none is no error.
 *
 * Where the handle is kept, and what is in the segment, is left to the caller.
 */
#ifndef FC_SEGMENT_H
#define FC_SEGMENT_H

#include "storage/dsm.h"

extern dsm_segment *fc_segment_map(uint32 handle, Size size, char **shortage);

#endif							/* FC_SEGMENT_H */
