#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "unit.h"
#include "zone_case.h"

static char folder[64];
static char path_buffer[8][512];

/* folder/name; good until eight more were asked for. */
static const char *path(const char *name)
{
	static unsigned turn;
	char *p = path_buffer[turn++ % 8];
	snprintf(p, sizeof path_buffer[0], "%s/%s", folder, name);
	return p;
}

static void write_file(const char *name, const void *text, size_t len)
{
	FILE *f = fopen(path(name), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(text, 1, len, f), len);
	fclose(f);
}

#define WRITE(name, text) write_file(name, text, strlen(text))

/* "owner ttl type" of every record, one a line. */
static void expect_records(const struct zone_case *c, const char *want)
{
	char got[4096] = "", name[DNAME_TEXT_MAX];
	size_t len = 0;
	for (const struct case_record *r = c->records; r; r = r->next)
		len += (size_t)snprintf(got + len, sizeof got - len, "%s %u %u\n", dname_to_text(r->record.owner, name), r->record.ttl, r->record.type);
	CU_ASSERT_STRING_EQUAL(got, want);
	if (strcmp(got, want) != 0)
		printf("\n--- wanted:\n%s--- got:\n%s", want, got);
}

static void read_text(struct zone_case *c, const char *text)
{
	case_read(c, text, strlen(text));
}

#define HEAD_RECORDS "example.com. 300 6\nexample.com. 300 2\n"

static void owners_and_ttls(void)
{
	struct zone_case c;
	case_expect(&c, "a 60 IN A 192.0.2.1\nB IN 1h TXT x\n TXT y\n 1h30m TXT z\nc.EXAMPLE.com. A 192.0.2.2\n"
	                "$TTL 2m\nd A 192.0.2.3\n in TXT x\ne 5 a 192.0.2.4\n CLASS1 7 a 192.0.2.4\nf A 192.0.2.3\n"
	                "$ORIGIN sub\ng A 192.0.2.1\n$ORIGIN @\n@ A 192.0.2.1\n$ORIGIN example.com.\n\\104 A 192.0.2.1\na\\.b 0 TXT x\n*.w TXT x\n", "");
	expect_records(&c, HEAD_RECORDS "a.example.com. 60 1\nb.example.com. 3600 16\nb.example.com. 3600 16\nb.example.com. 5400 16\n"
	               "c.example.com. 5400 1\nd.example.com. 120 1\nd.example.com. 120 16\ne.example.com. 5 1\ne.example.com. 7 1\nf.example.com. 120 1\n"
	               "g.sub.example.com. 120 1\nsub.example.com. 120 1\nh.example.com. 120 1\na\\.b.example.com. 0 16\n*.w.example.com. 120 16\n");
	case_free(&c);
}

/* Names in rdata keep their case; owners don't. Places are those of the type. */
static void record_contents(void)
{
	struct zone_case c;
	case_expect(&c, "Www ( 60\n   MX\n 10 Mail ; comment\n)\n", "");
	const struct zone_record *r = &c.records->next->next->record;
	CU_ASSERT(r->owner_len == 17 && memcmp(r->owner, "\3www\7example\3com", 17) == 0);
	CU_ASSERT(r->rdata_len == 20 && memcmp(r->rdata, "\0\12\4Mail\7example\3com", 20) == 0);
	CU_ASSERT_STRING_EQUAL(r->place.file, "z");
	CU_ASSERT_EQUAL(r->place.line, 4);
	CU_ASSERT_EQUAL(r->place.column, 4);
	case_free(&c);
}

/* Without $TTL and TTL a SOA lends its minimum (as BIND does); then the last written TTL holds. */
static void ttl_without_directive(void)
{
	struct zone_case c;
	read_text(&c, "@ SOA ns host 1 2 3 4 77\n NS ns\n");
	CU_ASSERT_TRUE(c.ok);
	expect_records(&c, "example.com. 77 6\nexample.com. 77 2\n");
	case_free(&c);
	read_text(&c, "@ NS ns\n SOA ns host 1 2 3 4 77\n");
	char *got = case_errors(&c);
	CU_ASSERT_STRING_EQUAL(got, "z:1:3: no TTL: neither here, nor in a line before, nor by $TTL\n");
	free(got);
	case_free(&c);
}

