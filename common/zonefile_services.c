#include <stdlib.h>
#include <string.h>
#include "rdata.h"
#include "zonefile_lb.h"

/* Names -> indexes into `all`. Open addressing, at most half full. Names are borrowed from the services. */
struct name_table {
	struct { const uint8_t *name; size_t len, index; } *slots;
	size_t size, used;             /* size: a power of two, or 0 */
};

struct zone_services {
	const struct conf *conf;
	const uint8_t *origin;
	struct zone_service *all;
	size_t count, room;
	struct name_table owners;
	struct name_table at_or_above; /* owners and every name between them and the origin: where a cut would hide a service */
};

static size_t hash(const uint8_t *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ name[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 29);
}

/* The slot that holds the name, or the free one where it belongs. */
static size_t slot_of(const struct name_table *t, const uint8_t *name, size_t len)
{
	size_t i = hash(name, len) & (t->size - 1);
	while (t->slots[i].name && (t->slots[i].len != len || memcmp(t->slots[i].name, name, len) != 0))
		i = (i + 1) & (t->size - 1);
	return i;
}

static bool make_room(struct name_table *t)
{
	struct name_table larger = { .size = t->size ? 2 * t->size : 64, .used = t->used };
	if (2 * t->used < t->size)
		return true;
	larger.slots = calloc(larger.size, sizeof *larger.slots);
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].name)
			larger.slots[slot_of(&larger, t->slots[i].name, t->slots[i].len)] = t->slots[i];
	free(t->slots);
	*t = larger;
	return true;
}

/* Adds a name unless it is there. False: no memory. */
static bool table_add(struct name_table *t, const uint8_t *name, size_t len, size_t index)
{
	if (!make_room(t))
		return false;
	size_t i = slot_of(t, name, len);
	if (!t->slots[i].name) {
		t->slots[i].name = name;
		t->slots[i].len = len;
		t->slots[i].index = index;
		t->used++;
	}
	return true;
}

static bool table_find(const struct name_table *t, const uint8_t *name, size_t len, size_t *index)
{
	if (!t->size)
		return false;
	size_t i = slot_of(t, name, len);
	*index = t->slots[i].index;
	return t->slots[i].name != NULL;
}

struct zone_services *zone_services_new(const struct conf *conf, const uint8_t *origin)
{
	struct zone_services *zs = calloc(1, sizeof *zs);
	if (zs) {
		zs->conf = conf;
		zs->origin = origin;
	}
	return zs;
}

void zone_services_free(struct zone_services *zs)
{
	for (size_t i = 0; zs && i < zs->count; i++)
		service_free(zs->all[i].service);
	if (zs) {
		free(zs->all);
		free(zs->owners.slots);
		free(zs->at_or_above.slots);
	}
	free(zs);
}

size_t zone_services_count(const struct zone_services *zs)
{
	return zs->count;
}

static struct service *new_service(const struct zone_services *zs, const struct zone_line *line)
{
	struct service *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	size_t origin_len = dname_len(zs->origin);
	s->file = strdup(line->report.file);
	s->origin = malloc(origin_len);
	if (!s->file || !s->origin) {
		service_free(s);
		return NULL;
	}
	memcpy(s->origin, zs->origin, origin_len);
	memcpy(s->name, line->owner, line->owner_len);
	s->name_len = line->owner_len;
	s->wildcard = dname_is_wildcard(line->owner);
	s->at_origin = line->owner_len == origin_len;
	s->line = line->type_token->line;
	return s;
}

static struct zone_service *add_owner(struct zone_services *zs, const struct zone_line *line)
{
	if (zs->count == zs->room) {
		size_t room = zs->room ? 2 * zs->room : 16;
		struct zone_service *larger = realloc(zs->all, room * sizeof *larger);
		if (!larger)
			return NULL;
		zs->all = larger;
		zs->room = room;
	}
	struct service *s = new_service(zs, line);
	if (!s || !table_add(&zs->owners, s->name, s->name_len, zs->count)) {
		service_free(s);
		return NULL;
	}
	zs->all[zs->count] = (struct zone_service){ .service = s };
	return &zs->all[zs->count++];
}

/* The entry of the line's owner, made if there is none. NULL: no memory (reported). */
static struct zone_service *find_owner(struct zone_services *zs, const struct zone_line *line)
{
	size_t index;
	if (table_find(&zs->owners, line->owner, line->owner_len, &index))
		return &zs->all[index];
	struct zone_service *z = add_owner(zs, line);
	if (!z)
		zone_report_at(&line->report, line->type_token, 0, "no memory");
	return z;
}

void zone_services_lb(struct zone_services *zs, const struct zone_line *line)
{
	struct zone_service *z = find_owner(zs, line);
	if (z && z->lb_lines == 0)
		z->service->line = line->type_token->line; /* until now it may have been that of its POLICY */
	if (z)
		zone_lb_line(zs->conf, z, line);
}

void zone_services_policy(struct zone_services *zs, const struct zone_line *line)
{
	struct zone_service *z = find_owner(zs, line);
	if (z)
		zone_policy_line(zs->conf, z, line);
}

/* Enters a service and the names above it, the origin excluded. */
static bool add_above(struct zone_services *zs, size_t index)
{
	const struct service *s = zs->all[index].service;
	size_t origin_len = dname_len(zs->origin), len = s->name_len;
	for (const uint8_t *name = s->name; len > origin_len; name = dname_parent(name)) {
		if (!table_add(&zs->at_or_above, name, len, index))
			return false;
		len -= *name + 1u;
	}
	return true;
}

/* Spec 5: until a silent target is down. Seconds. */
static double detection(const struct conf_check *c)
{
	double each = c->fast_interval > c->timeout ? c->fast_interval : c->timeout;
	return c->interval + c->timeout + (c->fall - 1) * each + 0.05;
}

