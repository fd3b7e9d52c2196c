/*
 * pipes: pipes for splice(2), which moves a bulk flow's bytes from socket to
 * socket without copying them. A worker keeps a few; a direction of a session
 * has one only while bytes are stuck in it.
 */
#ifndef FAIRLEAD_PIPES_H
#define FAIRLEAD_PIPES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Flows of one worker that can be stuck by splice at a time; others copy. Each
 * holds at most PIPE_BYTES of the kernel's memory, so this bounds it.
 */
#define PIPES_MAX 32
#define PIPE_BYTES (256 * 1024)

struct pipe {
	int in, out;            /* write and read end */
	size_t bytes;           /* in it */
	struct pipe *next;
};

struct pipes {
	struct pipe *free;
	unsigned n;             /* all, those that sessions have included */
	unsigned max;           /* how many there may be: descriptors are scarce */
};

/* An empty one, or NULL: there is none to be had. */
struct pipe *pipes_take(struct pipes *p);
/* Gives it back; with bytes left in it, they are thrown away. */
void pipes_give(struct pipes *p, struct pipe *pipe);
/* One that nobody uses makes way. False: there is none. */
bool pipes_drop(struct pipes *p);
void pipes_free(struct pipes *p);

/* Bytes from a socket into an empty pipe, as recv. */
ssize_t pipe_fill(struct pipe *pipe, int fd);
/* Bytes from the pipe to a socket, as send: how many, or -1. */
ssize_t pipe_empty(struct pipe *pipe, int fd);

#endif
