/*
 * check_kind: what check.c and the kinds share; nobody else includes it.
 *
 *     check.c        when a probe starts, how long it may take, what its result means
 *     check_stream.c a probe over one TCP connection: connect, send, receive
 *     check_KIND.c   what is said and what is expected
 *
 * A probe ends in one place, check_end, whoever ends it.
 */
#ifndef FAIRLEAD_CHECK_KIND_H
#define FAIRLEAD_CHECK_KIND_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include "check.h"
#include "check_response.h"

/* One read; the largest thing that a kind wants whole is bigger, and is collected. */
#define CHECK_SCRATCH 16384

/* `expect` of a tcp check is looked for in this many bytes: a greeting, not a page. Matching starts
   anew with each piece that comes, so a server that trickles would make more dear. */
#define CHECK_EXPECT_MAX 4096

struct checker {
	struct event_base *base;
	struct resolver *resolver;
	uint32_t places;              /* given out so far: check_place */
	int64_t shortage_said;        /* ns: when it was last told that probes are postponed; 0: never */
	struct checker_counts counts;
	uint8_t scratch[CHECK_SCRATCH]; /* of whoever reads at the moment */
};

/* A probe's connection. */
struct stream {
	struct event io;
	int fd;                       /* -1: none */
	bool connected;
	bool heard;                   /* at least one byte came */
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
};

struct check {
	struct checker *checker;
	const struct conf_check *conf;
	const struct check_kind *kind;
	struct addr address, source;
	char *host;                   /* owned */
	struct check_sink sink;

	struct check_times times;
	struct event timer;           /* the next start; during a probe: its end */
	int64_t due, started;         /* ns: when the last probe was to start, and when it did */
	int64_t deadline;             /* ns: of the probe under way */
	bool running;
	bool began_before;            /* the probe under way began before check_force_down */

	struct check_history history;
	enum check_result result;
	uint32_t detail;
	uint32_t rtt_us;

	/* of the probe under way, by kind */
	struct stream stream;
	const struct stream_talk *talk;
	struct check_response response;      /* http */
	char *request; size_t request_len;   /* http: the same bytes each time */
	uint8_t *collected; size_t ncollected; /* bytes that a regex wants to see */
};

/* The probe has ended. `took`: ns, for the smoothed response time. */
void check_end(struct check *k, enum check_result result, uint32_t detail, int64_t took);
/* The probe could not begin for want of means of ours: no result, it is tried again soon. */
void check_postpone(struct check *k, const char *why);
/* Moves the moment of time_up; never past the probe's deadline. */
void check_set_time(struct check *k, int64_t at);
/* ns since the probe began. */
int64_t check_took(const struct check *k);

/* --- check_stream.c --- */

struct stream_talk {
	void (*connected)(struct check *k);                       /* set stream.out here, if anything is to be said */
	void (*data)(struct check *k, const uint8_t *p, size_t n);
	void (*closed)(struct check *k, bool reset);              /* FIN, or RST */
};

void stream_start(struct check *k, const struct stream_talk *talk);
void stream_stop(struct check *k);
/* Adds to k->collected, up to `max` in all. False: full, or no memory. */
bool stream_collect(struct check *k, const uint8_t *p, size_t n, size_t max);

extern const struct check_kind check_kind_tcp, check_kind_http;

#endif
