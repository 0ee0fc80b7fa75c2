/* int8 softmax over the channels in the fixed-point arithmetic of the TensorFlow Lite reference kernel (gemmlowp). Q
 * a.b denotes an int32 with a integer bits and b fraction bits. */
#include "model/kws_requantize.h"

/* Returns the upper half of 2ab, rounded half up and saturated: the product of two Q0.31 values. */
static int32_t high_product(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* Returns value / 2^exponent, rounded with halves away from zero. The exponent is 0..31. */
static int32_t divide_by_power_of_two(int32_t value, int32_t exponent) {
    if (exponent == 0) {
        return value;
    }
    const int64_t half = INT64_C(1) << (exponent - 1);
    return (int32_t)(((int64_t)value + half - (value < 0 ? 1 : 0)) >> exponent);
}

static int32_t saturate(int64_t value) {
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* Returns 1 / (1 + a) for a in [0, 1), both Q0.31. Three Newton steps start from 48/17 - 32/17 * half the
 * denominator. */
static int32_t reciprocal_of_one_plus(int32_t a) {
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2); /* (a + 1) / 2, rounded */
    const int32_t one = 1 << 29;                                                  /* Q2.29, like the estimate */
    int32_t estimate = kws_wrapping_add(1515870810, high_product(half_denominator, -1010580540));
    for (int step = 0; step < 3; step++) {
        const int32_t error = kws_wrapping_add(one, -high_product(half_denominator, estimate));
        estimate = kws_wrapping_add(estimate, saturate((int64_t)high_product(estimate, error) * 4));
    }
    return saturate((int64_t)estimate * 2);
}

static int32_t leading_zeros(uint32_t value) {
    int32_t count = 0;
    for (uint32_t bit = 0x80000000u; bit != 0 && (value & bit) == 0; bit >>= 1) {
        count++;
    }
    return count;
}

/* table[255 + d] is e^(scale d) in Q0.31, for d = value - maximum from -255 to 0. */
static void softmax_row(const int16_t *input, int16_t *output, uint32_t channels, const int32_t *table) {
    int32_t largest = -128;
    for (uint32_t c = 0; c < channels; c++) {
        largest = input[c] > largest ? input[c] : largest;
    }
    uint32_t sum = 0; /* Q12.19 */
    for (uint32_t c = 0; c < channels; c++) {
        sum += (uint32_t)divide_by_power_of_two(table[(uint8_t)(255 + input[c] - largest)], 12);
    }
    const int32_t headroom = leading_zeros(sum);
    const uint32_t normalized = headroom < 32 ? sum << headroom : 0;
    const int32_t scale = reciprocal_of_one_plus((int32_t)(normalized & INT32_MAX));
    int32_t exponent = 12 - headroom + 31 - 8;
    exponent = exponent < 0 ? 0 : exponent > 31 ? 31 : exponent; /* clamped only if the table is no exponential */
    for (uint32_t c = 0; c < channels; c++) {
        const int32_t probability = high_product(scale, table[(uint8_t)(255 + input[c] - largest)]);
        const int64_t value = (int64_t)divide_by_power_of_two(probability, exponent) - 128;
        output[c] = (int16_t)(value > 127 ? 127 : value < -128 ? -128 : value);
    }
}

void kws_run_softmax(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants) {
    const int16_t *input = (const int16_t *)(const void *)(arena + op->input_offset);
    int16_t *output = (int16_t *)(void *)(arena + op->output_offset);
    const int32_t *table = (const int32_t *)(const void *)(constants + op->weights_constants);
    const uint32_t rows = (uint32_t)op->input_height * op->input_width;
    for (uint32_t i = 0; i < rows; i++) {
        softmax_row(input + i * op->input_channels, output + i * op->input_channels, op->input_channels, table);
    }
}
