#include "spotter/kws_spotter.h"

#include <string.h>

/* Larger than the memory of any microcontroller. Small enough that the sums below do not overflow 32 bits. */
#define MAX_ARENA_BYTES 0x08000000u

/* Offsets of the arrays in the memory, each with the alignment of its array. */
typedef struct {
    size_t frontend;
    size_t detector;
    size_t frame;
    size_t history;
    size_t input;
    size_t scores;
    size_t end;
} layout_t;

/* Sections of an image that determine the layout. */
typedef struct {
    const uint8_t *frontend;
    int32_t frontend_bytes;
    int32_t frontend_memory_bytes;
    const uint8_t *detector;
    int32_t detector_bytes;
    int32_t detector_memory_bytes;
    bool dynamic_scale;
} parts_t;

static size_t aligned(size_t offset) {
    return (offset + KWS_SPOTTER_ALIGNMENT - 1) / KWS_SPOTTER_ALIGNMENT * KWS_SPOTTER_ALIGNMENT;
}

static int32_t open_model(kws_spotter_t *spotter, const void *image, size_t size_bytes) {
    const int32_t status = kws_image_open(&spotter->image, image, size_bytes);
    return status == KWS_OK ? kws_model_open(&spotter->model, &spotter->image) : status;
}

static int32_t find_parts(const kws_spotter_t *spotter, parts_t *parts) {
    parts->frontend_bytes = kws_image_section(&spotter->image, KWS_SECTION_FRONTEND, &parts->frontend);
    parts->detector_bytes = kws_image_section(&spotter->image, KWS_SECTION_DETECTOR, &parts->detector);
    if (parts->frontend_bytes < 0 || parts->detector_bytes < 0) {
        return KWS_ERROR_FORMAT;
    }
    parts->frontend_memory_bytes = kws_frontend_memory_bytes(parts->frontend, (size_t)parts->frontend_bytes);
    if (parts->frontend_memory_bytes < 0) {
        return parts->frontend_memory_bytes;
    }
    parts->detector_memory_bytes = kws_detector_memory_bytes(parts->detector, (size_t)parts->detector_bytes);
    if (parts->detector_memory_bytes < 0) {
        return parts->detector_memory_bytes;
    }
    const kws_frontend_tables_t *const tables = (const void *)parts->frontend;
    parts->dynamic_scale = (tables->flags & KWS_FRONTEND_DYNAMIC_SCALE) != 0;
    if (spotter->model.arena_bytes > MAX_ARENA_BYTES) {
        return KWS_ERROR_UNSUPPORTED;
    }
    /* At most 2^24 samples per clip and 128 channels, so the product does not overflow. */
    const bool fits = tables->num_frames * tables->num_channels == spotter->model.input_size &&
                      spotter->image.label_count == spotter->model.output_size &&
                      (uint32_t)parts->detector_bytes == KWS_DETECTOR_HEAD_BYTES + 2 * spotter->model.output_size;
    return fits ? KWS_OK : KWS_ERROR_FORMAT;
}

static layout_t make_layout(const kws_spotter_t *spotter, const parts_t *parts) {
    const kws_frontend_tables_t *const tables = (const void *)parts->frontend;
    const size_t input_bytes = spotter->model.input_size;
    layout_t layout;
    layout.frontend = aligned(spotter->model.arena_bytes);
    layout.detector = aligned(layout.frontend + (size_t)parts->frontend_memory_bytes);
    layout.frame = aligned(layout.detector + (size_t)parts->detector_memory_bytes);
    layout.history = aligned(layout.frame + 2 * (size_t)tables->num_channels);
    layout.input = parts->dynamic_scale ? aligned(layout.history + 2 * input_bytes) : layout.history;
    layout.scores = aligned(layout.input + input_bytes);
    layout.end = aligned(layout.scores + spotter->model.output_size);
    return layout;
}

