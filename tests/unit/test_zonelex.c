#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "unit.h"
#include "zonelex.h"

/* A file with some content; the name is good until the next call. */
static const char *file_of(const void *text, size_t len)
{
	static char name[64];
	snprintf(name, sizeof name, "/tmp/test_zonelex.%d", (int)getpid());
	FILE *f = fopen(name, "w");
	CU_ASSERT_EQUAL_FATAL(f != NULL && fwrite(text, 1, len, f) == len && fclose(f) == 0, 1);
	return name;
}

/* Everything that the lexer says of a text: "blank? line:column:token ..." an entry a line, "line:column! why" an error. */
static void dump(struct zonelex *x, char *out, size_t size)
{
	enum zonelex_result result;
	char *o = out, *end = out + size;
	*o = 0;
	while ((result = zonelex_next(x)) != ZONELEX_END && end - o > 300) {
		if (result == ZONELEX_ERROR) {
			o += snprintf(o, (size_t)(end - o), "%u:%u! %s\n", x->error_line, x->error_column, x->why);
			continue;
		}
		o += snprintf(o, (size_t)(end - o), "%s", x->starts_blank ? "_ " : "");
		for (size_t i = 0; i < x->count; i++) {
			const struct zone_token *t = &x->tokens[i];
			o += snprintf(o, (size_t)(end - o), "%u:%u:%s%.*s%s%s%c", t->line, t->column, t->quoted ? "<" : "", t->len > 60 ? 60 : (int)t->len, t->text,
			              t->quoted ? ">" : "", t->quote_inside ? "~" : "", i + 1 < x->count ? ' ' : '\n');
			if (o >= end)
				return;
		}
	}
}

static void expect(const char *text, size_t len, const char *want)
{
	char got[8192];
	struct zonelex x;
	CU_ASSERT_TRUE_FATAL(zonelex_open_text(&x, text, len));
	dump(&x, got, sizeof got);
	zonelex_close(&x);
	CU_ASSERT_STRING_EQUAL(got, want);
	if (strcmp(got, want) != 0)
		printf("\n--- from:\n%s\n--- wanted:\n%s--- got:\n%s", text, want, got);
	/* And the same through the window. */
	CU_ASSERT_TRUE_FATAL(zonelex_open(&x, file_of(text, len), NULL));
	dump(&x, got, sizeof got);
	zonelex_close(&x);
	CU_ASSERT_STRING_EQUAL(got, want);
}

#define EXPECT(text, want) expect(text, sizeof text - 1, want)

static void tokens(void)
{
	EXPECT("", "");
	EXPECT("\n\n  \n; nothing\n   ; more\n", "");
	EXPECT("a b c\n", "1:1:a 1:3:b 1:5:c\n");
	EXPECT("a b c", "1:1:a 1:3:b 1:5:c\n");
	EXPECT(" a\tb\n", "_ 1:2:a 1:4:b\n");
	EXPECT("a b ; c d\ne", "1:1:a 1:3:b\n2:1:e\n");
	EXPECT("a;b\n;c\nd", "1:1:a\n3:1:d\n");
	EXPECT("a\r\nb c\r\n", "1:1:a\n2:1:b 2:3:c\n");
	EXPECT("a\r", "1:1:a\n");
	EXPECT("\xef\xbb\xbf" "a b\n", "1:1:a 1:3:b\n");
	EXPECT("\xc3\xa4 b\n", "1:1:\xc3\xa4 1:4:b\n");
}

static void quotes(void)
{
	EXPECT("a \"b c\" d\n", "1:1:a 1:3:<b c> 1:9:d\n");
	EXPECT("a \"\"\n", "1:1:a 1:3:<>\n");
	EXPECT("a \"b;(c)\t\"\n", "1:1:a 1:3:<b;(c)\t>\n");
	EXPECT("a \"b\"\"c\"d\n", "1:1:a 1:3:<b> 1:6:<c> 1:9:d\n");
	EXPECT("a b\"c\"\n", "1:1:a 1:3:b 1:4:<c>\n");
	EXPECT("a b=\"c d\"e f\n", "1:1:a 1:3:b=\"c d\"e~ 1:12:f\n");
	EXPECT("a \"b\\\"c\" d\n", "1:1:a 1:3:<b\\\"c> 1:10:d\n");
	EXPECT("a \"b\nc\n", "1:3! quote is not closed in this line\n2:1:c\n");
	EXPECT("a \"b", "1:3! quote is not closed in this line\n");
	EXPECT("a \"b\\\nc\n", "1:3! quote is not closed in this line\n2:1:c\n");
	EXPECT("a \"b\\", "1:3! quote is not closed in this line\n");
	EXPECT("a b=\"c\nd", "1:5! quote is not closed in this line\n2:1:d\n");
	EXPECT("a ( \"b\n  c )\nd", "1:5! quote is not closed in this line\n3:1:d\n");
}

