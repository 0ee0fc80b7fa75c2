/* Inner loops of inference, internal to the core. There are two implementations with identical results: portable C
 * (kws_kernels_portable.c) and assembly for the dual 16-bit multiply-accumulate of the Cortex-M33
 * (kws_kernels_m33.c). */
#ifndef KWS_KERNELS_H
#define KWS_KERNELS_H

#include <stdint.h>

#include "model/kws_program.h"

/* Selects the implementation. */
#if defined(__ARM_FEATURE_DSP)
#define KWS_USE_DSP 1
#else
#define KWS_USE_DSP 0
#endif

/* Product of a matrix of pixels and the weights of two output channels. Steps are in bytes. A row step leads from the
 * end of the last column to the start of the next row. kws_kernels_m33.h repeats the offsets of the fields up to
 * `channels`. */
typedef struct {
    const void *input;        /* num_groups * 4 values per pixel, 4-byte aligned */
    int32_t input_advance;    /* from the end of a pixel to the pixel after the next: 2 * step - pixel bytes */
    uint32_t input_step;      /* between pixels */
    int32_t input_row_step;
    const void *weights;      /* (groups, 2 channels, 4 taps) int16 */
    uint32_t num_groups;      /* groups of four taps */
    void *output;
    uint32_t channel_step;    /* between the outputs of the two channels; 0 if there is only one channel */
    uint32_t output_step;     /* between pixels */
    int32_t output_row_step;
    uint32_t num_rows;
    uint32_t num_columns;
    const void *channels;     /* two kws_positive_channel_t or kws_signed_channel_t */
    bool positive;
} kws_pointwise_t;

/* Computes the two output channels. If there is only one channel, the second one has zero weights, and its outputs may
 * be written to the same location before those of the first one. */
void kws_pointwise_pair(const kws_pointwise_t *job);

/* One output channel: a window that slides over a padded plane. The output rows are contiguous. The weights are
 * kernel_height x kernel_width int16. With `taps_3x3` they are the pairs (w0, w1), (w1, w2) for each of three rows.
 * kws_kernels_m33.h repeats the offsets of the fields up to `num_columns`. */
typedef struct {
    const void *plane;    /* 4-byte aligned */
    uint32_t row_bytes;   /* bytes of a row of the plane, a multiple of 4 */
    uint32_t row_step;    /* vertical stride times row_bytes */
    const void *weights;
    const void *channel;
    void *output;
    uint32_t output_step; /* bytes between pixels */
    uint32_t num_rows, num_columns; /* of the output */
    uint32_t kernel_height, kernel_width;
    uint32_t stride_width;
    uint32_t dilation_height, dilation_width;
    bool taps_3x3;
    bool positive;
} kws_slide_t;

void kws_slide(const kws_slide_t *job);

/* Width of the largest one-row window with a dedicated loop. Such a window has an odd width, no dilation and stride 1
 * or 2. */
#define KWS_MAX_ROW_TAPS 31u

static inline bool kws_slides_along_row(const kws_slide_t *job) {
    return job->kernel_height == 1 && job->kernel_width % 2 == 1 && job->kernel_width <= KWS_MAX_ROW_TAPS &&
           job->dilation_width == 1 && job->stride_width <= 2;
}

/* Computes any window with any stride. Fallback of kws_slide. */
void kws_slide_any(const kws_slide_t *job);

/* Computes output[i] = saturate((first_factor * first[i] + second_factor * second[i] + offset) >>
 * KWS_LINEAR_ADD_SHIFT). The output may be the same array as one of the inputs. */
void kws_add_linear(const int16_t *first, const int16_t *second, int16_t *output, uint32_t count,
                  const kws_linear_add_t *line);

/* Returns the bytes of the requantization constants of one output channel. */
static inline uint32_t kws_channel_bytes(bool positive) {
    return positive ? (uint32_t)sizeof(kws_positive_channel_t) : (uint32_t)sizeof(kws_signed_channel_t);
}

#endif
