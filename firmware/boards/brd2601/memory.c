/* Library functions that the compiler calls implicitly. The firmware is linked without a C library. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
void __aeabi_memcpy(void *restrict to, const void *restrict from, size_t size);
void __aeabi_memmove(void *to, const void *from, size_t size);
void __aeabi_memset(void *to, size_t size, int value);
void __aeabi_memclr(void *to, size_t size);

typedef uint32_t __attribute__((may_alias)) word_t;

static int aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & 3u) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (aligned(out, in)) {
        for (; size >= 4; size -= 4, out += 4, in += 4) {
            *(word_t *)(void *)out = *(const word_t *)(const void *)in;
        }
    }
    for (; size > 0; size--) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out - (uintptr_t)in >= size) {
        return memcpy(to, from, size);
    }
    while (size > 0) {
        size--;
        out[size] = in[size];
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *out = to;
    uint32_t word = 0x01010101u * (uint8_t)value;
    for (; size > 0 && ((uintptr_t)out & 3u) != 0; size--) {
        *out++ = (uint8_t)value;
    }
    for (; size >= 4; size -= 4, out += 4) {
        *(word_t *)(void *)out = word;
    }
    for (; size > 0; size--) {
        *out++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (; size > 0; size--, left++, right++) {
        if (*left != *right) {
            return *left < *right ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    return size;
}

/* The same functions under the names of Arm's run-time ABI (IHI0043), which clang calls. The names with suffix 4 or 8
 * guarantee alignment. */
void __aeabi_memcpy(void *restrict to, const void *restrict from, size_t size) {
    (void)memcpy(to, from, size);
}

void __aeabi_memmove(void *to, const void *from, size_t size) {
    (void)memmove(to, from, size);
}

void __aeabi_memset(void *to, size_t size, int value) {
    (void)memset(to, value, size);
}

void __aeabi_memclr(void *to, size_t size) {
    (void)memset(to, 0, size);
}

#define ALIGNED(name, parameters) \
    void name##4 parameters __attribute__((alias(#name))); \
    void name##8 parameters __attribute__((alias(#name)))

ALIGNED(__aeabi_memcpy, (void *restrict to, const void *restrict from, size_t size));
ALIGNED(__aeabi_memmove, (void *to, const void *from, size_t size));
ALIGNED(__aeabi_memset, (void *to, size_t size, int value));
ALIGNED(__aeabi_memclr, (void *to, size_t size));
