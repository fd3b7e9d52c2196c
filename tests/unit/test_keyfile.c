#include "keyfile.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void want(const char *text, unsigned line, const char *why)
{
	struct keyfile f;
	unsigned at;
	const char *said;
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1); /* so that a read past its end is seen */
	memcpy(exact, text, n);
	CU_ASSERT(!keyfile_parse(&f, exact, n, &at, &said));
	CU_ASSERT_STRING_EQUAL(said, why);
	CU_ASSERT_EQUAL(at, line);
	if (!said || strcmp(said, why) != 0 || at != line)
		printf("\n%s: line %u: %s\n", text, at, said ? said : "nothing");
	CU_ASSERT_PTR_NULL(f.secret);
	free(exact);
}

static void good_ones(void)
{
	static const char *const texts[] = {
		"key \"den\" {\n\talgorithm hmac-sha512;\n\tsecret \"c2VjcmV0\";\n};\n",
		"# x\n// y \" {\n/* z\n } */ key den{secret c2VjcmV0;algorithm \"HMAC-SHA512\";};/**/",
		"KEY \"den\" { Algorithm hmac-sha512; Secret \"c2VjcmV0\"; }; # end",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct keyfile f;
		unsigned line;
		const char *why;
		CU_ASSERT_FATAL(keyfile_parse(&f, texts[i], strlen(texts[i]), &line, &why));
		CU_ASSERT_STRING_EQUAL(f.name, "den");
		CU_ASSERT_EQUAL(f.algorithm, KEY_HMAC_SHA512);
		CU_ASSERT_EQUAL(f.secret_len, 6);
		CU_ASSERT(memcmp(f.secret, "secret", 6) == 0);
		free(f.secret);
	}
}

static void bad_ones(void)
{
	static const char no_key[] = "not a key as tsig-keygen writes it: key \"NAME\" { algorithm ...; secret \"...\"; };";
	static const char inside[] = "in a key stand only algorithm and secret";
	want("", 1, no_key);
	want("\n\noptions { };", 3, no_key);
	want("key { };", 1, "the key has no name");
	want("key \"a\"\nalgorithm", 2, "`{' is missing behind the key's name");
	want("key \"a\" {\nalgorithm hmac-md5; };", 2, "the algorithm is none of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512");
	want("key \"a\" {\nalgorithm hmac-sha1;\nsecret \"x\"; };", 3, "the secret is not base64");
	want("key \"a\" {\nalgorithm hmac-sha1;\nsecret \"c2VjcmV0\" };", 3, "`;' is missing");
	want("key \"a\" { algorithm hmac-sha1; algorithm hmac-sha1; };", 1, "a second algorithm");
	want("key \"a\" { secret \"c2VjcmV0\"; secret \"c2VjcmV0\"; };", 1, "a second secret");
	want("key \"a\" { color red; };", 1, inside);
	want("key \"a\" { secret \"c2VjcmV0\"; };", 1, "the key has no algorithm");
	want("key \"a\" { algorithm hmac-sha1; };", 1, "the key has no secret");
	want("key \"a\" { algorithm hmac-sha1; secret \"c2VjcmV0\"; }", 1, "`;' is missing behind the key");
	want("key \"a\" { algorithm hmac-sha1; secret \"c2VjcmV0\"; };\nkey \"b\" { };", 2, "more than one key");
	want("key \"a\" { algorithm hmac-sha1; secret \"c2Vj\ncmV0\"; };", 1, "a string is never closed");
	want("/* key", 1, "a comment is never closed");
	want("key \"\" { };", 1, "a string is empty");
}

static void cut_anywhere(void)
{
	static const char whole[] = "key \"den\" { /* x */ algorithm hmac-sha256; # y\n secret \"c2VjcmV0\"; };";
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct keyfile f;
		unsigned line;
		const char *why;
		char *exact = malloc(n ? n : 1);
		memcpy(exact, whole, n);
		CU_ASSERT(!keyfile_parse(&f, exact, n, &line, &why));
		free(exact);
	}
}

/* RFC 4648 section 10 has the good ones. */
static void base64(void)
{
	static const struct { const char *text, *bytes; } good[] = {
		{ "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" }, { "Zm9vYg==", "foob" }, { "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" },
	};
	static const char *const bad[] = { "", "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "====", "=Zg=", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm-v", "Zm=v" };
	size_t n;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint8_t *out = base64_decode(good[i].text, strlen(good[i].text), &n);
		CU_ASSERT_PTR_NOT_NULL_FATAL(out);
		CU_ASSERT(n == strlen(good[i].bytes) && memcmp(out, good[i].bytes, n) == 0);
		free(out);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_PTR_NULL(base64_decode(bad[i], strlen(bad[i]), &n));
}

static void algorithms(void)
{
	enum key_algorithm a;
	for (unsigned i = KEY_HMAC_SHA1; i <= KEY_HMAC_SHA512; i++)
		CU_ASSERT(key_algorithm_by_name(key_algorithm_name((enum key_algorithm)i), &a) && a == i);
	CU_ASSERT(!key_algorithm_by_name("hmac-md5", &a));
	CU_ASSERT(!key_algorithm_by_name("", &a));
}

UNIT_MAIN("keyfile",
	UNIT_TEST(good_ones), UNIT_TEST(bad_ones), UNIT_TEST(cut_anywhere), UNIT_TEST(base64), UNIT_TEST(algorithms))
