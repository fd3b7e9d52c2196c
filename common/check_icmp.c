/*
 * icmp: an echo request (RFC 792, RFC 4443 section 4.1) with bytes that
 * nobody can guess, and the reply that has them. From a ping socket, where
 * the kernel writes identifier and checksum and gives us our replies only; else
 * from a raw one, where that is our affair.
 */
#include "check_kind.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "sock.h"

#define HEAD 8
#define SECRET 24

/* What was sent; type, code, checksum, identifier, sequence, secret: the same in both families. */
struct echo { uint8_t message[HEAD + SECRET]; bool raw; };

/* RFC 1071. */
static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool is_v4(const struct check *k)
{
	return k->address.sa.sa_family == AF_INET;
}

/* A raw IPv4 socket gives us the IP header, too. */
static const uint8_t *behind_ip(const struct check *k, const uint8_t *p, size_t *n)
{
	const struct echo *e = k->own;
	size_t head = e->raw && is_v4(k) && *n >= 20 ? (p[0] & 15u) * 4u : 0;
	head = head < *n ? head : *n;
	*n -= head;
	return p + head;
}

/* Anything else is somebody else's. */
static void data(struct check *k, const uint8_t *p, size_t n)
{
	const struct echo *e = k->own;
	p = behind_ip(k, p, &n);
	if (n != sizeof e->message || p[0] != (is_v4(k) ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) || p[1] != 0)
		return;
	if (memcmp(p + HEAD, e->message + HEAD, SECRET) == 0)
		check_end(k, RESULT_L3_ECHO, 0, check_took(k));
}

static void failed(struct check *k, int error)
{
	switch (error) {
	case ENETUNREACH: case EHOSTUNREACH: case ENETDOWN: case EHOSTDOWN: case ENONET:
	case ECONNREFUSED: case EPROTO: case ENOPROTOOPT: case EACCES: /* codes of "destination unreachable" */
		check_end(k, RESULT_L3_UNREACHABLE, 0, check_took(k));
		break;
	default:
		check_end(k, RESULT_L4_ERROR, (uint32_t)error, check_took(k));
	}
}

static bool prepare(struct check *k)
{
	k->own = calloc(1, sizeof(struct echo));
	return k->own;
}

static bool write_request(struct check *k)
{
	struct echo *e = k->own;
	memset(e->message, 0, 4);
	if (getrandom(e->message + 4, sizeof e->message - 4, 0) != (ssize_t)sizeof e->message - 4)
		return false;
	e->message[0] = is_v4(k) ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	if (e->raw && is_v4(k)) {
		uint16_t sum = checksum(e->message, sizeof e->message);
		e->message[2] = (uint8_t)(sum >> 8);
		e->message[3] = (uint8_t)sum;
	}
	return true;
}

static void start(struct check *k)
{
	static const struct datagram_talk talk = { data, failed };
	struct echo *e = k->own;
	char why[SOCK_WHY_MAX];
	int fd = sock_connect_icmp(&k->address, k->source.sa.sa_family == AF_UNSPEC ? NULL : &k->source, &e->raw, why);
	if (fd >= 0 && write_request(k))
		datagram_start(k, fd, &talk, e->message, sizeof e->message);
	else if (fd >= 0 || check_is_our_lack(errno) || errno == EPERM || errno == EACCES)
		check_postpone(k, fd >= 0 ? "no random bytes" : why);
	else
		failed(k, errno);
}

static void time_up(struct check *k)
{
	check_end(k, RESULT_L3_TIMEOUT, 0, check_took(k));
}

const struct check_kind check_kind_icmp = { .prepare = prepare, .start = start, .time_up = time_up, .stop = datagram_stop };
