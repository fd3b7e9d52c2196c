/*
 * handover_parts: the bytes of a handover; nobody else includes it.
 *     handover.c       the running process
 *     handover_take.c  its successor
 * They may be of different versions: what stands here is never changed, only
 * replaced beside a new magic.
 */
#ifndef FAIRLEAD_HANDOVER_PARTS_H
#define FAIRLEAD_HANDOVER_PARTS_H

#include <stdint.h>

#define HANDOVER_TAKE "take 1"
#define HANDOVER_READY "ready"
#define HANDOVER_WORD_MAX 16

#define HANDOVER_MAGIC 0x314f484cu /* "LHO1" */
/* The kernel takes 253 descriptors with one message (SCM_MAX_FD). */
#define HANDOVER_PART_MAX 200

/* With each message of descriptors; both processes are on one machine. */
struct handover_part { uint32_t magic; uint16_t total, count; };

#endif
