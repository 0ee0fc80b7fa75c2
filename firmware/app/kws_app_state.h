/* The state of the application, shared by its modules. */
#ifndef KWS_APP_STATE_H
#define KWS_APP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "kws_board.h"
#include "link/kws_link.h"
#include "slots/kws_slots.h"
#include "spotter/kws_spotter.h"

/* Memory of the spotter for any supported model: a tensor arena of 60 kB, with the default front end 2 x 2,891 bytes of
 * features, 2,891 bytes of input and 3,204 bytes of front-end memory, and the memory of the detector. HELLO reports
 * this value to the host. */
#define KWS_APP_MEMORY_BYTES 73728
/* The whole application: the memory above and at most 4 kB for link, slots and buffers. */
#define KWS_APP_MAX_BYTES (KWS_APP_MEMORY_BYTES + 4096)

typedef enum {
    KWS_APP_IDLE = 0,     /* no model */
    KWS_APP_SPOTTING = 1, /* the spotter runs the active model */
    KWS_APP_TESTING = 2   /* the spotter's memory holds a golden input */
} kws_app_mode_t;

typedef struct {
    const kws_board_t *board;
    kws_slots_t slots;
    kws_link_t link;
    kws_spotter_t spotter;
    kws_app_mode_t mode;
    kws_source_t source;
    bool reset_requested;
    uint32_t started_ms;
    uint32_t last_request_ms;
    uint32_t num_requests;   /* the link's count at last_request_ms */
    uint32_t num_inferences; /* before the last reset of the spotter */

    uint32_t keyword_ms; /* time at which the LED was last triggered */
    uint32_t activity_ms;
    bool keyword_on;
    bool activity_on;

    uint8_t received[256]; /* serial bytes that the link has not consumed yet */
    uint32_t received_size;
    uint32_t received_taken;
    int16_t samples[160]; /* microphone samples that the spotter has not consumed yet */
    uint32_t num_samples;
    uint32_t num_samples_taken;
    bool waiting;        /* samples wait until an inference ends */
    uint32_t waiting_ms; /* start of the wait */

    _Alignas(16) uint8_t memory[KWS_APP_MEMORY_BYTES];
} kws_app_t;

_Static_assert(sizeof(kws_app_t) <= KWS_APP_MAX_BYTES, "kws_app_t exceeds its memory budget");

#endif