static const struct error_case line_errors[] = {
	{ "a", "z:3:1: the line ends before its type\n" },
	{ "a 60 IN", "z:3:6: the line ends before its type\n" },
	{ "a 60 60 A 192.0.2.1", "z:3:6: a second TTL: \"60\"\n" },
	{ "a IN IN A 192.0.2.1", "z:3:6: a second class\n" },
	{ "a 2147483648 A 192.0.2.1", "z:3:3: TTL is more than 2147483647: \"2147483648\"\n" },
	{ "a 99999999999 A 192.0.2.1", "z:3:3: TTL is more than 2147483647: \"99999999999\"\n" },
	{ "a 4000w A 192.0.2.1", "z:3:3: TTL is more than 2147483647: \"4000w\"\n" },
	{ "a 1h30 A 192.0.2.1", "z:3:3: not a TTL like 3600 or 1h30m: \"1h30\"\n" },
	{ "a 5x A 192.0.2.1", "z:3:3: not a TTL like 3600 or 1h30m: \"5x\"\n" },
	{ "a CH A 192.0.2.1", "z:3:3: class \"CH\": only IN is served\n" },
	{ "a 60 HS A 192.0.2.1", "z:3:6: class \"HS\": only IN is served\n" },
	{ "a CLASS3 A 192.0.2.1", "z:3:3: class \"CLASS3\": only IN is served\n" },
	{ "a class99999 A 192.0.2.1", "z:3:3: class \"class99999\": only IN is served\n" },
	{ "a \"A\" 192.0.2.1", "z:3:4: unknown type \"A\"\n" },
	{ "\"a\" A 192.0.2.1", "z:3:2: an owner name can't be in quotes\n" },
	{ "a..b A 192.0.2.1", "z:3:1: empty label in name: \"a..b\"\n" },
	{ "a.example.org. A 192.0.2.1", "z:3:1: owner \"a.example.org.\" is outside of the zone\n" },
	{ "com. A 192.0.2.1", "z:3:1: owner \"com.\" is outside of the zone\n" },
	{ "xexample.com. A 192.0.2.1", "z:3:1: owner \"xexample.com.\" is outside of the zone\n" },
	/* Lines that lean on a wrong owner are passed over, and the next owner is read. */
	{ "a..b A 192.0.2.1\n A bad\nc A bad\n", "z:3:1: empty label in name: \"a..b\"\nz:5:5: \"bad\" is no IPv4 address\n" },
	{ " $TTL 60", "z:3:2: a directive must begin in column 1: \"$TTL\"\n" },
	{ "$GENERATE 1-2 a$ A 192.0.2.$", "z:3:1: unknown directive \"$GENERATE\"\n" },
	{ "$TTL", "z:3:1: $TTL needs a value\n" }, { "$ORIGIN ; nothing", "z:3:1: $ORIGIN needs a value\n" },
	{ "$TTL 60 70", "z:3:9: more than $TTL takes\n" }, { "$TTL x", "z:3:6: not a TTL like 3600 or 1h30m: \"x\"\n" },
	{ "$TTL 2147483648", "z:3:6: TTL is more than 2147483647: \"2147483648\"\n" },
	{ "$ORIGIN a..b\nx A 192.0.2.1", "z:3:9: empty label in name: \"a..b\"\n" },
	{ "$ORIGIN \"a\"", "z:3:10: a name can't be in quotes: \"a\"\n" },
	{ "$ORIGIN example.org.\nx A 192.0.2.1", "z:4:1: owner \"x\" is outside of the zone\n" },
	{ "$INCLUDE other", "z:3:10: $INCLUDE is not possible here\n" },
	{ "@ SOA ns host 1 2 3 4 5", "z:3:3: a second SOA; the first is in z line 1\n" },
	{ "a SOA ns host 1 2 3 4 5", "z:3:3: a SOA can stand at the zone's origin only\n" },
	{ "@ CNAME a", "z:3:3: a CNAME can't stand at the zone's origin\n" },
	{ "a A 192.0.2.1\n\"b", "z:4:1: quote is not closed in this line\n" },
	{ "a TXT ( x\n y\n", "z:3:7: parenthesis is never closed\n" },
	{ "a TXT x )\n", "z:3:9: closing parenthesis without an opening one\n" },
	/* One line's error doesn't hide the next. */
	{ "a A x\nb MX\nc AAAA y\n\x01\nd TXT\n", "z:3:5: \"x\" is no IPv4 address\nz:4:3: MX needs the preference, but the record ends before it\n"
	  "z:5:8: \"y\" is no IPv6 address\nz:6:1: control byte 0x01 (write it as \\001)\nz:7:3: TXT needs a string, but the record ends before it\n" },
};

