#include "ctl_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "../common/loop.h"
#include "../common/sock.h"
#include "../common/tsig.h"
#include "query.h"

/* --- queries --- */

static uint16_t random_id(void)
{
	uint16_t id = 0;
	if (getrandom(&id, sizeof id, 0) != sizeof id)
		id = (uint16_t)loop_now();
	return id;
}

/* RFC 7871 section 6 */
static void put_subnet(struct wire_writer *w, const struct prefix *client)
{
	size_t bytes = (client->length + 7u) / 8;
	wire_write16(w, 8);
	wire_write16(w, (uint16_t)(4 + bytes));
	wire_write16(w, client->family == AF_INET ? 1 : 2);
	wire_write8(w, client->length);
	wire_write8(w, 0);
	wire_write(w, client->bytes, bytes);
}

size_t ask_query(uint8_t out[ASK_QUERY_MAX], const uint8_t *name, uint16_t type, const struct prefix *client)
{
	struct wire_writer w;
	wire_writer_init(&w, out, ASK_QUERY_MAX);
	wire_write16(&w, random_id());
	wire_write16(&w, 0);
	wire_write16(&w, 1);
	wire_write32(&w, 0);
	wire_write16(&w, 1);
	wire_write(&w, name, dname_len(name));
	wire_write16(&w, type);
	wire_write16(&w, CLASS_IN);
	wire_write8(&w, 0);
	wire_write16(&w, RR_OPT);
	wire_write16(&w, UDP_EDNS_MAX);
	wire_write32(&w, 0);
	uint8_t *size = wire_room(&w, 2), *options = w.at;
	if (client)
		put_subnet(&w, client);
	if (w.failed)
		return 0;
	wire_set16(size, (uint16_t)(w.at - options));
	return wire_written(&w);
}

/* --- sockets --- */

/* Waits for `events`; false: not until `deadline`. */
static bool wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		int64_t left = (deadline - loop_now()) / NS_PER_MS;
		struct pollfd p = { .fd = fd, .events = events };
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR) {
			errno = ETIMEDOUT;
			return false;
		}
	}
}

