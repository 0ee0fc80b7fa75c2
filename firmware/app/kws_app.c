#include "kws_app.h"

#include "common/kws_status.h"
#include "kws_app_requests.h"
#include "kws_app_spotting.h"

#define HOST_TIMEOUT_MS 5000u /* without a request, a test or a feed ends */
#define MAX_BLOCKS 32u        /* of samples between two operators, to limit the response time of the link */
#define MAX_IDLE_MS 50u       /* limits the delay of turning off an LED */

/* Returns KWS_OK if this firmware can run the image. */
static int check_image(void *context, const uint8_t *image, uint32_t size_bytes) {
    (void)context;
    int32_t needed = kws_spotter_memory_bytes(image, size_bytes);
    if (needed < 0) {
        return needed;
    }
    return needed <= KWS_APP_MEMORY_BYTES ? KWS_OK : KWS_ERROR_SIZE;
}

int32_t kws_app_open(kws_app_t *app, const kws_board_t *board) {
    app->board = board;
    int32_t status = kws_slots_open(&app->slots, &board->flash, check_image, app);
    if (status != KWS_OK) {
        return status;
    }
    kws_link_identity_t identity = {.board = board->name,
                                    .firmware = board->version,
                                    .cycles_name = board->cycles_name,
                                    .window_bytes = board->serial_window_bytes,
                                    .memory_bytes = sizeof app->memory,
                                    .image_version = KWS_IMAGE_FORMAT_VERSION};
    kws_link_app_t requests = kws_app_requests(app);
    status = kws_link_open(&app->link, &app->slots, &requests, &identity);
    app->started_ms = app->last_request_ms = board->time_ms(board->context);
    if (status == KWS_OK) {
        kws_app_start_spotting(app);
    }
    return status;
}

/* Returns whether the link consumed or sent bytes. */
static bool serve_link(kws_app_t *app) {
    const kws_board_t *board = app->board;
    if (app->received_taken == app->received_size) {
        app->received_size = board->serial_read(board->context, app->received, sizeof app->received);
        app->received_taken = 0;
    }
    uint32_t taken = kws_link_receive(&app->link, app->received + app->received_taken,
                                      app->received_size - app->received_taken);
    app->received_taken += taken;
    const uint8_t *data;
    uint32_t size = kws_link_pending(&app->link, &data);
    uint32_t sent = size > 0 ? board->serial_write(board->context, data, size) : 0;
    kws_link_sent(&app->link, sent);
    if (app->reset_requested && kws_link_pending(&app->link, &data) == 0) {
        board->reset(board->context);
    }
    return taken > 0 || sent > 0;
}

/* Returns to spotting if the host stops sending requests during a test or a feed. */
static void check_host_timeout(kws_app_t *app) {
    uint32_t now_ms = app->board->time_ms(app->board->context);
    if (app->num_requests != app->link.num_requests) {
        app->num_requests = app->link.num_requests;
        app->last_request_ms = now_ms;
    } else if (now_ms - app->last_request_ms >= HOST_TIMEOUT_MS &&
               (app->mode == KWS_APP_TESTING || app->source == KWS_SOURCE_FEED)) {
        app->link.feeding = false;
        app->link.test_slot = -1;
        kws_app_start_spotting(app);
    }
}

void kws_app_step(kws_app_t *app) {
    const kws_board_t *board = app->board;
    bool busy = serve_link(app);
    if (app->mode == KWS_APP_SPOTTING) {
        if (app->source == KWS_SOURCE_MICROPHONE) {
            /* All available samples, because the next operator can take as long as the board can buffer samples. */
            for (uint32_t i = 0; i < MAX_BLOCKS && kws_app_process_audio(app); i++) {
                busy = true;
            }
        }
        if (app->spotter.running) {
            (void)kws_app_step_inference(app);
            busy = true;
        }
    }
    check_host_timeout(app);
    kws_app_update_leds(app);
    if (!busy) {
        board->idle(board->context, MAX_IDLE_MS);
    }
}
