/* udp_parts: what the files of udp.h share; nobody else includes it. */
#ifndef FAIRLEAD_UDP_PARTS_H
#define FAIRLEAD_UDP_PARTS_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include "crowd.h"
#include "flows.h"
#include "route.h"
#include "udp.h"

/* Datagrams of one system call; the cost of the call has vanished by then. */
#define UDP_BATCH 64
/* Of one flow's socket: others want to be heard in this wake-up, too. */
#define UDP_REPLY_BATCH 32
/* The largest datagram has 65,507 bytes; so much may also be coalesced ones. Pages that nothing comes into are never touched. */
#define UDP_BYTES 65536
/* in_pktinfo or in6_pktinfo, and the length of segments, each with its header. */
#define UDP_CONTROL 96

/* Datagrams that are received and sent in place. */
struct udp_batch {
	struct mmsghdr messages[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct addr names[UDP_BATCH];
	uint16_t segment[UDP_BATCH];    /* not 0: several datagrams of this length, the last may be shorter */
	_Alignas(8) uint8_t control[UDP_BATCH][UDP_CONTROL];
	uint8_t *bytes;                 /* UDP_BATCH x UDP_BYTES */
};

/* Which of our addresses a client asked, where the socket is bound to all. */
struct asked {
	uint8_t bytes[16];
	uint32_t interface;             /* only for link-local ones, else 0: the way back may be another */
};

struct udp_socket;

/* Towards peers, until the first reply. */
#define FLOW_PEERS_MAX 16
struct flow_peers {
	uint16_t members[FLOW_PEERS_MAX]; /* candidates, best first */
	uint8_t n, at, target;
	uint32_t turn;                  /* of our sources */
};

struct flow {
	struct flow_entry entry;        /* first */
	struct wheel_entry deadline;
	struct event event;
	struct udp_socket *socket;
	struct listener *listener;      /* its setup is held */
	struct server *real;            /* that counts it; NULL: none */
	struct flow_peers *peers;
	uint8_t *said;                  /* until the first reply: what the client said, each with its length (16 bits) before it */
	uint32_t said_len;
	struct flow *next, **link;      /* among the young of its socket, oldest first; link NULL: not */
	struct flow *touched;           /* the next one that has datagrams in the batch */
	uint32_t active;                /* tick of the last datagram */
	uint16_t first, last, n;        /* its datagrams in the batch */
	uint16_t member;                /* the peer's, while real is NULL */
	uint64_t tried;                 /* pool_bit */
	struct crowd_place crowd;       /* where it counts for client_sessions */
	struct addr client;
	struct asked asked;
	int fd;                         /* -1: none yet */
	bool from_site;
	bool local;                     /* counted in listener->count->local */
	bool heard;                     /* there was a reply: it stays with its server */
	bool waits;                     /* the client's last datagram has not been answered */
	bool settled;                   /* the client has spoken after a reply */
};

struct udp_socket {
	struct event event;
	int fd;
	bool any;                       /* bound to a wildcard */
	uint16_t dialled;               /* index into listener->conf->listen */
	struct udp *udp;
	struct listener *listener;      /* NULL: retired, no new flows */
	struct listen_group *group;
	struct addr address;
	uint64_t number;                /* for flow_key */
	struct flow *young, **young_end; /* those without a second word from their client */
	struct udp_socket *next;
};

struct udp {
	struct worker *worker;
	struct udp_socket *sockets;
	struct flows flows;
	struct wheel wheel;
	struct event tick;
	uint64_t sockets_made;
	size_t said_bytes;              /* of all flows */
	struct flow *free;
	struct flow_slab *slabs;
	bool ticking;
	event_callback_fn on_server;    /* a flow's own socket can be read; `arg` is the flow */
	/* from clients */
	struct udp_batch in;
	uint16_t chain[UDP_BATCH];      /* the next datagram of the same flow */
	struct mmsghdr say[UDP_BATCH];  /* those of one flow */
	/* to clients */
	struct udp_batch out;
	struct udp_socket *out_socket[UDP_BATCH];
	unsigned nout;
	struct event flush;
};

/* --- udp_message.c --- */

/* False: no memory. */
bool batch_init(struct udp_batch *b);
/* Ready to receive into i. `names`: with the sender's address. */
void batch_prepare(struct udp_batch *b, unsigned i, bool names);
/* Receives up to `n` into those from `at` on, and reads their segment lengths. As recvmmsg. */
int batch_receive(struct udp_batch *b, int fd, unsigned at, unsigned n);
/* Which address was asked. False: it doesn't say. */
bool batch_asked(const struct udp_batch *b, unsigned i, struct asked *out);
/* How i is to be sent: from `asked` (NULL: no matter), in segments. The length is what was received. */
void batch_address(struct udp_batch *b, unsigned i, const struct asked *asked, int family);
/* Datagrams in i. */
uint64_t batch_count(const struct udp_batch *b, unsigned i);

/* Sends; returns how many, and with fewer than n *error says what is wrong with the next one. */
unsigned udp_send(int fd, struct mmsghdr *m, unsigned n, int *error);
/* Sends one that was refused with its segments, one by one. */
void udp_send_split(int fd, const struct msghdr *m, uint16_t segment);

/* --- udp_life.c --- */

bool udp_flows_init(struct udp *u);
void udp_flows_free(struct udp *u);

/* Memory for a flow, all zero, and back; NULL: there is none. */
struct flow *flow_take(struct udp *u);
void flow_give(struct udp *u, struct flow *f);

/* The end. It is gone afterwards. */
void flow_end(struct flow *f, enum end why);

/* A reply has come, or the client has spoken again. */
void flow_heard(struct flow *f);
void flow_settle(struct flow *f);

/* What the client said is kept for the next candidate; over the limits it isn't. */
void flow_keep(struct flow *f, const void *bytes, size_t len, uint16_t segment);
void flow_forget_said(struct flow *f);

/* The youngest of its socket. */
void flow_join_young(struct flow *f);

/* Ticks without a datagram after which it ends. */
uint32_t flow_quiet_limit(const struct flow *f);
/* The wheel's callback: it ends, or is looked at later; `arg` is the udp. */
void flow_due(void *arg, struct wheel_entry *e);

/* A moment in which quiet flows end: the process is draining. */
void udp_drain(struct udp *u);

/* Runs the clock while anybody needs it. */
void udp_tick(struct udp *u);

/* --- udp_dial.c --- */

/* A new flow gets a socket to the server or peer that route chose. False: nobody is left, it has ended. */
bool flow_begin(struct flow *f, enum route r);

/* Its socket says that the server or peer can't be reached. Goes on to the next one, or ends. */
void flow_failed(struct flow *f, int error);

/* The error is the server's or the way's, not that of one datagram or ours. */
bool flow_is_failure(int error);

/* --- udp_flow.c --- */

/* The flow of this datagram in u->in, a new one perhaps; NULL: it is to be dropped. */
struct flow *flow_of(struct udp_socket *l, unsigned i);

/* One of its young flows ends if another thread wants a place for a newcomer. */
void udp_give_way(struct udp_socket *l);

/* --- udp_reply.c --- */

void udp_reply_init(struct udp *u);
/* Its own socket has met this error. Afterwards it may have ended. */
void flow_trouble(struct flow *f, int error);
/* Sends what was gathered. */
void udp_flush(struct udp *u);

#endif
