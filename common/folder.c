#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(char *why, const char *what, const char *path)
{
	snprintf(why, FOLDER_WHY_MAX, "cannot %s %s: %s", what, path, strerror(errno));
	return false;
}

static bool give_to(const char *path, const char *user, char *why)
{
	if (geteuid() != 0 || !*user)
		return true;
	const struct passwd *pw = getpwnam(user);
	if (!pw) {
		errno = ENOENT;
		return fail(why, "find the user for", path);
	}
	return chown(path, pw->pw_uid, pw->pw_gid) == 0 || fail(why, "hand over", path);
}

static bool make_one(const char *path, const char *user, char *why)
{
	if (mkdir(path, 0755) == 0)
		return give_to(path, user, why);
	struct stat st;
	int e = errno;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	errno = e;
	return fail(why, "make folder", path);
}

bool folder_make(const char *path, const char *user, char why[FOLDER_WHY_MAX])
{
	char part[PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof part) {
		errno = n ? ENAMETOOLONG : ENOENT;
		return fail(why, "make folder", path);
	}
	for (size_t i = 1; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (!make_one(part, user, why))
			return false;
	}
	return true;
}

static int locked_by_other(int fd, const char *file, char *why)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
	pid[n > 0 ? strcspn(pid, "\n") : 0] = 0;
	snprintf(why, FOLDER_WHY_MAX, "%s is locked: it runs already (process %s)", file, *pid ? pid : "unknown");
	close(fd);
	return -1;
}

int folder_lock(const char *path, const char *name, char why[FOLDER_WHY_MAX])
{
	char file[PATH_MAX];
	if (snprintf(file, sizeof file, "%s/%s.lock", path, name) >= (int)sizeof file) {
		errno = ENAMETOOLONG;
		fail(why, "lock", path);
		return -1;
	}
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		fail(why, "open", file);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return locked_by_other(fd, file, why);
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		fail(why, "write", file);
		close(fd);
		return -1;
	}
	return fd;
}
