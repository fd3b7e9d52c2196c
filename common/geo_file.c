/*
 * Reads a MaxMind DB: libmaxminddb says what its nodes and records are, the
 * tree is walked once, from the lowest address to the highest, and becomes
 * ranges.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include "geo_parts.h"

/* Offsets in a database have 32 bits; the largest that are sold have a tenth of that. */
#define FILE_BYTES_MAX (((off_t)1 << 32) - 1)
/* Seconds of processor that one file may take: it is the loader's, but a file made to be slow must end some time. A large one takes 3. */
#define SECONDS_MAX 120
/* Nodes between two looks at the clock. */
#define CLOCK_STEPS 4096

/* A record that was read: what it says, as indexes of places. */
struct record {
	uint32_t offset;            /* in the data section */
	bool used;
	uint32_t values[GEO_KINDS]; /* RANGES_NONE: nothing */
};

struct reading {
	struct geo *geo;
	const char *name;
	struct errs *errs;
	MMDB_s db;
	struct ranges_maker *makers[GEO_KINDS]; /* NULL: an earlier file has this kind */
	bool any[GEO_KINDS];        /* something is known */
	struct record *records;     /* by a hash of the offset */
	uint32_t nrecords, slots;
	uint64_t steps, steps_max;
	struct timespec begin;
};

static bool fail(const struct reading *r, const char *why)
{
	errs_add(r->errs, r->name, 0, 0, "%s", why);
	return false;
}

/* ---- records ---- */

static struct record *slot_of(const struct reading *r, uint32_t offset)
{
	uint32_t i = offset * 0x9e3779b1u;

	for (i = (i ^ i >> 15) & (r->slots - 1); r->records[i].used && r->records[i].offset != offset;)
		i = (i + 1) & (r->slots - 1);
	return &r->records[i];
}

static bool more_slots(struct reading *r)
{
	struct reading bigger = *r;

	bigger.slots = r->slots ? r->slots * 2 : 1024;
	bigger.records = calloc(bigger.slots, sizeof *bigger.records);
	if (!bigger.records)
		return fail(r, "out of memory");
	for (uint32_t i = 0; i < r->slots; i++)
		if (r->records[i].used)
			*slot_of(&bigger, r->records[i].offset) = r->records[i];
	free(r->records);
	r->records = bigger.records;
	r->slots = bigger.slots;
	return true;
}

static bool read_record(struct reading *r, MMDB_entry_s *entry, struct record *record)
{
	struct place places[GEO_KINDS];
	bool known[GEO_KINDS];

	if (!geo_record(entry, places, known))
		return fail(r, "a record is damaged");
	for (int k = 0; k < GEO_KINDS; k++) {
		record->values[k] = RANGES_NONE;
		if (!known[k] || !r->makers[k])
			continue;
		record->values[k] = geo_keep_place(r->geo, &places[k]);
		if (record->values[k] == RANGES_NONE)
			return fail(r, "out of memory");
		r->any[k] = true;
	}
	record->offset = entry->offset;
	record->used = true;
	r->nrecords++;
	return true;
}

static const struct record *find_record(struct reading *r, MMDB_entry_s *entry)
{
	struct record *record;

	if (r->nrecords * 2 >= r->slots && !more_slots(r))
		return NULL;
	record = slot_of(r, entry->offset);
	return record->used || read_record(r, entry, record) ? record : NULL;
}

/* ---- the tree ---- */

/* A node or record and where it stands; of an IPv4 tree `low` has 32 bits. */
struct branch {
	uint64_t value;             /* a node's number */
	uint8_t type;               /* MMDB_RECORD_TYPE_... */
	MMDB_entry_s entry;
	uint64_t high, low;         /* its lowest address */
	unsigned depth;             /* bits of it that are decided */
};

static void give_range(struct reading *r, bool six, const struct branch *b, const struct record *record)
{
	for (int k = 0; k < GEO_KINDS; k++) {
		uint32_t value = record ? record->values[k] : RANGES_NONE;

		if (!r->makers[k])
			continue;
		if (six)
			ranges_from6(r->makers[k], b->high, b->low, value);
		else
			ranges_from4(r->makers[k], (uint32_t)b->low, value);
	}
}

