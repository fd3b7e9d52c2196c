#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;
static _Atomic(unsigned long) lost;
static _Atomic(unsigned long) lost_unsaid;

static const struct { const char *name; int syslog; } levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARN] = { "warn", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

void log_set_level(enum log_level level)
{
	threshold = level;
}

unsigned long log_lost(void)
{
	return lost;
}

/* $JOURNAL_STREAM is "device:inode" of the stream that the journal reads; only if it is our stderr are we talking to it. */
static bool to_journal(void)
{
	static _Atomic(int) known; /* 0: not looked yet, 1: no, 2: yes */
	int k = known;
	if (k)
		return k == 2;
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	bool yes = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0
		&& st.st_dev == dev && st.st_ino == ino;
	known = yes ? 2 : 1;
	return yes;
}

/* Whether a whole line can be written without waiting: a pipe or socket is writable only with PIPE_BUF of room. */
static bool takes_a_line(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static size_t stamp(char *out, size_t size, enum log_level level)
{
	if (to_journal())
		return (size_t)snprintf(out, size, "<%d>", levels[level].syslog);
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(out + n, size - n, ".%03ldZ ", now.tv_nsec / 1000000);
}

/* Control bytes become \xNN: what came from outside can't start a line of its own. */
static size_t escape(char *out, size_t size, const char *in)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	for (; *in && n + 5 < size; in++) {
		unsigned char c = (unsigned char)*in;
		if (c >= 0x20 && c != 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}

static void write_line(const char *line, size_t n)
{
	if (takes_a_line() && write(STDERR_FILENO, line, n) == (ssize_t)n)
		return;
	lost++;
	lost_unsaid++;
}

static void __attribute__((format(printf, 3, 0)))
log_v(enum log_level level, const char *msg, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX - 256], line[LOG_LINE_MAX];
	vsnprintf(text, sizeof text, fmt, ap);
	size_t n = stamp(line, sizeof line, level);
	n += (size_t)snprintf(line + n, 200, "level=%s msg=\"%s\"%s", levels[level].name, msg, *text ? " " : "");
	if (n > sizeof line - 8)
		n = sizeof line - 8;
	n += escape(line + n, sizeof line - n - 1, text);
	line[n++] = '\n';
	write_line(line, n);
}

void log_event(enum log_level level, const char *msg, const char *fmt, ...)
{
	if (level > threshold)
		return;
	int saved = errno;
	unsigned long gap = atomic_exchange(&lost_unsaid, 0);
	if (gap) {
		char line[128];
		size_t n = stamp(line, sizeof line, LOG_LEVEL_WARN);
		n += (size_t)snprintf(line + n, sizeof line - n, "level=warn msg=\"log lines lost\" lines=%lu\n", gap);
		if (!takes_a_line() || write(STDERR_FILENO, line, n) != (ssize_t)n)
			lost_unsaid += gap;
	}
	va_list ap;
	va_start(ap, fmt);
	log_v(level, msg, fmt, ap);
	va_end(ap);
	errno = saved;
}
