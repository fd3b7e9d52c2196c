/* imap: "* OK ..." or "* PREAUTH ..." (RFC 9051 section 7.1); "* BYE ..." is a failure. */
#include "check_dialogue.h"

#include <strings.h>

static bool begins(const char *line, const char *with, size_t n)
{
	return strncasecmp(line, with, n) == 0 && (!line[n] || line[n] == ' ');
}

static enum reply greeting(const char *line, unsigned *code)
{
	(void)code;
	if (begins(line, "* OK", 4) || begins(line, "* PREAUTH", 9))
		return REPLY_GOOD;
	return begins(line, "* BYE", 5) ? REPLY_BAD : REPLY_MALFORMED;
}

/* Commands have tags of one letter and one digit; lines with "*" are said beside the answer. */
static enum reply answer(const char *line, unsigned *code)
{
	(void)code;
	if (line[0] == '*')
		return REPLY_MORE;
	if (line[0] != 'a' || !line[1] || line[2] != ' ')
		return REPLY_MALFORMED;
	return begins(line + 3, "OK", 2) ? REPLY_GOOD : REPLY_BAD;
}

static void start(struct check *k)
{
	static const struct dialogue_protocol imap = { greeting, answer, NULL, "a1 STARTTLS\r\n", "a2 LOGOUT\r\n" };
	dialogue_start(k, &imap);
}

const struct check_kind check_kind_imap = { .prepare = dialogue_prepare, .start = start, .time_up = dialogue_time_up, .stop = stream_stop };