/* The tree of IPv4 addresses stands in that of IPv6 as ::/96, and other prefixes may lead there, too. */
static bool is_ipv4(const struct reading *r, const struct branch *b)
{
	return b->type == MMDB_RECORD_TYPE_SEARCH_NODE && b->value == r->db.ipv4_start_node.node_value
		&& r->db.ipv4_start_node.netmask == 96 && b->depth <= 96;
}

static bool take_leaf(struct reading *r, bool six, struct branch *b)
{
	const struct record *record = NULL;

	if (b->type == MMDB_RECORD_TYPE_DATA && !(record = find_record(r, &b->entry)))
		return false;
	if (b->type != MMDB_RECORD_TYPE_DATA && b->type != MMDB_RECORD_TYPE_EMPTY)
		return fail(r, "its search tree is damaged: a record leads nowhere");
	give_range(r, six, b, record);
	return true;
}

/* A tree has each node once, and so ends; what was made to be no tree must end, too. */
static bool may_go_on(struct reading *r)
{
	struct timespec now;

	if (++r->steps > r->steps_max)
		return fail(r, "its search tree is damaged: nodes are met again and again");
	if (r->steps % CLOCK_STEPS)
		return true;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec - r->begin.tv_sec < SECONDS_MAX || fail(r, "it takes too long to read");
}

static struct branch child(const struct branch *b, bool six, const MMDB_search_node_s *node, bool right)
{
	struct branch c = { .high = b->high, .low = b->low, .depth = b->depth + 1 };
	unsigned below = (six ? 128 : 32) - c.depth; /* the bit that is decided */

	c.value = right ? node->right_record : node->left_record;
	c.type = right ? node->right_record_type : node->left_record_type;
	c.entry = right ? node->right_record_entry : node->left_record_entry;
	if (right && below >= 64)
		c.high |= (uint64_t)1 << (below - 64);
	else if (right)
		c.low |= (uint64_t)1 << below;
	return c;
}

static bool walk(struct reading *r, bool six, struct branch root)
{
	struct branch open[130]; /* the right sides that are still to come: one of each depth, and the one at hand */
	unsigned n = 0;
	MMDB_search_node_s node;

	open[n++] = root;
	while (n) {
		struct branch b = open[--n];

		if (!may_go_on(r))
			return false;
		if (six && is_ipv4(r, &b)) {
			for (int k = 0; k < GEO_KINDS; k++)
				if (r->makers[k])
					ranges_from6_as4(r->makers[k], b.high, b.low, b.depth);
			continue;
		}
		if (b.type != MMDB_RECORD_TYPE_SEARCH_NODE) {
			if (!take_leaf(r, six, &b))
				return false;
			continue;
		}
		if (b.depth == (six ? 128 : 32))
			return fail(r, "its search tree is damaged: it is too deep");
		if (MMDB_read_node(&r->db, (uint32_t)b.value, &node) != MMDB_SUCCESS)
			return fail(r, "its search tree is damaged: a node is missing");
		open[n++] = child(&b, six, &node, true);
		open[n++] = child(&b, six, &node, false);
	}
	return true;
}

/* What stands above all IPv4 addresses: a node, or a record for all of them. The library tells the number only. */
static struct branch ipv4_root(const struct reading *r)
{
	const MMDB_s *db = &r->db;
	struct branch b = { .value = db->metadata.ip_version == 6 ? db->ipv4_start_node.node_value : 0 };

	b.type = b.value < db->metadata.node_count ? MMDB_RECORD_TYPE_SEARCH_NODE
		: b.value == db->metadata.node_count ? MMDB_RECORD_TYPE_EMPTY : MMDB_RECORD_TYPE_DATA;
	b.entry.mmdb = db;
	/* Between the tree and the data are 16 bytes, which record numbers count. */
	b.entry.offset = (uint32_t)(b.value - db->metadata.node_count - 16);
	return b;
}

