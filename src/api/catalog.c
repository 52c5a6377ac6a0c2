/*
 * catalog.c
 *		The resources of the API, described as data.
 *
 * Whatever differs between resources is a member of an entry; no other file
 * names a resource.  What the entries say is taken from the vendor's pages;
 * where these leave something open, the code has to be right in every case
 * (src/README.md, Facts of the API).
 */
#include "postgres.h"

#include "api/catalog.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"

/* Macros for the tables below; each one sets members of FcColumn. */
#define FROM(json_path)		.path = json_path
#define EQUALS(param)		.equals = param
#define RANGE(param)		.min = param "_min", .max = param "_max"
#define ORDERS(value)		.order_by = value
#define WRITES(field)		.writes = field
#define INCLUDE(relation)	.include = relation
#define WITHIN(relation)	.flat_include = relation
#define TITLES(table, of)	.titles = table, .number_path = of
#define ELEMENT(member)		.element = member
#define DEFAULTS(json)		.resets_to = json
#define REWRITES(members)	.rewrites = members
#define DERIVES(members)	.derives = members
#define DECIDES(column)		.decides = column

/* It is not documented where the texts of a course are read. */
#define TEXT(name) \
	{name, "text", FROM(name "|description." name "|descriptions." name), \
		WRITES(name)}

/* An address of a customer.  It is not documented how it is written. */
#define ADDRESS(kind) \
	{kind "_address", "text", FROM(kind "_address.address")}, \
	{kind "_address_2", "text", FROM(kind "_address.address_2")}, \
	{kind "_address_3", "text", FROM(kind "_address.address_3")}, \
	{kind "_zipcode", "text", FROM(kind "_address.zipcode")}, \
	{kind "_city", "text", FROM(kind "_address.city")}

/* the statuses of a course date */
static const FcTitle statuses[] = {
	{1, "To be defined"},
	{2, "Will run"},
	{3, "Canceled"},
	{4, "Postponed"},
	{0, NULL}
};

/* A duration is read as {value, unit}; the unit is an object, code or id. */
static const FcTitle duration_units[] = {
	{1, "day"},
	{2, "week"},
	{3, "month"},
	{4, "semester"},
	{5, "year"},
	{6, "hour"},
	{7, "minute"},
	{0, NULL}
};

/* the routes to courses */
static const FcRoute course_routes[] = {
	{"/courses/{id}", FC_ITEM, .includes = "products,labels"},
	{"/courses", FC_FILTERED | FC_SINCE, .includes = "products,labels"},
	{NULL}
};

