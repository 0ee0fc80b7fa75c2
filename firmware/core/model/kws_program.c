/* Validation of operators: verifies that every access of an operator lies inside the arena and the constants.
 *
 * All extents are at most KWS_MAX_EXTENT and all steps at most KWS_MAX_STEP. Therefore coordinates fit into int32_t and
 * tensor sizes into uint64_t without overflow. */
#include "model/kws_program.h"

#include <stddef.h>

static bool extent_is_valid(uint32_t value) {
    return value >= 1 && value <= KWS_MAX_EXTENT;
}

static bool step_is_valid(uint32_t value) {
    return value >= 1 && value <= KWS_MAX_STEP;
}

static uint64_t input_count(const kws_operator_t *op) {
    return (uint64_t)op->input_height * op->input_width * op->input_channels;
}

static uint64_t output_count(const kws_operator_t *op) {
    return (uint64_t)op->output_height * op->output_width * op->output_channels;
}

/* Returns whether `count` int16 at `offset` lie inside the arena and are aligned for pairs. */
static bool in_arena(const kws_model_t *model, uint32_t offset, uint64_t count) {
    return offset % 4 == 0 && offset <= model->arena_bytes && count * 2 <= model->arena_bytes - offset;
}

static bool in_constants(const kws_model_t *model, uint32_t offset, uint64_t bytes) {
    return offset % 4 == 0 && offset <= model->constants_bytes && bytes <= model->constants_bytes - offset;
}

/* Checks the requantization constants of `channels` channels. A shift outside 0..31 would be undefined behavior. */
static bool channels_are_valid(const kws_model_t *model, uint32_t offset, uint32_t channels, bool positive) {
    if (positive) {
        return in_constants(model, offset, (uint64_t)channels * sizeof(kws_positive_channel_t));
    }
    if (!in_constants(model, offset, (uint64_t)channels * sizeof(kws_signed_channel_t))) {
        return false;
    }
    const kws_signed_channel_t *channel = (const kws_signed_channel_t *)(const void *)(model->constants + offset);
    for (uint32_t i = 0; i < channels; i++) {
        if (channel[i].shift < 0 || channel[i].shift > 31) {
            return false;
        }
    }
    return true;
}

static uint32_t even(uint32_t count) {
    return (count + 1u) & ~1u;
}

static bool window_is_valid(const kws_operator_t *op) {
    return extent_is_valid(op->kernel_height) && extent_is_valid(op->kernel_width) &&
           step_is_valid(op->stride_height) && step_is_valid(op->stride_width) &&
           step_is_valid(op->dilation_height) && step_is_valid(op->dilation_width) &&
           op->pad_top <= KWS_MAX_STEP && op->pad_left <= KWS_MAX_STEP;
}

static bool is_pointwise(const kws_operator_t *op) {
    return op->kernel_height == 1 && op->kernel_width == 1 && op->pad_top == 0 && op->pad_left == 0;
}

static bool convolve_is_valid(const kws_operator_t *op, const kws_model_t *model) {
    const uint64_t padded_taps = kws_padded_taps(op);
    const uint32_t padded_channels = even(op->output_channels);
    if (!window_is_valid(op) || (uint64_t)op->kernel_height * op->kernel_width * op->input_channels > UINT16_MAX) {
        return false;
    }
    if (op->flags & KWS_FLAG_DIRECT) {
        if (!is_pointwise(op) || op->input_channels % 4 != 0 ||
            (op->output_height - 1u) * op->stride_height >= op->input_height ||
            (op->output_width - 1u) * op->stride_width >= op->input_width) {
            return false;
        }
    } else if (!in_arena(model, op->scratch_offset, padded_taps * 2)) {
        return false;
    }
    return in_constants(model, op->weights_constants, padded_channels * padded_taps * 2) &&
           channels_are_valid(model, op->channels_constants, padded_channels, op->flags & KWS_FLAG_POSITIVE);
}

kws_plane_t kws_padded_plane(const kws_operator_t *op) {
    kws_plane_t plane;
    plane.height = (op->output_height - 1u) * op->stride_height + (op->kernel_height - 1u) * op->dilation_height + 1u;
    plane.width = (op->output_width - 1u) * op->stride_width + (op->kernel_width - 1u) * op->dilation_width + 1u;
    plane.row_stride = even(plane.width);
    plane.num_rows = plane.height > op->pad_top ? plane.height - op->pad_top : 0;
    plane.num_columns = plane.width > op->pad_left ? plane.width - op->pad_left : 0;
    plane.num_rows = plane.num_rows < op->input_height ? plane.num_rows : op->input_height;
    plane.num_columns = plane.num_columns < op->input_width ? plane.num_columns : op->input_width;
    return plane;
}

/* Checks the depthwise part: `channels` input planes, op->output_channels output planes, `planes` padded planes in the
 * scratch memory at a time. */
static bool depthwise_is_valid(const kws_operator_t *op, const kws_model_t *model, uint32_t channels, uint32_t planes) {
    if (!window_is_valid(op) || !extent_is_valid(channels) || op->output_channels % channels != 0) {
        return false;
    }
    uint32_t taps = (uint32_t)op->kernel_height * op->kernel_width;
    if (op->flags & KWS_FLAG_TAPS_3X3) {
        if (op->kernel_height != 3 || op->kernel_width != 3 || op->dilation_height != 1 || op->dilation_width != 1 ||
            op->stride_width > 2) {
            return false;
        }
        taps = 12;
    }
    const kws_plane_t plane = kws_padded_plane(op);
    return op->pad_top < plane.height && op->pad_left < plane.width &&
           in_arena(model, op->scratch_offset, (uint64_t)plane.height * plane.row_stride * planes) &&
           in_constants(model, op->weights_constants, (uint64_t)even(taps) * 2 * op->output_channels) &&
           channels_are_valid(model, op->channels_constants, op->output_channels, op->flags & KWS_FLAG_POSITIVE);
}

