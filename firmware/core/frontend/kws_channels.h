/* Front-end steps on channels: mel filter bank, square root, noise reduction, gain control and logarithm. All functions
 * require tables that kws_frontend_check accepted. */
#ifndef KWS_CHANNELS_H
#define KWS_CHANNELS_H

#include "frontend/kws_frontend_tables.h"

/* Converts num_bins energies to num_channels amplitudes. Shifts each amplitude right by `shift` (0..15) to undo the
 * normalization of the input. */
void kws_channels_filter(const kws_frontend_tables_t *tables, const uint32_t *energy, uint32_t shift,
                         uint32_t *signal);

/* Updates the noise estimate and subtracts it from the signal. Both have num_channels elements. */
void kws_channels_reduce_noise(const kws_frontend_tables_t *tables, uint32_t *signal, uint32_t *noise);

/* Per-channel amplitude normalization (PCAN): divides by a power of the noise estimate and compresses the result.
 * Requires the flag KWS_FRONTEND_PCAN. */
void kws_channels_control_gain(const kws_frontend_tables_t *tables, uint32_t *signal, const uint32_t *noise);

/* Computes the natural logarithm in units of 2^-log_scale_shift. Without the flag KWS_FRONTEND_LOG, copies the
 * value. */
void kws_channels_log(const kws_frontend_tables_t *tables, const uint32_t *signal, uint16_t *features);

#endif
