/*
 * check_dialogue: mail and FTP servers speak first, line by line:
 *
 *     greeting [-> hello -> its answer] [-> starttls -> its answer -> TLS] -> quit -> its answer
 *
 * A greeting that fits is a pass, which the end of the probe tells; that the
 * server is told goodbye, and when it has answered may hang up first, keeps its
 * log quiet. Each kind is a table of this form.
 */
#ifndef FAIRLEAD_CHECK_DIALOGUE_H
#define FAIRLEAD_CHECK_DIALOGUE_H

#include "check_kind.h"

/* All that a server may say before it is asked to leave. Banners of a screen or two are real; this is far more. */
#define DIALOGUE_MAX 16384
/* Of a line only this much is looked at; replies are told by their first bytes. */
#define DIALOGUE_LINE 64

enum reply { REPLY_MORE, REPLY_GOOD, REPLY_BAD, REPLY_MALFORMED };

struct dialogue_protocol {
	/* What a line, without its end, means; *code stays 0 where the protocol has none. */
	enum reply (*greeting)(const char *line, unsigned *code);
	enum reply (*answer)(const char *line, unsigned *code);
	const char *hello;      /* what has to come before starttls, up to our address; NULL: nothing */
	const char *starttls, *quit;
};

/* "220 text" is the last line of a reply, "220-text" is not. Good: the first digit is `good`. */
enum reply dialogue_numbered(const char *line, char good, unsigned *code);

bool dialogue_prepare(struct check *k);
void dialogue_start(struct check *k, const struct dialogue_protocol *p);
void dialogue_time_up(struct check *k);

#endif
