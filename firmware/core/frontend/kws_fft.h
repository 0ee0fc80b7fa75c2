/* Fixed-point FFT of real 16-bit samples, bit-exact to kissfft (16-bit, scaled by 1 / length).
 *
 * A real FFT of length L is a complex FFT of length L / 2 (even samples real, odd samples imaginary) followed by a
 * split. Real and imaginary parts are stored separately: a buffer of L int16 holds L / 2 real parts, then L / 2
 * imaginary parts. A radix-4 stage scales its inputs by 1 / 4. The radix-2 stage and the split scale by 1 / 2. */
#ifndef KWS_FFT_H
#define KWS_FFT_H

#include <stddef.h>
#include <stdint.h>

/* Returns the number of int16 twiddles of a complex FFT of this length, a power of two: the sum of 2 * (radix - 1) *
 * sub_length over all stages after the first. sub_length is the length of the transforms that a stage combines. */
size_t kws_fft_twiddle_count(size_t complex_length);

/* Transforms `work` (complex_length re, complex_length im). complex_length is a power of two, at least 8. `spare` has
 * the same size as `work`. `twiddles` holds for each radix-4 stage after the first one the real parts of w^k for k = 0
 * .. sub_length - 1, their imaginary parts, then the same for w^2k and w^3k. Returns the buffer that holds the
 * spectrum, either `work` or `spare`. */
int16_t *kws_fft_complex(int16_t *work, int16_t *spare, size_t complex_length, const int16_t *twiddles);

/* Computes the energies re^2 + im^2 of bins first .. first + count - 1 of the real FFT from the spectrum of the complex
 * FFT. Requires 1 <= first and first + count <= complex_length. `twiddles` holds complex_length / 2 real parts of
 * exp(-i pi ((j + 1) / complex_length + 1 / 2)), then their imaginary parts. */
void kws_fft_real_energy(const int16_t *spectrum, size_t complex_length, const int16_t *twiddles, size_t first,
                         size_t count, uint32_t *energy);

#endif
