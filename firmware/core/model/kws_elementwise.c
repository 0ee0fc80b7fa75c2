/* Elementwise operators and padding. */
#include "model/kws_kernels.h"
#include "model/kws_requantize.h"

static int16_t *activations(uint8_t *arena, uint32_t offset) {
    return (int16_t *)(void *)(arena + offset);
}

static uint32_t num_outputs(const kws_operator_t *op) {
    return (uint32_t)op->output_height * op->output_width * op->output_channels;
}

/* Adds by lookup. Each of the two tables holds the scaled term of one input for its 256 values. */
static void add_by_tables(const int32_t *tables, const kws_signed_channel_t *channel, const int16_t *first,
                          const int16_t *second, int16_t *output, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const int32_t first_term = tables[(uint8_t)(first[i] + 128)];
        const int32_t second_term = tables[256 + (uint8_t)(second[i] + 128)];
        output[i] = (int16_t)kws_requantize_signed(kws_wrapping_add(first_term, second_term), channel);
    }
}

void kws_run_add(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const int16_t *first = activations(arena, op->input_offset);
    const int16_t *second = activations(arena, op->second_offset);
    int16_t *output = activations(arena, op->output_offset);
    const void *weights = constants + op->weights_constants;
    if (op->flags & KWS_FLAG_LINEAR) {
        kws_add_linear(first, second, output, num_outputs(op), weights);
    } else {
        const void *channel = constants + op->channels_constants;
        add_by_tables(weights, channel, first, second, output, num_outputs(op));
    }
}

void kws_run_table(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const int16_t *input = activations(arena, op->input_offset);
    int16_t *output = activations(arena, op->output_offset);
    const int8_t *table = (const int8_t *)(constants + op->weights_constants);
    const uint32_t count = num_outputs(op);
    for (uint32_t i = 0; i < count; i++) {
        output[i] = table[(uint8_t)(input[i] + 128)];
    }
}

void kws_run_pad(const kws_operator_t *op, uint8_t *arena) {
    const uint32_t channels = op->output_channels;
    const int16_t *input = activations(arena, op->input_offset);
    int16_t *output = activations(arena, op->output_offset);
    for (uint32_t y = 0; y < op->output_height; y++) {
        for (uint32_t x = 0; x < op->output_width; x++) {
            const bool inside = y >= op->pad_top && y - op->pad_top < op->input_height && x >= op->pad_left &&
                                x - op->pad_left < op->input_width;
            const int16_t *pixel =
                inside ? input + ((y - op->pad_top) * op->input_width + (x - op->pad_left)) * channels : NULL;
            for (uint32_t c = 0; c < channels; c++) {
                *output++ = inside ? pixel[c] : op->pad_value;
            }
        }
    }
}
