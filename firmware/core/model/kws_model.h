/* int8 inference with a model image. The caller provides all memory. An open model is read-only, so several arenas can
 * use it at the same time. */
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
    uint32_t output_size; /* elements, equal to the number of labels */
    uint32_t input_offset;
    uint32_t output_offset;
    int32_t input_zero_point;
    int32_t output_zero_point;
    uint32_t num_macs; /* multiply-accumulates per inference, including padding */
} kws_model_t;

/* Verifies that inference terminates and accesses only the image and an arena of arena_bytes. Returns KWS_OK,
 * KWS_ERROR_FORMAT, or KWS_ERROR_UNSUPPORTED (an operator unknown to this build, or a model that exceeds
 * KWS_MAX_WORK). */
int32_t kws_model_open(kws_model_t *model, const kws_image_t *image);

/* Runs one inference: input (input_height, input_width, input_channels) int8, output (output_size,) int8. `arena` is
 * aligned to KWS_ARENA_ALIGNMENT. Returns KWS_OK, KWS_ERROR_ARGUMENT (null or misaligned) or KWS_ERROR_SIZE (wrong
 * input or output size, or an arena that is too small). */
int32_t kws_model_invoke(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *input,
                         size_t input_size, int8_t *output, size_t output_size);

/* Inference in steps, for other work or measurements between operators: load the input, run the operators 0 ..
 * num_operators - 1 in order, store the output. */
int32_t kws_model_load(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *input,
                       size_t input_size);
int32_t kws_model_step(const kws_model_t *model, void *arena, size_t arena_bytes, uint32_t index);
int32_t kws_model_store(const kws_model_t *model, const void *arena, size_t arena_bytes, int8_t *output,
                        size_t output_size);

/* Runs `count` inferences: inputs (count, input_size), outputs (count, output_size). */
int32_t kws_model_invoke_batch(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *inputs,
                               size_t count, int8_t *outputs);
/* python:end */

#endif
