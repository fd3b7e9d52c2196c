/*
 * verdict: observations -> up, down, drain or unknown (spec 5). Pure: no
 * clock, no sockets; ages come in as arguments.
 */
#ifndef FAIRLEAD_VERDICT_H
#define FAIRLEAD_VERDICT_H

enum verdict { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DOWN, VERDICT_DRAIN };

const char *verdict_name(enum verdict v); /* "unknown", "up", "down", "drain" */

#endif
