/* Selects the assembly loops of kws_multiply_m33.S, kws_slide_m33.S and kws_slide_row_m33.S. */
#include "model/kws_kernels.h"

#if KWS_USE_DSP

#include <stddef.h>

#include "model/kws_requantize.h"

void kws_m33_pair_positive(const kws_pointwise_t *job);
void kws_m33_pair_signed(const kws_pointwise_t *job);
void kws_m33_eight_positive(const kws_pointwise_t *job);
void kws_m33_slide_1_positive(const kws_slide_t *job);
void kws_m33_slide_1_signed(const kws_slide_t *job);
void kws_m33_slide_2_positive(const kws_slide_t *job);
void kws_m33_slide_2_signed(const kws_slide_t *job);

/* One-row window, input of kws_slide_row_m33.S. Each pair of values has two pairs of weights: one for an output at an
 * even position and one for an output at an odd position. The window of the latter begins with the upper value of a
 * pair. */
typedef struct {
    const kws_slide_t *slide;
    uint32_t num_pairs;
    int16_t pairs[KWS_MAX_ROW_TAPS / 2 + 1][2][2];
} row_job_t;

void kws_m33_slide_row_1_positive(const row_job_t *job);
void kws_m33_slide_row_1_signed(const row_job_t *job);
void kws_m33_slide_row_2_positive(const row_job_t *job);
void kws_m33_slide_row_2_signed(const row_job_t *job);

_Static_assert(KWS_POSITIVE_SHIFT == 11 && KWS_LINEAR_ADD_SHIFT == 22, "the assembly has them as immediates");
_Static_assert(offsetof(kws_pointwise_t, num_groups) == 20 && offsetof(kws_pointwise_t, channels) == 48,
               "the assembly has this layout");
_Static_assert(offsetof(kws_slide_t, output) == 20 && offsetof(kws_slide_t, num_columns) == 32,
               "the assembly has this layout");

void kws_pointwise_pair(const kws_pointwise_t *job) {
    if (!job->positive) {
        kws_m33_pair_signed(job);
    } else if (job->num_groups != 2 || job->input_step != 16 || job->output_step != 2) {
        kws_m33_pair_positive(job);
    } else { /* eight taps, contiguous pixels and outputs: one channel after the other */
        kws_m33_eight_positive(job);
        if (job->channel_step != 0) {
            kws_pointwise_t second = *job;
            second.weights = (const uint8_t *)job->weights + 8;
            second.channels = (const kws_positive_channel_t *)job->channels + 1;
            second.output = (uint8_t *)job->output + job->channel_step;
            kws_m33_eight_positive(&second);
        }
    }
}

static void slide_row(const kws_slide_t *slide) {
    const int16_t *weights = slide->weights; /* padded with a zero to whole pairs */
    row_job_t job = {.slide = slide, .num_pairs = slide->kernel_width / 2 + 1};
    int16_t before = 0;
    for (uint32_t i = 0; i < job.num_pairs; i++) {
        job.pairs[i][0][0] = weights[2 * i];
        job.pairs[i][0][1] = weights[2 * i + 1];
        job.pairs[i][1][0] = before;
        job.pairs[i][1][1] = weights[2 * i];
        before = weights[2 * i + 1];
    }
    if (slide->stride_width == 1) {
        (slide->positive ? kws_m33_slide_row_1_positive : kws_m33_slide_row_1_signed)(&job);
    } else {
        (slide->positive ? kws_m33_slide_row_2_positive : kws_m33_slide_row_2_signed)(&job);
    }
}

void kws_slide(const kws_slide_t *job) {
    if (!job->taps_3x3 && kws_slides_along_row(job)) {
        slide_row(job);
    } else if (!job->taps_3x3) {
        kws_slide_any(job);
    } else if (job->stride_width == 1 && job->positive) {
        kws_m33_slide_1_positive(job);
    } else if (job->positive) {
        kws_m33_slide_2_positive(job);
    } else if (job->stride_width == 1) {
        kws_m33_slide_1_signed(job);
    } else {
        kws_m33_slide_2_signed(job);
    }
}

#endif
