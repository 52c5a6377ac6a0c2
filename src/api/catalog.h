/*
 * catalog.h
 *		The resources of the API, described as data.
 *
 * Only catalog.c knows the name of a resource.  Adding a table is an entry of
 * some 15 lines there.  What a list takes, and what its rows hold:
 *
 *	static const FcRoute room_routes[] = {
 *		{"/rooms/{id}", FC_ITEM},
 *		{"/rooms?floor_id={floor_id}", FC_BY_PARENT | FC_LIST},
 *		{"/rooms", FC_LIST},
 *		{NULL}
 *	};
 *	static const FcColumn room_columns[] = {
 *		{"id", "bigint", FC_KEY},
 *		{"title", "text", FC_REQUIRED, WRITES("title")},
 *		{"floor_id", "bigint", FC_LINK, FROM("floor.id"), EQUALS("floor_id")},
 *		{"updated_at", "timestamptz", RANGE("updated_at")},
 *		{"raw", "jsonb", FC_RAW, FROM("")},
 *		{NULL}
 *	};
 *
 * and in fc_resources the table itself:
 *
 *	{"rooms", FC_INSERT | FC_UPDATE, room_routes, room_columns,
 *	.expected_rows = 50},
 *
 * Routes are to the planner what indexes are, best first.  A link, which names
 * an object of another resource, has a route by it, with .parents if that
 * resource has a table here.  If there is no such route, it is a column with a
 * filter, and not an FC_LINK.  Rows are created at the first list whose path
 * has no "?".  FROM says where a column's value is in an item, if not in the
 * member of the same name.  EQUALS and RANGE name a filter; the API may send
 * too many rows for it, but never too few.  WRITES names the field of the body
 * that a write sets.  A table of persons has the ability FC_PERSONS.  .touches
 * lists the other tables that a write to this one changes.
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
#define FC_LINK			0x0200	/* another object's id: a filter of lists */
#define FC_ZERO_IS_NULL	0x0400	/* the API sends 0 for no value */
#define FC_BRACE		0x0800	/* of FC_BY_PATH: the path takes its value */
#define FC_HELD			0x1000	/* the API takes it in a write; we cannot send
								 * it, but a PUT may reset it */

/* Columns by whose values rows are looked up. */
#define FC_LOOKED_UP	(FC_KEY | FC_PARENT | FC_LINK)

/* Route flags. */
#define FC_ITEM			0x0001	/* answers one object */
#define FC_SORTED		0x0002	/* takes order_by and order_direction */
#define FC_BATCH		0x0004	/* takes many parents at once */
#define FC_FILTERED		0x0008	/* takes the columns' filters */
#define FC_SINCE		0x0010	/* takes since_id */
#define FC_FLAT			0x0020	/* all rows; items hold related ids only */
#define FC_LOOKUP		0x0040	/* a list, filtered to one id */
#define FC_PART			0x0080	/* a part of something: 404 means none */
#define FC_BY_PARENT	0x0100	/* its path holds the value, or values, of a
								 * column FC_PARENT or FC_LINK */
#define FC_FED			0x0200	/* may be asked for all parents there are */
#define FC_UNPAGED		0x0400	/* takes no limit: one answer is the list */
#define FC_UNREAD		0x0800	/* rows are written there, but not read */
#define FC_HALF			0x1000	/* holds a part of the rows; the next route
								 * holds the others, and perhaps all */
#define FC_OTHER_HALF	0x2000	/* that next route */
#define FC_BY_ID		(FC_ITEM | FC_LOOKUP)	/* its path holds a row's id */

/* A list that takes what most lists do. */
#define FC_LIST			(FC_FILTERED | FC_SINCE)

/* Abilities of a resource. */
#define FC_INSERT		0x0001
#define FC_UPDATE		0x0002
#define FC_DELETE		0x0004
#define FC_FORGETFUL	0x0008	/* a PUT may reset what it leaves out */
#define FC_PERSONS		0x0010	/* its rows are persons, or name some */
#define FC_BY_PATH		0x0020	/* no entry, but a list that a table names */

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
	const char *include;		/* include[] relations that bring it: "a,b" */
	const char *flat_include;	/* the same, on an FC_FLAT route only */
	const FcTitle *titles;		/* titles of the numbers at number_path, for
								 * answers that hold one of the two only */
	const char *number_path;
	const FcTitle *numbers;		/* all that are documented, for people to
								 * read; an empty title where none is */
	const char *element;		/* of an array of objects: the value is the
								 * array of this member of each */
	const char *resets_to;		/* documented default, as JSON, or "{column}";
								 * NULL if none */
	const char *rewrites;		/* of an array of objects: members to send
								 * when the array is sent back: "a,b" */
	const char *derives;		/* members that the API computes anew */
	const char *decides;		/* another column that this one sets, too */
	const char *null_as;		/* JSON that NULL is written as, if not null */
	const char *only_if;		/* NULL unless "member=number" is true of the
								 * item */
} FcColumn;

typedef struct FcRoute
{
	const char *path;			/* "/courses/{course_id}/coursedates/{id}" */
	int			flags;
	const char *includes;		/* relations it can bring: "a,b" or NULL */
	const char *parents;		/* resource whose ids its path takes; NULL if
								 * that is no resource of ours */
	const char *marker;			/* of FC_OTHER_HALF: a member that is null in
								 * rows of the first half, and in no other */
} FcRoute;

typedef struct FcResource
{
	const char *name;
	int			abilities;
	const FcRoute *routes;		/* best first; path NULL ends */
	const FcColumn *columns;	/* name NULL ends */
	const char *const *touches; /* other resources whose rows show its rows,
								 * or that a write to it changes; NULL ends */
	int			max_key_length; /* of a custom property's key, in characters */
	double		expected_rows;	/* of the list, while nothing is known */
	const char *deactivate;		/* body that on_delete 'deactivate' sends */
	const char *insert_hint;	/* what to do instead of INSERT, or NULL */
} FcResource;

extern const FcResource fc_resources[];

#endif							/* FC_CATALOG_H */
