#include "conf_schema.h"

#include "conf_fill.h"

#define AT(type, field) .offset = offsetof(struct type, field)
#define LIST(type, field) .offset = offsetof(struct type, field), .count = offsetof(struct type, n##field)
#define WORDS(w) .words = (w), .nwords = sizeof (w) / sizeof *(w)
#define RANGE(lo, hi, of) .min = (lo), .max = (hi), .unit = (of)
#define ROWS(k) .keys = (k), .nkeys = sizeof (k) / sizeof *(k)

/* Longer times are mistakes of unit. */
#define DAY 86400.0
#define TTL_LIMIT 2147483647.0   /* RFC 2181 section 8 */

static const struct conf_word fail_words[] = {
	{ "open", FAIL_OPEN, false }, { "backup", FAIL_BACKUP, false }, { "closed", FAIL_CLOSED, false },
};

/* ---- sites[] ---- */

static const struct conf_key site_keys[] = {
	{ "name", KIND_TEXT, true, AT(site, name), .valid = conf_valid_site,
	  .help = "What LB lines and answers call it: lower-case letters, digits and hyphens, at most 58, no hyphen at an end." },
	{ "control", KIND_ENDPOINTS, true, LIST(site, control),
	  .help = "Where peers reach its dnsds, which listen there besides dns.listen, and where its checks come from; as the others see them. Not shared with users." },
	{ "control_bind", KIND_ENDPOINTS, false, LIST(site, control_bind), .fallback = "(control)",
	  .help = "The local addresses of control, where NAT makes them differ." },
	{ "proxy_ip", KIND_ADDRESSES, false, LIST(site, proxy_ip),
	  .help = "Source addresses of its forwarder towards peers, as the others see them. Not shared with users." },
	{ "proxy_bind", KIND_ADDRESSES, false, LIST(site, proxy_bind), .fallback = "(proxy_ip)",
	  .help = "The local addresses of proxy_ip, where NAT makes them differ." },
	{ "location", KIND_OWN, false, .set = conf_set_location, .form = "( LATITUDE, LONGITUDE )",
	  .help = "In degrees, north and east positive." },
	{ "key", KIND_OWN, true, AT(site, key), .set = conf_set_site_key, .form = "\"NAME\"",
	  .help = "The key it signs with: a name from keys." },
};
static const struct conf_table site_table = {
	"sites[]", ROWS(site_keys), sizeof(struct site), conf_relate_site,
	"The sites, all of them, the same list everywhere.",
};

/* ---- keys[] ---- */

static const struct conf_word algorithm_words[] = {
	{ "hmac-sha1", KEY_HMAC_SHA1, false }, { "hmac-sha224", KEY_HMAC_SHA224, false },
	{ "hmac-sha256", KEY_HMAC_SHA256, false }, { "hmac-sha384", KEY_HMAC_SHA384, false },
	{ "hmac-sha512", KEY_HMAC_SHA512, false },
};
static const struct conf_word role_words[] = {
	{ "site", KEY_ROLE_SITE, false }, { "admin", KEY_ROLE_ADMIN, false }, { "transfer", KEY_ROLE_TRANSFER, false },
};
static const struct conf_key key_keys[] = {
	{ "name", KIND_TEXT, true, AT(key, name), .valid = conf_valid_key_name,
	  .help = "The name in the TSIG record, a domain name; case and a final dot do not matter." },
	{ "algorithm", KIND_WORD, false, AT(key, algorithm), WORDS(algorithm_words), .fallback = "hmac-sha256",
	  .help = "Must be the file's, if both are there." },
	{ "secret", KIND_OWN, false, .set = conf_set_secret, .clear = conf_clear_secret, .form = "\"BASE64\"",
	  .help = "This or secret_file. A file with a secret that others can read is refused, and it must be readable by user." },
	{ "secret_file", KIND_OWN, false, .set = conf_set_secret_file, .form = "\"FILE\"",
	  .help = "A file with one key clause, as tsig-keygen writes it, so that nsupdate -k takes it too. The name in it must be this one." },
	{ "role", KIND_WORD, false, AT(key, role), WORDS(role_words), .fallback = "site",
	  .help = "What its holder may do: write a site's observations, write admin records, transfer zones." },
};
static const struct conf_table key_table = {
	"keys[]", ROWS(key_keys), sizeof(struct key), conf_relate_key, "TSIG keys (RFC 8945).",
};

/* ---- dns ---- */

static const struct conf_word site_names_words[] = { { "prefer", SITE_NAMES_PREFER, false }, { "pin", SITE_NAMES_PIN, false }, { "none", SITE_NAMES_NONE, false } };

