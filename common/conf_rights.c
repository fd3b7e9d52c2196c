/* What the configuration wants that the system has to permit: told before anything starts. */
#include "conf_fill.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sock.h"

/* Groups first to last may open ping sockets (icmp(7)). False: nobody. */
static bool ping_groups(unsigned long *first, unsigned long *last)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ping_group_range", "re");
	bool told = f && fscanf(f, "%lu %lu", first, last) == 2;
	if (f)
		fclose(f);
	return told && *first <= *last;
}

static bool user_may_ping(const char *user)
{
	unsigned long first, last;
	gid_t *groups = calloc(NGROUPS_MAX, sizeof *groups);
	const struct passwd *p = getpwnam(user);
	int n = NGROUPS_MAX;
	bool may = false;
	if (groups && p && ping_groups(&first, &last)) {
		if (getgrouplist(user, p->pw_gid, groups, &n) < 0)
			n = 0;
		for (int i = 0; i < n; i++)
			may |= groups[i] >= first && groups[i] <= last;
	}
	free(groups);
	return may;
}

/* Whoever drops to a user keeps CAP_NET_RAW if he has to. */
void conf_check_rights(struct conf_loader *l)
{
	struct conf *c = l->conf;
	const config_setting_t *checks = config_setting_get_member(l->root, "checks");
	bool drops = geteuid() == 0 && c->user && *c->user;
	for (size_t i = 0; i < c->nchecks; i++) {
		if (c->checks[i].type != CHECK_ICMP || (drops ? user_may_ping(c->user) : sock_may_ping(false)))
			continue;
		c->needs_raw_sockets = true;
		if (sock_may_ping(true))
			continue;
		struct conf_at group = { l, conf_table_find(l->table, "checks")->table, NULL, config_setting_get_elem((config_setting_t *)checks, (unsigned)i), 0 };
		struct conf_at at = conf_member(&group, "type");
		conf_fail(&at, at.setting, "icmp is not permitted here: let sysctl net.ipv4.ping_group_range hold a group of the user, or give CAP_NET_RAW");
	}
}
