#include "frontend/kws_sqrt.h"

/* round(256 / sqrt(x)) at the center of each interval [i / 128, (i + 1) / 128), i = 32 .. 127. The error is at most 0.6
 * %. */
static const uint16_t inverse_root_q8[96] = {
    508, 500, 493, 486, 479, 473, 467, 461, 455, 450, 444, 439, 434, 429, 425, 420,
    416, 412, 408, 404, 400, 396, 392, 389, 385, 382, 379, 375, 372, 369, 366, 363,
    361, 358, 355, 353, 350, 347, 345, 343, 340, 338, 336, 333, 331, 329, 327, 325,
    323, 321, 319, 317, 315, 313, 311, 310, 308, 306, 304, 303, 301, 300, 298, 296,
    295, 293, 292, 290, 289, 287, 286, 285, 283, 282, 281, 279, 278, 277, 276, 274,
    273, 272, 271, 269, 268, 267, 266, 265, 264, 263, 262, 261, 260, 259, 258, 257,
};

static inline uint32_t leading_zeros(uint64_t value) {
#if defined(__GNUC__)
    return (uint32_t)__builtin_clzll(value);
#else
    uint32_t count = 0;
    for (; value >> 63 == 0; value <<= 1) {
        count++;
    }
    return count;
#endif
}

/* Approximates the square root of `value`, which is at least 2^62, with an error of a few units. y approximates 1 /
 * sqrt(value / 2^64) and is refined by one Newton step. The root value * y is refined by a second Newton step. */
static inline uint64_t approximate_root(uint64_t value) {
    const uint32_t top = (uint32_t)(value >> 32);
    const uint32_t y_q8 = inverse_root_q8[(top >> 25) - 32];
    const int32_t error_q32 = (int32_t)((((int64_t)1 << 48) - (int64_t)((uint64_t)top * (y_q8 * y_q8))) >> 16);
    const uint32_t y_q16 = (uint32_t)((int32_t)(y_q8 << 8) + (int32_t)(((int64_t)error_q32 * (int32_t)y_q8) >> 25));
    const uint64_t root = ((uint64_t)top * y_q16) >> 16;
    const int32_t remainder = (int32_t)((int64_t)(value - root * root) >> 20);
    return root + (uint64_t)(((int64_t)remainder * (int32_t)y_q16) >> 29);
}

uint32_t kws_sqrt_rounded(uint64_t value) {
    if (value == 0) {
        return 0;
    }
    const uint64_t limit = value >> 32 == 0 ? 0xFFFF : 0xFFFFFFFF;
    const uint32_t shift = leading_zeros(value) / 2;
    uint64_t root = (approximate_root(value << (2 * shift)) + (((uint64_t)1 << shift) >> 1)) >> shift;
    root = root < limit ? root : limit;
    while (root < limit && value > root * (root + 1)) {
        root++;
    }
    while (value <= root * (root - 1)) {
        root--;
    }
    return (uint32_t)root;
}
