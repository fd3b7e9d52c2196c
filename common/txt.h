/*
 * txt: the rdata of a TXT record as it is written: strings (RFC 1035 section
 * 3.3.14), ours of the form key=value; and how they are read again. For query
 * threads, too: no allocation, no locks. The error is sticky: write all, look once.
 */
#ifndef FAIRLEAD_TXT_H
#define FAIRLEAD_TXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TXT_STRING_MAX 255 /* RFC 1035 section 3.3: one octet of length */

struct txt { uint8_t *at, *end, *start; bool failed; };

void txt_begin(struct txt *t, uint8_t *out, size_t size);
/* The length of the rdata; 0: it didn't fit. */
size_t txt_end(const struct txt *t);

void txt_put_bytes(struct txt *t, const char *text, size_t n);
/* One string. Only integers and texts may be formatted: printf needs no memory for them. */
void txt_put(struct txt *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "KEY=12.345" of 12345 thousandths. */
void txt_put_milli(struct txt *t, const char *key, uint64_t thousandths);
/* "KEY=12.3" of them. */
void txt_put_tenths(struct txt *t, const char *key, uint64_t thousandths);
/* `value` with so many `digits` (at most 9) behind the point; zeros at the end are left away, but for the first `least`. */
void txt_put_decimal(struct txt *t, const char *key, uint64_t value, unsigned digits, unsigned least);

/*
 * KEY=one,two,three: as many whole elements as fit in a string, then another
 * one of the same key. Without elements: "KEY=", if `even_empty`. With a limit,
 * what goes beyond so many bytes is left out, and a last element "..." says so.
 */
struct txt_list { struct txt *txt; const char *key; size_t len, left; bool cut; char text[TXT_STRING_MAX + 1]; };

void txt_list_begin(struct txt_list *l, struct txt *t, const char *key);
void txt_list_begin_limited(struct txt_list *l, struct txt *t, const char *key, size_t limit);
/* `separator`: before it, if it isn't the string's first. */
void txt_list_add(struct txt_list *l, char separator, const char *element);
void txt_list_end(struct txt_list *l, bool even_empty);

struct txt_reader { const uint8_t *at, *end; };

/* The next string with a zero behind it. "key=value" is cut in two; without "=" the value is NULL. False: no more. The strings must be whole (update_next looks). */
bool txt_next(struct txt_reader *r, char text[TXT_STRING_MAX + 1], char **value);

#endif
