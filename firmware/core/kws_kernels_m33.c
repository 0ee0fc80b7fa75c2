/* Hands jobs to the loops in kws_kernels_m33.S. */
#include "kws_kernels.h"

#if KWS_USE_DSP

#include <stddef.h>

#include "kws_requantize.h"

void kws_m33_pair_positive(const kws_pointwise_t *job);
void kws_m33_pair_signed(const kws_pointwise_t *job);
void kws_m33_eight_positive(const kws_pointwise_t *job);
void kws_m33_slide_1_positive(const kws_slide_t *job);
void kws_m33_slide_1_signed(const kws_slide_t *job);
void kws_m33_slide_2_positive(const kws_slide_t *job);
void kws_m33_slide_2_signed(const kws_slide_t *job);

_Static_assert(KWS_POSITIVE_SHIFT == 11 && KWS_LINEAR_ADD_SHIFT == 22, "kws_kernels_m33.S has them as immediates");
_Static_assert(offsetof(kws_pointwise_t, num_groups) == 20 && offsetof(kws_pointwise_t, channels) == 48,
               "kws_kernels_m33.S has this layout");
_Static_assert(offsetof(kws_slide_t, output) == 20 && offsetof(kws_slide_t, num_columns) == 32,
               "kws_kernels_m33.S has this layout");

/* Eight taps, pixels one behind the other, outputs too: channel by channel. */
static void run_eights(kws_pointwise_t *job) {
    const uint8_t *weights = job->weights;
    uint8_t *output = job->output;
    const kws_positive_channel_t *channels = job->channels;
    for (uint32_t c = 0; c < job->num_channels; c++) {
        kws_m33_eight_positive(job);
        /* Within a pair the second channel's first four weights stand behind the first one's, 8 bytes further. */
        job->weights = (const uint8_t *)job->weights + (c % 2 == 0 ? 8 : 24);
        job->output = (uint8_t *)job->output + job->channel_step;
        job->channels = (const kws_positive_channel_t *)job->channels + 1;
    }
    job->weights = weights;
    job->output = output;
    job->channels = channels;
}

static void run_pairs(kws_pointwise_t *job) {
    const kws_pointwise_t before = *job;
    const uint32_t weights_step = job->num_groups * 16;
    const uint32_t channels_step = 2 * kws_channel_bytes(job->positive);
    for (uint32_t left = job->num_channels; left > 0; left = left < 2 ? 0 : left - 2) {
        if (left == 1) {
            job->channel_step = 0; /* no second channel: it is written first, then overwritten */
        }
        if (job->positive) {
            kws_m33_pair_positive(job);
        } else {
            kws_m33_pair_signed(job);
        }
        job->weights = (const uint8_t *)job->weights + weights_step;
        job->output = (uint8_t *)job->output + 2 * job->channel_step;
        job->channels = (const uint8_t *)job->channels + channels_step;
    }
    job->weights = before.weights;
    job->output = before.output;
    job->channels = before.channels;
    job->channel_step = before.channel_step;
}

void kws_pointwise(kws_pointwise_t *job) {
    if (job->num_groups == 2 && job->positive && job->input_step == 16 && job->output_step == 2) {
        run_eights(job);
    } else {
        run_pairs(job);
    }
}

void kws_slide(const kws_slide_t *job) {
    if (!job->taps_3x3) {
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
