#include "hello.h"

#include <string.h>
#include "wire.h"

enum { HANDSHAKE_RECORD = 22, CLIENT_HELLO = 1, SERVER_NAME = 0, HOST_NAME = 0, ALPN = 16 };
#define RECORD_HEAD 5
#define RECORD_MAX 16384      /* RFC 8446 section 5.1 */
#define MESSAGE_HEAD 4
#define RANDOM_SIZE 32

static enum hello_verdict verdict(struct hello *h, enum hello_verdict v, const char *why)
{
	h->why = why;
	return v;
}

static enum hello_verdict bad(struct hello *h, const char *why)
{
	return verdict(h, HELLO_BAD, why);
}

/* --- extensions --- */

/* A reader of the next `n` bytes. */
static struct wire_reader part(struct wire_reader *r, size_t n)
{
	struct wire_reader p;
	const uint8_t *at = wire_read(r, n);

	wire_reader_init(&p, at ? at : r->at, at ? n : 0);
	return p;
}

/* Letters, digits, '-', '_' and dots between them: what a host name may be made of; and "*.", with which wildcard services are probed. */
static bool take_name(struct hello *h, const uint8_t *at, size_t len)
{
	if (len > 0 && at[len - 1] == '.') /* not allowed there (RFC 6066), but what is meant is plain */
		len--;
	if (len == 0 || len >= HELLO_NAME_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = at[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c == '.' && i > 0 && at[i - 1] != '.') ||
		      (c == '*' && i == 0 && len > 2 && at[1] == '.')))
			return false;
		h->name[i] = (char)c;
	}
	h->name[len] = '\0';
	return true;
}

/* One name of each type at most; we know one type. */
static bool read_server_name(struct hello *h, struct wire_reader *e)
{
	struct wire_reader list = part(e, wire_read16(e));
	bool named = false;

	while (!list.failed && wire_left(&list) > 0) {
		uint8_t type = wire_read8(&list);
		uint16_t len = wire_read16(&list);
		const uint8_t *name = wire_read(&list, len);

		if (!name || (type == HOST_NAME && (named || !take_name(h, name, len))))
			return false;
		named |= type == HOST_NAME;
	}
	return named && !list.failed && !e->failed && wire_left(e) == 0;
}

static bool is_http1(const uint8_t *name, size_t len)
{
	return len == 8 && memcmp(name, "http/1.", 7) == 0 && (name[7] == '1' || name[7] == '0');
}

static bool read_alpn(struct hello *h, struct wire_reader *e)
{
	struct wire_reader list = part(e, wire_read16(e));

	while (!list.failed && wire_left(&list) > 0) {
		uint8_t len = wire_read8(&list);
		const uint8_t *name = wire_read(&list, len);

		if (!name || len == 0)
			return false;
		h->alpn_http1 |= is_http1(name, len);
		h->alpn = true;
	}
	return h->alpn && !list.failed && !e->failed && wire_left(e) == 0;
}

static enum hello_verdict read_extensions(struct hello *h, struct wire_reader *r)
{
	bool had_name = false;

	while (wire_left(r) > 0) {
		uint16_t type = wire_read16(r);
		struct wire_reader e = part(r, wire_read16(r));

		if (r->failed)
			return bad(h, "extension runs over the end of the hello");
		if (type == SERVER_NAME && (had_name || !read_server_name(h, &e)))
			return bad(h, "malformed server name");
		had_name |= type == SERVER_NAME;
		if (type == ALPN && (h->alpn || !read_alpn(h, &e)))
			return bad(h, "malformed ALPN");
	}
	return HELLO_WHOLE;
}

/* --- the message --- */

static enum hello_verdict read_hello(struct hello *h, const uint8_t *body, size_t len)
{
	struct wire_reader r, extensions;

	wire_reader_init(&r, body, len);
	wire_read(&r, 2 + RANDOM_SIZE);
	wire_read(&r, wire_read8(&r));
	wire_read(&r, wire_read16(&r));
	wire_read(&r, wire_read8(&r));
	if (r.failed)
		return bad(h, "hello ends too soon");
	if (wire_left(&r) == 0) /* TLS 1.0 knew no extensions */
		return HELLO_WHOLE;
	extensions = part(&r, wire_read16(&r));
	if (r.failed || wire_left(&r) > 0)
		return bad(h, "length of the extensions is wrong");
	return read_extensions(h, &extensions);
}

/*
 * Shoves the contents of the records together at the beginning of `buf`.
 * *message: how many bytes of the message are there. HELLO_WHOLE: in order so far.
 */
static enum hello_verdict gather(struct hello *h, uint8_t *buf, size_t len, size_t *message)
{
	size_t at = 0;

	*message = 0;
	while (at < len) {
		size_t there = len - at, content, part_len;

		if (buf[at] != HANDSHAKE_RECORD || (there > 1 && buf[at + 1] != 3))
			return at == 0 ? verdict(h, HELLO_NOT_TLS, "not TLS") : bad(h, "another record within the hello");
		if (there < RECORD_HEAD)
			break;
		content = wire_get16(buf + at + 3);
		if (content == 0 || content > RECORD_MAX)
			return bad(h, "record of a length that cannot be");
		at += RECORD_HEAD;
		part_len = content < len - at ? content : len - at;
		memmove(buf + *message, buf + at, part_len);
		*message += part_len;
		at += part_len;
		if (*message > 0 && buf[0] != CLIENT_HELLO)
			return bad(h, "the first message is no hello");
		if (*message >= MESSAGE_HEAD && *message >= MESSAGE_HEAD + (wire_get32(buf) & 0xffffff))
			break; /* what follows is not the hello's: early data */
	}
	return HELLO_WHOLE;
}

enum hello_verdict hello_parse(struct hello *h, uint8_t *buf, size_t len)
{
	size_t message, wanted;
	enum hello_verdict v;

	memset(h, 0, sizeof *h);
	if (len > HELLO_MAX)
		len = HELLO_MAX;
	v = gather(h, buf, len, &message);
	if (v != HELLO_WHOLE)
		return v;
	wanted = message < MESSAGE_HEAD ? 0 : MESSAGE_HEAD + (wire_get32(buf) & 0xffffff);
	if (wanted > HELLO_MAX)
		return bad(h, "hello too long");
	if (message < MESSAGE_HEAD || message < wanted)
		return len < HELLO_MAX ? HELLO_MORE : bad(h, "hello too long");
	return read_hello(h, buf + MESSAGE_HEAD, wanted - MESSAGE_HEAD);
}
