#include "kws_kernels.h"

#include "kws_requantize.h"

int32_t kws_requantize(int32_t accumulator, const void *channel, bool positive) {
    if (positive) {
        const kws_positive_channel_t *constants = channel;
        return kws_requantize_positive(accumulator, constants->multiplier, constants->offset);
    }
    return kws_requantize_signed(accumulator, channel);
}

/* The first field of both forms of constants. */
static int32_t bias_of(const void *channel) {
    return *(const int32_t *)channel;
}

void kws_slide_any(const kws_slide_t *job) {
    const uint32_t tap_step = job->dilation_width;
    uint8_t *output = job->output;
    for (uint32_t y = 0; y < job->num_rows; y++) {
        const uint8_t *corner = (const uint8_t *)job->plane + y * job->row_step;
        for (uint32_t x = 0; x < job->num_columns; x++) {
            const int16_t *weight = job->weights;
            uint32_t sum = (uint32_t)bias_of(job->channel);
            for (uint32_t i = 0; i < job->kernel_height; i++) {
                const void *row = corner + i * job->dilation_height * job->row_bytes;
                const int16_t *value = (const int16_t *)row + x * job->stride_width;
                for (uint32_t j = 0; j < job->kernel_width; j++) {
                    sum += (uint32_t)(*value * *weight++);
                    value += tap_step;
                }
            }
            *(int16_t *)(void *)output = (int16_t)kws_requantize((int32_t)sum, job->channel, job->positive);
            output += job->output_step;
        }
    }
}

#if !KWS_USE_DSP

/* Four at a time, which compilers turn into dual multiply-accumulates of their own. */
static int32_t dot(const int16_t *pixel, const int16_t *weights, uint32_t num_groups, int32_t bias) {
    uint32_t sum = (uint32_t)bias;
    for (uint32_t group = 0; group < num_groups; group++) {
        for (uint32_t i = 0; i < 4; i++) {
            sum += (uint32_t)(pixel[4 * group + i] * weights[8 * group + i]);
        }
    }
    return (int32_t)sum;
}

void kws_pointwise(kws_pointwise_t *job) {
    for (uint32_t c = 0; c < job->num_channels; c++) {
        const void *channel = (const uint8_t *)job->channels + c * kws_channel_bytes(job->positive);
        const int16_t *weights = (const int16_t *)job->weights + (c / 2) * 8 * job->num_groups + (c % 2) * 4;
        const uint8_t *pixel = job->input;
        uint8_t *output = (uint8_t *)job->output + c * job->channel_step;
        for (uint32_t y = 0; y < job->num_rows; y++) {
            for (uint32_t x = 0; x < job->num_columns; x++) {
                const int32_t sum = dot((const void *)pixel, weights, job->num_groups, bias_of(channel));
                *(int16_t *)(void *)output = (int16_t)kws_requantize(sum, channel, job->positive);
                pixel += job->input_step;
                output += job->output_step;
            }
            pixel += job->input_row_step;
            output += job->output_row_step;
        }
    }
}

void kws_add_line(const int16_t *first, const int16_t *second, int16_t *output, uint32_t count,
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
    if (!job->taps_3x3) {
        kws_slide_any(job);
        return;
    }
    const int16_t *pairs = job->weights;
    int16_t taps[9];
    for (uint32_t i = 0; i < 3; i++) {
        taps[3 * i] = pairs[4 * i];
        taps[3 * i + 1] = pairs[4 * i + 1];
        taps[3 * i + 2] = pairs[4 * i + 3];
    }
    kws_slide_t plain = *job;
    plain.weights = taps;
    kws_slide_any(&plain);
}

#endif
