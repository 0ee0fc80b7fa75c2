/* Convolutions: what is around the inner loops of kws_kernels.h. */
#include "kws_kernels.h"

static int16_t *activations(uint8_t *arena, uint32_t offset) {
    return (int16_t *)(void *)(arena + offset);
}

static const int16_t *weights_at(const uint8_t *constants, uint32_t offset) {
    return (const int16_t *)(const void *)(constants + offset);
}

static void fill(int16_t *values, uint32_t count, int16_t value) {
    for (uint32_t i = 0; i < count; i++) {
        values[i] = value;
    }
}

/* Gathers the window of the output pixel (y, x); what lies outside the input is its zero point. */
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

/* Two patches at a time, so that each weight is loaded once for both. */
static void gather_and_multiply(const kws_operator_t *op, kws_pointwise_t *job, int16_t *patches) {
    const int16_t *input = job->input;
    const uint32_t taps = (uint32_t)op->kernel_height * op->kernel_width * op->input_channels;
    const uint32_t patch_size = 4 * job->num_groups;
    fill(patches + taps, patch_size - taps, 0);
    fill(patches + patch_size + taps, patch_size - taps, 0);
    job->input = patches;
    job->input_pixel_stride = patch_size;
    job->num_rows = 1;
    for (uint32_t y = 0; y < op->output_height; y++) {
        for (uint32_t x = 0; x < op->output_width; x += 2) {
            job->num_columns = op->output_width - x < 2 ? 1 : 2;
            for (uint32_t i = 0; i < job->num_columns; i++) {
                gather_patch(op, input, y, x + i, patches + i * patch_size);
            }
            kws_pointwise(job);
            job->output += job->num_columns * job->output_pixel_stride;
        }
    }
}

void kws_run_convolve(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const uint32_t channels = op->output_channels;
    kws_pointwise_t job = {
        .input = activations(arena, op->input_offset),
        .num_rows = op->output_height,
        .num_columns = op->output_width,
        .input_row_stride = (uint32_t)op->stride_height * op->input_width * op->input_channels,
        .input_pixel_stride = (uint32_t)op->stride_width * op->input_channels,
        .weights = weights_at(constants, op->weights_constants),
        .num_groups = kws_padded_taps(op) / 4,
        .channels = constants + op->channels_constants,
        .num_channels = channels,
        .positive = op->flags & KWS_FLAG_POSITIVE,
        .output = activations(arena, op->output_offset),
        .output_row_stride = op->output_width * channels,
        .output_pixel_stride = channels,
        .output_channel_stride = 1,
    };
    if (op->flags & KWS_FLAG_DIRECT) {
        if (job.input_row_stride == job.num_columns * job.input_pixel_stride) {
            job.num_columns *= job.num_rows; /* one long row */
            job.num_rows = 1;
        }
        kws_pointwise(&job);
        return;
    }
    gather_and_multiply(op, &job, activations(arena, op->scratch_offset));
}

/* The job that slides over one plane of op's scratch. */
static kws_slide_t slide_of(const kws_operator_t *op, const kws_plane_t *plane) {
    return (kws_slide_t){
        .row_stride = plane->row_stride,
        .kernel_height = op->kernel_height,
        .kernel_width = op->kernel_width,
        .stride_height = op->stride_height,
        .stride_width = op->stride_width,
        .dilation_height = op->dilation_height,
        .dilation_width = op->dilation_width,
        .taps_3x3 = op->flags & KWS_FLAG_TAPS_3X3,
        .positive = op->flags & KWS_FLAG_POSITIVE,
        .num_rows = op->output_height,
        .num_columns = op->output_width,
        .output_pixel_stride = op->output_channels,
    };
}

/* Runs the `count` output channels from `first` on, all of which read the plane `job` points to. */
static void slide_channels(kws_slide_t *job, const kws_operator_t *op, uint8_t *arena, const uint8_t *constants,
                           uint32_t first, uint32_t count) {
    const uint32_t taps = job->taps_3x3 ? 12 : ((uint32_t)op->kernel_height * op->kernel_width + 1u) & ~1u;
    const size_t channel_bytes = job->positive ? sizeof(kws_positive_channel_t) : sizeof(kws_signed_channel_t);
    for (uint32_t c = first; c < first + count; c++) {
        job->weights = weights_at(constants, op->weights_constants) + c * taps;
        job->channel = constants + op->channels_constants + c * channel_bytes;
        job->output = activations(arena, op->output_offset) + c;
        kws_slide(job);
    }
}

void kws_run_depthwise(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const kws_plane_t plane = kws_plane_of(op);
    const uint32_t multiplier = op->output_channels / op->input_channels;
    const int16_t *input = activations(arena, op->input_offset);
    int16_t *scratch = activations(arena, op->scratch_offset);
    kws_slide_t job = slide_of(op, &plane);
    job.plane = scratch;
    fill(scratch, plane.height * plane.row_stride, op->pad_value);
    for (uint32_t c = 0; c < op->input_channels; c++) {
        for (uint32_t y = 0; y < plane.num_rows; y++) {
            const int16_t *pixel = input + y * op->input_width * op->input_channels + c;
            int16_t *row = scratch + (y + op->pad_top) * plane.row_stride + op->pad_left;
            for (uint32_t x = 0; x < plane.num_columns; x++) {
                row[x] = *pixel;
                pixel += op->input_channels;
            }
        }
        slide_channels(&job, op, arena, constants, c * multiplier, multiplier);
    }
}

void kws_run_expand_depthwise(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const kws_plane_t plane = kws_plane_of(op);
    const uint32_t plane_size = plane.height * plane.row_stride;
    const uint32_t multiplier = op->output_channels / op->middle_channels;
    const bool positive = op->flags & KWS_FLAG_EXPAND_POSITIVE;
    const size_t channel_bytes = positive ? sizeof(kws_positive_channel_t) : sizeof(kws_signed_channel_t);
    int16_t *scratch = activations(arena, op->scratch_offset);
    kws_pointwise_t expand = {
        .input = activations(arena, op->input_offset),
        .num_rows = plane.num_rows,
        .num_columns = plane.num_columns,
        .input_row_stride = (uint32_t)op->input_width * op->input_channels,
        .input_pixel_stride = op->input_channels,
        .num_groups = op->input_channels / 4u,
        .positive = positive,
        .output = scratch + op->pad_top * plane.row_stride + op->pad_left,
        .output_row_stride = plane.row_stride,
        .output_pixel_stride = 1,
        .output_channel_stride = plane_size,
    };
    kws_slide_t job = slide_of(op, &plane);
    fill(scratch, 2 * plane_size, op->pad_value);
    for (uint32_t c = 0; c < op->middle_channels; c += 2) {
        const uint32_t count = op->middle_channels - c < 2 ? 1 : 2;
        expand.weights = weights_at(constants, op->expand_weights_constants) + c * op->input_channels;
        expand.channels = constants + op->expand_channels_constants + c * channel_bytes;
        expand.num_channels = count;
        kws_pointwise(&expand);
        for (uint32_t i = 0; i < count; i++) {
            job.plane = scratch + i * plane_size;
            slide_channels(&job, op, arena, constants, (c + i) * multiplier, multiplier);
        }
    }
}
