#include "kws_app.h"

#include <string.h>

#include "common/kws_status.h"
#include "model/kws_image.h"

#define KEYWORD_LIGHT_MS 700u
#define ACTIVITY_LIGHT_MS 150u
#define ACTIVITY_LEVEL 300 /* mean magnitude of 10 ms of samples: speech at a metre, not a quiet room */
#define HOST_GONE_MS 5000u /* without a request: a test or a feed is given up */
#define MAX_BLOCKS 32u     /* of samples between two operators, so that the link is served too */
#define MAX_WAIT_MS 40u    /* of samples for an inference; boards hold 100 ms of them */
#define MAX_IDLE_MS 50u    /* the lights go out in time */

int kws_app_check_image(void *context, const uint8_t *image, uint32_t size_bytes) {
    (void)context;
    int32_t needed = kws_spotter_memory_bytes(image, size_bytes);
    if (needed < 0) {
        return needed;
    }
    return needed <= KWS_APP_MEMORY_BYTES ? KWS_OK : KWS_ERROR_SIZE;
}

void kws_app_spot(kws_app_t *app) {
    const kws_board_t *board = app->board;
    const kws_slots_t *slots = &app->slots;
    app->num_inferences += app->spotter.num_inferences;
    memset(&app->spotter, 0, sizeof app->spotter);
    app->mode = KWS_APP_IDLE;
    app->source = KWS_SOURCE_NONE;
    app->num_samples = app->num_samples_taken = 0;
    if (slots->active < 0 || kws_spotter_init(&app->spotter, kws_slots_image(slots, slots->active),
                                              slots->active_id.size_bytes, app->memory, sizeof app->memory) != KWS_OK) {
        board->audio_start(board->context, 0);
        return;
    }
    app->mode = KWS_APP_SPOTTING;
    uint32_t rate_hz = app->spotter.frontend.tables->sample_rate_hz;
    if (board->audio_start(board->context, rate_hz) == KWS_OK) {
        app->source = KWS_SOURCE_MICROPHONE;
    }
}

int32_t kws_app_open(kws_app_t *app, const kws_board_t *board) {
    app->board = board;
    int32_t status = kws_slots_open(&app->slots, &board->flash, kws_app_check_image, app);
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
        kws_app_spot(app);
    }
    return status;
}

/* ---- lights ---- */

static void light(kws_app_t *app, kws_led_t led, bool *on, uint32_t *since_ms) {
    *since_ms = app->board->time_ms(app->board->context);
    if (!*on) {
        *on = true;
        app->board->set_led(app->board->context, led, true);
    }
}

static void dim(kws_app_t *app, kws_led_t led, bool *on, uint32_t since_ms, uint32_t duration_ms) {
    if (*on && app->board->time_ms(app->board->context) - since_ms >= duration_ms) {
        *on = false;
        app->board->set_led(app->board->context, led, false);
    }
}

static void show_activity(kws_app_t *app) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < app->num_samples; i++) {
        int32_t sample = app->samples[i];
        sum += (uint32_t)(sample < 0 ? -sample : sample);
    }
    if (sum > ACTIVITY_LEVEL * app->num_samples) {
        light(app, KWS_LED_ACTIVITY, &app->activity_on, &app->activity_ms);
    }
}

/* ---- spotting ---- */

static void announce(kws_app_t *app, const kws_detection_t *detection) {
    kws_event_t event = {.time_ms = detection->time_ms,
                         .label_index = (uint8_t)detection->index,
                         .score = (uint8_t)detection->score};
    const uint8_t *label;
    int32_t size = kws_image_label(&app->spotter.image, detection->index, &label);
    if (size > 0) {
        memcpy(event.label, label, (uint32_t)size < sizeof event.label ? (uint32_t)size : sizeof event.label);
    }
    kws_link_post(&app->link, &event);
    light(app, KWS_LED_KEYWORD, &app->keyword_on, &app->keyword_ms);
}

