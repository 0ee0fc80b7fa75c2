/* Hints that let compilers use vector instructions for plain loops. They change speed only. */
#ifndef KWS_VECTOR_H
#define KWS_VECTOR_H

#include <stdint.h>

/* Before a function: build it, with all it calls, also for AVX2, and choose when the program starts. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define KWS_WIDE __attribute__((target_clones("avx2", "default"), flatten))
#else
#define KWS_WIDE
#endif

/* Before a loop: no pass reads or writes what another writes, which the strides alone do not tell. */
#if defined(__clang__) && (defined(__SSE2__) || defined(__ARM_NEON))
#define KWS_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__) && !defined(__clang__)
#define KWS_INDEPENDENT _Pragma("GCC ivdep")
#else
#define KWS_INDEPENDENT
#endif

#endif
