/*
 * names: which of several listeners with one address a server name belongs to.
 *
 *     its service         exactly that name, or all below *. and, unless that is
 *                         another's, the name behind *., by which dnsds probe it
 *     LABEL.SERVICE       of all members: redirects lead there
 *     its `hosts`         names of other people's that lead here
 *
 * An exact name comes before a wildcard, and the longest wildcard before
 * shorter ones (as in DNS, it stands for any number of labels).
 */
#ifndef FAIRLEAD_NAMES_H
#define FAIRLEAD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "conf.h"
#include "service.h"

struct names;

/* NULL: no memory. */
struct names *names_new(void);
void names_free(struct names *n);

/* The names of listener `which`. False: no memory. */
bool names_add(struct names *n, const struct conf_listener *l, const struct service *s, size_t which);

/*
 * After the last names_add. False: one name belongs to two listeners; it is
 * in *twice then, which is borrowed from `n`.
 */
bool names_finish(struct names *n, const char **twice);

/* `name` as in hello.name. Returns `which`, or -1: nobody's. Any thread. */
int names_find(const struct names *n, const char *name);

#endif
