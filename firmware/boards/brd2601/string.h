/* Subset of <string.h> for compilers without a C library. memory.c defines the functions.
 *
 * The names map to built-ins, so that copying four bytes becomes one load and one store. */
#ifndef BRD2601_STRING_H
#define BRD2601_STRING_H

#include <stddef.h>

#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#define strlen __builtin_strlen

#endif