static void wrong_lines(void)
{
	CASE_EXPECT_ALL(line_errors);
}

static void expect_text(const char *text, const char *want)
{
	struct zone_case c;
	read_text(&c, text);
	char *got = case_errors(&c);
	CU_ASSERT_STRING_EQUAL(got, want);
	CU_ASSERT_EQUAL(c.ok, *want == 0);
	free(got);
	case_free(&c);
}

static void apex(void)
{
	expect_text("", "z: no SOA at example.com.\nz: no NS at example.com.\n");
	expect_text("; nothing\n\n", "z: no SOA at example.com.\nz: no NS at example.com.\n");
	expect_text("@ 60 NS ns\n", "z: no SOA at example.com.\n");
	expect_text("@ 60 SOA ns host 1 2 3 4 5\n", "z: no NS at example.com.\n");
	expect_text("@ 60 SOA ns host 1 2 3 4 5\na NS ns\n", "z: no NS at example.com.\n");
	/* What is wrong is not missing as well. */
	expect_text("@ 60 SOA ns host x 2 3 4 5\n NS ns..x\n", "z:1:18: the serial must be a number from 0 to 4294967295, not \"x\"\n"
	            "z:2:5: a domain name: empty label in name: \"ns..x\"\n");
	expect_text("@ 60 SOAA ns host 1 2 3 4 5\n", "z:1:6: unknown type \"SOAA\"\n");
	expect_text(" A 192.0.2.1\n", "z:1:2: no owner: neither here nor in a line before\nz: no SOA at example.com.\nz: no NS at example.com.\n");
}

/* All are counted, the first 20 are shown. */
static void many_errors(void)
{
	char text[4000], *o = text;
	struct zone_case c;
	for (unsigned i = 0; i < 50; i++)
		o += sprintf(o, "a 60 A x%u\n", i);
	read_text(&c, text);
	CU_ASSERT_EQUAL(c.errs.count, 52); /* SOA and NS are missing, too */
	CU_ASSERT_STRING_EQUAL(c.errs.text[19], "z:20:8: \"x19\" is no IPv4 address");
	case_free(&c);
}

static void includes(void)
{
	struct zone_case c;
	mkdir(path("inc"), 0755);
	WRITE("main", CASE_HEAD "w A 192.0.2.1\n$INCLUDE inc/one sub ; comment\n TXT w-again\nz A 192.0.2.9\n$INCLUDE inc/one\n");
	WRITE("inc/one", " TXT still-w\na A 192.0.2.2\n$INCLUDE \"two\"\nb A 192.0.2.3\n$TTL 44");
	WRITE("inc/two", "$ORIGIN deep\nc A 192.0.2.4");
	case_read_file(&c, path("main"));
	errs_print(&c.errs, stdout);
	CU_ASSERT_TRUE(c.ok);
	expect_records(&c, HEAD_RECORDS "w.example.com. 300 1\nw.example.com. 300 16\na.sub.example.com. 300 1\nc.deep.sub.example.com. 300 1\nb.sub.example.com. 300 1\n"
	               "w.example.com. 44 16\nz.example.com. 44 1\nz.example.com. 44 16\na.example.com. 44 1\nc.deep.example.com. 44 1\nb.example.com. 44 1\n");
	case_free(&c);
}

