/*
 * entry.c
 *		Questions about the catalog's entries.
 */
#include "postgres.h"

#include "api/entry.h"
#include "api/place.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"

/*
 * fc_catalog_find
 *		The resource of that name, or NULL.
 */
const FcResource *
fc_catalog_find(const char *name)
{
	for (const FcResource *resource = fc_resources; resource->name; resource++)
	{
		if (strcmp(resource->name, name) == 0)
			return resource;
	}
	return NULL;
}

/*
 * fc_catalog_names
 *		The names of all resources, for people to read.
 */
const char *
fc_catalog_names(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (const FcResource *resource = fc_resources; resource->name; resource++)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 resource->name);
	return names.data;
}

/*
 * fc_catalog_members
 *		The names of top level members that are no columns themselves, but that
 *		paths may begin with.
 */
const char *
fc_catalog_members(const FcResource *resource)
{
	StringInfoData names;
	List	   *members = NIL;
	ListCell   *cell;

	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		const char *places = fc_catalog_path(column);
		FcPlace		place;

		while (fc_place_next(&places, &place))
		{
			char	   *member = pnstrdup(place.path, place.member_length);

			if (fc_catalog_column(resource, member) == NULL)
				members = list_append_unique(members, makeString(member));
		}
	}

	initStringInfo(&names);
	foreach(cell, members)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 strVal(lfirst(cell)));
	return names.data;
}

/*
 * fc_catalog_column
 *		The resource's column of that name, or NULL.
 */
const FcColumn *
fc_catalog_column(const FcResource *resource, const char *name)
{
	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		if ((column->flags & FC_MEMBER) == 0 &&
			strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

/*
 * fc_catalog_holder
 *		A column whose value lies in the same top level member of an item as
 *		the path leads into; NULL if there is none.
 *
 * A request that brings the column brings the path, too.  If the catalog has
 * the member itself (FC_MEMBER), that is returned.
 */
const FcColumn *
fc_catalog_holder(const FcResource *resource, const char *path)
{
	const FcColumn *holder = NULL;

	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		const char *places = fc_catalog_path(column);
		bool		is_member = (column->flags & FC_MEMBER) != 0;
		bool		is_brought = column->include || column->flat_include;
		FcPlace		place;

		while ((holder == NULL || is_brought || is_member) &&
			   fc_place_next(&places, &place))
		{
			if (fc_place_is_in(&place, path))
				holder = column;
		}
	}
	return holder;
}

/*
 * fc_catalog_knows_path
 *		Is the dotted path one of those of the resource's columns?
 *
 * The API may leave out a key that it documents where there is no value, such
 * as the id of the place of a date without place.  Of other keys we do not
 * know whether it does.
 */
bool
fc_catalog_knows_path(const FcResource *resource, const char *path)
{
	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		const char *places = fc_catalog_path(column);
		FcPlace		place;

		while (fc_place_next(&places, &place))
		{
			if (fc_place_is(&place, path))
				return true;
		}
	}
	return false;
}

/*
 * fc_catalog_column_number
 *		The position of a column in its resource, counted from 0.
 */
int
fc_catalog_column_number(const FcResource *resource, const FcColumn *column)
{
	return column - resource->columns;
}

/*
 * fc_catalog_columns
 *		How many columns a resource has.
 */
int
fc_catalog_columns(const FcResource *resource)
{
	int			count = 0;

	while (resource->columns[count].name != NULL)
		count++;
	return count;
}

/*
 * fc_catalog_flagged
 *		The first column that has the flag, or NULL.
 */
const FcColumn *
fc_catalog_flagged(const FcResource *resource, int flag)
{
	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		if (column->flags & flag)
			return column;
	}
	return NULL;
}

/*
 * fc_catalog_looked_up
 *		One of the columns by whose values rows are looked up, counted from 0;
 *		NULL if there are no more.
 */
const FcColumn *
fc_catalog_looked_up(const FcResource *resource, int number)
{
	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		if ((column->flags & FC_LOOKED_UP) && number-- == 0)
			return column;
	}
	return NULL;
}

/*
 * fc_catalog_path
 *		Where an item holds the column's value: "a.b|c", first hit.
 */
const char *
fc_catalog_path(const FcColumn *column)
{
	return column->path ? column->path : column->name;
}

/*
 * fc_catalog_is_listed
 *		Is the name one of a list "a,b"?  A list may be NULL.
 */
