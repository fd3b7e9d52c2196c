/*
 * What is written to the kernel when, and whose table is touched: with an
 * nftables of our own, which knows one table by whose it is and whether it
 * sends anything on, and fails when it is told to.
 */
#include <event2/event.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fwd/nat_parts.h"
#include "unit.h"

#define TABLE "fairlead.a.one"

/* --- nftables --- */

static struct {
	char owner[32];         /* "": there is no table */
	bool sends;
	bool broken, no_maps;   /* nothing works; only whole tables do */
	unsigned wholes;
	char whole[65536];      /* the last one */
	const char *counters;
} kernel;
static bool dry;
static const char *output, *error;

/* Never looked into. */
struct nft_ctx *nft_ctx_new(uint32_t flags)
{
	static char something;
	(void)flags;
	return (struct nft_ctx *)&something;
}

void nft_ctx_free(struct nft_ctx *nft)
{
	(void)nft;
}

int nft_ctx_buffer_output(struct nft_ctx *nft)
{
	(void)nft;
	return 0;
}

int nft_ctx_buffer_error(struct nft_ctx *nft)
{
	(void)nft;
	return 0;
}

void nft_ctx_set_dry_run(struct nft_ctx *nft, bool on)
{
	(void)nft;
	dry = on;
}

const char *nft_ctx_get_output_buffer(struct nft_ctx *nft)
{
	(void)nft;
	return output;
}

const char *nft_ctx_get_error_buffer(struct nft_ctx *nft)
{
	(void)nft;
	return error;
}

static int fail(const char *why)
{
	error = why;
	return -1;
}

static int take_whole(const char *text)
{
	const char *process = strstr(text, "\tchain process");
	CU_ASSERT_FATAL(process && strlen(text) < sizeof kernel.whole);
	if (dry)
		return 0;
	sscanf(process, "\tchain process%31[0-9a-f_]", kernel.owner);
	kernel.sends = strstr(text, "goto entry");
	kernel.wholes++;
	strcpy(kernel.whole, text);
	return 0;
}

static int take_part(const char *text)
{
	char process[32];
	CU_ASSERT_FATAL(sscanf(text, "flush chain inet " TABLE " process%31[0-9a-f_]\n", process) == 1);
	if (strcmp(process, kernel.owner) != 0)
		return fail("Error: Could not process rule: No such file or directory\nflush chain");
	if (strstr(text, "delete table"))
		kernel.owner[0] = '\0';
	else if (strstr(text, "flush map") && kernel.no_maps)
		return fail("Error: Could not process rule: Too many open files\n");
	if (!dry && strstr(text, "flush map"))
		kernel.sends = strstr(text, "goto entry");
	return 0;
}

int nft_run_cmd_from_buffer(struct nft_ctx *nft, const char *text)
{
	(void)nft;
	output = error = "";
	if (kernel.broken)
		return fail("Error: Could not process rule: Cannot allocate memory\n");
	if (strcmp(text, "list tables inet\n") == 0)
		output = kernel.owner[0] ? "table inet other\ntable inet " TABLE "\n" : "table inet other\n";
	else if (strncmp(text, "list counters ", 14) == 0)
		output = kernel.counters;
	else
		return strncmp(text, "add table", 9) == 0 ? take_whole(text) : take_part(text);
	return 0;
}

static int flows;

int nat_count_flows(const struct nat_state *s)
{
	(void)s;
	return flows;
}

/* --- servers and peers --- */

#define MEMBERS 3

static struct service service;
static struct policy policy = { .answers = 1 };
static struct member members[MEMBERS];
static struct addr addresses[MEMBERS];
static struct member_view views[MEMBERS];
static bool usable;
static unsigned looks;      /* times that the selector was to be asked */

bool pool_usable(const struct pool *p)
{
	(void)p;
	return usable;
}

bool peers_own_set_down(const struct peers_service *ps)
{
	(void)ps;
	return false;
}

bool peers_known(const struct peers_service *ps)
{
	(void)ps;
	return true;
}

bool peers_change_unsaid(const struct peers_service *ps)
{
	(void)ps;
	return false;
}

void peers_look(const struct peers_service *ps, struct peers_look *out)
{
	(void)ps;
	looks++;
	memset(out, 0, sizeof *out);
	gate_compute(&service, views, 0, false, &out->gate);
	out->in = (struct select_input){ .service = &service, .gate = &out->gate, .own_site = 0 };
}