static const struct conf_key dns_keys[] = {
	{ "listen", KIND_ENDPOINTS, true, LIST(conf_dns, listen), .help = "Where it answers, over UDP and TCP." },
	{ "zones", KIND_PATH, false, AT(conf_dns, zones), .fallback = "zones", .valid = conf_valid_folder,
	  .help = "A folder. Every file NAME.zone in it is the zone NAME." },
	{ "threads", KIND_UINT, false, AT(conf_dns, threads), RANGE(0, 256, NULL), .fallback = "0",
	  .help = "That answer over UDP; 0: one a core." },
	{ "ttl", KIND_UINT, false, AT(conf_dns, ttl), RANGE(0, TTL_LIMIT, "seconds"), .fallback = "30",
	  .help = "Of services without a TTL of their own." },
	{ "ttl_min", KIND_UINT, false, AT(conf_dns, ttl_min), RANGE(0, TTL_LIMIT, "seconds"), .fallback = "5",
	  .help = "The TTL while the verdicts of a service changed within ttl_calm. At most ttl, which it is when that is less." },
	{ "ttl_calm", KIND_UINT, false, AT(conf_dns, ttl_calm), RANGE(0, DAY, "seconds"), .fallback = "60",
	  .help = "How long after a change of verdict ttl_min holds." },
	{ "answers", KIND_UINT, false, AT(conf_dns, answers), RANGE(1, ANSWERS_MAX, "members"), .fallback = "1",
	  .help = "How many members an answer names." },
	{ "fail", KIND_WORD, false, AT(conf_dns, fail), WORDS(fail_words), .fallback = "open",
	  .help = "When no member is up: answer with every member that is not drained, with the backup members, or with none." },
	{ "hold", KIND_SECONDS, false, AT(conf_dns, hold), RANGE(0, DAY, "seconds"), .fallback = "5",
	  .help = "How long a member that came back from down waits until it is used again while others are up." },
	{ "ecs", KIND_BOOL, false, AT(conf_dns, ecs), .fallback = "true",
	  .help = "EDNS Client Subnet (RFC 7871): the client is the address in the query, when there is one, else the resolver. false: the option is passed over." },
	{ "networks4", KIND_UINT, false, AT(conf_dns, networks4), RANGE(0, 32, "bits"), .fallback = "24",
	  .help = "What a client's IPv4 network is, for hash and for the rate limit." },
	{ "networks6", KIND_UINT, false, AT(conf_dns, networks6), RANGE(0, 128, "bits"), .fallback = "56", .help = "The same for IPv6." },
	{ "cookies", KIND_BOOL, false, AT(conf_dns, cookies), .fallback = "true", .help = "DNS cookies (RFC 7873, RFC 9018)." },
	{ "cookie_secret_file", KIND_OWN, false, .set = conf_set_cookie_secret_file, .clear = conf_clear_cookie_secrets, .form = "\"FILE\"",
	  .fallback = "(a random one, kept in state)",
	  .help = "Lines of 32 hexadecimal digits, at most 4: the first makes cookies, all verify them. The same at every dnsd (and BIND, Knot, NSD or Unbound) behind one address." },
	{ "responses_per_second", KIND_UINT, false, AT(conf_dns, responses_per_second), RANGE(0, 1e9, NULL), .fallback = "0",
	  .help = "To one client network by UDP, of each class: answers, NXDOMAIN, errors. 0: no limit. A client with a valid cookie has none." },
	{ "slip", KIND_UINT, false, AT(conf_dns, slip), RANGE(0, 1000, NULL), .fallback = "2",
	  .help = "Of the answers over the limit one in so many is sent truncated, so that a real client asks again by TCP; the others are dropped. 0: all of them." },
	{ "rate_exempt", KIND_PREFIXES, false, LIST(conf_dns, rate_exempt), .may_be_empty = true, .help = "Clients without a limit." },
	{ "health_from", KIND_PREFIXES, false, LIST(conf_dns, health_from), .fallback = "(loopback and the sites' addresses)", .may_be_empty = true,
	  .help = "Who may ask for _health, _rtt, _sites and _admin names; others are refused." },
	{ "transfer_to", KIND_OWN, false, .set = conf_set_transfer_to, .clear = conf_clear_transfer_to, .may_be_empty = true, .form = "[ \"PREFIX\" | \"KEY\", ... ]",
	  .help = "Who may transfer zones: prefixes of addresses, and names from keys. Keys of role transfer may without being named. With any of these, or notify, the serials of all zones move with the verdicts." },
	{ "notify", KIND_OWN, false, .set = conf_set_notify, .clear = conf_clear_notify, .may_be_empty = true, .form = "[ \"ADDRESS\" | \"ADDRESS@PORT\", ... ]",
	  .help = "Secondaries that are told of each new serial (RFC 1996), at port 53 where none is given, from the site's control address." },
	{ "identity", KIND_TEXT, false, AT(conf_dns, identity), .fallback = "auto", .valid = conf_valid_identity,
	  .help = "What NSID (RFC 5001) and the CHAOS names id.server and hostname.bind say, at most 100 bytes; auto: the site's name. none: nothing, and version.bind is refused, too." },
	{ "site_names", KIND_WORD, false, AT(conf_dns, site_names), WORDS(site_names_words), .fallback = "prefer",
	  .help = "What a LABEL.SERVICE name answers. prefer: that member while it is not down, else as the service; pin: that member whatever its state; none: there are no such names, and redirects can't lead to them (redirect.to)." },
};
static const struct conf_table dns_table = {
	"dns", ROWS(dns_keys), sizeof(struct conf_dns), conf_relate_dns, "The name server. Required by fairlead-dnsd.",
};

