/*
 * route: the one decision about a connection (spec 8, the table of cases 1 to
 * 5), made once, at accept; and for HTTP the second half of case 3, made when
 * the head has been read. Pure: everything known comes in as arguments.
 */
#ifndef FAIRLEAD_ROUTE_H
#define FAIRLEAD_ROUTE_H

#include <stdbool.h>
#include "conf.h"
#include "http.h"
#include "redirect.h"

enum route {
	ROUTE_LOCAL,        /* to a local real server */
	ROUTE_REQUEST,      /* read the request head, then ask route_request */
	ROUTE_RELAY,        /* to the best peer member, from the proxy IP */
	ROUTE_UNAVAILABLE,  /* HTTP: read the head, answer 503 with Retry-After, close */
	ROUTE_RESET         /* end it at once, before anything is read; a datagram is dropped */
};

struct route_input {
	bool from_site;        /* from a control or proxy address of a site, or marked as our hop */
	bool server_up;        /* a local real server can be used */
	bool own_set_down;     /* an operator set our member down (`set=down`) */
	unsigned sessions, capacity; /* of the listener, this connection not counted; capacity 0: no limit */
	enum fwd_protocol protocol;
	bool peer_for_redirect, peer_for_relay; /* a usable peer member (peers_usable) */
};

enum route route_connection(const struct route_input *in);

enum route_request {
	ROUTE_REQUEST_REDIRECT,
	ROUTE_REQUEST_RELAY,        /* with all bytes read so far */
	ROUTE_REQUEST_STATUS,       /* answer *status and close */
	ROUTE_REQUEST_RESET         /* TLS or HTTP/2, and nobody to relay to */
};

struct route_request_input {
	enum http_verdict verdict;  /* never HTTP_MORE */
	unsigned status;            /* of HTTP_ERROR */
	bool http1;                 /* http_head.http1: an HTTP answer would be understood */
	enum redirect_check check;  /* of HTTP_HEAD; of HTTP_RELAY with a Host only whether it is MISDIRECTED */
	bool peer_for_redirect, peer_for_relay;
};

/* `status` is set for ROUTE_REQUEST_STATUS: 400, 414, 421, 431, 501, 503, 505. */
enum route_request route_request(const struct route_request_input *in, unsigned *status);

const char *route_name(enum route r); /* "local", "request", "relay", "unavailable", "reset": for the log and counters */

#endif
