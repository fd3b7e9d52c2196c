/* fairleadctl: the command line. What the commands do stands in ctl_*.c. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"
#include "generation.h"

enum {
	OPT_CLIENT = 1, OPT_DOWN = 2, OPT_QUERIES = 4, OPT_UNTIL = 8, OPT_NOTE = 16, OPT_FORCE = 32, OPT_WAIT = 64, OPT_KEY = 128,
	OPT_PROGRAM = 256, OPT_TIMEOUT = 512, OPT_SERVER = 1024, OPT_ALL_UP = 2048, OPT_STILL = 4096,
	OPT_WHAT_IF = OPT_DOWN | OPT_QUERIES | OPT_SERVER | OPT_ALL_UP,
	OPT_ORDER = OPT_NOTE | OPT_UNTIL | OPT_FORCE | OPT_WAIT | OPT_KEY | OPT_TIMEOUT | OPT_SERVER
};

static const struct command {
	const char *name, *usage;
	size_t least, most;   /* words behind it */
	unsigned options;
	enum ctl_status (*run)(struct ctl *c);
} commands[] = {
	{ "status", "[SERVICE]", 0, 1, OPT_SERVER, ctl_show_status },
	{ "watch", "[SERVICE]", 0, 1, OPT_SERVER, ctl_watch },
	{ "explain", "SERVICE [--client ADDRESS] [--down SITE]...", 1, 1, OPT_CLIENT | OPT_DOWN | OPT_SERVER, ctl_explain },
	{ "simulate", "[SERVICE] [--down SITE]... [--queries FILE] [--all-up] [--still]", 0, 1, OPT_WHAT_IF | OPT_STILL, ctl_simulate },
	{ "diff", "NEW-CONFIG [--down SITE]... [--queries FILE] [--all-up]", 1, 1, OPT_WHAT_IF, ctl_diff },
	{ "drain", "SITE [SERVICE] [--until TIME] [--note TEXT] [--force] [--wait]", 1, 2, OPT_ORDER, ctl_drain },
	{ "down", "SITE [SERVICE] [--until TIME] [--note TEXT] [--force] [--wait]", 1, 2, OPT_ORDER, ctl_down },
	{ "up", "SITE [SERVICE] [--until TIME] [--note TEXT]", 1, 2, OPT_ORDER & ~(unsigned)OPT_WAIT, ctl_up },
	{ "clear", "SITE [SERVICE]", 1, 2, OPT_KEY | OPT_SERVER, ctl_clear },
	{ "check", "", 0, 0, 0, ctl_check },
	{ "reload", "[--program dnsd|fwd] [--force]", 0, 0, OPT_PROGRAM | OPT_FORCE, ctl_reload },
	{ "delegation", "ZONE", 1, 1, 0, ctl_delegation },
	{ "keygen", "tsig NAME", 2, 2, OPT_FORCE, ctl_keygen },
	{ "version", "", 0, 0, 0, ctl_version },
};

#define NCOMMANDS (sizeof commands / sizeof *commands)

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
	{ "client", required_argument, NULL, OPT_CLIENT << 8 }, { "down", required_argument, NULL, OPT_DOWN << 8 },
	{ "queries", required_argument, NULL, OPT_QUERIES << 8 }, { "until", required_argument, NULL, OPT_UNTIL << 8 },
	{ "note", required_argument, NULL, OPT_NOTE << 8 }, { "force", no_argument, NULL, OPT_FORCE << 8 },
	{ "wait", no_argument, NULL, OPT_WAIT << 8 }, { "key", required_argument, NULL, OPT_KEY << 8 },
	{ "program", required_argument, NULL, OPT_PROGRAM << 8 }, { "timeout", required_argument, NULL, OPT_TIMEOUT << 8 },
	{ "server", required_argument, NULL, OPT_SERVER << 8 }, { "all-up", no_argument, NULL, OPT_ALL_UP << 8 },
	{ "still", no_argument, NULL, OPT_STILL << 8 }, { NULL, 0, NULL, 0 }
};

static void usage(FILE *to)
{
	fprintf(to, "usage: fairleadctl [-c FILE] [--json] [--server ADDRESS[@PORT]] COMMAND\n"
		"  -c FILE    configuration (default %s)\n", FAIRLEAD_CONF_FILE);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(to, "  %s%s%s\n", commands[i].name, *commands[i].usage ? " " : "", commands[i].usage);
}