/* ---- checks[] ---- */

#define T(type) (1u << CHECK_##type)
#define T_PROBES (~T(NONE))
#define T_GREETERS (T(POP3) | T(SMTP) | T(IMAP) | T(FTP))
#define T_SECURE (T(TLS) | T(TCP) | T(HTTP) | T_GREETERS)

static const struct conf_word check_type_words[] = {
	{ "tcp", CHECK_TCP, false }, { "http", CHECK_HTTP, false }, { "tls", CHECK_TLS, false }, { "dns", CHECK_DNS, false },
	{ "pop3", CHECK_POP3, false }, { "smtp", CHECK_SMTP, false }, { "imap", CHECK_IMAP, false }, { "ftp", CHECK_FTP, false },
	{ "icmp", CHECK_ICMP, false }, { "udp", CHECK_UDP, false }, { "agent", CHECK_AGENT, false }, { "exec", CHECK_EXEC, false },
	{ "none", CHECK_NONE, false },
};
static const struct conf_word rcode_words[] = {
	{ "NOERROR", 0, false }, { "FORMERR", 1, false }, { "SERVFAIL", 2, false }, { "NXDOMAIN", 3, false }, { "NOTIMP", 4, false },
	{ "REFUSED", 5, false }, { "NOTAUTH", 9, false },
};
static const struct conf_word need_words[] = { { "all", 0, false }, { "any", 1, false } };

