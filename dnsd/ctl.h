/*
 * ctl: fairleadctl, the operator's client (spec 9). It has the configuration
 * and the zones as the programs read them, and asks the name server by DNS for
 * all that changes; it has no other way to it, and so works from anywhere
 * where `dns.health_from` lets it ask.
 *
 *     fairleadctl.c   command line -> one command
 *     ctl_NAME.c      the commands
 *     ctl_ask.c       one message and its answer
 *     ctl_state.c     what the name server says of the members -> lb_state
 *     ctl_decide.c    a question -> who is in the answer, by dnsd's own code
 */
#ifndef FAIRLEAD_CTL_H
#define FAIRLEAD_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include "../common/conf.h"
#include "../common/dname.h"
#include "ctl_ask.h"

struct generation;
struct lb;

/* Exit statuses, as in fairleadctl(8). */
enum ctl_status {
	CTL_OK = 0,
	CTL_REFUSED = 1,       /* the configuration has errors, or the name server refuses */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3,   /* the name server (or, for reload, the program) isn't there */
	CTL_DIFFERENT = 4,     /* diff: some client gets another answer */
	CTL_TIMEOUT = 5        /* --wait: it isn't over in time */
};

#define CTL_DOWN_MAX 64

struct ctl {
	const char *file;                           /* -c */
	bool json;
	bool has_server; struct addr server;        /* --server */
	const char *client, *queries, *until, *note, *key, *program;
	const char *down[CTL_DOWN_MAX]; size_t ndown;
	bool force, wait, all_up, still;
	double timeout;                             /* seconds; 0: the command's own */
	char **words; size_t nwords;                /* behind the command */
	struct conf *conf;                          /* by ctl_conf; the generation's, when there is one */
	struct generation *gen;                     /* by ctl_generation */
};

/* The configuration, read once; NULL: its errors are printed. */
struct conf *ctl_conf(struct ctl *c);

/* Configuration and zones as dnsd reads them; NULL: told why. */
struct generation *ctl_generation(struct ctl *c);
/* The same of another file. NULL: told why. */
struct generation *ctl_load(const char *file);

/* The name servers to ask: --server, or the own site's, here. Returns how many. */
#define CTL_SERVERS_MAX 64
size_t ctl_servers(const struct ctl *c, struct addr out[CTL_SERVERS_MAX]);

/* A message to standard error. Returns `status`. */
enum ctl_status ctl_fail(enum ctl_status status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * A service as people write it: absolute, or below the origin of the only zone
 * there is. Wire form in lower case, and its zone's origin. False: told why.
 */
bool ctl_service_name(struct ctl *c, const char *text, uint8_t name[DNAME_MAX], uint8_t origin[DNAME_MAX]);

/* The service of that name, or the wildcard that stands for it (needs the zones). NULL: told why. */
struct lb *ctl_service(struct ctl *c, const char *text);

/* Calls `each` for every service of every zone, until it returns something else than CTL_OK; returns that. */
enum ctl_status ctl_each_service(struct ctl *c, enum ctl_status (*each)(struct ctl *c, struct lb *lb, void *arg), void *arg);

/* NULL: there is no such site, which has been told. */
const struct site *ctl_site(struct ctl *c, const char *name);

/* "198.51.100.7", "198.51.100.0/24", "2001:db8::/56" with any bits behind. False: neither. */
bool ctl_client(const char *text, struct prefix *out);

/* Asks TXT at `name` (wire form). CTL_OK: `out`, with rcode NOERROR. Else it has been told. */
enum ctl_status ctl_ask_txt(const struct ctl *c, const uint8_t *name, const struct prefix *client, struct ask_reply *out);

/* The commands. */
enum ctl_status ctl_explain(struct ctl *c);
enum ctl_status ctl_show_status(struct ctl *c);
enum ctl_status ctl_watch(struct ctl *c);
enum ctl_status ctl_simulate(struct ctl *c);
enum ctl_status ctl_diff(struct ctl *c);
enum ctl_status ctl_drain(struct ctl *c);
enum ctl_status ctl_down(struct ctl *c);
enum ctl_status ctl_up(struct ctl *c);
enum ctl_status ctl_clear(struct ctl *c);
enum ctl_status ctl_check(struct ctl *c);
enum ctl_status ctl_reload(struct ctl *c);
enum ctl_status ctl_version(struct ctl *c);
enum ctl_status ctl_delegation(struct ctl *c);
enum ctl_status ctl_keygen(struct ctl *c);

#endif
