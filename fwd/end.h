/*
 * end: why a session ended. One list for the log, the counters and the tests.
 */
#ifndef FAIRLEAD_END_H
#define FAIRLEAD_END_H

#include <stdbool.h>

enum end {
	END_DONE,            /* both sides have said FIN */
	END_CLIENT_RESET,    /* RST from the client, passed on */
	END_SERVER_RESET,    /* RST from the server or peer, passed on */
	END_ANSWERED,        /* we answered, and the client is gone */
	END_CLIENT_TIMEOUT,  /* no request within client_timeout */
	END_IDLE,            /* nothing moved for idle_timeout */
	END_UNSERVED,        /* nobody left who could serve it (case 5) */
	END_DRAIN,           /* still open at the end of drain_timeout */
	END_RESOURCES,       /* out of descriptors, ports or memory */
	END_BAD_PROXY,       /* PROXY header missing, malformed, too long or late */
	END_SERVER_DOWN,     /* UDP: its server is down by its check, and silent */
	END_EVICTED,         /* UDP: made room for a newer one */
	END_BAD_HELLO,       /* no TLS hello, a malformed one, or half of one */
	END_UNKNOWN_NAME,    /* its server name is nobody's */
	END_BAD_HANDSHAKE,   /* the client's TLS handshake failed */
	END_PEER_HANDSHAKE,  /* ours with a peer; the next one is tried */
	END_NO_SOURCE,       /* no address or port of ours is free towards a server or peer; the next one is tried */
	END_COUNT
};

const char *end_text(enum end e);

/*
 * How the client's and the server's connection are closed: with RST where a
 * FIN would pass something unfinished off as whole.
 */
bool end_resets_client(enum end e);
bool end_resets_server(enum end e);

#endif
