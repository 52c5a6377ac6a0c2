/*
 * json.c
 *		JSON documents, which live in a memory context.
 *
 * cJSON parses the text.  But it loses the digits of a number and what follows
 * a \u0000 in a string, and it refuses a whole text because of one unpaired
 * surrogate.  So a document keeps its source: a value can be returned as it
 * was sent, and one bad string does not spoil a page.  When the source of a
 * value is asked for, the sources of all values are located in one walk.
 *
 * The nodes of the tree are many and small.  They are freed together, with the
 * memory context.
 */
#include "postgres.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "base/json.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

/* Integers up to here are exact in a double. */
#define MAX_EXACT_DOUBLE	9007199254740992.0

struct FcJson
{
	cJSON	   *root;
	const char *text;			/* as received; the caller's */
	const char *end;
	Size		node_bytes;
	bool		repaired;		/* not all strings are what was sent */
	bool		is_located;		/* locate has been here */
	bool		is_checked;		/* is_server_text has been found out */
	bool		is_server_text; /* strings need no conversion */
};

/*
 * What the current call of cJSON allocates from: blocks of the current
 * context, of which it gets pieces without headers.  A page has a hundred
 * thousand of them.
 */
static struct
{
	MemoryContext context;
	char	   *next;			/* of the current block */
	Size		left;
	Size		block_size;		/* of the next block, at least */
	Size		taken;			/* by this call */
	bool		out_of_memory;
}			pool;

/*
 * Nodes take four to five times as much memory as the text.  The first block
 * is made twice as large: the C library keeps freed memory for the next page
 * only as long as it is less than twice the largest block freed so far.  What
 * it gives back to the kernel, and gets again, costs as much time as parsing.
 * What is not written to takes no memory.
 */
#define NODES_PER_TEXT	10
#define FIRST_BLOCK		((Size) 4 * 1024)
#define LARGEST_BLOCK	((Size) 16 * 1024 * 1024)

static cJSON *parse(const char *text, Size length, const char **end);
static void *allocate(size_t size);
static void keep(void *pointer);
static const char *repair_escapes(const char *text, Size length);
static int	measure_escape(const char *escape, const char *end,
						   bool *is_bad);
static int	escaped_unit(const char *escape, const char *end);
static const char *to_server(const FcJson *document, const char *string);
static FcJsonNode find_member(FcJsonNode object, const char *name,
							  Size length);
static FcJsonNode make_node(const FcJson *document, const cJSON *node);
static const char *locate(const FcJson *document, cJSON *value,
						  const char *text);
static const char *skip_mark(const char *text);
static const char *skip_blanks(const FcJson *document, const char *text);
static const char *skip_string(const FcJson *document, const char *text);
static const char *skip_word(const FcJson *document, const char *text);
static const char *skip_value(const FcJson *document, const char *text);

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
	FcJson	   *document = palloc0(sizeof(FcJson));
	const char *clean = repair_escapes(text, length);
	const char *end;

	if (clean == NULL || memchr(text, '\0', length) != NULL)
		return NULL;

	document->root = parse(clean, length, &end);
	if (document->root == NULL)
		return NULL;
	document->node_bytes = pool.taken;
	document->text = text;
	document->end = text + length;
	document->repaired = (clean != text);

	/* cJSON accepts anything after the value */
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
	return make_node(document, document->root);
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
 * fc_json_bytes
 *		How much memory the document and its text take.
 */
