/* Fuzzer of image reader, validation and inference with damaged model images.
 *
 *   fuzz_model COUNT SEED IMAGE...
 *
 * Built with AddressSanitizer and UndefinedBehaviorSanitizer. Damages one of the images COUNT times: arbitrary bytes,
 * fields of operators, the section table or the size. In most cases the checksum is corrected afterwards. Runs the
 * images that the core accepts in memory that ends at the end of image, arena, input and output. Prints the number of
 * images per status and returns 0. A failed check or a sanitizer error aborts the program. */
#define _POSIX_C_SOURCE 200112L /* posix_memalign */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_crc32.h"
#include "model/kws_program.h"

#define MAX_IMAGES 64
#define MAX_ARENA_BYTES (4u << 20)
#define MAX_MACS (1u << 20) /* larger models are not run */
#define PROGRAM_HEADER_BYTES 48u
#define HEADER_FIELDS 12u

static uint64_t state;
static uint32_t num_opened, num_run, num_statuses[16];

static uint32_t random_below(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below > 0 ? (uint32_t)(state >> 20) % below : 0;
}

static uint32_t corrupt_value(uint32_t before) {
    static const uint32_t corners[] = {0,    1,    2,    3,     4,          5,          255,        256,
                                       4095, 4096, 4097, 65535, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF};
    switch (random_below(5)) {
    case 0:
        return corners[random_below(sizeof corners / sizeof *corners)];
    case 1:
        return before + random_below(9) - 4;
    case 2:
        return random_below(64);
    case 3:
        return 4 * random_below(4096);
    default:
        return before ^ (1u << random_below(32));
    }
}

/* Damages a field of a random operator or of the program header. */
static void damage_program(uint8_t *program, uint32_t size) {
    if (size < PROGRAM_HEADER_BYTES + sizeof(kws_operator_t) || random_below(12) == 0) {
        uint8_t *field = program + 4 * random_below(size < PROGRAM_HEADER_BYTES ? 1 : HEADER_FIELDS);
        kws_write_u32(field, corrupt_value(kws_read_u32(field)));
        return;
    }
    const uint32_t count = (size - PROGRAM_HEADER_BYTES) / (uint32_t)sizeof(kws_operator_t);
    uint8_t *op = program + PROGRAM_HEADER_BYTES + random_below(count) * sizeof(kws_operator_t);
    if (random_below(8) == 0) { /* copy another operator's parameters, with or without the offsets */
        const uint8_t *other = program + PROGRAM_HEADER_BYTES + random_below(count) * sizeof(kws_operator_t);
        memmove(op, other, random_below(2) ? 36 : 68);
    } else if (random_below(2)) {
        uint8_t *field = op + 2 * random_below(18);
        kws_write_u16(field, (uint16_t)corrupt_value(kws_read_u16(field)));
    } else {
        uint8_t *field = op + 36 + 4 * random_below(8);
        kws_write_u32(field, corrupt_value(kws_read_u32(field)));
    }
}

static uint32_t damage(uint8_t *image, uint32_t size) {
    switch (random_below(8)) {
    case 0:
        image[random_below(size)] ^= (uint8_t)(1u << random_below(8));
        break;
    case 1: { /* the header or the section table */
        uint8_t *field = image + 4 * random_below(40);
        kws_write_u32(field, corrupt_value(kws_read_u32(field)));
        break;
    }
    case 2: /* constants, including shifts and tables */
        for (uint32_t i = 0; i < 8; i++) {
            image[160 + random_below(size - 160)] = (uint8_t)random_below(256);
        }
        break;
    case 3:
        if (random_below(4) == 0) {
            return random_below(size + 1);
        }
        break;
    default: {
        const uint32_t offset = kws_read_u32(image + 64 + 4), bytes = kws_read_u32(image + 64 + 8);
        if (offset < size && bytes <= size - offset) {
            for (uint32_t i = 1 + random_below(3); i > 0; i--) {
                damage_program(image + offset, bytes);
            }
        }
    }
    }
    return size;
}