static bool send_all(int fd, const uint8_t *p, size_t n, int64_t deadline)
{
	while (n) {
		ssize_t sent = wait_for(fd, POLLOUT, deadline) ? send(fd, p, n, MSG_NOSIGNAL) : -1;
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (sent < 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool read_all(int fd, uint8_t *p, size_t n, int64_t deadline)
{
	while (n) {
		ssize_t got = wait_for(fd, POLLIN, deadline) ? recv(fd, p, n, 0) : -1;
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool is_answer(const uint8_t *answer, size_t len, const uint8_t *msg)
{
	return len >= DNS_HEADER && memcmp(answer, msg, 2) == 0 && (answer[2] & DNS_QR);
}

static bool by_udp(int fd, const uint8_t *msg, size_t len, struct ask_reply *out)
{
	for (unsigned i = 0; i < ASK_TRIES; i++) {
		int64_t deadline = loop_now() + ASK_TIMEOUT_MS * NS_PER_MS;
		if (!send_all(fd, msg, len, deadline))
			return false;
		while (wait_for(fd, POLLIN, deadline)) {
			ssize_t n = recv(fd, out->bytes, sizeof out->bytes, 0);
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return false; /* ECONNREFUSED: nobody is there */
			out->len = n > 0 ? (size_t)n : 0;
			if (is_answer(out->bytes, out->len, msg))
				return true;
		}
	}
	return false;
}

static bool by_tcp(int fd, const uint8_t *msg, size_t len, struct ask_reply *out)
{
	int64_t deadline = loop_now() + ASK_TRIES * ASK_TIMEOUT_MS * NS_PER_MS;
	uint8_t size[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	if (!send_all(fd, size, 2, deadline) || !send_all(fd, msg, len, deadline) || !read_all(fd, size, 2, deadline))
		return false;
	out->len = wire_get16(size);
	if (!read_all(fd, out->bytes, out->len, deadline))
		return false;
	errno = EBADMSG;
	return is_answer(out->bytes, out->len, msg);
}

static bool ask_one(const struct addr *server, bool tcp, const uint8_t *msg, size_t len, struct ask_reply *out, char *why)
{
	char text[ADDR_TEXT_MAX], reason[SOCK_WHY_MAX] = "";
	int fd = tcp ? sock_connect_tcp(server, NULL, reason) : sock_connect_udp(server, NULL, reason);
	bool ok = fd >= 0 && (tcp ? by_tcp(fd, msg, len, out) : by_udp(fd, msg, len, out));
	if (!ok)
		snprintf(why, ASK_WHY_MAX, "no answer from %s: %s", addr_text_at(server, text), fd < 0 ? reason : strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

/* --- answers --- */

static void skip_name(struct wire_reader *r)
{
	uint8_t name[DNAME_MAX];
	wire_read_name(r, name);
}

static void read_options(struct ask_reply *out, const uint8_t *p, size_t n)
{
	struct wire_reader r;
	wire_reader_init(&r, p, n);
	while (!r.failed && wire_left(&r) >= 4) {
		uint16_t code = wire_read16(&r), size = wire_read16(&r);
		const uint8_t *data = wire_read(&r, size);
		if (!data || code != 15 || size < 2)
			continue;
		size_t text = size - 2u < sizeof out->ede_text - 1 ? size - 2u : sizeof out->ede_text - 1;
		out->ede = wire_get16(data);
		memcpy(out->ede_text, data + 2, text);
		out->ede_text[text] = '\0';
	}
}

/* Finds the answer section and the extended error. */
static void read_message(struct ask_reply *out)
{
	struct wire_reader r;
	unsigned records = 0;
	wire_reader_init(&r, out->bytes, out->len);
	wire_read(&r, DNS_HEADER);
	for (unsigned i = wire_get16(out->bytes + 4); i && !r.failed; i--) {
		skip_name(&r);
		wire_read(&r, 4);
	}
	out->rcode = out->bytes[3] & 15;
	out->ede = -1;
	out->records = r;
	out->left = wire_get16(out->bytes + 6);
	for (unsigned i = 6; i <= 10; i += 2)
		records += wire_get16(out->bytes + i);
	while (records-- && !r.failed) {
		skip_name(&r);
		uint16_t type = wire_read16(&r);
		wire_read(&r, 6);
		uint16_t n = wire_read16(&r);
		const uint8_t *rdata = wire_read(&r, n);
		if (rdata && type == RR_OPT)
			read_options(out, rdata, n);
	}
}

static bool check_signature(struct tsig *sign, struct ask_reply *out, char *why)
{
	switch (tsig_take_answer(sign, out->bytes, &out->len, (int64_t)time(NULL))) {
	case TSIG_GOOD:
		return true;
	case TSIG_BAD:
		snprintf(why, ASK_WHY_MAX, "the answer's signature: %s", tsig_error_name(sign->error));
		return false;
	default:
		read_message(out);
		snprintf(why, ASK_WHY_MAX, "the answer is not signed (rcode %u)", out->rcode);
		return false;
	}
}

bool ask(const struct addr *servers, size_t nservers, uint8_t *msg, size_t len, size_t room, struct tsig *sign,
         struct ask_reply *out, char why[ASK_WHY_MAX])
{
	bool ok = false;
	snprintf(why, ASK_WHY_MAX, "there is no name server to ask");
	if (sign && !(len = tsig_sign(sign, msg, len, room, (int64_t)time(NULL)))) {
		snprintf(why, ASK_WHY_MAX, "the message cannot be signed");
		return false;
	}
	for (size_t i = 0; i < nservers && !ok; i++) {
		bool tcp = len > UDP_EDNS_MAX;
		ok = ask_one(&servers[i], tcp, msg, len, out, why);
		if (ok && !tcp && (out->bytes[2] & DNS_TC))
			ok = ask_one(&servers[i], true, msg, len, out, why);
		out->server = servers[i];
	}
	if (!ok || (sign && !check_signature(sign, out, why)))
		return false;
	read_message(out);
	return true;
}

bool ask_next_txt(struct ask_reply *r, struct ask_txt *out)
{
	while (r->left && !r->records.failed) {
		r->left--;
		skip_name(&r->records);
		uint16_t type = wire_read16(&r->records);
		wire_read(&r->records, 6);
		uint16_t n = wire_read16(&r->records);
		const uint8_t *p = wire_read(&r->records, n), *end = p ? p + n : NULL;
		char *text = out->text;
		out->n = 0;
		if (!p || type != RR_TXT)
			continue;
		for (; p < end && p + 1 + *p <= end; p += 1 + *p) {
			out->strings[out->n++] = text;
			memcpy(text, p + 1, *p);
			text[*p] = '\0';
			text += *p + 1;
		}
		return true;
	}
	return false;
}

const char *ask_value(const struct ask_txt *t, const char *key)
{
	size_t n = strlen(key);
	for (unsigned i = 0; i < t->n; i++)
		if (strncmp(t->strings[i], key, n) == 0 && t->strings[i][n] == '=')
			return t->strings[i] + n + 1;
	return NULL;
}

const char *ask_rcode_text(const struct ask_reply *r, char out[ASK_WHY_MAX])
{
	static const char *const names[16] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE" };
	const char *name = names[r->rcode] ? names[r->rcode] : "?";
	if (r->ede < 0)
		snprintf(out, ASK_WHY_MAX, "%s", name);
	else
		snprintf(out, ASK_WHY_MAX, "%s (EDE %d: %s)", name, r->ede, r->ede_text);
	return out;
}
