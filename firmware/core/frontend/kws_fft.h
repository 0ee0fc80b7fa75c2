/* Fixed-point FFT of real 16-bit samples, bit for bit that of kissfft (16-bit, scaled by 1 / length).
 *
 * A real FFT of length L is a complex FFT of L / 2 (even samples real, odd samples imaginary) and a split.
 * Real and imaginary parts lie in separate arrays: a buffer of L int16 is L / 2 real parts, then L / 2
 * imaginary ones. Every radix-4 stage first scales by 1 / 4, the radix-2 stage and the split by 1 / 2.
 */
#ifndef KWS_FFT_H
#define KWS_FFT_H

#include <stddef.h>
#include <stdint.h>

/* Number of int16 in the twiddles of a complex FFT of this length (a power of two): the sum over the
 * stages after the first of 2 * (radix - 1) * (length of the transforms that the stage joins). */
size_t kws_fft_twiddle_count(size_t complex_length);

/* Transforms `work` (complex_length re, complex_length im), a power of two from 8 on. `spare` is as large.
 * `twiddles`: for each radix-4 stage but a first one, the real parts of w^k for k = 0 .. joined - 1, their
 * imaginary parts, then those of w^2k and w^3k. Returns the buffer that holds the spectrum, one of the two. */
int16_t *kws_fft_complex(int16_t *work, int16_t *spare, size_t complex_length, const int16_t *twiddles);

/* Energies re^2 + im^2 of bins first .. first + count - 1 of the real FFT, from the spectrum of the complex one.
 * 1 <= first, first + count <= complex_length. `twiddles`: complex_length / 2 real parts of
 * exp(-i pi ((j + 1) / complex_length + 1 / 2)), then their imaginary parts. */
void kws_fft_real_energy(const int16_t *spectrum, size_t complex_length, const int16_t *twiddles, size_t first,
                         size_t count, uint32_t *energy);

#endif
