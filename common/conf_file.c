#include "conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *conf_join(const char *dir, const char *path)
{
	char *out = NULL;
	if (path[0] == '/' || strcmp(dir, ".") == 0)
		return strdup(path);
	return asprintf(&out, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", path) < 0 ? NULL : out;
}

char *conf_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	if (!slash)
		return strdup(".");
	return slash == file ? strdup("/") : strndup(file, (size_t)(slash - file));
}

/* Reads what fstat promised; a file that grows meanwhile is cut there, one that shrinks is short. */
static char *read_all(int fd, size_t size, size_t *len, const char **why)
{
	char *text = malloc(size + 1);
	if (!text) {
		*why = "out of memory";
		return NULL;
	}
	size_t n = 0;
	while (n < size) {
		ssize_t got = read(fd, text + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			*why = strerror(errno);
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	*len = n;
	return text;
}

char *conf_slurp(const char *file, size_t max, size_t *len, struct stat *st, const char **why)
{
	/* O_NONBLOCK: a named pipe must not hang a reload. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	char *text = NULL;
	if (fstat(fd, st) != 0)
		*why = strerror(errno);
	else if (!S_ISREG(st->st_mode))
		*why = "not a regular file";
	else if ((unsigned long long)st->st_size > max)
		*why = "too large";
	else
		text = read_all(fd, (size_t)st->st_size, len, why);
	close(fd);
	return text;
}