static bool walk_all(struct reading *r)
{
	struct branch root6 = { .type = MMDB_RECORD_TYPE_SEARCH_NODE };

	if (!r->db.metadata.node_count)
		return fail(r, "its search tree is empty");
	/* Some writers let equal subtrees be one: room for a little of that. */
	r->steps_max = (uint64_t)r->db.metadata.node_count * 8 + 1024;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &r->begin);
	return walk(r, false, ipv4_root(r)) && (r->db.metadata.ip_version != 6 || walk(r, true, root6));
}

/* ---- the file ---- */

/* A kind of which nothing is known stays without a table: the next file may have it. */
static bool make_tables(struct reading *r)
{
	bool ok = true;

	for (int k = 0; k < GEO_KINDS; k++) {
		struct ranges *table = r->makers[k] ? ranges_make(r->makers[k]) : NULL;

		ok = ok && (table || !r->makers[k]);
		r->makers[k] = NULL;
		if (r->any[k])
			r->geo->tables[k] = table;
		else
			ranges_free(table);
	}
	return ok || fail(r, "out of memory");
}

/* Another file instead of the one that was meant; nothing new is in order, as the files before may have it all. */
static bool has_something(const struct reading *r)
{
	for (int k = 0; k < GEO_KINDS; k++)
		if (r->any[k] || !r->makers[k])
			return true;
	return fail(r, "it has no country, continent, location or AS number");
}

static bool make_makers(struct reading *r)
{
	for (int k = 0; k < GEO_KINDS; k++)
		if (!r->geo->tables[k] && !(r->makers[k] = ranges_maker_new()))
			return fail(r, "out of memory");
	return true;
}

static bool read_database(struct reading *r)
{
	bool ok = make_makers(r) && walk_all(r);

	free(r->records);
	r->records = NULL;
	ok = ok && has_something(r) && make_tables(r);
	for (int k = 0; k < GEO_KINDS; k++)
		if (r->makers[k])
			ranges_free(ranges_make(r->makers[k]));
	return ok;
}

/* Why the library doesn't want it, in our words where its own are about programs. */
static const char *open_error(int status)
{
	switch (status) {
	case MMDB_INVALID_METADATA_ERROR: case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR: return "not a MaxMind DB, or damaged";
	case MMDB_CORRUPT_SEARCH_TREE_ERROR: case MMDB_INVALID_DATA_ERROR: return "its search tree is damaged";
	case MMDB_FILE_OPEN_ERROR: return "a copy in memory cannot be opened: is /proc there?";
	default: return MMDB_strerror(status);
	}
}

/*
 * A copy that nobody else can write or cut: the library only knows how to map
 * a file, and whoever touches a mapping of a file that was cut since is killed.
 * Returns a descriptor, or -1 with errno.
 */
static int copy_file(int fd, off_t size)
{
	int copy = memfd_create("geo", MFD_CLOEXEC);
	off_t at = 0;

	while (copy >= 0 && at < size) {
		ssize_t n = sendfile(copy, fd, &at, (size_t)(size - at));

		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		int e = n < 0 ? errno : EIO;
		close(copy);
		errno = e;
		return -1;
	}
	return copy;
}

static bool read_copy(struct reading *r, int copy)
{
	char path[64];
	bool ok;

	snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
	int status = MMDB_open(path, MMDB_MODE_MMAP, &r->db);
	if (status != MMDB_SUCCESS)
		return fail(r, open_error(status));
	ok = read_database(r);
	MMDB_close(&r->db);
	return ok;
}

bool geo_read(struct geo *g, int fd, off_t size, const char *name, struct errs *errs)
{
	struct reading r = { .geo = g, .name = name, .errs = errs };

	if (size == 0 || size > FILE_BYTES_MAX)
		return fail(&r, size ? "too large" : "is empty");
	int copy = copy_file(fd, size);
	if (copy < 0)
		return fail(&r, strerror(errno));
	bool ok = read_copy(&r, copy);
	close(copy);
	return ok;
}
