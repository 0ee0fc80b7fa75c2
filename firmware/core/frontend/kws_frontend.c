#include "frontend/kws_frontend.h"

#include <string.h>

#include "frontend/kws_channels.h"
#include "frontend/kws_fft.h"
#include "frontend/kws_vector.h"

enum { WINDOW_BITS = 12 };

static size_t input_bytes(const kws_frontend_tables_t *tables) {
    return (2 * (size_t)tables->window_samples + 3) / 4 * 4; /* keeps the following arrays 4-byte aligned */
}

static size_t work_bytes(const kws_frontend_tables_t *tables) {
    const size_t spectrum = 2 * (size_t)tables->fft_length;
    const size_t channels = 4 * (size_t)tables->num_channels;
    return spectrum > channels ? spectrum : channels;
}

static size_t noise_bytes(const kws_frontend_tables_t *tables) { return 4 * (size_t)tables->num_channels; }

int32_t kws_frontend_memory_bytes(const void *blob, size_t size_bytes) {
    const int32_t status = kws_frontend_check(blob, size_bytes);
    if (status != KWS_OK) {
        return status;
    }
    const kws_frontend_tables_t *const tables = blob;
    return (int32_t)(input_bytes(tables) + 2 * work_bytes(tables) + noise_bytes(tables));
}

int32_t kws_frontend_init(kws_frontend_t *frontend, const void *blob, size_t size_bytes, void *memory,
                          size_t memory_bytes) {
    if (frontend == NULL || memory == NULL || (uintptr_t)memory % 4 != 0) {
        return KWS_ERROR_ARGUMENT;
    }
    const int32_t needed_bytes = kws_frontend_memory_bytes(blob, size_bytes);
    if (needed_bytes < 0) {
        return needed_bytes;
    }
    if (memory_bytes < (size_t)needed_bytes) {
        return KWS_ERROR_SIZE;
    }
    const kws_frontend_tables_t *const tables = blob;
    uint8_t *const start = memory;
    const size_t work = input_bytes(tables);
    frontend->tables = tables;
    frontend->input = (void *)start;
    frontend->work = (void *)(start + work);
    frontend->spare = (void *)(start + work + work_bytes(tables));
    frontend->noise = (void *)(start + work + 2 * work_bytes(tables));
    kws_frontend_reset(frontend);
    return KWS_OK;
}

void kws_frontend_reset(kws_frontend_t *frontend) {
    memset(frontend->noise, 0, noise_bytes(frontend->tables));
    frontend->num_filled = 0;
    frontend->notch_input = 0;
    frontend->notch_output = 0;
}

/* Multiplies the samples by the window (Q12). Returns the bitwise OR of the absolute values; its highest bit is that of
 * the maximum. -32768 does not contribute, because its absolute value as int16 is negative. */
static uint32_t apply_window(const int16_t *restrict samples, const int16_t *restrict window, size_t count,
                             int16_t *restrict output) {
    int16_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        const int16_t value = (int16_t)((samples[i] * window[i]) >> WINDOW_BITS);
        const int16_t magnitude = (int16_t)(value < 0 ? -value : value);
        bits |= magnitude;
        output[i] = value;
    }
    return (uint32_t)bits & 0x7FFF;
}

/* Stores even samples in the real half of `spectrum` and odd samples in the imaginary half, each << shift, and pads
 * with zeros. */
static void load_spectrum(const int16_t *restrict samples, size_t count, uint32_t shift, int16_t *restrict spectrum,
                          size_t complex_length) {
    int16_t *restrict re = spectrum;
    int16_t *restrict im = spectrum + complex_length;
    for (size_t i = 0; i < count / 2; i++) {
        re[i] = (int16_t)((uint32_t)samples[2 * i] << shift);
        im[i] = (int16_t)((uint32_t)samples[2 * i + 1] << shift);
    }
    size_t used = count / 2;
    memset(im + used, 0, 2 * (complex_length - used));
    if (count % 2 != 0) {
        re[used++] = (int16_t)((uint32_t)samples[count - 1] << shift);
    }
    memset(re + used, 0, 2 * (complex_length - used));
}

/* Returns the left shift that extends a value with these bits to 15 bits. */
static uint32_t normalization_shift(uint32_t bits) {
    uint32_t shift = 15;
    for (; bits != 0; bits >>= 1) {
        shift--;
    }
    return shift;
}

KWS_WIDE void kws_frontend_frame(kws_frontend_t *frontend, const int16_t *window, uint16_t *features) {
    const kws_frontend_tables_t *const t = frontend->tables;
    const size_t complex_length = t->fft_length / 2;
    const uint32_t bits =
        apply_window(window, kws_frontend_table(t, t->window_offset), t->window_samples, frontend->spare);
    const uint32_t shift = normalization_shift(bits);
    load_spectrum(frontend->spare, t->window_samples, shift, frontend->work, complex_length);
    int16_t *const spectrum = kws_fft_complex(frontend->work, frontend->spare, complex_length,
                                              kws_frontend_table(t, t->fft_twiddles_offset));
    uint32_t *const energy = (void *)(spectrum == frontend->work ? frontend->spare : frontend->work);
    kws_fft_real_energy(spectrum, complex_length, kws_frontend_table(t, t->split_twiddles_offset), t->first_bin,
                        t->num_bins, energy);
    uint32_t *const signal = (void *)spectrum;
    kws_channels_filter(t, energy, shift, signal);
    if ((t->flags & KWS_FRONTEND_NOISE_REDUCTION) != 0) {
        kws_channels_reduce_noise(t, signal, frontend->noise);
    }
    if ((t->flags & KWS_FRONTEND_PCAN) != 0) {
        kws_channels_control_gain(t, signal, frontend->noise);
    }
    kws_channels_log(t, signal, features);
}

