/* The inner loops of inference. Each is written twice, with the same results: in portable C, and in assembly for the
 * Cortex-M33's dual 16-bit multiply-accumulate (kws_kernels_portable.c, kws_kernels_m33.c). Inside the core only. */
#ifndef KWS_KERNELS_H
#define KWS_KERNELS_H

#include <stdint.h>

#include "model/kws_program.h"

/* Which of the two is built. */
#if defined(__ARM_FEATURE_DSP)
#define KWS_USE_DSP 1
#else
#define KWS_USE_DSP 0
#endif

/* A matrix of pixels times the weights of two output channels. Steps count bytes; a row step leads from behind the last
 * column to the next row. kws_kernels_m33.h knows the places of the fields down to `channels`. */
typedef struct {
    const void *input;        /* each pixel: num_groups * 4 values, 4-byte aligned */
    int32_t input_advance;    /* from behind a pixel to the next but one: two steps less a pixel's bytes */
    uint32_t input_step;      /* from pixel to pixel */
    int32_t input_row_step;
    const void *weights;      /* (groups, 2 channels, 4 taps) int16 */
    uint32_t num_groups;      /* of four taps */
    void *output;
    uint32_t channel_step;    /* of the output, to the second channel; 0 where there is only one */
    uint32_t output_step;     /* from pixel to pixel */
    int32_t output_row_step;
    uint32_t num_rows;
    uint32_t num_columns;
    const void *channels;     /* two kws_positive_channel_t or kws_signed_channel_t */
    bool positive;
} kws_pointwise_t;

/* Where there is only one channel, the second one's outputs, from weights of zero, may be written to its place first. */
void kws_pointwise_pair(const kws_pointwise_t *job);

/* One channel: a window sliding over a padded plane; outputs of a row lie behind those of the row above. Weights are
 * kernel_height x kernel_width int16, or with `taps_3x3` for each of three rows the pairs (w0, w1), (w1, w2).
 * kws_slide_m33.S knows the places of the fields down to `num_columns`. */
typedef struct {
    const void *plane;    /* 4-byte aligned */
    uint32_t row_bytes;   /* of the plane, a multiple of 4 */
    uint32_t row_step;    /* vertical stride times row_bytes */
    const void *weights;
    const void *channel;
    void *output;
    uint32_t output_step; /* bytes from pixel to pixel */
    uint32_t num_rows, num_columns; /* of the output */
    uint32_t kernel_height, kernel_width;
    uint32_t stride_width;
    uint32_t dilation_height, dilation_width;
    bool taps_3x3;
    bool positive;
} kws_slide_t;

void kws_slide(const kws_slide_t *job);

/* The widest window of one row that has a loop of its own: an odd count of places, beside each other, stride 1 or 2. */
#define KWS_MAX_ROW_TAPS 31u

static inline bool kws_slides_along_row(const kws_slide_t *job) {
    return job->kernel_height == 1 && job->kernel_width % 2 == 1 && job->kernel_width <= KWS_MAX_ROW_TAPS &&
           job->dilation_width == 1 && job->stride_width <= 2;
}

/* Any window, any stride: what kws_slide falls back on. */
void kws_slide_any(const kws_slide_t *job);

/* output[i] = saturate((first factor * first[i] + second factor * second[i] + offset) >> KWS_LINEAR_ADD_SHIFT). The
 * output may be one of the inputs. */
void kws_add_linear(const int16_t *first, const int16_t *second, int16_t *output, uint32_t count,
                  const kws_linear_add_t *line);

/* Bytes of an output channel's constants. */
static inline uint32_t kws_channel_bytes(bool positive) {
    return positive ? (uint32_t)sizeof(kws_positive_channel_t) : (uint32_t)sizeof(kws_signed_channel_t);
}

#endif
