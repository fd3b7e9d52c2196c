#include "guard.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "log.h"

/* Addresses of sites and listeners together; the kernel takes memory for those that are there. */
#define ENTRIES_MAX 65536

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

/* A site's address: port and protocol 0. A closed listener: all of it, the address of a wildcard 0. */
struct guard_key {
	uint8_t address[16];
	uint16_t port;       /* network order */
	uint8_t protocol;    /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t family;      /* 4, 6 */
};

struct guard {
	int map, program;
	struct guard_key *keys; size_t nkeys; /* what is in the map, sorted */
	bool said;
};

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

/* --- the program --- */

/* Where the key lies on its stack. */
#define KEY (-24)
#define KEY_PORT (KEY + (int)offsetof(struct guard_key, port))
#define KEY_PROTOCOL (KEY + (int)offsetof(struct guard_key, protocol))
#define KEY_FAMILY (KEY + (int)offsetof(struct guard_key, family))

/* Jumps to one of the two ends are filled in once it is known where they are. */
struct code {
	struct bpf_insn insns[128];
	unsigned n;
	unsigned pass[16], npass, refuse[8], nrefuse;
	int map;
};

static void emit(struct code *c, unsigned op, unsigned to, unsigned from, int offset, int value)
{
	c->insns[c->n++] = (struct bpf_insn){ .code = (uint8_t)op, .dst_reg = to & 15, .src_reg = from & 15, .off = (int16_t)offset, .imm = value };
}

static void move(struct code *c, unsigned to, unsigned from)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void set(struct code *c, unsigned to, int value)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

/* r`to` = the address of a place on the stack. */
static void point(struct code *c, unsigned to, int place)
{
	move(c, to, BPF_REG_10);
	emit(c, BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, place);
}

static void call(struct code *c, int function)
{
	emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

/* If r0 is 0 (BPF_JEQ) or isn't (BPF_JNE). */
static void pass_if(struct code *c, unsigned jump)
{
	c->pass[c->npass++] = c->n;
	emit(c, BPF_JMP | jump | BPF_K, BPF_REG_0, 0, 0, 0);
}

static void refuse_if_found(struct code *c)
{
	c->refuse[c->nrefuse++] = c->n;
	emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 0, 0);
}

/* `len` bytes of the packet at `at` into the key; without them it passes. r6 is the context. */
static void load(struct code *c, int at, int len, int place, bool ip_header)
{
	move(c, BPF_REG_1, BPF_REG_6);
	set(c, BPF_REG_2, at);
	point(c, BPF_REG_3, place);
	set(c, BPF_REG_4, len);
	set(c, BPF_REG_5, BPF_HDR_START_NET);
	call(c, ip_header ? BPF_FUNC_skb_load_bytes_relative : BPF_FUNC_skb_load_bytes);
	pass_if(c, BPF_JNE);
}

static void look_up(struct code *c)
{
	emit(c, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, c->map);
	emit(c, 0, 0, 0, 0, 0);
	point(c, BPF_REG_2, KEY);
	call(c, BPF_FUNC_map_lookup_elem);
}

static void clear(struct code *c, int place)
{
	emit(c, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, place, 0);
}

/*
 * For packets of this family (r7 is their type):
 *     if the source is a site's, and the address asked is closed, or all addresses with its port: refuse
 *     else pass
 */
static void family(struct code *c, int number, int type, int source, int destination, int len)
{
	unsigned other = c->n;
	emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_7, 0, 0, type);
	load(c, source, len, KEY, true);
	set(c, BPF_REG_8, number);
	emit(c, BPF_STX | BPF_MEM | BPF_B, BPF_REG_10, BPF_REG_8, KEY_FAMILY, 0);
	look_up(c);
	pass_if(c, BPF_JEQ);
	load(c, destination, len, KEY, true);
	load(c, 2, 2, KEY_PORT, false); /* of the TCP or UDP header */
	emit(c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_8, BPF_REG_6, offsetof(struct sk_reuseport_md, ip_protocol), 0);
	emit(c, BPF_STX | BPF_MEM | BPF_B, BPF_REG_10, BPF_REG_8, KEY_PROTOCOL, 0);
	look_up(c);
	refuse_if_found(c);
	clear(c, KEY);
	clear(c, KEY + 8);
	look_up(c);
	refuse_if_found(c);
	set(c, BPF_REG_0, 0);
	pass_if(c, BPF_JEQ);
	c->insns[other].off = (int16_t)(c->n - other - 1);
}

static void fill_in(struct code *c, const unsigned *jumps, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		c->insns[jumps[i]].off = (int16_t)(c->n - jumps[i] - 1);
}

