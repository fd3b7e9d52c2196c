#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dname.h"
#include "zonefile.h"

#define SUFFIX ".zone"

struct zone_name {
	char *file;                    /* inside the folder */
	uint8_t origin[DNAME_MAX];
	size_t len;
};

struct zone_list {
	struct zone_name *zones;
	size_t count, room;
};

static int by_file(const void *a, const void *b)
{
	const struct zone_name *x = a, *y = b;
	return strcmp(x->file, y->file);
}

static int by_origin(const void *a, const void *b)
{
	const struct zone_name *const *x = a, *const *y = b;
	if ((*x)->len != (*y)->len)
		return (*x)->len < (*y)->len ? -1 : 1;
	int order = memcmp((*x)->origin, (*y)->origin, (*x)->len);
	return order ? order : strcmp((*x)->file, (*y)->file);
}

static char *join(const char *folder, const char *file)
{
	char *path;
	return asprintf(&path, "%s/%s", folder, file) < 0 ? NULL : path;
}

static void report(struct errs *errs, const char *folder, const char *file, const char *fmt, const char *detail)
{
	char *path = join(folder, file);
	errs_add(errs, path ? path : file, 0, 0, fmt, detail);
	free(path);
}

/*
 * A file that holds a zone: NAME.zone, with NAME as a domain name's text form;
 * the root is "." and so in "..zone". Other names that begin with a dot are
 * hidden files (editors lock and swap in such), not zones.
 */
static bool is_zone_file(const char *file)
{
	size_t len = strlen(file), suffix = strlen(SUFFIX);
	return len > suffix && strcmp(file + len - suffix, SUFFIX) == 0 && (file[0] != '.' || strcmp(file, "." SUFFIX) == 0);
}

static bool origin_of(struct zone_name *z, const char **why)
{
	static const uint8_t root[1] = { 0 };
	size_t len = strlen(z->file) - strlen(SUFFIX);
	*why = "@ is no zone's name";
	z->len = len == 1 && z->file[0] == '@' ? 0 : dname_from_text(z->origin, z->file, len, root, why);
	dname_lower(z->origin, z->origin, z->len);
	return z->len != 0;
}

static bool add(struct zone_list *list, const char *folder, const char *file, struct errs *errs)
{
	const char *why;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct zone_name *larger = realloc(list->zones, room * sizeof *larger);
		if (!larger)
			return false;
		list->zones = larger;
		list->room = room;
	}
	struct zone_name *z = &list->zones[list->count];
	if (!(z->file = strdup(file)))
		return false;
	if (origin_of(z, &why)) {
		list->count++;
	} else {
		report(errs, folder, file, "the file's name is no domain name: %s", why);
		free(z->file);
	}
	return true;
}

static bool scan(struct zone_list *list, const char *folder, struct errs *errs)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	if (!d) {
		errs_add(errs, folder, 0, 0, "folder of zones can't be read: %s", strerror(errno));
		return false;
	}
	bool ok = true;
	while (ok && (errno = 0, e = readdir(d)))
		ok = !is_zone_file(e->d_name) || add(list, folder, e->d_name, errs);
	if (!ok || errno)
		errs_add(errs, folder, 0, 0, "folder of zones can't be read: %s", strerror(ok ? errno : ENOMEM));
	closedir(d);
	return ok;
}

/* Two files can mean one zone: Example.com.zone and example.com.zone. */
static void find_twins(const struct zone_list *list, const char *folder, struct errs *errs)
{
	const struct zone_name **sorted = calloc(list->count + 1, sizeof *sorted);
	if (!sorted) {
		errs_add(errs, folder, 0, 0, "no memory");
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = &list->zones[i];
	qsort(sorted, list->count, sizeof *sorted, by_origin);
	for (size_t i = 1; i < list->count; i++)
		if (sorted[i]->len == sorted[i - 1]->len && memcmp(sorted[i]->origin, sorted[i - 1]->origin, sorted[i]->len) == 0)
			report(errs, folder, sorted[i]->file, "is the same zone as %s", sorted[i - 1]->file);
	free(sorted);
}

size_t zonefile_each(const char *folder, struct errs *errs,
                     void (*each)(void *arg, const char *file, const uint8_t *origin), void *arg)
{
	struct zone_list list = { 0 };
	bool ok = scan(&list, folder, errs);
	if (list.count)
		qsort(list.zones, list.count, sizeof *list.zones, by_file);
	find_twins(&list, folder, errs);
	for (size_t i = 0; i < list.count; i++) {
		char *path = join(folder, list.zones[i].file);
		if (path && ok)
			each(arg, path, list.zones[i].origin);
		else if (!path)
			errs_add(errs, folder, 0, 0, "no memory");
		free(path);
		free(list.zones[i].file);
	}
	free(list.zones);
	return list.count;
}
