/* Keyword spotter: converts audio samples to detections. The firmware, the emulated board and the Python package use
 * the same code.
 *
 * The front end converts samples to frames of features. The spotter keeps the most recent frames, as many as the model
 * input requires. Once that number is available, the model runs every latency_ms, rounded up to whole frames, and the
 * detector processes its scores. The result depends only on the samples. It does not depend on how the samples are
 * divided into calls, nor on when the model runs, because the model input is copied at the frame at which the inference
 * is due. kws_spotter_push stops consuming samples if an inference becomes due while the previous one is still running.
 * kws_spotter_step runs one operator per call, so that the caller can do other work between operators.
 *
 * The caller provides the memory: a kws_spotter_t and a buffer of kws_spotter_memory_bytes(). The spotter uses no heap
 * and no floating point. */
#ifndef KWS_SPOTTER_H
#define KWS_SPOTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/kws_detector.h"
#include "frontend/kws_frontend.h"
#include "model/kws_image.h"
#include "model/kws_model.h"

/* python:begin */
#define KWS_SPOTTER_ALIGNMENT 8

typedef struct {
    kws_image_t image;
    kws_model_t model;
    kws_frontend_t frontend;
    kws_detector_t detector;

    uint8_t *arena;
    uint16_t *frame;      /* the latest frame, num_channels */
    uint8_t *history;     /* the last num_frames frames, oldest first: int8, or uint16 with a dynamic scale */
    int8_t *input;        /* model input, (num_frames, num_channels): equal to `history` if that is int8 */
    int8_t *scores;       /* scores of the last inference, num_classes */
    uint32_t frame_bytes; /* bytes per frame in the history */
    uint32_t num_frames;
    uint32_t num_hops;    /* frames between inferences; the application may increase it if inferences take longer */

    uint32_t num_missing; /* frames until the next inference is due */
    uint32_t time_ms;     /* end of the last frame, relative to the start of the stream; wraps */
    uint32_t time_remainder;   /* remainder of time_ms, in ms / sample_rate_hz */
    bool running;         /* an inference is in progress */
    uint32_t next_operator;
    uint32_t inference_time_ms; /* end of the last frame in the input of the inference */
    uint32_t num_inferences;    /* completed since the reset; wraps */
} kws_spotter_t;

/* Returns the bytes of memory that a spotter with this image requires, or a negative status: that of kws_image_open,
 * kws_model_open, kws_frontend_check or kws_detector_check, or KWS_ERROR_FORMAT if the sections do not match each
 * other. */
int32_t kws_spotter_memory_bytes(const void *image, size_t size_bytes);

/* Opens the image, divides the memory into its arrays and resets the spotter. The image (aligned to
 * KWS_IMAGE_ALIGNMENT) and the memory (aligned to KWS_SPOTTER_ALIGNMENT) must remain valid while the spotter is in use.
 * Returns KWS_OK, a status of kws_spotter_memory_bytes, KWS_ERROR_ARGUMENT (null or misaligned pointer), or
 * KWS_ERROR_SIZE if the memory is too small. */
int32_t kws_spotter_init(kws_spotter_t *spotter, const void *image, size_t size_bytes, void *memory,
                         size_t memory_bytes);

/* Resets the spotter and sets the stream time to 0. */
void kws_spotter_reset(kws_spotter_t *spotter);

/* Consumes samples. Returns the number of consumed samples or a negative status. The number is less than num_samples if
 * an inference is due while the previous one is still running. If `running` is set afterwards, call
 * kws_spotter_step. */
int32_t kws_spotter_push(kws_spotter_t *spotter, const int16_t *samples, size_t num_samples);

/* Consumes frames of features as produced by kws_frontend_push, (num_frames, num_channels). Returns the number of
 * consumed frames or a negative status. Do not mix frames and samples between two resets. */
int32_t kws_spotter_push_features(kws_spotter_t *spotter, const uint16_t *features, size_t num_frames);

/* Runs the next operator of the current inference, if any. Returns 1 and fills `detection` if the inference completes
 * and a keyword is detected, otherwise 0 or a negative status. Clears `running` when the inference completes. */
int32_t kws_spotter_step(kws_spotter_t *spotter, kws_detection_t *detection);

/* Runs the current inference to completion. Returns the same values as kws_spotter_step. */
int32_t kws_spotter_finish(kws_spotter_t *spotter, kws_detection_t *detection);
/* python:end */

#endif
