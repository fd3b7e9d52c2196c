/*
 * session: one client and what is done for it. Two symmetric halves; what
 * happens at the moment is its phase; session_end is the only way out.
 *
 *     request   the client's request is read and answered (HTTP, cases 3 and 5)
 *     dial      a server or peer is being connected, or on trial
 *     relay     bytes go both ways until both sides have said FIN
 *     linger    the last answer is out, what the client still says is thrown away
 *
 * Memory: an idle session owns this struct and nothing else: no buffers while
 * nothing is pending. Events are edge-triggered and stay as they are, so what
 * is known of a descriptor (readable) stands in flags.
 */
#ifndef FAIRLEAD_SESSION_H
#define FAIRLEAD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "crowd.h"
#include "end.h"
#include "half.h"
#include "setup.h"
#include "wheel.h"
#include "worker.h"

/* What a client says before its relay is committed is kept up to this (spec 8); so is a request head (HTTP_HEAD_MAX). */
#define SESSION_SAID_MAX 16384

/*
 * Reads of one half before others get their turn, however little they give: a
 * TLS record may hold a single byte, and costs some microseconds all the same.
 */
#define SESSION_READS 128

struct session;

struct phase {
	const char *name;
	/* Something happened to this half; its flags are up to date, what was pending for it has been tried. `what`: EV_READ, EV_WRITE, EV_CLOSED. */
	void (*ready)(struct session *s, struct half *h, short what);
	/* Its deadline has come. */
	void (*due)(struct session *s);
	/* Its turn has come, after session_run_later. */
	void (*run)(struct session *s);
};

struct dial;
struct request;

struct session {
	struct half client, server;
	const struct phase *phase;
	struct worker *worker;
	struct listener *listener;  /* its setup is held */
	struct server *real;        /* the real server that counts it; NULL: none */
	struct bytes *said;         /* what the client has said, for the next candidate or the parser; NULL: nothing kept */
	struct dial *dial;          /* candidates, while peers are dialled, and after that while `unheard` may be */
	struct request *request;    /* parser state, in phase request */
	union {
		void (*then)(struct session *s);      /* preface, hello: when it has been read */
		void (*otherwise)(struct session *s); /* dial: when no real server is left */
	};
	void (*unheard)(struct session *s); /* relay: the server has ended before anybody said anything; NULL: that is final */
	struct wheel_entry deadline;
	struct session *next, **link; /* in the worker's queue; link NULL: not */
	uint32_t active;            /* tick of the last byte; linger: of our FIN */
	uint32_t began;             /* relay: tick */
	uint16_t dialled;           /* index into listener->conf->listen */
	uint8_t why;                /* linger: enum end */
	bool moved;                 /* relay: a byte or FIN has passed */
	bool sampled;               /* its round trip was measured */
	bool from_site;             /* case 1 */
	bool served;                /* https: as request_begin's */
	bool local;                 /* counted in listener->count->local */
	struct crowd_place crowd;   /* where it counts for client_sessions */
	uint64_t tried;             /* real servers that failed: pool_bit */
	struct addr *told;          /* where the client connected to, by its PROXY header; NULL: to listener->conf->listen[dialled] */
	struct addr address;        /* of the client; the one that a PROXY header names */
};

/* Before the first session of a worker, and after the last. */
void session_worker_init(struct worker *w);
void session_worker_stop(struct worker *w);

/* Ends all sessions of a worker. */
void session_end_all(struct worker *w, enum end why);

/*
 * A new session for an accepted descriptor, which it owns from now on. Its
 * phase is the caller's to set. NULL: no memory (fd is closed with RST).
 */
struct session *session_new(struct worker *w, struct listener *l, uint16_t dialled, int fd, const struct addr *client);

/* The end. `s` is gone afterwards. */
void session_end(struct session *s, enum end why);

/* Its phase's `due` is called after so many ticks of the wheel, instead of what was set before. */
void session_due(struct session *s, uint32_t ticks);

/* Its phase's `run` is called in the next round of the loop, after everybody else who has something to do. */
void session_run_later(struct session *s);
/* The same for what takes long: one of those who ask for this is called a round, first come, first served. */
void session_run_in_line(struct session *s);

/* The address that the client dialled, for its port (the listener's may be a wildcard). */
const struct addr *session_dialled(const struct session *s);
/* The same as the client saw it, also when we listen on a wildcard. */
struct addr session_dialled_exactly(const struct session *s);

/* From now on it is another listener's of the same setup: choose.c. */
void session_move(struct session *s, struct listener *l, uint16_t dialled);

/* Logs that its client broke the rules: once a minute at most for each of `why`, so that nobody can fill the disk. `what`: the reason. */
void session_complain(const struct session *s, enum end why, const char *what);
/* The same, and ends it. */
void session_refuse(struct session *s, enum end why, const char *what);

/* Measures once how far away its client is (rtt_sample.h). */
void session_sample(struct session *s);

/* Enters the half's event. `write`: also tell when it can be written. False: the session has ended. */
bool session_watch(struct session *s, struct half *h, bool write);

/* A connection to a server is ours from now on. */
void session_set_server(struct session *s, int fd);
/* And not any more: closed, its flags and pending bytes forgotten. */
void session_drop_server(struct session *s, bool reset);

/* Counts it in `real` (NULL: in none, any more). */
void session_count_real(struct session *s, struct server *real);

/* Room for `size` bytes, or NULL. */
struct bytes *bytes_new(size_t size);
/* Adds to *b, which may be NULL or move. False: no memory, *b is as before. */
bool bytes_add(struct bytes **b, const void *data, size_t len);

/*
 * Writes to a half; keeps what it does not take in `out` (there must be none
 * before) and asks to be told. A failure sets `broken`. False: no memory, the
 * session has ended.
 */
bool session_write(struct session *s, struct half *h, const void *data, size_t len);

/* The same behind what may be pending already. */
bool session_write_more(struct session *s, struct half *h, const void *data, size_t len);

/* The same with what is in a pipe, which is given back when it is empty. */
bool session_write_pipe(struct session *s, struct half *h, struct pipe *pipe);

/* Writes what is pending. */
void session_flush(struct session *s, struct half *h);

/* The thread's setup or the process is going: connections are not kept for another request. */
bool session_is_last(const struct session *s);

#endif