/* Allocates aligned memory of exactly this size. */
static void *allocate_exact(size_t bytes) {
    void *memory;
    if (posix_memalign(&memory, 16, bytes > 0 ? bytes : 1) != 0) {
        abort();
    }
    return memory;
}

/* Runs the model on random input in separate memory. */
static void run(const kws_model_t *model) {
    uint8_t *arena = allocate_exact(model->arena_bytes);
    int8_t *input = malloc(model->input_size);
    int8_t *output = malloc(model->output_size);
    for (uint32_t i = 0; i < model->input_size; i++) {
        input[i] = (int8_t)random_below(256);
    }
    for (uint32_t i = 0; i < model->arena_bytes; i++) {
        arena[i] = (uint8_t)random_below(256);
    }
    const int32_t status =
        kws_model_invoke(model, arena, model->arena_bytes, input, model->input_size, output, model->output_size);
    if (status != KWS_OK) {
        fprintf(stderr, "an accepted model fails with %" PRId32 "\n", status);
        abort();
    }
    free(arena);
    free(input);
    free(output);
    num_run++;
}

static void try_image(const uint8_t *image, uint32_t size) {
    kws_image_t opened;
    kws_model_t model;
    int32_t status = kws_image_open(&opened, image, size);
    if (status == KWS_OK) {
        const uint8_t *label;
        for (uint32_t i = 0; i < opened.label_count; i++) {
            const int32_t length = kws_image_label(&opened, i, &label);
            (void)kws_crc32(0, label, (size_t)length);
        }
        status = kws_model_open(&model, &opened);
    }
    num_statuses[-status]++;
    if (status == KWS_OK) {
        num_opened++;
        if (model.arena_bytes <= MAX_ARENA_BYTES && model.num_macs <= MAX_MACS) {
            run(&model);
        }
    }
}

int main(int argc, char **argv) {
    static uint8_t *images[MAX_IMAGES];
    static uint32_t sizes[MAX_IMAGES];
    const uint32_t num_images = argc > 3 ? (uint32_t)(argc - 3) : 0;
    if (num_images == 0 || num_images > MAX_IMAGES) {
        fprintf(stderr, "usage: fuzz_model COUNT SEED IMAGE...\n");
        return 2;
    }
    state = strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u + 1;
    for (uint32_t i = 0; i < num_images; i++) {
        FILE *file = fopen(argv[3 + i], "rb");
        images[i] = malloc(1 << 20);
        sizes[i] = file != NULL ? (uint32_t)fread(images[i], 1, 1 << 20, file) : 0;
        if (sizes[i] < 256) {
            fprintf(stderr, "%s: no model image\n", argv[3 + i]);
            return 2;
        }
        fclose(file);
    }
    for (uint32_t left = (uint32_t)strtoul(argv[1], NULL, 10); left > 0; left--) {
        const uint32_t which = random_below(num_images);
        uint8_t *whole = allocate_exact(sizes[which]);
        memcpy(whole, images[which], sizes[which]);
        const uint32_t size = damage(whole, sizes[which]);
        if (size >= 12 && random_below(20) != 0) {
            kws_write_u32(whole + 8, size < sizes[which] || random_below(40) ? size : corrupt_value(size));
            kws_write_u32(whole + 4, kws_crc32(0, whole + 8, size - 8));
        }
        /* Exact size, so that reads past the end are detected. */
        uint8_t *image = allocate_exact(size);
        memcpy(image, whole, size);
        try_image(image, size);
        free(whole);
        free(image);
    }
    printf("opened %" PRIu32 ", run %" PRIu32, num_opened, num_run);
    for (uint32_t i = 0; i < sizeof num_statuses / sizeof *num_statuses; i++) {
        if (num_statuses[i] != 0) {
            printf(", status -%" PRIu32 ": %" PRIu32, i, num_statuses[i]);
        }
    }
    printf("\n");
    return 0;
}
