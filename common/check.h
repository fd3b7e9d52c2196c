/*
 * check: finding out, again and again, whether one address works (spec 5).
 *
 *            checker                one per event base: clock, scratch memory, counts
 *            /     \
 *        check     check            one definition (conf_check) x one address:
 *          |         |              schedule, rise and fall, last result
 *        kind      kind             check_tcp.c, check_http.c: how one probe goes
 *
 * What belongs together (all checks and addresses of a member) is watch's
 * affair. Everything here runs on the thread of the event base.
 */
#ifndef FAIRLEAD_CHECK_H
#define FAIRLEAD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "conf.h"
#include "verdict.h"

struct event_base;
struct resolver;

/*
 * What a probe found, by layer. Logs, TXT records and metrics all use the
 * texts of check_result_text. Results up to RESULT_LAST_PASS pass.
 */
enum check_result {
	RESULT_NONE,            /* "not checked yet": no probe has ended, neither pass nor failure */
	RESULT_UNCHECKED,       /* "none": nothing to check, always up */
	RESULT_L3_ECHO,         /* an echo reply */
	RESULT_L4_CONNECTED,    /* and no FIN or RST followed */
	RESULT_L6_OK,           /* handshake done, certificate as wanted */
	RESULT_L7_OK,           /* `expect` seen */
	RESULT_L7_STATUS,       /* a fitting status; detail: the status */
	RESULT_L7_GREETING,     /* a mail or FTP server greets; detail: its code, 0 where the protocol has none */
	RESULT_L7_RCODE,        /* the answer of a name server is as wanted; detail: its rcode */
	RESULT_L7_SAYS_UP,      /* an agent, or a helper; detail: agent_pack; so the next, and L7_SAYS_DOWN */
	RESULT_L7_SAYS_DRAIN,   /* it works, but wants no new clients: the state is drain */
	RESULT_LAST_PASS = RESULT_L7_SAYS_DRAIN,
	RESULT_L3_RESOLVE,      /* the host name has no address */
	RESULT_L3_TIMEOUT,      /* no echo reply */
	RESULT_L3_UNREACHABLE,  /* told by ICMP, or no route */
	RESULT_L4_REFUSED,
	RESULT_L4_TIMEOUT,
	RESULT_L4_UNREACHABLE,
	RESULT_L4_RESET,        /* connected, then RST before any byte: so does a forwarder that may not serve us */
	RESULT_L4_CLOSED,       /* connected, then FIN before any byte */
	RESULT_L4_ERROR,        /* detail: errno */
	RESULT_L6_TIMEOUT,      /* in the handshake; so L6_RESET and L6_CLOSED */
	RESULT_L6_RESET,
	RESULT_L6_CLOSED,
	RESULT_L6_HANDSHAKE,    /* it failed: an alert, or what came is not TLS */
	RESULT_L6_CERTIFICATE,  /* not valid; detail: X509_V_ERR_... */
	RESULT_L6_DAYS,         /* valid, but not for `min_days`; detail: whole days left */
	RESULT_L6_ALPN,         /* none of `alpn` was chosen */
	RESULT_L7_TIMEOUT,
	RESULT_L7_NO_RESPONSE,  /* ended in the middle of the response, or before it */
	RESULT_L7_RESET,        /* RST in the middle of the response */
	RESULT_L7_MALFORMED,    /* not the protocol */
	RESULT_L7_TOO_LONG,     /* a head over HTTP_HEAD_MAX, a greeting over DIALOGUE_MAX */
	RESULT_L7_BAD_STATUS,   /* detail: the status */
	RESULT_L7_BODY,         /* the body does not match */
	RESULT_L7_EXPECT,       /* what came does not match `expect` */
	RESULT_L7_BAD_GREETING, /* the server says that it does not serve; detail as with L7_GREETING */
	RESULT_L7_HELLO,        /* EHLO was refused; detail: the code; so L7_STARTTLS */
	RESULT_L7_STARTTLS,
	RESULT_L7_BAD_RCODE,    /* detail: the rcode */
	RESULT_L7_ADDRESS,      /* the answer lacks `address` */
	RESULT_L7_SAYS_DOWN,
	RESULT_L7_HELPER,       /* the command of an exec check has ended, or could not be started */
	RESULT_COUNT
};

