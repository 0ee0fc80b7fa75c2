/* The steps of the front end that work on channels: mel filter bank, square root, noise reduction, gain, log.
 * All take tables that kws_frontend_check passed. */
#ifndef KWS_CHANNELS_H
#define KWS_CHANNELS_H

#include "frontend/kws_frontend_tables.h"

/* num_bins energies -> num_channels amplitudes, each >> shift (0..15), which undoes the input's normalisation. */
void kws_channels_filter(const kws_frontend_tables_t *tables, const uint32_t *energy, uint32_t shift,
                         uint32_t *signal);

/* Subtracts the noise estimate, which it updates first; both num_channels. */
void kws_channels_reduce_noise(const kws_frontend_tables_t *tables, uint32_t *signal, uint32_t *noise);

/* PCAN: divides by a power of the noise estimate and compresses. Only with the flag KWS_FRONTEND_PCAN. */
void kws_channels_control_gain(const kws_frontend_tables_t *tables, uint32_t *signal, const uint32_t *noise);

/* Natural logarithm in units of 2^-log_scale_shift, or the value itself without the flag KWS_FRONTEND_LOG. */
void kws_channels_log(const kws_frontend_tables_t *tables, const uint32_t *signal, uint16_t *features);

#endif
