#include "frontend/kws_frontend_tables.h"

#include <stdbool.h>

#include "frontend/kws_fft.h"

enum { ONE_Q12 = 4096, ONE_Q14 = 16384 };

static bool in_range(uint32_t value, uint32_t low, uint32_t high) { return low <= value && value <= high; }

static bool is_power_of_two(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

static bool geometry_ok(const kws_frontend_tables_t *t) {
    return in_range(t->fft_length, KWS_FRONTEND_MIN_FFT_LENGTH, KWS_FRONTEND_MAX_FFT_LENGTH) &&
           is_power_of_two(t->fft_length) && in_range(t->window_samples, 1, t->fft_length) &&
           in_range(t->step_samples, 1, t->window_samples) &&
           in_range(t->clip_samples, t->window_samples, KWS_FRONTEND_MAX_CLIP_SAMPLES) &&
           t->num_frames == (t->clip_samples - t->window_samples) / t->step_samples + 1 &&
           in_range(t->num_channels, 1, KWS_FRONTEND_MAX_CHANNELS) &&
           in_range(t->first_bin, 1, t->fft_length / 2 - 1) &&
           in_range(t->num_bins, 1, t->fft_length / 2 - t->first_bin) && t->sample_rate_hz != 0;
}

static bool constants_ok(const kws_frontend_tables_t *t) {
    const uint32_t known = KWS_FRONTEND_DC_NOTCH | KWS_FRONTEND_NOISE_REDUCTION | KWS_FRONTEND_PCAN |
                           KWS_FRONTEND_LOG | KWS_FRONTEND_DYNAMIC_SCALE;
    return (t->flags & ~known) == 0 && t->dc_notch_q15 <= 32767 && t->noise_smoothing_bits <= 15 &&
           t->noise_even_q14 <= ONE_Q14 && t->noise_odd_q14 <= ONE_Q14 && t->min_signal_q14 <= ONE_Q14 &&
           t->pcan_shift <= 31 && t->log_scale_shift <= 10 && t->dynamic_range <= 0x10000;
}

/* Returns whether a table of `count` elements of 2 bytes lies inside the blob and after the header. */
static bool table_ok(const kws_frontend_tables_t *t, uint32_t offset, size_t count) {
    return offset % 4 == 0 && offset >= sizeof *t && offset <= t->size_bytes && 2 * count <= t->size_bytes - offset;
}

static bool offsets_ok(const kws_frontend_tables_t *t) {
    const bool pcan = (t->flags & KWS_FRONTEND_PCAN) != 0;
    return table_ok(t, t->window_offset, t->window_samples) &&
           table_ok(t, t->fft_twiddles_offset, kws_fft_twiddle_count(t->fft_length / 2)) &&
           table_ok(t, t->split_twiddles_offset, t->fft_length / 2) &&
           table_ok(t, t->band_widths_offset, t->num_channels + 1) &&
           table_ok(t, t->weights_offset, 2 * (size_t)t->num_bins) &&
           table_ok(t, t->log_table_offset, KWS_FRONTEND_LOG_POINTS) &&
           (pcan ? table_ok(t, t->gain_table_offset, KWS_FRONTEND_GAIN_POINTS) : t->gain_table_offset == 0);
}

static bool all_at_most(const uint16_t *values, size_t count, uint16_t limit) {
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        ok = ok && values[i] <= limit;
    }
    return ok;
}

static bool contents_ok(const kws_frontend_tables_t *t) {
    const uint16_t *const window = kws_frontend_table(t, t->window_offset);
    const uint16_t *const weights = kws_frontend_table(t, t->weights_offset);
    const uint16_t *const widths = kws_frontend_table(t, t->band_widths_offset);
    uint32_t num_bins = 0;
    for (uint32_t i = 0; i <= t->num_channels; i++) {
        num_bins += widths[i];
    }
    return num_bins == t->num_bins && all_at_most(window, t->window_samples, ONE_Q12) &&
           all_at_most(weights, 2 * (size_t)t->num_bins, ONE_Q12);
}

int32_t kws_frontend_check(const void *blob, size_t size_bytes) {
    if (blob == NULL || (uintptr_t)blob % 4 != 0) {
        return KWS_ERROR_ARGUMENT;
    }
    const kws_frontend_tables_t *const tables = blob;
    if (size_bytes < sizeof *tables) {
        return KWS_ERROR_SIZE;
    }
    if (tables->magic != KWS_FRONTEND_MAGIC) {
        return KWS_ERROR_FORMAT;
    }
    if (tables->version != KWS_FRONTEND_VERSION) {
        return KWS_ERROR_UNSUPPORTED;
    }
    if (tables->size_bytes > size_bytes) {
        return KWS_ERROR_SIZE;
    }
    if (!geometry_ok(tables) || !constants_ok(tables) || !offsets_ok(tables) || !contents_ok(tables)) {
        return KWS_ERROR_FORMAT;
    }
    return KWS_OK;
}