/* In `want`, & stands for the folder. */
static void expect_file_errors(const char *file, const char *want)
{
	struct zone_case c;
	char whole[4096], *o = whole;
	for (; *want; want++)
		o += *want == '&' ? sprintf(o, "%s", folder) : sprintf(o, "%c", *want);
	case_read_file(&c, path(file));
	char *got = case_errors(&c);
	CU_ASSERT_STRING_EQUAL(got, whole);
	if (strcmp(got, whole) != 0)
		printf("\n--- wanted:\n%s--- got:\n%s", whole, got);
	CU_ASSERT_FALSE(c.ok);
	free(got);
	case_free(&c);
}

static void wrong_includes(void)
{
	WRITE("missing", CASE_HEAD "$INCLUDE nosuch\n$INCLUDE inc\n$INCLUDE /dev/null a\n$INCLUDE\n$INCLUDE a b c\n$INCLUDE \"\"\n$INCLUDE inc/one a..b\n");
	expect_file_errors("missing", "&/missing:3:10: &/nosuch: can't be read: No such file or directory\n&/missing:4:10: &/inc: is a folder, not a file\n"
	                   "&/missing:5:10: /dev/null: is not a regular file\n&/missing:6:1: $INCLUDE needs a value\n&/missing:7:14: more than $INCLUDE takes\n"
	                   "&/missing:8:11: a file's name is needed\n&/missing:9:18: empty label in name: \"a..b\"\n");
	WRITE("loop", CASE_HEAD "$INCLUDE inc/loop2\n");
	WRITE("inc/loop2", "a A x\n$INCLUDE ../loop\n");
	expect_file_errors("loop", "&/inc/loop2:1:5: \"x\" is no IPv4 address\n&/inc/loop2:2:10: &/inc/../loop: includes itself\n");
	/* Errors in an included file have its name; the SOA is known by file. */
	WRITE("twice", CASE_HEAD "$INCLUDE inc/soa\n");
	WRITE("inc/soa", "@ SOA ns host 1 2 3 4 5\n");
	expect_file_errors("twice", "&/inc/soa:1:3: a second SOA; the first is in &/twice line 1\n");
	char name[32], text[64];
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "inc/deep%d", i);
		snprintf(text, sizeof text, "$INCLUDE deep%d\n", i + 1);
		WRITE(name, text);
	}
	WRITE("deep", CASE_HEAD "$INCLUDE inc/deep0\n");
	expect_file_errors("deep", "&/inc/deep15:1:10: $INCLUDE is nested too deeply\n");
}

static void unreadable(void)
{
	expect_file_errors("nosuch", "&/nosuch: can't be read: No such file or directory\n");
	expect_file_errors("inc", "&/inc: is a folder, not a file\n");
	WRITE("empty", "");
	expect_file_errors("empty", "&/empty: no SOA at example.com.\n&/empty: no NS at example.com.\n");
	mkfifo(path("fifo"), 0600);
	expect_file_errors("fifo", "&/fifo: is not a regular file\n"); /* and doesn't wait for a writer */
	unlink(path("fifo"));
	if (geteuid() != 0) {
		WRITE("secret", CASE_HEAD);
		chmod(path("secret"), 0);
		expect_file_errors("secret", "&/secret: can't be read: Permission denied\n");
	}
}

