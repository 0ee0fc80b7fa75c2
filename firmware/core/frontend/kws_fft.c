#include "frontend/kws_fft.h"

#include "frontend/kws_vector.h"

enum { QUARTER = 8191, HALF = 16383 }; /* 32767 / 4 and 32767 / 2, the scale factors of kissfft */

typedef struct {
    int32_t re;
    int32_t im;
} complex_t;

static inline int32_t round_q15(int32_t product) { return (product + (1 << 14)) >> 15; }

static inline complex_t add(complex_t a, complex_t b) {
    const complex_t p = {a.re + b.re, a.im + b.im};
    return p;
}

static inline complex_t subtract(complex_t a, complex_t b) {
    const complex_t p = {a.re - b.re, a.im - b.im};
    return p;
}

/* The casts let the compiler use 16-bit multiplications: both parts fit into 16 bits, which the compiler cannot
 * derive. */
static inline complex_t scale(int16_t re, int16_t im, int32_t factor) {
    const complex_t p = {(int16_t)round_q15(re * factor), (int16_t)round_q15(im * factor)};
    return p;
}

static inline complex_t multiply(complex_t a, int16_t re, int16_t im) {
    const complex_t p = {round_q15(a.re * re - a.im * im), round_q15(a.re * im + a.im * re)};
    return p;
}

/* Radix-4 butterfly on inputs already multiplied by their twiddles. The outputs are `stride` apart. kissfft stores
 * every sum as int16. Since int16 wraps modulo 2^16, wrapping only the last sum gives the same result. */
static inline void butterfly4(complex_t a, complex_t b, complex_t c, complex_t d, int16_t *re, int16_t *im,
                              size_t stride) {
    const complex_t sum = add(a, c);
    const complex_t difference = subtract(a, c);
    const complex_t outer_sum = add(b, d);
    const complex_t outer_difference = subtract(b, d);
    re[0] = (int16_t)(sum.re + outer_sum.re);
    im[0] = (int16_t)(sum.im + outer_sum.im);
    re[stride] = (int16_t)(difference.re + outer_difference.im);
    im[stride] = (int16_t)(difference.im - outer_difference.re);
    re[2 * stride] = (int16_t)(sum.re - outer_sum.re);
    im[2 * stride] = (int16_t)(sum.im - outer_sum.im);
    re[3 * stride] = (int16_t)(difference.re - outer_difference.im);
    im[3 * stride] = (int16_t)(difference.im + outer_difference.re);
}

/* First stage if it is radix 2. All twiddles are 1: multiplying a scaled value by 32767 / 32768 and rounding does not
 * change it. */
static void first_stage2(const int16_t *restrict in, int16_t *restrict out, size_t length) {
    const size_t half = length / 2;
    for (size_t q = 0; q < half; q++) {
        const complex_t a = scale(in[q], in[length + q], HALF);
        const complex_t b = scale(in[half + q], in[length + half + q], HALF);
        out[q] = (int16_t)(a.re + b.re);
        out[length + q] = (int16_t)(a.im + b.im);
        out[half + q] = (int16_t)(a.re - b.re);
        out[length + half + q] = (int16_t)(a.im - b.im);
    }
}

/* First stage if it is radix 4. All twiddles are 1, as above. */
static void first_stage4(const int16_t *restrict in, int16_t *restrict out, size_t length) {
    const size_t quarter = length / 4;
    const int16_t *restrict im = in + length;
    KWS_INDEPENDENT
    for (size_t q = 0; q < quarter; q++) {
        const complex_t a = scale(in[q], im[q], QUARTER);
        const complex_t b = scale(in[quarter + q], im[quarter + q], QUARTER);
        const complex_t c = scale(in[2 * quarter + q], im[2 * quarter + q], QUARTER);
        const complex_t d = scale(in[3 * quarter + q], im[3 * quarter + q], QUARTER);
        butterfly4(a, b, c, d, out + q, out + length + q, quarter);
    }
}

/* Stage before the transposition. Element (k, q) of `sub_length` rows is at [k][q], so the inner loop has contiguous
 * accesses and constant twiddles. */
static void row_stage4(const int16_t *restrict in, int16_t *restrict out, size_t length, size_t sub_length,
                       const int16_t *twiddles) {
    const size_t columns = length / (4 * sub_length);
    for (size_t k = 0; k < sub_length; k++) {
        const int16_t *restrict re = in + 4 * columns * k;
        const int16_t *restrict im = re + length;
        const int16_t re1 = twiddles[k], im1 = twiddles[sub_length + k];
        const int16_t re2 = twiddles[2 * sub_length + k], im2 = twiddles[3 * sub_length + k];
        const int16_t re3 = twiddles[4 * sub_length + k], im3 = twiddles[5 * sub_length + k];
        int16_t *restrict to = out + columns * k;
        KWS_INDEPENDENT
        for (size_t q = 0; q < columns; q++) {
            const complex_t a = scale(re[q], im[q], QUARTER);
            const complex_t b = scale(re[columns + q], im[columns + q], QUARTER);
            const complex_t c = scale(re[2 * columns + q], im[2 * columns + q], QUARTER);
            const complex_t d = scale(re[3 * columns + q], im[3 * columns + q], QUARTER);
            butterfly4(a, multiply(b, re1, im1), multiply(c, re2, im2), multiply(d, re3, im3), to + q, to + length + q,
                       sub_length * columns);
        }
    }
}

