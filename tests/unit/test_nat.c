/* The kernel's rules as text: what stands in which set and map, and that nothing but addresses gets there. */
#include <stdlib.h>
#include <string.h>

#include "fwd/nat_parts.h"
#include "unit.h"

/* Site a of two, with a service of which each site has a member; three listeners, the last of them a plain relay. */
static struct site sites[2];
static struct conf conf = { .own = &sites[0], .sites = sites, .nsites = 2 };
static struct conf_listener confs[3];
static struct member members[3];
static struct service service = { .members = members, .nmembers = 3 };
static struct listener listeners[3];
static struct addr proxies[3], sources[2], tcp[1], all[2], relay[1], target[2], own_target[1], no_site[1];
static struct setup setup = { .conf = &conf, .listeners = listeners, .nlisteners = 3, .site_sources = sources, .nsite_sources = 2 };
static struct nat_entry entries[3];
static struct nat_state state = { .table = "fairlead.a.one", .process = "123", .mark = 0xabc, .setup = &setup, .entries = entries, .n = 3 };

static void make(void)
{
	addr_parse(&proxies[0], "192.0.2.9", 0);
	addr_parse(&proxies[1], "2001:db8::9", 0);
	addr_parse(&proxies[2], "192.0.2.8", 0);
	sites[0].proxy_bind = proxies;
	sites[0].nproxy_bind = 3;
	addr_parse(&sources[0], "198.51.100.53", 53);
	addr_parse(&sources[1], "2001:db8:2::53", 53);
	addr_parse(&tcp[0], "192.0.2.25", 110);
	addr_parse(&all[0], "192.0.2.21", 0);
	addr_parse(&all[1], "2001:db8::21", 0);
	addr_parse(&relay[0], "192.0.2.21", 80);
	addr_parse(&target[0], "198.51.100.25", 0);
	addr_parse(&target[1], "2001:db8:2::25", 0);
	addr_parse(&own_target[0], "192.0.2.25", 0);
	addr_parse(&no_site[0], "203.0.113.1", 0);
	confs[0] = (struct conf_listener){ .listen = tcp, .nlisten = 1, .protocol = FWD_TCP, .datapath = DATAPATH_NAT };
	confs[1] = (struct conf_listener){ .listen = all, .nlisten = 2, .protocol = FWD_IP, .datapath = DATAPATH_NAT };
	confs[2] = (struct conf_listener){ .listen = relay, .nlisten = 1, .protocol = FWD_HTTP };
	members[0] = (struct member){ .site = 0, .targets = own_target, .ntargets = 1 };
	members[1] = (struct member){ .site = 1, .targets = target, .ntargets = 2 };
	members[2] = (struct member){ .site = MEMBER_NO_SITE, .targets = no_site, .ntargets = 1 };
	for (size_t i = 0; i < 3; i++)
		listeners[i] = (struct listener){ .conf = &confs[i], .service = &service };
	entries[0] = (struct nat_entry){ .listener = &listeners[0], .listen = tcp[0], .protocol = IPPROTO_TCP };
	entries[1] = (struct nat_entry){ .listener = &listeners[1], .listen = all[0] };
	entries[2] = (struct nat_entry){ .listener = &listeners[1], .listen = all[1] };
}

static bool has(const char *text, const char *part)
{
	bool there = text && strstr(text, part);
	if (!there)
		printf("\nno \"%s\" in:\n%s\n", part, text ? text : "(nothing)");
	return there;
}

static bool lacks(const char *text, const char *part)
{
	return text && !strstr(text, part);
}

static void from_the_start_the_maps_are_empty(void)
{
	make();
	char *text = nat_text_table(&state);
	CU_ASSERT(has(text, "add table inet fairlead.a.one\ndelete table inet fairlead.a.one\ntable inet fairlead.a.one {\n"));
	CU_ASSERT(has(text, "comment \"fairlead-fwd, process 123\"\n\tchain process123_00000abc { }\n"));
	CU_ASSERT(lacks(text, "element inet fairlead.a.one to4"));
	CU_ASSERT(lacks(text, "element inet fairlead.a.one all"));
	CU_ASSERT(lacks(text, "element inet fairlead.a.one refuse"));
	CU_ASSERT(has(text, "\tcounter flows2 { }\n\tchain entry2 { }\n"));
	CU_ASSERT(lacks(text, "add rule"));
	free(text);
}

