/* Square root of integers, rounded to nearest. */
#ifndef KWS_SQRT_H
#define KWS_SQRT_H

#include <stdint.h>

/* The root, rounded. Roots of values below 2^32 end at 65535 and all others at 2^32 - 1, as TensorFlow's do. */
uint32_t kws_sqrt_rounded(uint64_t value);

#endif
