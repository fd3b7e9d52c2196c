/* smtp: "220 ..." (RFC 5321 section 4.2; STARTTLS: RFC 3207). "554 no service here" and "421" are failures. */
#include "check_dialogue.h"

static enum reply reply(const char *line, unsigned *code)
{
	return dialogue_numbered(line, '2', code);
}

static void start(struct check *k)
{
	static const struct dialogue_protocol smtp = { reply, reply, "EHLO ", "STARTTLS\r\n", "QUIT\r\n" };
	dialogue_start(k, &smtp);
}

const struct check_kind check_kind_smtp = { .prepare = dialogue_prepare, .start = start, .time_up = dialogue_time_up, .stop = stream_stop };
