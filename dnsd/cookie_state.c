#include "cookie_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ours has one line; whoever puts another there may write some more. */
#define FILE_MAX 4096

static bool make_random(struct cookie_secrets *out)
{
	memset(out, 0, sizeof *out);
	out->n = getrandom(out->bytes[0], COOKIE_SECRET_BYTES, 0) == COOKIE_SECRET_BYTES;
	return out->n == 1;
}

static bool parse_file(const char *path, int fd, struct cookie_secrets *out, char *why)
{
	char text[FILE_MAX];
	const char *wrong = "is too long";
	unsigned line = 0;
	struct stat st;
	ssize_t n = read(fd, text, sizeof text);
	bool ok = false;
	if (n < 0)
		wrong = strerror(errno);
	else if (fstat(fd, &st) < 0 || (st.st_mode & S_IRWXO))
		wrong = "others can read or write it";
	else if ((size_t)n < sizeof text)
		ok = cookiefile_parse(out, text, (size_t)n, &line, &wrong);
	if (!ok)
		snprintf(why, COOKIE_STATE_WHY_MAX, "%.150s: line %u: %.60s", path, line, wrong);
	explicit_bzero(text, sizeof text);
	return ok;
}

/* 1: read; 0: there is none; -1: `why`. */
static int read_file(const char *path, struct cookie_secrets *out, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		snprintf(why, COOKIE_STATE_WHY_MAX, "%.150s: %.60s", path, strerror(errno));
		return -1;
	}
	bool ok = parse_file(path, fd, out, why);
	close(fd);
	return ok ? 1 : -1;
}

static int write_file(const char *temporary, const struct cookie_secrets *s)
{
	char line[COOKIEFILE_LINE_MAX];
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	cookiefile_line(line, s->bytes[0]);
	ssize_t n = write(fd, line, sizeof line - 1);
	int error = n < 0 ? errno : n != sizeof line - 1 ? ENOSPC : fsync(fd) < 0 ? errno : 0;
	explicit_bzero(line, sizeof line);
	if (close(fd) < 0 && !error)
		error = errno;
	return error;
}

/* Puts it in place unless another process was quicker, whose secret is then the one for both. */
static int make_file(const char *path, const struct cookie_secrets *s)
{
	char temporary[PATH_MAX];
	if (snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid()) >= (int)sizeof temporary)
		return ENAMETOOLONG;
	int error = write_file(temporary, s);
	if (!error && link(temporary, path) < 0 && errno != EEXIST)
		error = errno;
	unlink(temporary);
	return error;
}

bool cookie_state_load(const char *folder, struct cookie_secrets *out, char why[COOKIE_STATE_WHY_MAX])
{
	char path[PATH_MAX];
	int got = -1;
	snprintf(why, COOKIE_STATE_WHY_MAX, "the folder's name is too long");
	if (snprintf(path, sizeof path, "%s/" COOKIE_STATE_FILE, folder) < (int)sizeof path)
		got = read_file(path, out, why);
	if (got > 0)
		return true;
	if (!make_random(out)) {
		snprintf(why, COOKIE_STATE_WHY_MAX, "no random numbers");
		return false;
	}
	int error = got == 0 ? make_file(path, out) : 0;
	if (error)
		snprintf(why, COOKIE_STATE_WHY_MAX, "%.150s: %.60s", path, strerror(error));
	return got == 0 && !error && read_file(path, out, why) > 0;
}
