/* ftp: "220 ..." (RFC 959 section 5.4; AUTH TLS: RFC 4217). "120 in some minutes" is a failure as long as it is said. */
#include "check_dialogue.h"

static enum reply reply(const char *line, unsigned *code)
{
	/* Lines inside a reply of several may begin as they like. */
	enum reply r = dialogue_numbered(line, '2', code);
	return r == REPLY_MALFORMED && line[0] == ' ' ? REPLY_MORE : r;
}

static void start(struct check *k)
{
	static const struct dialogue_protocol ftp = { reply, reply, NULL, "AUTH TLS\r\n", "QUIT\r\n" };
	dialogue_start(k, &ftp);
}

const struct check_kind check_kind_ftp = { .prepare = dialogue_prepare, .start = start, .time_up = dialogue_time_up, .stop = stream_stop };
