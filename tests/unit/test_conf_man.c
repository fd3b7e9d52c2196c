/*
 * The option tables of fairlead.conf(5) are those of the schema. With
 * FAIRLEAD_UPDATE_MAN set in the environment the page is written anew.
 */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_schema.h"
#include "unit.h"

static const char begin[] = ".\\\" options: begin\n", end[] = ".\\\" options: end\n";

static void page_name(char out[4096])
{
	const char *src = getenv("FAIRLEAD_SRC");
	snprintf(out, 4096, "%s/dnsd/fairlead.conf.5", src ? src : ".");
}

/* A whole file, the caller frees; NULL: unreadable. */
static char *read_page(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = f ? calloc(1, 1 << 20) : NULL;
	if (text && fread(text, 1, (1 << 20) - 1, f) == 0)
		text[0] = '\0';
	if (f)
		fclose(f);
	return text;
}

static char *tables(void)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	conf_schema_print_man(to);
	fclose(to);
	return text;
}

static void write_page(const char *name, const char *page, const char *from, const char *made, const char *rest)
{
	FILE *f = fopen(name, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "%.*s%s%s", (int)(from - page), page, made, rest);
	CU_ASSERT_EQUAL(fclose(f), 0);
}

static void the_page_is_the_schema(void)
{
	char name[4096];
	page_name(name);
	char *page = read_page(name), *made = tables();
	CU_ASSERT_PTR_NOT_NULL_FATAL(page);
	char *from = strstr(page, begin), *to = strstr(page, end);
	CU_ASSERT_PTR_NOT_NULL_FATAL(from);
	CU_ASSERT_PTR_NOT_NULL_FATAL(to);
	from += strlen(begin);
	bool same = (size_t)(to - from) == strlen(made) && memcmp(from, made, strlen(made)) == 0;
	if (!same && getenv("FAIRLEAD_UPDATE_MAN"))
		write_page(name, page, from, made, to);
	else if (!same)
		printf("%s differs from the schema: run this test once with FAIRLEAD_UPDATE_MAN=1\n", name);
	CU_ASSERT(same || getenv("FAIRLEAD_UPDATE_MAN"));
	free(page);
	free(made);
}

static void want_row(void *arg, const struct conf_table *t)
{
	const char *made = arg;
	char row[256];
	for (size_t i = 0; i < t->nkeys; i++) {
		snprintf(row, sizeof row, ".It Ic %s No ", t->keys[i].name);
		CU_ASSERT_PTR_NOT_NULL(strstr(made, row));
		CU_ASSERT(t->keys[i].table || t->keys[i].help);
	}
}

/* Every key is told, and every key has a word of help. */
static void every_key_stands_there(void)
{
	char *made = tables();
	conf_table_walk(&conf_root_table, want_row, made);
	free(made);
}

UNIT_MAIN("conf_man",
	UNIT_TEST(the_page_is_the_schema),
	UNIT_TEST(every_key_stands_there))
