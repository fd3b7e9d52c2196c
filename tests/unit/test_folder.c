#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../common/folder.h"
#include "unit.h"

static char root[] = "/tmp/fairlead-folder.XXXXXX";

static void makes_all_above(void)
{
	char path[200], why[FOLDER_WHY_MAX] = "";
	struct stat st;
	snprintf(path, sizeof path, "%s/a/b//c/", root);
	CU_ASSERT(folder_make(path, "", why));
	CU_ASSERT(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	CU_ASSERT(folder_make(path, "", why));
}

static void says_why_not(void)
{
	char path[200], why[FOLDER_WHY_MAX] = "";
	snprintf(path, sizeof path, "%s/file", root);
	FILE *f = fopen(path, "w");
	CU_ASSERT_FATAL(f != NULL);
	fclose(f);
	snprintf(path, sizeof path, "%s/file/x", root);
	CU_ASSERT(!folder_make(path, "", why));
	CU_ASSERT(strstr(why, "file") != NULL);
	CU_ASSERT(!folder_make("", "", why));
	CU_ASSERT_EQUAL(folder_lock(path, "x", why), -1);
}

static void one_holds_the_lock(void)
{
	char why[FOLDER_WHY_MAX] = "", mine[40];
	int fd = folder_lock(root, "dnsd", why);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(folder_lock(root, "dnsd", why), -1);
	snprintf(mine, sizeof mine, "process %ld", (long)getpid());
	CU_ASSERT(strstr(why, mine) != NULL);
	int other = folder_lock(root, "fwd", why);
	CU_ASSERT(other >= 0);
	close(other);
	close(fd);
	fd = folder_lock(root, "dnsd", why);
	CU_ASSERT(fd >= 0);
	close(fd);
}

static void in_a_folder_of_its_own(void)
{
	CU_ASSERT_FATAL(mkdtemp(root) != NULL);
}

static void cleans_up(void)
{
	static const char *const names[] = { "a/b/c", "a/b", "a", "file", "dnsd.lock", "fwd.lock", "" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[200];
		snprintf(path, sizeof path, "%s/%s", root, names[i]);
		CU_ASSERT(remove(path) == 0);
	}
}

UNIT_MAIN("folder", UNIT_TEST(in_a_folder_of_its_own), UNIT_TEST(makes_all_above), UNIT_TEST(says_why_not), UNIT_TEST(one_holds_the_lock),
	UNIT_TEST(cleans_up))