static void escapes(void)
{
	EXPECT("a\\ b \\; \\( \\\" \\032\n", "1:1:a\\ b 1:6:\\; 1:9:\\( 1:12:\\\" 1:15:\\032\n");
	EXPECT("a\\\\ b\n", "1:1:a\\\\ 1:5:b\n");
	EXPECT("a\\\nb", "1:2! backslash at the end of a line\n2:1:b\n");
	EXPECT("a\\\r\nb", "1:2! backslash at the end of a line\n2:1:b\n");
	EXPECT("a\\", "1:2! backslash at the end of a line\n");
	EXPECT("a \\# 1 00\n", "1:1:a 1:3:\\# 1:6:1 1:8:00\n");
}

static void parentheses(void)
{
	EXPECT("a ( b\n c ; d )\n\n e )f\ng", "1:1:a 1:5:b 2:2:c 4:2:e 4:5:f\n5:1:g\n");
	EXPECT("a (b(c)d)e\n", "1:1:a 1:4:b 1:6:c 1:8:d 1:10:e\n");
	EXPECT("()\n( \n )\na\n", "4:1:a\n");
	EXPECT("(a\nb)\n", "1:2:a 2:1:b\n");
	EXPECT("a ) b\nc\n", "1:3! closing parenthesis without an opening one\n2:1:c\n");
	EXPECT("a ( b\n", "1:3! parenthesis is never closed\n");
	EXPECT("a ( b", "1:3! parenthesis is never closed\n");
	/* What follows is read all the same, from the first line that looks like a beginning. */
	EXPECT("a ( b (\n  c\n; d\n\nnext e\n", "1:3! parenthesis is never closed\n5:1:next 5:6:e\n");
}

static void control_bytes(void)
{
	EXPECT("a \0 b\nc", "1:3! control byte 0x00 (write it as \\000)\n2:1:c\n");
	EXPECT("a\x01\nc", "1:2! control byte 0x01 (write it as \\001)\n2:1:c\n");
	EXPECT("a \"b\x7f\"\nc", "1:5! control byte 0x7f (write it as \\127)\n2:1:c\n");
	EXPECT("a \\\x02\nc", "1:4! control byte 0x02 (write it as \\002)\n2:1:c\n");
	EXPECT("a \"\\\x02\"\nc", "1:5! control byte 0x02 (write it as \\002)\n2:1:c\n");
	EXPECT("a\rb\nc", "1:2! carriage return without a newline\n2:1:c\n");
	EXPECT("a (\x03\n  b )\nc", "1:4! control byte 0x03 (write it as \\003)\n3:1:c\n");
	EXPECT("a ; \x03\0 is no matter here\nc", "1:1:a\n2:1:c\n");
}

