/*
 * udp: says `send`, and passes when a datagram comes back and fits `expect`.
 * The first one decides. One that is lost on the way is a failure: `fall` is
 * there for that.
 */
#include "check_kind.h"

#include <errno.h>
#include <string.h>
#include "sock.h"

static bool fits(const struct check *k, const uint8_t *p, size_t n)
{
	regmatch_t whole = { .rm_so = 0, .rm_eo = (regoff_t)n };
	return !k->conf->has_expect || regexec(&k->conf->expect, (const char *)p, 1, &whole, REG_STARTEND) == 0;
}

/* More than an expression is tried on is cut off, as with tcp; a byte is left for the end that regexec's watchers look for. */
static void data(struct check *k, const uint8_t *p, size_t n)
{
	uint8_t *scratch = k->checker->scratch;
	(void)p;
	n = n < CHECK_EXPECT_MAX ? n : CHECK_EXPECT_MAX;
	scratch[n] = '\0';
	check_end(k, fits(k, scratch, n) ? RESULT_L7_OK : RESULT_L7_EXPECT, 0, check_took(k));
}

static void failed(struct check *k, int error)
{
	enum check_result result = stream_result_of(error);
	check_end(k, result, result == RESULT_L4_ERROR ? (uint32_t)error : 0, check_took(k));
}

static void start(struct check *k)
{
	static const struct datagram_talk talk = { data, failed };
	char why[SOCK_WHY_MAX];
	int fd = sock_connect_udp(&k->address, k->source.sa.sa_family == AF_UNSPEC ? NULL : &k->source, why);
	if (fd >= 0)
		datagram_start(k, fd, &talk, k->conf->send, k->conf->send_len);
	else if (check_is_our_lack(errno))
		check_postpone(k, why);
	else
		failed(k, errno);
}

static void time_up(struct check *k)
{
	check_end(k, RESULT_L7_TIMEOUT, 0, check_took(k));
}

const struct check_kind check_kind_udp = { .start = start, .time_up = time_up, .stop = datagram_stop };
