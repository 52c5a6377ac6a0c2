/*
 * json.c
 *		Documents that live and die with a memory context.
 *
 * cJSON parses, but it keeps neither the digits of a number nor, of a string,
 * what follows a \u0000; and one unpaired surrogate makes it refuse the whole
 * text.  So a document keeps its source: a value can be given as it was sent,
 * and a page with one bad string is still a page.  The source is only walked
 * where somebody asks for it.
 */
#include "postgres.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "json.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

/* Integers up to here are exact in a double. */
#define MAX_EXACT_DOUBLE	9007199254740992.0

struct FcJson
{
	cJSON	   *root;
	const char *text;			/* as received; the caller's */
	const char *end;
	bool		repaired;		/* not all strings of root are what was sent */
	const char *skipped;		/* the last value whose end was found, ... */
	const char *skipped_end;	/* ... and its end */
};

static const char *repair_escapes(const char *text, Size length);
static int	measure_escape(const char *escape, const char *end,
						   bool *is_bad);
static int	escaped_unit(const char *escape, const char *end);
static void delete_document(void *arg);
static FcJsonNode make_node(const FcJson *document, const cJSON *node,
							const char *text);
static const char *skip_blanks(const FcJson *document, const char *text);
static const char *skip_string(const FcJson *document, const char *text);
static const char *skip_value(const FcJson *document, const char *text);
static void remember_end(const FcJson *document, const char *begin,
						 const char *end);
static const char *find_source(const FcJson *document, const cJSON *root,
							   const char *text, const cJSON *target);

/*
 * fc_json_parse
 *		Parse text into a document that lives as long as the current context.
 *
 * Returns NULL if text is not JSON, or holds more than one value.  We report
 * no error, since only the caller knows who sent the text.  The text must be
 * terminated and must live as long as the document.
 */
FcJson *
fc_json_parse(const char *text, Size length)
{
	MemoryContextCallback *cleanup = palloc(sizeof(*cleanup));
	FcJson	   *document = palloc0(sizeof(FcJson));
	const char *clean = repair_escapes(text, length);
	const char *end;

	if (memchr(text, '\0', length) != NULL)
		return NULL;

	document->root = cJSON_ParseWithLengthOpts(clean, length, &end, false);
	if (document->root == NULL)
		return NULL;
	cleanup->func = delete_document;
	cleanup->arg = document;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cleanup);

	document->text = text;
	document->end = text + length;
	document->repaired = (clean != text);

	/* cJSON accepts a byte order mark, and anything after the value */
	if (skip_blanks(document, text + (end - clean)) != document->end)
		return NULL;

	return document;
}

/*
 * fc_json_root
 *		The document's outermost value.
 */
FcJsonNode
fc_json_root(const FcJson *document)
{
	const char *text = document->text;

	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	return make_node(document, document->root, skip_blanks(document, text));
}

/*
 * fc_json_text
 *		The text that the document was parsed from.
 */
const char *
fc_json_text(const FcJson *document)
{
	return document->text;
}

/*
 * fc_json_kind
 *		What a value is.
 */
FcJsonKind
fc_json_kind(FcJsonNode node)
{
	const cJSON *value = node.node;

	if (value == NULL)
		return FC_JSON_ABSENT;
	switch (value->type & 0xFF)
	{
		case cJSON_True:
		case cJSON_False:
			return FC_JSON_BOOL;
		case cJSON_Number:
			return FC_JSON_NUMBER;
		case cJSON_String:
			return FC_JSON_STRING;
		case cJSON_Array:
			return FC_JSON_ARRAY;
		case cJSON_Object:
			return FC_JSON_OBJECT;
		default:
			return FC_JSON_NULL;
	}
}

/*
 * fc_json_member
 *		An object's member of that name, absent if there is none.
 *
 * Of several the last one counts, as in jsonb.
 */
FcJsonNode
fc_json_member(FcJsonNode object, const char *name)
{
	const cJSON *found = NULL;
	const cJSON *member;

	if (fc_json_kind(object) == FC_JSON_OBJECT)
	{
		cJSON_ArrayForEach(member, (const cJSON *) object.node)
		{
			if (strcmp(member->string, name) == 0)
				found = member;
		}
	}

	/* where the object's source begins is where to look for the member's */
	object.node = found;
	return object;
}

/*
 * fc_json_path
 *		The value at a dotted path below an object, absent if there is none.
 *
 * The empty path is the object itself.
 */
FcJsonNode
fc_json_path(FcJsonNode object, const char *path)
{
	while (*path != '\0' && object.node != NULL)
	{
		char		name[NAMEDATALEN];
		Size		length = strcspn(path, ".");

		if (length >= sizeof(name))
			return make_node(object.document, NULL, NULL);
		memcpy(name, path, length);
		name[length] = '\0';
		object = fc_json_member(object, name);
		path += length;
		if (*path == '.')
			path++;
	}
	return object;
}

