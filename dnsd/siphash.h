/*
 * siphash: SipHash-2-4, the keyed hash of server cookies (RFC 9018 section 4.4).
 */
#ifndef FAIRLEAD_SIPHASH_H
#define FAIRLEAD_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The 64 bits come as the 8 bytes that go on the wire, the least significant first. */
void siphash24(uint8_t out[8], const uint8_t key[16], const uint8_t *data, size_t len);

#endif