/* Random bytes: errors, nothing worse. */
static void junk(void)
{
	static char bytes[200000];
	uint32_t x = 2463534242u;
	for (unsigned round = 0; round < 4; round++) {
		for (size_t i = 0; i < sizeof bytes; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			/* Rounds: all bytes; text with brackets; the same in lines; mostly blanks and newlines. */
			static const char few[] = "\"() ;\\\n\t$=ab1.";
			bytes[i] = round == 0 ? (char)x : few[x % (round == 1 ? 6 : sizeof few - 1)];
			if (round == 3 && x >> 30)
				bytes[i] = "\n a"[x >> 30 & 1 ? 0 : x % 3];
		}
		struct zone_case c;
		case_read(&c, bytes, sizeof bytes);
		CU_ASSERT_FALSE(c.ok);
		case_free(&c);
	}
}

/* Cut at every byte: never a crash, and whole only where a line ends. */
static void truncated(void)
{
	static const char text[] = CASE_HEAD "a 1h MX 10 b ; c\nb TXT ( \"x y\" \\\"\n z ) \nwww 60 LB sjc 192.0.2.1,2001:db8::1 check=web name=\"x\" weight=3\n"
		" POLICY rank weighted\nc HTTPS 1 . alpn=\"h2,h3\" port=443\nd RRSIG A 8 2 300 20300101000000 20200101000000 1 . AQID\n$ORIGIN x\n$TTL 5m\n";
	struct zone_case c;
	for (size_t len = 0; len < sizeof text; len++) {
		case_read(&c, text, len);
		CU_ASSERT(len < sizeof CASE_HEAD || len < sizeof text - 1 || c.ok);
		case_free(&c);
	}
}

/* A zone that is replaced between the two readings is refused, not half believed. */
static void replace_it(void *arg, const struct zone_record *r, struct errs *errs)
{
	(void)r;
	(void)errs;
	WRITE(arg, CASE_HEAD "www A 192.0.2.1\n");
}

static void append_it(void *arg, const struct zone_record *r, struct errs *errs)
{
	(void)r;
	(void)errs;
	FILE *f = fopen(path(arg), "a");
	fputs("; more\n", f);
	fclose(f);
}

static void expect_change(const char *lines, void (*change)(void *arg, const struct zone_record *r, struct errs *errs))
{
	struct errs errs;
	WRITE("changing", lines);
	const struct zonefile_sink sink = { .record = change, .arg = "changing" };
	errs_init(&errs);
	CU_ASSERT_FALSE(zonefile_read(path("changing"), CASE_ORIGIN, case_conf(), &sink, &errs));
	CU_ASSERT(errs.count >= 1 && strstr(errs.text[errs.count - 1], "changed while it was read") != NULL);
	errs_free(&errs);
}

static void changed_meanwhile(void)
{
	expect_change(CASE_HEAD "www LB sjc 192.0.2.1\n", replace_it);
	expect_change(CASE_HEAD "www A 192.0.2.1\n", append_it); /* read only once */
}

static void no_sink(void)
{
	struct errs errs;
	static const char text[] = CASE_HEAD "a A 192.0.2.1\nwww LB sjc 192.0.2.1\nb A x\n";
	const struct zonefile_sink sink = { 0 };
	errs_init(&errs);
	CU_ASSERT_TRUE(zonefile_read_text("z", text, sizeof CASE_HEAD + 13 + 21, CASE_ORIGIN, case_conf(), &sink, &errs));
	CU_ASSERT_FALSE(zonefile_read_text("z", text, sizeof text - 1, CASE_ORIGIN, case_conf(), &sink, &errs));
	CU_ASSERT_EQUAL(errs.count, 1);
	errs_free(&errs);
}

static void list_zone(void *arg, const char *file, const uint8_t *origin)
{
	char name[DNAME_TEXT_MAX];
	fprintf(arg, "%s %s\n", strrchr(file, '/') + 1, dname_to_text(origin, name));
}

