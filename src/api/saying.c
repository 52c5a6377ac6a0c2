/*
 * saying.c
 *		What the body of an answer says about the success of its request.
 *
 * The API has two forms of errors: {"error": text} and {"successful": false,
 * "errors": [{"code", "message"}]}.  Both may come with a status of success.
 * Flags may be spelled true, 1, "1" or "true".  An empty value stands for
 * none, as PHP writes it.
 *
 * A write has succeeded only if the answer shows it.  The vendor's pages show
 * these answers: ids, such as {"coursedate_id": 51001, "course_id": 7301}; one
 * id; the whole object (participants, and some DELETEs); or a flag, such as
 * {"successful": true} (booking) or {"success": "ok"}.  A single object may
 * come in an array of one, or in one of the containers of lists.
 */
#include "postgres.h"

#include "api/place.h"
#include "api/saying.h"

/* An answer nests its object no deeper than that. */
#define MAX_DEPTH	4

/* What a member holds if it says something. */
typedef enum Sense
{
	SENSE_NO,					/* a flag that is down */
	SENSE_YES,					/* a flag that is up */
	SENSE_SOMETHING,			/* anything but null, false, 0 and empty */
	SENSE_FAILURE				/* a word for failure, nothing else */
} Sense;

/* A member of an object that says whether the request succeeded. */
typedef struct Spelling
{
	const char *member;
	Sense		sense;
} Spelling;

static const Spelling refusals[] =
{
	{"error", SENSE_SOMETHING},
	{"errors", SENSE_SOMETHING},
	{"successful", SENSE_NO},
	{"success", SENSE_NO},
	{"status", SENSE_FAILURE}
};

static const Spelling confirmations[] =
{
	{"successful", SENSE_YES},
	{"success", SENSE_YES}
};

/* Words in any case of letters; NULL ends. */
static const char *const no_words[] =
{"0", "false", "no", "error", "fail", "failed", "failure", NULL};
static const char *const yes_words[] = {"1", "true", "yes", "ok", NULL};
static const char *const nothing_words[] = {"", "0", "false", "null", NULL};
static const char *const failure_words[] =
{"error", "fail", "failed", "failure", NULL};

/* Members that an answer's object may be wrapped in. */
static const char *const wrappers[] =
{"data", "items", "item", "result", "results", "response", NULL};

/* Where an error's words and codes may be: paths, the likeliest first. */
static const char *const message_paths[] =
{"message", "Message", "error", "detail", "title", NULL};
static const char *const code_paths[] =
{"errorCode", "code", "Key", "key", "error.code", NULL};

static bool says_no(FcJsonNode node);
static bool says_any(FcJsonNode object, const Spelling *spellings, int count);
static bool has_sense(FcJsonNode value, Sense sense);
static bool is_word(FcJsonNode value, const char *const *words);
static bool is_item(FcJsonNode object);
static FcJsonNode member_in_any_case(FcJsonNode object, const char *name);
static FcJsonNode unwrap(FcJsonNode node, const FcNaming *naming);
static FcJsonNode wrapped(FcJsonNode object, const FcNaming *naming);
static FcJsonNode only_element(FcJsonNode array);
static bool find_id(FcJsonNode object, const char *places, int64 *id);
static const char *find_words(FcJsonNode node, int depth);
static const char *find_text(FcJsonNode object, const char *const *paths);

/*
 * fc_saying_of_read
 *		What the answer to a GET says of it: only refusals matter.
 *
 * The root is a list, a list's container or an item; of the latter, a member
 * "status" is the row's own.  Good items beside an empty "error" are good.
 */
FcSaying
fc_saying_of_read(FcJsonNode root)
{
	FcSaying	saying = {0};

	if (fc_json_kind(root) != FC_JSON_OBJECT)
		return saying;
	saying.refuses = says_any(root, refusals,
							  lengthof(refusals) - (is_item(root) ? 1 : 0));
	if (saying.refuses)
		fc_saying_quote(root, &saying);
	return saying;
}

/*
 * fc_saying_of_write
 *		What the answer to a write says of it.
 *
 * A "no" at any depth is one, whatever else the answer holds.  An object that
 * names another row than the one that was written confirms nothing.
 */
