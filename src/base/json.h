/*
 * json.h
 *		JSON documents, which live in a memory context.
 *
 * Only json.c knows cJSON.
 */
#ifndef FC_JSON_H
#define FC_JSON_H

#include "lib/stringinfo.h"

/* A parsed text and its source; freed with the context it was parsed in. */
typedef struct FcJson FcJson;

/* One value of a document.  Plain data, to be passed by value. */
typedef struct FcJsonNode
{
	const void *node;			/* cJSON's; NULL means absent */
	const FcJson *document;		/* owns it */
} FcJsonNode;

typedef enum FcJsonKind
{
	FC_JSON_ABSENT,
	FC_JSON_NULL,
	FC_JSON_BOOL,
	FC_JSON_NUMBER,
	FC_JSON_STRING,
	FC_JSON_ARRAY,
	FC_JSON_OBJECT
} FcJsonKind;

/* A walk over the members of an object or the elements of an array. */
typedef struct FcJsonIterator
{
	const void *next;
	const FcJson *document;
} FcJsonIterator;

extern FcJson *fc_json_parse(const char *text, Size length);
extern FcJsonNode fc_json_root(const FcJson *document);
extern const char *fc_json_text(const FcJson *document);
extern Size fc_json_bytes(const FcJson *document);

extern FcJsonKind fc_json_kind(FcJsonNode node);
extern FcJsonNode fc_json_member(FcJsonNode object, const char *name);
extern FcJsonNode fc_json_path(FcJsonNode object, const char *path);
extern FcJsonNode fc_json_path_of(FcJsonNode object, const char *path,
								  Size length);
extern int	fc_json_count(FcJsonNode container);

extern FcJsonIterator fc_json_iterate(FcJsonNode container);
extern bool fc_json_next(FcJsonIterator *iterator, FcJsonNode *node,
						 const char **name);

extern bool fc_json_bool(FcJsonNode node);
extern const char *fc_json_string(FcJsonNode node);
extern const char *fc_json_legible(FcJsonNode node);
extern const char *fc_json_server_string(FcJsonNode node);
extern const char *fc_json_server_name(FcJsonNode member);
extern bool fc_json_is_exact(FcJsonNode node);
extern bool fc_json_int64(FcJsonNode node, int64 *value);
extern const char *fc_json_source(FcJsonNode node, Size *length);

extern void fc_json_append_string(StringInfo buffer, const char *text);

#endif							/* FC_JSON_H */
