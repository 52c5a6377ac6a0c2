/*
 * views.h
 *		How views and functions show what was measured.
 */
#ifndef FC_VIEWS_H
#define FC_VIEWS_H

extern Datum fc_views_milliseconds(double milliseconds);

#endif							/* FC_VIEWS_H */
