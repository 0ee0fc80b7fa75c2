/* Hands jobs to the loops in kws_kernels_m33.S. */
#include "kws_kernels.h"

#if KWS_USE_DSP

#include <stddef.h>

#include "kws_kernels_m33.h"
#include "kws_requantize.h"

_Static_assert(KWS_POSITIVE_SHIFT == 11, "kws_kernels_m33.S has it as an immediate");
_Static_assert(sizeof(kws_m33_pair_job_t) == 52 && sizeof(kws_m33_eight_job_t) == 32 && sizeof(kws_m33_slide_job_t) == 36,
               "kws_kernels_m33.S has these layouts");

#define VALUE_BYTES ((uint32_t)sizeof(int16_t))

static void run_pairs(const kws_pointwise_t *job) {
    const size_t channel_bytes = job->positive ? sizeof(kws_positive_channel_t) : sizeof(kws_signed_channel_t);
    const uint32_t taps_bytes = job->num_groups * 4 * VALUE_BYTES;
    const uint32_t stride = job->input_pixel_stride * VALUE_BYTES;
    const uint32_t pixel_step = job->output_pixel_stride * VALUE_BYTES;
    kws_m33_pair_job_t pair = {
        .input = job->input,
        .input_advance = (int32_t)(2 * stride - taps_bytes),
        .input_stride = stride,
        .input_row_step = (int32_t)(job->input_row_stride * VALUE_BYTES - job->num_columns * stride),
        .num_groups = job->num_groups,
        .output_channel_step = job->output_channel_stride * VALUE_BYTES,
        .output_pixel_step = pixel_step,
        .output_row_step = (int32_t)(job->output_row_stride * VALUE_BYTES - job->num_columns * pixel_step),
        .num_rows = job->num_rows,
        .num_columns = job->num_columns,
    };
    for (uint32_t c = 0; c < job->num_channels; c += 2) {
        pair.weights = job->weights + c * 4 * job->num_groups;
        pair.channels = (const uint8_t *)job->channels + c * channel_bytes;
        pair.output = job->output + c * job->output_channel_stride;
        if (c + 1 == job->num_channels) {
            pair.output_channel_step = 0;
        }
        if (job->positive) {
            kws_m33_pair_positive(&pair);
        } else {
            kws_m33_pair_signed(&pair);
        }
    }
}

static void run_eights(const kws_pointwise_t *job) {
    kws_m33_eight_job_t eight = {
        .input = job->input,
        .num_rows = job->num_rows,
        .row_bytes = job->num_columns * VALUE_BYTES,
        .input_row_step = (job->input_row_stride - job->num_columns * 8) * VALUE_BYTES,
        .output_row_step = (job->output_row_stride - job->num_columns) * VALUE_BYTES,
    };
    for (uint32_t c = 0; c < job->num_channels; c++) {
        eight.weights = job->weights + (c / 2) * 16 + (c % 2) * 4;
        eight.channel = (const kws_positive_channel_t *)job->channels + c;
        eight.output = job->output + c * job->output_channel_stride;
        kws_m33_eight_positive(&eight);
    }
}

void kws_pointwise(const kws_pointwise_t *job) {
    if (job->num_groups == 2 && job->positive && job->input_pixel_stride == 8 && job->output_pixel_stride == 1) {
        run_eights(job);
    } else {
        run_pairs(job);
    }
}

void kws_slide(const kws_slide_t *job) {
    if (!job->taps_3x3) {
        kws_slide_any(job);
        return;
    }
    const kws_m33_slide_job_t slide = {
        .plane = job->plane,
        .row_bytes = job->row_stride * VALUE_BYTES,
        .row_step = job->stride_height * job->row_stride * VALUE_BYTES,
        .weights = job->weights,
        .channel = job->channel,
        .output = job->output,
        .output_pixel_step = job->output_pixel_stride * VALUE_BYTES,
        .num_rows = job->num_rows,
        .num_columns = job->num_columns,
    };
    if (job->stride_width == 1 && job->positive) {
        kws_m33_slide_1_positive(&slide);
    } else if (job->stride_width == 1) {
        kws_m33_slide_1_signed(&slide);
    } else if (job->positive) {
        kws_m33_slide_2_positive(&slide);
    } else {
        kws_m33_slide_2_signed(&slide);
    }
}

#endif
