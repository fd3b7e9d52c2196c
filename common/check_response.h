/*
 * check_response: reading an HTTP/1.x response (RFC 9112) piece by piece, as
 * strictly as a check needs: status line, the framing of the body, its bytes.
 * Pure; keeps no bytes of the head.
 */
#ifndef FAIRLEAD_CHECK_RESPONSE_H
#define FAIRLEAD_CHECK_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All heads of one response together, interim ones (1xx) included. */
#define HTTP_HEAD_MAX 16384
/* A header line is looked at this far; only framing fields matter, and they are short. */
#define HTTP_LINE_MAX 256
/* A chunk's size has at most this many digits: 2^60 is more than any check reads. */
#define HTTP_CHUNK_DIGITS 15

enum response_state {
	RESPONSE_HEAD,       /* the head is not complete */
	RESPONSE_BODY,       /* the head is, the body is not */
	RESPONSE_DONE,
	RESPONSE_MALFORMED,
	RESPONSE_TOO_LONG    /* the head exceeds HTTP_HEAD_MAX */
};

struct check_response {
	enum response_state state;
	uint16_t status;
	bool until_close;    /* no length given: the body ends with the connection */
	/* private */
	bool head_request, chunked, has_length, status_line_done;
	uint8_t chunk_part;
	uint8_t digits;
	uint64_t length;     /* bytes of body or chunk still to come */
	size_t head_bytes;
	size_t line_len;     /* of the line being read; may exceed what is kept */
	char line[HTTP_LINE_MAX];
};

/* `head_request`: the request was HEAD, so no body follows whatever the head says. */
void response_init(struct check_response *r, bool head_request);

/* Bytes of body, without chunk framing. False: enough, the rest is not wanted. */
struct response_sink {
	bool (*body)(void *arg, const uint8_t *p, size_t n);
	void *arg;
};

/*
 * Reads the next piece. Returns the state. After RESPONSE_DONE or an error
 * further bytes are ignored. When the sink wants no more the state is
 * RESPONSE_DONE. `sink` may be NULL.
 */
enum response_state response_feed(struct check_response *r, const uint8_t *p, size_t n,
                                  const struct response_sink *sink);

/* The connection ended. True: the response was complete then. */
bool response_closed(struct check_response *r);

#endif