static bool expand_is_valid(const kws_operator_t *op, const kws_model_t *model) {
    const uint32_t padded_channels = even(op->middle_channels);
    return op->input_channels % 4 == 0 && extent_is_valid(op->middle_channels) &&
           in_constants(model, op->expand_weights_constants, (uint64_t)padded_channels * op->input_channels * 2) &&
           channels_are_valid(model, op->expand_channels_constants, padded_channels,
                              op->flags & KWS_FLAG_EXPAND_POSITIVE) &&
           depthwise_is_valid(op, model, op->middle_channels, 2);
}

static bool same_shape(const kws_operator_t *op) {
    return op->input_height == op->output_height && op->input_width == op->output_width &&
           op->input_channels == op->output_channels;
}

static bool add_is_valid(const kws_operator_t *op, const kws_model_t *model) {
    if (!same_shape(op) || !in_arena(model, op->second_offset, input_count(op))) {
        return false;
    }
    if (op->flags & KWS_FLAG_LINEAR) {
        return in_constants(model, op->weights_constants, sizeof(kws_linear_add_t));
    }
    return in_constants(model, op->weights_constants, 2 * 256 * sizeof(int32_t)) &&
           channels_are_valid(model, op->channels_constants, 1, false);
}

static bool mean_is_valid(const kws_operator_t *op, const kws_model_t *model) {
    return op->output_height == 1 && op->output_width == 1 && op->output_channels == op->input_channels &&
           in_constants(model, op->weights_constants, sizeof(kws_mean_t)) &&
           channels_are_valid(model, op->weights_constants + (uint32_t)offsetof(kws_mean_t, channel), 1, false);
}

static bool softmax_is_valid(const kws_operator_t *op, const kws_model_t *model) {
    return same_shape(op) && op->input_channels <= KWS_MAX_SOFTMAX_CHANNELS &&
           in_constants(model, op->weights_constants, 256 * sizeof(int32_t));
}

/* Returns the amount of work of an operator: multiply-accumulates, or elements accessed. */
static uint64_t count_work(const kws_operator_t *op) {
    const uint64_t window = (uint64_t)op->kernel_height * op->kernel_width;
    switch (op->kind) {
    case KWS_KIND_CONVOLVE:
        return output_count(op) * window * op->input_channels;
    case KWS_KIND_EXPAND_DEPTHWISE: {
        const kws_plane_t plane = kws_padded_plane(op);
        return output_count(op) * window +
               (uint64_t)plane.num_rows * plane.num_columns * op->middle_channels * op->input_channels;
    }
    case KWS_KIND_DEPTHWISE:
    case KWS_KIND_AVERAGE_POOL:
    case KWS_KIND_MAX_POOL:
        return output_count(op) * window;
    default:
        return input_count(op) + output_count(op);
    }
}

static int32_t kind_check(const kws_operator_t *op, const kws_model_t *model) {
    bool valid;
    switch (op->kind) {
    case KWS_KIND_CONVOLVE:
        valid = convolve_is_valid(op, model);
        break;
    case KWS_KIND_DEPTHWISE:
        valid = depthwise_is_valid(op, model, op->input_channels, 1);
        break;
    case KWS_KIND_EXPAND_DEPTHWISE:
        valid = expand_is_valid(op, model);
        break;
    case KWS_KIND_ADD:
        valid = add_is_valid(op, model);
        break;
    case KWS_KIND_TABLE:
        valid = same_shape(op) && in_constants(model, op->weights_constants, 256);
        break;
    case KWS_KIND_AVERAGE_POOL:
    case KWS_KIND_MAX_POOL:
        valid = window_is_valid(op) && op->input_channels == op->output_channels;
        break;
    case KWS_KIND_MEAN:
        valid = mean_is_valid(op, model);
        break;
    case KWS_KIND_SOFTMAX:
        valid = softmax_is_valid(op, model);
        break;
    case KWS_KIND_PAD:
        valid = op->input_channels == op->output_channels && op->pad_top <= KWS_MAX_STEP &&
                op->pad_left <= KWS_MAX_STEP;
        break;
    default:
        return KWS_ERROR_UNSUPPORTED;
    }
    return valid ? KWS_OK : KWS_ERROR_FORMAT;
}

int32_t kws_operator_check(const kws_operator_t *op, const kws_model_t *model, uint64_t *work) {
    if (!extent_is_valid(op->input_height) || !extent_is_valid(op->input_width) ||
        !extent_is_valid(op->input_channels) || !extent_is_valid(op->output_height) ||
        !extent_is_valid(op->output_width) || !extent_is_valid(op->output_channels)) {
        return KWS_ERROR_FORMAT;
    }
    if (!in_arena(model, op->input_offset, input_count(op)) || !in_arena(model, op->output_offset, output_count(op))) {
        return KWS_ERROR_FORMAT;
    }
    const int32_t status = kind_check(op, model);
    if (status != KWS_OK) {
        return status;
    }
    *work += count_work(op);
    return *work <= KWS_MAX_WORK ? KWS_OK : KWS_ERROR_UNSUPPORTED;
}

const kws_operator_t *kws_operator_at(const kws_model_t *model, uint32_t index) {
    return (const kws_operator_t *)(const void *)model->operators + index;
}
