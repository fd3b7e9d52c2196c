/*
 * phrases: what dnsds say of members, word for word (update_glance): who,
 * which state, by which check. Ten thousand members are mostly spoken of in
 * the same few phrases, so each is read once and then only recognized.
 * Control thread only.
 */
#ifndef FAIRLEAD_PHRASES_H
#define FAIRLEAD_PHRASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/update.h"
#include "observe.h"

/* A dnsd has a phrase for each result that its checks have at the moment; when there are more all are forgotten, and read anew. */
#define PHRASES_MAX 4096

struct phrase {
	uint32_t id;                   /* never 0, and never another's, however long the process runs */
	bool has_rtt;                  /* rtt= follows */
	uint16_t len;
	struct observer *who;
	struct update_observation said; /* has no seq, and no rtt but one that stands in the phrase itself */
	uint8_t bytes[];
};

struct phrases;

struct phrases *phrases_new(void); /* NULL: no memory */
void phrases_delete(struct phrases *p);

/* NULL: not known. */
const struct phrase *phrases_find(const struct phrases *p, const struct update_glance *g);
/* A phrase that isn't known yet, of `who`. NULL: it can't be kept. */
const struct phrase *phrases_add(struct phrases *p, const struct update_glance *g, struct observer *who);
/* Makes room when there is none; all that was found before is gone then. */
void phrases_tidy(struct phrases *p);

#endif