static const struct conf_key check_keys[] = {
	{ "name", KIND_TEXT, true, AT(conf_check, name), .valid = conf_valid_check_name,
	  .help = "What LB lines and listeners call it: letters, digits and ._-; not none." },
	{ "type", KIND_WORD, true, AT(conf_check, type), WORDS(check_type_words),
	  .help = "tcp: connects. http: gets a response with a fitting status. tls: does a handshake. dns: answers a question. pop3, smtp, imap, ftp: is greeted, and says goodbye. icmp: echoes; udp: answers a datagram; neither can tell a server from a forwarder that carries to another one. agent: an agent beside the server says up, as HAProxy's agent-check; drain drains, a percentage is what it leaves of its weight, maxconn a capacity. exec: a helper says so. none: is always up." },
	{ "interval", KIND_SECONDS, false, AT(conf_check, interval), RANGE(0.02, DAY, "seconds"), .fallback = "1",
	  .help = "From start to start." },
	{ "fast_interval", KIND_SECONDS, false, AT(conf_check, fast_interval), RANGE(0.02, DAY, "seconds"), .fallback = "0.1",
	  .help = "While results contradict the present state. At most interval, which it is when that is less." },
	{ "timeout", KIND_SECONDS, false, AT(conf_check, timeout), RANGE(0.01, 3600, "seconds"), .fallback = "1", .help = "For the whole probe." },
	{ "rise", KIND_UINT, false, AT(conf_check, rise), RANGE(1, 1000, "results"), .fallback = "2", .help = "Good results in a row that make it up." },
	{ "fall", KIND_UINT, false, AT(conf_check, fall), RANGE(1, 1000, "results"), .fallback = "3", .help = "Bad results in a row that make it down." },
	{ "port", KIND_PORT, false, AT(conf_check, port), RANGE(1, 65535, NULL), .fallback = "(the type's)", .types = T_PROBES,
	  .help = "Where neither the LB line nor the server has one." },
	{ "need", KIND_FLAG, false, AT(conf_check, need_any), WORDS(need_words), .fallback = "all", .types = T_PROBES,
	  .help = "Whether all addresses of a member must pass, or any one." },
	{ "send", KIND_OWN, false, AT(conf_check, send), .set = conf_set_send, .clear = conf_clear_send, .types = T(TCP) | T(UDP) | T(AGENT), .form = "\"TEXT\"",
	  .help = "What is sent; required for type udp. A second round of escapes is read in it (\\er, \\en, \\et, \\e\\e, \\exNN), so that a NUL byte can be written as \\e\\ex00." },
	{ "expect", KIND_REGEX, false, .offset = offsetof(struct conf_check, expect_text), .count = offsetof(struct conf_check, expect),
	  .has = offsetof(struct conf_check, has_expect), .types = T(TCP) | T(UDP), .help = "What must come." },
	{ "path", KIND_TEXT, false, AT(conf_check, path), .fallback = "/", .valid = conf_valid_path, .types = T(HTTP), .help = "What is asked for." },
	{ "host", KIND_TEXT, false, AT(conf_check, host), .fallback = "(the service's name)", .valid = conf_valid_host, .types = T(HTTP),
	  .help = "The Host header. That of a wildcard service *.NAME is fairlead-check.NAME." },
	{ "method", KIND_TEXT, false, AT(conf_check, method), .fallback = "GET", .valid = conf_valid_method, .types = T(HTTP), .help = "GET, HEAD, OPTIONS or another without a body." },
	{ "status", KIND_OWN, false, AT(conf_check, status), .set = conf_set_status, .clear = conf_clear_status, .fallback = "200-399", .types = T(HTTP),
	  .form = "\"RANGE,...\"", .help = "Which statuses are good: numbers or ranges, as text with commas or as a list." },
	{ "body", KIND_REGEX, false, .offset = offsetof(struct conf_check, body_text), .count = offsetof(struct conf_check, body),
	  .has = offsetof(struct conf_check, has_body), .types = T(HTTP), .help = "What the body must contain." },
	{ "headers", KIND_TEXTS, false, LIST(conf_check, headers), .valid = conf_valid_header, .types = T(HTTP), .help = "Further request headers, \"Name: value\"." },
	{ "tls", KIND_BOOL, false, AT(conf_check, tls), .fallback = "false", .types = T_SECURE & ~T(TLS), .help = "TLS from the first byte. The type's port is then that of the secure service: 443, 995, 465, 993, 990." },
	{ "starttls", KIND_BOOL, false, AT(conf_check, starttls), .fallback = "false", .types = T_GREETERS, .help = "TLS after the greeting (STLS, STARTTLS, AUTH TLS)." },
	{ "sni", KIND_TEXT, false, AT(conf_check, sni), .fallback = "(host, else the service's name)", .valid = conf_valid_host, .types = T_SECURE,
	  .help = "With TLS: the server name in the hello, and whom the certificate has to name." },
	{ "verify", KIND_BOOL, false, AT(conf_check, verify), .fallback = "true", .types = T_SECURE, .help = "With TLS: whether the certificate must be valid, for that name, and issued by somebody trusted." },
	{ "ca", KIND_OWN, false, .set = conf_set_ca, .clear = conf_clear_ca, .fallback = "(those that the system trusts)", .types = T_SECURE, .form = "\"FILE\"",
	  .help = "Certificates to trust, PEM; a self-signed one may be here itself. Read at start and reload." },
	{ "min_days", KIND_UINT, false, AT(conf_check, min_days), RANGE(0, 10000, "days"), .fallback = "0", .types = T(TLS),
	  .help = "The certificate, and with verify those above it, must be valid for so long." },
	{ "alpn", KIND_TEXTS, false, LIST(conf_check, alpn), .valid = conf_valid_alpn, .types = T(TLS), .help = "Protocols to offer, as in \"h2\"; the server must choose one." },
	{ "query", KIND_TEXT, false, AT(conf_check, query), .valid = conf_valid_query, .types = T(DNS), .help = "The name to ask for, whole. Required." },
	{ "qtype", KIND_OWN, false, AT(conf_check, qtype), .set = conf_set_qtype, .fallback = "A", .types = T(DNS), .form = "\"TYPE\"", .help = "The type to ask for." },
	{ "rcode", KIND_WORD, false, AT(conf_check, rcode), WORDS(rcode_words), .fallback = "NOERROR", .types = T(DNS), .help = "What the answer must say." },
	{ "address", KIND_ADDRESSES, false, LIST(conf_check, answers), .types = T(DNS), .help = "One of them must be in the answer, for qtype A or AAAA." },
	{ "command", KIND_TEXTS, false, LIST(conf_check, command), .types = T(EXEC), .form = "[ \"FILE\", \"ARGUMENT\", ... ]",
	  .help = "The helper to start, once for each address. Required. See CHECKS BY A HELPER." },
};
static const struct conf_table check_table = {
	"checks[]", ROWS(check_keys), sizeof(struct conf_check), conf_relate_check,
	"How to find out whether a member or a real server works.",
};

