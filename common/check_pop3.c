/* pop3: "+OK ..." (RFC 1939; STLS: RFC 2595). */
#include "check_dialogue.h"

#include <string.h>

static enum reply status(const char *line, unsigned *code)
{
	(void)code;
	if (strncmp(line, "+OK", 3) == 0 && (!line[3] || line[3] == ' '))
		return REPLY_GOOD;
	return strncmp(line, "-ERR", 4) == 0 ? REPLY_BAD : REPLY_MALFORMED;
}

static void start(struct check *k)
{
	static const struct dialogue_protocol pop3 = { status, status, NULL, "STLS\r\n", "QUIT\r\n" };
	dialogue_start(k, &pop3);
}

const struct check_kind check_kind_pop3 = { .prepare = dialogue_prepare, .start = start, .time_up = dialogue_time_up, .stop = stream_stop };
