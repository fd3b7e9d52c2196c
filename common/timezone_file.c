/* TZif files, version 2 and later (RFC 8536); declared in timezone.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timezone_parts.h"

/* The longest of the database has 3.6 KB. */
#define FILE_MAX 65536
#define HEADER 44
#define HOUR 3600
/* Section 3.3.1: times of a change may reach a week beyond its day; offsets are those of POSIX. */
#define TIME_HOURS_MAX 167
#define OFFSET_HOURS_MAX 24

struct counts { uint32_t isut, isstd, leap, time, type, chars; };

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get64(const uint8_t *p)
{
	return (int64_t)((uint64_t)get32(p) << 32 | get32(p + 4));
}

/* False: no such header there. Counts are bounded, so that sums of them can't wrap. */
static bool read_header(const uint8_t *p, size_t len, struct counts *c)
{
	if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	*c = (struct counts){ get32(p + 20), get32(p + 24), get32(p + 28), get32(p + 32), get32(p + 36), get32(p + 40) };
	return c->isut <= FILE_MAX && c->isstd <= FILE_MAX && c->leap <= FILE_MAX && c->time <= FILE_MAX && c->type <= FILE_MAX && c->chars <= FILE_MAX;
}

static size_t block_len(const struct counts *c, size_t size)
{
	return c->time * (size + 1) + c->type * (size_t)6 + c->chars + c->leap * (size + 4) + c->isstd + c->isut;
}

/* ---- the footer: what holds from then on, as POSIX writes TZ ---- */

static bool read_name(const char **p)
{
	const char *at = *p;
	if (*at == '<') {
		while (*at && *at != '>')
			at++;
		*p = at + 1;
		return *at == '>';
	}
	while (isalpha((unsigned char)*at))
		at++;
	bool good = at - *p >= 3;
	*p = at;
	return good;
}

static bool read_number(const char **p, unsigned max, unsigned *out)
{
	unsigned v = 0;
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p) && v <= max; (*p)++)
		v = v * 10 + (unsigned)(**p - '0');
	*out = v;
	return v <= max;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(const char **p, unsigned max_hours, int32_t *out)
{
	unsigned part[3] = { 0 };
	bool negative = **p == '-';
	if (**p == '-' || **p == '+')
		(*p)++;
	if (!read_number(p, max_hours, &part[0]))
		return false;
	for (unsigned i = 1; i < 3 && **p == ':'; i++) {
		(*p)++;
		if (!read_number(p, 59, &part[i]))
			return false;
	}
	int32_t seconds = (int32_t)(part[0] * HOUR + part[1] * 60 + part[2]);
	*out = negative ? -seconds : seconds;
	return true;
}

static bool skip(const char **p, char c)
{
	return **p == c && (*p)++;
}

static bool read_yearly(const char **p, struct yearly *y)
{
	*y = (struct yearly){ .time = 2 * HOUR };
	bool good;
	if (skip(p, 'M')) {
		y->kind = YEARLY_WEEKDAY;
		good = read_number(p, 12, &y->month) && y->month && skip(p, '.') && read_number(p, 5, &y->week) && y->week && skip(p, '.') && read_number(p, 6, &y->day);
	} else if (skip(p, 'J')) {
		y->kind = YEARLY_JULIAN;
		good = read_number(p, 365, &y->day) && y->day;
	} else {
		y->kind = YEARLY_DAY;
		good = read_number(p, 365, &y->day);
	}
	return good && (!skip(p, '/') || read_time(p, TIME_HOURS_MAX, &y->time));
}

/* POSIX counts west of Greenwich. */
static bool read_footer(const char *p, struct timezone_rules *z)
{
	if (!read_name(&p) || !read_time(&p, OFFSET_HOURS_MAX, &z->winter))
		return false;
	z->winter = -z->winter;
	if (!*p)
		return true;
	z->has_summer = true;
	z->summer = z->winter + HOUR;
	if (!read_name(&p))
		return false;
	if (*p != ',') {
		if (!read_time(&p, OFFSET_HOURS_MAX, &z->summer))
			return false;
		z->summer = -z->summer;
	}
	return skip(&p, ',') && read_yearly(&p, &z->begin) && skip(&p, ',') && read_yearly(&p, &z->end) && !*p;
}

/* "\n" TZ "\n"; an empty one: the last change holds. */
static bool read_end(const uint8_t *p, size_t len, struct timezone_rules *z)
{
	char text[128];
	const uint8_t *end = len > 1 && p[0] == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;
	size_t n = end ? (size_t)(end - p) - 1 : sizeof text;
	if (n >= sizeof text)
		return false;
	memcpy(text, p + 1, n);
	text[n] = '\0';
	z->winter = z->n ? z->changes[z->n - 1].offset : z->first;
	return n == 0 || read_footer(text, z);
}

/* ---- the table ---- */

static bool read_table(const uint8_t *p, const struct counts *c, struct timezone_rules *z)
{
	const uint8_t *index = p + c->time * (size_t)8, *types = index + c->time;
	z->n = c->time;
	z->first = (int32_t)get32(types);
	for (size_t i = 0; i < c->time; i++) {
		if (index[i] >= c->type)
			return false;
		z->changes[i] = (struct timezone_change){ get64(p + i * 8), (int32_t)get32(types + index[i] * (size_t)6) };
		if (i && z->changes[i].at <= z->changes[i - 1].at)
			return false;
	}
	return true;
}

struct timezone_rules *timezone_read(const uint8_t *file, size_t len, const char **why)
{
	struct counts c;
	*why = "is no time zone of version 2 or later";
	/* The first block is for old readers. */
	if (!read_header(file, len, &c) || block_len(&c, 4) + HEADER > len)
		return NULL;
	size_t at = HEADER + block_len(&c, 4);
	if (!read_header(file + at, len - at, &c) || block_len(&c, 8) + HEADER > len - at || c.type == 0)
		return NULL;
	struct timezone_rules *z = calloc(1, sizeof *z + c.time * sizeof *z->changes);
	if (!z) {
		*why = "out of memory";
		return NULL;
	}
	size_t end = at + HEADER + block_len(&c, 8);
	if (read_table(file + at + HEADER, &c, z) && read_end(file + end, len - end, z))
		return z;
	free(z);
	return NULL;
}

/* A name of the database, and no way out of its folder. */
static bool is_name(const char *name)
{
	if (!*name || *name == '/' || strstr(name, ".."))
		return false;
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

struct timezone_rules *timezone_load(const char *folder, const char *name, const char **why)
{
	char path[512];
	struct timezone_rules *z = NULL;
	*why = "is not a name such as \"Europe/Berlin\"";
	if (!is_name(name) || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return NULL;
	FILE *f = fopen(path, "re");
	uint8_t *bytes = f ? malloc(FILE_MAX) : NULL;
	size_t len = bytes ? fread(bytes, 1, FILE_MAX, f) : 0;
	*why = f ? "out of memory" : "is not in the system's database (" TIMEZONE_FOLDER ", package tzdata)";
	if (bytes)
		z = timezone_read(bytes, len, why);
	free(bytes);
	if (f)
		fclose(f);
	return z;
}