/* ---- policies[] ---- */

static const struct conf_key rule_keys[] = {
	{ "from", KIND_PREFIXES, false, LIST(rule, from), .help = "The client's address lies in one of these prefixes." },
	{ "sites", KIND_OWN, false, LIST(rule, sites), .set = conf_set_rule_sites, .clear = conf_clear_rule_sites, .form = "[ \"SITE\", ... ]",
	  .help = "Only members at these sites are candidates; the rule is skipped when none of them is." },
	{ "metrics", KIND_OWN, true, .set = conf_set_metrics, .form = "[ \"METRIC\", ... ]",
	  .help = "The columns of the sort, the first first: see METRICS. weighted always stands behind the last." },
	{ "country", KIND_OWN, false, .set = conf_set_country, .clear = conf_clear_country, .form = "[ \"CODE\", ... ]",
	  .help = "The client is in one of these, by the geo database: two letters each, ISO 3166-1. Nobody of whom nothing is known is." },
	{ "continent", KIND_OWN, false, .set = conf_set_continent, .clear = conf_clear_continent, .form = "[ \"CODE\", ... ]",
	  .help = "Likewise: AF, AN, AS, EU, NA, OC, SA." },
	{ "asn", KIND_OWN, false, RANGE(1, 4294967295.0, NULL), .set = conf_set_asn, .clear = conf_clear_asn, .form = "[ NUMBER, ... ]",
	  .help = "Likewise: the client's autonomous system." },
	{ "hours", KIND_OWN, false, .set = conf_set_hours, .form = "\"HH:MM-HH:MM\"",
	  .help = "The time of day, from the first to just before the second, which may be 24:00; \"22:00-06:00\" passes midnight." },
	{ "days", KIND_OWN, false, .set = conf_set_days, .form = "\"DAY[-DAY][,...]\"",
	  .help = "The day of the week: mon, tue, wed, thu, fri, sat, sun. Beside hours that pass midnight: the day that it is then." },
	{ "timezone", KIND_OWN, false, .set = conf_set_timezone, .clear = conf_clear_timezone, .fallback = "UTC", .form = "\"NAME\"",
	  .help = "Of hours and days: a name of the system's tz database, as \"Europe/Berlin\"." },
};
static const struct conf_table rule_table = {
	"policies[].rules[]", ROWS(rule_keys), sizeof(struct rule), conf_relate_rule,
	"The first rule whose conditions all match is used; none: weighted.",
};

static const struct conf_word failback_words[] = { { "auto", 0, false }, { "manual", 1, false } };

static const struct conf_key policy_keys[] = {
	{ "name", KIND_TEXT, true, AT(policy, name), .valid = conf_valid_policy_name,
	  .help = "What POLICY lines call it: letters, digits and ._-; not the name of a metric." },
	{ "answers", KIND_UINT, false, AT(policy, answers), RANGE(1, ANSWERS_MAX, "members"), .fallback = "(dns.answers)", .help = "How many members an answer names." },
	{ "fail", KIND_WORD, false, AT(policy, fail), WORDS(fail_words), .fallback = "(dns.fail)", .help = "As dns.fail." },
	{ "failback", KIND_FLAG, false, AT(policy, failback_manual), WORDS(failback_words), .fallback = "auto",
	  .help = "auto: a member that came back from down is used again by itself. manual: it stays drained until an operator clears it, by deleting LABEL._admin.SERVICE or SITE._sites.ORIGIN." },
	{ "shed", KIND_OWN, false, RANGE(0, 10, NULL), .set = conf_set_shed, .fallback = "(never)", .form = "( FROM, TO )",
	  .help = "Marks of a member's use: sessions by capacity, or its load, whichever is more. Between them it is left out for a share of the client networks that grows from none to all; which ones, their hash decides." },
	{ "rules", KIND_GROUPS, false, LIST(policy, rules), .table = &rule_table, .may_be_empty = true },
};
static const struct conf_table policy_table = {
	"policies[]", ROWS(policy_keys), sizeof(struct policy), conf_relate_policy, "How members are chosen.",
};

/* ---- geo ---- */

