/* The model image: one blob with everything a keyword spotter is, apart from the code that runs it.
 * docs/model_image.md describes it byte by byte. The reader trusts nothing: every offset, size and
 * count is checked before it is used. */
#ifndef KWS_IMAGE_H
#define KWS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/kws_status.h"

/* python:begin */
#define KWS_IMAGE_FORMAT_VERSION 1
#define KWS_IMAGE_HEADER_BYTES 64
#define KWS_IMAGE_ALIGNMENT 16
#define KWS_IMAGE_SHA256_BYTES 32

typedef enum {
    KWS_SECTION_PROGRAM = 1,   /* operators in order, with their places in the arena (kws_program.h) */
    KWS_SECTION_CONSTANTS = 2, /* packed weights, requantization constants, tables */
    KWS_SECTION_LABELS = 3,    /* one label a class */
    KWS_SECTION_FRONTEND = 4,  /* tables of the audio front end; kws_frontend_check validates them */
    KWS_SECTION_DETECTOR = 5,  /* settings of the detector */
    KWS_SECTION_NAME = 6       /* name and version of the model, UTF-8 */
} kws_section_t;

typedef struct {
    const uint8_t *data;
    uint32_t size;          /* bytes, header and sections */
    uint32_t arena_bytes;   /* memory kws_model_invoke needs */
    uint32_t section_count;
    uint32_t label_count;
    uint32_t crc32;         /* as stored and verified */
} kws_image_t;

/* Checks the header, the CRC32 and the section table of the `size` bytes at `data`, which may be
 * followed by other data. `data` must be aligned to KWS_IMAGE_ALIGNMENT and stay in place as long
 * as the image is in use. Returns KWS_OK, or KWS_ERROR_ARGUMENT (null or misaligned), KWS_ERROR_SIZE
 * (cut short), KWS_ERROR_CHECKSUM, KWS_ERROR_UNSUPPORTED (another format version), KWS_ERROR_FORMAT. */
int32_t kws_image_open(kws_image_t *image, const void *data, size_t size);

/* Points `section` to the section `id` (a kws_section_t) and returns its size in bytes, or
 * KWS_ERROR_FORMAT where the image has none. */
int32_t kws_image_section(const kws_image_t *image, uint32_t id, const uint8_t **section);

/* Points `label` to the UTF-8 text of the class `index`, which is not terminated, and returns its
 * length in bytes, or KWS_ERROR_ARGUMENT where there is no such class. */
int32_t kws_image_label(const kws_image_t *image, uint32_t index, const uint8_t **label);

/* Points to the KWS_IMAGE_SHA256_BYTES of the hash of the .tflite the image was compiled from. */
const uint8_t *kws_image_source_sha256(const kws_image_t *image);
/* python:end */

#endif
