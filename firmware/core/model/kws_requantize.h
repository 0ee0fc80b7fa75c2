/* From an int32 accumulator to an int8 activation, with the bits of TensorFlow Lite's reference kernels.
 *
 * The reference computes, for an accumulator x, a multiplier m in [2^30, 2^31) and a right shift s,
 *
 *     v = floor((x m + 2^30) / 2^31),   q = zero point + (v / 2^s, rounded, halves away from zero)
 *
 * For x >= 0 the two roundings are one floor of a sum, (x m + 2^30 + 2^(30+s)) / 2^(31+s); for x < 0 the sum lacks
 * 2^31. The compiler scales weights and bias by 2^k, k >= 2, so that both roundings and the zero point fit into one
 * int32 (`offset`) that is added to the upper half of the product: the Cortex-M33's SMMLA, then a shift by
 * s + k - 1, with saturation. It proves for each channel, over all accumulators its weights can give, that the result
 * is the reference's.
 */
#ifndef KWS_REQUANTIZE_H
#define KWS_REQUANTIZE_H

#include <stdint.h>

#include "model/kws_program.h"

/* s + k - 1 of all channels of an operator with KWS_FLAG_POSITIVE: an immediate operand. */
#define KWS_POSITIVE_SHIFT 11

/* The shift of an ADD with KWS_FLAG_LINEAR. */
#define KWS_LINEAR_ADD_SHIFT 22

/* Sums wrap, in any order: only what the compiler has proved makes them right, and no image makes them undefined. */
static inline int32_t kws_wrapping_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t kws_saturate_int8(int32_t value) {
    return value < -128 ? -128 : value > 127 ? 127 : value;
}

/* offset + upper half of a * b: SMMLA, which compilers do not always find. */
static inline int32_t kws_add_upper_product(int32_t offset, int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP)
    int32_t sum;
    __asm__("smmla %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(offset));
    return sum;
#else
    return kws_wrapping_add(offset, (int32_t)(((int64_t)a * b) >> 32));
#endif
}

/* For channels where a negative accumulator gives the lowest value (a ReLU). */
static inline int32_t kws_requantize_positive(int32_t accumulator, int32_t multiplier, int32_t offset) {
    return kws_saturate_int8(kws_add_upper_product(offset, accumulator, multiplier) >> KWS_POSITIVE_SHIFT);
}

/* For any channel. `correction` is the 2^31 that a negative accumulator lacks, in units of `offset`. */
static inline int32_t kws_requantize_signed(int32_t accumulator, const kws_signed_channel_t *channel) {
    const int32_t correction = channel->correction & (accumulator >> 31);
    const int32_t offset = (int32_t)((uint32_t)channel->offset - (uint32_t)correction);
    return kws_saturate_int8(kws_add_upper_product(offset, accumulator, channel->multiplier) >> channel->shift);
}

#endif