static void what_a_configuration_says(void)
{
	make();
	char *text = nat_text_table(&state);
	CU_ASSERT(has(text, "one sites4 { 198.51.100.53 }\n"));
	CU_ASSERT(has(text, "one sites6 { 2001:db8:2::53 }\n"));
	CU_ASSERT(has(text, "one servers4 { 192.0.2.25, 192.0.2.21 }\n"));
	CU_ASSERT(has(text, "one servers6 { 2001:db8::21 }\n"));
	/* another listener's port is not the kernel's, though all of the address is */
	CU_ASSERT(has(text, "one named4 { 192.0.2.25 . 6 . 110, 192.0.2.21 . 6 . 80 }\n"));
	/* other sites' members only */
	CU_ASSERT(lacks(text, "203.0.113.1"));
	CU_ASSERT(has(text, "one peers4 { 198.51.100.25, 198.51.100.25 }\n"));
	/* several proxy IPs of a family are shared out, one is just taken */
	CU_ASSERT(has(text, "snat ip to jhash ip saddr mod 2 seed 0x1 map { 0 : 192.0.2.9, 1 : 192.0.2.8 }\n"));
	CU_ASSERT(has(text, "snat ip6 to 2001:db8::9\n"));
	free(text);
}

/* A choice between targets of which entry N has bucket B go to spread[B % len]. */
static void choose(size_t entry, const char *const *to, size_t ntargets, uint16_t port, const char *spread)
{
	static struct nat_target targets[3][4];
	static struct nat_class classes[3][2];
	static struct nat_choice choices[3];
	choices[entry] = (struct nat_choice){ .refs = 1, .targets = targets[entry], .ntargets = ntargets, .classes = classes[entry], .nclasses = 1, .buckets = 16 };
	for (size_t i = 0; i < ntargets; i++) {
		addr_parse(&targets[entry][i].to, to[i], 0);
		targets[entry][i].port = port;
	}
	for (size_t b = 0; b < 16; b++)
		classes[entry][0].target_of[b] = (uint8_t)(spread[b % strlen(spread)] - '0');
	entries[entry].choice = &choices[entry];
	entries[entry].changed = true;
}

static void entries_stand_in_their_maps(void)
{
	make();
	entries[0].closed = entries[1].closed = entries[2].closed = true;
	choose(0, (const char *[]){ "198.51.100.25" }, 1, 995, "0");
	choose(2, (const char *[]){ "2001:db8:2::25" }, 1, 25, "0");
	char *text = nat_text_maps(&state);
	CU_ASSERT(has(text, "flush map inet fairlead.a.one to4\n"));
	CU_ASSERT(has(text, "flush chain inet fairlead.a.one entry0\nadd rule inet fairlead.a.one entry0 meta l4proto 6 counter name flows0 dnat ip to 198.51.100.25:995\n"));
	CU_ASSERT(has(text, "add element inet fairlead.a.one to4 { 192.0.2.25 . 6 . 110 : goto entry0 }\n"));
	CU_ASSERT(has(text, "add rule inet fairlead.a.one entry2 counter name flows2 dnat ip6 to 2001:db8:2::25\n"));
	CU_ASSERT(has(text, "add element inet fairlead.a.one all6 { 2001:db8::21 : goto entry2 }\n"));
	/* closed without anywhere to go: sites are refused, others stay */
	CU_ASSERT(has(text, "add element inet fairlead.a.one refuse4 { 192.0.2.25 . 6 . 110 }\n"));
	CU_ASSERT(has(text, "add element inet fairlead.a.one refuse_all4 { 192.0.2.21 }\n"));
	CU_ASSERT(lacks(text, "add element inet fairlead.a.one all4"));
	/* what has not changed is left alone */
	CU_ASSERT(lacks(text, "chain inet fairlead.a.one entry1"));
	free(text);
	text = nat_text_empty(&state);
	CU_ASSERT(has(text, "flush map inet fairlead.a.one to4\n") && lacks(text, "add element") && lacks(text, "entry"));
	free(text);
}