/*
 * fc_json_count
 *		The number of members or elements.  Linear.
 */
int
fc_json_count(FcJsonNode container)
{
	return cJSON_GetArraySize(container.node);
}

/*
 * fc_json_iterate
 *		Begin a walk over the members or elements of a container.
 *
 * If the container knows where its source begins, so will its parts.
 */
FcJsonIterator
fc_json_iterate(FcJsonNode container)
{
	FcJsonIterator iterator = {NULL, container.document, NULL, NULL, false};
	FcJsonKind	kind = fc_json_kind(container);

	if (kind != FC_JSON_ARRAY && kind != FC_JSON_OBJECT)
		return iterator;
	if (container.base != container.node)
		container.text = NULL;
	iterator.next = ((const cJSON *) container.node)->child;
	iterator.begin = container.text;
	if (container.text != NULL)
		iterator.text = skip_blanks(container.document, container.text + 1);
	return iterator;
}

/*
 * fc_json_next
 *		The next part of a container; false after the last one.
 *
 * name may be NULL; for an array's elements it is set to NULL.
 */
bool
fc_json_next(FcJsonIterator *iterator, FcJsonNode *node, const char **name)
{
	const FcJson *document = iterator->document;
	const cJSON *part = iterator->next;
	const char *text = iterator->text;

	/* behind the last value stands a comma or the container's end */
	if (text != NULL && iterator->is_inside)
	{
		text = skip_blanks(document, skip_value(document, text)) + 1;
		if (part == NULL)
			remember_end(document, iterator->begin, text);
		text = skip_blanks(document, text);
	}
	iterator->text = text;
	if (part == NULL)
		return false;
	iterator->is_inside = true;

	if (name != NULL)
		*name = part->string;
	if (text != NULL && part->string != NULL)
	{
		text = skip_blanks(document, skip_string(document, text));
		text = skip_blanks(document, text + 1); /* the colon */
		iterator->text = text;
	}
	*node = make_node(document, part, text);
	iterator->next = part->next;
	return true;
}

/*
 * fc_json_bool
 *		The value of a boolean.
 */
bool
fc_json_bool(FcJsonNode node)
{
	return cJSON_IsTrue((const cJSON *) node.node);
}

/*
 * fc_json_string
 *		The value of a string, UTF-8; lives as long as the document.
 *
 * An error if it holds what no text can hold: \u0000, half a surrogate pair.
 * Whether the bytes are valid UTF-8 is for the caller to check.
 */
const char *
fc_json_string(FcJsonNode node)
{
	if (node.document->repaired)
	{
		Size		length;
		const char *source = fc_json_source(node, &length);
		const char *end = source + length;

		while ((source = memchr(source, '\\', end - source)) != NULL)
		{
			bool		is_bad;
			int			size = measure_escape(source, end, &is_bad);

			if (is_bad)
				ereport(ERROR,
						(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
						 errmsg("unsupported Unicode escape sequence"),
						 errdetail("\"%.6s\" cannot be converted to text.",
								   source)));
			source += size;
		}
	}
	return ((const cJSON *) node.node)->valuestring;
}

/*
 * fc_json_int64
 *		The value of a whole number, or of a string that holds one.
 *
 * Returns false if it is neither, or does not fit.
 */
bool
fc_json_int64(FcJsonNode node, int64 *value)
{
	const cJSON *number = node.node;
	const char *text;
	char	   *end;
	Size		length;

	switch (fc_json_kind(node))
	{
		case FC_JSON_NUMBER:
			if (fabs(number->valuedouble) < MAX_EXACT_DOUBLE)
			{
				*value = (int64) number->valuedouble;
				return *value == number->valuedouble;
			}
			text = fc_json_source(node, &length);
			break;
		case FC_JSON_STRING:
			text = number->valuestring;
			length = strlen(text);
			break;
		default:
			return false;
	}

	errno = 0;
	*value = strtoll(text, &end, 10);
	return length > 0 && end == text + length && errno == 0;
}

/*
 * fc_json_source
 *		A value as it was sent; not terminated.
 */
const char *
fc_json_source(FcJsonNode node, Size *length)
{
	const FcJson *document = node.document;
	const char *text = node.text;

	if (text == NULL || node.base != node.node)
	{
		FcJsonNode	base = text ? node : fc_json_root(document);

		text = find_source(document, base.base, base.text, node.node);
		if (text == NULL)
			elog(ERROR, "value is not in its document");
	}
	*length = skip_value(document, text) - text;
	return text;
}

/*
 * fc_json_append_string
 *		Append text, in UTF-8, as a JSON string.
 */