static const FcColumn course_columns[] = {
	{"id", "bigint", FC_KEY, FROM("id|course_id")},
	{"title", "text", FC_REQUIRED, WRITES("title")},
	{"reference", "text", WRITES("reference")},
	{"is_active", "boolean", WRITES("active")},
	{"type", "text"},
	{"kursguiden_url", "text"},
	{"is_full_time", "boolean", WRITES("is_full_time")},
	{"is_part_time", "boolean", WRITES("is_part_time")},
	{"lessons_hours", "numeric"},
	{"level_id", "integer", FROM("level.id|level_id"), WRITES("level")},
	{"level_title", "text", FROM("level.title|level_title")},
	{"form_of_teaching_id", "integer",
		FROM("form_of_teaching.id|form_of_teaching_id"),
	WRITES("form_of_teaching")},
	{"form_of_teaching_title", "text",
	FROM("form_of_teaching.title|form_of_teaching_title")},
	{"teaching_language", "text",
		FROM("teaching_language.id|teaching_language"),
	WRITES("teaching_language")},
	{"time_of_day_id", "integer", FROM("time_of_day.id|time_of_day_id"),
	WRITES("time_of_day")},
	{"duration_value", "integer", FROM("duration.value|duration_value"),
	WRITES("duration_value")},
	{"duration_unit_id", "integer",
		FROM("duration.unit.id|duration.unit|duration_unit"),
		WRITES("duration_unit"),
	TITLES(duration_units, NULL)},
	{"price_value", "numeric", FROM("price.value|price_value"),
	WRITES("price_value")},
	{"price_currency", "text", FROM("price.currency|price_currency"),
	WRITES("price_currency")},
	{"price_comment", "text", FROM("price.comment|price_comment"),
	WRITES("price_comment")},
	{"categories", "jsonb"},
	{"tags", "jsonb"},
	{"visit_address", "text"},
	{"visit_address2", "text"},
	{"visit_zipcode", "text"},
	{"visit_city", "text"},
	TEXT("text_lead"),
	TEXT("text_description"),
	TEXT("text_place"),
	TEXT("text_prerequisites"),
	TEXT("text_duration"),
	TEXT("text_credits"),
	TEXT("text_submissions"),
	TEXT("text_hotel_info"),
	TEXT("text_audience"),
	{"email_booking", "text", WRITES("email_booking")},
	{"email_more_info", "text", WRITES("email_more_info")},
	{"external_booking_url", "text", WRITES("external_booking_url")},
	{"external_more_info_url", "text", WRITES("external_more_info_url")},
	{"description_languages", "jsonb"},
	{"products", "jsonb", INCLUDE("products")},
	{"labels", "jsonb", INCLUDE("labels")},
	{"custom_properties", "jsonb", FC_PROPERTIES | FC_UNPROVEN,
	WRITES("custom_properties")},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* Course dates.  Items of the list of all dates hold related ids only. */
static const FcRoute course_date_routes[] = {
	{"/courses/{course_id}/coursedates/{id}", FC_ITEM | FC_BY_PARENT,
	.includes = "instructors"},
	{"/coursedates?coursedate_id={id}", FC_LOOKUP | FC_FLAT,
	.includes = "course,location,place,instructors"},
	{"/courses/{course_id}/coursedates",
		FC_PART | FC_BY_PARENT | FC_SORTED | FC_FILTERED | FC_SINCE,
	.includes = "instructors", .fed_by = "courses"},
	{"/batch/coursedates?course_ids[]={course_id}",
		FC_BATCH | FC_BY_PARENT | FC_SORTED | FC_FILTERED | FC_SINCE,
	.includes = "instructors", .fed_by = "courses"},
	{"/coursedates", FC_FLAT | FC_SORTED | FC_FILTERED | FC_SINCE,
	.includes = "course,location,place,instructors"},
	{NULL}
};

static const FcColumn course_date_columns[] = {
	{"id", "bigint", FC_KEY, FROM("coursedate_id|id"), ORDERS("id")},
	{"course_id", "bigint", FC_PARENT | FC_REQUIRED,
	FROM("course_id|course.id")},
	{"title", "text", FROM("title|course.title"), WITHIN("course")},
	{"start_at", "date", FC_REQUIRED | FC_RESENT, RANGE("start_date_at"),
	ORDERS("startdate"), WRITES("start_at")},
	{"end_at", "date", FC_REQUIRED | FC_RESENT, RANGE("end_date_at"),
	WRITES("end_at")},
	{"start_time_at", "time", WRITES("start_time_at")},
	{"end_time_at", "time", WRITES("end_time_at")},
	{"timezone", "text", WRITES("timezone")},
	{"deadline_at", "date", WRITES("deadline_at"), DEFAULTS("{start_at}")},
	{"status_id", "integer", FROM("status_id|status.id"), EQUALS("status_id"),
	WRITES("status_id"), DEFAULTS("1")},
	{"status_title", "text", FROM("status.title|status_title"),
	TITLES(statuses, "status_id|status.id")},
	{"place_id", "bigint", FROM("place_id|place.id"), WRITES("place_id")},
	{"place_title", "text", FROM("place.title|place_title"), WITHIN("place")},
	{"place_additional_info", "text",
		FROM("place.title_additional_info|place_additional_info"),
	WITHIN("place"), WRITES("place_additional_info")},
	{"place_by_search", "text", FC_WRITE_ONLY, WRITES("place_by_search"),
	DECIDES("place_id")},
	{"location_id", "bigint", FROM("location_id|location.id"),
	WRITES("location_id")},
	{"location_title", "text", FROM("location.title|location_title"),
	WITHIN("location")},
	{"location", "jsonb", WITHIN("location")},
	{"event_url", "text"},
	{"is_virtual", "boolean"},
	{"is_visible", "boolean"},
	{"visible_when_passed_deadline", "boolean",
	WRITES("visible_when_passed_deadline"), DEFAULTS("true")},
	{"teaching_language", "text",
		FROM("teaching_language.id|teaching_language"),
	WRITES("teaching_language"), DEFAULTS("\"no\"")},
	{"reference", "text", WRITES("reference")},
	{"kursguiden_url", "text"},
	{"parent_id", "bigint"},
	{"seats_status", "text"},
	{"seats_capacity", "integer", FROM("seats.allocated_capacity.num")},
	{"seats_free", "integer", FROM("seats.free.num")},
	{"seats_booked", "integer", FROM("seats.booking_status.num")},
	{"seats_confirmed", "integer",
	FROM("seats.booking_status.num_confirmed")},
	{"seats_unconfirmed", "integer",
	FROM("seats.booking_status.num_unconfirmed")},
	{"seats_waiting", "integer", FROM("seats.booking_status.num_waiting")},
	{"seats", "jsonb"},
	{"gatherings", "jsonb", WRITES("gatherings"),
		REWRITES("gathering_at,gathering_end_at,idLocation,description,theme"),
	DERIVES("id,idInstance,location,is_future,created_at,updated_at")},
	{"instructors", "jsonb", INCLUDE("instructors"), WRITES("instructors"),
	ELEMENT("id")},
	{"contacts", "jsonb"},
	{"custom_properties", "jsonb", FC_PROPERTIES, WRITES("custom_properties")},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"deleted_at", "timestamptz"},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{"course", "jsonb", FC_MEMBER, WITHIN("course")},
	{"place", "jsonb", FC_MEMBER, WITHIN("place")},
	{"status", "jsonb", FC_MEMBER},
	{"trigger_value", "jsonb", FC_MEMBER},
	{NULL}
};

