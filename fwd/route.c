#include "route.h"

/*
 * case  from a site  server up, not set down  below capacity  protocol  peer           route
 *  1    yes          yes                      any             any       any            LOCAL
 *  1    yes          no                       any             any       any            RESET
 *  2    no           yes                      yes             any       any            LOCAL
 *  3    no           else                                     http      any            REQUEST
 *  4    no           else                                     tcp, udp  for relay      RELAY
 *  5    no           else                                     http      none           UNAVAILABLE
 *  5    no           else                                     tcp, udp  none for relay RESET
 *
 * Case 1 never goes on to another site, so there can be no loop. It doesn't
 * look at capacity: a site that is full must not look dead to the checks.
 */
enum route route_connection(const struct route_input *in)
{
	bool local = in->server_up && !in->own_set_down;
	bool room = in->capacity == 0 || in->sessions < in->capacity;

	if (in->from_site)
		return local ? ROUTE_LOCAL : ROUTE_RESET;
	if (local && room)
		return ROUTE_LOCAL;
	if (in->protocol == FWD_HTTP)
		return in->peer_for_redirect || in->peer_for_relay ? ROUTE_REQUEST : ROUTE_UNAVAILABLE;
	return in->peer_for_relay ? ROUTE_RELAY : ROUTE_RESET;
}

/*
 * verdict  check        peer          then
 * ERROR                               its status
 * other    MISDIRECTED                421
 * RELAY                 for relay     RELAY
 * RELAY                 none          503; RESET for TLS and HTTP/2, to which that would be noise
 * HEAD     SEND         for redirect  REDIRECT
 * HEAD     RELAY        for relay     RELAY
 * HEAD     else                       503
 */
enum route_request route_request(const struct route_request_input *in, unsigned *status)
{
	bool must_relay = in->verdict == HTTP_RELAY || in->check == REDIRECT_CHECK_RELAY;

	*status = 503;
	if (in->verdict == HTTP_ERROR) {
		*status = in->status;
		return ROUTE_REQUEST_STATUS;
	}
	if (in->check == REDIRECT_CHECK_MISDIRECTED) {
		*status = 421;
		return ROUTE_REQUEST_STATUS;
	}
	if (must_relay && in->peer_for_relay)
		return ROUTE_REQUEST_RELAY;
	if (!must_relay && in->peer_for_redirect)
		return ROUTE_REQUEST_REDIRECT;
	return in->verdict == HTTP_RELAY && !in->http1 ? ROUTE_REQUEST_RESET : ROUTE_REQUEST_STATUS;
}

const char *route_name(enum route r)
{
	static const char *const names[] = {
		[ROUTE_LOCAL] = "local", [ROUTE_REQUEST] = "request", [ROUTE_RELAY] = "relay",
		[ROUTE_UNAVAILABLE] = "unavailable", [ROUTE_RESET] = "reset"
	};

	return names[r];
}
