/*
 * dname: domain names in uncompressed wire form (RFC 1035 section 3.1): length
 * octet, label, ..., zero octet; at most 255 bytes, labels at most 63.
 * "Lower" names have A-Z folded to a-z (RFC 4343); that is how names are
 * stored and looked up.
 */
#ifndef FAIRLEAD_DNAME_H
#define FAIRLEAD_DNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNAME_MAX 255
#define DNAME_LABELS_MAX 127
#define LABEL_MAX 63
/* Every byte may need \DDD: 4 characters each, and the NUL. */
#define DNAME_TEXT_MAX 1025

/*
 * Master file form (RFC 1035 section 5.1: \X and \DDD escapes, "@" is the
 * origin) to wire form. A name without a final dot is completed with `origin`
 * (wire form; NULL: such a name is an error). Returns the length in bytes, or
 * 0 with *why set to a static text.
 */
size_t dname_from_text(uint8_t out[DNAME_MAX], const char *text, size_t len, const uint8_t *origin, const char **why);

/* Master file form with a final dot. Returns `out`. */
const char *dname_to_text(const uint8_t *name, char out[DNAME_TEXT_MAX]);

size_t dname_len(const uint8_t *name);           /* bytes with the zero octet */
unsigned dname_labels(const uint8_t *name);      /* without the root label */
bool dname_valid(const uint8_t *name, size_t len); /* a whole name in exactly `len` bytes */
void dname_lower(uint8_t *out, const uint8_t *name, size_t len); /* out may be name */
bool dname_equal(const uint8_t *a, const uint8_t *b);            /* ignoring case */
/* The same of names whose lengths are known, from their ends: quick for long names of which one was made from the other. */
bool dname_equal_sized(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
bool dname_is_wildcard(const uint8_t *name);                     /* first label is "*" */
static inline const uint8_t *dname_parent(const uint8_t *name) { return name + name[0] + 1; }

/* The tail of `name` after its first `labels` labels. */
const uint8_t *dname_skip(const uint8_t *name, unsigned labels);

/* `name` is `ancestor` or below it, ignoring case. */
bool dname_is_below_or_equal(const uint8_t *name, const uint8_t *ancestor);

/* LABEL.name; `label` is `len` raw bytes. Returns the length, 0 when it would be too long. */
size_t dname_prepend(uint8_t out[DNAME_MAX], const void *label, size_t len, const uint8_t *name);

#endif
