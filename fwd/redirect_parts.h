/*
 * redirect_parts: what is laid out for redirects; nobody else includes it.
 *     redirect_rules.c  makes it of the configuration
 *     redirect.c        looks at requests with it
 */
#ifndef FAIRLEAD_REDIRECT_PARTS_H
#define FAIRLEAD_REDIRECT_PARTS_H

#include <string.h>
#include "redirect.h"

/* A host name in text without the final dot; longer ones don't exist (RFC 1035 section 2.3.4). */
#define HOST_MAX 253
/* "[" IPv6 "]" fits, too. */
#define HOST_SIZE (HOST_MAX + 1)

/* `len` bytes, without NUL. */
struct text { char *at; size_t len; };

/* SCHEME://HOST of one member; NULL: it has none. By the family that the client used: only `to = "address"` has two. */
struct member_host { struct text four, six; };

struct redirect {
	const struct conf_listener *listener;
	const struct service *service;
	bool never;                     /* all is relayed */
	char first[2][64];              /* up to "Location: ": for GET and HEAD, and for methods with a meaning of their own */
	size_t first_len[2];
	const char *scheme;
	bool scheme_changed;            /* it may not be the one that was asked with */
	uint16_t scheme_port;           /* its default; 0: none known */
	struct member_host *hosts;      /* one a member */
	char **names; size_t nnames;    /* the loop guard: what redirects can yield, lower case, sorted */
};

/* ASCII; no locale has a say in names. */
static inline char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Of `names`, for qsort and bsearch. */
static inline int redirect_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The configured status, or the one that keeps the method. */
unsigned redirect_status_for(const struct redirect *r, bool get_or_head);

#endif
