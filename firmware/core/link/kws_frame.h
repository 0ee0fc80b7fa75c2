/* Frames of the serial link: COBS between zero bytes, with a sequence number and a CRC32. The section "Frames" of
 * docs/specifications/protocol.md describes the layout byte by byte. */
#ifndef KWS_FRAME_H
#define KWS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* python:begin */
#define KWS_FRAME_MAX_PAYLOAD 1040 /* bytes: 1024 of data and 16 of preceding fields */
#define KWS_FRAME_OVERHEAD 7       /* verb, sequence, CRC32 */
#define KWS_FRAME_MAX_BODY 1047    /* payload and overhead */
#define KWS_FRAME_MAX_ENCODED 1054 /* body, 5 COBS codes, a zero byte at each end */

/* Decoder state of one frame. Must be initialized to zero. */
typedef struct {
    /* Valid after kws_frame_decode() has returned 1, until its next call: */
    uint8_t verb;
    uint16_t sequence;
    uint32_t crc32;
    uint32_t payload_size;
    uint8_t *payload; /* points into body */

    uint32_t num_bad; /* rejected frames: damaged, truncated or too long */

    uint8_t body[1047];
    uint32_t body_size;
    uint8_t block_left;   /* remaining bytes of the COBS block */
    bool block_zero;      /* a zero follows the block, unless the frame ends there */
    bool discarding;      /* the frame is invalid; skip bytes up to its end */
} kws_frame_decoder_t;

/* Writes one frame to `encoded`. Returns its size in bytes, or KWS_ERROR_SIZE if the payload exceeds
 * KWS_FRAME_MAX_PAYLOAD or the frame exceeds `capacity`. */
int kws_frame_encode(uint8_t verb, uint16_t sequence, const uint8_t *payload, uint32_t payload_size,
                     uint8_t *encoded, uint32_t capacity);

/* Reads bytes from `data` until a frame is complete or all bytes are used, and stores the number of used bytes in
 * `num_used`. Returns 1 if a frame is complete, 0 if all bytes are used. Damaged frames are counted and skipped. */
int kws_frame_decode(kws_frame_decoder_t *decoder, const uint8_t *data, uint32_t size, uint32_t *num_used);
/* python:end */

#endif