static const struct conf_key geo_keys[] = {
	{ "database", KIND_OWN, false, .set = conf_set_geo_database, .clear = conf_clear_geo_database, .form = "\"FILE\" | ( \"FILE\", ... )",
	  .help = "GeoIP2 or GeoLite2 databases (MaxMind DB). Country, continent, location and AS number each come from the first of them that has it. See WHERE CLIENTS ARE." },
	{ "networks", KIND_PATH, false, AT(conf_geo_files, networks), .valid = conf_valid_file,
	  .help = "Which sites serve which network best, for the metric network. See WHERE CLIENTS ARE." },
};
static const struct conf_table geo_table = {
	"geo", ROWS(geo_keys), sizeof(struct conf_geo_files), NULL, "What is known of clients.",
};

/* ---- exchange ---- */

static const struct conf_word decide_words[] = {
	{ "home+majority", DECIDE_HOME_MAJORITY, false }, { "home", DECIDE_HOME, false }, { "majority", DECIDE_MAJORITY, false },
	{ "own", DECIDE_OWN, false },
};
static const struct conf_word probe_words[] = {
	{ "all", PROBE_ALL, false }, { "home", PROBE_HOME, false }, { "silent", PROBE_SILENT, false },
};

static const struct conf_key exchange_keys[] = {
	{ "interval", KIND_SECONDS, false, AT(conf_exchange, interval), RANGE(0.05, 3600, "seconds"), .fallback = "1",
	  .help = "How often each dnsd says what its own site's members are, and fairlead-fwd asks its dnsd. A dnsd that is not heard for 2.5 of them is silent." },
	{ "ttl", KIND_SECONDS, false, AT(conf_exchange, ttl), RANGE(1, DAY, "seconds"), .fallback = "10",
	  .help = "How long what it says counts at most; within half of it everything is said again." },
	{ "decide", KIND_WORD, false, AT(conf_exchange, decide), WORDS(decide_words), .fallback = "home+majority",
	  .help = "Whose observations make the verdict. home+majority: when the member's own site says down or drain, that; else down if more than half of the sites say so. home: its own site; while that is silent our own check. majority: more than half of the sites. own: our own check." },
	{ "probe", KIND_WORD, false, AT(conf_exchange, probe), WORDS(probe_words), .fallback = "all",
	  .help = "Which members a dnsd checks. home: its own site's. silent: its own site's, and those of sites that are not heard." },
};
static const struct conf_table exchange_table = {
	"exchange", ROWS(exchange_keys), sizeof(struct conf_exchange), NULL, "What sites tell each other.",
};

/* ---- forward ---- */

static const struct conf_key server_keys[] = {
	{ "address", KIND_ENDPOINT, true, AT(conf_server, address), .help = "Of a real server." },
	{ "weight", KIND_UINT, false, AT(conf_server, weight), RANGE(0, 65535, NULL), .fallback = "1", .help = "Its share; 0: only when no other is up." },
};
static const struct conf_table server_table = {
	"forward.listeners[].servers[]", ROWS(server_keys), sizeof(struct conf_server), NULL,
	"The real servers, on the site's own network; none of them an address that the forwarder itself listens on. Without any every connection goes to a peer.",
};

static const struct conf_key redirect_keys[] = {
	{ "to", KIND_OWN, false, AT(conf_redirect, to), .set = conf_set_redirect_to, .clear = conf_clear_redirect_to, .fallback = "name",
	  .form = "\"name\" | \"address\" | \"none\" | \"TEMPLATE\"",
	  .help = "The host in Location: LABEL.SERVICE, the member's address, a template as in \"{site}.example.com\"; none: no redirect but a relay." },
	{ "status", KIND_OWN, false, AT(conf_redirect, status), .set = conf_set_redirect_status, RANGE(301, 308, NULL), .fallback = "302", .form = "301 | 302 | 303 | 307 | 308",
	  .help = "With 301 or 302, requests other than GET and HEAD get 308 or 307." },
	{ "scheme", KIND_TEXT, false, AT(conf_redirect, scheme), .fallback = "(as asked)", .valid = conf_valid_scheme, .form = "\"http\" | \"https\"", .help = "In Location." },
	{ "port", KIND_PORT, false, AT(conf_redirect, port), RANGE(1, 65535, NULL), .fallback = "(as chosen)", .help = "In Location." },
};
static const struct conf_table redirect_table = {
	"forward.listeners[].redirect", ROWS(redirect_keys), sizeof(struct conf_redirect), NULL, "For protocol http.",
};

