#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "geo_parts.h"

const struct place *geo_find(const struct geo *g, enum geo_kind kind, const struct addr *a, uint8_t *scope)
{
	uint32_t at = g && g->tables[kind] ? ranges_find(g->tables[kind], a, scope) : RANGES_NONE;

	return at == RANGES_NONE ? NULL : &g->places[at];
}

void geo_ahead(const struct geo *g, unsigned kinds, const struct addr *a, size_t n)
{
	uint32_t at[RANGES_AHEAD_MAX];

	for (int k = 0; g && k < GEO_KINDS; k++) {
		if (!(kinds >> k & 1) || !g->tables[k])
			continue;
		ranges_ahead(g->tables[k], a, n, at);
		for (size_t i = 0; i < n; i++)
			if (at[i] != RANGES_NONE)
				__builtin_prefetch(&g->places[at[i]]);
	}
}

bool geo_has(const struct geo *g, enum geo_kind kind)
{
	return g && g->tables[kind];
}

size_t geo_count(const struct geo *g)
{
	size_t n = 0;

	for (int k = 0; k < GEO_KINDS; k++)
		n += g->tables[k] ? ranges_count(g->tables[k]) : 0;
	return n;
}

size_t geo_bytes(const struct geo *g)
{
	size_t n = sizeof *g + g->nplaces * sizeof *g->places;

	for (int k = 0; k < GEO_KINDS; k++)
		n += g->tables[k] ? ranges_bytes(g->tables[k]) : 0;
	return n;
}

/* ---- life ---- */

void geo_release(struct geo *g)
{
	if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (int k = 0; k < GEO_KINDS; k++)
		ranges_free(g->tables[k]);
	for (size_t i = 0; i < g->nsources; i++)
		free(g->sources[i].file);
	free(g->sources);
	free(g->places);
	free(g->hashed);
	free(g);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size
		&& a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec
		&& a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reading again would give the same: a reload for the sake of a zone doesn't cost a second of work. */
static bool is_current(const struct geo *g, char *const *files, size_t n)
{
	struct stat st;

	if (!g || g->nsources != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(g->sources[i].file, files[i]) != 0 || stat(files[i], &st) != 0 || !same_file(&st, &g->sources[i].st))
			return false;
	return true;
}

static struct geo *geo_new(size_t nsources)
{
	struct geo *g = calloc(1, sizeof *g);

	if (g && !(g->sources = calloc(nsources + 1, sizeof *g->sources))) {
		free(g);
		g = NULL;
	}
	if (g)
		g->refs = 1;
	return g;
}

/* No look-up adds a place. */
static struct geo *finish(struct geo *g)
{
	struct place *places = g->nplaces ? realloc(g->places, g->nplaces * sizeof *places) : NULL;

	if (places)
		g->places = places;
	free(g->hashed);
	g->hashed = NULL;
	return g;
}

/* ---- files ---- */

static bool add_file(struct geo *g, const char *file, struct errs *errs)
{
	struct geo_source *s = &g->sources[g->nsources++];
	/* O_NONBLOCK: a named pipe must not hang a reload. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat after;
	bool ok = false;

	s->file = strdup(file);
	if (fd < 0 || fstat(fd, &s->st) < 0)
		errs_add(errs, file, 0, 0, "%s", strerror(errno));
	else if (!S_ISREG(s->st.st_mode))
		errs_add(errs, file, 0, 0, "not a regular file");
	else if (!s->file)
		errs_add(errs, file, 0, 0, "out of memory");
	else
		ok = geo_read(g, fd, s->st.st_size, file, errs);
	if (ok && (fstat(fd, &after) < 0 || after.st_size != s->st.st_size || after.st_mtim.tv_sec != s->st.st_mtim.tv_sec
	           || after.st_mtim.tv_nsec != s->st.st_mtim.tv_nsec)) {
		errs_add(errs, file, 0, 0, "changed while it was read");
		ok = false;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

struct geo *geo_load(char *const *files, size_t n, struct geo *old, struct errs *errs)
{
	struct geo *g;
	bool ok = true;

	if (is_current(old, files, n)) {
		atomic_fetch_add_explicit(&old->refs, 1, memory_order_relaxed);
		return old;
	}
	g = geo_new(n);
	if (!g) {
		errs_add(errs, NULL, 0, 0, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		ok &= add_file(g, files[i], errs);
	if (ok)
		return finish(g);
	geo_release(g);
	return NULL;
}
