/* The application, the same on every board: spots keywords with the active model and serves the link. */
#ifndef KWS_APP_H
#define KWS_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "kws_board.h"
#include "link/kws_link.h"
#include "slots/kws_slots.h"
#include "spotter/kws_spotter.h"

/* Memory of the spotter, for any model: a tensor arena of 60 kB, 2 x 2,891 bytes of features and 2,891 of input with
 * the default front end, the front end's own 3,204, the detector's. HELLO tells it to the host. */
#define KWS_APP_MEMORY_BYTES 73728
/* The whole application: the memory above, and 4 kB at most for link, slots and buffers. */
#define KWS_APP_MAX_BYTES (KWS_APP_MEMORY_BYTES + 4096)

typedef enum {
    KWS_APP_IDLE = 0,     /* no model */
    KWS_APP_SPOTTING = 1, /* the spotter has the active model */
    KWS_APP_TESTING = 2   /* the spotter's memory serves golden inputs */
} kws_app_mode_t;

typedef struct {
    const kws_board_t *board;
    kws_slots_t slots;
    kws_link_t link;
    kws_spotter_t spotter;
    kws_app_mode_t mode;
    kws_source_t source;
    bool reset_wanted;
    uint32_t started_ms;
    uint32_t last_request_ms;
    uint32_t num_requests;   /* seen by last_request_ms */
    uint32_t num_inferences; /* before the spotter's last reset */

    uint32_t keyword_ms;  /* when the lights were switched on */
    uint32_t activity_ms;
    bool keyword_on;
    bool activity_on;

    uint8_t received[256]; /* serial bytes the link has not taken yet */
    uint32_t received_size;
    uint32_t received_taken;
    int16_t samples[160]; /* of the microphone, not yet taken by the spotter */
    uint32_t num_samples;
    uint32_t num_samples_taken;
    bool waiting;          /* samples wait for an inference to end */
    uint32_t waiting_ms;   /* since when */

    _Alignas(16) uint8_t memory[KWS_APP_MEMORY_BYTES];
} kws_app_t;

_Static_assert(sizeof(kws_app_t) <= KWS_APP_MAX_BYTES, "the application has outgrown its memory");

/* Starts the application on a board. `app` is zeros. KWS_OK, or KWS_ERROR_ARGUMENT where the board's flash has an
 * impossible geometry. */
int32_t kws_app_open(kws_app_t *app, const kws_board_t *board);

/* One round of the main loop; waits where there is nothing to do. */
void kws_app_step(kws_app_t *app);

/* Spots with the active model from a fresh start, on the microphone if there is one. */
void kws_app_spot(kws_app_t *app);

/* Does all there is of the inference under way, and announces what it detects. */
int32_t kws_app_finish_inference(kws_app_t *app);

/* What the application does for the link; kws_app_requests.c. */
kws_link_app_t kws_app_requests(kws_app_t *app);

/* For the slots: whether this firmware can run an image. `context` is the application. */
int kws_app_check_image(void *context, const uint8_t *image, uint32_t size_bytes);

#endif
