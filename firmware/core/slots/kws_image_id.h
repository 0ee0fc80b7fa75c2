/* The identity of a model image: size, CRC32 and SHA-256. */
#ifndef KWS_IMAGE_ID_H
#define KWS_IMAGE_ID_H

#include <stdint.h>

/* python:begin */
#define KWS_SHA256_BYTES 32

typedef struct {
    uint32_t size_bytes;
    uint32_t crc32;
    uint8_t sha256[32];
} kws_image_id_t;
/* python:end */

#endif