/* A text that is longer than the window, so that entries lie across its edges in every way. */
static void window(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	const unsigned lines = 60000;
	for (unsigned i = 1; i <= lines; i++)
		fprintf(f, i % 3 ? "name%u \"quoted %u\" ; comment\n" : "name%u ( x\n y) \n", i, i);
	fclose(f);
	struct zonelex x;
	CU_ASSERT_TRUE_FATAL(zonelex_open(&x, file_of(text, len), NULL));
	unsigned line = 1, wrong = 0;
	for (unsigned i = 1; i <= lines; i++) {
		char want[32];
		int n = snprintf(want, sizeof want, "name%u", i);
		wrong += zonelex_next(&x) != ZONELEX_ENTRY || x.count != (i % 3 ? 2u : 3u) || x.tokens[0].line != line ||
		         x.tokens[0].len != (size_t)n || memcmp(x.tokens[0].text, want, (size_t)n) != 0 || x.tokens[1].column != (unsigned)n + (i % 3 ? 2 : 4);
		line += i % 3 ? 1 : 2;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(zonelex_next(&x), ZONELEX_END);
	CU_ASSERT_EQUAL(zonelex_next(&x), ZONELEX_END);
	CU_ASSERT(x.size < 600000); /* bounded, though the file has more */
	zonelex_close(&x);
	free(text);
}

static char *filled(size_t len, const char *head, char fill, const char *tail)
{
	char *text = malloc(len + 1);
	memset(text, fill, len);
	text[len] = 0;
	memcpy(text, head, strlen(head));
	memcpy(text + len - strlen(tail), tail, strlen(tail));
	return text;
}

static void long_entries(void)
{
	char got[512];
	struct zonelex x;
	/* A token of 900 KB is still one. */
	char *text = filled(900000, "a ", 'b', " c\nd\n");
	CU_ASSERT_TRUE_FATAL(zonelex_open(&x, file_of(text, 900000), NULL));
	CU_ASSERT_EQUAL(zonelex_next(&x), ZONELEX_ENTRY);
	CU_ASSERT_EQUAL(x.count, 3);
	CU_ASSERT_EQUAL(x.tokens[1].len, 900000 - 2 - 5);
	CU_ASSERT_EQUAL(zonelex_next(&x), ZONELEX_ENTRY);
	CU_ASSERT_EQUAL(x.tokens[0].line, 2);
	zonelex_close(&x);
	free(text);

	text = filled(3000000, "a\nb ", 'b', " c\nd\n");
	CU_ASSERT_TRUE_FATAL(zonelex_open(&x, file_of(text, 3000000), NULL));
	dump(&x, got, sizeof got);
	CU_ASSERT_STRING_EQUAL(got, "1:1:a\n2:1! line is longer than 1048576 bytes\n3:1:d\n");
	zonelex_close(&x);
	free(text);

	/* A comment may be as long as it likes. */
	text = filled(3000000, "a\n; ", ';', "\nd\n");
	CU_ASSERT_TRUE_FATAL(zonelex_open(&x, file_of(text, 3000000), NULL));
	dump(&x, got, sizeof got);
	CU_ASSERT_STRING_EQUAL(got, "1:1:a\n3:1:d\n");
	zonelex_close(&x);
	free(text);

	text = filled(3000000, "a\nb (\n ", ' ', "\nd\n");
	CU_ASSERT_TRUE_FATAL(zonelex_open(&x, file_of(text, 3000000), NULL));
	dump(&x, got, sizeof got);
	CU_ASSERT_STRING_EQUAL(got, "1:1:a\n2:3! parenthesis is not closed within 1048576 bytes\n4:1:d\n");
	zonelex_close(&x);
	free(text);
}

/* A file of opening parentheses alone: given up after some, each of which is a search to the end. */
static void many_unclosed(void)
{
	char text[4000];
	struct zonelex x;
	unsigned errors = 0;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 ? '\n' : '(';
	CU_ASSERT_TRUE_FATAL(zonelex_open_text(&x, text, sizeof text));
	while (zonelex_next(&x) == ZONELEX_ERROR)
		errors++;
	CU_ASSERT_EQUAL(errors, ERRS_SHOWN_MAX);
	zonelex_close(&x);
}

/* Truncated at every byte, as text and as a file: no crash, and never an entry with more tokens than the whole has. */
static void truncated(void)
{
	static const char text[] = "a ( \"b c\" ; d\n e\\) f=\"g h\" )\r\n\tc \\# ; x\n\"q\" r";
	for (size_t len = 0; len < sizeof text; len++) {
		struct zonelex x;
		enum zonelex_result result;
		CU_ASSERT_TRUE_FATAL(zonelex_open_text(&x, text, len));
		while ((result = zonelex_next(&x)) != ZONELEX_END)
			CU_ASSERT(result == ZONELEX_ERROR || x.count <= 4);
		zonelex_close(&x);
	}
}

static void not_readable(void)
{
	struct zonelex x;
	CU_ASSERT_FALSE(zonelex_open(&x, "/nonexistent/zone", NULL));
	CU_ASSERT_STRING_EQUAL(x.why, "can't be read: No such file or directory");
	CU_ASSERT_FALSE(zonelex_open(&x, "/tmp", NULL));
	CU_ASSERT_STRING_EQUAL(x.why, "is a folder, not a file");
	CU_ASSERT_FALSE(zonelex_open(&x, "/dev/null", NULL));
	CU_ASSERT_STRING_EQUAL(x.why, "is not a regular file");
}

static void numbers(void)
{
	uint64_t n = 7;
	CU_ASSERT_TRUE(zone_number("65535", 5, 65535, &n) && n == 65535);
	CU_ASSERT_TRUE(zone_number("0", 1, 65535, &n) && n == 0);
	CU_ASSERT_FALSE(zone_number("65536", 5, 65535, &n));
	CU_ASSERT_FALSE(zone_number("18446744073709551617", 20, 65535, &n));
	CU_ASSERT_FALSE(zone_number("", 0, 65535, &n));
	CU_ASSERT_FALSE(zone_number("-1", 2, 65535, &n));
	CU_ASSERT_FALSE(zone_number("1x", 2, 65535, &n));
}

static void shown(void)
{
	char out[ZONE_SHOW_MAX], long_text[100];
	memset(long_text, 1, sizeof long_text);
	CU_ASSERT_STRING_EQUAL(zone_show_text("a\xff\n", 3, out), "a\\255\\010");
	CU_ASSERT_EQUAL(strlen(zone_show_text(long_text, sizeof long_text, out)), 163);
}

static void clean_up(void)
{
	CU_ASSERT_EQUAL(unlink(file_of("", 0)), 0);
}

UNIT_MAIN("zonelex", UNIT_TEST(tokens), UNIT_TEST(quotes), UNIT_TEST(escapes), UNIT_TEST(parentheses),
          UNIT_TEST(control_bytes), UNIT_TEST(window), UNIT_TEST(long_entries), UNIT_TEST(many_unclosed), UNIT_TEST(truncated),
          UNIT_TEST(not_readable), UNIT_TEST(numbers), UNIT_TEST(shown), UNIT_TEST(clean_up))
