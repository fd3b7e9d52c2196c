/*
 * tcp: connects; says `send`, if there is any; then
 *
 *   expect | what follows                                 | result
 *   -------+----------------------------------------------+---------------------
 *   no     | data                                         | L4 connected
 *   no     | nothing within 50 ms + twice the connect time| L4 connected
 *   no     | RST, FIN                                     | L4 reset, L4 closed
 *   yes    | bytes that match                             | L7 ok
 *   yes    | CHECK_EXPECT_MAX bytes or FIN, no match      | L7 expect (FIN before any byte: L7 no response)
 *   yes    | RST                                          | L7 reset (before any byte: L4 reset)
 *
 * The wait without `expect` is for a forwarder that may not serve us: it can
 * only refuse after its kernel has accepted for it (spec 5, spec 8 case 1).
 * With `tls` all of this is inside; without `expect` the handshake is enough
 * (L6 ok), since no forwarder can do it in a server's place.
 */
#include "check_kind.h"

#include "loop.h"

#define QUIET_TIME (50 * NS_PER_MS)

static void connected(struct check *k)
{
	stream_say(k, k->conf->send, k->conf->send ? k->conf->send_len : 0);
	if (k->conf->has_expect)
		return;
	if (k->conf->tls)
		check_end(k, RESULT_L6_OK, 0, check_took(k));
	else
		check_set_time(k, loop_now() + QUIET_TIME + 2 * k->stream.connect_time);
}

static bool matches(const struct check *k)
{
	regmatch_t whole = { .rm_so = 0, .rm_eo = (regoff_t)k->ncollected };
	return k->ncollected && regexec(&k->conf->expect, (const char *)k->collected, 1, &whole, REG_STARTEND) == 0;
}

static void data(struct check *k, const uint8_t *p, size_t n)
{
	if (!k->conf->has_expect) {
		check_end(k, RESULT_L4_CONNECTED, 0, k->stream.connect_time);
		return;
	}
	bool more = stream_collect(k, p, n, CHECK_EXPECT_MAX);
	if (matches(k))
		check_end(k, RESULT_L7_OK, 0, check_took(k));
	else if (!more)
		check_end(k, RESULT_L7_EXPECT, 0, check_took(k));
}

static enum check_result result_of_close(const struct check *k, bool reset)
{
	if (reset)
		return k->stream.heard ? RESULT_L7_RESET : RESULT_L4_RESET;
	if (!k->conf->has_expect)
		return RESULT_L4_CLOSED;
	return k->stream.heard ? RESULT_L7_EXPECT : RESULT_L7_NO_RESPONSE;
}

static void closed(struct check *k, bool reset)
{
	check_end(k, result_of_close(k, reset), 0, check_took(k));
}

static void start(struct check *k)
{
	static const struct stream_talk talk = { connected, data, closed };
	stream_start(k, &talk);
}

/* Connected and no bad news: also when the probe's whole time-out was shorter than the wait. */
static void time_up(struct check *k)
{
	if (k->stream.stage == STREAM_OPEN && !k->conf->has_expect)
		check_end(k, RESULT_L4_CONNECTED, 0, k->stream.connect_time);
	else
		check_end(k, stream_silence(k), 0, check_took(k));
}

const struct check_kind check_kind_tcp = { .start = start, .time_up = time_up, .stop = stream_stop };
