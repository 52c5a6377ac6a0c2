/*
 * parse.h
 *		What the value of an option means.
 */
#ifndef FC_PARSE_H
#define FC_PARSE_H

#define FC_PARSE_DAY	(24.0 * 60 * 60 * 1000) /* in milliseconds */

typedef struct FcOption FcOption;

/*
 * Parses value into target, whose type only the parser and the option's
 * offsets know.  Returns NULL, or a sentence that says what is valid.
 */
typedef const char *FcOptionParser(const FcOption *option, const char *value,
								   void *target);

struct FcOption
{
	const char *name;
	int			places;			/* where it may stand, as bits */
	FcOptionParser *parse;
	const char *standard;		/* the default, as a user would write it */
	size_t		in_server;		/* offset in FcServer, 0 if it is not there */
	size_t		in_table;		/* offset in FcTable, 0 if it is not there */
	double		min;
	double		max;
	bool		zero;			/* 0 is valid too, and means no limit */
	bool		hidden;			/* may hold a secret: no message quotes it */
	const char *const *words;	/* the valid ones, NULL ends */
};

extern FcOptionParser fc_parse_boolean;
extern FcOptionParser fc_parse_integer;
extern FcOptionParser fc_parse_number;
extern FcOptionParser fc_parse_duration;
extern FcOptionParser fc_parse_age;
extern FcOptionParser fc_parse_size;
extern FcOptionParser fc_parse_word;
extern FcOptionParser fc_parse_either;
extern FcOptionParser fc_parse_text;
extern FcOptionParser fc_parse_header;
extern FcOptionParser fc_parse_key;
extern FcOptionParser fc_parse_url;
extern FcOptionParser fc_parse_proxy;
extern FcOptionParser fc_parse_proxy_user;
extern FcOptionParser fc_parse_zone;
extern FcOptionParser fc_parse_resource;
extern FcOptionParser fc_parse_path;
extern FcOptionParser fc_parse_field;

extern const char *fc_parse_property(const char *field);

#endif							/* FC_PARSE_H */
