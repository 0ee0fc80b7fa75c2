/* Convolutions: data movement around the inner loops of kws_kernels.h. */
#include "model/kws_kernels.h"

#define VALUE_BYTES ((uint32_t)sizeof(int16_t))

static int16_t *activations(uint8_t *arena, uint32_t offset) {
    return (int16_t *)(void *)(arena + offset);
}

static void fill(int16_t *values, uint32_t count, int16_t value) {
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++) {
        values[i] = value;
    }
}

/* Copies the window of the output pixel (y, x) to `patch`. Positions outside the input get its zero point. */
static void gather_patch(const kws_operator_t *op, const int16_t *input, uint32_t y, uint32_t x, int16_t *patch) {
    const uint32_t channels = op->input_channels;
    for (uint32_t i = 0; i < op->kernel_height; i++) {
        const int32_t row = (int32_t)(y * op->stride_height + i * op->dilation_height) - op->pad_top;
        for (uint32_t j = 0; j < op->kernel_width; j++) {
            const int32_t column = (int32_t)(x * op->stride_width + j * op->dilation_width) - op->pad_left;
            if (row < 0 || row >= op->input_height || column < 0 || column >= op->input_width) {
                fill(patch, channels, op->pad_value);
            } else {
                const int16_t *pixel = input + ((uint32_t)row * op->input_width + (uint32_t)column) * channels;
                for (uint32_t c = 0; c < channels; c++) {
                    patch[c] = pixel[c];
                }
            }
            patch += channels;
        }
    }
}

/* Computes all output channels in pairs. */
static void multiply(kws_pointwise_t job, uint32_t num_channels) {
    const uint32_t weights_step = job.num_groups * 8 * VALUE_BYTES;
    const uint32_t channels_step = 2 * kws_channel_bytes(job.positive);
    for (uint32_t left = num_channels; left > 0; left = left < 2 ? 0 : left - 2) {
        if (left == 1) {
            job.channel_step = 0;
        }
        kws_pointwise_pair(&job);
        job.weights = (const uint8_t *)job.weights + weights_step;
        job.channels = (const uint8_t *)job.channels + channels_step;
        job.output = (uint8_t *)job.output + 2 * job.channel_step;
    }
}

/* Processes two patches at a time, so that each weight is loaded once for both. */
static void gather_and_multiply(const kws_operator_t *op, kws_pointwise_t *job, int16_t *patches) {
    const int16_t *input = job->input;
    const uint32_t taps = (uint32_t)op->kernel_height * op->kernel_width * op->input_channels;
    const uint32_t patch_size = 4 * job->num_groups;
    fill(patches + taps, patch_size - taps, 0);
    fill(patches + patch_size + taps, patch_size - taps, 0);
    job->input = patches;
    job->num_rows = 1;
    for (uint32_t y = 0; y < op->output_height; y++) {
        for (uint32_t x = 0; x < op->output_width; x += 2) {
            job->num_columns = op->output_width - x < 2 ? 1 : 2;
            for (uint32_t i = 0; i < job->num_columns; i++) {
                gather_patch(op, input, y, x + i, patches + i * patch_size);
            }
            multiply(*job, op->output_channels);
            job->output = (uint8_t *)job->output + job->num_columns * job->output_step;
        }
    }
}

void kws_run_convolve(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const bool is_direct = op->flags & KWS_FLAG_DIRECT;
    const uint32_t pixel_bytes = kws_padded_taps(op) * VALUE_BYTES;
    const uint32_t row_bytes = (uint32_t)op->input_width * op->input_channels * VALUE_BYTES;
    const uint32_t step = is_direct ? op->stride_width * op->input_channels * VALUE_BYTES : pixel_bytes;
    kws_pointwise_t job = {
        .input = activations(arena, op->input_offset),
        .input_advance = (int32_t)(2 * step - pixel_bytes),
        .input_step = step,
        .input_row_step = (int32_t)(op->stride_height * row_bytes - op->output_width * step),
        .weights = constants + op->weights_constants,
        .num_groups = kws_padded_taps(op) / 4,
        .output = activations(arena, op->output_offset),
        .channel_step = VALUE_BYTES,
        .output_step = op->output_channels * VALUE_BYTES,
        .output_row_step = 0,
        .num_rows = op->output_height,
        .num_columns = op->output_width,
        .channels = constants + op->channels_constants,
        .positive = op->flags & KWS_FLAG_POSITIVE,
    };
    if (!is_direct) {
        gather_and_multiply(op, &job, activations(arena, op->scratch_offset));
        return;
    }
    if (job.input_row_step == 0) {
        job.num_columns *= job.num_rows; /* all rows are contiguous: one long row */
        job.num_rows = 1;
    }
    multiply(job, op->output_channels);
}

