#include "saved.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../common/dname.h"

#define FIRST_WORD "fairlead-verdicts"
#define VERSION 1
#define LAST_LINE "end\n"
#define ORDERED " ordered"

/* --- reading --- */

static bool read_number(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	*out = v;
	return end != text && !*end && errno == 0 && v >= 0;
}

/* Cuts `line` at single blanks into exactly `n` words. */
static bool cut(char *line, char **words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		words[i] = line;
		line = strchr(line, ' ');
		if (!line != (i + 1 == n))
			return false;
		if (line)
			*line++ = '\0';
		if (!*words[i])
			return false;
	}
	return true;
}

static bool read_line(char *line, uint8_t service[DNAME_MAX], struct saved_verdict *v)
{
	char *words[4], *blank = strrchr(line, ' ');
	const char *why;
	v->ordered = blank && strcmp(blank, ORDERED) == 0;
	if (v->ordered)
		*blank = '\0';
	if (!cut(line, words, 4) || strlen(words[1]) > LABEL_MAX)
		return false;
	size_t len = dname_from_text(service, words[0], strlen(words[0]), NULL, &why);
	if (!len || !verdict_by_name(words[2], &v->verdict) || v->verdict == VERDICT_UNKNOWN)
		return false;
	dname_lower(service, service, len);
	v->service = service;
	v->label = words[1];
	return read_number(words[3], &v->since);
}

/* When the file was written, by its first line. False: not ours. */
static bool read_head(char *head, int64_t *written)
{
	char *words[3];
	int64_t version;
	return cut(head, words, 3) && strcmp(words[0], FIRST_WORD) == 0 && read_number(words[1], &version) &&
	       version == VERSION && read_number(words[2], written);
}

/* All lines up to the end line; 0: one of them is bad, or there is no end. `each` NULL: only looks. */
static size_t read_lines(const char *text, void (*each)(void *arg, const struct saved_verdict *v), void *arg)
{
	uint8_t service[DNAME_MAX];
	char line[DNAME_TEXT_MAX + 2 * LABEL_MAX];
	size_t count = 0;
	while (*text && strcmp(text, LAST_LINE) != 0) {
		struct saved_verdict v;
		size_t len = strcspn(text, "\n");
		if (!text[len] || len >= sizeof line)
			return 0;
		memcpy(line, text, len);
		line[len] = '\0';
		if (!read_line(line, service, &v))
			return 0;
		if (each)
			each(arg, &v);
		count++;
		text += len + 1;
	}
	return *text ? count : 0;
}

static size_t read_text(char *text, int64_t now, int64_t max_age,
                        void (*each)(void *arg, const struct saved_verdict *v), void *arg, const char **why)
{
	int64_t written;
	char *lines = strchr(text, '\n');
	*why = "it is not a file of this version";
	if (!lines)
		return 0;
	*lines++ = '\0';
	if (!read_head(text, &written))
		return 0;
	*why = "it is too old";
	if (written > now || now - written > max_age)
		return 0;
	*why = "a line cannot be read, or the end is missing";
	if (!read_lines(lines, NULL, NULL))
		return 0;
	return read_lines(lines, each, arg);
}

size_t saved_read(const char *path, int64_t now, int64_t max_age,
                  void (*each)(void *arg, const struct saved_verdict *v), void *arg, const char **why)
{
	char *text = statefile_read(path, why);
	size_t count = text ? read_text(text, now, max_age, each, arg, why) : 0;
	free(text);
	return count;
}

int64_t saved_written(const char *path)
{
	const char *why;
	char *text = statefile_read(path, &why), *end = text ? strchr(text, '\n') : NULL;
	int64_t written = 0;
	if (end) {
		*end = '\0';
		if (!read_head(text, &written))
			written = 0;
	}
	free(text);
	return written;
}

/* --- writing --- */

void saved_begin(struct statefile_text *t, int64_t now)
{
	memset(t, 0, sizeof *t);
	statefile_put(t, FIRST_WORD " %d %" PRId64 "\n", VERSION, now);
}

void saved_add(struct statefile_text *t, const struct saved_verdict *v)
{
	char name[DNAME_TEXT_MAX];
	statefile_put(t, "%s %s %s %" PRId64 "%s\n", dname_to_text(v->service, name), v->label, verdict_name(v->verdict), v->since,
	              v->ordered ? ORDERED : "");
}

void saved_end(struct statefile_text *t)
{
	statefile_put(t, LAST_LINE);
}
