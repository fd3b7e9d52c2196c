#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../common/dname.h"
#include "../../dnsd/saved.h"
#include "unit.h"

#define NOW 1763805600

static char folder[64], path[96];

static void make_folder(void)
{
	strcpy(folder, "/tmp/fairlead-saved-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/verdicts", folder);
}

static void remove_folder(void)
{
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(folder), 0); /* no temporary file is left */
}

struct seen { unsigned n; char text[512]; };

static void each(void *arg, const struct saved_verdict *v)
{
	struct seen *s = arg;
	char name[DNAME_TEXT_MAX], line[DNAME_TEXT_MAX + 100];
	s->n++;
	snprintf(line, sizeof line, "%s %s %s %lld%s;", dname_to_text(v->service, name), v->label, verdict_name(v->verdict),
	         (long long)v->since, v->ordered ? " by order" : "");
	size_t len = strlen(s->text);
	snprintf(s->text + len, sizeof s->text - len, "%s", line);
}

static void put_file(const char *text)
{
	FILE *f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

static void fill(struct statefile_text *t)
{
	const struct saved_verdict up = { (const uint8_t *)"\3www\7example", "sjc", VERDICT_UP, 1763800000, false };
	const struct saved_verdict down = { (const uint8_t *)"\3a b\1*", "den", VERDICT_DOWN, 0, true };
	saved_begin(t, NOW);
	saved_add(t, &up);
	saved_add(t, &down);
	saved_end(t);
}

static void written_and_read(void)
{
	struct statefile_text t;
	struct seen seen = { 0 };
	const char *why;
	make_folder();
	fill(&t);
	CU_ASSERT_EQUAL(statefile_write(path, &t), 0);
	statefile_free(&t);
	CU_ASSERT_EQUAL(saved_read(path, NOW + 60, 60, each, &seen, &why), 2);
	CU_ASSERT_STRING_EQUAL(seen.text, "www.example. sjc up 1763800000;a\\032b.*. den down 0 by order;");
	CU_ASSERT_EQUAL(saved_read(path, NOW + 61, 60, each, &seen, &why), 0);
	CU_ASSERT_STRING_EQUAL(why, "it is too old");
	CU_ASSERT_EQUAL(saved_read(path, NOW - 1, 60, each, &seen, &why), 0); /* from the future: somebody set the clock */
	CU_ASSERT_EQUAL(seen.n, 2);
	remove_folder();
}

static void a_bad_file_is_no_file(void)
{
	static const char *const bad[] = {
		"",
		"\n",
		"fairlead-verdicts 1 1763805600",
		"fairlead-verdicts 1 1763805600\n",
		"fairlead-verdicts 1 1763805600\nend",
		"fairlead-verdicts 2 1763805600\nwww.example. sjc up 1\nend\n",
		"something-else 1 1763805600\nwww.example. sjc up 1\nend\n",
		"fairlead-verdicts 1 1763805600 x\nwww.example. sjc up 1\nend\n",
		"fairlead-verdicts 1 now\nwww.example. sjc up 1\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nend\nmore\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1 disordered\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up ordered\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nwww.example. den sideways 1\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nwww.example. den unknown 1\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nwww..example. den up 1\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nwww.example. den up\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nwww.example. den up -1\nend\n",
		"fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\nwww.example.  up 1\nend\n",
		("fairlead-verdicts 1 1763805600\nwww.example. sjc up 1\n"
		 "www.example. 0123456789012345678901234567890123456789012345678901234567890123 up 1\nend\n"),
	};
	const char *why;
	struct seen seen = { 0 };
	make_folder();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		put_file(bad[i]);
		CU_ASSERT_EQUAL(saved_read(path, NOW, 60, each, &seen, &why), 0);
		CU_ASSERT_PTR_NOT_NULL(why);
		if (seen.n)
			printf("\n  bad file %zu is believed\n", i);
	}
	CU_ASSERT_EQUAL(seen.n, 0);
	remove_folder();
}

static void no_file_is_nothing_to_say(void)
{
	const char *why = "untouched";
	make_folder();
	CU_ASSERT_EQUAL(saved_read(path, NOW, 60, each, NULL, &why), 0);
	CU_ASSERT_PTR_NULL(why);
	remove_folder();
}

static void a_failed_write_leaves_the_old_file(void)
{
	struct statefile_text t;
	make_folder();
	fill(&t);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0); /* a folder cannot be replaced by a file */
	CU_ASSERT_EQUAL(statefile_write(path, &t), EISDIR);
	CU_ASSERT_EQUAL(rmdir(path), 0);
	CU_ASSERT_EQUAL(statefile_write("/nonexistent/verdicts", &t), ENOENT);
	statefile_free(&t);
	remove_folder();
}

static void in_a_thread(void)
{
	struct statefile_text t;
	struct seen seen = { 0 };
	const char *why;
	int error = -1;
	make_folder();
	fill(&t);
	struct statefile_job *job = statefile_write_begin(path, &t);
	CU_ASSERT_PTR_NULL(t.text);
	CU_ASSERT_TRUE(statefile_write_ended(job, true, &error));
	CU_ASSERT_EQUAL(error, 0);
	CU_ASSERT_EQUAL(saved_read(path, NOW, 60, each, &seen, &why), 2);
	remove_folder();
}

UNIT_MAIN("saved",
	UNIT_TEST(written_and_read),
	UNIT_TEST(a_bad_file_is_no_file),
	UNIT_TEST(no_file_is_nothing_to_say),
	UNIT_TEST(a_failed_write_leaves_the_old_file),
	UNIT_TEST(in_a_thread))
