/* Server cookies against the examples of RFC 9018 appendix A, their life, and the secret in the state folder. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../dnsd/cookie.h"
#include "../../dnsd/cookie_state.h"
#include "../../dnsd/siphash.h"
#include "unit.h"

static void from_hex(uint8_t *out, const char *hex)
{
	for (; *hex; hex += 2)
		sscanf(hex, "%2hhx", out++);
}

/* The key 00 01 02 ... and the data 00 01 02 ... of the authors' reference vectors. */
static void hashes_as_siphash_does(void)
{
	static const struct { size_t len; const char *want; } cases[] = {
		{ 0, "310e0edd47db6f72" }, { 1, "fd67dc93c539f874" }, { 7, "37d1018bf50002ab" }, { 8, "6224939a79f5f593" }, { 15, "e545be4961ca29a1" }, { 63, "724506eb4c328a95" },
	};
	uint8_t key[16], data[64], want[8], got[8];
	for (size_t i = 0; i < 64; i++)
		data[i] = (uint8_t)i;
	memcpy(key, data, 16);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		from_hex(want, cases[i].want);
		siphash24(got, key, data, cases[i].len);
		CU_ASSERT(memcmp(got, want, 8) == 0);
	}
}

static struct cookie_secrets secrets_of(const char *text)
{
	struct cookie_secrets s;
	unsigned line;
	const char *why;
	CU_ASSERT_FATAL(cookiefile_parse(&s, text, strlen(text), &line, &why));
	return s;
}

static struct edns cookie_of(const char *hex)
{
	struct edns e = { .seen = EDNS_COOKIE, .cookie_len = (uint8_t)(strlen(hex) / 2) };
	from_hex(e.cookie, hex);
	return e;
}

static enum cookie_state judge(const char *secrets, const char *cookie, const char *client, uint32_t now, uint8_t out[COOKIE_BYTES])
{
	struct cookie_secrets s = secrets_of(secrets);
	struct edns e = cookie_of(cookie);
	struct addr a;
	CU_ASSERT_FATAL(addr_parse(&a, client, 53));
	return cookie_judge(&s, &e, &a, now, out);
}

#define SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf\n"
#define OLD "dd3bdf9344b678b185a6f5cb60fca715\n"
#define NEW "445536bcd2513298075a5d379663c962\n"

