/*
 * check_kind: what check.c and the kinds share; nobody else includes it.
 *
 *     check.c        the table of kinds; a check is made and given back
 *     check_KIND.c   what is said and what is expected
 *     check_stream.c a probe over one TCP connection: connect, send, receive
 *     check_secure.c the same inside TLS
 *     check_datagram.c a probe over one datagram socket
 *     check_schedule.c when a probe starts, how long it may take, what its result means
 *
 * A probe ends in one place, check_end, whoever ends it.
 */
#ifndef FAIRLEAD_CHECK_KIND_H
#define FAIRLEAD_CHECK_KIND_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include "check.h"
#include "check_response.h"
#include "helper.h"

/* One read; the largest thing that a kind wants whole is bigger, and is collected. */
#define CHECK_SCRATCH 16384

/* `expect` of a tcp check is looked for in this many bytes: a greeting, not a page. Matching starts
   anew with each piece that comes, so a server that trickles would make more dear. */
#define CHECK_EXPECT_MAX 4096

struct idle_channel;
struct tls_context;
struct ssl_st; /* OpenSSL's SSL */

struct checker {
	struct event_base *base;
	struct resolver *resolver;
	struct tls_context *contexts; /* check_secure.c */
	struct idle_channel *idle;    /* check_dns.c */
	struct helpers helpers;       /* check_exec.c */
	uint32_t places;              /* given out so far: check_place */
	int64_t shortage_said;        /* ns: when it was last told that probes are postponed; 0: never */
	struct checker_counts counts;
	uint8_t scratch[CHECK_SCRATCH]; /* of whoever reads at the moment */
};

enum stream_stage { STREAM_CONNECTING, STREAM_SHAKING /* hands: TLS */, STREAM_OPEN };

/* A probe's connection. */
struct stream {
	struct event io;
	int fd;                       /* -1: none */
	enum stream_stage stage;
	bool heard;                   /* at least one byte came (inside TLS, if there is any) */
	struct ssl_st *ssl;           /* NULL: plain */
	const char *out;              /* still to be sent; borrowed from the check */
	size_t out_left;
	int64_t connect_time;         /* ns */
};

struct check_kind {
	/* Prepares what all probes share; false: no memory. May be NULL. */
	bool (*prepare)(struct check *k);
	/* Begins a probe: it ends by check_end or check_postpone, at once or later. */
	void (*start)(struct check *k);
	/* The time set last has come: the probe has to be ended. */
	void (*time_up)(struct check *k);
	/* Gives back what the probe holds. */
	void (*stop)(struct check *k);
	/* Gives back what `prepare` made, besides k->own. May be NULL. */
	void (*release)(struct check *k);
	/* Gives back what the kind kept in the checker for the next probes; no check is left. May be NULL. */
	void (*forget)(struct checker *c);
};

struct check {
	struct checker *checker;
	const struct conf_check *conf;
	const struct check_kind *kind;
	struct addr address, source;
	char *service;                /* without final dot; owned, may be NULL */
	char *host;                   /* of it, what is asked for; likewise */
	const struct check_preface *preface; /* NULL: none */
	struct check_sink sink;
	struct tls_context *tls;      /* NULL: no TLS */
	uint32_t agent;               /* numbers that were said last, agent_pack; 0: none */
	void *own;                    /* the kind's, made in `prepare`; freed with the check */

	struct check_times times;
	struct event timer;           /* the next start; during a probe: its end */
	int64_t due, started;         /* ns: when the last probe was to start, and when it did */
	int64_t deadline;             /* ns: of the probe under way */
	bool running;
	bool began_before;            /* the probe under way began before check_force_down */

	struct check_history history;
	bool drains;                  /* the last result that passed said so */
	enum check_result result;
	uint32_t detail;
	uint32_t rtt_us;

