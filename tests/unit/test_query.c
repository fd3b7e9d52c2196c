#include <string.h>
#include "../../dnsd/query.h"
#include "unit.h"

struct message { uint8_t bytes[600]; size_t len; };

/* A query for www.example.com A with `additional` bytes behind it that are `arcount` records. */
static struct message query(const void *additional, size_t len, uint16_t arcount)
{
	static const uint8_t head[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
		3, 'w', 'W', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1 };
	struct message m = { .len = sizeof head + len };
	memcpy(m.bytes, head, sizeof head);
	if (len)
		memcpy(m.bytes + sizeof head, additional, len);
	wire_set16(m.bytes + 10, arcount);
	return m;
}

static enum query_verdict parse(struct query *q, const struct message *m, enum rcode *rcode)
{
	return query_parse(q, m->bytes, m->len, rcode);
}

static void reads_a_plain_query(void)
{
	struct query q;
	enum rcode rcode;
	struct message m = query(NULL, 0, 0);
	CU_ASSERT_EQUAL(parse(&q, &m, &rcode), QUERY_OK);
	CU_ASSERT_EQUAL(q.type, RR_A);
	CU_ASSERT_EQUAL(q.class, CLASS_IN);
	CU_ASSERT_EQUAL(q.name.labels, 3);
	CU_ASSERT(memcmp(q.name.wire, "\3www\7example\3com", 17) == 0);
	CU_ASSERT_EQUAL(q.question_end, m.len);
	CU_ASSERT(!q.edns && q.udp_size == UDP_PLAIN_MAX);
}

#define OPT(size_hi, size_lo, version, flags, rdlen) 0, 0, 41, size_hi, size_lo, 0, version, flags, 0, 0, rdlen

static void reads_edns(void)
{
	static const struct { uint8_t opt[40]; size_t len; uint16_t count; enum query_verdict verdict; enum rcode rcode; uint16_t size; bool dnssec; } cases[] = {
		{ { OPT(16, 0, 0, 0, 0) }, 11, 1, QUERY_OK, 0, UDP_EDNS_MAX, false },
		{ { OPT(4, 0, 0, 0x80, 0) }, 11, 1, QUERY_OK, 0, 1024, true },
		{ { OPT(0, 100, 0, 0, 0) }, 11, 1, QUERY_OK, 0, UDP_PLAIN_MAX, false },
		{ { OPT(4, 0, 1, 0, 0) }, 11, 1, QUERY_ERROR, RCODE_BADVERS, 1024, false },
		{ { OPT(4, 0, 0, 0, 4), 0, 11, 0, 0 }, 15, 1, QUERY_OK, 0, 1024, false },
		{ { OPT(4, 0, 0, 0, 4), 0, 10, 0, 1 }, 15, 1, QUERY_ERROR, RCODE_FORMERR, 0, false },   /* option longer than the rdata */
		{ { OPT(4, 0, 0, 0, 3), 0, 10, 0 }, 14, 1, QUERY_ERROR, RCODE_FORMERR, 0, false },      /* half an option */
		{ { OPT(4, 0, 0, 0, 9), 0, 10, 0, 0 }, 15, 1, QUERY_ERROR, RCODE_FORMERR, 0, false },   /* rdlength past the end */
		{ { OPT(4, 0, 0, 0, 0), OPT(4, 0, 0, 0, 0) }, 22, 2, QUERY_ERROR, RCODE_FORMERR, 0, false }, /* two */
		{ { 1, 'x', OPT(4, 0, 0, 0, 0) }, 13, 1, QUERY_ERROR, RCODE_FORMERR, 0, false },        /* owner not the root */
		{ { OPT(4, 0, 0, 0, 0) }, 11, 2, QUERY_ERROR, RCODE_FORMERR, 0, false },                /* a record is missing */
		{ { OPT(4, 0, 0, 0, 0), 0 }, 12, 1, QUERY_ERROR, RCODE_FORMERR, 0, false },             /* a byte too many */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct query q;
		enum rcode rcode = RCODE_NOERROR;
		struct message m = query(cases[i].opt, cases[i].len, cases[i].count);
		CU_ASSERT_EQUAL(parse(&q, &m, &rcode), cases[i].verdict);
		if (cases[i].verdict == QUERY_ERROR)
			CU_ASSERT_EQUAL(rcode, cases[i].rcode);
		if (cases[i].size)
			CU_ASSERT(q.edns && q.udp_size == cases[i].size && q.dnssec_ok == cases[i].dnssec);
	}
}

