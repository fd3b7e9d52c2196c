/* Round trips as sites tell them: records, what counts for how long, limits, and the table made of them. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include "dnsd/rtts.h"
#include "loop.h"
#include "unit.h"

static char names[3][4] = { "sjc", "den", "fra" };
static struct site sites[3] = { { .name = names[0] }, { .name = names[1], .index = 1 }, { .name = names[2], .index = 2 } };
static struct conf_name sorted[3] = { { "den", 1 }, { "fra", 2 }, { "sjc", 0 } };
static struct conf conf = { .sites = sites, .nsites = 3, .site_names = { sorted, 3 } };
static struct event_base *base;

static void changed(void *arg)
{
	(void)arg;
}

static struct rtts *begin(void)
{
	static const struct rtts_calls calls = { .changed = changed };
	base = loop_base_new();
	struct rtts *r = base ? rtts_new(base, &calls) : NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	return r;
}

static void end(struct rtts *r)
{
	rtts_delete(r);
	event_base_free(base);
}

static struct rtt_record record(const char *observer, uint64_t seq, const char *network, uint32_t us)
{
	struct rtt_record r = { .seq = seq, .n = 1 };
	strcpy(r.observer, observer);
	CU_ASSERT_TRUE(prefix_parse(&r.networks[0].network, network));
	r.networks[0].us = us;
	return r;
}

static enum rtts_result take(struct rtts *r, const char *observer, uint64_t seq, const char *network, uint32_t us, uint32_t ttl, int64_t now)
{
	struct rtt_record rec = record(observer, seq, network, us);
	char site[4] = "";
	memcpy(site, observer, 3);
	return rtts_take(r, site, &rec, ttl, now * NS_PER_SECOND);
}

static uint32_t at(struct rtts *r, const char *network, size_t site, int64_t now)
{
	struct prefix p;
	prefix_parse(&p, network);
	struct rtt_table *t = rtts_table(r, &conf, now * NS_PER_SECOND);
	const struct rtt_row *row = rtt_find(t, &p);
	uint32_t us = row ? row->us[site] : 0;
	free(t);
	return us;
}

static void taken(void)
{
	struct rtts *r = begin();
	CU_ASSERT_EQUAL(take(r, "sjc/fwd.a", 5, "198.51.100.0/24", 3000, 100, 0), RTTS_TAKEN);
	CU_ASSERT_EQUAL(take(r, "den/fwd.a", 5, "198.51.100.0/24", 90000, 50, 0), RTTS_TAKEN);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 0, 1), 3000);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 1, 1), 90000);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 2, 1), 0);
	/* late, replayed, new, stamped */
	CU_ASSERT_EQUAL(take(r, "sjc/fwd.a", 4, "198.51.100.0/24", 1, 100, 1), RTTS_OLD);
	CU_ASSERT_EQUAL(take(r, "sjc/fwd.a", 5, "198.51.100.0/24", 1, 100, 1), RTTS_OLD);
	CU_ASSERT_EQUAL(take(r, "sjc/fwd.a", 6, "198.51.100.0/24", 4000, 100, 1), RTTS_TAKEN);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 0, 1), 4000);
	CU_ASSERT_EQUAL(take(r, "sjc/fwd.a", 0, "198.51.100.0/24", 5000, 100, 1), RTTS_TAKEN);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 0, 1), 5000);
	/* another forwarder of the site */
	CU_ASSERT_EQUAL(take(r, "sjc/fwd.b", 1, "198.51.100.0/24", 7000, 100, 1), RTTS_TAKEN);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 0, 1), 6000);
	/* what is over is gone, and then all of it */
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 1, 49), 90000);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 1, 50), 0);
	CU_ASSERT_EQUAL(at(r, "198.51.100.0/24", 0, 50), 6000);
	CU_ASSERT_PTR_NULL(rtts_table(r, &conf, 200 * NS_PER_SECOND));
	end(r);
}

