#include "kws_kernels.h"

#include "kws_requantize.h"

int32_t kws_requantize(int32_t accumulator, const void *channel, bool positive) {
    if (positive) {
        const kws_positive_channel_t *constants = channel;
        return kws_requantize_positive(accumulator, constants->multiplier, constants->offset);
    }
    return kws_requantize_signed(accumulator, channel);
}

void kws_slide_any(const kws_slide_t *job) {
    const int32_t bias = *(const int32_t *)job->channel; /* the first field of both forms */
    for (uint32_t y = 0; y < job->num_rows; y++) {
        for (uint32_t x = 0; x < job->num_columns; x++) {
            const int16_t *corner = job->plane + (y * job->stride_height) * job->row_stride + x * job->stride_width;
            const int16_t *weight = job->weights;
            uint32_t sum = (uint32_t)bias;
            for (uint32_t i = 0; i < job->kernel_height; i++) {
                const int16_t *value = corner + i * job->dilation_height * job->row_stride;
                for (uint32_t j = 0; j < job->kernel_width; j++) {
                    sum += (uint32_t)(*value * *weight++);
                    value += job->dilation_width;
                }
            }
            job->output[(y * job->num_columns + x) * job->output_pixel_stride] =
                (int16_t)kws_requantize((int32_t)sum, job->channel, job->positive);
        }
    }
}

#if !KWS_USE_DSP

/* Eight at a time, which compilers turn into dual multiply-accumulates of their own. */
static int32_t dot(const int16_t *pixel, const int16_t *weights, uint32_t num_groups, int32_t bias) {
    uint32_t sum = (uint32_t)bias;
    for (uint32_t group = 0; group < num_groups; group++) {
        for (uint32_t i = 0; i < 4; i++) {
            sum += (uint32_t)(pixel[4 * group + i] * weights[8 * group + i]);
        }
    }
    return (int32_t)sum;
}

void kws_pointwise(const kws_pointwise_t *job) {
    const size_t channel_bytes = job->positive ? sizeof(kws_positive_channel_t) : sizeof(kws_signed_channel_t);
    for (uint32_t c = 0; c < job->num_channels; c++) {
        const void *channel = (const uint8_t *)job->channels + c * channel_bytes;
        const int16_t *weights = job->weights + (c / 2) * 8 * job->num_groups + (c % 2) * 4;
        for (uint32_t y = 0; y < job->num_rows; y++) {
            const int16_t *pixel = job->input + y * job->input_row_stride;
            int16_t *output = job->output + y * job->output_row_stride + c * job->output_channel_stride;
            for (uint32_t x = 0; x < job->num_columns; x++) {
                const int32_t sum = dot(pixel, weights, job->num_groups, *(const int32_t *)channel);
                *output = (int16_t)kws_requantize(sum, channel, job->positive);
                pixel += job->input_pixel_stride;
                output += job->output_pixel_stride;
            }
        }
    }
}

void kws_slide(const kws_slide_t *job) {
    if (!job->taps_3x3) {
        kws_slide_any(job);
        return;
    }
    int16_t taps[9];
    for (uint32_t i = 0; i < 3; i++) {
        taps[3 * i] = job->weights[4 * i];
        taps[3 * i + 1] = job->weights[4 * i + 1];
        taps[3 * i + 2] = job->weights[4 * i + 3];
    }
    kws_slide_t plain = *job;
    plain.weights = taps;
    kws_slide_any(&plain);
}

#endif