#define CHECK_RESULT_TEXT_MAX 64
/* What stands for the "*" where a check asks for a wildcard service. */
#define CHECK_WILDCARD_LABEL "fairlead-check"

/* "L4 refused", "L7 status 503", ... Writes to `out` and returns it. */
const char *check_result_text(enum check_result r, uint32_t detail, char out[CHECK_RESULT_TEXT_MAX]);
/* The text without the detail, static: for the label of a counter. */
const char *check_result_name(enum check_result r);
static inline bool check_result_passed(enum check_result r) { return r > RESULT_NONE && r <= RESULT_LAST_PASS; }

/*
 * `resolver` finds the addresses of host name targets (NULL: there are none;
 * such a target then fails with "L3 resolve"). Both are borrowed. NULL: no memory.
 */
struct checker *checker_new(struct event_base *base, struct resolver *resolver);
/* After the last of its watches and checks. */
void checker_delete(struct checker *c);

struct checker_counts {
	uint64_t started;              /* probes begun */
	uint64_t postponed;            /* not begun: out of descriptors, ports or memory */
	uint64_t results[RESULT_COUNT];
	unsigned running;              /* at this moment */
};
const struct checker_counts *checker_counts(const struct checker *c);

struct event_base *checker_base(const struct checker *c);
struct resolver *checker_resolver(const struct checker *c);

/* --- one check of one address: used by watch --- */

struct check;

/* Bytes that a server wants in front of a connection. */
struct check_preface { const char *text; size_t len; };

struct check_params {
	const struct conf_check *conf;  /* borrowed until check_rebind or check_delete */
	struct addr address;            /* with the port */
	struct addr source;             /* where probes come from; family AF_UNSPEC: the system chooses */
	const char *service;            /* its name as text, for the Host field and server name when conf has none; copied. NULL: none */
	const struct check_preface *preface; /* said first on a TCP connection, before any TLS; NULL: nothing. Static */
};

/* Called when a probe ended, with everything of `k` brought up to date. It must not delete `k`. */
struct check_sink {
	void (*ended)(void *arg, struct check *k);
	void *arg;
};

/* Begins the schedule; the first probe starts within min(interval, 1 s). NULL: no memory, or a type that is not built. */
struct check *check_new(struct checker *c, const struct check_params *p, const struct check_sink *sink);
void check_delete(struct check *k);

/* After a reload: the same definition by value, at another place. */
void check_rebind(struct check *k, const struct conf_check *conf);
/* True when two definitions lead to the same probes and the same schedule. */
bool check_conf_same(const struct conf_check *a, const struct conf_check *b);

/*
 * Somebody's connection failed: down at once, and a probe follows at once. A
 * probe that is under way cannot bring it up again, since it began before.
 */
void check_force_down(struct check *k, enum check_result why);

enum verdict check_state(const struct check *k);        /* unknown, up, down; drain: up, and the last that passed says drain */
bool check_is_contrary(const struct check *k);          /* the last result contradicts the state */
enum check_result check_last(const struct check *k, uint32_t *detail);
uint32_t check_rtt_us(const struct check *k);           /* smoothed, of passed probes; 0: none passed yet */
const struct conf_check *check_conf(const struct check *k);
/* The numbers that an agent or a helper said last (agent_pack); 0: none. */
uint32_t check_agent(const struct check *k);
const struct addr *check_address(const struct check *k);

/* --- the decisions, pure --- */

struct check_history {
	enum verdict state;
	unsigned contrary;     /* results in a row that contradict `state` */
};

/* One more result. The first one decides alone; later `rise` passes or `fall` failures in a row. True: the state changed. */
bool check_count(struct check_history *h, bool passed, unsigned rise, unsigned fall);

/* Nanoseconds. */
struct check_times { int64_t origin, interval, fast; };

/*
 * When the next probe starts, after one that was due at `due` and ended at
 * `now`. While results contradict the state: `fast` after the last start, at
 * once if that has passed. Else the next of the moments origin + n x interval,
 * so that a check keeps its place among the others for ever.
 */
int64_t check_next_start(const struct check_times *t, int64_t due, int64_t now, bool contrary);

/*
 * Where in a period the `n`th check has its place: multiples of the golden
 * ratio, so that any number of checks, taken in any order, lie evenly. 0 <= x < 1.
 */
double check_place(uint32_t n);

#endif
