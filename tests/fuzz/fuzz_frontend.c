/* Fuzzer of the front-end tables, built with the sanitizers by tests/contract/test_damaged_frontend_tables.py: fuzz_frontend
 * TABLES CLIP ROUNDS.
 *
 * Prints the features of the clip with the intact tables. Then damages the tables ROUNDS times and runs the front end
 * with those that kws_frontend_check accepts. The sanitizers abort the process at the first invalid access or undefined
 * behavior. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/kws_frontend.h"

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 20) % limit;
}

static void *load(const char *path, size_t *size) {
    FILE *const file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        exit(2);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    void *const data = malloc(*size);
    if (fread(data, 1, *size, file) != *size) {
        exit(2);
    }
    fclose(file);
    return data;
}

static void print_features(const void *tables, size_t size, const int16_t *clip) {
    kws_frontend_t frontend;
    const int32_t memory_bytes = kws_frontend_memory_bytes(tables, size);
    void *const memory = malloc((size_t)memory_bytes);
    if (kws_frontend_init(&frontend, tables, size, memory, (size_t)memory_bytes) != KWS_OK) {
        exit(3);
    }
    const size_t count = (size_t)frontend.tables->num_frames * frontend.tables->num_channels;
    uint16_t *const features = malloc(2 * count);
    kws_frontend_clips(&frontend, clip, 1, features);
    for (size_t i = 0; i < count; i++) {
        printf("%u\n", (unsigned)features[i]);
    }
    free(features);
    free(memory);
}

/* Sets some words of the header, or bytes anywhere, to extreme, slightly wrong or random values. */
static void damage(uint8_t *blob, size_t size) {
    static const uint32_t extremes[] = {0,   1,   2,    3,    31,         32,         127,
                                        128, 129, 4096, 8192, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    for (uint32_t i = 1 + random_below(3); i != 0; i--) {
        const size_t word = 4 * random_below(sizeof(kws_frontend_tables_t) / 4);
        uint32_t value;
        switch (random_below(4)) {
        case 0:
            value = extremes[random_below(sizeof extremes / sizeof *extremes)];
            memcpy(blob + word, &value, 4);
            break;
        case 1:
            memcpy(&value, blob + word, 4);
            value += random_below(9) - 4;
            memcpy(blob + word, &value, 4);
            break;
        default:
            blob[random_below((uint32_t)size)] = (uint8_t)random_below(256);
        }
    }
}

static void run(const kws_frontend_t *ready, size_t num_samples) {
    kws_frontend_t frontend = *ready;
    int16_t *const samples = malloc(2 * num_samples);
    for (size_t i = 0; i < num_samples; i++) {
        samples[i] = (int16_t)(random_below(8) == 0 ? 0x8000 : random_below(0x10000));
    }
    const size_t num_frames = kws_frontend_frames_ahead(&frontend, num_samples);
    const size_t count = num_frames * frontend.tables->num_channels;
    uint16_t *const features = malloc(2 * count + 1);
    int8_t *const output = malloc(count + 1);
    if (kws_frontend_push(&frontend, samples, num_samples, features, num_frames) != (int32_t)num_frames) {
        exit(4);
    }
    kws_frontend_quantize(&frontend, features, count, output);
    free(output);
    free(features);
    free(samples);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
    size_t size;
    size_t clip_bytes;
    void *const tables = load(argv[1], &size);
    int16_t *const clip = load(argv[2], &clip_bytes);
    print_features(tables, size, clip);
    long accepted = 0;
    for (long round = atol(argv[3]); round > 0; round--) {
        const size_t cut = random_below(4) == 0 ? random_below((uint32_t)size + 1) : size;
        uint8_t *const blob = malloc(cut + 1);
        memcpy(blob, tables, cut);
        if (cut >= sizeof(kws_frontend_tables_t)) {
            damage(blob, cut);
        }
        uint8_t *const exact = malloc(cut); /* exact size, so that AddressSanitizer detects accesses past the end */
        memcpy(exact, blob, cut);
        free(blob);
        const int32_t memory_bytes = kws_frontend_memory_bytes(exact, cut);
        if (memory_bytes > 0) {
            void *const memory = malloc((size_t)memory_bytes);
            kws_frontend_t frontend;
            if (kws_frontend_init(&frontend, exact, cut, memory, (size_t)memory_bytes) != KWS_OK) {
                return 5;
            }
            run(&frontend, 2 * (size_t)frontend.tables->window_samples);
            accepted++;
            free(memory);
        }
        free(exact);
    }
    fprintf(stderr, "%ld damaged tables passed the check and ran\n", accepted);
    free(clip);
    free(tables);
    return 0;
}
