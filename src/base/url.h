/*
 * url.h
 *		Check the URLs of options, and escape texts for URLs.
 */
#ifndef FC_URL_H
#define FC_URL_H

extern const char *fc_url_check(const char *url, char **normalized,
								char **origin);
extern const char *fc_url_check_proxy(const char *url);
extern char *fc_url_escape(const char *text);
extern char *fc_url_escape_bytes(const char *bytes);
extern const char *fc_url_shorten(const char *path);

#endif							/* FC_URL_H */