void
fc_json_append_string(StringInfo buffer, const char *text)
{
	appendStringInfoChar(buffer, '"');
	for (; *text != '\0'; text++)
	{
		unsigned char byte = *text;

		if (byte == '"' || byte == '\\')
			appendStringInfoChar(buffer, '\\');
		if (byte < ' ')
			appendStringInfo(buffer, "\\u%04x", byte);
		else
			appendStringInfoChar(buffer, byte);
	}
	appendStringInfoChar(buffer, '"');
}

/*
 * Return text, or a copy of the same length in which the escapes that cJSON
 * would stumble over are others.
 */
static const char *
repair_escapes(const char *text, Size length)
{
	const char *end = text + length;
	const char *escape = text;
	char	   *copy = NULL;

	while ((escape = memchr(escape, '\\', end - escape)) != NULL)
	{
		bool		is_bad;
		int			size = measure_escape(escape, end, &is_bad);

		if (is_bad)
		{
			if (copy == NULL)
			{
				copy = MemoryContextAllocHuge(CurrentMemoryContext,
											  length + 1);
				memcpy(copy, text, length);
				copy[length] = '\0';
			}
			memcpy(copy + (escape - text), "\\uFFFD", 6);
		}
		escape += size;
	}
	return copy ? copy : text;
}

/*
 * The length of the escape sequence, a surrogate pair being one; it is bad if
 * it stands for no character that a text may hold.
 */
static int
measure_escape(const char *escape, const char *end, bool *is_bad)
{
	int			unit = escaped_unit(escape, end);
	bool		is_high = (unit >= 0xD800 && unit <= 0xDBFF);
	bool		is_low = (unit >= 0xDC00 && unit <= 0xDFFF);

	*is_bad = false;
	if (unit < 0)
		return Min(2, end - escape);
	if (is_high)
	{
		int			other = escaped_unit(escape + 6, end);

		if (other >= 0xDC00 && other <= 0xDFFF)
			return 12;
	}
	*is_bad = (unit == 0 || is_high || is_low);
	return 6;
}

/*
 * The number in a \uXXXX, or -1 if that is not what stands there.
 */
static int
escaped_unit(const char *escape, const char *end)
{
	int			unit = 0;

	if (end - escape < 6 || escape[0] != '\\' || escape[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++)
	{
		unsigned char c = escape[i];

		if (c >= '0' && c <= '9')
			unit = unit * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/*
 * Free what cJSON has allocated.
 */
static void
delete_document(void *arg)
{
	cJSON_Delete(((FcJson *) arg)->root);
}

static FcJsonNode
make_node(const FcJson *document, const cJSON *node, const char *text)
{
	FcJsonNode	result = {node, document, node, text};

	return result;
}

/*
 * The rest of this file walks source that cJSON has accepted.  It trusts the
 * shape but never the bounds: cJSON is more lenient than a grammar.
 */
static const char *
skip_blanks(const FcJson *document, const char *text)
{
	while (text < document->end && (unsigned char) *text <= ' ')
		text++;
	return text;
}

/*
 * What follows the string that begins here.
 */
static const char *
skip_string(const FcJson *document, const char *text)
{
	for (text++; text < document->end && *text != '"'; text++)
	{
		if (*text == '\\')
			text++;
	}
	return Min(text + 1, document->end);
}

/*
 * What follows the value that begins here.  The last answer is remembered:
 * whoever has walked an object asks for its end next.
 */
static const char *
skip_value(const FcJson *document, const char *text)
{
	int			depth = 0;

	if (text == document->skipped)
		return document->skipped_end;

	while (text < document->end)
	{
		switch (*text)
		{
			case '"':
				text = skip_string(document, text);
				break;
			case '{':
			case '[':
				depth++;
				text++;
				break;
			case '}':
			case ']':
				depth--;
				text++;
				break;
			default:
				/* a number, true, false, null; or what is between values */
				text++;
				if (depth == 0)
				{
					while (text < document->end && *text != ',' &&
						   *text != '}' && *text != ']' &&
						   (unsigned char) *text > ' ')
						text++;
				}
				break;
		}
		if (depth <= 0)
			break;
	}

	return text;
}

/*
 * Keep the end of a value for skip_value.
 */
static void
remember_end(const FcJson *document, const char *begin, const char *end)
{
	/* only a memory of the document, which does not change */
	FcJson	   *memory = unconstify(FcJson *, document);

	memory->skipped = begin;
	memory->skipped_end = Min(end, document->end);
}

/*
 * Where a value's source begins, found by walking tree and source together.
 */
static const char *
find_source(const FcJson *document, const cJSON *root, const char *text,
			const cJSON *target)
{
	FcJsonIterator iterator;
	FcJsonNode	part;

	check_stack_depth();
	if (root == target)
		return text;

	iterator = fc_json_iterate(make_node(document, root, text));
	while (fc_json_next(&iterator, &part, NULL))
	{
		const char *found = find_source(document, part.node, part.text,
										target);

		if (found != NULL)
			return found;
	}
	return NULL;
}
