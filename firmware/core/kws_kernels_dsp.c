/* The inner loops for processors that multiply two pairs of 16 bits at once (Cortex-M33: SMLAD). Each is a template, an
 * inlined function with constant arguments, made for both forms of requantization. */
#include "kws_kernels.h"

#if KWS_USE_DSP

#include "kws_dsp.h"
#include "kws_requantize.h"

#define TEMPLATE static inline __attribute__((always_inline))

/* Stores the requantized accumulator of a channel. */
TEMPLATE void store(int16_t *output, int32_t accumulator, const void *channel, bool positive) {
    if (positive) {
        const kws_positive_channel_t *constants = channel;
        *output = (int16_t)kws_requantize_positive(accumulator, constants->multiplier, constants->offset);
    } else {
        *output = (int16_t)kws_requantize_signed(accumulator, channel);
    }
}

TEMPLATE int32_t bias_of(const void *channel) {
    return *(const int32_t *)channel; /* the first field of both forms */
}

/* Two output channels of one or two pixels: each load of a weight serves two pixels, each load of a pixel two
 * channels. */
TEMPLATE void multiply(const kws_pair_t *first_pixel, const kws_pair_t *second_pixel, const kws_pair_t *weights,
                       uint32_t num_groups, int32_t sums[4], bool two_pixels) {
    for (uint32_t group = 0; group < num_groups; group++) {
        const uint32_t a0 = first_pixel[0], a1 = first_pixel[1];
        const uint32_t v0 = weights[0], v1 = weights[1], w0 = weights[2], w1 = weights[3];
        sums[0] = kws_dual_mac(a1, v1, kws_dual_mac(a0, v0, sums[0]));
        sums[1] = kws_dual_mac(a1, w1, kws_dual_mac(a0, w0, sums[1]));
        if (two_pixels) {
            const uint32_t b0 = second_pixel[0], b1 = second_pixel[1];
            sums[2] = kws_dual_mac(b1, v1, kws_dual_mac(b0, v0, sums[2]));
            sums[3] = kws_dual_mac(b1, w1, kws_dual_mac(b0, w0, sums[3]));
            second_pixel += 2;
        }
        first_pixel += 2;
        weights += 4;
    }
}

TEMPLATE void pointwise_pairs(const kws_pointwise_t *job, bool positive) {
    const size_t channel_bytes = positive ? sizeof(kws_positive_channel_t) : sizeof(kws_signed_channel_t);
    const uint32_t step = job->output_pixel_stride;
    for (uint32_t c = 0; c < job->num_channels; c += 2) {
        const uint8_t *channel = (const uint8_t *)job->channels + c * channel_bytes;
        const uint8_t *other = channel + channel_bytes;
        const kws_pair_t *weights = (const kws_pair_t *)(const void *)(job->weights + c * 4 * job->num_groups);
        /* A last channel without a partner is written over that partner's place. */
        const uint32_t next = c + 1 < job->num_channels ? job->output_channel_stride : 0;
        for (uint32_t y = 0; y < job->num_rows; y++) {
            const int16_t *pixel = job->input + y * job->input_row_stride;
            int16_t *output = job->output + y * job->output_row_stride + c * job->output_channel_stride;
            uint32_t x = 0;
            for (; x + 1 < job->num_columns; x += 2) {
                const kws_pair_t *first = (const kws_pair_t *)(const void *)pixel;
                const kws_pair_t *second = (const kws_pair_t *)(const void *)(pixel + job->input_pixel_stride);
                int32_t sums[4] = {bias_of(channel), bias_of(other), bias_of(channel), bias_of(other)};
                multiply(first, second, weights, job->num_groups, sums, true);
                store(output + next, sums[1], other, positive);
                store(output, sums[0], channel, positive);
                store(output + step + next, sums[3], other, positive);
                store(output + step, sums[2], channel, positive);
                pixel += 2 * job->input_pixel_stride;
                output += 2 * step;
            }
            if (x < job->num_columns) {
                const kws_pair_t *first = (const kws_pair_t *)(const void *)pixel;
                int32_t sums[4] = {bias_of(channel), bias_of(other), 0, 0};
                multiply(first, first, weights, job->num_groups, sums, false);
                store(output + next, sums[1], other, positive);
                store(output, sums[0], channel, positive);
            }
        }
    }
}

