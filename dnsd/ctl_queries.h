/*
 * ctl_queries: who asks what: a query log, or a population without one.
 *
 *     CLIENT NAME [TYPE] [COUNT]      # a line each; TYPE is A or AAAA
 *
 * Each name is looked up once, each line read once; lines that say the same
 * are one with a larger count.
 */
#ifndef FAIRLEAD_CTL_QUERIES_H
#define FAIRLEAD_CTL_QUERIES_H

#include "ctl.h"

/* Without a file each service is asked by so many clients, fewer when there are many services. */
#define POPULATION_MAX 100000
#define POPULATION_MIN 5000
#define POPULATION_ALL 4000000

/* A name that somebody asks for. */
struct asked {
	uint8_t name[DNAME_MAX];
	size_t len;
	uint64_t turn;               /* how often: for roundrobin */
	size_t number;               /* of the distinct names, in the order of the file */
};

struct query_line {
	struct addr client;          /* port 0 */
	struct asked *asked;
	uint16_t type;               /* RR_A or RR_AAAA; 0: IPv4 if the service has such an address */
	uint64_t count;
};

struct queries {
	struct query_line *lines; size_t nlines;
	struct asked **names; size_t nnames;
	uint64_t count;              /* of all lines */
	/* a population: lines are made as they are read */
	size_t each;                 /* clients of each name; 0: from a file */
	size_t at, next_name;
};

/* Reads c->queries, or makes the population of the generation's services (`only`: of this one). False: told why. */
bool queries_open(struct queries *q, struct ctl *c, const struct lb *only);
bool queries_next(struct queries *q, struct query_line *out);
void queries_rewind(struct queries *q);
void queries_close(struct queries *q);

/* How many distinct questions there are. */
size_t queries_lines(const struct queries *q);
/* "100000 clients, evenly spread over the public IPv4 addresses, each asking once for each service" */
const char *queries_text(const struct queries *q, const struct ctl *c, char out[300]);

#endif
