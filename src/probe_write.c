/*
 * probe_write.c
 *		Ask what a PUT does, with a course that was made for it.
 *
 * Each question changes as little as it can, reads the row again, and puts
 * back what has changed.  Before that it shows what would restore the row, in
 * case the probe breaks off.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "ping.h"
#include "port/pg_bitutils.h"
#include "probe.h"
#include "read/page.h"
#include "utils/builtins.h"
#include "write/body.h"
#include "write/image.h"
#include "write/send.h"

/* Custom properties that the probe sets and removes. */
#define FIRST_KEY		"frontcore_fdw_probe_1"
#define SECOND_KEY		"frontcore_fdw_probe_2"
#define MAX_KEYS		23		/* that a row may have, to take two more */

/* A row that is tried on. */
typedef struct Subject
{
	FcProbe    *probe;
	FcSender   *sender;
	FcImager   *imager;
	FcRowKey	key;
	FcJsonNode	item;			/* as it was read last */
	FcImage		image;			/* of that */
	FcImage		before;			/* as it was at first */
	FcJsonNode	properties;		/* at first */
} Subject;

/* No JSON. */
static const FcJsonNode nothing = {0};

static Subject *begin_subject(FcProbe *probe, const FcResource *resource,
							  const FcRowKey *key);
static bool find_date(FcProbe *probe, int64 course_id, FcRowKey *key);
static uint64 held_columns(const Subject *subject);
static bool can_be_restored(const Subject *subject);
static bool read_subject(Subject *subject);
static bool has_budget(const Subject *subject);
static void spend(Subject *subject);
static bool put_body(Subject *subject, const char *body);
static FcProof prove_nothing(void *arg, FcJsonNode item);
static void announce(const Subject *subject);
static const char *names_of(const Subject *subject, uint64 columns);
static FcJsonNode properties_of(const char *text);
static uint64 changes(const Subject *subject);
static void keep_resent(Subject *subject, FcDraft *draft);
static void restore(Subject *subject, bool is_reset);
static void ask_omitted_fields(Subject *date);
static void ask_properties(Subject *course);
static void ask_clearing(Subject *course);
static bool has_property(const Subject *subject, const char *key);
static void restore_properties(Subject *course);

/*
 * fc_probe_writes
 *		Try writes on a course, and on the first of its dates.
 */
void
fc_probe_writes(FcProbe *probe, int64 course_id)
{
	FcRowKey	key = {.id = course_id};
	FcRowKey	date_key = {0};
	Subject    *course = begin_subject(probe, probe->courses, &key);
	Subject    *date = NULL;

	if (!read_subject(course))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA),
				 errmsg("there is no course with the id " INT64_FORMAT,
						course_id)));
	course->before = course->image;
	course->properties = fc_json_member(course->item, "custom_properties");
	announce(course);
	if (find_date(probe, course_id, &date_key))
	{
		date = begin_subject(probe, probe->dates, &date_key);
		if (read_subject(date))
		{
			date->before = date->image;
			announce(date);
			ask_omitted_fields(date);
		}
	}
	else
		fc_probe_tell(probe, FC_ASK_OMITTED_FIELDS, NULL,
					  "the course has no date whose fields can all be put back: give it one without gatherings, with a reference and a note on the place");
	ask_properties(course);
	ask_clearing(course);
}

/* A row to try on; not read yet. */
static Subject *
begin_subject(FcProbe *probe, const FcResource *resource, const FcRowKey *key)
{
	Subject    *subject = palloc0(sizeof(Subject));
	const FcServer *server = probe->api->server;
	FcTable    *table = palloc0(sizeof(FcTable));

	/* as if a foreign table had all that can be written */
	table->name = resource->name;
	table->resource = resource;
	table->page_size = 250;
	table->naive_timezone = server->naive_timezone;
	subject->probe = probe;
	subject->sender = fc_send_begin(table, server->serverid, GetUserId(),
									NULL);
	subject->imager = fc_image_prepare(table, server->naive_timezone);
	subject->key = *key;
	return subject;
}

/*
 * The key of the course's date that holds most, of those that can be put back
 * whatever is lost; false if there is none.
 */
