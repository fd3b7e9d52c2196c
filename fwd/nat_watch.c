#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "nat_parts.h"

/*
 * Debian's nftables.service begins its file with "flush ruleset", which takes
 * everybody's tables away. The kernel tells of every change; a table that goes
 * and comes in one transaction, as when we replace ours, comes last.
 */

#define WATCH_BUFFER 16384
/*
 * Room for what there is to be told of a transaction of our own, while we
 * still wait for its end: the kernel tells of each element of a map, and as
 * many as NAT_ELEMENTS_MAX need about a quarter of this.
 */
#define WATCH_QUEUE (8 << 20)

struct nat_watch {
	int fd;
	struct event *event;
	const char *table;
	bool away;
	void (*look)(void *arg);
	void *arg;
};

/* Does this message concern our table? Its name is one of the attributes. */
static bool is_ours(const struct nat_watch *w, const uint8_t *data, size_t len)
{
	struct nlattr a;
	while (len >= sizeof a) {
		memcpy(&a, data, sizeof a);
		size_t whole = NLA_ALIGN(a.nla_len);
		if (a.nla_len < sizeof a || a.nla_len > len)
			return false;
		if ((a.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME)
			return a.nla_len - sizeof a == strlen(w->table) + 1 && memcmp(data + sizeof a, w->table, a.nla_len - sizeof a) == 0;
		if (whole >= len)
			return false;
		data += whole;
		len -= whole;
	}
	return false;
}

static void take(struct nat_watch *w, const uint8_t *data, size_t len)
{
	const size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nlmsghdr h;
	for (; len >= sizeof h; data += NLMSG_ALIGN(h.nlmsg_len), len -= NLMSG_ALIGN(h.nlmsg_len)) {
		memcpy(&h, data, sizeof h);
		if (h.nlmsg_len < sizeof h || NLMSG_ALIGN(h.nlmsg_len) > len)
			return;
		bool added = h.nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE);
		bool deleted = h.nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE);
		if ((added || deleted) && h.nlmsg_len > skip && is_ours(w, data + skip, h.nlmsg_len - skip))
			w->away = deleted;
	}
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct nat_watch *w = arg;
	uint8_t buffer[WATCH_BUFFER];
	bool lost = false;
	ssize_t n;
	(void)what;
	while ((n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS))) {
		if (n > 0)
			take(w, buffer, (size_t)n);
		else
			lost |= errno == ENOBUFS;
	}
	if (!w->away && !lost)
		return;
	w->away = false;
	w->look(w->arg);
}

static void make_room(int fd)
{
	int size = WATCH_QUEUE;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size); /* as much as everybody may have */
}

struct nat_watch *nat_watch_new(struct event_base *base, const char *table, void (*look)(void *arg), void *arg)
{
	struct nat_watch *w = calloc(1, sizeof *w);
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int group = NFNLGRP_NFTABLES;
	if (!w)
		return NULL;
	*w = (struct nat_watch){ .table = table, .look = look, .arg = arg };
	w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (w->fd >= 0)
		make_room(w->fd);
	if (w->fd >= 0 && bind(w->fd, (struct sockaddr *)&self, sizeof self) == 0
	    && setsockopt(w->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
		w->event = event_new(base, w->fd, EV_READ | EV_PERSIST, on_event, w);
	if (w->event && event_add(w->event, NULL) == 0)
		return w;
	nat_watch_delete(w);
	return NULL;
}

void nat_watch_delete(struct nat_watch *w)
{
	if (!w)
		return;
	if (w->event)
		event_free(w->event);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