static void unknown_sites_wait(void)
{
	struct rtts *r = begin();
	struct rtt_record rec = record("nyc/fwd", 1, "198.51.100.0/24", 1);
	CU_ASSERT_EQUAL(rtts_take(r, "nyc", &rec, 100, 0), RTTS_TAKEN);
	CU_ASSERT_PTR_NULL(rtts_table(r, &conf, 1));
	end(r);
}

static void limits(void)
{
	struct rtts *r = begin();
	struct rtt_record rec = record("sjc/fwd", 1, "198.51.100.0/24", 7);
	struct addr a;
	for (unsigned i = 0; i < RTTS_NETWORKS_MAX + 100; i++) {
		uint8_t bytes[4] = { 10, (uint8_t)(i >> 8), (uint8_t)i, 0 };
		addr_from_bytes(&a, AF_INET, bytes, 0);
		prefix_of(&rec.networks[0].network, &a, 24, 56);
		rec.seq++;
		CU_ASSERT_EQUAL(rtts_take(r, "sjc", &rec, 100 + i, 0), RTTS_TAKEN);
	}
	struct rtt_table *t = rtts_table(r, &conf, 1);
	CU_ASSERT_EQUAL(rtt_rows(t), RTTS_NETWORKS_MAX);
	free(t);
	/* the oldest made way */
	CU_ASSERT_EQUAL(at(r, "10.0.0.0/24", 0, 1), 0);
	CU_ASSERT_EQUAL(at(r, "10.8.50.0/24", 0, 1), 7);
	unsigned full = 0;
	for (unsigned i = 0; i < RTTS_VOICES_MAX + 5; i++) {
		snprintf(rec.observer, sizeof rec.observer, "sjc/agent.%u", i);
		full += rtts_take(r, "sjc", &rec, 100, 0) == RTTS_FULL;
	}
	CU_ASSERT_EQUAL(full, 6);
	end(r);
}

static bool reads(const char *const *strings, struct rtt_record *r, const char **why)
{
	uint8_t rdata[65535];
	size_t n = 0;
	for (; *strings; strings++) {
		rdata[n++] = (uint8_t)strlen(*strings);
		memcpy(rdata + n, *strings, strlen(*strings));
		n += strlen(*strings);
	}
	return rtt_record_read(r, rdata, n, why);
}
#define READS(...) reads((const char *const[]){ __VA_ARGS__, NULL }, &r, &why)

static void records(void)
{
	struct rtt_record r, again;
	const char *why = NULL;
	uint8_t rdata[2000];
	CU_ASSERT_TRUE(READS("observer=sjc/fwd.one", "seq=12", "198.51.100.0/24=28.1", "2001:db8:1::/56=0.25", "new=thing", "words"));
	CU_ASSERT_EQUAL(r.n, 2);
	CU_ASSERT_EQUAL(r.seq, 12);
	CU_ASSERT_EQUAL(r.networks[0].us, 28100);
	CU_ASSERT_EQUAL(r.networks[1].us, 250);
	CU_ASSERT_STRING_EQUAL(r.observer, "sjc/fwd.one");
	size_t n = rtt_record_write(&r, rdata, sizeof rdata);
	CU_ASSERT_TRUE(rtt_record_read(&again, rdata, n, &why));
	CU_ASSERT_EQUAL(memcmp(&r, &again, sizeof r), 0);
	CU_ASSERT_EQUAL(rtt_record_write(&r, rdata, n - 1), 0);
	CU_ASSERT_FALSE(READS("seq=12", "198.51.100.0/24=28.1"));
	CU_ASSERT_STRING_EQUAL(why, "observer= is missing");
	CU_ASSERT_FALSE(READS("observer=sjc"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "seq=0"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "seq=-1"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.1/24=28.1"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.0/24=0"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.0/24=1e3"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.0/24="));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.0/24=1.2345"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.0/24=99999999999999999999"));
	CU_ASSERT_FALSE(READS("observer=sjc/fwd", "198.51.100.0/24=60001"));
	CU_ASSERT_TRUE(READS("observer=sjc/fwd", "198.51.100.0/24=60000"));
}

UNIT_MAIN("rtts", UNIT_TEST(taken), UNIT_TEST(unknown_sites_wait), UNIT_TEST(limits), UNIT_TEST(records))