Size
fc_json_bytes(const FcJson *document)
{
	return document->node_bytes + (document->end - document->text);
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
 * If there are several, the last one counts, as in jsonb.
 */
FcJsonNode
fc_json_member(FcJsonNode object, const char *name)
{
	return find_member(object, name, strlen(name));
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
	return fc_json_path_of(object, path, strlen(path));
}

/*
 * fc_json_path_of
 *		Likewise, of a path of that many bytes.
 */
FcJsonNode
fc_json_path_of(FcJsonNode object, const char *path, Size length)
{
	const char *end = path + length;

	while (path < end && object.node != NULL)
	{
		const char *dot = memchr(path, '.', end - path);
		Size		name_length = (dot != NULL ? dot : end) - path;

		object = find_member(object, path, name_length);
		path += name_length + (dot != NULL);
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
 */
FcJsonIterator
fc_json_iterate(FcJsonNode container)
{
	FcJsonIterator iterator = {NULL, container.document};
	FcJsonKind	kind = fc_json_kind(container);

	if (kind == FC_JSON_ARRAY || kind == FC_JSON_OBJECT)
		iterator.next = ((const cJSON *) container.node)->child;
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
	const cJSON *part = iterator->next;

	if (part == NULL)
		return false;
	iterator->next = part->next;
	*node = make_node(iterator->document, part);
	if (name != NULL)
		*name = part->string;
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
 * Throws if it holds what no text can hold: \u0000, or half a surrogate pair.
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
 * fc_json_legible
 *		The same for messages: U+FFFD replaces what no text can hold.
 */
const char *
fc_json_legible(FcJsonNode node)
{
	return ((const cJSON *) node.node)->valuestring;
}

/*
 * fc_json_server_string
 *		The value of a string in the server's encoding, checked.
 *
 * The result belongs to the document, or is allocated in the current context.
 */
const char *
fc_json_server_string(FcJsonNode node)
{
	return to_server(node.document, fc_json_string(node));
}

/*
 * fc_json_server_name
 *		The name of an object's member, likewise.
 *
 * To be used only where fc_json_is_exact is true.
 */
const char *
fc_json_server_name(FcJsonNode member)
{
	return to_server(member.document, ((const cJSON *) member.node)->string);
}

/*
 * fc_json_is_exact
 *		Are all strings of a value's document exactly what was sent?
 *
 * If not, fc_json_string refuses some of them, and names may be wrong.
 */
bool
fc_json_is_exact(FcJsonNode node)
{
	return !node.document->repaired;
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
	const cJSON *value = node.node;
	const char *text;

	if (!document->is_located)
	{
		/* casts const away, to remember a result in the document */
		FcJson	   *memory = unconstify(FcJson *, document);

		(void) locate(document, document->root,
					  skip_blanks(document, skip_mark(document->text)));
		memory->is_located = true;
	}
	text = value->type & cJSON_String ?
		document->text + (Size) value->valuedouble : value->valuestring;
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
 * Let cJSON parse, allocating in the current context.
 *
 * cJSON's hooks are global to the process, and another library in this backend
 * may use cJSON.  So we set them for this call only, and set malloc and free
 * afterwards.  Hooks that another library has set are lost, as cJSON does not
 * tell which they were.
 */
static cJSON *
parse(const char *text, Size length, const char **end)
{
	cJSON_Hooks hooks = {allocate, keep};
	cJSON	   *root;

	pool.context = CurrentMemoryContext;
	pool.left = 0;
	pool.block_size = Max(FIRST_BLOCK,
						  Min(length * NODES_PER_TEXT, LARGEST_BLOCK));
	pool.taken = 0;
	pool.out_of_memory = false;

	cJSON_InitHooks(&hooks);
	root = cJSON_ParseWithLengthOpts(text, length, end, false);
	cJSON_InitHooks(NULL);

	if (pool.out_of_memory)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while parsing JSON of %zu bytes.",
						   length)));
	return root;
}

/*
 * Hook of cJSON: allocate.  Must not throw through cJSON's frames.
 */
static void *
allocate(size_t size)
{
	void	   *result;

	if (!AllocHugeSizeIsValid(size))
		return NULL;
	size = MAXALIGN(size);
	if (size > pool.left)
	{
		Size		block_size = Max(size, pool.block_size);

		pool.next = MemoryContextAllocExtended(pool.context, block_size,
											   MCXT_ALLOC_HUGE |
											   MCXT_ALLOC_NO_OOM);
		pool.left = pool.next != NULL ? block_size : 0;
		pool.block_size = Min(pool.block_size * 2, LARGEST_BLOCK);
	}
	if (pool.next == NULL)
	{
		pool.out_of_memory = true;
		return NULL;
	}
	result = pool.next;
	pool.next += size;
	pool.left -= size;
	pool.taken += size;
	return result;
}

/*
 * Hook of cJSON: free nothing; the memory context does.
 */
static void
keep(void *pointer)
{
}

/*
 * Return text, or a copy of the same length in which the escapes that cJSON
 * cannot handle are replaced.  Returns NULL if there is a \u without four
 * digits, which cJSON would read as the end of the string.
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

		if (size == 2 && escape[1] == 'u')
			return NULL;
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
 * The length of the escape sequence; a surrogate pair is one sequence.  It is
 * bad if it stands for no character that a text can hold.
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
 * The number in a \uXXXX, or -1 if there is no such escape.
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
 * Convert a string of the document, and check it.
 */
static const char *
to_server(const FcJson *document, const char *string)
{
	if (!document->is_checked)
	{
		/* casts const away, to remember a result in the document */
		FcJson	   *memory = unconstify(FcJson *, document);

		memory->is_server_text = GetDatabaseEncoding() == PG_UTF8 &&
			pg_verify_mbstr(PG_UTF8, document->text,
							document->end - document->text, true);
		memory->is_checked = true;
	}
	if (document->is_server_text)
		return string;
	return pg_any_to_server(string, strlen(string), PG_UTF8);
}

static FcJsonNode
find_member(FcJsonNode object, const char *name, Size length)
{
	const cJSON *found = NULL;
	const cJSON *member;

	if (fc_json_kind(object) == FC_JSON_OBJECT)
	{
		cJSON_ArrayForEach(member, (const cJSON *) object.node)
		{
			/* most differ in the first byte */
			if ((length == 0 || member->string[0] == name[0]) &&
				strncmp(member->string, name, length) == 0 &&
				member->string[length] == '\0')
				found = member;
		}
	}
	return make_node(object.document, found);
}

static FcJsonNode
make_node(const FcJson *document, const cJSON *node)
{
	FcJsonNode	result = {node, document};

	return result;
}

/*
 * The rest of this file walks source that cJSON has accepted.  It relies on
 * the order of tokens, but always checks for the end of the text, as cJSON
 * accepts more than the grammar of JSON.
 */

/*
 * Note where the source of a value begins, and of all values in it.  Returns
 * what follows it.  The recursion is no deeper than that of cJSON, which stops
 * at CJSON_NESTING_LIMIT.
 *
 * The position is stored in a member of the node that cJSON does not use:
 * valuedouble for a string, valuestring for any other value.
 */
static const char *
locate(const FcJson *document, cJSON *value, const char *text)
{
	if (value->type & cJSON_String)
		value->valuedouble = text - document->text;
	else
		value->valuestring = unconstify(char *, text);
	switch (value->type & 0xFF)
	{
		case cJSON_String:
			return skip_string(document, text);
		case cJSON_Array:
		case cJSON_Object:
			break;
		default:
			return skip_word(document, text);
	}

	text = skip_blanks(document, text + 1);
	for (cJSON *part = value->child; part != NULL; part = part->next)
	{
		if (part->string != NULL)
		{
			text = skip_blanks(document, skip_string(document, text));
			text = skip_blanks(document, text + 1); /* the colon */
		}
		text = skip_blanks(document, locate(document, part, text));
		if (part->next != NULL)
			text = skip_blanks(document, text + 1); /* the comma */
	}
	return Min(text + 1, document->end);
}

/*
 * What follows the byte order mark, which cJSON accepts.
 */
static const char *
skip_mark(const char *text)
{
	return strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
}

static const char *
skip_blanks(const FcJson *document, const char *text)
{
	while (text < document->end && (unsigned char) *text <= ' ')
		text++;
	return Min(text, document->end);
}

/*
 * What follows the string that begins here.
 */
static const char *
skip_string(const FcJson *document, const char *text)
{
	const char *begin = text + 1;

	for (text = begin; text < document->end; text++)
	{
		const char *escape;

		text = memchr(text, '"', document->end - text);
		if (text == NULL)
			break;
		for (escape = text; escape > begin && escape[-1] == '\\';)
			escape--;
		if ((text - escape) % 2 == 0)
			return text + 1;
	}
	return document->end;
}

/*
 * What follows the number, true, false or null that begins here.
 */
static const char *
skip_word(const FcJson *document, const char *text)
{
	while (text < document->end && *text != ',' && *text != '}' &&
		   *text != ']' && (unsigned char) *text > ' ')
		text++;
	return text;
}

/*
 * What follows the value that begins here.
 */
static const char *
skip_value(const FcJson *document, const char *text)
{
	int			depth = 0;

	if (*text != '"' && *text != '{' && *text != '[')
		return skip_word(document, text);

	do
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
				text++;
				break;
		}
	} while (depth > 0 && text < document->end);

	return text;
}
