/*
 * option.h
 *		What the options of a server, table, column or user mapping say.
 *
 * Nobody else parses a DefElem.
 */
#ifndef FC_OPTION_H
#define FC_OPTION_H

#include "api/entry.h"
#include "base/http.h"
#include "foreign/foreign.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "shared/limiter.h"

typedef enum FcDatesSource
{
	FC_SOURCE_AUTO,
	FC_SOURCE_LIST,
	FC_SOURCE_BATCH
} FcDatesSource;

/* What a PUT does to fields that it leaves out. */
typedef enum FcOmitted
{
	FC_OMITTED_UNKNOWN,
	FC_OMITTED_KEPT,
	FC_OMITTED_RESET
} FcOmitted;

/* Who may use an answer again; in the order of the option's words. */
typedef enum FcCacheMode
{
	FC_CACHE_OFF,				/* the scan that asked for it */
	FC_CACHE_TRANSACTION,		/* its transaction */
	FC_CACHE_SHARED				/* all sessions of the server */
} FcCacheMode;

/* Costs that nobody gave: the planner knows better than a constant. */
#define FC_NO_COST		(-1)

/* A server's options, with defaults filled in. */
typedef struct FcServer
{
	Oid			serverid;
	const char *name;
	const char *base_url;		/* no trailing slash */
	const char *origin;			/* scheme://host:port, normalized */
	FcLimits	limits;
	const char *limiter_key;	/* NULL: the origin */
	int			max_retries;
	int			max_retry_wait_ms;
	FcHttpOptions http;
	const char *filter_timezone;	/* NULL: unknown */
	const char *naive_timezone;
	FcDatesSource dates_source;
	FcOmitted	omitted;
	bool		updatable;
	FcCacheMode cache;
	int			cache_ttl_ms;	/* with FC_CACHE_SHARED */
	int			stale_if_error_ms;
	int			page_size;
	bool		push_filters;
	bool		push_order;
	double		startup_cost;	/* or FC_NO_COST, as the next one */
	double		request_cost;
} FcServer;

/* One column of a foreign table. */
typedef struct FcTableColumn
{
	AttrNumber	attnum;
	const char *name;			/* the local column's */
	const FcColumn *column;		/* the catalog's, NULL if none */
	const char *path;			/* into the API's object, as in FcColumn; of a
								 * property, to the object that holds it */
	const char *property;		/* KEY of custom_properties.KEY, else NULL */
	const Bitmapset *computed_from; /* of a stored generated column:
									 * attributes, offset as pull_varattnos
									 * does */
} FcTableColumn;

/* A foreign table's options, the server's defaults filled in. */
typedef struct FcTable
{
	Oid			relid;
	const char *schema;
	const char *name;
	const FcResource *resource;
	const char *path;			/* of a list that is no entry, else NULL */
	bool		deactivates;	/* on_delete 'deactivate' */
	FcOmitted	omitted;
	bool		updatable;
	FcCacheMode cache;
	int			cache_ttl_ms;	/* with FC_CACHE_SHARED */
	int			stale_if_error_ms;
	int			page_size;
	bool		push_filters;
	bool		push_order;
	double		startup_cost;
	double		request_cost;
	const char *naive_timezone; /* the server's */
	int			natts;			/* of the table's descriptor */
	FcTableColumn *columns;		/* natts of them; attnum 0 if dropped or
								 * generated: the API has none */
} FcTable;

/* What IMPORT FOREIGN SCHEMA is asked for. */
typedef struct FcImportOptions
{
	bool		raw;			/* the column with the raw object */
	bool		persons;		/* tables of persons, though not named */
} FcImportOptions;

extern FcServer *fc_option_server(Oid serverid);
extern FcImportOptions fc_option_import(List *given);
extern void fc_option_fill_table(FcTable *table, List *given);
extern const char *fc_option_given(List *given, const char *name,
								   const char *standard);

#endif							/* FC_OPTION_H */