int32_t kws_spotter_memory_bytes(const void *image, size_t size_bytes) {
    kws_spotter_t spotter;
    parts_t parts;
    int32_t status = open_model(&spotter, image, size_bytes);
    if (status == KWS_OK) {
        status = find_parts(&spotter, &parts);
    }
    if (status != KWS_OK) {
        return status;
    }
    return (int32_t)make_layout(&spotter, &parts).end;
}

int32_t kws_spotter_init(kws_spotter_t *spotter, const void *image, size_t size_bytes, void *memory,
                         size_t memory_bytes) {
    if (spotter == NULL || memory == NULL || (uintptr_t)memory % KWS_SPOTTER_ALIGNMENT != 0) {
        return KWS_ERROR_ARGUMENT;
    }
    parts_t parts;
    int32_t status = open_model(spotter, image, size_bytes);
    if (status == KWS_OK) {
        status = find_parts(spotter, &parts);
    }
    if (status != KWS_OK) {
        return status;
    }
    const layout_t layout = make_layout(spotter, &parts);
    if (memory_bytes < layout.end) {
        return KWS_ERROR_SIZE;
    }
    uint8_t *const start = memory;
    spotter->arena = start;
    spotter->frame = (void *)(start + layout.frame);
    spotter->history = start + layout.history;
    spotter->input = (int8_t *)(start + layout.input);
    spotter->scores = (int8_t *)(start + layout.scores);
    status = kws_frontend_init(&spotter->frontend, parts.frontend, (size_t)parts.frontend_bytes,
                               start + layout.frontend, layout.detector - layout.frontend);
    if (status == KWS_OK) {
        status = kws_detector_init(&spotter->detector, parts.detector, (size_t)parts.detector_bytes,
                                   start + layout.detector, layout.frame - layout.detector);
    }
    if (status != KWS_OK) {
        return status;
    }
    const kws_frontend_tables_t *const tables = spotter->frontend.tables;
    const uint32_t hop = 1000 * tables->step_samples; /* in ms / sample_rate_hz */
    const uint32_t latency = spotter->detector.latency_ms * tables->sample_rate_hz;
    spotter->num_frames = tables->num_frames;
    spotter->frame_bytes = parts.dynamic_scale ? 2 * tables->num_channels : tables->num_channels;
    spotter->num_hops = latency > hop ? (latency - 1) / hop + 1 : 1;
    kws_spotter_reset(spotter);
    return KWS_OK;
}

/* Advances the stream time by num_samples. */
static void advance_time(kws_spotter_t *spotter, uint32_t num_samples) {
    const uint32_t rate_hz = spotter->frontend.tables->sample_rate_hz;
    const uint32_t remainder = spotter->time_remainder + 1000 * num_samples;
    spotter->time_ms += remainder / rate_hz;
    spotter->time_remainder = remainder % rate_hz;
}

void kws_spotter_reset(kws_spotter_t *spotter) {
    const kws_frontend_tables_t *const tables = spotter->frontend.tables;
    kws_frontend_reset(&spotter->frontend);
    kws_detector_reset(&spotter->detector);
    memset(spotter->scores, -128, spotter->model.output_size);
    spotter->num_missing = spotter->num_frames;
    spotter->running = false;
    spotter->inference_time_ms = 0;
    spotter->num_inferences = 0;
    /* With this start value the first frame, one hop later, ends at the end of its window. */
    spotter->time_ms = 0;
    spotter->time_remainder = 0;
    advance_time(spotter, tables->window_samples - tables->step_samples);
}

static int32_t start_inference(kws_spotter_t *spotter) {
    if (spotter->input != (int8_t *)spotter->history) {
        kws_frontend_quantize(&spotter->frontend, (const void *)spotter->history, spotter->model.input_size,
                              spotter->input);
    }
    spotter->num_missing = spotter->num_hops;
    spotter->inference_time_ms = spotter->time_ms;
    spotter->next_operator = 0;
    spotter->running = true;
    return kws_model_load(&spotter->model, spotter->arena, spotter->model.arena_bytes, spotter->input,
                          spotter->model.input_size);
}

