/* Compiler hints for the vectorization of loops. They affect speed only. */
#ifndef KWS_VECTOR_H
#define KWS_VECTOR_H

#include <stdint.h>

/* Placed before a function. Compiles the function, including its inlined callees, additionally for AVX2. The program
 * selects the version at start. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define KWS_WIDE __attribute__((target_clones("avx2", "default"), flatten))
#else
#define KWS_WIDE
#endif

/* Placed before a loop. States that iterations do not read or write the results of other iterations, which the compiler
 * cannot derive from the strides. */
#if defined(__clang__) && (defined(__SSE2__) || defined(__ARM_NEON))
#define KWS_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__) && !defined(__clang__)
#define KWS_INDEPENDENT _Pragma("GCC ivdep")
#else
#define KWS_INDEPENDENT
#endif

#endif