static bool
find_date(FcProbe *probe, int64 course_id, FcRowKey *key)
{
	int			number = fc_probe_route(probe->dates, FC_PART);
	const char *path = probe->dates->routes[number].path;
	Subject    *subject = begin_subject(probe, probe->dates, key);
	FcProbePage *page;
	int			most = -1;

	page = fc_probe_ask(probe, probe->dates, FC_PATH_PART,
						psprintf("%.*s" INT64_FORMAT "%s?limit=25&page=1",
								 (int) strcspn(path, "{"), path, course_id,
								 strchr(path, '}') + 1));
	for (int i = 0; i < page->count; i++)
	{
		int			held;

		fc_image_read(subject->imager, page->nodes[i], &subject->before);
		held = pg_popcount64(held_columns(subject));
		if (held <= most || !can_be_restored(subject))
			continue;
		most = held;
		key->id = page->ids[i];
		key->has_parent = true;
		key->parent = course_id;
	}
	return most >= 0;
}

/* Columns that hold something that a PUT might reset. */
static uint64
held_columns(const Subject *subject)
{
	const FcResource *resource = subject->sender->table->resource;
	uint64		held = 0;

	for (int i = 0; resource->columns[i].name != NULL; i++)
		if ((subject->before.known & FC_COLUMN_BIT(i)) != 0 &&
			(resource->columns[i].flags & FC_RESENT) == 0 &&
			!fc_image_is_reset(resource, &subject->before, i))
			held |= FC_COLUMN_BIT(i);
	return held;
}

/* Can all be sent that the row holds? */
static bool
can_be_restored(const Subject *subject)
{
	const FcResource *resource = subject->sender->table->resource;

	for (int i = 0; resource->columns[i].name != NULL; i++)
		if ((subject->before.known & FC_COLUMN_BIT(i)) != 0 &&
			fc_body_obstacle(&resource->columns[i],
							 subject->before.texts[i]) != NULL)
			return false;
	return true;
}

/* Read the row afresh; false if it is not there, or not to be asked for. */
static bool
read_subject(Subject *subject)
{
	bool		is_there;

	if (!has_budget(subject))
		return false;
	is_there = fc_send_read(subject->sender, &subject->key,
							subject->imager->needs, true, &subject->item);
	spend(subject);
	if (is_there)
		fc_image_read(subject->imager, subject->item, &subject->image);
	return is_there;
}

/* May one more request be sent, and be repeated as often as it may? */
static bool
has_budget(const Subject *subject)
{
	return subject->probe->left > subject->probe->api->server->max_retries;
}

/* Count what the last request has cost. */
static void
spend(Subject *subject)
{
	subject->probe->left -= subject->sender->use.counts.requests;
	subject->sender->use.counts.requests = 0;
}

/* Write; false if it is refused. */
static bool
put_body(Subject *subject, const char *body)
{
	FcWitness	witness = {subject->imager->needs, prove_nothing, NULL};
	FcJsonNode	answer;
	FcPutOutcome outcome;

	outcome = fc_send_put(subject->sender, &subject->key, body, &witness, true,
						  &answer);
	spend(subject);
	return outcome == FC_PUT_DONE;
}

/* What a PUT does is what we ask: it cannot be told from the row. */
static FcProof
prove_nothing(void *arg, FcJsonNode item)
{
	return FC_PROOF_NONE;
}

/* Show how to restore the row by hand. */
static void
announce(const Subject *subject)
{
	const FcResource *resource = subject->sender->table->resource;
	StringInfoData statement;
	const char *separator = " SET ";

	initStringInfo(&statement);
	appendStringInfo(&statement, "UPDATE %s", resource->name);
	for (int i = 0; resource->columns[i].name != NULL; i++)
	{
		const char *text = subject->before.texts[i];

		if ((subject->before.known & FC_COLUMN_BIT(i)) == 0)
			continue;
		appendStringInfo(&statement, "%s%s = %s", separator,
						 quote_identifier(resource->columns[i].name),
						 text ? quote_literal_cstr(text) : "NULL");
		separator = ", ";
	}
	appendStringInfo(&statement, " WHERE id = " INT64_FORMAT ";",
					 subject->key.id);
	ereport(NOTICE,
			(errmsg("if the probe breaks off, restore row " INT64_FORMAT " of \"%s\" by the statement in the DETAIL",
					subject->key.id, resource->name),
			 errdetail_internal("%s", statement.data)));
}

/* The names of columns. */
static const char *
names_of(const Subject *subject, uint64 columns)
{
	const FcResource *resource = subject->sender->table->resource;
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; resource->columns[i].name != NULL; i++)
		if (columns & FC_COLUMN_BIT(i))
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 resource->columns[i].name);
	return names.data;
}

