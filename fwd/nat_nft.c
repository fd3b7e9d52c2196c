#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "nat_parts.h"

/* What the kernel says of a table or chain that isn't there. */
#define ABSENT "No such file or directory"

/* The library ends the process when it gets no socket: so we try first. */
static bool has_netfilter(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct nft_ctx *nat_nft_new(void)
{
	struct nft_ctx *nft = has_netfilter() ? nft_ctx_new(NFT_CTX_DEFAULT) : NULL;
	if (!nft || (nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0))
		return nft;
	nft_ctx_free(nft);
	return NULL;
}

/* The first line of what it complains of. */
static void reason(const char *text, char *why)
{
	int len = text ? (int)strcspn(text, "\n") : 0;
	snprintf(why, NAT_WHY_MAX, "nftables: %.*s", len < 200 ? len : 200, len ? text : "");
	if (strstr(why, "Operation not permitted"))
		snprintf(why, NAT_WHY_MAX, "nftables: Operation not permitted: datapath nat needs CAP_NET_ADMIN (start as root; after a reload that brings the first such listener: restart)");
}

const char *nat_nft_ask(struct nft_ctx *nft, char *text, char *why)
{
	bool ok = text && nft_run_cmd_from_buffer(nft, text) == 0;
	/* Both are taken anew by each call, but kept until then otherwise. */
	const char *output = nft_ctx_get_output_buffer(nft), *error = nft_ctx_get_error_buffer(nft);
	if (!text)
		strcpy(why, "out of memory");
	else if (!ok)
		reason(error, why);
	free(text);
	return !ok ? NULL : output ? output : "";
}

bool nat_nft_run(struct nft_ctx *nft, char *text, char *why)
{
	return nat_nft_ask(nft, text, why) != NULL;
}

bool nat_nft_try(struct nft_ctx *nft, char *text, char *why)
{
	nft_ctx_set_dry_run(nft, true);
	bool ok = nat_nft_run(nft, text, why);
	nft_ctx_set_dry_run(nft, false);
	return ok;
}

bool nat_nft_has(struct nft_ctx *nft, const char *table, bool unknown)
{
	char why[NAT_WHY_MAX], *line = NULL, *text = strdup("list tables inet\n");
	const char *tables = nat_nft_ask(nft, text, why);
	if (!tables || asprintf(&line, "table inet %s\n", table) < 0)
		return unknown;
	bool has = strstr(tables, line);
	free(line);
	return has;
}

enum nat_owner nat_nft_whose(struct nft_ctx *nft, const struct nat_state *s)
{
	char why[NAT_WHY_MAX];
	if (!nat_nft_has(nft, s->table, true))
		return NAT_NOBODYS;
	return nat_nft_try(nft, nat_text_guard(s), why) || !strstr(why, ABSENT) ? NAT_OURS : NAT_ANOTHERS;
}
