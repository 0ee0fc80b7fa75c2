/* Audio front end: converts 16-bit samples to one frame of log-mel features per hop. Fixed point, bit-exact on all
 * platforms.
 *
 * The caller provides the memory: a kws_frontend_t and a buffer of kws_frontend_memory_bytes(). With the default
 * settings (16 kHz, window 480, FFT 512, 49 channels) the buffer has 3,204 bytes. The front end uses no heap, no
 * floating point and no other state. */
#ifndef KWS_FRONTEND_H
#define KWS_FRONTEND_H

#include <stddef.h>
#include <stdint.h>

#include "frontend/kws_frontend_tables.h"

/* python:begin */
typedef struct {
    const kws_frontend_tables_t *tables;
    int16_t *input;       /* samples of the incomplete window, window_samples */
    int16_t *work;        /* fft_length int16, or num_channels uint32 */
    int16_t *spare;       /* same size as `work` */
    uint32_t *noise;      /* noise estimate of each channel */
    uint32_t num_filled;  /* samples in `input` */
    int16_t notch_input;  /* last input sample of the DC notch */
    int16_t notch_output; /* last output sample of the DC notch */
} kws_frontend_t;

/* Returns the bytes of memory that a front end with these tables requires, or the negative status of
 * kws_frontend_check. */
int32_t kws_frontend_memory_bytes(const void *blob, size_t size_bytes);

/* Checks the blob, divides the memory into its arrays and resets the front end. Blob and memory are 4-byte aligned and
 * must remain valid while the front end is in use. Returns KWS_OK, the status of kws_frontend_check, or KWS_ERROR_SIZE
 * if the memory is too small. */
int32_t kws_frontend_init(kws_frontend_t *frontend, const void *blob, size_t size_bytes, void *memory,
                          size_t memory_bytes);

/* Resets the window, the noise estimate and the DC notch. */
void kws_frontend_reset(kws_frontend_t *frontend);

/* Converts one window (window_samples, after the DC notch if enabled) to one frame (num_channels) and updates the noise
 * estimate. The caller advances the window. Use kws_frontend_push for streams. */
void kws_frontend_frame(kws_frontend_t *frontend, const int16_t *window, uint16_t *features);

/* Returns the number of frames that kws_frontend_push will produce for num_samples more samples. */
size_t kws_frontend_frames_ahead(const kws_frontend_t *frontend, size_t num_samples);

/* Consumes any number of samples and writes one frame (num_channels features) per completed window. Returns the number
 * of frames. Returns KWS_ERROR_FULL and consumes nothing if there would be more than max_frames. */
int32_t kws_frontend_push(kws_frontend_t *frontend, const int16_t *samples, size_t num_samples, uint16_t *features,
                          size_t max_frames);

/* Quantizes `count` uint16 features to int8. A dynamic scale is derived from the maximum of all `count` features, which
 * should be the frames of one clip. A static scale applies to each value independently. */
void kws_frontend_quantize(const kws_frontend_t *frontend, const uint16_t *features, size_t count, int8_t *output);

/* Converts clips (num_clips, clip_samples) to features (num_clips, num_frames, num_channels). Resets the state before
 * each clip and after the last one. */
void kws_frontend_clips(kws_frontend_t *frontend, const int16_t *clips, size_t num_clips, uint16_t *features);

/* Converts clips to quantized features. `scratch` holds the features of one clip, (num_frames, num_channels). */
void kws_frontend_clips_int8(kws_frontend_t *frontend, const int16_t *clips, size_t num_clips, uint16_t *scratch,
                             int8_t *features);
/* python:end */

#endif
