#include "badpeer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRICKLE_MS 20
#define ENDLESS_PIECE 8192

struct client {
	struct badpeer *peer;
	struct bufferevent *bev;
	struct event *timer;
	enum badpeer_mode mode;
	bool said;
	size_t trickled;
	struct client *next, **at;
};

struct badpeer {
	struct event_base *base;
	struct evconnlistener *listener;
	struct addr address, client;
	enum badpeer_mode mode;
	char *text;
	unsigned accepted;
	char heard[PEER_HEARD_MAX];
	struct client *clients;
};

static void client_delete(struct client *c)
{
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	if (c->timer)
		event_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

static void reset_at_close(struct client *c)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void say(struct client *c)
{
	c->said = true;
	bufferevent_write(c->bev, c->peer->text, strlen(c->peer->text));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	const struct timeval again = { .tv_usec = TRICKLE_MS * 1000 };
	size_t len = strlen(c->peer->text);
	(void)fd;
	(void)what;
	if (len)
		bufferevent_write(c->bev, c->peer->text + c->trickled++ % len, 1);
	event_add(c->timer, &again);
}

static void start_trickle(struct client *c)
{
	c->timer = evtimer_new(c->peer->base, on_timer, c);
	on_timer(-1, 0, c);
}

static void say_more(struct client *c)
{
	static const char piece[ENDLESS_PIECE] = { [0 ... ENDLESS_PIECE - 1] = 'x' };
	bufferevent_write(c->bev, piece, sizeof piece);
}

static void note_heard(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	ssize_t n = evbuffer_copyout(in, c->peer->heard, PEER_HEARD_MAX - 1);
	c->peer->heard[n > 0 ? n : 0] = '\0';
	evbuffer_drain(in, evbuffer_get_length(in));
}

/* All has been sent; libevent says so once at the beginning, too. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	(void)bev;
	if (!c->said)
		return;
	if (c->mode == PEER_ENDLESS || c->mode == PEER_SAY_ENDLESS) {
		say_more(c);
	} else if (c->mode == PEER_REPLY || c->mode == PEER_REPLY_RESET) {
		if (c->mode == PEER_REPLY_RESET)
			reset_at_close(c);
		client_delete(c);
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	note_heard(c);
	bufferevent_disable(bev, EV_READ);
	if (c->mode == PEER_GREET_CLOSE) {
		client_delete(c);
	} else if (c->mode >= PEER_SAY_TRICKLE) {
		return;
	} else if (c->mode == PEER_TRICKLE) {
		start_trickle(c);
	} else if (c->mode >= PEER_REPLY) {
		say(c);
		if (!*c->peer->text)
			on_written(bev, c);
	}
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	client_delete(arg);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct badpeer *p = arg;
	struct client *c = calloc(1, sizeof *c);
	(void)l;
	p->accepted++;
	memcpy(&p->client, sa, (size_t)len);
	if (!c)
		abort();
	c->peer = p;
	c->mode = p->mode;
	c->bev = bufferevent_socket_new(p->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->at = &p->clients;
	c->next = p->clients;
	if (c->next)
		c->next->at = &c->next;
	p->clients = c;
	if (c->mode == PEER_RESET || c->mode == PEER_CLOSE) {
		if (c->mode == PEER_RESET)
			reset_at_close(c);
		client_delete(c);
		return;
	}
	bufferevent_setcb(c->bev, on_read, c->mode >= PEER_REPLY ? on_written : NULL, on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	if (c->mode == PEER_SAY_TRICKLE)
		start_trickle(c);
	else if (c->mode == PEER_SAY || c->mode > PEER_SAY_TRICKLE)
		say(c);
}

struct badpeer *badpeer_new(struct event_base *base, const struct addr *a, enum badpeer_mode mode, const char *text)
{
	struct badpeer *p = calloc(1, sizeof *p);
	socklen_t len = sizeof p->address;
	if (!p)
		return NULL;
	p->base = base;
	p->listener = evconnlistener_new_bind(base, on_accept, p, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 4096,
	                                      &a->sa, (int)addr_len(a));
	if (!p->listener) {
		free(p);
		return NULL;
	}
	getsockname(evconnlistener_get_fd(p->listener), &p->address.sa, &len);
	badpeer_set(p, mode, text);
	return p;
}

void badpeer_set(struct badpeer *p, enum badpeer_mode mode, const char *text)
{
	free(p->text);
	p->text = strdup(text ? text : "");
	p->mode = mode;
}

void badpeer_delete(struct badpeer *p)
{
	if (!p)
		return;
	while (p->clients)
		client_delete(p->clients);
	evconnlistener_free(p->listener);
	free(p->text);
	free(p);
}

const struct addr *badpeer_address(const struct badpeer *p)
{
	return &p->address;
}

unsigned badpeer_accepted(const struct badpeer *p)
{
	return p->accepted;
}

const char *badpeer_heard(const struct badpeer *p)
{
	return p->heard;
}

const struct addr *badpeer_client(const struct badpeer *p)
{
	return &p->client;
}

int badpeer_refusing(struct addr *a)
{
	socklen_t len = sizeof *a;
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (bind(fd, &a->sa, addr_len(a)) < 0 || getsockname(fd, &a->sa, &len) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}