/* customers */
static const FcRoute customer_routes[] = {
	{"/customers/{id}", FC_ITEM, .includes = "employees"},
	{"/customers", FC_FILTERED | FC_SINCE, .includes = "employees"},
	{NULL}
};

static const FcColumn customer_columns[] = {
	{"id", "bigint", FC_KEY, FROM("id|customer_id")},
	{"title", "text", FC_REQUIRED, WRITES("title")},
	{"department", "text", WRITES("department")},
	{"phone", "text", WRITES("phone")},
	{"fax", "text", WRITES("fax")},
	{"email", "text", WRITES("email")},
	{"web_address", "text", FROM("webaddress|web_address"),
	WRITES("web_address")},
	{"orgnr", "text", WRITES("orgnr")},
	{"customer_reference_id", "text", WRITES("customer_reference_id")},
	{"customer_reference", "text"},
	{"country", "text", FROM("country.code"), WRITES("country"),
	DEFAULTS("\"NO\"")},
	{"country_title", "text", FROM("country.title")},
	{"type", "text"},
	{"status", "text"},
	{"invoice_email", "text", WRITES("invoice_email")},
	{"note", "text", WRITES("note")},
	{"invoice_method", "text"},
	{"turnover", "numeric"},
	{"parent_customer_id", "bigint",
	FROM("idParentCustomer|parent_customer_id")},
	{"duedate_days", "integer"},
	{"seller", "jsonb"},
	ADDRESS("invoice"),
	ADDRESS("post"),
	ADDRESS("visit"),
	{"employees", "jsonb", INCLUDE("employees")},
	{"custom_properties", "jsonb", FC_PROPERTIES, WRITES("custom_properties")},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{"idStatus", "text", FC_MEMBER},
	{NULL}
};

