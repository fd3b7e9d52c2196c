/*
 * rdata: the tokens behind a record's type -> rdata in wire form.
 *
 * ldns knows the types (which fields each has, and how most fields are read);
 * it is called field by field, so that an error has the column of its token.
 * What ldns takes though it is wrong is checked here: numbers that wrap, unknown
 * mnemonics, odd hex digits, wrong SvcParams and more (rdata_field.c). The types
 * of which a zone has millions are made here in place (rdata.c), as ldns costs
 * allocations for each field. All are made of the steps of rdata_maker.
 */
#ifndef FAIRLEAD_RDATA_H
#define FAIRLEAD_RDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rdata_maker.h"

/* Makes out->bytes and out->len. False: exactly one error was reported. */
bool rdata_make(struct rdata *out, const struct rdata_source *source);

/* rdata_field.c: by ldns's description of the type. */
bool rdata_put_fields(struct rdata_maker *m);
/* rdata_check.c: rdata given as bytes is what its type asks for. Returns NULL, or why not. */
const char *rdata_wrong(uint16_t type, const uint8_t *rdata, size_t len);

#endif
