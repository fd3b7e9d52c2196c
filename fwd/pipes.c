#include "pipes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct pipe *make(void)
{
	struct pipe *pipe = calloc(1, sizeof *pipe);
	int ends[2];
	if (!pipe || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(pipe);
		return NULL;
	}
	pipe->out = ends[0];
	pipe->in = ends[1];
	/* When that is refused (pipe-user-pages-soft) the default of 64 KiB does, too. */
	(void)fcntl(pipe->in, F_SETPIPE_SZ, PIPE_BYTES);
	return pipe;
}

static void destroy(struct pipes *p, struct pipe *pipe)
{
	close(pipe->in);
	close(pipe->out);
	free(pipe);
	p->n--;
}

struct pipe *pipes_take(struct pipes *p)
{
	struct pipe *pipe = p->free;
	if (pipe) {
		p->free = pipe->next;
		return pipe;
	}
	if (p->n >= p->max)
		return NULL;
	pipe = make();
	if (pipe)
		p->n++;
	return pipe;
}

void pipes_give(struct pipes *p, struct pipe *pipe)
{
	if (pipe->bytes) {
		destroy(p, pipe);
		return;
	}
	pipe->next = p->free;
	p->free = pipe;
}

bool pipes_drop(struct pipes *p)
{
	struct pipe *pipe = p->free;
	if (!pipe)
		return false;
	p->free = pipe->next;
	destroy(p, pipe);
	return true;
}

void pipes_free(struct pipes *p)
{
	while (pipes_drop(p))
		;
}

ssize_t pipe_fill(struct pipe *pipe, int fd)
{
	ssize_t n = splice(fd, NULL, pipe->in, NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		pipe->bytes += (size_t)n;
	return n;
}

ssize_t pipe_empty(struct pipe *pipe, int fd)
{
	ssize_t n = splice(pipe->out, NULL, fd, NULL, pipe->bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		pipe->bytes -= (size_t)n;
	return n;
}