FcSaying
fc_saying_of_write(FcJsonNode root, const FcNaming *naming)
{
	FcSaying	saying = {0};
	FcJsonNode	node = root;
	FcJsonNode	inner;
	bool		says_yes = false;
	bool		has_named = false;

	for (int depth = 0; depth < MAX_DEPTH && !has_named; depth++)
	{
		if (says_no(node))
		{
			saying.refuses = true;
			break;
		}
		if (says_any(node, confirmations, lengthof(confirmations)))
			says_yes = true;
		if (naming->path != NULL && find_id(node, naming->path, &saying.id))
		{
			has_named = true;
			break;
		}
		inner = unwrap(node, naming);
		if (fc_json_kind(inner) == FC_JSON_ABSENT)
			break;
		node = inner;
	}

	if (has_named)
		saying.confirms = naming->id == 0 ? saying.id > 0 :
			saying.id == naming->id;
	else
		saying.confirms = says_yes;
	if (saying.refuses)
		saying.confirms = false;
	if (saying.confirms && has_named)
		saying.object = node;
	if (!saying.confirms)
		fc_saying_quote(saying.refuses ? node : root, &saying);
	return saying;
}

/*
 * fc_saying_quote
 *		Note the words and the code of an answer that is no success.
 */
void
fc_saying_quote(FcJsonNode root, FcSaying *saying)
{
	FcJsonNode	node = fc_json_kind(root) == FC_JSON_ARRAY ?
	only_element(root) : root;
	FcJsonNode	errors = member_in_any_case(node, "errors");
	FcJsonIterator iterator = fc_json_iterate(errors);
	FcJsonNode	first = {0};

	(void) fc_json_next(&iterator, &first, NULL);
	saying->message = find_words(member_in_any_case(node, "error"), 1);
	if (saying->message == NULL)
		saying->message = find_words(errors, 1);
	if (saying->message == NULL)
		saying->message = find_words(node, 0);

	saying->code = find_text(first, code_paths);
	if (saying->code == NULL)
		saying->code = find_text(node, code_paths);
}

/* Does a value, or an element of an array, say no? */
static bool
says_no(FcJsonNode node)
{
	FcJsonIterator iterator;
	FcJsonNode	element;

	switch (fc_json_kind(node))
	{
		case FC_JSON_OBJECT:
			return says_any(node, refusals, lengthof(refusals));
		case FC_JSON_ARRAY:
			iterator = fc_json_iterate(node);
			while (fc_json_next(&iterator, &element, NULL))
			{
				if (fc_json_kind(element) != FC_JSON_ARRAY &&
					says_no(element))
					return true;
			}
			return false;
		case FC_JSON_NULL:
		case FC_JSON_ABSENT:
			return false;
		default:
			return has_sense(node, SENSE_NO);
	}
}

/* Does a member of the object say what one of the spellings means? */
static bool
says_any(FcJsonNode object, const Spelling *spellings, int count)
{
	FcJsonIterator iterator = fc_json_iterate(object);
	FcJsonNode	member;
	const char *name;

	if (fc_json_kind(object) != FC_JSON_OBJECT)
		return false;
	while (fc_json_next(&iterator, &member, &name))
	{
		for (int i = 0; i < count; i++)
		{
			if (pg_strcasecmp(name, spellings[i].member) == 0 &&
				has_sense(member, spellings[i].sense))
				return true;
		}
	}
	return false;
}

/* Does a value say so? */
static bool
has_sense(FcJsonNode value, Sense sense)
{
	FcJsonKind	kind = fc_json_kind(value);
	bool		is_flag = false;
	bool		flag = false;
	int64		number;

	if (kind == FC_JSON_ABSENT || kind == FC_JSON_NULL)
		return false;
	if (kind == FC_JSON_BOOL)
	{
		is_flag = true;
		flag = fc_json_bool(value);
	}
	else if (kind == FC_JSON_NUMBER)
	{
		is_flag = true;
		flag = !fc_json_int64(value, &number) || number != 0;
	}

	switch (sense)
	{
		case SENSE_NO:
			return is_flag ? !flag : is_word(value, no_words);
		case SENSE_YES:
			return is_flag ? flag : is_word(value, yes_words);
		case SENSE_SOMETHING:
			if (kind == FC_JSON_ARRAY || kind == FC_JSON_OBJECT)
				return fc_json_count(value) > 0;
			return is_flag ? flag : !is_word(value, nothing_words);
		case SENSE_FAILURE:
			return kind == FC_JSON_BOOL ? !flag :
				is_word(value, failure_words);
	}
	return false;
}

