/* Two slots for model images in flash. While one image is in use, the other slot receives a new image, which becomes
 * active only when confirmed. After a power failure at any time, the next start finds either the old or the new image,
 * complete. The section "Slots" of docs/specifications/protocol.md describes the layout byte by byte and the
 * recovery. */
#ifndef KWS_SLOTS_H
#define KWS_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "slots/kws_flash.h"
#include "slots/kws_image_id.h"

/* python:begin */
#define KWS_NUM_SLOTS 2

typedef enum {
    KWS_PUSH_NONE = 0,      /* no push in progress */
    KWS_PUSH_RECEIVING = 1, /* after kws_slots_begin() */
    KWS_PUSH_VERIFIED = 2     /* verified and header written: the candidate */
} kws_push_state_t;

typedef struct {
    kws_flash_t flash;
    /* Returns KWS_OK if this firmware can run the image, otherwise a negative status. */
    int (*check)(void *context, const uint8_t *image, uint32_t size_bytes);
    void *check_context;

    int32_t active; /* slot of the active image, -1: none */
    int32_t active_entry;
    uint32_t active_sequence;
    kws_image_id_t active_id;

    kws_push_state_t push;
    int32_t target; /* slot of the push */
    int32_t target_entry;
    kws_image_id_t target_id;
    uint32_t num_received;
} kws_slots_t;

/* Finds the active image: the last confirmed image with a correct CRC32 that `check` accepts. It is not an error if
 * there is none. Returns KWS_OK, or KWS_ERROR_ARGUMENT if the flash geometry violates the requirements of
 * kws_flash.h. */
int kws_slots_open(kws_slots_t *slots, const kws_flash_t *flash,
                   int (*check)(void *context, const uint8_t *image, uint32_t size_bytes), void *check_context);

/* Returns the size of the largest image that fits into a slot, in bytes. */
uint32_t kws_slots_capacity(const kws_slots_t *slots);

/* Returns the address of the image in a slot. */
const uint8_t *kws_slots_image(const kws_slots_t *slots, int32_t slot);

/* Begins or resumes the push of an image into the inactive slot. Returns the byte offset at which the host continues (0
 * with `restart`), KWS_ERROR_SIZE if the image does not fit, or KWS_ERROR_FLASH. */
int kws_slots_begin(kws_slots_t *slots, const kws_image_id_t *id, bool restart);

/* Writes the next bytes of the image. `size_bytes` is a multiple of 4 except at the end of the image. Returns the next
 * expected offset. Ignores data at any other `position`. */
int kws_slots_write(kws_slots_t *slots, uint32_t position, const uint8_t *data, uint32_t size_bytes);

/* Verifies the complete image in flash and writes its header. Returns KWS_OK, KWS_ERROR_STATE if bytes are missing,
 * KWS_ERROR_CHECKSUM, the negative status of `check`, or KWS_ERROR_FLASH. */
int kws_slots_verify(kws_slots_t *slots);

/* Makes the candidate the active image. Returns KWS_OK, KWS_ERROR_STATE without a candidate, or KWS_ERROR_FLASH. */
int kws_slots_confirm(kws_slots_t *slots);

/* Ends the push without a change. The received bytes remain in flash for a later kws_slots_begin(). */
void kws_slots_abort(kws_slots_t *slots);
/* python:end */

#endif