static const struct conf_word protocol_words[] = {
	{ "http", FWD_HTTP, false }, { "tcp", FWD_TCP, false }, { "tls", FWD_TLS, false }, { "udp", FWD_UDP, false }, { "ip", FWD_IP, false },
};
static const struct conf_word balance_words[] = {
	{ "roundrobin", BALANCE_ROUNDROBIN, false }, { "leastconn", BALANCE_LEASTCONN, false },
	{ "hash", BALANCE_HASH, false }, { "random", BALANCE_RANDOM, false },
};
static const struct conf_word proxy_words[] = {
	{ "none", PROXY_SEND_NONE, false }, { "v1", PROXY_SEND_V1, false }, { "v2", PROXY_SEND_V2, false },
};
static const struct conf_word datapath_words[] = { { "relay", DATAPATH_RELAY, false }, { "nat", DATAPATH_NAT, false } };

static const struct conf_key tls_keys[] = {
	{ "certificate", KIND_PATH, true, AT(conf_tls, certificate), .help = "A PEM file: the certificate, then those between it and an authority." },
	{ "key", KIND_PATH, true, AT(conf_tls, key), .help = "A PEM file with its private key, without passphrase. One that others can read is refused, and it must be readable by user." },
};
static const struct conf_table tls_table = {
	"forward.listeners[].tls", ROWS(tls_keys), sizeof(struct conf_tls), NULL,
	"For protocol http: HTTPS. While a real server can be used, connections are relayed to it as they come, and it does TLS itself; redirects are given with this certificate.",
};

static const struct conf_key listener_keys[] = {
	{ "service", KIND_OWN, true, AT(conf_listener, service), .set = conf_set_service, .clear = conf_clear_service, .form = "\"NAME\"",
	  .help = "The service in a zone whose virtual server this is." },
	{ "listen", KIND_ENDPOINTS, true, LIST(conf_listener, listen), .port_optional = true,
	  .help = "The virtual server's addresses. With protocol ip, without ports: \"ADDRESS\"." },
	{ "protocol", KIND_WORD, true, AT(conf_listener, protocol), WORDS(protocol_words),
	  .help = "http: redirected where possible. tcp: relayed. tls: relayed; where several listeners share an address, the server name that the client says chooses among them. udp: relayed, a session for each client address and port. ip: every protocol and port of the address that no other listener names, with datapath nat only." },
	{ "servers", KIND_GROUPS, false, LIST(conf_listener, servers), .table = &server_table, .may_be_empty = true },
	{ "check", KIND_OWN, false, AT(conf_listener, check), .set = conf_set_listener_check, .form = "\"NAME\"",
	  .help = "How to probe the servers: a name from checks. Without it a server is up until it refuses a connection." },
	{ "balance", KIND_WORD, false, AT(conf_listener, balance), WORDS(balance_words), .fallback = "roundrobin", .help = "How a server is chosen." },
	{ "capacity", KIND_UINT, false, AT(conf_listener, capacity), RANGE(1, 1e9, "sessions"), .fallback = "(no limit)", .help = "Sessions above this go to a peer." },
	{ "redirect", KIND_GROUP, false, AT(conf_listener, redirect), .table = &redirect_table },
	{ "hosts", KIND_TEXTS, false, LIST(conf_listener, hosts), .valid = conf_valid_host, .fallback = "(any)", .help = "Host values that are served; others get 421. For protocol http; with protocol tls the server names besides the service's own, and others get an alert." },
	{ "connect_timeout", KIND_SECONDS, false, AT(conf_listener, connect_timeout), RANGE(0.01, 3600, "seconds"), .fallback = "1", .help = "Then the next candidate is tried." },
	{ "idle_timeout", KIND_SECONDS, false, AT(conf_listener, idle_timeout), RANGE(0.1, DAY * 30, "seconds"), .fallback = "300", .help = "Ends a session without traffic. For protocol udp 120, and at most 30 while the client has not spoken again after the first reply." },
	{ "client_timeout", KIND_SECONDS, false, AT(conf_listener, client_timeout), RANGE(0.1, 3600, "seconds"), .fallback = "10", .help = "For the head of a request." },
	{ "max_sessions", KIND_UINT, false, AT(conf_listener, max_sessions), RANGE(1, 1e7, "sessions"), .fallback = "100000", .help = "Above this, accepting pauses; for protocol udp the oldest session without a second word from its client gives way, or the new client is dropped." },
	{ "client_sessions", KIND_UINT, false, AT(conf_listener, client_sessions), RANGE(0, 1e7, "sessions"), .fallback = "0",
	  .help = "Of one client network (dns.networks4, dns.networks6) at a time; further ones are reset, datagrams dropped. 0: no limit. Sites are not counted." },
	{ "send_proxy", KIND_WORD, false, AT(conf_listener, send_proxy), WORDS(proxy_words), .fallback = "none",
	  .help = "The PROXY header that real servers get in front of each connection: whose it is. Probes of the servers bring one, too, that tells nothing." },
	{ "send_proxy_peer", KIND_WORD, false, AT(conf_listener, send_proxy_peer), WORDS(proxy_words), .fallback = "none",
	  .help = "The same for members at other sites; v2 bears a mark by which the other forwarder knows that it must not send the connection on. The listeners there must have the proxy_ip of this site in accept_proxy." },
	{ "accept_proxy", KIND_PREFIXES, false, LIST(conf_listener, accept_proxy), .fallback = "(none)", .may_be_empty = true,
	  .help = "Connections from here must begin with a PROXY header, of either version, which is believed: the client that it names counts for selection, hash and redirects. Probes of dnsds bring none, so no control address should be in it." },
	{ "transparent", KIND_BOOL, false, AT(conf_listener, transparent), .fallback = "false",
	  .help = "Real servers see the client's own address. Their way back must lead through this machine, with policy routing: see TRANSPARENT MODE in fairlead-fwd(8)." },
	{ "datapath", KIND_WORD, false, AT(conf_listener, datapath), WORDS(datapath_words), .fallback = "relay",
	  .help = "How clients reach a peer while the local servers are down. relay: as connections of this program. nat: in the kernel, for tcp, udp and ip; see THE KERNEL DATAPATH in fairlead-fwd(8)." },
	{ "tls", KIND_GROUP, false, AT(conf_listener, tls), .table = &tls_table },
};
static const struct conf_table listener_table = {
	"forward.listeners[]", ROWS(listener_keys), sizeof(struct conf_listener), conf_relate_listener, "The virtual servers of this site.",
};

