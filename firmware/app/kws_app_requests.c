#include "kws_app_requests.h"

#include <string.h>

#include "common/kws_status.h"
#include "kws_app_spotting.h"

static int32_t test_open(void *context, int32_t slot) {
    kws_app_t *app = context;
    const kws_slots_t *slots = &app->slots;
    uint32_t size = slot == slots->active ? slots->active_id.size_bytes : slots->target_id.size_bytes;
    if (app->mode != KWS_APP_TESTING) {
        app->num_inferences += app->spotter.num_inferences;
        app->board->audio_start(app->board->context, 0);
    }
    app->mode = KWS_APP_TESTING;
    app->source = KWS_SOURCE_NONE;
    app->link.feeding = false;
    int32_t status = kws_spotter_init(&app->spotter, kws_slots_image(slots, slot), size, app->memory,
                                      sizeof app->memory);
    return status == KWS_OK ? (int32_t)app->spotter.model.input_size : status;
}

static int32_t test_input(void *context, uint32_t position, const uint8_t *data, uint32_t size_bytes) {
    kws_app_t *app = context;
    memcpy(app->spotter.input + position, data, size_bytes);
    return KWS_OK;
}

static int32_t test_run(void *context, int8_t *outputs, uint32_t max_outputs) {
    kws_app_t *app = context;
    const kws_spotter_t *spotter = &app->spotter;
    const kws_model_t *model = &spotter->model;
    if (model->output_size > max_outputs) {
        return KWS_ERROR_SIZE;
    }
    int32_t status = kws_model_invoke(model, spotter->arena, model->arena_bytes, spotter->input, model->input_size,
                                      outputs, model->output_size);
    app->num_inferences++;
    return status == KWS_OK ? (int32_t)model->output_size : status;
}

static void model_changed(void *context) {
    kws_app_start_spotting(context);
}

/* Runs the model on the spotter's input and counts cycles of the whole inference and of up to `max_counts` operators,
 * starting with operator `first`. */
static int32_t count_cycles(kws_app_t *app, uint32_t first, uint32_t *counts, uint32_t max_counts,
                            uint32_t *inference) {
    const kws_board_t *board = app->board;
    const kws_spotter_t *spotter = &app->spotter;
    const kws_model_t *model = &spotter->model;
    uint32_t start = board->cycles(board->context);
    int32_t status = kws_model_load(model, spotter->arena, model->arena_bytes, spotter->input, model->input_size);
    for (uint32_t i = 0; i < model->num_operators && status == KWS_OK; i++) {
        uint32_t before = board->cycles(board->context);
        status = kws_model_step(model, spotter->arena, model->arena_bytes, i);
        uint32_t count = board->cycles(board->context) - before;
        if (i >= first && i - first < max_counts) {
            counts[i - first] = count;
        }
    }
    if (status == KWS_OK) {
        status = kws_model_store(model, spotter->arena, model->arena_bytes, spotter->scores, model->output_size);
    }
    *inference = board->cycles(board->context) - start;
    return status;
}

static int32_t profile(void *context, uint32_t first, uint32_t *counts, uint32_t max_counts, uint32_t *inference) {
    kws_app_t *app = context;
    kws_app_start_spotting(app);
    if (app->mode != KWS_APP_SPOTTING) {
        return KWS_ERROR_STATE;
    }
    app->link.feeding = false;
    memset(app->spotter.input, 0, app->spotter.model.input_size);
    int32_t status = count_cycles(app, first, counts, max_counts, inference);
    int32_t num_operators = (int32_t)app->spotter.model.num_operators;
    kws_app_start_spotting(app); /* discards the zero input */
    return status == KWS_OK ? num_operators : status;
}

static int32_t feed_start(void *context, kws_feed_kind_t kind) {
    kws_app_t *app = context;
    (void)kind;
    kws_app_start_spotting(app);
    if (app->mode != KWS_APP_SPOTTING) {
        return KWS_ERROR_STATE;
    }
    app->board->audio_start(app->board->context, 0);
    app->source = KWS_SOURCE_FEED;
    return KWS_OK;
}

static int32_t feed_stop(void *context) {
    kws_app_t *app = context;
    if (app->source == KWS_SOURCE_FEED) {
        kws_app_start_spotting(app);
    }
    return KWS_OK;
}

/* Passes whole units, samples or frames, to the spotter. The spotter may have to complete an inference before it can
 * consume more units. */
static int32_t feed_units(kws_app_t *app, kws_feed_kind_t kind, const uint16_t *units, uint32_t num_units,
                          uint32_t unit_size) {
    uint32_t taken = 0;
    while (taken < num_units) {
        const uint16_t *next = units + taken * unit_size;
        int32_t count = kind == KWS_FEED_AUDIO
                            ? kws_spotter_push(&app->spotter, (const int16_t *)next, num_units - taken)
                            : kws_spotter_push_features(&app->spotter, next, num_units - taken);
        if (count < 0) {
            return count;
        }
        taken += (uint32_t)count;
        int32_t status = kws_app_finish_inference(app);
        if (status != KWS_OK) {
            return status;
        }
    }
    return KWS_OK;
}

static int32_t feed(void *context, kws_feed_kind_t kind, const uint8_t *data, uint32_t size_bytes) {
    kws_app_t *app = context;
    uint16_t units[128]; /* aligned, unlike the bytes of a frame; holds the largest frame of features */
    uint32_t unit_size = kind == KWS_FEED_AUDIO ? 1 : app->spotter.frontend.tables->num_channels;
    uint32_t unit_bytes = 2 * unit_size;
    if (size_bytes % unit_bytes != 0 || unit_bytes > sizeof units) {
        return KWS_ERROR_ARGUMENT;
    }
    int32_t status = KWS_OK;
    while (size_bytes > 0 && status == KWS_OK) {
        uint32_t num_units = sizeof units / unit_bytes;
        num_units = num_units * unit_bytes < size_bytes ? num_units : size_bytes / unit_bytes;
        memcpy(units, data, num_units * unit_bytes);
        status = feed_units(app, kind, units, num_units, unit_size);
        data += num_units * unit_bytes;
        size_bytes -= num_units * unit_bytes;
    }
    return status;
}

static void activity(void *context, kws_link_activity_t *activity) {
    const kws_app_t *app = context;
    activity->source = app->source;
    activity->uptime_ms = app->board->time_ms(app->board->context) - app->started_ms;
    activity->num_inferences = app->num_inferences;
    if (app->mode == KWS_APP_SPOTTING) {
        activity->num_inferences += app->spotter.num_inferences;
    }
}

static void reset(void *context) {
    ((kws_app_t *)context)->reset_requested = true;
}

kws_link_app_t kws_app_requests(kws_app_t *app) {
    return (kws_link_app_t){.context = app,
                            .test_open = test_open,
                            .test_input = test_input,
                            .test_run = test_run,
                            .profile = profile,
                            .feed_start = feed_start,
                            .feed_stop = feed_stop,
                            .feed = feed,
                            .model_changed = model_changed,
                            .activity = activity,
                            .reset = reset};
}