	/* of the probe under way, by kind */
	struct stream stream;
	const struct stream_talk *talk;
	const struct datagram_talk *datagram;
	struct check_response response;      /* http */
	char *request; size_t request_len;   /* http: the same bytes each time */
	uint8_t *collected; size_t ncollected; /* bytes that a regex wants to see */
};

/* --- check_schedule.c --- */

/* Begins the schedule of a check that is whole otherwise: it has its own place among the others. */
void check_begin(struct check *k);
/* Ends it, and the probe under way without a result. */
void check_stop(struct check *k);

/* The probe has ended. `took`: ns, for the smoothed response time. */
void check_end(struct check *k, enum check_result result, uint32_t detail, int64_t took);
/* The probe could not begin for want of means of ours: no result, it is tried again soon. */
void check_postpone(struct check *k, const char *why);
/* What we lack ourselves (errno) says nothing about the one that is asked: the probe is postponed. */
bool check_is_our_lack(int error);
/* Moves the moment of time_up; never past the probe's deadline. */
void check_set_time(struct check *k, int64_t at);
/* ns since the probe began. */
int64_t check_took(const struct check *k);

/* --- check_stream.c --- */

struct stream_talk {
	/* Set stream.out here, if anything is to be said. With `tls` it is called after the handshake; after stream_secure, once more. */
	void (*connected)(struct check *k);
	/* More may be said here, too; it is sent at once. */
	void (*data)(struct check *k, const uint8_t *p, size_t n);
	void (*closed)(struct check *k, bool reset);              /* FIN, or RST */
};

void stream_start(struct check *k, const struct stream_talk *talk);
void stream_stop(struct check *k);
void stream_say(struct check *k, const char *text, size_t n); /* borrowed until sent */
/* STARTTLS: the handshake begins. False: no means, and the probe has been postponed. */
bool stream_secure(struct check *k);
/* What it means that nothing came up to now. */
enum check_result stream_silence(const struct check *k);
/* Adds to k->collected, up to `max` in all. False: full, or no memory. */
bool stream_collect(struct check *k, const uint8_t *p, size_t n, size_t max);
/* What a failed connect or handshake means. */
enum check_result stream_result_of(int error);

/* --- check_datagram.c --- */

struct datagram_talk {
	void (*data)(struct check *k, const uint8_t *p, size_t n); /* one datagram, in the checker's scratch memory */
	void (*failed)(struct check *k, int error);                /* errno, as the network has it */
};

/* Takes `fd` over, and sends. */
void datagram_start(struct check *k, int fd, const struct datagram_talk *talk, const void *message, size_t n);
void datagram_stop(struct check *k);

/* --- check_secure.c: TLS of a stream --- */

/* What all checks with the same settings share (the trusted certificates are big). NULL: no memory. */
struct tls_context *secure_context_get(struct checker *c, const struct conf_check *conf);
void secure_context_put(struct checker *c, struct tls_context *t);

bool secure_begin(struct check *k);
void secure_end(struct check *k);

enum secure_progress { SECURE_DONE, SECURE_WAITS, SECURE_FAILED };
/* Goes on with the handshake. SECURE_FAILED: *result and *detail say why. */
enum secure_progress secure_shake(struct check *k, enum check_result *result, uint32_t *detail);
/* As recv and send: bytes, 0 (recv: the end), or -1 with errno EAGAIN or ECONNRESET. */
ssize_t secure_recv(struct check *k, void *buffer, size_t n);
ssize_t secure_send(struct check *k, const void *data, size_t n);

/* --- check_agent.c --- */

struct agent_state;
/* Ends the probe by a line of an agent, which changes `s`. */
void check_end_as_said(struct check *k, struct agent_state *s, const char *line, size_t n, int64_t took);

/* --- the kinds, a file each --- */

extern const struct check_kind check_kind_tcp, check_kind_http, check_kind_tls, check_kind_pop3, check_kind_smtp,
	check_kind_imap, check_kind_ftp, check_kind_dns, check_kind_agent,
	check_kind_icmp, check_kind_udp, check_kind_exec;

#endif
