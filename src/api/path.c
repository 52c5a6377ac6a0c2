/*
 * path.c
 *		Lists that a foreign table names by their path.
 *
 * Such a table's resource is made from the path alone: its one route, a
 * column for the id, by which items are told apart, and one for each name in
 * braces, which a query has to bind.  What else the table shows are fields of
 * its own.  Whoever holds a walk or a plan holds its resource; so a resource
 * is made once for each path, and lives as long as the session.
 */
#include "postgres.h"

#include "api/path.h"
#include "common/hashfn.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

/* As many values as a path can take. */
#define MAX_NAMES		8

/* What a path holds beside names in braces. */
#define PATH_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

/* A list of which nothing is known; of a bound one, a part of it. */
#define EXPECTED_ROWS	1000
#define EXPECTED_ROWS_BOUND 50

#define WHAT_IS_VALID \
	"A path is like \"/countries\" or \"/privacy/users/{user_id}/legalbases\": names of letters, digits, \"-\", \"_\", \".\" and \"~\", or a column's name in braces, each after one slash."

static const char *skip_name(const char *name);
static const FcResource *make_resource(const char *path);
static const char *make_name(const char *path);
static bool is_among(const FcColumn *columns, const char *name);

static List *resources = NIL;	/* of FcResource * */

/*
 * fc_path_check
 *		Is this a path that a table may have?
 *
 * Returns NULL if so, else a sentence that says what is valid.
 */
const char *
fc_path_check(const char *path)
{
	const char *next = path;
	int			names = 0;

	do
	{
		const char *name = next + 1;

		if (*next != '/')
			return WHAT_IS_VALID;
		next = skip_name(name);
		if (next == name || (next - name == 1 && *name == '.') ||
			(*name != '{' && strstr(pnstrdup(name, next - name), "..")))
			return WHAT_IS_VALID;
		if (*name == '{')
			names++;
	} while (*next != '\0');

	return names <= MAX_NAMES ? NULL : WHAT_IS_VALID;
}

/*
 * fc_path_resource
 *		The resource that is the list at a path.
 */
const FcResource *
fc_path_resource(const char *path)
{
	MemoryContext oldcontext;
	const FcResource *resource;
	ListCell   *cell;

	foreach(cell, resources)
	{
		resource = lfirst(cell);
		if (strcmp(resource->routes[0].path, path) == 0)
			return resource;
	}

	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	resource = make_resource(path);
	resources = lappend(resources, unconstify(FcResource *, resource));
	MemoryContextSwitchTo(oldcontext);
	return resource;
}

/*
 * The end of a name, or of one in braces; the name itself if it is none.  A
 * column may have any name, but not one that looks like another path.
 */
static const char *
skip_name(const char *name)
{
	const char *end;

	if (*name != '{')
		return name + strspn(name, PATH_CHARACTERS);

	end = name + 1 + strcspn(name + 1, "{}/");
	if (*end != '}' || end == name + 1 || end - name > NAMEDATALEN ||
		strcspn(name, "?#") < end - name ||
		strstr(pnstrdup(name, end - name), ".."))
		return name;
	return end + 1;
}

/*
 * The resource of a path, in the current context.
 */
static const FcResource *
make_resource(const char *path)
{
	FcResource *resource = palloc0(sizeof(FcResource));
	FcRoute    *routes = palloc0(2 * sizeof(FcRoute));
	FcColumn   *columns = palloc0((MAX_NAMES + 2) * sizeof(FcColumn));
	const char *brace = path;
	int			count = 1;

	columns[0].name = columns[0].path = "id";
	columns[0].type = "text";
	columns[0].flags = FC_KEY;
	while ((brace = strchr(brace, '{')) != NULL)
	{
		char	   *name = pnstrdup(brace + 1, strcspn(brace + 1, "}"));

		brace++;
		if (is_among(columns + 1, name))
			continue;
		columns[count].name = columns[count].path = name;
		columns[count].type = "text";
		columns[count++].flags = FC_BRACE;
	}

	routes[0].path = pstrdup(path);
	routes[0].flags = count > 1 ? FC_PART : 0;
	resource->name = make_name(path);
	resource->abilities = FC_BY_PATH | FC_PERSONS;
	resource->routes = routes;
	resource->columns = columns;
	resource->expected_rows = count > 1 ? EXPECTED_ROWS_BOUND : EXPECTED_ROWS;
	return resource;
}

/*
 * What the resource is called in messages, views and what is learned of it:
 * the path, which must be told from others where it is too long.
 */
static const char *
make_name(const char *path)
{
	Size		length = strlen(path);

	if (length < NAMEDATALEN)
		return pstrdup(path);
	return psprintf("%.*s~%08x", NAMEDATALEN - 10, path,
					hash_bytes((const unsigned char *) path, (int) length));
}

static bool
is_among(const FcColumn *columns, const char *name)
{
	for (; columns->name; columns++)
	{
		if (strcmp(columns->name, name) == 0)
			return true;
	}
	return false;
}