/* Custom properties from their text, which may be NULL. */
static FcJsonNode
properties_of(const char *text)
{
	return text == NULL ? nothing : fc_value_parse(text);
}

/* The columns that do not hold what they held at first. */
static uint64
changes(const Subject *subject)
{
	const FcResource *resource = subject->sender->table->resource;
	uint64		changed = 0;

	for (int i = 0; resource->columns[i].name != NULL; i++)
	{
		const char *before = subject->before.texts[i];
		const char *after = subject->image.texts[i];

		if ((subject->before.known & subject->image.known &
			 FC_COLUMN_BIT(i)) == 0 ||
			(before == NULL ? after == NULL :
			 after != NULL && strcmp(before, after) == 0))
			continue;
		if ((resource->columns[i].flags & FC_PROPERTIES) != 0 &&
			fc_properties_same(resource, properties_of(before),
							   properties_of(after)))
			continue;
		changed |= FC_COLUMN_BIT(i);
	}
	return changed;
}

/* Send what the API wants with every PUT. */
static void
keep_resent(Subject *subject, FcDraft *draft)
{
	const FcResource *resource = subject->sender->table->resource;

	for (int i = 0; resource->columns[i].name != NULL; i++)
		if (resource->columns[i].flags & FC_RESENT)
			fc_body_keep(draft, i, subject->before.texts[i]);
}

/*
 * Put back what has changed; or, if a PUT resets what it omits, all there is.
 * If that is refused, what has changed alone, and then without properties.
 */
static void
restore(Subject *subject, bool is_reset)
{
	uint64		changed = changes(subject);
	uint64		columns = is_reset ? subject->before.known : changed;
	const FcResource *resource = subject->sender->table->resource;
	const FcColumn *column = fc_catalog_flagged(resource, FC_PROPERTIES);
	uint64		properties =
	FC_COLUMN_BIT(fc_catalog_column_number(resource, column));

	for (int tries = 0; changed != 0 && columns != 0 && tries < 3; tries++)
	{
		FcDraft    *draft = fc_body_draft(subject->sender->table,
										  fc_json_member(subject->item,
														 "custom_properties"));

		keep_resent(subject, draft);
		for (int i = 0; resource->columns[i].name != NULL; i++)
			if (columns & FC_COLUMN_BIT(i))
				fc_body_keep(draft, i, subject->before.texts[i]);
		(void) put_body(subject, fc_body_text(draft));
		if (!read_subject(subject))
			break;
		changed = changes(subject);
		columns = tries == 0 ? changed : changed & ~properties;
	}
	if (changed != 0)
		ereport(WARNING,
				(errmsg("row " INT64_FORMAT " of \"%s\" is not as it was before the probe",
						subject->key.id,
						subject->sender->table->resource->name),
				 errdetail("It differs in: %s.",
						   names_of(subject, changed)),
				 errhint("Run the statement in the DETAIL of the NOTICE.")));
}

/* Does a PUT of a date keep the fields that it leaves out? */
static void
ask_omitted_fields(Subject *date)
{
	const FcResource *resource = date->sender->table->resource;
	FcProbe    *probe = date->probe;
	FcDraft    *draft = fc_body_draft(date->sender->table, nothing);
	uint64		held = held_columns(date);
	uint64		lost;

	keep_resent(date, draft);
	if (!put_body(date, fc_body_text(draft)))
	{
		fc_probe_tell(probe, FC_ASK_OMITTED_FIELDS, NULL,
					  "a PUT with the required fields alone is refused");
		return;
	}
	if (!read_subject(date))
		return;
	lost = changes(date);
	if (lost != 0)
	{
		fc_probe_tell(probe, FC_ASK_OMITTED_FIELDS, "reset",
					  "a PUT with the required fields alone has changed: %s",
					  names_of(date, lost));
		fc_probe_advise(probe, FC_ASK_OMITTED_FIELDS, "omitted_fields",
						"reset");
		fc_send_learn(date->sender, FC_LEARNED_RESETS, 0);
	}
	else if (held == 0)
		fc_probe_tell(probe, FC_ASK_OMITTED_FIELDS, NULL,
					  "the date holds nothing but defaults: give it a reference and a note on the place");
	else
	{
		FcPutLessons lessons = {.kept = held};

		fc_probe_tell(probe, FC_ASK_OMITTED_FIELDS, "kept",
					  "a PUT with the required fields alone has kept: %s",
					  names_of(date, held));
		probe->findings[FC_ASK_OMITTED_FIELDS].advice =
			psprintf("ALTER FOREIGN TABLE %s OPTIONS (ADD omitted_fields 'kept');",
					 resource->name);
		fc_send_learn_put(date->sender, &lessons);
	}
	restore(date, lost != 0);
}

