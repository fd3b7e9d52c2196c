/*
 * tls: a half of a session inside TLS. With half.tls NULL all of this is what
 * the system calls do; who handles halves that may be either uses these.
 */
#ifndef FAIRLEAD_TLS_H
#define FAIRLEAD_TLS_H

#include <sys/socket.h>
#include <sys/types.h>
#include "half.h"

ssize_t tls_recv(struct half *h, void *buf, size_t size);
ssize_t tls_send(struct half *h, const void *data, size_t len);

/*
 * As recv: bytes, 0 (the end), or -1 with errno. With TLS, read until it says EAGAIN: a short read does not mean that nothing
 * is left; ECONNABORTED is FIN without close_notify: something may be missing; EINTR is much that held no bytes: others
 * should have their turn before it is read on.
 */
static inline ssize_t half_recv(struct half *h, void *buf, size_t size)
{
	return h->tls ? tls_recv(h, buf, size) : recv(h->fd, buf, size, 0);
}

/* As send, without SIGPIPE. What was not taken must be the first that is tried next. */
static inline ssize_t half_send(struct half *h, const void *data, size_t len)
{
	return h->tls ? tls_send(h, data, len) : send(h->fd, data, len, h->last ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
}

/* No more will be said: close_notify, and FIN. */
void half_finish(struct half *h);
/* close_notify alone, where a close says FIN at once. */
void tls_finish(struct half *h);

/*
 * half.tls, from now on over half.fd. The half stays where it is. False: no memory.
 * Sockets are read a buffer at a time, and not again until an event has come
 * when that has emptied them; so half.dry has to be kept right (session.c).
 */
bool tls_attach(struct half *h, struct ssl_st *tls);

enum tls_progress { TLS_DONE, TLS_WAITS, TLS_FAILED };

/*
 * Goes on with the handshake; it says by itself when it has to write.
 * TLS_FAILED: *why, a static text. The alert for it is out.
 */
enum tls_progress tls_shake(struct half *h, bool *wants_write, const char **why);

/* The server name that the other side wanted; NULL: none. Good as long as half.tls. */
const char *tls_wanted_name(const struct half *h);

/* Takes half.tls away. */
void tls_drop(struct half *h);

#endif
