#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "nat_parts.h"

/*
 * A dump of conntrack (ctnetlink): what was sent on for one of our addresses,
 * and came back to be answered there.
 *
 *     original: client -> our address      reply: peer -> proxy IP
 */

/* What the kernel gives at once at most. */
#define DUMP_BUFFER 65536
/* It answers from memory; a call that takes longer means that something is very wrong. */
#define DUMP_TIMEOUT_S 2

struct flow {
	uint32_t status;        /* IPS_* */
	uint8_t protocol, tcp_state;
	struct addr listen;     /* original destination, with port where there are any */
	struct addr proxy;      /* reply destination */
};

/* An attribute's payload. */
struct part {
	const uint8_t *data;
	size_t len;
	uint16_t type;
};

/* The next attribute of a run; false: none, or what there is doesn't fit. */
static bool next(struct part *run, struct part *out)
{
	struct nlattr a;
	if (run->len < sizeof a)
		return false;
	memcpy(&a, run->data, sizeof a);
	if (a.nla_len < sizeof a || a.nla_len > run->len)
		return false;
	size_t whole = NLA_ALIGN(a.nla_len);
	*out = (struct part){ .data = run->data + sizeof a, .len = a.nla_len - sizeof a, .type = a.nla_type & NLA_TYPE_MASK };
	whole = whole < run->len ? whole : run->len;
	run->data += whole;
	run->len -= whole;
	return true;
}

static void read_destination(struct part run, struct addr *out)
{
	struct part p;
	while (next(&run, &p)) {
		if (p.type == CTA_IP_V4_DST && p.len == 4)
			addr_from_bytes(out, AF_INET, p.data, 0);
		else if (p.type == CTA_IP_V6_DST && p.len == 16)
			addr_from_bytes(out, AF_INET6, p.data, 0);
	}
}

/* The address stands before the ports. */
static void read_tuple(struct part run, struct addr *to, uint8_t *protocol)
{
	struct part p, in;
	while (next(&run, &p)) {
		if (p.type == CTA_TUPLE_IP)
			read_destination(p, to);
		while (p.type == CTA_TUPLE_PROTO && next(&p, &in)) {
			if (in.type == CTA_PROTO_NUM && in.len == 1)
				*protocol = in.data[0];
			else if (in.type == CTA_PROTO_DST_PORT && in.len == 2 && to->sa.sa_family != AF_UNSPEC)
				addr_set_port(to, (uint16_t)(in.data[0] << 8 | in.data[1]));
			p.type = CTA_TUPLE_PROTO;
		}
	}
}

static void read_state(struct part run, struct flow *f)
{
	struct part p, in;
	while (next(&run, &p))
		while (p.type == CTA_PROTOINFO_TCP && next(&p, &in))
			if (in.type == CTA_PROTOINFO_TCP_STATE && in.len == 1)
				f->tcp_state = in.data[0];
}

static void read_flow(struct part run, struct flow *f)
{
	struct part p;
	uint8_t protocol;
	memset(f, 0, sizeof *f);
	while (next(&run, &p)) {
		if (p.type == CTA_TUPLE_ORIG)
			read_tuple(p, &f->listen, &f->protocol);
		else if (p.type == CTA_TUPLE_REPLY)
			read_tuple(p, &f->proxy, &protocol);
		else if (p.type == CTA_PROTOINFO)
			read_state(p, f);
		else if (p.type == CTA_STATUS && p.len == 4)
			f->status = (uint32_t)p.data[0] << 24 | (uint32_t)p.data[1] << 16 | (uint32_t)p.data[2] << 8 | p.data[3];
	}
}

static bool is_ours(const struct nat_state *s, const struct flow *f)
{
	const struct site *own = s->setup->conf->own;
	bool proxy = false, ended = f->protocol == IPPROTO_TCP && (f->tcp_state == TCP_CONNTRACK_TIME_WAIT || f->tcp_state == TCP_CONNTRACK_CLOSE);
	if (ended || !(f->status & IPS_DST_NAT) || f->listen.sa.sa_family == AF_UNSPEC)
		return false;
	for (size_t i = 0; i < own->nproxy_bind && !proxy; i++)
		proxy = addr_same_ip(&own->proxy_bind[i], &f->proxy);
	for (size_t i = 0; i < s->n && proxy; i++) {
		const struct nat_entry *e = &s->entries[i];
		if (e->protocol ? e->protocol == f->protocol && addr_equal(&e->listen, &f->listen) : addr_same_ip(&e->listen, &f->listen))
			return true;
	}
	return false;
}

/* Only what was sent on: a kernel that knows the filter saves us the rest, others pass over it. */
static bool ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg family;
		struct { struct nlattr a; uint32_t v; } status, mask;
	} m = {
		.head = { .nlmsg_len = sizeof m, .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.family = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 },
		.status = { { .nla_len = 8, .nla_type = CTA_STATUS }, htonl(IPS_DST_NAT) },
		.mask = { { .nla_len = 8, .nla_type = CTA_STATUS_MASK }, htonl(IPS_DST_NAT) },
	};
	return send(fd, &m, sizeof m, 0) == (ssize_t)sizeof m;
}

/* False: the end. */
static bool take(const struct nat_state *s, const uint8_t *data, size_t len, int *n)
{
	struct nlmsghdr h;
	for (; len >= sizeof h; data += NLMSG_ALIGN(h.nlmsg_len), len -= NLMSG_ALIGN(h.nlmsg_len)) {
		struct flow f;
		int error;
		memcpy(&h, data, sizeof h);
		if (h.nlmsg_len < sizeof h || NLMSG_ALIGN(h.nlmsg_len) > len || h.nlmsg_type == NLMSG_DONE)
			return false;
		if (h.nlmsg_type == NLMSG_ERROR && h.nlmsg_len >= sizeof h + sizeof error) {
			memcpy(&error, data + sizeof h, sizeof error);
			errno = -error;
			*n = -1;
			return false;
		}
		size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
		if (h.nlmsg_len < skip)
			continue;
		read_flow((struct part){ .data = data + skip, .len = h.nlmsg_len - skip }, &f);
		*n += is_ours(s, &f);
	}
	return true;
}

int nat_count_flows(const struct nat_state *s)
{
	static uint8_t buffer[DUMP_BUFFER]; /* main thread */
	struct timeval timeout = { .tv_sec = DUMP_TIMEOUT_S };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), n = 0;
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	bool more = ask(fd);
	n = more ? 0 : -1;
	while (more) {
		ssize_t got = recv(fd, buffer, sizeof buffer, 0);
		if (got < 0 && errno != EINTR)
			n = -1;
		more = got < 0 ? n == 0 : got > 0 && take(s, buffer, (size_t)got, &n);
	}
	int e = errno;
	close(fd);
	errno = e;
	return n;
}