/* --- a setup, freed as a whole --- */

static struct site site = { .name = "a" };
static char instance[] = "one";
static struct listener_count count;

struct made {
	struct conf conf;
	struct setup setup;
	struct conf_listener conf_listener;
	struct listener listener;
	struct addr listen[2];
};

static struct made *make_setup(const char *listen)
{
	static char text[] = "www.gslb.example.com.";
	struct made *m = calloc(1, sizeof *m);
	CU_ASSERT_FATAL(m != NULL);
	m->conf = (struct conf){ .own = &site, .sites = &site, .nsites = 1, .dns = { .networks4 = 24, .networks6 = 56 } };
	m->conf.instance = instance;
	addr_parse(&m->listen[0], listen, 110);
	m->conf_listener = (struct conf_listener){ .listen = m->listen, .nlisten = 1, .protocol = FWD_TCP, .datapath = DATAPATH_NAT, .service_text = text };
	m->listener = (struct listener){ .conf = &m->conf_listener, .service = &service, .setup = &m->setup, .count = &count };
	m->setup = (struct setup){ .conf = &m->conf, .listeners = &m->listener, .nlisteners = 1 };
	return m;
}

static struct event_base *base;
static struct made *made;
static struct nat *nat;
static char why[NAT_WHY_MAX], us[16];

static void make(void)
{
	static const uint8_t name[] = "\3www\4gslb\7example\3com";
	memset(&kernel, 0, sizeof kernel);
	memset(&count, 0, sizeof count);
	memset(members, 0, sizeof members);
	kernel.counters = "";
	snprintf(us, sizeof us, "%d_", (int)getpid());
	memcpy(service.name, name, sizeof name);
	service.name_len = sizeof name;
	service.policy = &policy;
	service.members = members;
	service.nmembers = MEMBERS;
	for (int i = 0; i < MEMBERS; i++) {
		char text[64];
		snprintf(text, sizeof text, "m%d", i);
		member_set_label(&members[i], text);
		snprintf(text, sizeof text, "198.51.100.%d", i);
		addr_parse(&addresses[i], text, 0);
		members[i].site = i;
		members[i].weight = members[i].rank = 1;
		members[i].targets = &addresses[i];
		members[i].ntargets = 1;
		views[i].verdict = i == 1 ? VERDICT_UP : VERDICT_DOWN;
	}
	usable = true;
	nat = NULL;
	base = event_base_new();
	made = make_setup("192.0.2.25");
	CU_ASSERT_FATAL(base != NULL);
}

/* The process ends. */
static void stop(void)
{
	nat_delete(nat);
	nat = NULL;
}

static void unmake(void)
{
	nat_delete(nat);
	event_base_free(base);
	free(made);
}

static bool ours(void)
{
	return strncmp(kernel.owner, us, strlen(us)) == 0;
}

static void start(void)
{
	make();
	CU_ASSERT_FATAL(nat_stand(&nat, base, &made->setup, why) && nat);
	CU_ASSERT(ours() && !kernel.sends);
}

/* Told to stop, it empties its table, and then takes it away. */
static void ends_clean(void)
{
	nat_drain(nat);
	CU_ASSERT(ours() && !kernel.sends);
	stop();
	CU_ASSERT(!kernel.owner[0]);
	unmake();
}

/* The real server is down, and peer m1 is up. */
static void start_sending(void)
{
	start();
	usable = false;
	nat_refresh(nat);
	CU_ASSERT(kernel.sends && kernel.wholes == 1);
}

static void move_to(int member)
{
	for (int i = 1; i < MEMBERS; i++)
		views[i].verdict = i == member ? VERDICT_UP : VERDICT_DOWN;
	nat_refresh(nat);
}

/* Until the next retry, at most. */
static void wait_for_a_retry(void)
{
	event_base_loop(base, EVLOOP_ONCE);
}

/* --- */

static void what_a_failed_write_has_left_is_emptied_and_removed(void)
{
	start_sending();
	kernel.broken = true;
	move_to(2);
	CU_ASSERT(kernel.sends && kernel.wholes == 1);
	kernel.broken = false;
	ends_clean();
}

