/* Two slots for model images in flash: while one is in use the other takes a new image, which becomes active
 * only when confirmed. Whenever the power fails, the next start finds the old image or the new one, whole.
 * PROTOCOL.md, "Slots", has the layout byte by byte and says why it survives. */
#ifndef KWS_SLOTS_H
#define KWS_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "slots/kws_flash.h"
#include "slots/kws_image_id.h"

/* python:begin */
#define KWS_NUM_SLOTS 2

typedef enum {
    KWS_PUSH_NONE = 0,      /* nothing under way */
    KWS_PUSH_RECEIVING = 1, /* after kws_slots_begin() */
    KWS_PUSH_VERIFIED = 2     /* verified and its header written: the candidate */
} kws_push_state_t;

typedef struct {
    kws_flash_t flash;
    /* Whether this firmware can run an image: KWS_OK, or why not. */
    int (*check)(void *context, const uint8_t *image, uint32_t size_bytes);
    void *check_context;

    int32_t active; /* slot of the active image, -1 if there is none */
    int32_t active_entry;
    uint32_t active_sequence;
    kws_image_id_t active_id;

    kws_push_state_t push;
    int32_t target; /* slot of the push */
    int32_t target_entry;
    kws_image_id_t target_id;
    uint32_t num_received;
} kws_slots_t;

/* Finds the active image: the last confirmed one that is whole and passes `check`. Succeeds without any.
 * Returns KWS_ERROR_ARGUMENT where the geometry of the flash is not as kws_flash.h asks. */
int kws_slots_open(kws_slots_t *slots, const kws_flash_t *flash,
                   int (*check)(void *context, const uint8_t *image, uint32_t size_bytes), void *check_context);

/* Largest image a slot can hold, in bytes. */
uint32_t kws_slots_capacity(const kws_slots_t *slots);

/* Where the image of a slot begins. */
const uint8_t *kws_slots_image(const kws_slots_t *slots, int32_t slot);

/* Begins or resumes the push of an image into the slot that is not active. Returns the offset in bytes to go on
 * from (0 with `restart`), KWS_ERROR_SIZE where the image does not fit, or KWS_ERROR_FLASH. */
int kws_slots_begin(kws_slots_t *slots, const kws_image_id_t *id, bool restart);

/* Writes the next bytes of the image. `size_bytes` is a multiple of 4 but for the image's last bytes. Returns
 * the offset it expects next; data for any other `position` are left out. */
int kws_slots_write(kws_slots_t *slots, uint32_t position, const uint8_t *data, uint32_t size_bytes);

/* Verifies the whole image in flash and writes its header. Returns KWS_OK, KWS_ERROR_STATE where bytes are
 * missing, KWS_ERROR_CHECKSUM, the refusal of `check`, or KWS_ERROR_FLASH. */
int kws_slots_verify(kws_slots_t *slots);

/* Makes the candidate the active image. Returns KWS_OK, KWS_ERROR_STATE without a candidate, KWS_ERROR_FLASH. */
int kws_slots_confirm(kws_slots_t *slots);

/* Ends the push without a change; what was received stays in flash for a later kws_slots_begin(). */
void kws_slots_abort(kws_slots_t *slots);
/* python:end */

#endif
