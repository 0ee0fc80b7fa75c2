/* Reader of model images. A model image holds all data of a keyword spotter. docs/specifications/model_image.md
 * describes the format byte by byte. The reader checks every offset, size and count before using it. */
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
    KWS_SECTION_PROGRAM = 1,   /* operators in order, with their offsets in the arena (kws_program.h) */
    KWS_SECTION_CONSTANTS = 2, /* packed weights, requantization constants and tables */
    KWS_SECTION_LABELS = 3,    /* one label per class */
    KWS_SECTION_FRONTEND = 4,  /* tables of the audio front end, checked by kws_frontend_check */
    KWS_SECTION_DETECTOR = 5,  /* detector settings */
    KWS_SECTION_NAME = 6       /* name and version of the model, UTF-8 */
} kws_section_t;

typedef struct {
    const uint8_t *data;
    uint32_t size;          /* bytes of header and sections */
    uint32_t arena_bytes;   /* memory required by kws_model_invoke */
    uint32_t section_count;
    uint32_t label_count;
    uint32_t crc32;         /* the stored value, which has been verified */
} kws_image_t;

/* Checks the header, the CRC32 and the section table of the image at `data`. `size` may include further data after the
 * image. `data` must be aligned to KWS_IMAGE_ALIGNMENT and remain valid while the image is in use. Returns KWS_OK,
 * KWS_ERROR_ARGUMENT (null or misaligned), KWS_ERROR_SIZE (truncated), KWS_ERROR_CHECKSUM, KWS_ERROR_UNSUPPORTED (other
 * format version) or KWS_ERROR_FORMAT. */
int32_t kws_image_open(kws_image_t *image, const void *data, size_t size);

/* Sets `section` to the section `id` (a kws_section_t). Returns its size in bytes, or KWS_ERROR_FORMAT if the image has
 * no such section. */
int32_t kws_image_section(const kws_image_t *image, uint32_t id, const uint8_t **section);

/* Sets `label` to the UTF-8 text of the class `index`, which is not null-terminated. Returns its length in bytes, or
 * KWS_ERROR_ARGUMENT if there is no such class. */
int32_t kws_image_label(const kws_image_t *image, uint32_t index, const uint8_t **label);

/* Returns the SHA-256 (KWS_IMAGE_SHA256_BYTES) of the .tflite file from which the image was compiled. */
const uint8_t *kws_image_source_sha256(const kws_image_t *image);
/* python:end */

#endif