/* The slowest of its checks; NULL: nothing is checked. */
static const struct conf_check *slowest(const struct service *s)
{
	const struct conf_check *worst = NULL;
	for (size_t i = 0; i < s->nmembers; i++)
		for (size_t k = 0; k < s->members[i].nchecks; k++)
			if (s->members[i].checks[k]->type != CHECK_NONE && (!worst || detection(s->members[i].checks[k]) > detection(worst)))
				worst = s->members[i].checks[k];
	return worst;
}

/* The promise of rto=: a death is seen, told to all sites, and the last answer before is forgotten in that time. */
static void check_rto(const struct zone_services *zs, const struct zone_service *z, struct errs *errs)
{
	const struct service *s = z->service;
	const struct conf_check *c = slowest(s);
	double seen = c ? detection(c) : 0, told = 2.5 * zs->conf->exchange.interval, ttl = s->has_ttl ? s->ttl : zs->conf->dns.ttl;
	if (!c)
		errs_add(errs, s->file, z->rto_line, z->rto_column, "rto=%g cannot be promised: no member has a check", s->rto);
	else if (seen + told + ttl > s->rto + 1e-9)
		errs_add(errs, s->file, z->rto_line, z->rto_column,
		         "rto=%g cannot be kept: %g s = %g (detection by check \"%s\") + %g (2.5 x exchange.interval) + %g (TTL)",
		         s->rto, seen + told + ttl, seen, c->name, told, ttl);
}

void zone_services_finish(struct zone_services *zs, struct errs *errs)
{
	for (size_t i = 0; i < zs->count; i++) {
		const struct zone_service *z = &zs->all[i];
		if (z->lb_lines == 0 && !z->service->at_origin)
			errs_add(errs, z->policy_file, z->policy_line, z->policy_column, "POLICY for a name without LB");
		if (z->rto_line)
			check_rto(zs, z, errs);
		if (z->lb_lines && !add_above(zs, i)) {
			errs_add(errs, z->service->file, z->service->line, 0, "no memory");
			return;
		}
	}
}

/* A zone cut, or a DNAME's tree, in which a service would never be reached. */
static void beside_cut(struct zone_services *zs, const uint8_t *owner, size_t owner_len, uint16_t type,
                       const struct zone_token *type_token, const struct zone_report *report)
{
	size_t index;
	bool at_origin = owner_len == dname_len(zs->origin); /* a DNAME, as NS are no cut there */
	if (at_origin)
		for (index = 0; index < zs->count && (!zs->all[index].lb_lines || zs->all[index].service->at_origin); index++)
			;
	else if (!table_find(&zs->at_or_above, owner, owner_len, &index))
		return;
	if (index == zs->count)
		return;
	const struct service *s = zs->all[index].service;
	char name[DNAME_TEXT_MAX];
	dname_to_text(s->name, name);
	if (type == TYPE_NS)
		zone_report_at(report, type_token, 0, "the delegation hides the service %.255s (%s line %u)", name, s->file, s->line);
	else if (s->name_len > owner_len)
		zone_report_at(report, type_token, 0, "the DNAME hides the service %.255s (%s line %u)", name, s->file, s->line);
}

void zone_services_beside(struct zone_services *zs, const uint8_t *owner, size_t owner_len, uint16_t type,
                          const struct zone_token *type_token, const struct zone_report *report)
{
	size_t index;
	bool at_origin = owner_len == dname_len(zs->origin);
	if (type == TYPE_DNAME || (type == TYPE_NS && !at_origin))
		beside_cut(zs, owner, owner_len, type, type_token, report);
	if (!table_find(&zs->owners, owner, owner_len, &index) || !zs->all[index].lb_lines)
		return;
	const struct zone_service *z = &zs->all[index];
	if (z->has_host && !at_origin)
		zone_report_at(report, type_token, 0, "no record may stand beside LB with a host name as target (%s line %u)", z->service->file, z->service->line);
	else if (type == TYPE_A || type == TYPE_AAAA || type == TYPE_CNAME)
		zone_report_at(report, type_token, 0, "no address or CNAME may stand beside LB (%s line %u)", z->service->file, z->service->line);
}

/* Its own policy, the zone's (written at the origin), or conf's default. False: no memory. */
static bool settle_policy(const struct zone_services *zs, const struct zone_service *zone_wide, struct zone_service *z)
{
	struct service *s = z->service;
	if (!z->policy_file && zone_wide && zone_wide->service->own_policy && !s->own_policy)
		if (!(s->own_policy = zone_policy_copy(zone_wide->service->own_policy)))
			return false;
	s->policy = z->policy ? z->policy : s->own_policy;
	if (!s->policy)
		s->policy = zone_wide && zone_wide->policy ? zone_wide->policy : &zs->conf->default_policy;
	return true;
}

bool zone_services_deliver(struct zone_services *zs, void (*service)(void *arg, struct service *s), void *arg)
{
	size_t index;
	const struct zone_service *zone_wide = NULL;
	if (table_find(&zs->owners, zs->origin, dname_len(zs->origin), &index) && zs->all[index].policy_file)
		zone_wide = &zs->all[index];
	for (size_t i = 0; i < zs->count; i++)
		if (!settle_policy(zs, zone_wide, &zs->all[i]))
			return false;
	for (size_t i = 0; i < zs->count; i++) {
		if (!zs->all[i].lb_lines || !service)
			continue;
		service(arg, zs->all[i].service);
		zs->all[i].service = NULL;
	}
	/* The names in the tables were the services'. */
	zs->owners.size = zs->at_or_above.size = 0;
	return true;
}