/* Does a PUT with some custom properties keep the others? */
static void
ask_properties(Subject *course)
{
	FcProbe    *probe = course->probe;

	if (fc_json_count(course->properties) > MAX_KEYS)
	{
		fc_probe_tell(probe, FC_ASK_PROPERTIES_MERGE, NULL,
					  "the course has more than %d custom properties",
					  MAX_KEYS);
		return;
	}
	if (!has_budget(course))
		return;
	if (!put_body(course, "{\"custom_properties\":{\"" FIRST_KEY "\":\"1\",\"" SECOND_KEY "\":\"1\"}}"))
	{
		fc_probe_tell(probe, FC_ASK_PROPERTIES_MERGE, "refused",
					  "the course takes no custom properties");
		return;
	}
	if (!read_subject(course) || !has_property(course, FIRST_KEY))
	{
		fc_probe_tell(probe, FC_ASK_PROPERTIES_MERGE, "dropped",
					  "custom properties of the course are not stored");
		return;
	}
	if (has_budget(course) &&
		put_body(course, "{\"custom_properties\":{\"" FIRST_KEY "\":\"2\"}}") &&
		read_subject(course))
		fc_probe_tell(probe, FC_ASK_PROPERTIES_MERGE,
					  has_property(course, SECOND_KEY) ? "merge" : "replace",
					  "a PUT with one of two custom properties has %s the other",
					  has_property(course, SECOND_KEY) ? "kept" : "removed");
	restore_properties(course);
}

/* Does an explicit null clear a field?  One that holds something is tried. */
static void
ask_clearing(Subject *course)
{
	static const char *const names[] = {"reference", "price_comment",
	"external_booking_url", "text_lead"};
	const FcResource *resource = course->sender->table->resource;
	FcProbe    *probe = course->probe;
	FcDraft    *draft = fc_body_draft(course->sender->table, nothing);
	int			number = -1;

	for (int i = 0; i < lengthof(names) && number < 0; i++)
	{
		const FcColumn *column = fc_catalog_column(resource, names[i]);
		int			candidate = fc_catalog_column_number(resource, column);

		if (!fc_image_is_empty(course->before.texts[candidate]))
			number = candidate;
	}
	if (number < 0 || !has_budget(course))
	{
		fc_probe_tell(probe, FC_ASK_CLEARING, NULL,
					  "the course has no field to clear: give it a reference");
		return;
	}
	fc_body_keep(draft, number, NULL);
	if (!put_body(course, fc_body_text(draft)))
	{
		fc_probe_tell(probe, FC_ASK_CLEARING, "refused",
					  "a null for %s is refused",
					  resource->columns[number].name);
		return;
	}
	if (!read_subject(course))
		return;
	fc_probe_tell(probe, FC_ASK_CLEARING,
				  fc_image_is_empty(course->image.texts[number]) ? "cleared" :
				  (changes(course) & FC_COLUMN_BIT(number)) == 0 ? "ignored" :
				  NULL, "a null was sent for %s",
				  resource->columns[number].name);
	restore(course, false);
}

/* Does the row as it was read last have a custom property? */
static bool
has_property(const Subject *subject, const char *key)
{
	FcJsonNode	value = fc_json_member(fc_json_member(subject->item,
													  "custom_properties"),
									   key);

	return fc_json_kind(value) == FC_JSON_STRING &&
		*fc_json_string(value) != '\0';
}

/* Give the course the custom properties that it had. */
static void
restore_properties(Subject *course)
{
	StringInfoData body;
	FcJsonIterator iterator = fc_json_iterate(course->properties);
	FcJsonNode	value;
	const char *name;

	initStringInfo(&body);
	appendStringInfoString(&body, "{\"custom_properties\":{");
	while (fc_json_kind(course->properties) == FC_JSON_OBJECT &&
		   fc_json_next(&iterator, &value, &name))
	{
		const char *source;
		Size		length;

		source = fc_json_source(value, &length);
		fc_json_append_string(&body, name);
		appendStringInfo(&body, ":%.*s,", (int) length, source);
	}
	appendStringInfoString(&body, "\"" FIRST_KEY "\":null,\"" SECOND_KEY "\":null}}");
	(void) put_body(course, body.data);
	if (read_subject(course))
		restore(course, false);
}
