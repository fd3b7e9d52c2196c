/*
 * conf: fairlead.conf (spec 2), read whole, checked whole, then used; never
 * changed afterwards. One schema table (conf_schema.c) says for every key its
 * type, unit, range, default and help: it checks, it fills these structs, and
 * it prints the option tables of fairlead.conf(5). A key of a later version
 * stands in the table as such and is refused as "not built yet".
 */
#ifndef FAIRLEAD_CONF_H
#define FAIRLEAD_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <regex.h>
#include "addr.h"
#include "cookiefile.h"
#include "errs.h"
#include "geo.h"
#include "network.h"
#include "policy.h"
#include "site.h"
#include "verdict.h"

enum check_type {
	CHECK_TCP, CHECK_HTTP, CHECK_TLS, CHECK_DNS, CHECK_POP3, CHECK_SMTP, CHECK_IMAP, CHECK_FTP,
	CHECK_ICMP, CHECK_UDP, CHECK_AGENT, CHECK_EXEC, CHECK_NONE
};

struct status_range { uint16_t first, last; };

/* One entry of checks[] (spec 5). Times in seconds. */
struct conf_check {
	char *name;
	enum check_type type;
	double interval, fast_interval, timeout;
	unsigned rise, fall;
	uint16_t port;                 /* 0: the type's own */
	bool need_any;                 /* need = "any" */
	/* tcp */
	char *send; size_t send_len;   /* bytes after \r \n \t \xNN \\ escapes; NULL: none */
	bool has_expect; regex_t expect; char *expect_text;
	/* http */
	char *path, *host, *method;    /* host NULL: the service's name */
	struct status_range *status; size_t nstatus;
	bool has_body; regex_t body; char *body_text;
	char **headers; size_t nheaders;   /* "Name: value" */
	/* TLS */
	bool tls, starttls;            /* type tls: always `tls` */
	char *sni;                     /* NULL: `host`, else the service's name */
	bool verify;
	char *ca;                      /* certificates to trust, PEM as in the file; NULL: the system's */
	unsigned min_days;
	char **alpn; size_t nalpn;
	/* dns */
	char *query;
	uint16_t qtype;
	unsigned rcode;
	struct addr *answers; size_t nanswers; /* one of them must be in the answer; none: any */
	/* exec */
	char **command; size_t ncommand;   /* a path and its arguments */
};

/* What LABEL.SERVICE is (spec 3): that member, or the service while it is down; that member whatever its state; nothing. */
enum site_names { SITE_NAMES_PREFER, SITE_NAMES_PIN, SITE_NAMES_NONE };

struct conf_dns {
	struct addr *listen; size_t nlisten;
	char *zones;                   /* folder, absolute or relative to the working directory */
	unsigned threads;              /* 0: one a core */
	uint32_t ttl, ttl_min, ttl_calm;
	unsigned answers;
	enum fail_mode fail;
	double hold;                   /* seconds */
	bool ecs;
	unsigned networks4, networks6; /* bits: what a client's network is */
	bool cookies;
	struct cookie_secrets cookie_secrets; /* of cookie_secret_file; none: the state folder's own */
	unsigned responses_per_second; /* to one client network; 0: no limit */
	unsigned slip;
	struct prefix *rate_exempt; size_t nrate_exempt;
	char *identity;                /* NULL: none is told */
	enum site_names site_names;
	struct prefix *transfer_prefixes; size_t ntransfer_prefixes; /* transfer_to */
	const struct key **transfer_keys; size_t ntransfer_keys;
	struct addr *notify; size_t nnotify;
	struct prefix *health_from; size_t nhealth_from; /* always filled: the default is loopback and the sites' addresses */
};

/* Which members a dnsd looks at itself: all; its own site's; its own, and those of sites that are not heard. */
enum probe { PROBE_ALL, PROBE_HOME, PROBE_SILENT };

struct conf_exchange {
	double interval;               /* seconds; fwd asks its dnsd this often, too */
	double ttl;                    /* seconds: how long what we say counts */
	enum decide decide;
	enum probe probe;
};

/* Where what is known of clients comes from. */
struct conf_geo_files {
	char **database; size_t ndatabase;
	char *networks;                /* NULL: none */
};

/* FWD_IP: every protocol and port of an address, which only the kernel carries: no socket is opened for it. */
enum fwd_protocol { FWD_HTTP, FWD_TCP, FWD_TLS, FWD_UDP, FWD_IP };
/* How new flows reach a peer while the local servers are down. */
enum datapath { DATAPATH_RELAY, DATAPATH_NAT };
enum balance { BALANCE_ROUNDROBIN, BALANCE_LEASTCONN, BALANCE_HASH, BALANCE_RANDOM };
enum proxy_send { PROXY_SEND_NONE, PROXY_SEND_V1, PROXY_SEND_V2 };
enum redirect_to { REDIRECT_NAME, REDIRECT_ADDRESS, REDIRECT_TEMPLATE, REDIRECT_NONE };

