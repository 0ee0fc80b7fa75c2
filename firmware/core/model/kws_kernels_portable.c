#include "model/kws_kernels.h"

#include "model/kws_requantize.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline int32_t requantize(int32_t accumulator, const void *channel, bool positive) {
    if (positive) {
        const kws_positive_channel_t *constants = channel;
        return kws_requantize_positive(accumulator, constants->multiplier, constants->offset);
    }
    return kws_requantize_signed(accumulator, channel);
}

/* The bias is the first field of both forms of constants. */
static inline int32_t load_bias(const void *channel) {
    return *(const int32_t *)channel;
}

void kws_slide_any(const kws_slide_t *job) {
    const uint32_t tap_step = job->dilation_width;
    uint8_t *output = job->output;
    for (uint32_t y = 0; y < job->num_rows; y++) {
        const uint8_t *corner = (const uint8_t *)job->plane + y * job->row_step;
        for (uint32_t x = 0; x < job->num_columns; x++) {
            const int16_t *weight = job->weights;
            uint32_t sum = (uint32_t)load_bias(job->channel);
            for (uint32_t i = 0; i < job->kernel_height; i++) {
                const void *row = corner + i * job->dilation_height * job->row_bytes;
                const int16_t *value = (const int16_t *)row + x * job->stride_width;
                for (uint32_t j = 0; j < job->kernel_width; j++) {
                    sum += (uint32_t)(*value * *weight++);
                    value += tap_step;
                }
            }
            *(int16_t *)(void *)output = (int16_t)requantize((int32_t)sum, job->channel, job->positive);
            output += job->output_step;
        }
    }
}

#if !KWS_USE_DSP

/* Compilers vectorize these plain loops with fixed counts. */
#define MAX_TAPS 512u /* maximum taps of a channel whose weights are reordered before use */
#define MIN_PIXELS 4u /* minimum number of pixels for which the weights are reordered */
#define BLOCK 8u      /* outputs computed together */

/* `count` is a multiple of four. */
static inline uint32_t dot(const int16_t *values, const int16_t *weights, uint32_t count, uint32_t sum) {
#if defined(__SSE2__)
    __m128i sums = _mm_cvtsi32_si128((int32_t)sum);
    for (uint32_t i = 0; i + 8 <= count; i += 8) {
        const __m128i first = _mm_loadu_si128((const void *)(values + i));
        const __m128i second = _mm_loadu_si128((const void *)(weights + i));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(first, second));
    }
    if (count % 8 != 0) {
        const __m128i first = _mm_loadl_epi64((const void *)(values + count - 4));
        const __m128i second = _mm_loadl_epi64((const void *)(weights + count - 4));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(first, second));
    }
    sums = _mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 1));
    return (uint32_t)_mm_cvtsi128_si32(sums);
#else
    for (uint32_t i = 0; i < count; i++) {
        sum += (uint32_t)(values[i] * weights[i]);
    }
    return sum;
#endif
}

/* Dot product with weights in the order of the image: four weights, then four weights of the other channel of the
 * pair. */
static uint32_t dot_groups(const int16_t *values, const int16_t *weights, uint32_t num_groups, uint32_t sum) {
    for (uint32_t group = 0; group < num_groups; group++) {
        sum = dot(values + 4 * group, weights + 8 * group, 4, sum);
    }
    return sum;
}

/* Computes one channel. Callers pass constants for common values of `taps`, so that the loop is unrolled. With 0, the
 * weights are in the order of the image. */
static inline void multiply_channel(const kws_pointwise_t *job, const void *channel, const int16_t *weights,
                                    uint32_t taps, uint8_t *output) {
    const uint8_t *pixel = job->input;
    const uint32_t bias = (uint32_t)load_bias(channel);
    for (uint32_t y = 0; y < job->num_rows; y++) {
        for (uint32_t x = 0; x < job->num_columns; x++) {
            const int16_t *values = (const void *)pixel;
            const uint32_t sum = taps == 0 ? dot_groups(values, weights, job->num_groups, bias)
                                           : dot(values, weights, taps, bias);
            *(int16_t *)(void *)output = (int16_t)requantize((int32_t)sum, channel, job->positive);
            pixel += job->input_step;
            output += job->output_step;
        }
        pixel += job->input_row_step;
        output += job->output_row_step;
    }
}

void kws_pointwise_pair(const kws_pointwise_t *job) {
    const uint32_t taps = 4 * job->num_groups;
    const uint32_t num_channels = job->channel_step == 0 ? 1 : 2;
    const bool in_order = taps <= MAX_TAPS && job->num_rows * job->num_columns >= MIN_PIXELS;
    for (uint32_t c = 0; c < num_channels; c++) {
        const void *channel = (const uint8_t *)job->channels + c * kws_channel_bytes(job->positive);
        const int16_t *groups = (const int16_t *)job->weights + c * 4;
        uint8_t *output = (uint8_t *)job->output + c * job->channel_step;
        int16_t weights[MAX_TAPS];
        if (!in_order) {
            multiply_channel(job, channel, groups, 0, output);
            continue;
        }
        for (uint32_t i = 0; i < taps; i++) {
            weights[i] = groups[i / 4 * 8 + i % 4];
        }
        if (taps == 8) {
            multiply_channel(job, channel, weights, 8, output);
        } else if (taps == 16) {
            multiply_channel(job, channel, weights, 16, output);
        } else {
            multiply_channel(job, channel, weights, taps, output);
        }
    }
}