const FcResource fc_resources[] = {
	{
		.name = "courses",
		.abilities = FC_INSERT | FC_UPDATE | FC_DELETE,
		.routes = course_routes,
		.columns = course_columns,
		.children = (const char *const[]) {"course_dates", NULL},
		.expected_rows = 500,
		.max_key_length = 44,
		.deactivate = "{\"active\":0}"
	},
	{
		.name = "course_dates",
		.abilities = FC_INSERT | FC_UPDATE | FC_DELETE | FC_FORGETFUL,
		.routes = course_date_routes,
		.columns = course_date_columns,
		.expected_rows = 2500,
		.max_key_length = 40,
		.deactivate = "{\"status_id\":3}"
	},
	{
		.name = "customers",
		.abilities = FC_INSERT | FC_UPDATE | FC_DELETE | FC_FORGETFUL,
		.routes = customer_routes,
		.columns = customer_columns,
		.expected_rows = 1000,
		.max_key_length = 44
	},
	{NULL}
};

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
		const char *place = column->path ? column->path : column->name;

		while (*place != '\0')
		{
			char	   *member = pnstrdup(place, strcspn(place, ".|"));

			if (fc_catalog_column(resource, member) == NULL)
				members = list_append_unique(members, makeString(member));
			place += strcspn(place, "|");
			place += (*place == '|');
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
 *		A column that comes with the same top level member of an item as the
 *		path, or NULL; what brings the one brings the other.
 *
 * The member itself, where columns may also come without it.
 */
const FcColumn *
fc_catalog_holder(const FcResource *resource, const char *path)
{
	Size		length = strcspn(path, ".|");
	const FcColumn *holder = NULL;

	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		const char *place = column->path ? column->path : column->name;
		bool		is_member = (column->flags & FC_MEMBER) != 0;
		bool		is_brought = column->include || column->flat_include;

		while (*place != '\0' && (holder == NULL || is_brought || is_member))
		{
			if (strcspn(place, ".|") == length &&
				strncmp(place, path, length) == 0)
				holder = column;
			place += strcspn(place, "|");
			place += (*place == '|');
		}
	}
	return holder;
}

/*
 * fc_catalog_knows_path
 *		Is the dotted path one of those of the resource's columns?
 *
 * Objects of the API may leave out keys that it documents, such as the id of
 * no place; of other keys this is not known.
 */
bool
fc_catalog_knows_path(const FcResource *resource, const char *path)
{
	Size		length = strlen(path);

	for (const FcColumn *column = resource->columns; column->name; column++)
	{
		const char *place = column->path ? column->path : column->name;

		while (*place != '\0')
		{
			if (strcspn(place, "|") == length &&
				strncmp(place, path, length) == 0)
				return true;
			place += strcspn(place, "|");
			place += (*place == '|');
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
 *		Is resource the other one, or does it hang on it?
 */
bool
fc_catalog_depends(const FcResource *resource, const FcResource *other)
{
	if (resource == other)
		return true;
	for (const char *const *child = other->children; child && *child; child++)
	{
		if (strcmp(*child, resource->name) == 0)
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
			keys += (column->flags & FC_KEY) ? 1 : 0;
		}
		Assert(keys == 1);

		for (const FcRoute *route = resource->routes; route->path; route++)
		{
			Assert(route->path[0] == '/' && route - resource->routes < 8);
			Assert(((route->flags & FC_BY_ID) != 0) ==
				   holds_key(route, fc_catalog_flagged(resource, FC_KEY)));
			Assert(((route->flags & FC_BY_PARENT) != 0) ==
				   holds_key(route, fc_catalog_flagged(resource, FC_PARENT)));
		}
	}
}
#endif
