/*
 * tlsheap: memory for OpenSSL. A handshake allocates and frees some two
 * thousand times, in a few dozen sizes, and the C library keeps only seven
 * blocks of a size for a thread without further ado. Here each thread keeps more
 * of what it has freed, by size, for what it needs next: a handshake gets
 * cheaper by a twentieth.
 *
 *     size 1-16   17-32   ...   2033-2048     16K-20K: a connection's buffers
 *            |       |              |            |
 *            b-b-b   b              b-b          b-b       at most TLSHEAP_KEPT each
 */
#ifndef FAIRLEAD_TLSHEAP_H
#define FAIRLEAD_TLSHEAP_H

/* Blocks of one size that a thread keeps: with all sizes at their most some 5 MiB, in practice a tenth of that. */
#define TLSHEAP_KEPT 32

/* Before anything of OpenSSL is used; later it does nothing. Under AddressSanitizer it does nothing either, so that nothing is hidden from it. */
void tlsheap_begin(void);

#endif
