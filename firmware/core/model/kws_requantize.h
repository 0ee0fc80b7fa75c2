/* Requantization from an int32 accumulator to an int8 activation, bit-exact to the reference kernels of TensorFlow
 * Lite.
 *
 * For an accumulator x, a multiplier m in [2^30, 2^31) and a right shift s, the reference computes
 *
 *     v = floor((x m + 2^30) / 2^31),   q = zero point + (v / 2^s, rounded, halves away from zero)
 *
 * For x >= 0 the two roundings equal one floor of a sum, (x m + 2^30 + 2^(30+s)) / 2^(31+s). For x < 0 the sum is
 * smaller by 2^31. The compiler scales weights and bias by 2^k, k >= 2. Then both roundings and the zero point fit into
 * one int32 (`offset`), which is added to the upper half of the product with the SMMLA instruction of the Cortex-M33. A
 * shift by s + k - 1 with saturation follows. For each channel the compiler verifies that the result equals the
 * reference for all accumulators that the weights can produce. */
#ifndef KWS_REQUANTIZE_H
#define KWS_REQUANTIZE_H

#include <stdint.h>

#include "model/kws_program.h"

/* s + k - 1 of all channels of an operator with KWS_FLAG_POSITIVE. A constant, because it is an immediate operand. */
#define KWS_POSITIVE_SHIFT 11

/* Shift of an ADD with KWS_FLAG_LINEAR. */
#define KWS_LINEAR_ADD_SHIFT 22

/* Sums wrap in any order. The compiler verifies that they are correct, and no image can cause undefined behavior. */
static inline int32_t kws_wrapping_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t kws_saturate_int8(int32_t value) {
    return value < -128 ? -128 : value > 127 ? 127 : value;
}

/* Returns offset + upper half of a * b. The inline assembly is used because compilers do not always select SMMLA. */
static inline int32_t kws_add_upper_product(int32_t offset, int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
    int32_t sum;
    __asm__("smmla %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(offset));
    return sum;
#else
    return kws_wrapping_add(offset, (int32_t)(((int64_t)a * b) >> 32));
#endif
}

/* Requantizes channels in which a negative accumulator gives the lowest value (ReLU). */
static inline int32_t kws_requantize_positive(int32_t accumulator, int32_t multiplier, int32_t offset) {
    return kws_saturate_int8(kws_add_upper_product(offset, accumulator, multiplier) >> KWS_POSITIVE_SHIFT);
}

/* Requantizes any channel. `correction` is the missing 2^31 of a negative accumulator, in units of `offset`. */
static inline int32_t kws_requantize_signed(int32_t accumulator, const kws_signed_channel_t *channel) {
    const int32_t correction = channel->correction & (accumulator >> 31);
    const int32_t offset = (int32_t)((uint32_t)channel->offset - (uint32_t)correction);
    return kws_saturate_int8(kws_add_upper_product(offset, accumulator, channel->multiplier) >> channel->shift);
}

#endif
