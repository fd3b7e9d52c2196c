/*
 * agent: connects, says `send` if there is any, and reads one line
 * (agent_line.h). Unlike HAProxy's, which leaves reachability to another
 * check, it fails when the agent cannot be asked. Percentages and maxconn are
 * kept until the agent says others, also while a probe of it fails.
 */
#include "check_kind.h"

#include <stdlib.h>
#include <string.h>
#include "agent_line.h"

/* What an agent says is a few words. */
#define LINE_MAX_BYTES 1024

static bool prepare(struct check *k)
{
	k->own = calloc(1, sizeof(struct agent_state));
	return k->own;
}

static void connected(struct check *k)
{
	stream_say(k, k->conf->send, k->conf->send ? k->conf->send_len : 0);
}

void check_end_as_said(struct check *k, struct agent_state *s, const char *line, size_t n, int64_t took)
{
	enum check_result result = RESULT_L7_MALFORMED;
	if (agent_line_read(s, line, n)) {
		k->agent = agent_pack(s);
		result = s->down ? RESULT_L7_SAYS_DOWN : agent_drains(s) ? RESULT_L7_SAYS_DRAIN : RESULT_L7_SAYS_UP;
	}
	check_end(k, result, result == RESULT_L7_MALFORMED ? 0 : agent_pack(s), took);
}

static void data(struct check *k, const uint8_t *p, size_t n)
{
	bool more = stream_collect(k, p, n, LINE_MAX_BYTES);
	if (k->collected && memchr(k->collected, '\n', k->ncollected))
		check_end_as_said(k, k->own, (const char *)k->collected, k->ncollected, check_took(k));
	else if (!more)
		check_end(k, RESULT_L7_TOO_LONG, 0, check_took(k));
}

/* The end of the connection is the end of the line, too. */
static void closed(struct check *k, bool reset)
{
	if (!k->stream.heard)
		check_end(k, reset ? RESULT_L4_RESET : RESULT_L7_NO_RESPONSE, 0, check_took(k));
	else if (reset)
		check_end(k, RESULT_L7_RESET, 0, check_took(k));
	else
		check_end_as_said(k, k->own, (const char *)k->collected, k->ncollected, check_took(k));
}

static void start(struct check *k)
{
	static const struct stream_talk talk = { connected, data, closed };
	stream_start(k, &talk);
}

static void time_up(struct check *k)
{
	check_end(k, stream_silence(k), 0, check_took(k));
}

const struct check_kind check_kind_agent = { .prepare = prepare, .start = start, .time_up = time_up, .stop = stream_stop };
