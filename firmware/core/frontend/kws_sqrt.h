/* Square root of integers, rounded to nearest. */
#ifndef KWS_SQRT_H
#define KWS_SQRT_H

#include <stdint.h>

/* Returns the rounded root. As in TensorFlow, the result is limited to 65535 for values below 2^32, and to 2^32 - 1 for
 * larger values. */
uint32_t kws_sqrt_rounded(uint64_t value);

#endif
