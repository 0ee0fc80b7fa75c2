#include "frontend/kws_channels.h"

#include "frontend/kws_sqrt.h"
#include "frontend/kws_vector.h"

enum { PCAN_SNR_BITS = 12, PCAN_OUTPUT_BITS = 6, LOG_BITS = 16, SEGMENT_BITS = 7 };
enum { LN_2_Q16 = 45426 };

/* Returns the number of bits up to the highest set bit, 0 for value 0. */
static inline uint32_t bit_length(uint32_t value) {
#if defined(__GNUC__)
    return value == 0 ? 0 : 32 - (uint32_t)__builtin_clz(value);
#else
    uint32_t length = 0;
    for (; value != 0; value >>= 1) {
        length++;
    }
    return length;
#endif
}

void kws_channels_filter(const kws_frontend_tables_t *tables, const uint32_t *energy, uint32_t shift,
                         uint32_t *signal) {
    const uint16_t *const widths = kws_frontend_table(tables, tables->band_widths_offset);
    const uint16_t *weights = kws_frontend_table(tables, tables->weights_offset);
    uint64_t next = 0; /* contribution of a band to the next channel, on its rising slope */
    for (uint32_t band = 0; band <= tables->num_channels; band++) {
        uint64_t sum = next;
        next = 0;
        for (uint32_t i = widths[band]; i != 0; i--) {
            sum += (uint64_t)*energy * weights[0];
            next += (uint64_t)*energy * weights[1];
            energy++;
            weights += 2;
        }
        if (band > 0) { /* the first band has no falling slope of a channel */
            signal[band - 1] = kws_sqrt_rounded(sum) >> shift;
        }
    }
}

KWS_WIDE void kws_channels_reduce_noise(const kws_frontend_tables_t *tables, uint32_t *signal, uint32_t *noise) {
    const uint32_t bits = tables->noise_smoothing_bits;
    for (uint32_t i = 0; i < tables->num_channels; i++) {
        const uint32_t smoothing = i % 2 == 0 ? tables->noise_even_q14 : tables->noise_odd_q14;
        const uint32_t scaled = signal[i] << bits;
        const uint32_t estimate =
            (uint32_t)(((uint64_t)scaled * smoothing + (uint64_t)noise[i] * (16384 - smoothing)) >> 14);
        const uint32_t least = (uint32_t)(((uint64_t)signal[i] * tables->min_signal_q14) >> 14);
        const uint32_t subtracted = (scaled - (estimate < scaled ? estimate : scaled)) >> bits;
        noise[i] = estimate;
        signal[i] = subtracted > least ? subtracted : least;
    }
}

/* Evaluates the gain table at x. Values up to 2 are exact. Larger values use a quadratic polynomial in the 10 bits
 * below the highest bit of x. */
static int16_t evaluate_gain(uint32_t x, const int16_t *table) {
    if (x <= 2) {
        return table[x];
    }
    const uint32_t interval = bit_length(x);
    const int16_t *const coefficients = table + 4 * interval - 6;
    const int32_t fraction = (int32_t)((interval < 11 ? x << (11 - interval) : x >> (interval - 11)) & 0x3FF);
    const int32_t quadratic = (coefficients[2] * fraction) >> 5;
    const uint32_t increment = ((uint32_t)quadratic + ((uint32_t)(int32_t)coefficients[1] << 5)) * (uint32_t)fraction;
    return (int16_t)(((int32_t)(increment + (1u << 14)) >> 15) + coefficients[0]);
}

static uint32_t pcan_shrink(uint32_t snr) {
    if (snr < 2u << PCAN_SNR_BITS) {
        return (snr * snr) >> (2 + 2 * PCAN_SNR_BITS - PCAN_OUTPUT_BITS);
    }
    return (snr >> (PCAN_SNR_BITS - PCAN_OUTPUT_BITS)) - (1u << PCAN_OUTPUT_BITS);
}

void kws_channels_control_gain(const kws_frontend_tables_t *tables, uint32_t *signal, const uint32_t *noise) {
    const int16_t *const table = kws_frontend_table(tables, tables->gain_table_offset);
    for (uint32_t i = 0; i < tables->num_channels; i++) {
        const uint32_t gain = (uint32_t)(int32_t)evaluate_gain(noise[i], table);
        signal[i] = pcan_shrink((uint32_t)(((uint64_t)signal[i] * gain) >> tables->pcan_shift));
    }
}

/* Returns ln(value) in Q16, for value > 1. */
static uint32_t log_q16(uint32_t value, const uint16_t *table) {
    const uint32_t exponent = bit_length(value) - 1;
    const uint32_t remainder = value - (1u << exponent);
    const uint32_t fraction =
        exponent < LOG_BITS ? remainder << (LOG_BITS - exponent) : remainder >> (exponent - LOG_BITS);
    const uint32_t segment = fraction >> (LOG_BITS - SEGMENT_BITS);
    const int32_t inside = (int32_t)(fraction & ((1u << (LOG_BITS - SEGMENT_BITS)) - 1));
    const int32_t slope = table[segment + 1] - table[segment];
    const uint32_t correction = (uint32_t)(table[segment] + ((slope * inside) >> LOG_BITS));
    const uint64_t log2 = (exponent << LOG_BITS) + fraction + correction;
    return (uint32_t)((log2 * LN_2_Q16 + (1u << 15)) >> 16);
}

void kws_channels_log(const kws_frontend_tables_t *tables, const uint32_t *signal, uint16_t *features) {
    const uint16_t *const table = kws_frontend_table(tables, tables->log_table_offset);
    /* The FFT scales by 1 / length and the filter bank scales by 2^12 before the square root. Together this is
     * log2(length) - 6 bits. */
    const uint32_t length_bits = bit_length(tables->fft_length) - 1;
    for (uint32_t i = 0; i < tables->num_channels; i++) {
        uint32_t value = signal[i];
        if ((tables->flags & KWS_FRONTEND_LOG) != 0) {
            value = length_bits < 6 ? value >> (6 - length_bits) : value << (length_bits - 6);
            value = value <= 1 ? 0 : ((log_q16(value, table) << tables->log_scale_shift) + (1u << 15)) >> 16;
        }
        features[i] = value < 0xFFFF ? (uint16_t)value : 0xFFFF;
    }
}
