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

/* Macros for the tables below; each one sets members of FcColumn. */
#define FROM(json_path)		.path = json_path
#define EQUALS(param)		.equals = param
#define RANGE(param)		.min = param "_min", .max = param "_max"
#define ORDERS(value)		.order_by = value
#define WRITES(field)		.writes = field
#define INCLUDE(relation)	.include = relation
#define WITHIN(relation)	.flat_include = relation
#define TITLES(table, of)	.titles = table, .number_path = of
#define NUMBERS(table)		.numbers = table
#define ELEMENT(member)		.element = member
#define DEFAULTS(json)		.resets_to = json
#define REWRITES(members)	.rewrites = members
#define DERIVES(members)	.derives = members
#define DECIDES(column)		.decides = column
#define NULL_AS(json)		.null_as = json
#define ONLY_IF(condition)	.only_if = condition

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

/* the statuses of a participant */
static const FcTitle participant_statuses[] = {
	{1, "Confirmed"},
	{2, "Overbooked"},
	{3, "Waiting list"},
	{4, "Deregistered"},
	{7, "Unconfirmed"},
	{8, "Deregistered with fee"},
	{0, NULL}
};

/* §13: kinds of products */
static const FcTitle product_types[] = {
	{1, "add-on"},
	{2, "course product"},
	{0, NULL}
};

/* §13: titles of legal bases and of sources of data are not documented */
static const FcTitle legal_bases[] = {
	{1, ""}, {2, ""}, {3, ""}, {7, ""}, {8, ""}, {9, ""}, {11, ""},
	{0, NULL}
};

static const FcTitle data_sources[] = {
	{1, ""}, {2, ""}, {3, ""}, {4, ""}, {5, ""}, {6, ""}, {7, ""}, {8, ""},
	{9, ""},
	{0, NULL}
};

/* Relations that fill in an order's lines */
#define ORDER_LINES \
	"lines.database_relations.course,lines.database_relations.participants"

/* the routes to courses */
static const FcRoute course_routes[] = {
	{"/courses/{id}", FC_ITEM, .includes = "products,labels"},
	{"/courses", FC_LIST, .includes = "products,labels"},
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
	TITLES(duration_units, NULL), NUMBERS(duration_units)},
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
		FC_PART | FC_BY_PARENT | FC_FED | FC_SORTED | FC_LIST,
	.includes = "instructors", .parents = "courses"},
	{"/batch/coursedates?course_ids[]={course_id}",
		FC_BATCH | FC_BY_PARENT | FC_FED | FC_SORTED | FC_LIST,
	.includes = "instructors", .parents = "courses"},
	{"/coursedates", FC_FLAT | FC_SORTED | FC_LIST,
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
	WRITES("status_id"), DEFAULTS("1"), NUMBERS(statuses)},
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
	{"/customers", FC_LIST, .includes = "employees"},
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
	{"type", "text", FC_HELD, DEFAULTS("\"Company\"")},
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

/*
 * What follows has its columns from the pages that are known of it: §6.4 and
 * §13.
 */

/* §6.4: newest first in the sample; no object of its own */
static const FcRoute contact_routes[] = {
	{"/customers/contacts?customer_id={customer_id}", FC_BY_PARENT | FC_LIST,
	.parents = "customers"},
	{"/customers/contacts", FC_LIST},
	{NULL}
};

