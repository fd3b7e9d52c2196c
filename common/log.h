/*
 * log: one line an event on standard error:
 *     2026-11-22T10:00:00.123Z level=info msg="verdict changed" service=www... from=up to=down
 * Under journald (JOURNAL_STREAM names our stderr) the time is left out and a
 * <N> syslog priority stands in front (sd-daemon(3)).
 *
 * A line is at most LOG_LINE_MAX bytes, so that a pipe takes it whole
 * (PIPE_BUF) and a full pipe can be noticed before: a log that nobody reads
 * never blocks us, the lines are counted as lost and that is said later.
 * Control bytes are written as \xNN, so no input forges a line.
 * Not for the path of a query or of a relayed byte.
 */
#ifndef FAIRLEAD_LOG_H
#define FAIRLEAD_LOG_H

#include <stddef.h>

#define LOG_LINE_MAX 4096

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Events below `level` are dropped (default: info). */
void log_set_level(enum log_level level);

/* `fmt` makes the "key=value key=value" part ("" for none). A value with spaces is the caller's to put into "...". */
void log_event(enum log_level level, const char *msg, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(msg, ...) log_event(LOG_LEVEL_ERROR, msg, __VA_ARGS__)
#define log_warn(msg, ...)  log_event(LOG_LEVEL_WARN, msg, __VA_ARGS__)
#define log_info(msg, ...)  log_event(LOG_LEVEL_INFO, msg, __VA_ARGS__)
#define log_debug(msg, ...) log_event(LOG_LEVEL_DEBUG, msg, __VA_ARGS__)

/* Lines that were lost because standard error did not take them. */
unsigned long log_lost(void);

#endif