static inline void store_block(const kws_slide_t *job, const uint32_t *sums, uint32_t count, uint8_t *output) {
    for (uint32_t i = 0; i < count; i++) {
        *(int16_t *)(void *)output = (int16_t)requantize((int32_t)sums[i], job->channel, job->positive);
        output += job->output_step;
    }
}

/* Computes `count` adjacent outputs of a row with a 3x3 window. */
static inline void slide_block(const kws_slide_t *job, const uint8_t *corner, const int16_t *taps, uint32_t stride,
                               uint32_t count, uint8_t *output) {
    uint32_t sums[BLOCK];
    const int16_t *rows[3];
    for (uint32_t row = 0; row < 3; row++) {
        rows[row] = (const void *)(corner + row * job->row_bytes);
    }
    const uint32_t bias = (uint32_t)load_bias(job->channel);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t sum = bias;
        for (uint32_t row = 0; row < 3; row++) {
            const int16_t *values = rows[row] + i * stride;
            sum += (uint32_t)(values[0] * taps[3 * row]) + (uint32_t)(values[1] * taps[3 * row + 1]) +
                   (uint32_t)(values[2] * taps[3 * row + 2]);
        }
        sums[i] = sum;
    }
    store_block(job, sums, count, output);
}

static inline void slide_3x3(const kws_slide_t *job, const int16_t *taps, uint32_t stride) {
    uint8_t *output = job->output;
    for (uint32_t y = 0; y < job->num_rows; y++) {
        const uint8_t *corner = (const uint8_t *)job->plane + y * job->row_step;
        uint32_t left = job->num_columns;
        for (; left >= BLOCK; left -= BLOCK) {
            slide_block(job, corner, taps, stride, BLOCK, output);
            corner += BLOCK * stride * sizeof(int16_t);
            output += BLOCK * job->output_step;
        }
        slide_block(job, corner, taps, stride, left, output);
        output += left * job->output_step;
    }
}

/* Computes `count` adjacent outputs of a row with a one-row window. */
static inline void slide_row_block(const kws_slide_t *job, const int16_t *values, uint32_t stride, uint32_t count,
                                   uint8_t *output) {
    const int16_t *weights = job->weights;
    uint32_t sums[BLOCK];
    for (uint32_t i = 0; i < count; i++) {
        sums[i] = (uint32_t)load_bias(job->channel);
    }
    for (uint32_t tap = 0; tap < job->kernel_width; tap++) {
        for (uint32_t i = 0; i < count; i++) {
            sums[i] += (uint32_t)(values[tap + i * stride] * weights[tap]);
        }
    }
    store_block(job, sums, count, output);
}

static inline void slide_row(const kws_slide_t *job, uint32_t stride) {
    uint8_t *output = job->output;
    for (uint32_t y = 0; y < job->num_rows; y++) {
        const int16_t *values = (const void *)((const uint8_t *)job->plane + y * job->row_step);
        uint32_t left = job->num_columns;
        for (; left >= BLOCK; left -= BLOCK) {
            slide_row_block(job, values, stride, BLOCK, output);
            values += BLOCK * stride;
            output += BLOCK * job->output_step;
        }
        slide_row_block(job, values, stride, left, output);
        output += left * job->output_step;
    }
}

void kws_add_linear(const int16_t *first, const int16_t *second, int16_t *output, uint32_t count,
                  const kws_linear_add_t *line) {
    const uint32_t first_factor = (uint32_t)line->first_factor;
    const uint32_t second_factor = (uint32_t)line->second_factor;
    const uint32_t offset = (uint32_t)line->offset;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t a = first[i];
        const int32_t b = second[i];
        const uint32_t sum = offset + first_factor * (uint32_t)a + second_factor * (uint32_t)b;
        output[i] = (int16_t)kws_saturate_int8((int32_t)sum >> KWS_LINEAR_ADD_SHIFT);
    }
}

void kws_slide(const kws_slide_t *job) {
    const int16_t *pairs = job->weights;
    int16_t taps[9];
    if (!job->taps_3x3) {
        if (!kws_slides_along_row(job)) {
            kws_slide_any(job);
        } else if (job->stride_width == 1) {
            slide_row(job, 1);
        } else {
            slide_row(job, 2);
        }
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        taps[3 * i] = pairs[4 * i];
        taps[3 * i + 1] = pairs[4 * i + 1];
        taps[3 * i + 2] = pairs[4 * i + 3];
    }
    if (job->stride_width == 1) {
        slide_3x3(job, taps, 1);
    } else {
        slide_3x3(job, taps, job->stride_width);
    }
}

#endif