/* Whatever isn't a table of its own begins with a step that fails in the table of another process. */
static void only_its_own_table_is_changed(void)
{
	static const char guard[] = "flush chain inet fairlead.a.one process123_00000abc\n";
	char *(*const texts[])(const struct nat_state *) = { nat_text_maps, nat_text_empty, nat_text_delete, nat_text_guard };
	make();
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *text = texts[i](&state);
		CU_ASSERT(text && strncmp(text, guard, sizeof guard - 1) == 0);
		free(text);
	}
}

static void several_peers_share_by_hash(void)
{
	make();
	choose(0, (const char *[]){ "198.51.100.25", "198.51.100.26" }, 2, 0, "01");
	entries[0].choice->network = 24;
	char *text = nat_text_maps(&state);
	CU_ASSERT(has(text, "dnat ip to jhash ip saddr & 255.255.255.0 mod 16 seed 0x2 map { 0 : 198.51.100.25 . 110, 1 : 198.51.100.26 . 110, 2 : "));
	CU_ASSERT(has(text, ", 15 : 198.51.100.26 . 110 }\n"));
	free(text);
	choose(2, (const char *[]){ "2001:db8:2::25", "2001:db8:3::25" }, 2, 0, "01");
	text = nat_text_maps(&state);
	CU_ASSERT(has(text, "dnat ip6 to jhash ip6 saddr mod 16 seed 0x2 map { 0 : 2001:db8:2::25, 1 : 2001:db8:3::25, "));
	free(text);
}

static void kinds_of_clients_have_rules_of_their_own(void)
{
	make();
	struct prefix lan[2], rest;
	prefix_parse(&lan[0], "10.0.0.0/8");
	prefix_parse(&lan[1], "192.168.0.0/16");
	prefix_parse(&rest, "0.0.0.0/0");
	choose(0, (const char *[]){ "198.51.100.25", "198.51.100.26" }, 2, 0, "1");
	struct nat_class *classes = entries[0].choice->classes;
	entries[0].choice->nclasses = 2;
	classes[1] = classes[0];
	memset(classes[0].target_of, 0, sizeof classes[0].target_of);
	classes[0].networks = lan;
	classes[0].n = 2;
	classes[1].networks = &rest;
	classes[1].n = 1;
	char *text = nat_text_maps(&state);
	CU_ASSERT(has(text, "entry0 meta l4proto 6 ip saddr { 10.0.0.0/8, 192.168.0.0/16 } counter name flows0 dnat ip to 198.51.100.25:110\n"
	                    "add rule inet fairlead.a.one entry0 meta l4proto 6 counter name flows0 dnat ip to 198.51.100.26:110\n"));
	free(text);
	/* nobody for these: they stay here, and don't fall into the next rule */
	memset(classes[0].target_of, NAT_NOBODY, sizeof classes[0].target_of);
	text = nat_text_maps(&state);
	CU_ASSERT(has(text, "entry0 meta l4proto 6 ip saddr { 10.0.0.0/8, 192.168.0.0/16 } accept\n"));
	free(text);
}

static void counters_are_read(void)
{
	uint64_t packets[3] = { 7, 7, 7 };
	nat_text_counters("table inet t {\n\tcounter flows0 {\n\t\tpackets 12 bytes 720\n\t}\n\tcounter flows2 {\n\t\tpackets 5000000000 bytes 1\n\t}\n"
	                  "\tcounter flows3 {\n\t\tpackets 1 bytes 1\n\t}\n\tcounter flowsx {\n}\n}\n", packets, 3);
	CU_ASSERT(packets[0] == 12 && packets[1] == 0 && packets[2] == 5000000000);
	nat_text_counters(NULL, packets, 3);
	CU_ASSERT(packets[0] == 0 && packets[2] == 0);
}

UNIT_MAIN("nat", UNIT_TEST(from_the_start_the_maps_are_empty), UNIT_TEST(what_a_configuration_says), UNIT_TEST(entries_stand_in_their_maps),
          UNIT_TEST(only_its_own_table_is_changed),
          UNIT_TEST(several_peers_share_by_hash), UNIT_TEST(kinds_of_clients_have_rules_of_their_own),
          UNIT_TEST(counters_are_read))
