/* Tables and constants of an audio front end, written by kwspipe.core.frontend_blob.
 *
 * The blob is little-endian and 4-byte aligned. It consists of this header and the tables at the given offsets, which
 * are in bytes from the start of the blob and multiples of 4. The blob is constant and can be stored in flash. The
 * device computes no table entries. */
#ifndef KWS_FRONTEND_TABLES_H
#define KWS_FRONTEND_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "common/kws_status.h"

/* python:begin */
#define KWS_FRONTEND_MAGIC 1162237771 /* "KWFE" */
#define KWS_FRONTEND_VERSION 1
#define KWS_FRONTEND_MIN_FFT_LENGTH 32
#define KWS_FRONTEND_MAX_FFT_LENGTH 8192
#define KWS_FRONTEND_MAX_CHANNELS 128
#define KWS_FRONTEND_MAX_CLIP_SAMPLES 16777216
#define KWS_FRONTEND_GAIN_POINTS 125
#define KWS_FRONTEND_LOG_POINTS 129

#define KWS_FRONTEND_DC_NOTCH 1
#define KWS_FRONTEND_NOISE_REDUCTION 2
#define KWS_FRONTEND_PCAN 4
#define KWS_FRONTEND_LOG 8
#define KWS_FRONTEND_DYNAMIC_SCALE 16

typedef struct {
    uint32_t magic;
    uint32_t version;
    uint32_t size_bytes;               /* of the whole blob */
    uint32_t flags;                    /* optional steps that are enabled */
    uint32_t sample_rate_hz;
    uint32_t clip_samples;             /* samples of one clip, the input of one inference */
    uint32_t num_frames;               /* (clip_samples - window_samples) / step_samples + 1 */
    uint32_t window_samples;
    uint32_t step_samples;
    uint32_t fft_length;               /* power of two */
    uint32_t num_channels;
    uint32_t first_bin;                /* range of FFT bins that the filter bank uses */
    uint32_t num_bins;
    uint32_t dc_notch_q15;
    uint32_t noise_smoothing_bits;
    uint32_t noise_even_q14;           /* smoothing of channels 0, 2, ... */
    uint32_t noise_odd_q14;
    uint32_t min_signal_q14;           /* minimum fraction of a channel after noise reduction */
    uint32_t pcan_shift;
    uint32_t log_scale_shift;
    uint32_t dynamic_range;            /* of the dynamic int8 scale, in units of the uint16 features */
    uint32_t window_offset;            /* int16 Q12, window_samples */
    uint32_t fft_twiddles_offset;      /* int16, see kws_fft.h */
    uint32_t split_twiddles_offset;    /* int16, see kws_fft.h */
    uint32_t band_widths_offset;       /* uint16, num_channels + 1: bins per band, num_bins in total */
    uint32_t weights_offset;           /* uint16 Q12, num_bins pairs: weight and complement */
    uint32_t log_table_offset;         /* uint16, KWS_FRONTEND_LOG_POINTS */
    uint32_t gain_table_offset;        /* int16, KWS_FRONTEND_GAIN_POINTS; 0 without PCAN */
} kws_frontend_tables_t;

/* Checks every field, offset and table. A front end with accepted tables accesses only its own memory. `blob` is 4-byte
 * aligned. Returns KWS_OK, KWS_ERROR_ARGUMENT, KWS_ERROR_SIZE (truncated blob), KWS_ERROR_FORMAT or
 * KWS_ERROR_UNSUPPORTED (other version). */
int32_t kws_frontend_check(const void *blob, size_t size_bytes);
/* python:end */

/* Returns the table at an offset of a blob that kws_frontend_check accepted. */
static inline const void *kws_frontend_table(const kws_frontend_tables_t *tables, uint32_t offset) {
    return (const uint8_t *)tables + offset;
}

#endif
