/* Audio front end: 16-bit samples in, one frame of log-mel features per hop out. Fixed point, bit-exact everywhere.
 *
 * State belongs to the caller: a kws_frontend_t and a piece of memory of kws_frontend_memory_bytes(). With the default
 * settings (16 kHz, window 480, FFT 512, 49 channels) that is 3,204 bytes. No heap, no float, no other state.
 */
#ifndef KWS_FRONTEND_H
#define KWS_FRONTEND_H

#include <stddef.h>
#include <stdint.h>

#include "frontend/kws_frontend_tables.h"

/* python:begin */
typedef struct {
    const kws_frontend_tables_t *tables;
    int16_t *input;       /* the samples of the window that is filling, window_samples */
    int16_t *work;        /* fft_length int16, or num_channels uint32 */
    int16_t *spare;       /* the same */
    uint32_t *noise;      /* noise estimate of each channel */
    uint32_t num_filled;  /* samples in `input` */
    int16_t notch_input;  /* last sample before the DC notch */
    int16_t notch_output; /* last sample behind it */
} kws_frontend_t;

/* Bytes of memory that a front end with these tables needs, or the negative status of kws_frontend_check. */
int32_t kws_frontend_memory_bytes(const void *blob, size_t size_bytes);

/* Checks the blob, lays the memory out and resets. Blob and memory are 4-byte aligned and stay in place while the
 * front end is in use. KWS_OK, the status of kws_frontend_check, or KWS_ERROR_SIZE where memory is too small. */
int32_t kws_frontend_init(kws_frontend_t *frontend, const void *blob, size_t size_bytes, void *memory,
                          size_t memory_bytes);

/* Forgets all audio heard: the window, the noise estimate, the DC notch. */
void kws_frontend_reset(kws_frontend_t *frontend);

/* One window (window_samples, behind the DC notch if there is one) -> one frame (num_channels). Updates the noise
 * estimate; the caller keeps the hop. For streams use kws_frontend_push. */
void kws_frontend_frame(kws_frontend_t *frontend, const int16_t *window, uint16_t *features);

/* Number of frames that kws_frontend_push will give for so many more samples. */
size_t kws_frontend_frames_ahead(const kws_frontend_t *frontend, size_t num_samples);

/* Takes any number of samples; writes a frame (num_channels features) for each window that is complete. Returns
 * how many frames, or KWS_ERROR_FULL where they are more than max_frames: then nothing was taken. */
int32_t kws_frontend_push(kws_frontend_t *frontend, const int16_t *samples, size_t num_samples, uint16_t *features,
                          size_t max_frames);

/* uint16 features -> int8, `count` of them. With a dynamic scale, that is set by the largest of the count, which should
 * be the frames of one whole clip; else each value by itself. */
void kws_frontend_quantize(const kws_frontend_t *frontend, const uint16_t *features, size_t count, int8_t *output);

/* Clips (num_clips, clip_samples) -> features (num_clips, num_frames, num_channels). State is reset before each clip
 * and after the last. */
void kws_frontend_clips(kws_frontend_t *frontend, const int16_t *clips, size_t num_clips, uint16_t *features);

/* The same, quantized. `scratch` holds one clip's features, (num_frames, num_channels). */
void kws_frontend_clips_int8(kws_frontend_t *frontend, const int16_t *clips, size_t num_clips, uint16_t *scratch,
                             int8_t *features);
/* python:end */

#endif
