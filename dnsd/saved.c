#include "saved.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../common/dname.h"

#define FIRST_WORD "fairlead-verdicts"
#define VERSION 1
#define LAST_LINE "end\n"

/* A million members of 60 bytes; a larger file is not ours. */
#define FILE_MAX (64 << 20)

/* --- reading --- */

char *saved_read_file(const char *path, const char **why)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	long size = -1;
	*why = f || errno == ENOENT ? NULL : "cannot be opened";
	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	rewind(f);
	if (size >= 0 && size <= FILE_MAX)
		text = malloc((size_t)size + 1);
	if (text && fread(text, 1, (size_t)size, f) == (size_t)size) {
		text[size] = '\0';
	} else {
		*why = "cannot be read";
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

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
	char *words[4];
	const char *why;
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
	char *text = saved_read_file(path, why);
	size_t count = text ? read_text(text, now, max_age, each, arg, why) : 0;
	free(text);
	return count;
}

/* --- writing --- */

__attribute__((format(printf, 2, 3)))
static void put(struct saved_text *t, const char *fmt, ...)
{
	char line[DNAME_TEXT_MAX + 2 * LABEL_MAX];
	va_list args;
	va_start(args, fmt);
	size_t n = (size_t)vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	if (n >= sizeof line || t->failed) {
		t->failed = true;
		return;
	}
	if (t->len + n > t->room) {
		size_t room = (t->room + n) * 2 + 4096;
		char *bigger = realloc(t->text, room);
		if (!bigger) {
			t->failed = true;
			return;
		}
		t->text = bigger;
		t->room = room;
	}
	memcpy(t->text + t->len, line, n);
	t->len += n;
}

void saved_begin(struct saved_text *t, int64_t now)
{
	memset(t, 0, sizeof *t);
	put(t, FIRST_WORD " %d %" PRId64 "\n", VERSION, now);
}

void saved_add(struct saved_text *t, const struct saved_verdict *v)
{
	char name[DNAME_TEXT_MAX];
	put(t, "%s %s %s %" PRId64 "\n", dname_to_text(v->service, name), v->label, verdict_name(v->verdict), v->since);
}

void saved_end(struct saved_text *t)
{
	put(t, LAST_LINE);
}

void saved_free(struct saved_text *t)
{
	free(t->text);
	memset(t, 0, sizeof *t);
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, p, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		p += written;
		n -= (size_t)written;
	}
	return true;
}

static int write_text(const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];
	if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
		return ENAMETOOLONG;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	int error = write_all(fd, text, len) && fsync(fd) == 0 ? 0 : errno;
	if (close(fd) < 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) < 0)
		error = errno;
	if (error)
		unlink(temporary);
	return error;
}

int saved_write(const char *path, const struct saved_text *t)
{
	return t->failed ? ENOMEM : write_text(path, t->text, t->len);
}

/* --- in a thread --- */

struct saved_job {
	pthread_t thread;
	struct saved_text text;
	_Atomic(bool) done;
	int error;
	char path[];
};

static void *run(void *arg)
{
	struct saved_job *job = arg;
	job->error = saved_write(job->path, &job->text);
	atomic_store(&job->done, true);
	return NULL;
}

struct saved_job *saved_write_begin(const char *path, struct saved_text *t)
{
	size_t size = strlen(path) + 1;
	struct saved_job *job = calloc(1, sizeof *job + size);
	if (!job)
		return NULL;
	memcpy(job->path, path, size);
	job->text = *t;
	if (pthread_create(&job->thread, NULL, run, job) != 0) {
		free(job);
		return NULL;
	}
	memset(t, 0, sizeof *t);
	return job;
}

bool saved_write_ended(struct saved_job *job, bool wait, int *error)
{
	if (!wait && !atomic_load(&job->done))
		return false;
	pthread_join(job->thread, NULL);
	*error = job->error;
	saved_free(&job->text);
	free(job);
	return true;
}