bool
fc_catalog_is_listed(const char *list, const char *name)
{
	Size		length = strlen(name);

	while (list != NULL && *list != '\0')
	{
		Size		word = strcspn(list, ",");

		if (word == length && strncmp(list, name, length) == 0)
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}

/*
 * fc_catalog_route_column
 *		The column FC_PARENT or FC_LINK whose value the route's path holds, or
 *		NULL.
 */
const FcColumn *
fc_catalog_route_column(const FcResource *resource, const FcRoute *route)
{
	const char *brace = route->path;

	if ((route->flags & FC_BY_PARENT) == 0)
		return NULL;
	while ((brace = strchr(brace, '{')) != NULL)
	{
		Size		length = strcspn(++brace, "}");
		const FcColumn *column = resource->columns;

		for (; column->name; column++)
		{
			if ((column->flags & (FC_PARENT | FC_LINK)) &&
				strncmp(column->name, brace, length) == 0 &&
				column->name[length] == '\0')
				return column;
		}
	}
	return NULL;
}

/*
 * fc_catalog_row_route
 *		Where one row is written: the first route to an object, or NULL.
 */
const FcRoute *
fc_catalog_row_route(const FcResource *resource)
{
	for (const FcRoute *route = resource->routes; route->path; route++)
	{
		if (route->flags & FC_ITEM)
			return route;
	}
	return NULL;
}

/*
 * fc_catalog_list_route
 *		Where rows are created: the first list that is not filtered.
 */
const FcRoute *
fc_catalog_list_route(const FcResource *resource)
{
	const FcRoute *route = resource->routes;

	while (route->path != NULL &&
		   ((route->flags & FC_BY_ID) || strchr(route->path, '?') != NULL))
		route++;
	return route;
}

/*
 * fc_catalog_flat_routes
 *		The routes that go by the list of everything, as bits by number.
 */
uint64
fc_catalog_flat_routes(const FcResource *resource)
{
	uint64		routes = 0;

	for (int i = 0; resource->routes[i].path; i++)
	{
		if (resource->routes[i].flags & FC_FLAT)
			routes |= UINT64CONST(1) << i;
	}
	return routes;
}

/*
 * fc_catalog_depends
 *		May a write to other change resource?  True if they are the same.
 */
bool
fc_catalog_depends(const FcResource *resource, const FcResource *other)
{
	if (resource == other)
		return true;
	/* nobody knows what such a list shows */
	if (resource->abilities & FC_BY_PATH)
		return true;
	for (const char *const *name = other->touches; name && *name; name++)
	{
		if (strcmp(*name, resource->name) == 0)
			return true;
	}
	return false;
}

#ifdef USE_ASSERT_CHECKING
/* Does the route's path hold "{name}" of the column, if there is one? */
static bool
holds_key(const FcRoute *route, const FcColumn *column)
{
	return column != NULL &&
		strstr(route->path, psprintf("{%s}", column->name)) != NULL;
}

/* Is the column in the path of some route to rows by their parent? */
static bool
has_route(const FcResource *resource, const FcColumn *column)
{
	for (const FcRoute *route = resource->routes; route->path; route++)
	{
		if ((route->flags & FC_BY_PARENT) && holds_key(route, column))
			return true;
	}
	return false;
}

/*
 * fc_catalog_check
 *		Assert what every entry promises.  Called when the library is loaded.
 */
void
fc_catalog_check(void)
{
	for (const FcResource *resource = fc_resources; resource->name; resource++)
	{
		int			keys = 0;

		const FcColumn *column = resource->columns;

		for (; column->name; column++)
		{
			Assert((column->flags & FC_MEMBER) != 0 ||
				   fc_catalog_column(resource, column->name) == column);
			Assert(fc_catalog_column_number(resource, column) < 64);
			Assert((column->flags & FC_LINK) == 0 ||
				   has_route(resource, column));
			keys += (column->flags & FC_KEY) ? 1 : 0;
		}
		Assert(keys == 1);
		Assert((resource->abilities & (FC_UPDATE | FC_DELETE)) == 0 ||
			   fc_catalog_row_route(resource) != NULL);
		Assert((resource->abilities & FC_INSERT) == 0 ||
			   fc_catalog_list_route(resource)->path != NULL);
		for (int i = 0; resource->touches && resource->touches[i]; i++)
			Assert(fc_catalog_find(resource->touches[i]) != NULL);

		for (const FcRoute *route = resource->routes; route->path; route++)
		{
			Assert(route->path[0] == '/' && route - resource->routes < 8);
			Assert(((route->flags & FC_BY_ID) != 0) ==
				   holds_key(route, fc_catalog_flagged(resource, FC_KEY)));
			Assert(((route->flags & FC_BY_PARENT) != 0) ==
				   (fc_catalog_route_column(resource, route) != NULL));
			Assert(route->parents == NULL || fc_catalog_find(route->parents));
			Assert((route->flags & FC_HALF) == 0 ||
				   (route[1].flags & FC_OTHER_HALF) != 0);
		}
	}
}
#endif
