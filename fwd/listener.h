/*
 * listener: what is done for those who connect to an address, as one
 * configuration has it, and all listeners of it together: see setup.h.
 */
#ifndef FAIRLEAD_LISTENER_H
#define FAIRLEAD_LISTENER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "conf.h"
#include "peers.h"
#include "redirect.h"
#include "servers.h"
#include "service.h"

/* Sessions of one listener, all workers'. Outlives a reload, so that the limits hold across it. */
struct listener_count {
	_Atomic(uint32_t) sessions; /* all; max_sessions bounds it */
	_Atomic(uint32_t) local;    /* with a real server; capacity bounds it */
	_Atomic(uint32_t) wanted;   /* UDP: places that a thread wants which has no session of its own that could give way */
	_Atomic(uint64_t) arrived;  /* connections ever, but for those from sites */
	_Atomic(uint64_t) forwarded;/* of them, sent elsewhere: redirected or relayed to a peer */
	unsigned refs;              /* main thread */
	struct listener_count *next;
	char *service;
	struct addr first;          /* address that it listens on */
	bool datagram;
};

struct setup;

struct listener {
	const struct conf_listener *conf;
	const struct service *service;
	struct setup *setup;
	struct pool *pool;
	struct peers_service *peers;
	struct redirect *redirect;  /* http only */
	struct certificate *certificate; /* https; NULL: none */
	struct front *front;        /* it stands for those that share an address; then pool, peers, redirect are NULL. Others: NULL */
	struct listener_count *count;
	uint32_t connect_ticks, idle_ticks, client_ticks; /* the times of conf, for the wheel */
};

struct setup {
	_Atomic(uint32_t) refs;
	struct conf *conf;
	struct service **services; size_t nservices; /* those that listeners name */
	struct listener *listeners; size_t nlisteners;
	struct listener *fronts; size_t nfronts; /* front.h */
	struct peers *peers;        /* from setup_begin on */
	struct addr *site_sources; size_t nsite_sources; /* control and proxy addresses of all sites, sorted */
	struct setup *next;         /* main thread: those that are still used */
};

#endif
