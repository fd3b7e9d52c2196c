#include "notify.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unistd.h>
#include "../common/conf.h"
#include "../common/dname.h"
#include "../common/log.h"
#include "../common/sock.h"
#include "query.h"

enum { OPCODE_NOTIFY = 4 };

/* Header, question */
#define MESSAGE_ROOM (DNS_HEADER + DNAME_MAX + 4)
/* Answers read in one go before checks and others have their turn. */
#define READ_BATCH 32
/* Told at once; a server with thousands of zones tells the others of a start one after the other. */
#define IN_FLIGHT 256
/* The slot where the others of a burst wait, each a little longer. */
#define BURST_STEP_MS 50

/* Lists of jobs by zone. The ID's low bits say which, so an answer finds its job without a look at all others. */
#define LISTS 1024

/* One secondary that is being told of one zone. */
struct job {
	TAILQ_ENTRY(job) list;
	struct notify *notify;
	struct event *timer;
	size_t target;
	uint16_t id;
	unsigned tries;
	uint32_t serial;
	size_t len;
	uint8_t message[MESSAGE_ROOM];   /* DNS_HEADER and the question */
};

struct channel { int fd; struct event *event; };

struct notify {
	struct event_base *base;
	struct addr *targets; size_t ntargets;
	struct addr source[2]; bool has_source[2];  /* IPv4, IPv6 */
	struct channel channels[2];
	size_t njobs;
	TAILQ_HEAD(, job) jobs[LISTS];
};

static void job_end(struct job *j)
{
	TAILQ_REMOVE(&j->notify->jobs[j->id % LISTS], j, list);
	j->notify->njobs--;
	if (j->timer)
		event_free(j->timer);
	free(j);
}

static void log_job(const struct job *j, const char *what, const char *error)
{
	char name[DNAME_TEXT_MAX], to[ADDR_TEXT_MAX];
	log_warn(what, "zone=%s serial=%u secondary=%s error=\"%s\"", dname_to_text(j->message + DNS_HEADER, name), j->serial,
	         addr_text_at(&j->notify->targets[j->target], to), error);
}

/* By a hash that differs with each process, so the ID is no easier to guess for it. */
static unsigned list_of(const uint8_t *origin)
{
	struct zone_name n;
	zone_name_set(&n, origin, dname_len(origin));
	return (unsigned)(zone_name_hash(n.wire, n.len) % LISTS);
}

/* ---- answers ---- */

static struct job *find_job(struct notify *n, const struct addr *from, const uint8_t *m, size_t len)
{
	struct job *j;
	if (len < DNS_HEADER || !(m[2] & DNS_QR) || (m[2] >> 3 & 15) != OPCODE_NOTIFY)
		return NULL;
	TAILQ_FOREACH(j, &n->jobs[wire_get16(m) % LISTS], list)
		if (j->id == wire_get16(m) && addr_equal(from, &n->targets[j->target]))
			return j;
	return NULL;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct notify *n = arg;
	uint8_t m[UDP_EDNS_MAX];
	(void)what;
	for (unsigned i = 0; i < READ_BATCH; i++) {
		struct addr from;
		socklen_t size = sizeof from;
		memset(&from, 0, sizeof from);
		ssize_t len = recvfrom(fd, m, sizeof m, MSG_DONTWAIT, &from.sa, &size);
		if (len < 0)
			return;
		struct job *j = find_job(n, &from, m, (size_t)len);
		if (!j)
			continue;
		if (m[3] & 15)
			log_job(j, "a secondary refuses NOTIFY", (m[3] & 15) == RCODE_REFUSED ? "REFUSED" : (m[3] & 15) == RCODE_NOTAUTH ? "NOTAUTH" : "other rcode");
		job_end(j);
	}
}

/* ---- sending ---- */

/* The socket for this family, made when it is first needed. NULL: it can't be, `why` says it. */
static struct channel *channel_for(struct notify *n, int family, char *why)
{
	int i = family == AF_INET6;
	struct channel *c = &n->channels[i];
	if (c->fd >= 0)
		return c;
	struct addr any;
	addr_parse(&any, i ? "::" : "0.0.0.0", 0);
	struct addr from = n->has_source[i] ? n->source[i] : any;
	addr_set_port(&from, 0);
	if (sock_listen_udp(&from, &c->fd, 1, why) < 0) {
		c->fd = -1;
		return NULL;
	}
	c->event = event_new(n->base, c->fd, EV_READ | EV_PERSIST, on_readable, n);
	if (c->event && event_add(c->event, NULL) == 0)
		return c;
	strcpy(why, "out of memory");
	close(c->fd);
	c->fd = -1;
	return NULL;
}

static void channel_close(struct channel *c)
{
	if (c->event)
		event_free(c->event);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct channel){ .fd = -1 };
}

static void wait_ms(struct job *j, int64_t ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	event_add(j->timer, &t);
}