/* Stage after the transposition. Element (q, k) is at [q][k], so the inner loop has contiguous accesses to elements and
 * twiddles. */
static void column_stage4(const int16_t *restrict in, int16_t *restrict out, size_t length, size_t sub_length,
                          const int16_t *restrict twiddles) {
    const size_t rows = length / (4 * sub_length);
    const size_t step = rows * sub_length;
    for (size_t q = 0; q < rows; q++) {
        const int16_t *restrict re = in + q * sub_length;
        const int16_t *restrict im = re + length;
        int16_t *restrict to = out + 4 * q * sub_length;
        KWS_INDEPENDENT
        for (size_t k = 0; k < sub_length; k++) {
            const complex_t a = scale(re[k], im[k], QUARTER);
            const complex_t b = scale(re[step + k], im[step + k], QUARTER);
            const complex_t c = scale(re[2 * step + k], im[2 * step + k], QUARTER);
            const complex_t d = scale(re[3 * step + k], im[3 * step + k], QUARTER);
            butterfly4(a, multiply(b, twiddles[k], twiddles[sub_length + k]),
                       multiply(c, twiddles[2 * sub_length + k], twiddles[3 * sub_length + k]),
                       multiply(d, twiddles[4 * sub_length + k], twiddles[5 * sub_length + k]), to + k, to + length + k,
                       sub_length);
        }
    }
}

static void transpose(const int16_t *restrict in, int16_t *restrict out, size_t rows, size_t columns) {
    for (size_t column = 0; column < columns; column++) {
        for (size_t row = 0; row < rows; row++) {
            out[column * rows + row] = in[row * columns + column];
        }
    }
}

size_t kws_fft_twiddle_count(size_t complex_length) {
    size_t count = 0;
    size_t sub_length = complex_length; /* the loop visits the stages from last to first */
    while (sub_length >= 8) {
        sub_length /= 4;
        count += 6 * sub_length;
    }
    return count;
}

KWS_WIDE int16_t *kws_fft_complex(int16_t *work, int16_t *spare, size_t complex_length, const int16_t *twiddles) {
    size_t sub_length = complex_length;
    while (sub_length > 4) {
        sub_length /= 4;
    }
    if (sub_length == 2) {
        first_stage2(work, spare, complex_length);
    } else {
        first_stage4(work, spare, complex_length);
    }
    int16_t *from = spare;
    int16_t *to = work;
    int transposed = 0;
    while (sub_length < complex_length) {
        const size_t columns = complex_length / sub_length;
        if (!transposed && columns / 4 < sub_length) {
            transpose(from, to, sub_length, columns);
            transpose(from + complex_length, to + complex_length, sub_length, columns);
            int16_t *const swap = from;
            from = to;
            to = swap;
            transposed = 1;
        }
        if (transposed) {
            column_stage4(from, to, complex_length, sub_length, twiddles);
        } else {
            row_stage4(from, to, complex_length, sub_length, twiddles);
        }
        twiddles += 6 * sub_length;
        sub_length *= 4;
        int16_t *const swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Spectra of even and odd samples, from which bins k and complex_length - k are computed. */
typedef struct {
    complex_t even;
    complex_t odd;
} split_t;

static inline split_t split(const int16_t *re, const int16_t *im, size_t k, size_t length,
                            const int16_t *twiddles) {
    const complex_t bin = scale(re[k], im[k], HALF);
    const complex_t mirror = scale(re[length - k], (int16_t)-im[length - k], HALF);
    const complex_t odd = multiply(subtract(bin, mirror), twiddles[k - 1], twiddles[length / 2 + k - 1]);
    const split_t s = {add(bin, mirror), {(int16_t)odd.re, (int16_t)odd.im}};
    return s;
}

static inline uint32_t squared_magnitude(int32_t re, int32_t im) { return (uint32_t)(re * re) + (uint32_t)(im * im); }

KWS_WIDE void kws_fft_real_energy(const int16_t *restrict spectrum, size_t complex_length,
                                  const int16_t *restrict twiddles, size_t first, size_t count,
                                  uint32_t *restrict energy) {
    const int16_t *const im = spectrum + complex_length;
    const size_t end = first + count;
    const size_t middle = complex_length / 2 < end ? complex_length / 2 : end;
    for (size_t k = first; k < middle; k++) {
        const split_t s = split(spectrum, im, k, complex_length, twiddles);
        energy[k - first] = squared_magnitude((s.even.re + s.odd.re) >> 1, (s.even.im + s.odd.im) >> 1);
    }
    /* The middle bin is also computed as its own mirror, because kissfft writes it twice and this form last. */
    for (size_t bin = middle > first ? middle : first; bin < end; bin++) {
        const split_t s = split(spectrum, im, complex_length - bin, complex_length, twiddles);
        energy[bin - first] = squared_magnitude((s.even.re - s.odd.re) >> 1, (s.odd.im - s.even.im) >> 1);
    }
}
