/*
 * loops: real servers that are the forwarder itself. What fairlead.conf says is
 * seen when it is read (conf_relate.c); which addresses a listener on all of
 * them (0.0.0.0, ::) hears, only the machine knows.
 */
#ifndef FAIRLEAD_LOOPS_H
#define FAIRLEAD_LOOPS_H

#include "conf.h"
#include "errs.h"

/* An error for each real server at an address that this machine has now, with the port of a listener on all addresses. */
void loops_check(const struct conf *conf, struct errs *errs);

#endif