/* Now, and again later unless an answer ends the job. */
static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;
	const struct addr *to = &j->notify->targets[j->target];
	char why[SOCK_WHY_MAX] = "";
	(void)fd;
	(void)what;
	if (j->tries == NOTIFY_TRIES) {
		log_job(j, "a secondary does not answer NOTIFY", "no answer");
		job_end(j);
		return;
	}
	struct channel *c = channel_for(j->notify, to->sa.sa_family, why);
	if (!c)
		log_job(j, "cannot send NOTIFY", why);
	else if (sendto(c->fd, j->message, j->len, MSG_DONTWAIT, &to->sa, addr_len(to)) < 0 && j->tries == 0)
		log_job(j, "cannot send NOTIFY", strerror(errno));
	wait_ms(j, (int64_t)NOTIFY_WAIT_SECONDS * 1000 << j->tries++);
}

/* Opcode NOTIFY, AA, one question: the zone's SOA (RFC 1996 section 3.7: what stands in the answer section is no more than a hint). */
static bool make_message(struct job *j, const uint8_t *origin)
{
	size_t n = dname_len(origin);
	if (getrandom(&j->id, sizeof j->id, 0) != sizeof j->id)
		return false;
	j->id = (uint16_t)(j->id / LISTS * LISTS + list_of(origin));
	wire_set16(j->message, j->id);
	j->message[2] = OPCODE_NOTIFY << 3 | DNS_AA;
	j->message[5] = 1;
	memcpy(j->message + DNS_HEADER, origin, n);
	wire_set16(j->message + DNS_HEADER + n, RR_SOA);
	wire_set16(j->message + DNS_HEADER + n + 2, CLASS_IN);
	j->len = DNS_HEADER + n + 4;
	return true;
}

static void tell(struct notify *n, size_t target, const uint8_t *origin, uint32_t serial)
{
	struct job *j = calloc(1, sizeof *j);
	if (!j || !(j->timer = event_new(n->base, -1, 0, on_due, j)) || !make_message(j, origin)) {
		log_error("cannot send NOTIFY", "error=\"%s\"", strerror(errno));
		if (j && j->timer)
			event_free(j->timer);
		free(j);
		return;
	}
	j->notify = n;
	j->target = target;
	j->serial = serial;
	size_t ahead = n->njobs++ / IN_FLIGHT;
	TAILQ_INSERT_TAIL(&n->jobs[j->id % LISTS], j, list);
	if (ahead)
		wait_ms(j, (int64_t)ahead * BURST_STEP_MS);
	else
		on_due(-1, 0, j);
}

void notify_zone(struct notify *n, const uint8_t *origin, uint32_t serial)
{
	struct job *j, *next;
	for (j = TAILQ_FIRST(&n->jobs[list_of(origin)]); j; j = next) {
		next = TAILQ_NEXT(j, list);
		if (dname_equal(j->message + DNS_HEADER, origin))
			job_end(j);
	}
	for (size_t i = 0; i < n->ntargets; i++)
		tell(n, i, origin, serial);
}

/* ---- life ---- */

static void end_all(struct notify *n)
{
	for (unsigned i = 0; i < LISTS; i++)
		while (!TAILQ_EMPTY(&n->jobs[i]))
			job_end(TAILQ_FIRST(&n->jobs[i]));
	channel_close(&n->channels[0]);
	channel_close(&n->channels[1]);
}

static bool same(const struct notify *n, const struct conf *c)
{
	const struct addr *source[2] = { conf_probe_source(c, AF_INET), conf_probe_source(c, AF_INET6) };
	bool equal = n->ntargets == c->dns.nnotify;
	for (int i = 0; i < 2; i++)
		equal = equal && n->has_source[i] == (source[i] != NULL) && (!source[i] || addr_same_ip(&n->source[i], source[i]));
	for (size_t i = 0; equal && i < n->ntargets; i++)
		equal = addr_equal(&n->targets[i], &c->dns.notify[i]);
	return equal;
}

void notify_configure(struct notify *n, const struct conf *c)
{
	if (same(n, c))
		return;
	end_all(n);
	free(n->targets);
	n->ntargets = c->dns.nnotify;
	n->targets = calloc(n->ntargets ? n->ntargets : 1, sizeof *n->targets);
	if (!n->targets) {
		log_error("out of memory, no secondary is notified", "%s", "");
		n->ntargets = 0;
	}
	for (size_t i = 0; i < n->ntargets; i++)
		n->targets[i] = c->dns.notify[i];
	for (int i = 0; i < 2; i++) {
		const struct addr *a = conf_probe_source(c, i ? AF_INET6 : AF_INET);
		n->has_source[i] = a != NULL;
		if (a)
			n->source[i] = *a;
	}
}

struct notify *notify_new(struct event_base *base)
{
	struct notify *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->base = base;
	n->channels[0].fd = n->channels[1].fd = -1;
	for (unsigned i = 0; i < LISTS; i++)
		TAILQ_INIT(&n->jobs[i]);
	return n;
}

void notify_delete(struct notify *n)
{
	if (!n)
		return;
	end_all(n);
	free(n->targets);
	free(n);
}
