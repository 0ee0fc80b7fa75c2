#include "kws_app_spotting.h"

#include <string.h>

#include "common/kws_status.h"
#include "model/kws_image.h"

#define KEYWORD_LED_MS 700u
#define ACTIVITY_LED_MS 150u
#define ACTIVITY_LEVEL 300 /* mean magnitude of 10 ms of samples: above a quiet room, below speech at 1 m */
#define MAX_WAIT_MS 40u    /* of samples for an inference; boards buffer 100 ms */

/* ---- LEDs ---- */

static void turn_on_led(kws_app_t *app, kws_led_t led, bool *on, uint32_t *since_ms) {
    *since_ms = app->board->time_ms(app->board->context);
    if (!*on) {
        *on = true;
        app->board->set_led(app->board->context, led, true);
    }
}

static void turn_off_led_after(kws_app_t *app, kws_led_t led, bool *on, uint32_t since_ms, uint32_t duration_ms) {
    if (*on && app->board->time_ms(app->board->context) - since_ms >= duration_ms) {
        *on = false;
        app->board->set_led(app->board->context, led, false);
    }
}

void kws_app_update_leds(kws_app_t *app) {
    turn_off_led_after(app, KWS_LED_KEYWORD, &app->keyword_on, app->keyword_ms, KEYWORD_LED_MS);
    turn_off_led_after(app, KWS_LED_ACTIVITY, &app->activity_on, app->activity_ms, ACTIVITY_LED_MS);
}

static void show_activity(kws_app_t *app) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < app->num_samples; i++) {
        int32_t sample = app->samples[i];
        sum += (uint32_t)(sample < 0 ? -sample : sample);
    }
    if (sum > ACTIVITY_LEVEL * app->num_samples) {
        turn_on_led(app, KWS_LED_ACTIVITY, &app->activity_on, &app->activity_ms);
    }
}

/* ---- inference ---- */

void kws_app_start_spotting(kws_app_t *app) {
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

static void post_detection(kws_app_t *app, const kws_detection_t *detection) {
    kws_event_t event = {.time_ms = detection->time_ms,
                         .label_index = (uint8_t)detection->index,
                         .score = (uint8_t)detection->score};
    const uint8_t *label;
    int32_t size = kws_image_label(&app->spotter.image, detection->index, &label);
    if (size > 0) {
        memcpy(event.label, label, (uint32_t)size < sizeof event.label ? (uint32_t)size : sizeof event.label);
    }
    kws_link_post(&app->link, &event);
    turn_on_led(app, KWS_LED_KEYWORD, &app->keyword_on, &app->keyword_ms);
}

int32_t kws_app_step_inference(kws_app_t *app) {
    kws_detection_t detection;
    int32_t fired = kws_spotter_step(&app->spotter, &detection);
    if (fired > 0) {
        post_detection(app, &detection);
    }
    return fired < 0 ? fired : KWS_OK;
}

int32_t kws_app_finish_inference(kws_app_t *app) {
    int32_t status = KWS_OK;
    while (status == KWS_OK && app->spotter.running) {
        status = kws_app_step_inference(app);
    }
    return status;
}

/* ---- audio ---- */

/* Multiplies by the volume gain of the model, with saturation. A gain of 0 leaves the samples unchanged. */
static void apply_gain(kws_app_t *app) {
    int32_t gain = (int32_t)app->spotter.detector.volume_gain;
    for (uint32_t i = 0; gain > 1 && i < app->num_samples; i++) {
        int32_t sample = app->samples[i] * gain;
        sample = sample > INT16_MAX ? INT16_MAX : sample;
        app->samples[i] = (int16_t)(sample < INT16_MIN ? INT16_MIN : sample);
    }
}

/* Increases the number of hops between inferences if an inference takes longer than that interval. Otherwise the delay
 * of the samples would grow until the board drops samples. */
static void adapt_hop(kws_app_t *app, bool waiting) {
    uint32_t now_ms = app->board->time_ms(app->board->context);
    if (!waiting || !app->waiting) {
        app->waiting_ms = now_ms;
    } else if (now_ms - app->waiting_ms > MAX_WAIT_MS) {
        app->spotter.num_hops++;
        app->waiting_ms = now_ms;
    }
    app->waiting = waiting;
}

bool kws_app_process_audio(kws_app_t *app) {
    const kws_board_t *board = app->board;
    if (app->num_samples_taken == app->num_samples) {
        uint32_t room = sizeof app->samples / sizeof app->samples[0];
        app->num_samples = board->audio_read(board->context, app->samples, room);
        app->num_samples_taken = 0;
        apply_gain(app);
        show_activity(app);
    }
    int32_t taken = kws_spotter_push(&app->spotter, app->samples + app->num_samples_taken,
                                       app->num_samples - app->num_samples_taken);
    if (taken < 0) {
        app->num_samples_taken = app->num_samples; /* unreachable with a model that passed the check */
        return false;
    }
    app->num_samples_taken += (uint32_t)taken;
    adapt_hop(app, app->num_samples_taken < app->num_samples);
    return taken > 0;
}
