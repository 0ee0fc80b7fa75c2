/* The two inner loops of inference. Each is written twice, with the same results: in portable C, and in assembly for the
 * Cortex-M33's dual 16-bit multiply-accumulate (kws_kernels_portable.c, kws_kernels_m33.c). Inside the core only. */
#ifndef KWS_KERNELS_H
#define KWS_KERNELS_H

#include <stdint.h>

#include "kws_program.h"

/* Which of the two is built. */
#if defined(__ARM_FEATURE_DSP)
#define KWS_USE_DSP 1
#else
#define KWS_USE_DSP 0
#endif

/* A matrix of pixels times a matrix of weights. Strides count int16 elements.
 *
 * Weights (channel pairs, groups, 2 channels, 4 taps) int16, the last pair filled up with zeros; channels are
 * kws_positive_channel_t or kws_signed_channel_t, as many as weights have. */
typedef struct {
    const int16_t *input; /* each pixel: num_groups * 4 values, pixels 4-byte aligned */
    uint32_t num_rows, num_columns;
    uint32_t input_row_stride, input_pixel_stride;
    const int16_t *weights;
    uint32_t num_groups; /* of four taps */
    const void *channels;
    uint32_t num_channels;
    bool positive;
    int16_t *output;
    uint32_t output_row_stride, output_pixel_stride, output_channel_stride;
} kws_pointwise_t;

void kws_pointwise(const kws_pointwise_t *job);

/* One channel: a window sliding over a padded plane. Weights are kernel_height x kernel_width int16, or with `taps_3x3`
 * for each of three rows the pairs (w0, w1), (w1, w2). */
typedef struct {
    const int16_t *plane; /* 4-byte aligned */
    uint32_t row_stride;  /* even */
    uint32_t kernel_height, kernel_width;
    uint32_t stride_height, stride_width;
    uint32_t dilation_height, dilation_width;
    const int16_t *weights;
    const void *channel;
    bool taps_3x3;
    bool positive;
    uint32_t num_rows, num_columns; /* of the output */
    int16_t *output;
    uint32_t output_pixel_stride; /* rows follow each other */
} kws_slide_t;

void kws_slide(const kws_slide_t *job);

/* Any window, any stride: what the processors' own versions of kws_slide fall back on. */
void kws_slide_any(const kws_slide_t *job);

/* Requantizes with either form of constants. */
int32_t kws_requantize(int32_t accumulator, const void *channel, bool positive);

#endif
