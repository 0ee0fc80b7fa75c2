/* The processor's instructions on pairs of 16 bits, or the same in C where KWS_EMULATE_DSP builds their kernels on
 * another machine to test them. Inside the core only. */
#ifndef KWS_DSP_H
#define KWS_DSP_H

#include <stdint.h>

/* Two int16 read as one word; may alias the int16 they were written as. */
typedef uint32_t kws_pair_t __attribute__((may_alias));

#if defined(__ARM_FEATURE_DSP)

#include <arm_acle.h>

/* accumulator + a.low * b.low + a.high * b.high, wrapping: SMLAD. */
static inline int32_t kws_dual_mac(uint32_t a, uint32_t b, int32_t accumulator) {
    return __smlad((int16x2_t)a, (int16x2_t)b, accumulator);
}

/* accumulator + a.low * b.high: SMLABT. */
static inline int32_t kws_mac_low_high(uint32_t a, uint32_t b, int32_t accumulator) {
    return __smlabt((int32_t)a, (int32_t)b, accumulator);
}

/* accumulator + a.high * b.low: SMLATB. */
static inline int32_t kws_mac_high_low(uint32_t a, uint32_t b, int32_t accumulator) {
    return __smlatb((int32_t)a, (int32_t)b, accumulator);
}

#else

static inline int32_t kws_low(uint32_t pair) {
    return (int16_t)(uint16_t)pair;
}

static inline int32_t kws_high(uint32_t pair) {
    return (int16_t)(uint16_t)(pair >> 16);
}

static inline int32_t kws_dual_mac(uint32_t a, uint32_t b, int32_t accumulator) {
    return (int32_t)((uint32_t)accumulator + (uint32_t)(kws_low(a) * kws_low(b)) + (uint32_t)(kws_high(a) * kws_high(b)));
}

static inline int32_t kws_mac_low_high(uint32_t a, uint32_t b, int32_t accumulator) {
    return (int32_t)((uint32_t)accumulator + (uint32_t)(kws_low(a) * kws_high(b)));
}

static inline int32_t kws_mac_high_low(uint32_t a, uint32_t b, int32_t accumulator) {
    return (int32_t)((uint32_t)accumulator + (uint32_t)(kws_high(a) * kws_low(b)));
}

#endif

#endif
