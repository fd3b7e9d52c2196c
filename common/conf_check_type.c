/* The types that a check may have. */
#include "conf.h"

static const struct { const char *name; uint16_t port; bool built; } check_types[] = {
	[CHECK_TCP] = { "tcp", 0, true },
	[CHECK_HTTP] = { "http", 80, true },
	[CHECK_TLS] = { "tls", 443, true },
	[CHECK_DNS] = { "dns", 53, true },
	[CHECK_POP3] = { "pop3", 110, true },
	[CHECK_SMTP] = { "smtp", 25, true },
	[CHECK_IMAP] = { "imap", 143, true },
	[CHECK_FTP] = { "ftp", 21, true },
	[CHECK_ICMP] = { "icmp", 0, true },
	[CHECK_UDP] = { "udp", 0, true },
	[CHECK_AGENT] = { "agent", 0, true },
	[CHECK_EXEC] = { "exec", 0, true },
	[CHECK_NONE] = { "none", 0, true },
};

uint16_t check_default_port(enum check_type type) { return check_types[type].port; }

uint16_t conf_check_port(const struct conf_check *c)
{
	static const uint16_t secure[] = { [CHECK_HTTP] = 443, [CHECK_POP3] = 995, [CHECK_SMTP] = 465, [CHECK_IMAP] = 993, [CHECK_FTP] = 990 };
	if (c->port)
		return c->port;
	if (c->tls && c->type < sizeof secure / sizeof *secure && secure[c->type])
		return secure[c->type];
	return check_default_port(c->type);
}

const char *check_type_name(enum check_type type) { return check_types[type].name; }
bool check_is_built(enum check_type type) { return check_types[type].built; }