/* Is it a string that is one of the words? */
static bool
is_word(FcJsonNode value, const char *const *words)
{
	if (fc_json_kind(value) != FC_JSON_STRING)
		return false;
	for (; *words != NULL; words++)
	{
		if (pg_strcasecmp(fc_json_legible(value), *words) == 0)
			return true;
	}
	return false;
}

/* Does the object have an id, as rows have? */
static bool
is_item(FcJsonNode object)
{
	FcJsonIterator iterator = fc_json_iterate(object);
	FcJsonNode	member;
	const char *name;

	while (fc_json_next(&iterator, &member, &name))
	{
		Size		length = strlen(name);

		if (strcmp(name, "id") == 0 ||
			(length > 3 && strcmp(name + length - 3, "_id") == 0))
			return true;
	}
	return false;
}

/* The object's member of that name, in any case of letters. */
static FcJsonNode
member_in_any_case(FcJsonNode object, const char *name)
{
	FcJsonIterator iterator = fc_json_iterate(object);
	FcJsonNode	member;
	FcJsonNode	nothing = {0};
	const char *found;

	while (fc_json_next(&iterator, &member, &found))
	{
		if (pg_strcasecmp(found, name) == 0)
			return member;
	}
	return nothing;
}

/* What an array of one or a container holds; absent if it is neither. */
static FcJsonNode
unwrap(FcJsonNode node, const FcNaming *naming)
{
	FcJsonNode	nothing = {0};

	switch (fc_json_kind(node))
	{
		case FC_JSON_ARRAY:
			return only_element(node);
		case FC_JSON_OBJECT:
			return wrapped(node, naming);
		default:
			return nothing;
	}
}

/*
 * The object or array that an object is the wrapping of.  Its member may also
 * be called as the row is in the name of its id: "coursedate".
 */
static FcJsonNode
wrapped(FcJsonNode object, const FcNaming *naming)
{
	FcJsonNode	member = {0};
	FcJsonNode	nothing = {0};
	const char *places = naming->path ? naming->path : "";
	FcPlace		place;

	for (int i = 0; wrappers[i] != NULL; i++)
	{
		member = member_in_any_case(object, wrappers[i]);
		if (fc_json_kind(member) == FC_JSON_OBJECT ||
			fc_json_kind(member) == FC_JSON_ARRAY)
			return member;
	}
	while (fc_place_next(&places, &place))
	{
		Size		length = place.length;

		if (length > 3 && strncmp(place.path + length - 3, "_id", 3) == 0)
		{
			member = member_in_any_case(object,
										pnstrdup(place.path, length - 3));
			if (fc_json_kind(member) == FC_JSON_OBJECT)
				return member;
		}
	}
	return nothing;
}

/* The element of an array of one. */
static FcJsonNode
only_element(FcJsonNode array)
{
	FcJsonIterator iterator = fc_json_iterate(array);
	FcJsonNode	element = {0};

	if (fc_json_count(array) == 1)
		(void) fc_json_next(&iterator, &element, NULL);
	return element;
}

/* The id in an object; 0 if it is no number. */
static bool
find_id(FcJsonNode object, const char *places, int64 *id)
{
	FcJsonNode	node = fc_place_first(object, places);

	if (fc_json_kind(node) == FC_JSON_ABSENT)
		return false;
	if (!fc_json_int64(node, id))
		*id = 0;
	return true;
}

/* The first words in a value: itself, its message, or an element's. */
static const char *
find_words(FcJsonNode node, int depth)
{
	FcJsonIterator iterator;
	FcJsonNode	element;
	const char *words = NULL;

	switch (fc_json_kind(node))
	{
		case FC_JSON_STRING:
			words = fc_json_legible(node);
			return words[0] != '\0' ? words : NULL;
		case FC_JSON_OBJECT:
			words = find_text(node, message_paths);
			if (words != NULL || depth == 0)
				return words;
			break;
		case FC_JSON_ARRAY:
			break;
		default:
			return NULL;
	}

	iterator = fc_json_iterate(node);
	while (words == NULL && depth < MAX_DEPTH &&
		   fc_json_next(&iterator, &element, NULL))
		words = find_words(element, depth + 1);
	return words;
}

/* The first string that is at one of the paths and not empty, or NULL. */
static const char *
find_text(FcJsonNode object, const char *const *paths)
{
	for (; *paths != NULL; paths++)
	{
		FcJsonNode	node = fc_json_path(object, *paths);

		if (fc_json_kind(node) == FC_JSON_STRING &&
			*fc_json_legible(node) != '\0')
			return fc_json_legible(node);
	}
	return NULL;
}