size_t kws_frontend_frames_ahead(const kws_frontend_t *frontend, size_t num_samples) {
    const kws_frontend_tables_t *const t = frontend->tables;
    const size_t missing = t->window_samples - frontend->num_filled;
    return num_samples < missing ? 0 : (num_samples - missing) / t->step_samples + 1;
}

/* Filters with the DC notch y[n] = x[n] - x[n-1] + c y[n-1], c in Q15, or copies the samples if the notch is
 * disabled. */
static void apply_dc_notch(kws_frontend_t *frontend, const int16_t *restrict samples, size_t count,
                           int16_t *restrict output) {
    const kws_frontend_tables_t *const t = frontend->tables;
    if ((t->flags & KWS_FRONTEND_DC_NOTCH) == 0) {
        memcpy(output, samples, 2 * count);
        return;
    }
    const int32_t coefficient = (int32_t)t->dc_notch_q15;
    int32_t x = frontend->notch_input;
    int32_t y = frontend->notch_output;
    for (size_t i = 0; i < count; i++) {
        const int32_t feedback = ((coefficient * y >> 14) + 1) >> 1;
        y = (int16_t)(samples[i] - x + feedback);
        x = samples[i];
        output[i] = (int16_t)y;
    }
    frontend->notch_input = (int16_t)x;
    frontend->notch_output = (int16_t)y;
}

int32_t kws_frontend_push(kws_frontend_t *frontend, const int16_t *samples, size_t num_samples, uint16_t *features,
                          size_t max_frames) {
    const kws_frontend_tables_t *const t = frontend->tables;
    if (num_samples > INT32_MAX) {
        return KWS_ERROR_ARGUMENT;
    }
    if (kws_frontend_frames_ahead(frontend, num_samples) > max_frames) {
        return KWS_ERROR_FULL;
    }
    int32_t num_frames = 0;
    while (num_samples > 0) {
        const size_t missing = t->window_samples - frontend->num_filled;
        const size_t count = num_samples < missing ? num_samples : missing;
        apply_dc_notch(frontend, samples, count, frontend->input + frontend->num_filled);
        samples += count;
        num_samples -= count;
        frontend->num_filled += (uint32_t)count;
        if (frontend->num_filled == t->window_samples) {
            kws_frontend_frame(frontend, frontend->input, features);
            features += t->num_channels;
            num_frames++;
            frontend->num_filled -= t->step_samples;
            memmove(frontend->input, frontend->input + t->step_samples, 2 * (size_t)frontend->num_filled);
        }
    }
    return num_frames;
}

static void quantize_dynamic(const uint16_t *features, size_t count, uint32_t range, int8_t *output) {
    int32_t top = 0;
    for (size_t i = 0; i < count; i++) {
        top = features[i] > top ? features[i] : top;
    }
    const int32_t bottom = top > (int32_t)range ? top - (int32_t)range : 0;
    const int32_t span = top > bottom ? top - bottom : 1;
    for (size_t i = 0; i < count; i++) {
        const int32_t value = (features[i] - bottom) * 255 / span - 128;
        output[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

void kws_frontend_quantize(const kws_frontend_t *frontend, const uint16_t *features, size_t count, int8_t *output) {
    const kws_frontend_tables_t *const t = frontend->tables;
    if ((t->flags & KWS_FRONTEND_DYNAMIC_SCALE) != 0) {
        quantize_dynamic(features, count, t->dynamic_range, output);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        /* TensorFlow's micro_speech maps 26 nepers in units of 2^-6, with a margin, to the range 0 .. 666. */
        const int32_t value = (features[i] * 256 + 333) / 666 - 128;
        output[i] = (int8_t)(value > 127 ? 127 : value);
    }
}

void kws_frontend_clips(kws_frontend_t *frontend, const int16_t *clips, size_t num_clips, uint16_t *features) {
    const kws_frontend_tables_t *const t = frontend->tables;
    for (size_t clip = 0; clip < num_clips; clip++) {
        kws_frontend_reset(frontend);
        (void)kws_frontend_push(frontend, clips, t->clip_samples, features, t->num_frames);
        clips += t->clip_samples;
        features += (size_t)t->num_frames * t->num_channels;
    }
    kws_frontend_reset(frontend);
}

void kws_frontend_clips_int8(kws_frontend_t *frontend, const int16_t *clips, size_t num_clips, uint16_t *scratch,
                             int8_t *features) {
    const kws_frontend_tables_t *const t = frontend->tables;
    const size_t count = (size_t)t->num_frames * t->num_channels;
    for (size_t clip = 0; clip < num_clips; clip++) {
        kws_frontend_clips(frontend, clips + clip * t->clip_samples, 1, scratch);
        kws_frontend_quantize(frontend, scratch, count, features + clip * count);
    }
}
