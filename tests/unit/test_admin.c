#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../../dnsd/admin.h"
#include "turn.h"
#include "unit.h"

#define NOW ((uint64_t)time(NULL) * 1000000)

struct bench {
	char folder[64], path[100];
	struct event_base *base;
	struct admin *admin;
	unsigned ended, saved;
	bool good;
	struct member member;
	struct service service;
};

static const uint8_t origin[] = "\7example";
static const uint8_t of_member[] = "\3den\6_admin\3www\7example";
static const uint8_t of_site[] = "\3den\6_sites\7example";

static void on_ended(void *arg)
{
	((struct bench *)arg)->ended++;
}

static void on_saved(void *arg, uint64_t mark, bool good)
{
	struct bench *b = arg;
	(void)mark;
	b->saved++;
	b->good = good;
}

static void on_retire(void *arg, void *p)
{
	(void)arg;
	free(p);
}

static void begin(struct bench *b)
{
	const struct admin_calls calls = { on_ended, on_saved, on_retire, b };
	b->admin = admin_new(b->base, b->folder, &calls);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->admin);
}

static void set_up(struct bench *b)
{
	memset(b, 0, sizeof *b);
	turn_reset();
	strcpy(b->folder, "/tmp/fairlead-admin-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(b->folder));
	snprintf(b->path, sizeof b->path, "%s/dnsd.admin", b->folder);
	b->base = loop_base_new();
	b->member = (struct member){ .label = "den" };
	memcpy(b->service.name, "\3www\7example", 13);
	b->service.origin = (uint8_t *)(uintptr_t)origin;
	begin(b);
}

static void tear_down(struct bench *b)
{
	char broken[120];
	admin_delete(b->admin);
	snprintf(broken, sizeof broken, "%s.broken", b->path);
	unlink(broken);
	unlink(b->path);
	CU_ASSERT_EQUAL(rmdir(b->folder), 0);
	event_base_free(b->base);
}

static enum admin_result put(struct bench *b, const uint8_t *owner, enum verdict set, uint64_t seq, int64_t until)
{
	struct update_admin order = { .set = set, .seq = seq, .until = until, .by = "ops", .note = "a \"note\"\n\\ \xff" };
	return admin_put(b->admin, owner, &order);
}

static enum verdict holds(const struct bench *b)
{
	return admin_order(b->admin, &b->service, &b->member, "den");
}

static void the_highest_seq_wins(void)
{
	struct bench b;
	set_up(&b);
	uint64_t now = NOW;
	CU_ASSERT_EQUAL(holds(&b), VERDICT_UNKNOWN);
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_DRAIN, now, 0), ADMIN_TAKEN);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DRAIN);
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_UP, now, 0), ADMIN_OLD);
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_UP, now - 1, 0), ADMIN_OLD);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DRAIN);
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_UNKNOWN, now + 1, 0), ADMIN_TAKEN);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_UNKNOWN);
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_DRAIN, now, 0), ADMIN_OLD); /* the tombstone stands */
	tear_down(&b);
}

static void the_later_of_member_and_site(void)
{
	struct bench b;
	set_up(&b);
	uint64_t now = NOW;
	put(&b, of_member, VERDICT_UP, now, 0);
	put(&b, of_site, VERDICT_DOWN, now + 1, 0);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DOWN);
	put(&b, of_member, VERDICT_DRAIN, now + 2, 0);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DRAIN);
	put(&b, of_member, VERDICT_UNKNOWN, now + 3, 0);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DOWN); /* what was deleted leaves the other in force */
	strcpy(b.member.label, "sjc");
	CU_ASSERT_EQUAL(admin_order(b.admin, &b.service, &b.member, "sjc"), VERDICT_UNKNOWN);
	CU_ASSERT_EQUAL(admin_order(b.admin, &b.service, &b.member, NULL), VERDICT_UNKNOWN);
	tear_down(&b);
}

static void until_its_time_is_over(void)
{
	struct bench b;
	set_up(&b);
	int64_t until = (int64_t)time(NULL) + 2;
	put(&b, of_member, VERDICT_DRAIN, NOW, until);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DRAIN);
	CU_ASSERT_TRUE(turn_until(b.base, &b.ended, 1));
	CU_ASSERT_EQUAL(holds(&b), VERDICT_UNKNOWN);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t); /* time() may lag behind */
	CU_ASSERT_TRUE(t.tv_sec >= until);
	tear_down(&b);
}