static void a_drain_that_fails_is_tried_again(void)
{
	start_sending();
	kernel.broken = true;
	nat_drain(nat);
	CU_ASSERT(kernel.sends);
	kernel.broken = false;
	for (int i = 0; kernel.sends && i < 10; i++)
		wait_for_a_retry();
	CU_ASSERT(ours() && !kernel.sends && kernel.wholes == 1);
	stop();
	CU_ASSERT(!kernel.owner[0]);
	unmake();
}

static void a_write_that_fails_is_tried_again_whole(void)
{
	start_sending();
	kernel.broken = true;
	move_to(2);
	kernel.broken = false;
	for (int i = 0; kernel.wholes < 2 && i < 10; i++)
		wait_for_a_retry();
	CU_ASSERT(ours() && kernel.wholes == 2 && strstr(kernel.whole, "dnat ip to 198.51.100.2:110"));
	unmake();
}

static void another_processs_table_is_left_alone(void)
{
	start_sending();
	strcpy(kernel.owner, "1");
	move_to(2);
	CU_ASSERT(strcmp(kernel.owner, "1") == 0 && kernel.sends && kernel.wholes == 1);
	usable = true; /* nothing is sent on by what we would write */
	nat_refresh(nat);
	CU_ASSERT(kernel.sends && kernel.wholes == 1);
	nat_drain(nat);
	CU_ASSERT(kernel.sends && nat_flows(nat) == 0);
	stop();
	CU_ASSERT(strcmp(kernel.owner, "1") == 0 && kernel.wholes == 1);
	unmake();
}

static void when_a_successor_gives_up_its_table_is_taken_back(void)
{
	start_sending();
	nat_reclaim(nat);
	CU_ASSERT(kernel.wholes == 1);
	strcpy(kernel.owner, "1");
	kernel.sends = false;
	nat_reclaim(nat);
	CU_ASSERT(ours() && kernel.sends && kernel.wholes == 2);
	move_to(2);
	CU_ASSERT(ours() && kernel.sends && kernel.wholes == 2);
	unmake();
}

static void a_removed_table_is_put_up_again(void)
{
	start_sending();
	kernel.owner[0] = '\0';
	move_to(2);
	CU_ASSERT(ours() && kernel.sends && kernel.wholes == 2);
	unmake();
}

static void a_successor_takes_the_table_when_it_serves(void)
{
	make();
	strcpy(kernel.owner, "1");
	kernel.sends = true;
	usable = false;
	CU_ASSERT_FATAL(nat_prepare(&nat, base, &made->setup, why) && nat);
	nat_refresh(nat);
	CU_ASSERT(strcmp(kernel.owner, "1") == 0 && kernel.sends && kernel.wholes == 0);
	nat_enter(nat);
	/* at once with all that is known */
	CU_ASSERT(ours() && kernel.sends && kernel.wholes == 1 && strstr(kernel.whole, "dnat ip to 198.51.100.1:110"));
	unmake();
	CU_ASSERT(ours()); /* not asked to drain, it leaves what its predecessor's flows need */
}

/* Its first write fails, and a reload is sooner than the next attempt: whatever comes later knows that the table is there. */
static void a_reload_writes_what_could_not_be_written(void)
{
	make();
	CU_ASSERT_FATAL(nat_prepare(&nat, base, &made->setup, why) && nat);
	kernel.broken = true;
	nat_enter(nat);
	CU_ASSERT(!kernel.owner[0]);
	kernel.broken = false;
	CU_ASSERT(nat_stand(&nat, base, &made->setup, why) && ours());
	ends_clean();
}

/* It was told to stop, and has flows; then a successor takes the table, and the flows. */
static void one_that_drains_and_is_replaced_waits_for_no_flows(void)
{
	start_sending();
	flows = 7;
	nat_drain(nat);
	CU_ASSERT_EQUAL(nat_flows(nat), 7);
	strcpy(kernel.owner, "1");
	kernel.sends = true;
	nat_drain(nat);
	CU_ASSERT_EQUAL(nat_flows(nat), 0);
	flows = 0;
	stop();
	CU_ASSERT(strcmp(kernel.owner, "1") == 0 && kernel.sends);
	unmake();
}

