/*
 * reflect: a UDP server that does nothing but its system calls: the floor for
 * any DNS server on this machine. It sets the QR bit and sends each datagram
 * back to where it came from, up to 64 a call (recvmmsg, sendmmsg).
 */
#include "bench.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define DATAGRAM_MAX 2048

static uint8_t bytes[BATCH][DATAGRAM_MAX];
static struct sockaddr_in peer[BATCH];
static struct iovec iov[BATCH];
static struct mmsghdr msg[BATCH];

static int receive(int fd)
{
	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], DATAGRAM_MAX };
		msg[i].msg_hdr.msg_namelen = sizeof peer[i];
	}
	return recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
}

static void answer(int fd, int n)
{
	for (int i = 0; i < n; i++) {
		bytes[i][2] |= 0x80;
		iov[i].iov_len = msg[i].msg_len;
	}
	for (int done = 0, sent; done < n; done += sent)
		if ((sent = sendmmsg(fd, msg + done, (unsigned)(n - done), 0)) <= 0)
			return;
}

static int listen_on(const char *ip, int port)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
	struct sockaddr_in a = addr4(ip, port);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (bind(fd, (struct sockaddr *)&a, sizeof a))
		die("cannot bind to %s:%d", ip, port);
	return fd;
}

int main(int argc, char **argv)
{
	const char *ip = "127.0.0.1";
	int port = 5300, c;
	while ((c = getopt(argc, argv, "a:p:")) != -1)
		switch (c) {
		case 'a': ip = optarg; break;
		case 'p': port = atoi(optarg); break;
		default: die("usage: reflect -a address -p port");
		}
	int fd = listen_on(ip, port);
	alarm(BENCH_LIFETIME);
	for (unsigned i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
		msg[i].msg_hdr.msg_name = &peer[i];
	}
	for (;;)
		answer(fd, receive(fd));
}
