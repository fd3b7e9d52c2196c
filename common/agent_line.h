/*
 * agent_line: what an agent says of its server in a line, in HAProxy's words
 * (its manual, "agent-check"):
 *
 *   up                  serves
 *   down stopped fail   does not, until "up" is said; "#" and a reason may follow
 *   ready               takes new clients
 *   drain maint         takes no new clients, until "ready" is said
 *   NUMBER%             of its weight; 0% drains
 *   maxconn:NUMBER      connections that it can take
 *
 * in any order and case, parted by blanks, tabs or commas. What is not
 * mentioned stays as it was said before. Pure.
 */
#ifndef FAIRLEAD_AGENT_LINE_H
#define FAIRLEAD_AGENT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_PERCENT_MAX 1000
#define AGENT_MAXCONN_MAX 2000000

struct agent_state {
	bool down, drain;
	bool has_percent, has_maxconn;
	uint32_t percent, maxconn;
};

/* Changes `s` by the line (up to `n`, a line end, or "#"). False: no word of it was understood. Words that are unknown beside others are passed over. */
bool agent_line_read(struct agent_state *s, const char *line, size_t n);

static inline bool agent_drains(const struct agent_state *s) { return s->drain || (s->has_percent && s->percent == 0); }

/* The numbers in 32 bits, for the detail of a result, and back as text: "", " 75%", " maxconn:30", or both. */
#define AGENT_TEXT_MAX 32
uint32_t agent_pack(const struct agent_state *s);
void agent_unpack(struct agent_state *s, uint32_t packed); /* only the numbers: it is neither down nor draining */
const char *agent_packed_text(uint32_t packed, char out[AGENT_TEXT_MAX]);

#endif
