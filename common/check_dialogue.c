#include "check_dialogue.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loop.h"

/* Having answered our goodbye a server hangs up; what we do if it does not. */
#define HANG_UP_TIME (100 * NS_PER_MS)

enum step { STEP_GREETING, STEP_HELLO, STEP_STARTTLS, STEP_QUIT, STEP_HANG_UP };

struct dialogue {
	const struct dialogue_protocol *protocol;
	enum step step;
	char line[DIALOGUE_LINE]; size_t len;
	size_t heard;                      /* bytes, of all lines */
	unsigned code;                     /* of the greeting */
	int64_t took;                      /* ns: until all that matters was said */
	char hello[ADDR_TEXT_MAX + 32];
};

enum reply dialogue_numbered(const char *line, char good, unsigned *code)
{
	if (!isdigit((unsigned char)line[0]) || !isdigit((unsigned char)line[1]) || !isdigit((unsigned char)line[2]))
		return REPLY_MALFORMED;
	if (line[3] == '-')
		return REPLY_MORE;
	if (line[3] && line[3] != ' ')
		return REPLY_MALFORMED;
	*code = (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 + (unsigned)(line[2] - '0');
	return line[0] == good ? REPLY_GOOD : REPLY_BAD;
}

static void end(struct check *k, enum check_result result, uint32_t detail)
{
	check_end(k, result, detail, check_took(k));
}

static void pass(struct check *k)
{
	struct dialogue *d = k->own;
	check_end(k, RESULT_L7_GREETING, d->code, d->took);
}

/* --- what we say --- */

static void say(struct check *k, enum step step, const char *text)
{
	((struct dialogue *)k->own)->step = step;
	stream_say(k, text, strlen(text));
}

static void say_quit(struct check *k)
{
	struct dialogue *d = k->own;
	d->took = check_took(k);
	say(k, STEP_QUIT, d->protocol->quit);
}

/* Who has no name of its own says its address (RFC 5321 section 4.1.3). */
static void say_hello(struct check *k)
{
	struct dialogue *d = k->own;
	struct addr local;
	socklen_t len = sizeof local;
	char text[ADDR_TEXT_MAX] = "127.0.0.1";
	if (getsockname(k->stream.fd, &local.sa, &len) == 0)
		addr_text(&local, text);
	snprintf(d->hello, sizeof d->hello, "%s[%s%s]\r\n", d->protocol->hello, strchr(text, ':') ? "IPv6:" : "", text);
	say(k, STEP_HELLO, d->hello);
}

static void after_greeting(struct check *k)
{
	struct dialogue *d = k->own;
	if (!k->conf->starttls)
		say_quit(k);
	else if (d->protocol->hello)
		say_hello(k);
	else
		say(k, STEP_STARTTLS, d->protocol->starttls);
}

/* Once at first (with `tls` inside it), and once more after STARTTLS. */
static void connected(struct check *k)
{
	struct dialogue *d = k->own;
	if (d->step == STEP_STARTTLS)
		say_quit(k);
}

/* --- what the server says --- */

static void on_good(struct check *k)
{
	struct dialogue *d = k->own;
	switch (d->step) {
	case STEP_GREETING:
		after_greeting(k);
		break;
	case STEP_HELLO:
		say(k, STEP_STARTTLS, d->protocol->starttls);
		break;
	case STEP_STARTTLS:
		stream_secure(k);
		break;
	case STEP_QUIT: case STEP_HANG_UP:
		break;
	}
}

static void on_line(struct check *k)
{
	static const enum check_result refusals[] = { RESULT_L7_BAD_GREETING, RESULT_L7_HELLO, RESULT_L7_STARTTLS };
	struct dialogue *d = k->own;
	unsigned code = 0;
	enum reply reply = (d->step == STEP_GREETING ? d->protocol->greeting : d->protocol->answer)(d->line, &code);
	if (reply == REPLY_MORE)
		return;
	if (d->step == STEP_GREETING)
		d->code = code;
	if (d->step == STEP_QUIT) { /* whatever it says to that */
		d->step = STEP_HANG_UP;
		check_set_time(k, loop_now() + HANG_UP_TIME);
	} else if (reply == REPLY_GOOD) {
		on_good(k);
	} else if (reply == REPLY_BAD) {
		end(k, refusals[d->step], code);
	} else {
		end(k, RESULT_L7_MALFORMED, 0);
	}
}

/* True: a line is whole. */
static bool take(struct dialogue *d, char c)
{
	if (c != '\n') {
		if (d->len < DIALOGUE_LINE - 1)
			d->line[d->len++] = c;
		return false;
	}
	while (d->len && d->line[d->len - 1] == '\r')
		d->len--;
	d->line[d->len] = '\0';
	d->len = 0;
	return true;
}

static void data(struct check *k, const uint8_t *p, size_t n)
{
	struct dialogue *d = k->own;
	for (size_t i = 0; i < n && k->running; i++) {
		if (d->step == STEP_HANG_UP) {
			pass(k);
		} else if (k->stream.stage == STREAM_SHAKING) {
			end(k, RESULT_L7_MALFORMED, 0); /* plain text behind the answer to STARTTLS: nobody may slip that in */
		} else if (++d->heard > DIALOGUE_MAX) {
			end(k, RESULT_L7_TOO_LONG, 0);
		} else if (take(d, (char)p[i])) {
			on_line(k);
		}
	}
}

static void closed(struct check *k, bool reset)
{
	struct dialogue *d = k->own;
	if (d->step >= STEP_QUIT)
		pass(k);
	else if (!k->stream.heard)
		end(k, reset ? RESULT_L4_RESET : RESULT_L7_NO_RESPONSE, 0);
	else
		end(k, reset ? RESULT_L7_RESET : RESULT_L7_NO_RESPONSE, 0);
}

bool dialogue_prepare(struct check *k)
{
	k->own = calloc(1, sizeof(struct dialogue));
	return k->own;
}

void dialogue_start(struct check *k, const struct dialogue_protocol *p)
{
	static const struct stream_talk talk = { connected, data, closed };
	struct dialogue *d = k->own;
	*d = (struct dialogue){ .protocol = p };
	stream_start(k, &talk);
}

void dialogue_time_up(struct check *k)
{
	struct dialogue *d = k->own;
	if (d->step == STEP_HANG_UP)
		pass(k);
	else
		end(k, stream_silence(k), 0);
}