static void what_is_confirmed_is_on_the_disk(void)
{
	struct bench b;
	struct update_admin before;
	set_up(&b);
	put(&b, of_member, VERDICT_DRAIN, NOW, 0);
	before = *admin_find(b.admin, of_member);
	CU_ASSERT_TRUE(turn_until(b.base, &b.saved, 1));
	CU_ASSERT_TRUE(b.good);
	struct bench killed = b; /* another process, while this one never ends */
	begin(&killed);
	const struct update_admin *after = admin_find(killed.admin, of_member);
	CU_ASSERT_PTR_NOT_NULL_FATAL(after);
	CU_ASSERT(after->set == before.set && after->seq == before.seq && strcmp(after->note, before.note) == 0 && strcmp(after->by, "ops") == 0);
	admin_delete(killed.admin);
	/* a change while a write is under way follows it */
	put(&b, of_site, VERDICT_DOWN, NOW, 0);
	put(&b, of_member, VERDICT_UP, NOW + 5000000, 0);
	CU_ASSERT_TRUE(turn_until(b.base, &b.saved, 3));
	begin(&killed);
	CU_ASSERT_EQUAL(admin_find(killed.admin, of_member)->set, VERDICT_UP);
	CU_ASSERT_EQUAL(admin_find(killed.admin, of_site)->set, VERDICT_DOWN);
	admin_delete(killed.admin);
	tear_down(&b);
}

static void a_disk_that_fails_is_told(void)
{
	struct bench b;
	set_up(&b);
	admin_delete(b.admin);
	char folder[64];
	strcpy(folder, b.folder);
	strcpy(b.folder, "/nonexistent");
	begin(&b);
	put(&b, of_member, VERDICT_DRAIN, NOW, 0);
	CU_ASSERT_TRUE(turn_until(b.base, &b.saved, 1));
	CU_ASSERT_FALSE(b.good);
	CU_ASSERT_EQUAL(holds(&b), VERDICT_DRAIN); /* in force all the same */
	strcpy(b.folder, folder);
	tear_down(&b);
}

static void old_ones_are_forgotten(void)
{
	struct bench b;
	set_up(&b);
	uint64_t week = (uint64_t)(ADMIN_KEPT_SECONDS + 5) * 1000000;
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_UNKNOWN, NOW - week, 0), ADMIN_OLD);
	CU_ASSERT_EQUAL(put(&b, of_member, VERDICT_DOWN, NOW - week, 0), ADMIN_TAKEN); /* an order doesn't age */
	CU_ASSERT_EQUAL(put(&b, of_site, VERDICT_DOWN, NOW, (int64_t)time(NULL) - ADMIN_KEPT_SECONDS - 5), ADMIN_OLD);
	CU_ASSERT_EQUAL(admin_count(b.admin), 1);
	tear_down(&b);
}

static void files_that_are_broken(void)
{
	static const char *const texts[] = {
		"garbage", "fairlead-admin 1\n", "fairlead-admin 2\nend\n", "fairlead-admin 1\nden._admin.www.example. \"set=drain\" \"seq=1\"\n",
		"fairlead-admin 1\nden._admin.www.example. \"set=drain\"\nend\n", "fairlead-admin 1\nden._admin.www.example. \"set=drain \"seq=1\"\nend\n",
		"fairlead-admin 1\nden._admin.www.example. \"set=\\999\" \"seq=1\"\nend\n", "fairlead-admin 1\n \"set=up\" \"seq=1\"\nend\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct bench b;
		char broken[120];
		set_up(&b);
		admin_delete(b.admin);
		FILE *f = fopen(b.path, "w");
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		fputs(texts[i], f);
		fclose(f);
		begin(&b);
		snprintf(broken, sizeof broken, "%s.broken", b.path);
		CU_ASSERT_EQUAL(access(broken, F_OK), 0);
		CU_ASSERT_TRUE(access(b.path, F_OK) < 0);
		tear_down(&b);
	}
}

static void shown_to_query_threads(void)
{
	struct bench b;
	set_up(&b);
	CU_ASSERT_PTR_NULL(admin_rdata(of_member));
	put(&b, of_member, VERDICT_DRAIN, 4711, 0);
	const uint8_t *r = admin_rdata(of_member);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	struct update_admin shown;
	const char *why;
	CU_ASSERT_TRUE(update_admin_read(&shown, r + 2, wire_get16(r), &why));
	CU_ASSERT_EQUAL(shown.seq, 4711);
	CU_ASSERT_PTR_NULL(admin_rdata(of_site));
	tear_down(&b);
}

UNIT_MAIN("admin",
	UNIT_TEST(the_highest_seq_wins),
	UNIT_TEST(the_later_of_member_and_site),
	UNIT_TEST(until_its_time_is_over),
	UNIT_TEST(what_is_confirmed_is_on_the_disk),
	UNIT_TEST(a_disk_that_fails_is_told),
	UNIT_TEST(old_ones_are_forgotten),
	UNIT_TEST(files_that_are_broken),
	UNIT_TEST(shown_to_query_threads))
