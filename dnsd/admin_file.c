#include "admin_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "fairlead-admin 1\n"
#define LAST_LINE "end\n"

/* --- writing --- */

void admin_file_begin(struct statefile_text *t)
{
	memset(t, 0, sizeof *t);
	statefile_put(t, FIRST_LINE);
}

static void put_byte(struct statefile_text *t, uint8_t c)
{
	char escaped[5];
	if (c >= ' ' && c < 127 && c != '"' && c != '\\') {
		statefile_add(t, (const char *)&c, 1);
		return;
	}
	snprintf(escaped, sizeof escaped, "\\%03u", c);
	statefile_add(t, escaped, 4);
}

void admin_file_add(struct statefile_text *t, const uint8_t *owner, const uint8_t *rdata, size_t len)
{
	char name[DNAME_TEXT_MAX];
	statefile_put(t, "%s", dname_to_text(owner, name));
	for (size_t at = 0; at < len; at += rdata[at] + 1u) {
		statefile_add(t, " \"", 2);
		for (size_t i = 1; i <= rdata[at]; i++)
			put_byte(t, rdata[at + i]);
		statefile_add(t, "\"", 1);
	}
	statefile_add(t, "\n", 1);
}

void admin_file_end(struct statefile_text *t)
{
	statefile_put(t, LAST_LINE);
}

/* --- reading --- */

static bool read_byte(const char **p, uint8_t *out)
{
	unsigned v = 0;
	if (**p != '\\') {
		*out = (uint8_t)*(*p)++;
		return true;
	}
	for (int i = 1; i <= 3; i++) {
		char c = (*p)[i];
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (unsigned)(c - '0');
	}
	*p += 4;
	*out = (uint8_t)v;
	return v < 256;
}

/* One string in quotes at *p, as a length and its bytes. False: not one, or too long. */
static bool read_string(const char **p, uint8_t *out, size_t room, size_t *len)
{
	size_t n = 0;
	if (**p != '"')
		return false;
	for ((*p)++; **p && **p != '"'; n++)
		if (n == 255 || n + 1 >= room || !read_byte(p, &out[n + 1]))
			return false;
	if (**p != '"' || !room)
		return false;
	(*p)++;
	out[0] = (uint8_t)n;
	*len = n + 1;
	return true;
}

static bool read_line(const char *line, uint8_t owner[DNAME_MAX], struct update_admin *order)
{
	uint8_t rdata[1100];
	size_t len = 0, one, n = strcspn(line, " ");
	const char *why, *p = line + n;
	size_t owner_len = dname_from_text(owner, line, n, NULL, &why);
	if (!owner_len)
		return false;
	dname_lower(owner, owner, owner_len);
	while (*p == ' ') {
		p++;
		if (!read_string(&p, rdata + len, sizeof rdata - len, &one))
			return false;
		len += one;
	}
	return !*p && update_admin_read(order, rdata, len, &why) && order->seq;
}

static bool read_lines(char *text, bool (*each)(void *arg, const uint8_t *owner, const struct update_admin *order), void *arg)
{
	while (*text && strcmp(text, LAST_LINE) != 0) {
		uint8_t owner[DNAME_MAX];
		struct update_admin order;
		char *end = strchr(text, '\n');
		if (!end)
			return false;
		*end = '\0';
		if (!read_line(text, owner, &order) || !each(arg, owner, &order))
			return false;
		text = end + 1;
	}
	return *text != '\0';
}

bool admin_file_read(const char *path, bool (*each)(void *arg, const uint8_t *owner, const struct update_admin *order),
                     void *arg, const char **why)
{
	char *text = statefile_read(path, why);
	if (!text)
		return false;
	*why = "it is not a file of this version";
	bool good = strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) == 0;
	if (good) {
		*why = "a line cannot be read, or the end is missing";
		good = read_lines(text + strlen(FIRST_LINE), each, arg);
	}
	free(text);
	return good;
}