static void finish(struct code *c, int result)
{
	set(c, BPF_REG_0, result);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void assemble(struct code *c)
{
	move(c, BPF_REG_6, BPF_REG_1);
	clear(c, KEY);
	clear(c, KEY + 8);
	clear(c, KEY + 16);
	emit(c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_7, BPF_REG_6, offsetof(struct sk_reuseport_md, eth_protocol), 0);
	family(c, 4, htons(0x0800), 12, 16, 4);
	family(c, 6, htons(0x86dd), 8, 24, 16);
	fill_in(c, c->pass, c->npass);
	finish(c, SK_PASS); /* the kernel chooses a socket, as ever */
	fill_in(c, c->refuse, c->nrefuse);
	finish(c, SK_DROP);
}

static int load_program(int map)
{
	struct code c = { .map = map };
	assemble(&c);
	union bpf_attr a = { 0 };
	a.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
	a.insns = (uint64_t)(uintptr_t)c.insns;
	a.insn_cnt = c.n;
	a.license = (uint64_t)(uintptr_t)"none";
	return bpf(BPF_PROG_LOAD, &a);
}

static int make_map(void)
{
	union bpf_attr a = { 0 };
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = sizeof(struct guard_key);
	a.value_size = sizeof(uint32_t);
	a.max_entries = ENTRIES_MAX;
	a.map_flags = BPF_F_NO_PREALLOC;
	return bpf(BPF_MAP_CREATE, &a);
}

/* --- begin and end --- */

struct guard *guard_new(void)
{
	struct guard *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	g->map = g->program = -1;
	if ((g->map = make_map()) >= 0 && (g->program = load_program(g->map)) >= 0)
		return g;
	log_info("connections from sites can't be refused by the kernel, they are reset", "error=\"%s\"", strerror(errno));
	guard_delete(g);
	return NULL;
}

void guard_delete(struct guard *g)
{
	if (!g)
		return;
	if (g->map >= 0)
		close(g->map);
	if (g->program >= 0)
		close(g->program);
	free(g->keys);
	free(g);
}

/* Failing is no harm: what comes is accepted, and reset. */
void guard_attach(const struct guard *g, int fd)
{
	int none = 0;
	if (g)
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &g->program, sizeof g->program);
	else
		setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof none);
}

/* --- what is in the map --- */

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct guard_key));
}

static struct guard_key key_of(const struct addr *a, int protocol)
{
	struct guard_key k = { .family = a->sa.sa_family == AF_INET ? 4 : 6 };
	memcpy(k.address, addr_bytes(a), k.family == 4 ? 4 : 16);
	if (protocol) {
		k.protocol = (uint8_t)protocol;
		k.port = htons(addr_port(a));
	}
	return k;
}

/* Of those that share an address (by server name) none can be served here. */
static bool is_closed(const struct setup *s, const struct addr *a, bool datagram)
{
	for (size_t i = 0; i < s->nlisteners; i++) {
		const struct listener *l = &s->listeners[i];
		if ((l->conf->protocol == FWD_UDP) != datagram || !pool_usable(l->pool) || peers_own_set_down(l->peers))
			continue;
		for (size_t k = 0; k < l->conf->nlisten; k++)
			if (addr_equal(&l->conf->listen[k], a))
				return false;
	}
	return true;
}

/* All that is wanted, sorted. NULL: no memory. */
static struct guard_key *collect(const struct setup *s, size_t *n)
{
	size_t max = s->nsite_sources;
	for (size_t i = 0; i < s->nlisteners; i++)
		max += s->listeners[i].conf->nlisten;
	struct guard_key *keys = calloc(max + 1, sizeof *keys);
	*n = 0;
	for (size_t i = 0; keys && i < s->nsite_sources; i++)
		keys[(*n)++] = key_of(&s->site_sources[i], 0);
	for (size_t i = 0; keys && i < s->nlisteners; i++) {
		const struct conf_listener *l = s->listeners[i].conf;
		bool datagram = l->protocol == FWD_UDP;
		for (size_t k = 0; l->protocol != FWD_IP && k < l->nlisten; k++)
			if (is_closed(s, &l->listen[k], datagram))
				keys[(*n)++] = key_of(&l->listen[k], datagram ? IPPROTO_UDP : IPPROTO_TCP);
	}
	if (keys)
		qsort(keys, *n, sizeof *keys, compare);
	return keys;
}

static void change(struct guard *g, enum bpf_cmd cmd, const struct guard_key *key)
{
	uint32_t value = 1;
	union bpf_attr a = { 0 };
	a.map_fd = (uint32_t)g->map;
	a.key = (uint64_t)(uintptr_t)key;
	if (cmd == BPF_MAP_UPDATE_ELEM)
		a.value = (uint64_t)(uintptr_t)&value;
	if (bpf(cmd, &a) < 0 && errno != ENOENT && !g->said) {
		g->said = true;
		log_warn("connections from sites can't be refused by the kernel any more, they are reset", "error=\"%s\"", strerror(errno));
	}
}

/* Both are sorted, so one walk over them finds what differs; an address that stands twice is changed once. */
void guard_refresh(struct guard *g, const struct setup *s)
{
	size_t n;
	struct guard_key *keys = g ? collect(s, &n) : NULL;
	if (!keys)
		return;
	for (size_t i = 0, k = 0; i < g->nkeys || k < n;) {
		int order = i == g->nkeys ? 1 : k == n ? -1 : compare(&g->keys[i], &keys[k]);
		if (order < 0 && !(k && compare(&g->keys[i], &keys[k - 1]) == 0))
			change(g, BPF_MAP_DELETE_ELEM, &g->keys[i]);
		if (order > 0 && !(i && compare(&g->keys[i - 1], &keys[k]) == 0))
			change(g, BPF_MAP_UPDATE_ELEM, &keys[k]);
		i += order <= 0;
		k += order >= 0;
	}
	free(g->keys);
	g->keys = keys;
	g->nkeys = n;
}
