/*
 * catalog.h
 *		The resources of the API, described as data.
 *
 * Only catalog.c knows the name of a resource.
 */
#ifndef FC_CATALOG_H
#define FC_CATALOG_H

/* Column flags. */
#define FC_KEY			0x0001	/* names a row */
#define FC_PARENT		0x0002	/* the parent's id: fixed once inserted */
#define FC_REQUIRED		0x0004	/* on INSERT */
#define FC_RESENT		0x0008	/* the API wants it with every PUT */
#define FC_PROPERTIES	0x0010	/* the custom properties: {} and [] are NULL */
#define FC_RAW			0x0020	/* the whole object; imported on request */
#define FC_WRITE_ONLY	0x0040	/* never read back */
#define FC_UNPROVEN		0x0080	/* the API may drop it without a word */
#define FC_MEMBER		0x0100	/* no column, but what paths lead into */

/* Route flags. */
#define FC_ITEM			0x0001	/* answers one object */
#define FC_SORTED		0x0002	/* takes order_by and order_direction */
#define FC_BATCH		0x0004	/* takes many parents at once */
#define FC_FILTERED		0x0008	/* takes the columns' filters */
#define FC_SINCE		0x0010	/* takes since_id */
#define FC_FLAT			0x0020	/* all rows; items hold related ids only */
#define FC_LOOKUP		0x0040	/* a list, filtered to one id */
#define FC_PART			0x0080	/* a part of something: 404 means none */
#define FC_BY_PARENT	0x0100	/* its path holds the parent's id, or ids */
#define FC_BY_ID		(FC_ITEM | FC_LOOKUP)	/* its path holds a row's id */

/* Abilities of a resource. */
#define FC_INSERT		0x0001
#define FC_UPDATE		0x0002
#define FC_DELETE		0x0004
#define FC_FORGETFUL	0x0008	/* a PUT may reset what it leaves out */
#define FC_PERSONS		0x0010	/* rows are persons: shared on request only */

/* A number and its title; a NULL title ends the list. */
typedef struct FcTitle
{
	int			number;
	const char *title;
} FcTitle;

typedef struct FcColumn
{
	const char *name;
	const char *type;			/* SQL; IMPORT prints it */
	int			flags;
	const char *path;			/* where a value may be: "a.b|c", first hit;
								 * NULL means the name; "" the whole object */
	const char *equals;			/* query parameter for "=" */
	const char *min;			/* query parameters for a range */
	const char *max;
	const char *order_by;		/* value of order_by */
	const char *writes;			/* body field; NULL if read-only */
	const char *include;		/* include[] relation that brings it */
	const char *flat_include;	/* the same, on an FC_FLAT route only */
	const FcTitle *titles;		/* titles of the numbers at number_path, for
								 * answers that hold one of the two only */
	const char *number_path;
	const char *element;		/* of an array of objects: the value is the
								 * array of this member of each */
	const char *resets_to;		/* documented default, as JSON, or "{column}";
								 * NULL if none */
	const char *rewrites;		/* of an array of objects: members to send
								 * when the array is sent back: "a,b" */
	const char *derives;		/* members that the API computes anew */
	const char *decides;		/* another column that this one sets, too */
} FcColumn;

typedef struct FcRoute
{
	const char *path;			/* "/courses/{course_id}/coursedates/{id}" */
	int			flags;
	const char *includes;		/* relations it can bring: "a,b" or NULL */
	const char *fed_by;			/* resource whose ids feed an unbound column */
} FcRoute;

typedef struct FcResource
{
	const char *name;
	int			abilities;
	const FcRoute *routes;		/* best first; path NULL ends */
	const FcColumn *columns;	/* name NULL ends */
	const char *const *children;	/* resources that hang on it, NULL ends */
	int			max_key_length; /* of a custom property's key, in characters */
	double		expected_rows;	/* of the list, while nothing is known */
	const char *deactivate;		/* body that on_delete 'deactivate' sends */
} FcResource;

extern const FcResource fc_resources[];

extern const FcResource *fc_catalog_find(const char *name);
extern const char *fc_catalog_names(void);
extern const char *fc_catalog_members(const FcResource *resource);
extern const FcColumn *fc_catalog_column(const FcResource *resource,
										 const char *name);
extern const FcColumn *fc_catalog_holder(const FcResource *resource,
										 const char *path);
extern bool fc_catalog_knows_path(const FcResource *resource,
								  const char *path);
extern int	fc_catalog_column_number(const FcResource *resource,
									 const FcColumn *column);
extern int	fc_catalog_columns(const FcResource *resource);
extern const FcColumn *fc_catalog_flagged(const FcResource *resource,
										  int flag);
extern uint64 fc_catalog_flat_routes(const FcResource *resource);
extern bool fc_catalog_depends(const FcResource *resource,
							   const FcResource *other);
#ifdef USE_ASSERT_CHECKING
extern void fc_catalog_check(void);
#endif

#endif							/* FC_CATALOG_H */