static const FcColumn contact_columns[] = {
	{"id", "bigint", FC_KEY},
	{"customer_id", "bigint", FC_LINK, EQUALS("customer_id")},
	{"firstname", "text"},
	{"lastname", "text"},
	{"email", "text"},
	{"phone", "text"},
	{"position", "text"},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

static const FcRoute product_routes[] = {
	{"/orders/products", FC_LIST},
	{NULL}
};

static const FcColumn product_columns[] = {
	{"id", "bigint", FC_KEY},
	{"title", "text"},
	{"price", "numeric"},
	{"currency", "text", FROM("currency.title")},
	{"currency_id", "integer", FROM("currency.id")},
	{"group_id", "integer", FROM("group.id")},
	{"group_title", "text", FROM("group.title")},
	{"vat_id", "integer", FROM("vat.id")},
	{"vat_percent", "numeric", FROM("vat.vat")},
	{"vat_name", "text", FROM("vat.name")},
	{"course_id", "bigint", FROM("id_relation"), ONLY_IF("id_type=2")},
	{"type_id", "integer", FROM("id_type"), EQUALS("id_type"),
	NUMBERS(product_types)},
	{"type", "text"},
	{"title_label", "text"},
	{"item_number", "text"},
	{"account_number", "text"},
	{"cost_unit", "text"},
	{"external_system_id", "text", FROM("id_external_system")},
	{"regular_price_product_id", "bigint", FC_ZERO_IS_NULL,
	FROM("id_product_regular_price")},
	{"is_archived", "boolean"},
	{"is_deleted", "boolean"},
	{"is_main_price", "boolean"},
	{"is_member_price", "boolean"},
	{"co_products", "jsonb"},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* which field customer_id filters is not known: it is never sent */
static const FcRoute participant_routes[] = {
	{"/participants/{id}", FC_ITEM, .includes = "attendance"},
	{"/participants?coursedate_id={course_date_id}", FC_BY_PARENT | FC_LIST,
	.includes = "attendance", .parents = "course_dates"},
	{"/participants?user_id={user_id}", FC_BY_PARENT | FC_LIST,
	.includes = "attendance"},
	{"/participants?course_id={course_id}", FC_BY_PARENT | FC_LIST,
	.includes = "attendance", .parents = "courses"},
	{"/participants", FC_LIST, .includes = "attendance"},
	{NULL}
};

static const FcColumn participant_columns[] = {
	{"id", "bigint", FC_KEY, FROM("id|participant_id")},
	{"course_id", "bigint", FC_LINK, FROM("course.id"), EQUALS("course_id")},
	{"course_title", "text", FROM("course.title")},
	{"course_reference", "text", FROM("course.reference")},
	{"course_date_id", "bigint", FC_LINK, FROM("coursedate.id"),
	EQUALS("coursedate_id")},
	{"start_at", "date", FROM("coursedate.start_at")},
	{"end_at", "date", FROM("coursedate.end_at")},
	{"start_time", "time", FROM("coursedate.time_start")},
	{"end_time", "time", FROM("coursedate.time_end")},
	{"date_status_id", "integer", FROM("coursedate.idStatus"),
	NUMBERS(statuses)},
	{"location_id", "bigint", FROM("coursedate.idLocation")},
	{"place", "text", FROM("coursedate.place")},
	{"user_id", "bigint", FC_LINK, FROM("user.id"), EQUALS("user_id")},
	{"firstname", "text", FROM("user.firstname")},
	{"lastname", "text", FROM("user.lastname")},
	{"email", "text", FROM("user.email")},
	{"phone", "text", FROM("user.phone")},
	{"company", "text", FROM("user.company")},
	{"customer_id", "bigint", FROM("user.customer.id")},
	{"customer_title", "text", FROM("user.customer.title")},
	{"status_id", "integer", FROM("status.id|idStatus"), WRITES("idStatus"),
	NUMBERS(participant_statuses)},
	{"status_title", "text", FROM("status.title"),
	TITLES(participant_statuses, "status.id|idStatus")},
	{"paid_id", "integer", FROM("paid.id|idPaid"), WRITES("idPaid")},
	{"paid_title", "text", FROM("paid.title")},
	{"completed", "boolean", WRITES("completed")},
	{"passed", "boolean", WRITES("passed")},
	{"archived_at", "date"},
	{"certificate_issued_at", "date"},
	{"booker_name", "text"},
	{"booker_email", "text"},
	{"booker_phone", "text"},
	{"booker_admin_user", "jsonb"},
	{"attendance", "jsonb", INCLUDE("attendance")},
	{"custom_properties", "jsonb", FC_PROPERTIES, WRITES("custom_properties")},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* no GET of one instructor is known, and no filter */
static const FcRoute instructor_routes[] = {
	{"/instructors/{id}", FC_ITEM | FC_UNREAD},
	{"/instructors"},
	{NULL}
};

static const FcColumn instructor_columns[] = {
	{"id", "bigint", FC_KEY, FROM("id|instructor_id")},
	{"firstname", "text", FC_REQUIRED, WRITES("firstname")},
	{"lastname", "text", FC_REQUIRED, WRITES("lastname")},
	{"phone_prefix", "text", WRITES("phone_prefix")},
	{"phone", "text", WRITES("phone")},
	{"email", "text", WRITES("email")},
	{"position", "text", WRITES("position")},
	{"company", "text", WRITES("company")},
	{"description", "text", WRITES("description")},
	{"user_id", "bigint", FROM("idUser"), WRITES("idUser"), NULL_AS("\"\"")},
	{"archived_at", "timestamptz"},
	{"created_at", "timestamptz"},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

static const FcRoute admin_role_routes[] = {
	{"/admin-roles", FC_UNPAGED},
	{NULL}
};

static const FcColumn admin_role_columns[] = {
	{"id", "bigint", FC_KEY},
	{"title", "text"},
	{"description", "text"},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* its POST replaces the roles of an e-mail that exists: not offered */
static const FcRoute admin_user_routes[] = {
	{"/admin-users", FC_UNPAGED},
	{NULL}
};

static const FcColumn admin_user_columns[] = {
	{"id", "bigint", FC_KEY},
	{"firstname", "text"},
	{"lastname", "text"},
	{"email", "text"},
	{"position", "text"},
	{"phone_prefix", "text"},
	{"phone", "text"},
	{"booking_email", "text"},
	{"role_ids", "jsonb"},
	{"created_at", "timestamptz"},
	{"updated_at", "timestamptz"},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* whether exported=true means "also" or "only" is not known */
static const FcRoute order_routes[] = {
	{"/orders/{id}", FC_ITEM, .includes = ORDER_LINES},
	{"/orders", FC_HALF | FC_LIST,
	.includes = ORDER_LINES ",campaign"},
	{"/orders?exported=true", FC_OTHER_HALF | FC_LIST,
	.includes = ORDER_LINES ",campaign", .marker = "exported_at"},
	{NULL}
};

static const FcColumn order_columns[] = {
	{"id", "bigint", FC_KEY},
	{"title", "text"},
	{"title_detailed", "text"},
	{"is_paid", "boolean"},
	{"payment_method", "text"},
	{"your_reference", "text"},
	{"gln_number", "text"},
	{"booker", "jsonb"},
	{"customer_id", "bigint", FROM("customer.id")},
	{"customer_title", "text", FROM("customer.title")},
	{"customer_orgnr", "text", FROM("customer.orgnr")},
	{"customer", "jsonb"},
	{"lines", "jsonb", INCLUDE(ORDER_LINES)},
	{"campaign", "jsonb", INCLUDE("campaign")},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"exported_at", "timestamptz", RANGE("exported_at")},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* §2, 39 to 41; a user's own list takes no filter by time */
static const FcRoute legal_basis_routes[] = {
	{"/privacy/users/{user_id}/legalbases",
	FC_PART | FC_BY_PARENT | FC_SINCE},
	{"/privacy/users/legalbases", FC_LIST},
	{NULL}
};

static const FcColumn legal_basis_columns[] = {
	{"id", "bigint", FC_KEY},
	{"user_id", "bigint", FC_PARENT | FC_REQUIRED, FROM("user.id|idUser")},
	{"legal_basis_id", "integer", FC_REQUIRED, FROM("legal_basis.id"),
	WRITES("legal_basis"), NUMBERS(legal_bases)},
	{"legal_basis_title", "text", FROM("legal_basis.title")},
	{"purpose_id", "integer", FC_REQUIRED, FROM("purpose.id"),
	WRITES("purpose")},
	{"purpose_title", "text", FROM("purpose.title")},
	{"source_id", "integer", FC_REQUIRED, FROM("source.id"), WRITES("source"),
	NUMBERS(data_sources)},
	{"source_title", "text", FROM("source.title")},
	{"consent_id", "integer", FROM("consent.id"), WRITES("consent")},
	{"consent_title", "text", FROM("consent.title")},
	{"consent_version", "integer", FROM("consent.version")},
	{"comment", "text", WRITES("comment")},
	{"lead_id", "bigint", FROM("idLead")},
	{"created_at", "timestamptz", RANGE("created_at")},
	{"updated_at", "timestamptz", RANGE("updated_at")},
	{"deleted_at", "timestamptz"},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

/* §5.4; the list's own items were seen with four members only */
static const FcRoute location_routes[] = {
	{"/locations"},
	{NULL}
};

static const FcColumn location_columns[] = {
	{"id", "bigint", FC_KEY},
	{"title", "text"},
	{"custom_title", "text"},
	{"capacity_max", "integer"},
	{"address", "text"},
	{"address2", "text"},
	{"address3", "text"},
	{"zipcode", "text"},
	{"city", "text"},
	{"state", "text"},
	{"county", "text"},
	{"country_id", "integer", FROM("idCountry")},
	{"country", "text"},
	{"country_code", "text"},
	{"place_id", "bigint", FC_ZERO_IS_NULL, FROM("idPlace")},
	{"lat", "double precision"},
	{"lng", "double precision"},
	{"timezone", "text"},
	{"capacity_min", "integer"},
	{"capacity_overbook", "integer"},
	{"capacity_budget", "integer"},
	{"capacity_wait", "integer"},
	{"instructor_id", "bigint", FROM("idInstructor")},
	{"email_booking", "text"},
	{"email_more_info", "text", FROM("email_moreinfo")},
	{"is_default", "boolean"},
	{"is_archived", "boolean"},
	{"is_virtual", "boolean"},
	{"cancellation_days", "integer"},
	{"notification_days", "integer"},
	{"full_address", "text"},
	{"raw", "jsonb", FC_RAW, FROM("")},
	{NULL}
};

const FcResource fc_resources[] = {
	{"courses", FC_INSERT | FC_UPDATE | FC_DELETE,
		course_routes, course_columns,
		.touches = (const char *const[]) {"course_dates", "participants",
		"products", "orders", NULL},
		.expected_rows = 500,
		.max_key_length = 44,
	.deactivate = "{\"active\":0}"},
	{"course_dates", FC_INSERT | FC_UPDATE | FC_DELETE | FC_FORGETFUL,
		course_date_routes, course_date_columns,
		.touches = (const char *const[]) {"participants", "orders", NULL},
		.expected_rows = 2500,
		.max_key_length = 40,
	.deactivate = "{\"status_id\":3}"},
	{"customers", FC_INSERT | FC_UPDATE | FC_DELETE | FC_FORGETFUL,
		customer_routes, customer_columns,
		.touches = (const char *const[]) {"contacts", "participants",
		"orders", NULL},
		.expected_rows = 1000,
	.max_key_length = 44},
	{"contacts", FC_PERSONS, contact_routes, contact_columns,
	.expected_rows = 2000},
	{"products", 0, product_routes, product_columns,
	.expected_rows = 500},
	{"participants", FC_UPDATE | FC_FORGETFUL | FC_PERSONS,
		participant_routes, participant_columns,
		/* a status takes or frees a seat, and lines name participants */
		.touches = (const char *const[]) {"course_dates", "orders", NULL},
		.expected_rows = 20000,
		.max_key_length = 44,
	.insert_hint = "Call frontcore_book(), which books a course date."},
	{"instructors", FC_INSERT | FC_UPDATE | FC_PERSONS,
		instructor_routes, instructor_columns,
		.touches = (const char *const[]) {"course_dates", NULL},
	.expected_rows = 100},
	{"admin_roles", 0, admin_role_routes, admin_role_columns,
	.expected_rows = 10},
	{"admin_users", FC_PERSONS, admin_user_routes, admin_user_columns,
	.expected_rows = 50},
	{"orders", FC_PERSONS, order_routes, order_columns,
	.expected_rows = 10000},
	{"user_legal_bases", FC_INSERT | FC_PERSONS,
		legal_basis_routes, legal_basis_columns,
	.expected_rows = 20000},
	{"locations", 0, location_routes, location_columns,
	.expected_rows = 100},
	{NULL}
};