/* Returns the job for the first output channel. Its input is a plane in the scratch memory of `op`. */
static kws_slide_t make_slide(const kws_operator_t *op, const kws_plane_t *plane, uint8_t *arena,
                              const uint8_t *constants) {
    return (kws_slide_t){
        .plane = activations(arena, op->scratch_offset),
        .row_bytes = plane->row_stride * VALUE_BYTES,
        .row_step = op->stride_height * plane->row_stride * VALUE_BYTES,
        .weights = constants + op->weights_constants,
        .channel = constants + op->channels_constants,
        .output = activations(arena, op->output_offset),
        .output_step = op->output_channels * VALUE_BYTES,
        .num_rows = op->output_height,
        .num_columns = op->output_width,
        .kernel_height = op->kernel_height,
        .kernel_width = op->kernel_width,
        .stride_width = op->stride_width,
        .dilation_height = op->dilation_height,
        .dilation_width = op->dilation_width,
        .taps_3x3 = op->flags & KWS_FLAG_TAPS_3X3,
        .positive = op->flags & KWS_FLAG_POSITIVE,
    };
}

/* Computes the next `count` output channels. All of them read the plane of `job`. */
static void slide_channels(kws_slide_t *job, uint32_t count) {
    const uint32_t taps = job->taps_3x3 ? 12 : (job->kernel_height * job->kernel_width + 1u) & ~1u;
    const uint32_t channel_bytes = kws_channel_bytes(job->positive);
    for (uint32_t i = 0; i < count; i++) {
        kws_slide(job);
        job->weights = (const uint8_t *)job->weights + taps * VALUE_BYTES;
        job->channel = (const uint8_t *)job->channel + channel_bytes;
        job->output = (uint8_t *)job->output + VALUE_BYTES;
    }
}

/* Copies one channel of the input into the interior of a padded plane. */
static void gather_plane(const kws_operator_t *op, const kws_plane_t *plane, const int16_t *input, int16_t *scratch) {
    const uint32_t channels = op->input_channels;
    for (uint32_t y = 0; y < plane->num_rows; y++) {
        const int16_t *pixel = input + y * op->input_width * channels;
        int16_t *row = scratch + (y + op->pad_top) * plane->row_stride + op->pad_left;
#pragma GCC unroll 4
        for (uint32_t x = 0; x < plane->num_columns; x++) {
            row[x] = pixel[x * channels];
        }
    }
}

void kws_run_depthwise(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const kws_plane_t plane = kws_padded_plane(op);
    const int16_t *input = activations(arena, op->input_offset);
    int16_t *scratch = activations(arena, op->scratch_offset);
    kws_slide_t job = make_slide(op, &plane, arena, constants);
    fill(scratch, plane.height * plane.row_stride, op->pad_value);
    for (uint32_t c = 0; c < op->input_channels; c++) {
        gather_plane(op, &plane, input + c, scratch);
        slide_channels(&job, op->output_channels / op->input_channels);
    }
}

void kws_run_expand_depthwise(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const kws_plane_t plane = kws_padded_plane(op);
    const uint32_t plane_size = plane.height * plane.row_stride;
    const uint32_t multiplier = op->output_channels / op->middle_channels;
    const uint32_t pixel_bytes = op->input_channels * VALUE_BYTES;
    int16_t *scratch = activations(arena, op->scratch_offset);
    kws_pointwise_t expand = {
        .input = activations(arena, op->input_offset),
        .input_advance = (int32_t)pixel_bytes,
        .input_step = pixel_bytes,
        .input_row_step = (int32_t)((op->input_width - plane.num_columns) * pixel_bytes),
        .weights = constants + op->expand_weights_constants,
        .num_groups = op->input_channels / 4u,
        .output = scratch + op->pad_top * plane.row_stride + op->pad_left,
        .channel_step = plane_size * VALUE_BYTES,
        .output_step = VALUE_BYTES,
        .output_row_step = (int32_t)((plane.row_stride - plane.num_columns) * VALUE_BYTES),
        .num_rows = plane.num_rows,
        .num_columns = plane.num_columns,
        .channels = constants + op->expand_channels_constants,
        .positive = op->flags & KWS_FLAG_EXPAND_POSITIVE,
    };
    kws_slide_t job = make_slide(op, &plane, arena, constants);
    const uint32_t channels_step = 2 * kws_channel_bytes(expand.positive);
    fill(scratch, 2 * plane_size, op->pad_value);
    for (uint32_t left = op->middle_channels; left > 0; left = left < 2 ? 0 : left - 2) {
        if (left == 1) {
            expand.channel_step = 0;
        }
        kws_pointwise_pair(&expand);
        expand.weights = (const uint8_t *)expand.weights + 2 * pixel_bytes;
        expand.channels = (const uint8_t *)expand.channels + channels_step;
        job.plane = scratch;
        slide_channels(&job, multiplier);
        if (left > 1) {
            job.plane = scratch + plane_size;
            slide_channels(&job, multiplier);
        }
    }
}
