/*
 * conf_hint: what a user may have meant, and what a regular expression may not
 * cost.
 */
#ifndef FAIRLEAD_CONF_HINT_H
#define FAIRLEAD_CONF_HINT_H

#include "conf_table.h"

/* " (did you mean \"...\"?)" for the best of `n` names, or "". `name_of(arg, i)` gives them. */
const char *conf_hint(char out[96], const char *name, size_t n, const char *(*name_of)(const void *arg, size_t i), const void *arg);
/* The same for a key of a table; a key that stands in another one of those below `root` is told so. */
const char *conf_key_hint(char out[96], const struct conf_table *root, const struct conf_table *t, const char *name);
/* Why a regular expression is not even tried, or NULL: glibc's regcomp unrolls {m,n}, nested ones without limit. */
const char *conf_regex_limit(const char *regex);

#endif