static bool take_number(struct ctl *c, const char *text)
{
	char *end;
	c->timeout = strtod(text, &end);
	if (end != text && !*end && c->timeout > 0 && c->timeout < 1e9)
		return true;
	ctl_fail(CTL_USAGE, "--timeout: not a number of seconds: \"%s\"", text);
	return false;
}

static bool take_server(struct ctl *c, const char *text)
{
	c->has_server = addr_parse_at(&c->server, text, 53);
	if (!c->has_server)
		ctl_fail(CTL_USAGE, "--server: not ADDRESS or ADDRESS@PORT: \"%s\"", text);
	return c->has_server;
}

/* False: told why. */
static bool take_option(struct ctl *c, unsigned option, const char *value)
{
	switch (option) {
	case OPT_CLIENT: c->client = value; return true;
	case OPT_QUERIES: c->queries = value; return true;
	case OPT_UNTIL: c->until = value; return true;
	case OPT_NOTE: c->note = value; return true;
	case OPT_KEY: c->key = value; return true;
	case OPT_PROGRAM: c->program = value; return true;
	case OPT_FORCE: c->force = true; return true;
	case OPT_WAIT: c->wait = true; return true;
	case OPT_ALL_UP: c->all_up = true; return true;
	case OPT_STILL: c->still = true; return true;
	case OPT_TIMEOUT: return take_number(c, value);
	case OPT_SERVER: return take_server(c, value);
	case OPT_DOWN:
		if (c->ndown < CTL_DOWN_MAX) {
			c->down[c->ndown++] = value;
			return true;
		}
		ctl_fail(CTL_USAGE, "--down: more than %d", CTL_DOWN_MAX);
		return false;
	default: return false;
	}
}

/* Options may stand anywhere; which of them a command knows is seen afterwards. */
static void parse(struct ctl *c, int argc, char **argv, unsigned *given)
{
	int o;
	while ((o = getopt_long(argc, argv, "c:jVh", long_options, NULL)) != -1) {
		switch (o) {
		case 'c': c->file = optarg; break;
		case 'j': c->json = true; break;
		case 'h': usage(stdout); exit(CTL_OK);
		case 'V': exit((int)ctl_version(c));
		case '?': usage(stderr); exit(CTL_USAGE);
		default:
			if (!take_option(c, (unsigned)o >> 8, optarg))
				exit(CTL_USAGE);
			*given |= (unsigned)o >> 8;
		}
	}
	c->words = argv + optind;
	c->nwords = (size_t)(argc - optind);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static enum ctl_status wrong_usage(const struct command *k, const char *why, const char *what)
{
	ctl_fail(CTL_USAGE, "%s: %s%s", k->name, why, what);
	fprintf(stderr, "usage: fairleadctl %s %s\n", k->name, k->usage);
	return CTL_USAGE;
}

static enum ctl_status run(struct ctl *c, unsigned given)
{
	const struct command *k = c->nwords ? find_command(c->words[0]) : NULL;
	if (!c->nwords) {
		usage(stderr);
		return CTL_USAGE;
	}
	if (!k) {
		bool known = strcmp(c->words[0], "stats") == 0;
		return ctl_fail(CTL_USAGE, known ? "%s is not built yet" : "there is no command \"%s\"", c->words[0]);
	}
	c->words++;
	c->nwords--;
	for (const struct option *o = long_options; o->name; o++)
		if (((unsigned)o->val >> 8) & given & ~k->options)
			return wrong_usage(k, "does not take --", o->name);
	if (c->nwords < k->least)
		return wrong_usage(k, "something is missing", "");
	if (c->nwords > k->most)
		return wrong_usage(k, "unexpected: ", c->words[k->most]);
	return k->run(c);
}

int main(int argc, char **argv)
{
	struct ctl c = { .file = FAIRLEAD_CONF_FILE };
	unsigned given = 0;
	parse(&c, argc, argv, &given);
	enum ctl_status status = run(&c, given);
	if (c.gen)
		generation_delete(c.gen);
	else if (c.conf)
		conf_free(c.conf);
	if (fflush(stdout) != 0 && status == CTL_OK)
		status = ctl_fail(CTL_REFUSED, "cannot write the output");
	return (int)status;
}
