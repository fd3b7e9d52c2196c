#include "statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A million members of 60 bytes; a larger file is not ours. */
#define FILE_MAX (64 << 20)
/* Longest piece that statefile_put makes: a name as text (1024), and the rest of a line. */
#define PIECE_MAX 1200

/* --- reading --- */

char *statefile_read(const char *path, const char **why)
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

/* --- the text --- */

void statefile_add(struct statefile_text *t, const char *bytes, size_t n)
{
	if (t->failed)
		return;
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
	memcpy(t->text + t->len, bytes, n);
	t->len += n;
}

void statefile_put(struct statefile_text *t, const char *fmt, ...)
{
	char piece[PIECE_MAX];
	va_list args;
	va_start(args, fmt);
	size_t n = (size_t)vsnprintf(piece, sizeof piece, fmt, args);
	va_end(args);
	if (n < sizeof piece)
		statefile_add(t, piece, n);
	else
		t->failed = true;
}

void statefile_free(struct statefile_text *t)
{
	free(t->text);
	memset(t, 0, sizeof *t);
}

/* --- writing --- */

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

/* The new name is on the disk, too. */
static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int error = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return error;
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
	if (error) {
		unlink(temporary);
		return error;
	}
	return sync_folder(path);
}

int statefile_write(const char *path, const struct statefile_text *t)
{
	return t->failed ? ENOMEM : write_text(path, t->text, t->len);
}

/* --- in a thread --- */

struct statefile_job {
	pthread_t thread;
	struct statefile_text text;
	_Atomic(bool) done;
	int error;
	char path[];
};

static void *run(void *arg)
{
	struct statefile_job *job = arg;
	job->error = statefile_write(job->path, &job->text);
	atomic_store(&job->done, true);
	return NULL;
}

struct statefile_job *statefile_write_begin(const char *path, struct statefile_text *t)
{
	size_t size = strlen(path) + 1;
	struct statefile_job *job = calloc(1, sizeof *job + size);
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

bool statefile_write_ended(struct statefile_job *job, bool wait, int *error)
{
	if (!wait && !atomic_load(&job->done))
		return false;
	pthread_join(job->thread, NULL);
	*error = job->error;
	statefile_free(&job->text);
	free(job);
	return true;
}
