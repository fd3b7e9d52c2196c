#include "errs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

/* What errs_print writes; the caller frees. */
static char *printed(const struct errs *e)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	errs_print(e, to);
	fclose(to);
	return text;
}

static void check_printed(const struct errs *e, const char *want)
{
	char *text = printed(e);
	CU_ASSERT_STRING_EQUAL(text, want);
	free(text);
}

static void places(void)
{
	struct errs e;
	errs_init(&e);
	check_printed(&e, "");
	errs_add(&e, "a.zone", 3, 14, "bad %s", "label");
	errs_add(&e, "a.conf", 7, 0, "no column");
	errs_add(&e, "b.conf", 0, 9, "no line");
	errs_add(&e, NULL, 4, 4, "no place");
	CU_ASSERT_EQUAL(e.count, 4);
	check_printed(&e, "a.zone:3:14: bad label\na.conf:7: no column\nb.conf: no line\nno place\n");
	errs_free(&e);
	CU_ASSERT_EQUAL(e.count, 0);
	check_printed(&e, "");
}

static void control_bytes_never_reach_a_terminal(void)
{
	struct errs e;
	errs_init(&e);
	errs_add(&e, "x", 1, 0, "unknown \"%s\"", "a\033[2J\nb\x7f\xc3\xa4");
	check_printed(&e, "x:1: unknown \"a?[2J?b?\xc3\xa4\"\n");
	errs_free(&e);
}

static void the_rest_is_counted(void)
{
	struct errs e;
	errs_init(&e);
	for (unsigned i = 1; i <= ERRS_SHOWN_MAX; i++)
		errs_add(&e, "f", i, 0, "x");
	char *text = printed(&e);
	CU_ASSERT_PTR_NULL(strstr(text, "more"));
	free(text);
	errs_add(&e, "f", 21, 0, "x");
	text = printed(&e);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "f:20: x\nand 1 more error\n"));
	free(text);
	for (unsigned i = 0; i < 1000; i++)
		errs_add(&e, "f", i, 0, "x");
	text = printed(&e);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "f:20: x\nand 1001 more errors\n"));
	free(text);
	CU_ASSERT_EQUAL(e.count, 1021);
	errs_free(&e);
}

static void a_long_text_is_whole(void)
{
	struct errs e;
	char *longer = malloc(100001);
	memset(longer, 'a', 100000);
	longer[100000] = '\0';
	errs_init(&e);
	errs_add(&e, "f", 1, 0, "%s", longer);
	char *text = printed(&e);
	CU_ASSERT_EQUAL(strlen(text), 5 + 100000 + 1);
	free(text);
	free(longer);
	errs_free(&e);
}

/* What errs_log writes to standard error; the caller frees. */
static char *logged(const struct errs *e)
{
	char *text = calloc(1, 65536);
	FILE *f = tmpfile();
	int saved = dup(STDERR_FILENO);
	CU_ASSERT_FATAL(text && f && saved >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
	errs_log(e);
	CU_ASSERT(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(f);
	size_t n = fread(text, 1, 65535, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void one_event_an_error(void)
{
	struct errs e;
	errs_init(&e);
	errs_add(&e, "a.conf", 3, 0, "unknown key \"x\\\"");
	for (unsigned i = 0; i < ERRS_SHOWN_MAX + 4; i++)
		errs_add(&e, "b.conf", i, 0, "x");
	char *text = logged(&e);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "level=error"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "error=\"a.conf:3: unknown key \\\"x\\\\\\\"\"\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "more=5\n"));
	unsigned lines = 0;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	CU_ASSERT_EQUAL(lines, ERRS_SHOWN_MAX + 1);
	free(text);
	errs_free(&e);
}

UNIT_MAIN("errs",
	UNIT_TEST(places),
	UNIT_TEST(control_bytes_never_reach_a_terminal),
	UNIT_TEST(the_rest_is_counted),
	UNIT_TEST(a_long_text_is_whole),
	UNIT_TEST(one_event_an_error))