static void a_successor_that_never_serves_leaves_the_table_alone(void)
{
	make();
	strcpy(kernel.owner, "1");
	CU_ASSERT_FATAL(nat_prepare(&nat, base, &made->setup, why) && nat);
	nat_drain(nat);
	stop();
	CU_ASSERT(strcmp(kernel.owner, "1") == 0 && kernel.wholes == 0);
	kernel.broken = true; /* and this is said before the predecessor is let go */
	CU_ASSERT(!nat_prepare(&nat, base, &made->setup, why) && strstr(why, "Cannot allocate memory"));
	kernel.broken = false;
	unmake();
}

/* What its setup has is freed before anything else happens: sanitizers look on. */
static void a_reload_that_does_not_come_off_leaves_nothing(void)
{
	start_sending();
	struct made *next = make_setup("192.0.2.26");
	CU_ASSERT_FATAL(nat_stand(&nat, base, &next->setup, why));
	CU_ASSERT(strstr(kernel.whole, "192.0.2.26") && !strstr(kernel.whole, "192.0.2.25"));
	kernel.broken = true;
	nat_back(&nat);
	memset(next, 0xff, sizeof *next);
	free(next);
	move_to(2);
	kernel.broken = false;
	for (int i = 0; kernel.wholes < 3 && i < 10; i++)
		wait_for_a_retry();
	CU_ASSERT(ours() && strstr(kernel.whole, "192.0.2.25") && !strstr(kernel.whole, "192.0.2.26"));
	CU_ASSERT(kernel.sends && strstr(kernel.whole, "dnat ip to 198.51.100.2:110"));
	unmake();
}

static void the_first_listener_of_such_a_reload_goes_with_it(void)
{
	start();
	nat_back(&nat);
	CU_ASSERT(nat == NULL && !kernel.owner[0]);
	nat_back(&nat);
	unmake();
}

static void what_was_counted_is_told_before_counters_go(void)
{
	start_sending();
	kernel.counters = "table inet " TABLE " {\n\tcounter flows0 {\n\t\tpackets 5 bytes 300\n\t}\n}\n";
	kernel.no_maps = true;
	move_to(2);
	CU_ASSERT(kernel.wholes == 2 && count.arrived == 5 && count.forwarded == 5);
	unmake();
}

static void addresses_of_a_service_are_asked_about_once(void)
{
	make();
	addr_parse(&made->listen[1], "192.0.2.26", 110);
	made->conf_listener.nlisten = 2;
	CU_ASSERT_FATAL(nat_stand(&nat, base, &made->setup, why));
	looks = 0;
	usable = false;
	kernel.no_maps = true; /* whole, so that all of it is seen */
	nat_refresh(nat);
	CU_ASSERT(looks == 1 && kernel.wholes == 2);
	CU_ASSERT(strstr(kernel.whole, "entry0 meta l4proto 6 counter name flows0 dnat ip to 198.51.100.1:110") != NULL);
	CU_ASSERT(strstr(kernel.whole, "entry1 meta l4proto 6 counter name flows1 dnat ip to 198.51.100.1:110") != NULL);
	/* but the families each */
	addr_parse(&made->listen[1], "2001:db8::26", 110);
	CU_ASSERT(nat_stand(&nat, base, &made->setup, why));
	looks = 0;
	nat_refresh(nat);
	CU_ASSERT(looks == 2);
	unmake();
}

UNIT_MAIN("nat_write", UNIT_TEST(what_a_failed_write_has_left_is_emptied_and_removed), UNIT_TEST(a_drain_that_fails_is_tried_again),
          UNIT_TEST(a_write_that_fails_is_tried_again_whole), UNIT_TEST(another_processs_table_is_left_alone),
          UNIT_TEST(when_a_successor_gives_up_its_table_is_taken_back), UNIT_TEST(a_removed_table_is_put_up_again),
          UNIT_TEST(a_successor_takes_the_table_when_it_serves), UNIT_TEST(a_successor_that_never_serves_leaves_the_table_alone),
          UNIT_TEST(a_reload_that_does_not_come_off_leaves_nothing), UNIT_TEST(the_first_listener_of_such_a_reload_goes_with_it),
          UNIT_TEST(a_reload_writes_what_could_not_be_written), UNIT_TEST(one_that_drains_and_is_replaced_waits_for_no_flows),
          UNIT_TEST(what_was_counted_is_told_before_counters_go),
          UNIT_TEST(addresses_of_a_service_are_asked_about_once))
