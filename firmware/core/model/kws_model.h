/* int8 inference of a model image. The caller owns all memory; a model is read-only once open, so any number of
 * arenas can be in use with it at the same time. */
#ifndef KWS_MODEL_H
#define KWS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "model/kws_image.h"

/* python:begin */
#define KWS_ARENA_ALIGNMENT 8

typedef struct {
    const uint8_t *operators;
    const uint8_t *constants;
    uint32_t constants_bytes;
    uint32_t num_operators;
    uint32_t arena_bytes;
    uint32_t input_height;
    uint32_t input_width;
    uint32_t input_channels;
    uint32_t input_size;  /* elements */
    uint32_t output_size; /* elements, as many as labels */
    uint32_t input_offset;
    uint32_t output_offset;
    int32_t input_zero_point;
    int32_t output_zero_point;
    uint32_t num_macs; /* multiply-accumulates of an inference, padding included */
} kws_model_t;

/* Proves that running the model reads and writes nothing outside its image and an arena of arena_bytes, and that it
 * ends. KWS_OK, KWS_ERROR_FORMAT, or KWS_ERROR_UNSUPPORTED (an operator this build does not know, or a model so
 * large that it would seem to hang). */
int32_t kws_model_open(kws_model_t *model, const kws_image_t *image);

/* input (input_height, input_width, input_channels) int8 -> output (output_size,) int8. `arena` is aligned to
 * KWS_ARENA_ALIGNMENT and has arena_bytes. KWS_OK, KWS_ERROR_ARGUMENT (null, misaligned) or KWS_ERROR_SIZE (a size
 * that is not the model's, an arena that is too small). */
int32_t kws_model_invoke(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *input,
                         size_t input_size, int8_t *output, size_t output_size);

/* The same in steps, to do other work between operators or to measure them: load the input, run each operator
 * 0 .. num_operators - 1 in order, store the output. */
int32_t kws_model_load(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *input,
                       size_t input_size);
int32_t kws_model_step(const kws_model_t *model, void *arena, size_t arena_bytes, uint32_t index);
int32_t kws_model_store(const kws_model_t *model, const void *arena, size_t arena_bytes, int8_t *output,
                        size_t output_size);

/* inputs (count, input_size) -> outputs (count, output_size). */
int32_t kws_model_invoke_batch(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *inputs,
                               size_t count, int8_t *outputs);
/* python:end */

#endif