static void refuses_what_is_no_query(void)
{
	static const struct { size_t at; uint8_t value; enum query_verdict verdict; enum rcode rcode; } cases[] = {
		{ 2, 0x80, QUERY_DROP, 0 },               /* a response */
		{ 2, 0xa8, QUERY_DROP, 0 },               /* a response to an UPDATE */
		{ 2, 0x28, QUERY_ERROR, RCODE_REFUSED },  /* UPDATE: signed ones are taken before */
		{ 2, 0x10, QUERY_ERROR, RCODE_NOTIMP },   /* STATUS */
		{ 2, 0x78, QUERY_ERROR, RCODE_NOTIMP },
		{ 5, 0, QUERY_ERROR, RCODE_FORMERR },     /* no question */
		{ 5, 2, QUERY_ERROR, RCODE_FORMERR },
		{ 7, 1, QUERY_ERROR, RCODE_FORMERR },     /* an answer in a query */
		{ 9, 1, QUERY_ERROR, RCODE_FORMERR },
		{ 12, 0xc0, QUERY_ERROR, RCODE_FORMERR }, /* a compressed question */
		{ 12, 64, QUERY_ERROR, RCODE_FORMERR },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct query q;
		enum rcode rcode = RCODE_NOERROR;
		struct message m = query(NULL, 0, 0);
		m.bytes[cases[i].at] = cases[i].value;
		CU_ASSERT_EQUAL(parse(&q, &m, &rcode), cases[i].verdict);
		if (cases[i].verdict == QUERY_ERROR)
			CU_ASSERT_EQUAL(rcode, cases[i].rcode);
	}
}

static void every_truncation_is_refused(void)
{
	static const uint8_t opt[] = { OPT(4, 0, 0, 0, 4), 0, 10, 0, 0 };
	struct message m = query(opt, sizeof opt, 1);
	for (size_t len = 0; len < m.len; len++) {
		struct query q;
		enum rcode rcode = RCODE_NOERROR;
		enum query_verdict v = query_parse(&q, m.bytes, len, &rcode);
		CU_ASSERT_EQUAL(v, len < DNS_HEADER ? QUERY_DROP : QUERY_ERROR);
		if (len >= DNS_HEADER)
			CU_ASSERT(rcode == RCODE_FORMERR && q.question_end <= len);
	}
}

/* The hash must not depend on case, nor on what stands behind the name. */
static void names_are_folded_and_hashed(void)
{
	static const uint8_t a[] = "\12wWw@[`{Zz9\7eXample\3cOm", b[] = "\12www@[`{zz9\7example\3com", c[] = "\7example\3com";
	struct zone_name na, nb, nc;
	zone_name_set(&na, a, sizeof a);
	zone_name_set(&nb, b, sizeof b);
	zone_name_set(&nc, c, sizeof c);
	CU_ASSERT(na.len == nb.len && memcmp(na.wire, nb.wire, na.len) == 0);
	CU_ASSERT_EQUAL(zone_name_hash(na.wire, na.len), zone_name_hash(nb.wire, nb.len));
	CU_ASSERT_EQUAL(zone_name_hash(na.wire + zone_name_at(&na, 2), nc.len), zone_name_hash(nc.wire, nc.len));
	CU_ASSERT_EQUAL(zone_name_at(&na, 2), 11);
	CU_ASSERT_NOT_EQUAL(zone_name_hash(na.wire, na.len), zone_name_hash(nc.wire, nc.len));
	memset(na.wire + na.len, 0xff, ZONE_NAME_SLACK);
	CU_ASSERT_EQUAL(zone_name_hash(na.wire, na.len), zone_name_hash(nb.wire, nb.len));
}

UNIT_MAIN("query", UNIT_TEST(reads_a_plain_query), UNIT_TEST(reads_edns), UNIT_TEST(refuses_what_is_no_query),
	UNIT_TEST(every_truncation_is_refused), UNIT_TEST(names_are_folded_and_hashed))
