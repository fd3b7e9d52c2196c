/*
 * rdata_special: fields of rare types which ldns reads wrongly or takes in when
 * they are wrong, so they are made by hand. Each reports its error and returns
 * false. See rdata_maker.h.
 */
#ifndef FAIRLEAD_RDATA_SPECIAL_H
#define FAIRLEAD_RDATA_SPECIAL_H

#include "rdata_maker.h"

bool rdata_put_time(struct rdata_maker *m, const char *what); /* RFC 4034 section 3.2: YYYYMMDDHHmmSS or seconds */
bool rdata_put_bitmap(struct rdata_maker *m);                 /* RFC 4034 section 4.1.2; all tokens left; none: empty */
bool rdata_put_salt(struct rdata_maker *m);                   /* RFC 5155 section 3.3: hex or "-" */
bool rdata_put_base32(struct rdata_maker *m);                 /* RFC 5155 section 3.3: next hashed owner */
bool rdata_put_apl(struct rdata_maker *m);                    /* RFC 3123: one item */
bool rdata_put_loc(struct rdata_maker *m);                    /* RFC 1876 section 3 */
bool rdata_put_nsap(struct rdata_maker *m);                   /* RFC 1706: 0x and hex digits with dots */
bool rdata_put_gateway(struct rdata_maker *m);                /* RFC 4025: IPSECKEY up to its key */
bool rdata_put_relay(struct rdata_maker *m);                  /* RFC 8777: AMTRELAY */
bool rdata_put_svcparams(struct rdata_maker *m);              /* RFC 9460: all tokens left */

/* SvcParams in wire form (RFC 9460 sections 2.2, 7 and 8). Returns NULL, or why not. */
const char *rdata_svcparams_wrong(const uint8_t *params, size_t len);

#endif