static const struct conf_key forward_keys[] = {
	{ "dnsd", KIND_ENDPOINTS, false, LIST(conf_forward, dnsd), .fallback = "(control of the own site)",
	  .help = "Where to ask about the peers; the next one when one is mute." },
	{ "threads", KIND_UINT, false, AT(conf_forward, threads), RANGE(0, 256, NULL), .fallback = "0", .help = "That carry sessions; 0: one a core." },
	{ "drain_timeout", KIND_SECONDS, false, AT(conf_forward, drain_timeout), RANGE(0, DAY, "seconds"), .fallback = "30", .help = "How long sessions may go on after SIGTERM." },
	{ "http", KIND_LATER, .later = true, .help = "Metrics and status page of fairlead-fwd." },
	{ "listeners", KIND_GROUPS, false, LIST(conf_forward, listeners), .table = &listener_table, .may_be_empty = true },
};
static const struct conf_table forward_table = {
	"forward", ROWS(forward_keys), sizeof(struct conf_forward), NULL, "The forwarder. Required by fairlead-fwd.",
};

/* ---- the file ---- */

static const struct conf_key root_keys[] = {
	{ "site", KIND_OWN, true, AT(conf, own), .set = conf_set_own_site, .form = "\"NAME\"", .help = "The site this machine belongs to: a name from sites." },
	{ "instance", KIND_TEXT, false, AT(conf, instance), .fallback = "(the host name)", .valid = conf_valid_name,
	  .help = "Tells several dnsds or forwarders at one site apart." },
	{ "run", KIND_PATH, false, AT(conf, run), .fallback = "/run/fairlead", .valid = conf_valid_folder, .help = "Folder for sockets and locks." },
	{ "state", KIND_PATH, false, AT(conf, state), .fallback = "/var/lib/fairlead", .valid = conf_valid_folder, .help = "Folder for what survives a restart." },
	{ "user", KIND_TEXT, false, AT(conf, user), .fallback = "fairlead", .valid = conf_valid_user,
	  .help = "Dropped to after binding when started as root; \"\": stay." },
	{ "sites", KIND_GROUPS, true, LIST(conf, sites), .table = &site_table },
	{ "keys", KIND_GROUPS, true, LIST(conf, keys), .table = &key_table },
	{ "dns", KIND_GROUP, false, AT(conf, dns), .table = &dns_table },
	{ "checks", KIND_GROUPS, false, LIST(conf, checks), .table = &check_table, .may_be_empty = true },
	{ "policies", KIND_GROUPS, false, LIST(conf, policies), .table = &policy_table, .may_be_empty = true },
	{ "geo", KIND_GROUP, false, AT(conf, geo_files), .table = &geo_table },
	{ "exchange", KIND_GROUP, false, AT(conf, exchange), .table = &exchange_table },
	{ "http", KIND_LATER, .later = true, .help = "Metrics and status page of fairlead-dnsd." },
	{ "forward", KIND_GROUP, false, AT(conf, forward), .table = &forward_table },
};
const struct conf_table conf_root_table = {
	"", ROWS(root_keys), sizeof(struct conf), conf_relate_root, "Outside of all groups.",
};
