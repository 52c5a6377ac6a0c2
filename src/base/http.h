/*
 * http.h
 *		Send one HTTP request and wait for its answer, within limits.
 *
 * Only http.c and url.c know libcurl.
 */
#ifndef FC_HTTP_H
#define FC_HTTP_H

#include "base/outcome.h"
#include "nodes/pg_list.h"

/* How a connection is made; strings must outlive the connection. */
typedef struct FcHttpOptions
{
	const char *ca_file;		/* NULL: libcurl's default */
	const char *proxy;			/* with user and password, if it wants them;
								 * NULL: none, whatever the environment says */
	const char *user_agent;
	int			connect_timeout_ms;
	int			request_timeout_ms;
	int64		max_response_size;	/* decoded bytes */
} FcHttpOptions;

/* Kept alive between requests; lives in the context it was made in. */
typedef struct FcHttpConnection FcHttpConnection;

typedef struct FcHttpRequest
{
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated */
	const char *body;			/* NULL if none */
	Size		length;
	void		(*started) (void *arg); /* called once, when the first byte is
										 * about to be sent; must not throw */
	void	   *arg;
} FcHttpRequest;

typedef struct FcHttpResponse
{
	FcOutcome	outcome;
	const char *reason;			/* why not answered: in libcurl's words */
	bool		was_stale;		/* lost because a kept connection was dead */
	bool		proxy_wants_login;	/* the proxy refused our credentials, or
									 * the lack of them */
	int			status;			/* 0 if no status line came */
	char	   *body;			/* terminated by a NUL not counted in length */
	Size		length;
	int64		bytes_received; /* on the wire, headers included */
	double		milliseconds;	/* taken, connecting included */
	List	   *headers;		/* of "name: value", the name in lower case */
} FcHttpResponse;

extern FcHttpConnection *fc_http_connect(const FcHttpOptions *options);
extern FcHttpResponse *fc_http_perform(FcHttpConnection *connection,
									   const FcHttpRequest *request);
extern const char *fc_http_header(const FcHttpResponse *response,
								  const char *name);

#endif							/* FC_HTTP_H */