/* Eight taps: a channel's weights stay in registers while all pixels pass. */
TEMPLATE void pointwise_of_eight(const kws_pointwise_t *job, bool positive) {
    const size_t channel_bytes = positive ? sizeof(kws_positive_channel_t) : sizeof(kws_signed_channel_t);
    const uint32_t input_step = job->input_pixel_stride / 2;
    const uint32_t step = job->output_pixel_stride;
    for (uint32_t c = 0; c < job->num_channels; c++) {
        const uint8_t *channel = (const uint8_t *)job->channels + c * channel_bytes;
        const kws_pair_t *weights = (const kws_pair_t *)(const void *)(job->weights + (c / 2) * 16 + (c % 2) * 4);
        const uint32_t w0 = weights[0], w1 = weights[1], w2 = weights[4], w3 = weights[5];
        for (uint32_t y = 0; y < job->num_rows; y++) {
            const kws_pair_t *pixel = (const kws_pair_t *)(const void *)(job->input + y * job->input_row_stride);
            int16_t *output = job->output + y * job->output_row_stride + c * job->output_channel_stride;
            for (uint32_t x = 0; x < job->num_columns; x++) {
                int32_t sum = kws_dual_mac(pixel[0], w0, bias_of(channel));
                sum = kws_dual_mac(pixel[1], w1, sum);
                sum = kws_dual_mac(pixel[2], w2, sum);
                sum = kws_dual_mac(pixel[3], w3, sum);
                store(output, sum, channel, positive);
                pixel += input_step;
                output += step;
            }
        }
    }
}

void kws_pointwise(const kws_pointwise_t *job) {
    if (job->num_groups == 2 && job->positive) {
        pointwise_of_eight(job, true);
    } else if (job->num_groups == 2) {
        pointwise_of_eight(job, false);
    } else if (job->positive) {
        pointwise_pairs(job, true);
    } else {
        pointwise_pairs(job, false);
    }
}

/* `count` outputs beside each other of a 3x3 window. A row's weights are the pairs (w0, w1) and (w1, w2): an output at
 * an even place takes two values with the first and one with the upper half of the second, one at an odd place one with
 * the lower half of the first and two with the second. With stride 2 all places are even. */
TEMPLATE void slide_block(const kws_pair_t *corner, uint32_t row_pairs, const kws_pair_t *weights, int32_t sums[4],
                          uint32_t count, uint32_t stride) {
    for (uint32_t row = 0; row < 3; row++) {
        const uint32_t w01 = weights[2 * row], w12 = weights[2 * row + 1];
        for (uint32_t i = 0; i < count; i++) {
            const kws_pair_t *values = corner + (i * stride) / 2;
            if ((i * stride) % 2 == 0) {
                sums[i] = kws_dual_mac(values[0], w01, sums[i]);
                sums[i] = kws_mac_low_high(values[1], w12, sums[i]);
            } else {
                sums[i] = kws_mac_high_low(values[0], w01, sums[i]);
                sums[i] = kws_dual_mac(values[1], w12, sums[i]);
            }
        }
        corner += row_pairs;
    }
}

TEMPLATE void slide_some(const kws_slide_t *job, const int16_t *corner, int16_t *output, uint32_t count,
                         uint32_t stride, bool positive) {
    const int32_t bias = bias_of(job->channel);
    int32_t sums[4] = {bias, bias, bias, bias};
    slide_block((const kws_pair_t *)(const void *)corner, job->row_stride / 2,
                (const kws_pair_t *)(const void *)job->weights, sums, count, stride);
    for (uint32_t i = 0; i < count; i++) {
        store(output, sums[i], job->channel, positive);
        output += job->output_pixel_stride;
    }
}

TEMPLATE void slide_3x3(const kws_slide_t *job, uint32_t stride, bool positive) {
    for (uint32_t y = 0; y < job->num_rows; y++) {
        const int16_t *corner = job->plane + y * job->stride_height * job->row_stride;
        int16_t *output = job->output + y * job->output_row_stride;
        uint32_t left = job->num_columns;
        for (; left >= 4; left -= 4) {
            slide_some(job, corner, output, 4, stride, positive);
            corner += 4 * stride;
            output += 4 * job->output_pixel_stride;
        }
        if (left >= 2) {
            slide_some(job, corner, output, 2, stride, positive);
            corner += 2 * stride;
            output += 2 * job->output_pixel_stride;
        }
        if (left % 2 != 0) {
            slide_some(job, corner, output, 1, stride, positive);
        }
    }
}

void kws_slide(const kws_slide_t *job) {
    if (!job->taps_3x3) {
        kws_slide_any(job);
    } else if (job->stride_width == 1 && job->positive) {
        slide_3x3(job, 1, true);
    } else if (job->stride_width == 1) {
        slide_3x3(job, 1, false);
    } else if (job->positive) {
        slide_3x3(job, 2, true);
    } else {
        slide_3x3(job, 2, false);
    }
}

#endif
