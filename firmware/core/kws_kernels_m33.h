/* What kws_kernels_m33.c hands to the loops of kws_kernels_m33.S: jobs with strides in bytes. Inside the core only. */
#ifndef KWS_KERNELS_M33_H
#define KWS_KERNELS_M33_H

#include <stdint.h>

/* Two output channels of all pixels. */
typedef struct {
    const void *input;
    int32_t input_advance;  /* from behind a pixel to the one two further */
    uint32_t input_stride;  /* from pixel to pixel */
    int32_t input_row_step; /* from behind the last column, as counted in pixels, to the next row */
    const void *weights;    /* (groups, 2 channels, 4 taps) int16 */
    uint32_t num_groups;
    void *output;
    uint32_t output_channel_step; /* from the first channel to the second; 0 where there is no second */
    uint32_t output_pixel_step;
    int32_t output_row_step; /* from behind the last column to the next row */
    uint32_t num_rows;
    uint32_t num_columns;
    const void *channels; /* two kws_positive_channel_t or kws_signed_channel_t */
} kws_m33_pair_job_t;

void kws_m33_pair_positive(const kws_m33_pair_job_t *job);
void kws_m33_pair_signed(const kws_m33_pair_job_t *job);

/* One output channel of eight taps: pixels lie one behind the other, outputs too. */
typedef struct {
    const void *input;
    void *output;
    uint32_t num_rows;
    uint32_t row_bytes;      /* of the output */
    uint32_t input_row_step; /* from behind the last column to the next row */
    uint32_t output_row_step;
    const void *weights; /* w0, w1 there, w2, w3 16 bytes further */
    const void *channel; /* kws_positive_channel_t */
} kws_m33_eight_job_t;

void kws_m33_eight_positive(const kws_m33_eight_job_t *job);

/* One channel, a 3x3 window; outputs of a row lie behind those of the row above. */
typedef struct {
    const void *plane;
    uint32_t row_bytes;    /* of the plane */
    uint32_t row_step;     /* vertical stride times row_bytes */
    const void *weights;   /* three rows of (w0, w1), (w1, w2) */
    const void *channel;
    void *output;
    uint32_t output_pixel_step;
    uint32_t num_rows;
    uint32_t num_columns;
} kws_m33_slide_job_t;

void kws_m33_slide_1_positive(const kws_m33_slide_job_t *job);
void kws_m33_slide_1_signed(const kws_m33_slide_job_t *job);
void kws_m33_slide_2_positive(const kws_m33_slide_job_t *job);
void kws_m33_slide_2_signed(const kws_m33_slide_job_t *job);

#endif
