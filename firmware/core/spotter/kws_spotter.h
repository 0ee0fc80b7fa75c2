/* A keyword spotter, whole: samples in, detections out. The same in the firmware, on the emulated board and on a PC.
 *
 * Samples become frames of features; the last frames, as many as the model takes, are kept; when those are there, and
 * from then on every latency_ms (rounded up to whole frames), the model runs over them and the detector judges its
 * scores. What comes out depends on the samples alone, not on the pieces they come in, and not on when the model runs:
 * its input is taken at the frame where it is due. kws_spotter_push takes samples and stops where the model is due
 * while it still runs; kws_spotter_step runs it, an operator a call, so that other work can be done in between.
 *
 * State belongs to the caller: a kws_spotter_t and memory of kws_spotter_memory_bytes(). No heap, no float.
 */
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
    uint16_t *frame;      /* the newest, num_channels */
    uint8_t *history;     /* the last num_frames frames, oldest first: int8, or uint16 with a dynamic scale */
    int8_t *input;        /* of the model, (num_frames, num_channels): the history itself, unless that is uint16 */
    int8_t *scores;       /* of the last inference, num_classes */
    uint32_t frame_bytes; /* of a frame in the history */
    uint32_t num_frames;
    uint32_t num_hops;    /* frames from one inference to the next; may be raised where inferences take longer */

    uint32_t num_missing; /* frames until the next inference is due */
    uint32_t time_ms;     /* end of the last frame, from the start of the stream; wraps */
    uint32_t time_remainder;   /* what is left of it, in ms / sample_rate_hz */
    bool running;         /* an inference is under way */
    uint32_t next_operator;
    uint32_t inference_time_ms; /* end of the last frame the inference saw */
    uint32_t num_inferences;    /* finished since the reset; wraps */
} kws_spotter_t;

/* Bytes of memory a spotter with this image needs, or a negative status: that of kws_image_open, kws_model_open,
 * kws_frontend_check or kws_detector_check, or KWS_ERROR_FORMAT where the parts do not fit together. */
int32_t kws_spotter_memory_bytes(const void *image, size_t size_bytes);

/* Opens the image, lays the memory out and resets. The image (aligned to KWS_IMAGE_ALIGNMENT) and the memory (aligned
 * to KWS_SPOTTER_ALIGNMENT) stay in place while the spotter is in use. KWS_OK, a status as above, KWS_ERROR_ARGUMENT
 * for null or misaligned, KWS_ERROR_SIZE where memory is too small. */
int32_t kws_spotter_init(kws_spotter_t *spotter, const void *image, size_t size_bytes, void *memory,
                         size_t memory_bytes);

/* Forgets all that was heard, and starts again at time 0. */
void kws_spotter_reset(kws_spotter_t *spotter);

/* Takes samples. Returns how many: fewer than num_samples where an inference is due and the one before still runs;
 * or a negative status. Where `running` is set afterwards, kws_spotter_step has work to do. */
int32_t kws_spotter_push(kws_spotter_t *spotter, const int16_t *samples, size_t num_samples);

/* The same for frames of features as kws_frontend_push gives them, (num_frames, num_channels); returns frames. Do not
 * mix with samples between two resets. */
int32_t kws_spotter_push_features(kws_spotter_t *spotter, const uint16_t *features, size_t num_frames);

/* Does the next operator of the inference that is under way, if one is. Returns 1 and fills `detection` where that
 * ended the inference and a word fires; else 0, or a negative status. `running` is cleared when it has ended. */
int32_t kws_spotter_step(kws_spotter_t *spotter, kws_detection_t *detection);

/* The same to the end of the inference. */
int32_t kws_spotter_finish(kws_spotter_t *spotter, kws_detection_t *detection);
/* python:end */

#endif
