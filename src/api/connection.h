/*
 * connection.h
 *		A role's connection to a server, and the secrets that go over it.
 *
 * Only connection.c, and mapping.c which reads them, know an API key or
 * credentials for a proxy.
 */
#ifndef FC_CONNECTION_H
#define FC_CONNECTION_H

#include "api/mapping.h"
#include "api/option.h"
#include "base/http.h"

typedef struct FcConnection FcConnection;

extern FcConnection *fc_connection_create(const FcServer *server,
										  FcMapping *mapping);
extern FcHttpResponse *fc_connection_perform(FcConnection *connection,
											 FcHttpRequest *request,
											 bool is_fresh);
extern const char *fc_connection_hide(const FcConnection *connection,
									  const char *text);
extern const char *fc_connection_hide_secret(const char *text,
											 const char *secret);

#endif							/* FC_CONNECTION_H */
