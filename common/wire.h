/*
 * wire: a bounded reader and a bounded writer for messages. Both have a
 * sticky error: read or write many fields, look at `failed` once. After a
 * failure reads give 0 and writes do nothing, so no length is ever trusted.
 */
#ifndef FAIRLEAD_WIRE_H
#define FAIRLEAD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire_reader {
	const uint8_t *start, *at, *end;
	bool failed;
};

struct wire_writer {
	uint8_t *start, *at, *end;
	bool failed;
};

/* gcc 12 at -O2 sees writes behind an array that the bound of a writer excludes, once all of this is inlined. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

static inline uint16_t wire_get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t wire_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void wire_set16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8); p[1] = (uint8_t)v; }
static inline void wire_set32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24); p[1] = (uint8_t)(v >> 16); p[2] = (uint8_t)(v >> 8); p[3] = (uint8_t)v;
}

static inline void wire_reader_init(struct wire_reader *r, const void *p, size_t len)
{
	r->start = r->at = p; r->end = r->start + len; r->failed = false;
}
static inline size_t wire_left(const struct wire_reader *r) { return (size_t)(r->end - r->at); }
/* `n` bytes, or NULL (and failed) when fewer are left. */
static inline const uint8_t *wire_read(struct wire_reader *r, size_t n)
{
	const uint8_t *p = r->at;
	if (r->failed || wire_left(r) < n) { r->failed = true; return NULL; }
	r->at += n;
	return p;
}
static inline uint8_t wire_read8(struct wire_reader *r) { const uint8_t *p = wire_read(r, 1); return p ? *p : 0; }
static inline uint16_t wire_read16(struct wire_reader *r) { const uint8_t *p = wire_read(r, 2); return p ? wire_get16(p) : 0; }
static inline uint32_t wire_read32(struct wire_reader *r) { const uint8_t *p = wire_read(r, 4); return p ? wire_get32(p) : 0; }

/*
 * A possibly compressed name (RFC 1035 section 4.1.4) at the reader's place,
 * into uncompressed form. Pointers may only go backwards, strictly, so a loop
 * is not possible. Returns the length, or 0 (and failed).
 */
size_t wire_read_name(struct wire_reader *r, uint8_t out[255]);

/* Behind a name that somebody else reads: a pointer's target is not looked at. */
static inline void wire_skip_name(struct wire_reader *r)
{
	uint8_t n;
	while ((n = wire_read8(r)) != 0 && n < 0xc0)
		wire_read(r, n);
	if (n)
		wire_read8(r);
}

static inline void wire_writer_init(struct wire_writer *w, void *p, size_t size)
{
	w->start = w->at = p; w->end = w->start + size; w->failed = false;
}
static inline size_t wire_written(const struct wire_writer *w) { return (size_t)(w->at - w->start); }
/* Room for `n` bytes, to be filled by the caller, or NULL (and failed). */
static inline uint8_t *wire_room(struct wire_writer *w, size_t n)
{
	uint8_t *p = w->at;
	if (w->failed || (size_t)(w->end - w->at) < n) { w->failed = true; return NULL; }
	w->at += n;
	return p;
}
static inline void wire_write(struct wire_writer *w, const void *data, size_t n)
{
	uint8_t *p = wire_room(w, n);
	if (p && n) memcpy(p, data, n);
}
static inline void wire_write8(struct wire_writer *w, uint8_t v) { uint8_t *p = wire_room(w, 1); if (p) *p = v; }
static inline void wire_write16(struct wire_writer *w, uint16_t v) { uint8_t *p = wire_room(w, 2); if (p) wire_set16(p, v); }
static inline void wire_write32(struct wire_writer *w, uint32_t v) { uint8_t *p = wire_room(w, 4); if (p) wire_set32(p, v); }

#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic pop
#endif

#endif
