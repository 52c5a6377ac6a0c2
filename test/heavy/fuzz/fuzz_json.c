/*
 * fuzz_json.c
 *		A document is what its text says, wherever one looks at it.
 *
 * Each value of an accepted text must have a source inside the text; read on
 * its own, the source must be the same value again.
 */
#include "postgres.h"

#include "base/json.h"
#include "shim.h"

static int64 visit(FcJsonNode node, const char *text, Size length);
static void check_source(FcJsonNode node, const char *text, Size length);
static void check_string(FcJsonNode node);
static FcJson *parse(const char *text, Size length);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FcJson	   *document;
	char	   *text;

	shim_begin();
	text = pnstrdup("", 0);
	text = repalloc(text, size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	document = fc_json_parse(text, size);
	if (document != NULL)
	{
		REQUIRE(fc_json_text(document) == text);
		visit(fc_json_root(document), text, size);
	}
	shim_end();
	return 0;
}

/* Look at a value and all below it; returns their number. */
static int64
visit(FcJsonNode node, const char *text, Size length)
{
	FcJsonIterator iterator = fc_json_iterate(node);
	FcJsonNode	part;
	const char *name;
	int			count = 0;
	int64		all = 1;
	int64		number;

	check_source(node, text, length);
	if (fc_json_kind(node) == FC_JSON_STRING)
		check_string(node);
	if (fc_json_int64(node, &number))
		REQUIRE(fc_json_kind(node) == FC_JSON_NUMBER ||
				fc_json_kind(node) == FC_JSON_STRING);

	while (fc_json_next(&iterator, &part, &name))
	{
		FcJsonNode	found;

		count++;
		all += visit(part, text, length);
		if (name == NULL)
			continue;
		REQUIRE(fc_json_kind(node) == FC_JSON_OBJECT);
		found = fc_json_member(node, name);
		REQUIRE(fc_json_kind(found) != FC_JSON_ABSENT);
		if (*name != '\0' && strchr(name, '.') == NULL &&
			strlen(name) < NAMEDATALEN)
			REQUIRE(fc_json_path(node, name).node == found.node);
	}
	REQUIRE(count == 0 || count == fc_json_count(node));
	return all;
}

/* See if the source is where it should be, and the same value. */
static void
check_source(FcJsonNode node, const char *text, Size length)
{
	FcJsonNode	root;
	FcJson	   *copy;
	const char *source;
	Size		source_length;
	int64		number;
	int64		same;

	source = fc_json_source(node, &source_length);
	REQUIRE(source >= text && source_length > 0 &&
			source + source_length <= text + length);

	copy = parse(source, source_length);
	REQUIRE(copy != NULL);
	root = fc_json_root(copy);
	REQUIRE(fc_json_kind(root) == fc_json_kind(node));
	REQUIRE(fc_json_count(root) == fc_json_count(node));
	if (fc_json_int64(node, &number))
		REQUIRE(fc_json_int64(root, &same) && same == number);
	if (fc_json_kind(node) == FC_JSON_BOOL)
		REQUIRE(fc_json_bool(root) == fc_json_bool(node));
}

/* A string is refused, or survives being written and read again. */
static void
check_string(FcJsonNode node)
{
	const char *volatile string = NULL;
	StringInfoData buffer;
	FcJson	   *copy;

	SHIM_TRY(string = fc_json_string(node));
	if (string == NULL)
	{
		REQUIRE(shim_sqlstate == ERRCODE_UNTRANSLATABLE_CHARACTER);
		return;
	}
	initStringInfo(&buffer);
	fc_json_append_string(&buffer, string);
	copy = parse(buffer.data, buffer.len);
	REQUIRE(copy != NULL);
	REQUIRE(strcmp(fc_json_string(fc_json_root(copy)), string) == 0);
}

/* Parse a copy, so that nothing behind it can be read unseen. */
static FcJson *
parse(const char *text, Size length)
{
	return fc_json_parse(pnstrdup(text, length), length);
}
