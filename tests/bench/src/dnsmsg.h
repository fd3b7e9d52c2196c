/* dnsmsg: DNS queries in wire form, as the load generator and the watcher send them. */
#ifndef FAIRLEAD_BENCH_DNSMSG_H
#define FAIRLEAD_BENCH_DNSMSG_H

#include <stddef.h>
#include <stdint.h>

#define DNSMSG_MAX 512

struct dnsmsg { uint16_t len; uint8_t wire[DNSMSG_MAX]; };

enum dnsmsg_edns { DNSMSG_PLAIN, DNSMSG_EDNS, DNSMSG_ECS, DNSMSG_ECS_ANY };

/*
 * A query for `name` ("a.b.c", no escapes) and `type` ("A", "TXT"...), ID 0,
 * RD clear. With DNSMSG_ECS it carries the client subnet 10.x.y.0/24 made from
 * `client`, with DNSMSG_ECS_ANY any /24 below 224.0.0.0. Dies when the name or the type is none.
 */
void dnsmsg_query(struct dnsmsg *m, const char *name, const char *type, enum dnsmsg_edns edns, unsigned client);

/* Reads lines "name type" of `file`; the caller frees. Dies when there is none. */
struct dnsmsg *dnsmsg_load(const char *file, enum dnsmsg_edns edns, size_t *count);

#endif
