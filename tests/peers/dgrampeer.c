#include "dgrampeer.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct dgrampeer {
	int fd;
	struct event *event;
	dgram_answer *answer;
	void *arg;
	struct addr address, client;
	unsigned asked;
};

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct dgrampeer *p = arg;
	uint8_t asked[DGRAM_MAX], answer[DGRAM_MAX];
	socklen_t len = sizeof p->client;
	ssize_t n = recvfrom(fd, asked, sizeof asked, 0, &p->client.sa, &len);
	(void)what;
	if (n < 0)
		return;
	p->asked++;
	size_t m = p->answer(p->arg, asked, (size_t)n, answer);
	if (m)
		(void)!sendto(fd, answer, m, 0, &p->client.sa, len);
}

struct dgrampeer *dgrampeer_new(struct event_base *base, dgram_answer *answer, void *arg)
{
	struct dgrampeer *p = calloc(1, sizeof *p);
	socklen_t len = sizeof p->address;
	if (!p)
		return NULL;
	p->answer = answer;
	p->arg = arg;
	addr_parse(&p->address, "127.0.0.1", 0);
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || bind(p->fd, &p->address.sa, addr_len(&p->address)) < 0) {
		close(p->fd);
		free(p);
		return NULL;
	}
	getsockname(p->fd, &p->address.sa, &len);
	p->event = event_new(base, p->fd, EV_READ | EV_PERSIST, on_datagram, p);
	event_add(p->event, NULL);
	return p;
}

void dgrampeer_delete(struct dgrampeer *p)
{
	if (!p)
		return;
	event_free(p->event);
	close(p->fd);
	free(p);
}

const struct addr *dgrampeer_address(const struct dgrampeer *p) { return &p->address; }
unsigned dgrampeer_asked(const struct dgrampeer *p) { return p->asked; }
const struct addr *dgrampeer_client(const struct dgrampeer *p) { return &p->client; }