static int32_t step_inference(kws_app_t *app) {
    kws_detection_t detection;
    int32_t fired = kws_spotter_step(&app->spotter, &detection);
    if (fired > 0) {
        announce(app, &detection);
    }
    return fired < 0 ? fired : KWS_OK;
}

int32_t kws_app_finish_inference(kws_app_t *app) {
    int32_t status = KWS_OK;
    while (status == KWS_OK && app->spotter.running) {
        status = step_inference(app);
    }
    return status;
}

/* The model's gain of the microphone, saturating; 0 leaves the samples as they are. */
static void amplify(kws_app_t *app) {
    int32_t gain = (int32_t)app->spotter.detector.volume_gain;
    for (uint32_t i = 0; gain > 1 && i < app->num_samples; i++) {
        int32_t sample = app->samples[i] * gain;
        sample = sample > INT16_MAX ? INT16_MAX : sample;
        app->samples[i] = (int16_t)(sample < INT16_MIN ? INT16_MIN : sample);
    }
}

/* Where inferences take longer than the time from one to the next, samples wait ever longer, and would be lost in the
 * end: then the model runs less often. */
static void keep_up(kws_app_t *app, bool waiting) {
    uint32_t now_ms = app->board->time_ms(app->board->context);
    if (!waiting || !app->waiting) {
        app->waiting_ms = now_ms;
    } else if (now_ms - app->waiting_ms > MAX_WAIT_MS) {
        app->spotter.num_hops++;
        app->waiting_ms = now_ms;
    }
    app->waiting = waiting;
}

/* Returns whether there was anything to do. */
static bool hear(kws_app_t *app) {
    const kws_board_t *board = app->board;
    if (app->num_samples_taken == app->num_samples) {
        uint32_t room = sizeof app->samples / sizeof app->samples[0];
        app->num_samples = board->audio_read(board->context, app->samples, room);
        app->num_samples_taken = 0;
        amplify(app);
        show_activity(app);
    }
    int32_t taken = kws_spotter_listen(&app->spotter, app->samples + app->num_samples_taken,
                                       app->num_samples - app->num_samples_taken);
    if (taken < 0) {
        app->num_samples_taken = app->num_samples; /* cannot happen with a model that was checked */
        return false;
    }
    app->num_samples_taken += (uint32_t)taken;
    keep_up(app, app->num_samples_taken < app->num_samples);
    return taken > 0;
}

/* ---- the link ---- */

static bool serve(kws_app_t *app) {
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
    if (app->reset_wanted && kws_link_pending(&app->link, &data) == 0) {
        board->reset(board->context);
    }
    return taken > 0 || sent > 0;
}

static void notice_silence(kws_app_t *app) {
    uint32_t now_ms = app->board->time_ms(app->board->context);
    if (app->num_requests != app->link.num_requests) {
        app->num_requests = app->link.num_requests;
        app->last_request_ms = now_ms;
    } else if (now_ms - app->last_request_ms >= HOST_GONE_MS &&
               (app->mode == KWS_APP_TESTING || app->source == KWS_SOURCE_FEED)) {
        app->link.feeding = false;
        app->link.test_slot = -1;
        kws_app_spot(app);
    }
}

void kws_app_step(kws_app_t *app) {
    const kws_board_t *board = app->board;
    bool busy = serve(app);
    if (app->mode == KWS_APP_SPOTTING) {
        if (app->source == KWS_SOURCE_MICROPHONE) {
            /* All there is, as the operator that follows may take as long as the board can hold samples. */
            for (uint32_t i = 0; i < MAX_BLOCKS && hear(app); i++) {
                busy = true;
            }
        }
        if (app->spotter.running) {
            (void)step_inference(app);
            busy = true;
        }
    }
    notice_silence(app);
    dim(app, KWS_LED_KEYWORD, &app->keyword_on, app->keyword_ms, KEYWORD_LIGHT_MS);
    dim(app, KWS_LED_ACTIVITY, &app->activity_on, app->activity_ms, ACTIVITY_LIGHT_MS);
    if (!busy) {
        board->idle(board->context, MAX_IDLE_MS);
    }
}