static void folders(void)
{
	char *got = NULL, *errors = NULL;
	size_t len;
	struct errs errs;
	errs_init(&errs);
	mkdir(path("zones"), 0755);
	static const char *const names[] = { "b.example.zone", "Example.com.zone", "..zone", ".zone", ".hidden.zone", ".#b.zone", "root.zone", "a..b.zone", "@.zone",
		"example.COM..zone", "readme", "x.zone~", "2.0.192.in-addr.arpa.zone", "x\\.y.zone" };
	char name[300];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(name, sizeof name, "zones/%s", names[i]);
		WRITE(name, "");
	}
	FILE *f = open_memstream(&got, &len);
	CU_ASSERT_EQUAL(zonefile_each(path("zones"), &errs, list_zone, f), 7);
	fclose(f);
	CU_ASSERT_STRING_EQUAL(got, "..zone .\n2.0.192.in-addr.arpa.zone 2.0.192.in-addr.arpa.\nExample.com.zone example.com.\nb.example.zone b.example.\n"
	                       "example.COM..zone example.com.\nroot.zone root.\nx\\.y.zone x\\.y.\n");
	free(got);
	f = open_memstream(&errors, &len);
	errs_print(&errs, f);
	fclose(f);
	CU_ASSERT_EQUAL(errs.count, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/zones/a..b.zone: the file's name is no domain name: empty label in name\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/zones/@.zone: the file's name is no domain name: @ is no zone's name\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors, "/zones/example.COM..zone: is the same zone as Example.com.zone\n"));
	free(errors);
	errs_free(&errs);
	errs_init(&errs);
	CU_ASSERT_EQUAL(zonefile_each(path("nosuch"), &errs, list_zone, stdout), 0);
	CU_ASSERT(errs.count == 1 && strstr(errs.text[0], "folder of zones can't be read: No such file or directory") != NULL);
	errs_free(&errs);
}

static void count_record(void *arg, const struct zone_record *r, struct errs *errs)
{
	(void)r;
	(void)errs;
	++*(size_t *)arg;
}

/* Two hundred thousand names in the memory of one. */
static void bounded_memory(void)
{
	FILE *f = fopen(path("large"), "w");
	struct rusage before, after;
	struct errs errs;
	size_t records = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, CASE_HEAD "www LB sjc 192.0.2.1\n");
	for (unsigned i = 0; i < 200000; i++)
		fprintf(f, "h%u A 10.%u.%u.%u\n", i, i >> 16, i >> 8 & 255, i & 255);
	fclose(f);
	const struct zonefile_sink sink = { .record = count_record, .arg = &records };
	errs_init(&errs);
	getrusage(RUSAGE_SELF, &before);
	CU_ASSERT_TRUE(zonefile_read(path("large"), CASE_ORIGIN, case_conf(), &sink, &errs));
	getrusage(RUSAGE_SELF, &after);
	CU_ASSERT_EQUAL(records, 200002);
	CU_ASSERT(after.ru_maxrss - before.ru_maxrss < 3000); /* KiB */
	errs_free(&errs);
}

static void set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/test_zonefile.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void clean_up(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -r '%s'", folder);
	CU_ASSERT_EQUAL(system(command), 0);
}

UNIT_MAIN("zonefile", UNIT_TEST(set_up), UNIT_TEST(owners_and_ttls), UNIT_TEST(record_contents), UNIT_TEST(ttl_without_directive),
          UNIT_TEST(wrong_lines), UNIT_TEST(apex), UNIT_TEST(many_errors), UNIT_TEST(includes), UNIT_TEST(wrong_includes),
          UNIT_TEST(unreadable), UNIT_TEST(junk), UNIT_TEST(truncated), UNIT_TEST(changed_meanwhile), UNIT_TEST(no_sink),
          UNIT_TEST(folders), UNIT_TEST(bounded_memory), UNIT_TEST(clean_up))
