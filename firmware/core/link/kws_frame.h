/* Frames of the serial link: COBS between zero bytes, each with a sequence number and a CRC32. PROTOCOL.md,
 * "Frames", has the layout byte by byte. */
#ifndef KWS_FRAME_H
#define KWS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* python:begin */
#define KWS_FRAME_MAX_PAYLOAD 1040 /* bytes: 1024 of data and 16 of fields before them */
#define KWS_FRAME_OVERHEAD 7       /* verb, sequence, CRC32 */
#define KWS_FRAME_MAX_BODY 1047    /* payload and overhead */
#define KWS_FRAME_MAX_ENCODED 1054 /* body, 5 COBS codes, a zero byte on either side */

/* Collects the bytes of one frame. Zero-initialise it. */
typedef struct {
    /* After kws_frame_decode() returned 1, and until it is called again: */
    uint8_t verb;
    uint16_t sequence;
    uint32_t crc32;
    uint32_t payload_size;
    uint8_t *payload; /* points into body */

    uint32_t num_bad; /* frames given up so far: damaged, cut short or too long */

    uint8_t body[1047];
    uint32_t body_size;
    uint8_t block_left;   /* bytes left of the COBS block */
    bool block_zero;      /* a zero follows the block, unless the frame ends there */
    bool discarding;      /* the frame cannot be right: wait for its end */
} kws_frame_decoder_t;

/* Writes one frame to `encoded`. Returns its size in bytes, or KWS_ERROR_SIZE where the payload is above
 * KWS_FRAME_MAX_PAYLOAD or the frame does not fit `capacity`. */
int kws_frame_encode(uint8_t verb, uint16_t sequence, const uint8_t *payload, uint32_t payload_size,
                     uint8_t *encoded, uint32_t capacity);

/* Takes bytes from `data` until a frame is whole or none are left, and says in `num_used` how many it took.
 * Returns 1 when a frame is whole, 0 when all bytes are used up. Damaged frames are counted and left out. */
int kws_frame_decode(kws_frame_decoder_t *decoder, const uint8_t *data, uint32_t size, uint32_t *num_used);
/* python:end */

#endif
