#include "udp_parts.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

bool batch_init(struct udp_batch *b)
{
	/* Not calloc: 4 MiB of which most is never touched must come from the system as they are. */
	void *bytes = mmap(NULL, (size_t)UDP_BATCH * UDP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return false;
	b->bytes = bytes;
	return true;
}

void batch_prepare(struct udp_batch *b, unsigned i, bool names)
{
	b->iov[i] = (struct iovec){ b->bytes + (size_t)i * UDP_BYTES, UDP_BYTES };
	b->messages[i].msg_hdr = (struct msghdr){
		.msg_name = names ? &b->names[i] : NULL, .msg_namelen = names ? sizeof b->names[i] : 0,
		.msg_iov = &b->iov[i], .msg_iovlen = 1, .msg_control = b->control[i], .msg_controllen = UDP_CONTROL,
	};
}

static uint16_t read_segment(const struct mmsghdr *m)
{
	int size = 0;
	struct msghdr *h = (struct msghdr *)&m->msg_hdr;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(c), sizeof size);
	return size > 0 && (unsigned)size < m->msg_len ? (uint16_t)size : 0;
}

int batch_receive(struct udp_batch *b, int fd, unsigned at, unsigned n)
{
	int got = recvmmsg(fd, b->messages + at, n, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++)
		b->segment[at + (unsigned)i] = b->messages[at + (unsigned)i].msg_hdr.msg_controllen ? read_segment(&b->messages[at + (unsigned)i]) : 0;
	return got;
}

bool batch_asked(const struct udp_batch *b, unsigned i, struct asked *out)
{
	struct msghdr *h = (struct msghdr *)&b->messages[i].msg_hdr;
	memset(out, 0, sizeof *out);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			const struct in_pktinfo *p = (const void *)CMSG_DATA(c);
			memcpy(out->bytes, &p->ipi_addr, 4);
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			const struct in6_pktinfo *p = (const void *)CMSG_DATA(c);
			memcpy(out->bytes, &p->ipi6_addr, 16);
			out->interface = IN6_IS_ADDR_LINKLOCAL(&p->ipi6_addr) ? p->ipi6_ifindex : 0;
			return true;
		}
	}
	return false;
}

static void *add_control(struct msghdr *h, size_t *used, int level, int type, size_t len)
{
	struct cmsghdr *c = (void *)((uint8_t *)h->msg_control + *used);
	memset(c, 0, CMSG_SPACE(len));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	*used += CMSG_SPACE(len);
	return CMSG_DATA(c);
}

void batch_address(struct udp_batch *b, unsigned i, const struct asked *asked, int family)
{
	struct msghdr *h = &b->messages[i].msg_hdr;
	size_t used = 0;
	h->msg_control = b->control[i];
	if (asked && family == AF_INET) {
		struct in_pktinfo *p = add_control(h, &used, IPPROTO_IP, IP_PKTINFO, sizeof *p);
		memcpy(&p->ipi_spec_dst, asked->bytes, 4);
	} else if (asked) {
		struct in6_pktinfo *p = add_control(h, &used, IPPROTO_IPV6, IPV6_PKTINFO, sizeof *p);
		memcpy(&p->ipi6_addr, asked->bytes, 16);
		p->ipi6_ifindex = asked->interface;
	}
	if (b->segment[i])
		memcpy(add_control(h, &used, SOL_UDP, UDP_SEGMENT, sizeof b->segment[i]), &b->segment[i], sizeof b->segment[i]);
	h->msg_controllen = used;
	h->msg_flags = 0;
	b->iov[i].iov_len = b->messages[i].msg_len;
}

uint64_t batch_count(const struct udp_batch *b, unsigned i)
{
	return b->segment[i] ? (b->messages[i].msg_len + b->segment[i] - 1u) / b->segment[i] : 1;
}

unsigned udp_send(int fd, struct mmsghdr *m, unsigned n, int *error)
{
	unsigned sent = 0;
	while (sent < n) {
		int k;
		if (n == 1 && !m->msg_hdr.msg_name && !m->msg_hdr.msg_controllen)
			k = send(fd, m->msg_hdr.msg_iov->iov_base, m->msg_hdr.msg_iov->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 1 : -1;
		else
			k = sendmmsg(fd, m + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (k > 0) {
			sent += (unsigned)k;
		} else if (errno != EINTR) {
			*error = errno;
			return sent;
		}
	}
	return sent;
}

/* The length of segments stands last in the ancillary data. */
void udp_send_split(int fd, const struct msghdr *m, uint16_t segment)
{
	struct msghdr h = *m;
	const struct iovec *all = m->msg_iov;
	struct iovec one;
	h.msg_iov = &one;
	h.msg_controllen -= CMSG_SPACE(sizeof segment);
	for (size_t at = 0; at < all->iov_len; at += segment) {
		one.iov_base = (uint8_t *)all->iov_base + at;
		one.iov_len = all->iov_len - at < segment ? all->iov_len - at : segment;
		while (sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR)
			;
	}
}
