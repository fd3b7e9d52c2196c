/*
 * nat_choice: where the kernel sends new flows, for clients of every kind.
 * Pure.
 *
 * A relay asks the selector for each client. The kernel can't ask, so all the
 * answers that there are get worked out ahead:
 *
 *     client's address ---> class: those whom the policy tells apart from others
 *     hash of it -------\                (from, networks.conf, places)
 *                        -> bucket: a share of all clients
 *     class, bucket -------> target
 *
 * Where the policy leaves several that are equally good, a rendezvous hash by
 * weight shares the buckets out, as the metric `hash` does: a target that goes
 * moves its own buckets only.
 */
#ifndef FAIRLEAD_NAT_CHOICE_H
#define FAIRLEAD_NAT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "dname.h"
#include "select.h"

/* A share of one in 256 is as fine as weights need; two equal peers get half of them, give or take 3 %. */
#define NAT_BUCKETS_MAX 256
/* Less would be no share any more; and each class has a rule besides, which costs the kernel as much. */
#define NAT_BUCKETS_MIN 4
/*
 * Elements of the kernel's maps: each class of a choice with several targets
 * has a map of its own, with an element for each bucket. So many are taken in
 * within about a tenth of a second, in which the main thread waits.
 */
#define NAT_ELEMENTS_MAX 8192
/* Client networks that are looked at. A database of places has more by far: it isn't followed. */
#define NAT_NETWORKS_MAX 4096
#define NAT_CLASSES_MAX 64
/* As many as fit into the numbers of a class. */
#define NAT_TARGETS_MAX 255
#define NAT_NOBODY 255

struct nat_target {
	struct addr to;                 /* the member's first address of the family, port 0 */
	uint16_t port;                  /* its LB line's; 0: the one that the client dials */
	char label[LABEL_MAX + 1];
};

struct nat_class {
	struct prefix *networks; size_t n;  /* of clients, disjoint, in order */
	uint8_t target_of[NAT_BUCKETS_MAX]; /* NAT_NOBODY: nobody can be had */
};

struct nat_choice {
	unsigned refs;
	struct nat_target *targets; size_t ntargets;
	struct nat_class *classes; size_t nclasses; /* the one with the most networks comes last */
	uint16_t buckets;               /* a power of two */
	uint8_t network;                /* bits of a client's address that its bucket is the hash of; 0: all */
	bool alike;                     /* the policy tells more clients apart than can be followed: all get what `stand_in` gets */
};

/* Whom this is about, and what is told of a client. */
struct nat_question {
	struct select_input in;         /* client, random, turn, scope: not looked at */
	uint8_t network4, network6;     /* bits: a client's network, for `hash` and shedding */
	uint16_t buckets;               /* a power of two; fewer are made where NAT_ELEMENTS_MAX demands it */
	struct addr stand_in;           /* its family is the one in question */
};

/* For the caller to release. NULL: no memory. No target at all: nobody can be had. */
struct nat_choice *nat_choice_make(const struct nat_question *q);
/* One thread alone may hold it. NULL: nothing. */
struct nat_choice *nat_choice_hold(struct nat_choice *c);
void nat_choice_release(struct nat_choice *c);

/*
 * What stands beside each other in the kernel: NAT_ELEMENTS_MAX holds for all
 * together, by fewer buckets for those that have more. Each must have just
 * been made; one may stand there several times, and counts as often. Down to NAT_BUCKETS_MIN: beyond that many classes, by no more.
 * NULLs are passed over.
 */
void nat_choice_fit(struct nat_choice **all, size_t n);
/* Elements of its maps. NULL: 0. */
size_t nat_choice_elements(const struct nat_choice *c);

/* Is there anywhere to go for anybody? NULL: no. */
bool nat_choice_any(const struct nat_choice *c);
/* The same for every client, and as it is written down. NULL: nobody can be had. */
bool nat_choice_same(const struct nat_choice *a, const struct nat_choice *b);
/* The only target of a class, NAT_NOBODY included; -1: it has several. */
int nat_class_only(const struct nat_class *c, uint16_t buckets);

#endif
