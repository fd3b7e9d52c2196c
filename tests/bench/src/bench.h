/*
 * bench: what the programs of the bench share: clocks, the CPU time of other
 * processes, a latency histogram, and the frame around a measured interval.
 */
#ifndef FAIRLEAD_BENCH_H
#define FAIRLEAD_BENCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A reflector or back end that nobody stopped ends by itself after this (seconds). */
#define BENCH_LIFETIME 3600

/* Prints the text and errno, exits with 1. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

uint64_t now_ns(void);

/* "1.2.3.4" and a port in host order; dies when it is no address. */
struct sockaddr_in addr4(const char *ip, int port);
/* "1.2.3.4:80", likewise. */
struct sockaddr_in addr4_port(const char *text);

/* A non-blocking listening socket; dies when there is none to be had. */
int tcp_listen(const char *ip, int port);

/* Binds the calling thread to one core; core < 0: nothing. */
void pin_core(int core);

/* Latencies in nanoseconds, 128 buckets a power of two (1 %): they are subtracted from one another. */
#define HIST_SUB 7
#define HIST_BUCKETS (64 << HIST_SUB)
struct hist { uint64_t count, max, bucket[HIST_BUCKETS]; };

void hist_add(struct hist *h, uint64_t ns);
/* The q-quantile (0..1) in microseconds. */
double hist_us(const struct hist *h, double q);

/* Processes whose CPU time is read: "12,34,56". */
#define PIDS_MAX 32
struct pids { int count; pid_t pid[PIDS_MAX]; };

void pids_parse(struct pids *p, const char *list);
/* User and system time of all their threads, in nanoseconds, without the 10 ms steps of /proc. */
uint64_t pids_cpu(const struct pids *p);

/*
 * One edge of a measured interval. `server` is what is measured, `helper` are
 * processes of the bench itself: neither counts as somebody else's load.
 */
struct edge {
	uint64_t time, server, helper, self;   /* ns */
	uint64_t busy, steal;                  /* ms, all cores */
};

void edge_take(struct edge *e, const struct pids *server, const struct pids *helper);
/* " srv_util_pct=... gen_util_pct=... steal_pct=... foreign_pct=..." and a newline. */
void edge_print(const struct edge *from, const struct edge *to);

#endif
