/*
 * redirect: where a request is sent instead (spec 8). All that does not depend
 * on the request, hosts of the members, the names of the loop guard, is laid
 * out once for each listener; nothing of a request ever becomes part of HOST.
 *
 *     http_parse -> HTTP_HEAD -> redirect_check -> REDIRECT_CHECK_SEND -> peers_choose -> redirect_write
 *                                               -> REDIRECT_CHECK_RELAY         relay it
 *                                               -> REDIRECT_CHECK_MISDIRECTED   421
 *
 * A listener of a wildcard service (*.app) relays: the name that the client
 * meant is known from its Host alone, and that may not go into Location.
 */
#ifndef FAIRLEAD_REDIRECT_H
#define FAIRLEAD_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "conf.h"
#include "http.h"
#include "service.h"

/* The longest target with every byte escaped, the longest host, and the fixed lines. */
#define REDIRECT_REPLY_MAX (3 * HTTP_TARGET_MAX + 1024)
#define REDIRECT_WHY_MAX 400

struct redirect;

/*
 * The rules of one listener. conf, listener and service are borrowed and must
 * outlive it. NULL: `why` (REDIRECT_WHY_MAX bytes) says what is wrong with the
 * configuration (a template that gives no host name), or that memory is out.
 * Immutable afterwards: any thread may use it.
 */
struct redirect *redirect_new(const struct conf *conf, const struct conf_listener *listener,
                              const struct service *service, char *why);
void redirect_delete(struct redirect *r);

enum redirect_check { REDIRECT_CHECK_SEND, REDIRECT_CHECK_RELAY, REDIRECT_CHECK_MISDIRECTED };

/*
 * May this request be redirected? `buf`: what `h` was parsed from. `dialled`:
 * the address that the client connected to (getsockname), which stands in for
 * the listener's when that is a wildcard; NULL: unknown.
 */
enum redirect_check redirect_check(const struct redirect *r, const struct http_head *h, const char *buf,
                                   const struct addr *dialled);

/* Does a redirect lead to this host (lower case, no final dot), or is none ever given? Then its client is not redirected again. */
bool redirect_leads_to(const struct redirect *r, const char *host);

/* False: this member has no host to redirect to (no address for `to = "address"`): relay or take the next. */
bool redirect_can_name(const struct redirect *r, uint16_t member);

/*
 * The whole answer, head only, into `out` (REDIRECT_REPLY_MAX bytes are always
 * enough). Returns the length, or 0 when it does not fit or the member has no
 * host.
 */
struct redirect_reply {
	uint16_t member;
	const struct addr *dialled; /* gives the port and, for `to = "address"`, the family that is preferred */
	bool close;                 /* the connection ends behind it */
	const char *date;           /* http_date; NULL: no clock */
};
size_t redirect_write(const struct redirect *r, const struct http_head *h, const char *buf, const struct redirect_reply *reply,
                      char *out, size_t size);

/* The status by the method rule: 301 and 302 become 308 and 307 for methods with a meaning of their own. */
unsigned redirect_status(const struct redirect *r, const struct http_head *h);

#endif