static void does_as_rfc_9018_shows(void)
{
	static const struct { const char *secrets, *cookie, *client; uint32_t now; enum cookie_state state; const char *want; } cases[] = {
		{ SECRET, "2464c4abcf10c957", "198.51.100.100", 1559731985, COOKIE_CLIENT, "2464c4abcf10c957010000005cf79f111f8130c3eee29480" },
		{ SECRET, "2464c4abcf10c957010000005cf79f111f8130c3eee29480", "198.51.100.100", 1559734385, COOKIE_GOOD, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
		/* reserved bytes that aren't zero are hashed; too old in the RFC's own example, so a new one is due either way */
		{ SECRET, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203", 1559727985, COOKIE_GOOD, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5" },
		{ SECRET, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203", 1559734700, COOKIE_BAD, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e" },
		{ NEW OLD, "22681ab97d52c298010000005cf7c57926556bd0934c72f8", "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961, COOKIE_GOOD, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
		/* the old secret alone has forgotten */
		{ NEW, "22681ab97d52c298010000005cf7c57926556bd0934c72f8", "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961, COOKIE_BAD, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t out[COOKIE_BYTES], want[COOKIE_BYTES];
		from_hex(want, cases[i].want);
		CU_ASSERT_EQUAL(judge(cases[i].secrets, cases[i].cookie, cases[i].client, cases[i].now, out), cases[i].state);
		CU_ASSERT(memcmp(out, want, COOKIE_BYTES) == 0);
	}
}

static void lives_an_hour(void)
{
	static const char cookie[] = "2464c4abcf10c957010000005cf79f111f8130c3eee29480", client[] = "198.51.100.100";
	static const struct { int32_t after; enum cookie_state state; bool same; } cases[] = {
		{ -301, COOKIE_BAD, false }, { -300, COOKIE_GOOD, true }, { 0, COOKIE_GOOD, true }, { 1800, COOKIE_GOOD, true },
		{ 1801, COOKIE_GOOD, false }, { 3600, COOKIE_GOOD, false }, { 3601, COOKIE_BAD, false }, { INT32_MAX, COOKIE_BAD, false },
	};
	uint8_t out[COOKIE_BYTES], sent[COOKIE_BYTES];
	from_hex(sent, cookie);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CU_ASSERT_EQUAL(judge(SECRET, cookie, client, 1559731985u + (uint32_t)cases[i].after, out), cases[i].state);
		CU_ASSERT_EQUAL(memcmp(out, sent, COOKIE_BYTES) == 0, cases[i].same);
	}
	/* past the year 2106 the clock begins anew */
	struct cookie_secrets s = secrets_of(SECRET);
	struct edns e = cookie_of("0102030405060708");
	struct addr a;
	addr_parse(&a, client, 0);
	cookie_judge(&s, &e, &a, UINT32_MAX - 10, out);
	memcpy(e.cookie, out, COOKIE_BYTES);
	e.cookie_len = COOKIE_BYTES;
	CU_ASSERT_EQUAL(cookie_judge(&s, &e, &a, 100, out), COOKIE_GOOD);
	CU_ASSERT_EQUAL(cookie_judge(&s, &e, &a, 4000, out), COOKIE_BAD);
}

/* Any other bit, address, version or length: not ours; and all are answered with a good one. */
static void forged_ones_are_none(void)
{
	static const char good[] = "2464c4abcf10c957010000005cf79f111f8130c3eee29480", client[] = "198.51.100.100";
	struct cookie_secrets s = secrets_of(SECRET);
	struct addr a, other;
	uint8_t out[COOKIE_BYTES];
	addr_parse(&a, client, 0);
	for (size_t bit = 0; bit < COOKIE_BYTES * 8; bit++) {
		struct edns e = cookie_of(good);
		e.cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(cookie_judge(&s, &e, &a, 1559731990, out), COOKIE_BAD);
		memcpy(e.cookie, out, COOKIE_BYTES);
		CU_ASSERT_EQUAL(cookie_judge(&s, &e, &a, 1559731990, out), COOKIE_GOOD);
	}
	for (size_t len = 16; len <= 40; len++) {
		struct edns e = cookie_of(good);
		e.cookie_len = (uint8_t)len;
		CU_ASSERT_EQUAL(cookie_judge(&s, &e, &a, 1559731990, out), len == COOKIE_BYTES ? COOKIE_GOOD : COOKIE_BAD);
	}
	struct edns e = cookie_of(good);
	addr_parse(&other, "198.51.100.101", 0);
	CU_ASSERT_EQUAL(cookie_judge(&s, &e, &other, 1559731990, out), COOKIE_BAD);
	addr_parse(&other, "::ffff:198.51.100.100", 0);
	CU_ASSERT_EQUAL(cookie_judge(&s, &e, &other, 1559731990, out), COOKIE_BAD);
}

/* ---- the state folder ---- */

static void put(const char *path, mode_t mode, const char *text)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0 && close(fd) == 0);
}

static void keeps_its_secret(void)
{
	char folder[] = "/tmp/fairlead-cookie.XXXXXX", path[100], why[COOKIE_STATE_WHY_MAX];
	struct cookie_secrets first, second;
	struct stat st;
	CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
	snprintf(path, sizeof path, "%s/" COOKIE_STATE_FILE, folder);
	CU_ASSERT(cookie_state_load(folder, &first, why) && first.n == 1);
	CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 33 && st.st_nlink == 1);
	CU_ASSERT(cookie_state_load(folder, &second, why) && second.n == 1);
	CU_ASSERT(memcmp(first.bytes[0], second.bytes[0], COOKIE_SECRET_BYTES) == 0);
	unlink(path);
	CU_ASSERT(cookie_state_load(folder, &second, why) && memcmp(first.bytes[0], second.bytes[0], COOKIE_SECRET_BYTES) != 0);
	put(path, 0600, "no secret\n");
	CU_ASSERT(!cookie_state_load(folder, &second, why) && second.n == 1 && strstr(why, "line 1: is not a secret"));
	put(path, 0644, SECRET);
	CU_ASSERT(!cookie_state_load(folder, &second, why) && strstr(why, "others can read"));
	put(path, 0600, SECRET NEW);
	CU_ASSERT(cookie_state_load(folder, &second, why) && second.n == 2 && second.bytes[0][0] == 0xe5);
	unlink(path);
	CU_ASSERT(rmdir(folder) == 0); /* nothing else was left there */
	CU_ASSERT(!cookie_state_load(folder, &second, why) && second.n == 1);
}

UNIT_MAIN("cookie", UNIT_TEST(hashes_as_siphash_does), UNIT_TEST(does_as_rfc_9018_shows), UNIT_TEST(lives_an_hour), UNIT_TEST(forged_ones_are_none),
	UNIT_TEST(keeps_its_secret))