struct conf_server { struct addr address; unsigned weight; };

struct conf_redirect {
	enum redirect_to to;
	char *to_template;             /* with "{site}"; only for REDIRECT_TEMPLATE */
	unsigned status;               /* 301, 302, 303, 307, 308 */
	char *scheme;                  /* NULL: as asked */
	uint16_t port;                 /* 0: as chosen */
};

/* Files, PEM. NULL: none. */
struct conf_tls { char *certificate, *key; };

struct conf_listener {
	uint8_t *service;              /* wire form, lower case */
	char *service_text;
	struct addr *listen; size_t nlisten; /* FWD_IP: port 0 */
	enum fwd_protocol protocol;
	enum datapath datapath;
	bool transparent;              /* towards real servers: from the client's own address */
	struct conf_server *servers; size_t nservers;
	const struct conf_check *check; /* NULL: none, servers count as up until one refuses */
	enum balance balance;
	unsigned capacity;             /* sessions; 0: none */
	struct conf_redirect redirect;
	char **hosts; size_t nhosts;   /* lower case; none: any */
	double connect_timeout, idle_timeout, client_timeout; /* seconds */
	unsigned max_sessions;
	struct conf_tls tls;           /* http only */
	enum proxy_send send_proxy, send_proxy_peer;
	struct prefix *accept_proxy; size_t naccept_proxy; /* disjoint; the header is required from there, and believed */
	unsigned client_sessions;      /* of one client network; 0: no limit */
	unsigned line;
};

struct conf_forward {
	struct addr *dnsd; size_t ndnsd; /* always filled: the default is the own site's control addresses */
	unsigned threads;              /* 0: one a core */
	double drain_timeout;          /* seconds */
	struct conf_listener *listeners; size_t nlisteners;
};

/* Names of one kind, sorted, so that ten thousand LB lines find their checks quickly. */
struct conf_name { const char *name; size_t index; };
struct conf_names { struct conf_name *names; size_t count; };

struct conf {
	char *file, *dir;
	char *instance, *run, *state, *user; /* user "": stay */
	const struct site *own;        /* of `sites` */
	struct site *sites; size_t nsites;
	struct key *keys; size_t nkeys;
	bool has_dns; struct conf_dns dns;
	struct conf_check *checks; size_t nchecks;
	bool needs_raw_sockets;        /* for icmp: the user has to keep CAP_NET_RAW */
	struct policy *policies; size_t npolicies;
	struct policy default_policy;  /* "weighted", dns.answers, dns.fail: for services without POLICY */
	struct conf_exchange exchange;
	bool has_forward; struct conf_forward forward;
	struct conf_geo_files geo_files;
	/* What is in them, by conf_load_places; NULL: nothing. Site indexes are those of `sites`. */
	struct geo *geo;               /* geo_find */
	struct networks *networks;     /* networks_find */
	struct conf_names site_names, key_names, check_names, policy_names;
};

/*
 * Reads and checks `file`. Every error goes to `errs` (all of them in one
 * run). Returns the configuration, or NULL when there was any error. Free it
 * with conf_free. Secret files must not be readable by others, but by `user`
 * when we run as root.
 */
struct conf *conf_load(const char *file, struct errs *errs);

/* The same for `len` bytes at `text` (not NULL), as if they stood in `name`: errors name it, and paths are relative to its folder. */
struct conf *conf_load_text(const char *name, const char *text, size_t len, struct errs *errs);

/*
 * Reads the files of `geo`, which is apart since it may take a second and
 * hundreds of megabytes, for nothing if nobody wants to choose. What `old`
 * (NULL: none) has of databases that haven't changed since is shared. False:
 * every error is in `errs`; `c` stays without.
 */
bool conf_load_places(struct conf *c, const struct conf *old, struct errs *errs);

/* One log line a kind of file: what was read. */
void conf_log_places(const struct conf *c);

void conf_free(struct conf *c);

const struct site *conf_site(const struct conf *c, const char *name);             /* NULL: none */
const struct conf_check *conf_check_by_name(const struct conf *c, const char *name); /* NULL: none */
const struct policy *conf_policy(const struct conf *c, const char *name);         /* NULL: none */
uint16_t check_default_port(enum check_type type);  /* 0: none */
uint16_t conf_check_port(const struct conf_check *c); /* its own, else its type's (with `tls` that of POP3S, ...); 0: none */
const char *check_type_name(enum check_type type);
bool check_is_built(enum check_type type);

/* The control address of the own site with this family, to probe from (control_bind); NULL: none. */
const struct addr *conf_probe_source(const struct conf *c, int family);

/* The option tables of fairlead.conf(5), mdoc, made from the schema. */
void conf_schema_print_man(FILE *to);

#endif