static int32_t push_frame(kws_spotter_t *spotter, const uint16_t *frame) {
    const kws_frontend_tables_t *const tables = spotter->frontend.tables;
    const size_t older_bytes = (size_t)(spotter->num_frames - 1) * spotter->frame_bytes;
    memmove(spotter->history, spotter->history + spotter->frame_bytes, older_bytes);
    uint8_t *const newest = spotter->history + older_bytes;
    if (spotter->input == (int8_t *)spotter->history) {
        kws_frontend_quantize(&spotter->frontend, frame, tables->num_channels, (int8_t *)newest);
    } else {
        memcpy(newest, frame, spotter->frame_bytes);
    }
    advance_time(spotter, tables->step_samples);
    spotter->num_missing--;
    return spotter->num_missing == 0 ? start_inference(spotter) : KWS_OK;
}

/* Returns whether the next frame makes an inference due that cannot start yet. */
static bool must_wait(const kws_spotter_t *spotter) { return spotter->running && spotter->num_missing == 1; }

int32_t kws_spotter_push(kws_spotter_t *spotter, const int16_t *samples, size_t num_samples) {
    if (spotter == NULL || samples == NULL || num_samples > INT32_MAX) {
        return KWS_ERROR_ARGUMENT;
    }
    size_t taken = 0;
    while (taken < num_samples) {
        /* Consumes samples up to the end of a frame. If an inference is still running, the last sample of the frame
         * that makes the next inference due remains unconsumed. */
        size_t count = spotter->frontend.tables->window_samples - spotter->frontend.num_filled;
        count -= must_wait(spotter) ? 1 : 0;
        count = count < num_samples - taken ? count : num_samples - taken;
        if (count == 0) {
            break;
        }
        const int32_t frames = kws_frontend_push(&spotter->frontend, samples + taken, count, spotter->frame, 1);
        taken += count;
        const int32_t status = frames > 0 ? push_frame(spotter, spotter->frame) : frames;
        if (status < 0) {
            return status;
        }
    }
    return (int32_t)taken;
}

int32_t kws_spotter_push_features(kws_spotter_t *spotter, const uint16_t *features, size_t num_frames) {
    if (spotter == NULL || features == NULL || num_frames > INT32_MAX) {
        return KWS_ERROR_ARGUMENT;
    }
    size_t taken = 0;
    while (taken < num_frames && !must_wait(spotter)) {
        const int32_t status = push_frame(spotter, features + taken * spotter->frontend.tables->num_channels);
        if (status != KWS_OK) {
            return status;
        }
        taken++;
    }
    return (int32_t)taken;
}

int32_t kws_spotter_step(kws_spotter_t *spotter, kws_detection_t *detection) {
    if (spotter == NULL || detection == NULL) {
        return KWS_ERROR_ARGUMENT;
    }
    if (!spotter->running) {
        return 0;
    }
    const kws_model_t *const model = &spotter->model;
    int32_t status = KWS_OK;
    if (spotter->next_operator < model->num_operators) {
        status = kws_model_step(model, spotter->arena, model->arena_bytes, spotter->next_operator);
        spotter->next_operator++;
        spotter->running = status == KWS_OK;
        if (status != KWS_OK || spotter->next_operator < model->num_operators) {
            return status;
        }
    }
    spotter->running = false;
    spotter->num_inferences++;
    status = kws_model_store(model, spotter->arena, model->arena_bytes, spotter->scores, model->output_size);
    if (status != KWS_OK) {
        return status;
    }
    return kws_detector_process(&spotter->detector, spotter->scores, spotter->inference_time_ms, detection);
}

int32_t kws_spotter_finish(kws_spotter_t *spotter, kws_detection_t *detection) {
    int32_t status = 0;
    do {
        status = kws_spotter_step(spotter, detection);
    } while (status == 0 && spotter->running);
    return status;
}
