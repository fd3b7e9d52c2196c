/*
 * badserver ADDRESS@PORT MODE [TEXT]: badpeer as a program, for tests of the
 * whole. \r, \n and \\ in TEXT are escapes. Says "ready" when it listens, and
 * runs until it is killed.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include "badpeer.h"

static void unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		if (*s != '\\' || !s[1])
			*to++ = *s;
		else if (*++s == 'n')
			*to++ = '\n';
		else
			*to++ = *s == 'r' ? '\r' : *s;
	}
	*to = '\0';
}

static int usage(void)
{
	fprintf(stderr, "usage: badserver ADDRESS@PORT MODE [TEXT]\nmodes:");
	for (int m = 0; m < PEER_MODES; m++)
		fprintf(stderr, " %s", badpeer_mode_names[m]);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct addr a;
	int mode = 0;
	if (argc < 3 || argc > 4 || !addr_parse_at(&a, argv[1], 0))
		return usage();
	while (mode < PEER_MODES && strcmp(argv[2], badpeer_mode_names[mode]) != 0)
		mode++;
	if (mode == PEER_MODES)
		return usage();
	if (argc == 4)
		unescape(argv[3]);
	struct event_base *base = event_base_new();
	if (!base || !badpeer_new(base, &a, (enum badpeer_mode)mode, argc == 4 ? argv[3] : "")) {
		perror(argv[1]);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	return event_base_dispatch(base) < 0;
}
