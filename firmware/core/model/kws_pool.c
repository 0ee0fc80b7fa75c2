/* Pooling and mean: operators that reduce a window or the whole plane of each channel. */
#include "model/kws_requantize.h"

static int16_t *activations(uint8_t *arena, uint32_t offset) {
    return (int16_t *)(void *)(arena + offset);
}

typedef struct {
    uint32_t first_row, end_row;
    uint32_t first_column, end_column;
} window_t;

/* Computes the part [first, end) of a window that lies inside the input. */
static void clip(uint32_t output, uint32_t stride, uint32_t pad, uint32_t kernel, uint32_t extent, uint32_t *first,
                 uint32_t *end) {
    const int32_t start = (int32_t)(output * stride) - (int32_t)pad;
    const int32_t stop = start + (int32_t)kernel;
    *first = start < 0 ? 0 : (uint32_t)start;
    *end = stop < 0 ? 0 : (uint32_t)stop < extent ? (uint32_t)stop : extent;
}

static window_t window_at(const kws_operator_t *op, uint32_t y, uint32_t x) {
    window_t window;
    clip(y, op->stride_height, op->pad_top, op->kernel_height, op->input_height, &window.first_row, &window.end_row);
    clip(x, op->stride_width, op->pad_left, op->kernel_width, op->input_width, &window.first_column,
         &window.end_column);
    return window;
}

/* Returns the mean, rounded with halves away from zero like in the reference kernel. */
static int32_t average(const kws_operator_t *op, const int16_t *input, const window_t *window) {
    uint32_t sum = 0;
    int32_t count = 0;
    for (uint32_t y = window->first_row; y < window->end_row; y++) {
        for (uint32_t x = window->first_column; x < window->end_column; x++) {
            const int32_t value = input[(y * op->input_width + x) * op->input_channels];
            sum += (uint32_t)value;
            count++;
        }
    }
    if (count == 0) {
        return 0;
    }
    const int32_t half = (int32_t)sum > 0 ? count / 2 : -(count / 2);
    return kws_saturate_int8(kws_wrapping_add((int32_t)sum, half) / count);
}

static int32_t maximum(const kws_operator_t *op, const int16_t *input, const window_t *window) {
    int32_t largest = -128;
    for (uint32_t y = window->first_row; y < window->end_row; y++) {
        for (uint32_t x = window->first_column; x < window->end_column; x++) {
            const int32_t value = input[(y * op->input_width + x) * op->input_channels];
            largest = value > largest ? value : largest;
        }
    }
    return largest;
}

static void run_pool(const kws_operator_t *op, uint8_t *arena, bool use_maximum) {
    const int16_t *input = activations(arena, op->input_offset);
    int16_t *output = activations(arena, op->output_offset);
    for (uint32_t y = 0; y < op->output_height; y++) {
        for (uint32_t x = 0; x < op->output_width; x++) {
            const window_t window = window_at(op, y, x);
            for (uint32_t c = 0; c < op->output_channels; c++) {
                *output++ = (int16_t)(use_maximum ? maximum(op, input + c, &window) : average(op, input + c, &window));
            }
        }
    }
}

void kws_run_average_pool(const kws_operator_t *op, uint8_t *arena) {
    run_pool(op, arena, false);
}

void kws_run_max_pool(const kws_operator_t *op, uint8_t *arena) {
    run_pool(op, arena, true);
}

void kws_run_mean(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const kws_mean_t mean = *(const kws_mean_t *)(const void *)(constants + op->weights_constants);
    const int16_t *input = activations(arena, op->input_offset);
    int16_t *output = activations(arena, op->output_offset);
    const uint32_t channels = op->input_channels;
    const uint32_t count = (uint32_t)op->input_height * op->input_width * channels;
    for (uint32_t c = 0; c < channels; c++) {
        uint32_t sum = 0;
        for (uint32_t i = c; i < count; i += channels) {
            const int32_t value = input[i];
            sum += (uint32_t)value;
        }
        const uint32_t scaled = (uint32_t)mean.channel.bias + sum * (uint32_t)mean.factor;
        output[c] = (int16_t)kws_requantize_signed((int32_t)scaled, &mean.channel);
    }
}
