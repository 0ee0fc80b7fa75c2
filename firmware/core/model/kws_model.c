#include "model/kws_model.h"

#include <stdbool.h>

#include "common/kws_bytes.h"
#include "model/kws_program.h"

/* Layout of the program section. See docs/specifications/model_image.md. */
enum {
    NUM_OPERATORS = 0,
    INPUT_OFFSET = 4,
    OUTPUT_OFFSET = 8,
    OUTPUT_SIZE = 12,
    INPUT_HEIGHT = 16,
    INPUT_WIDTH = 18,
    INPUT_CHANNELS = 20,
    INPUT_ZERO_POINT = 24,
    OUTPUT_ZERO_POINT = 28,
    INPUT_SCALE = 32, /* float32, used only by tools on a PC, like OUTPUT_SCALE */
    OUTPUT_SCALE = 36,
    OPERATORS = 48
};

#define MAX_OPERATORS 1024u

static bool tensor_is_valid(const kws_model_t *model, uint32_t offset, uint64_t count) {
    return offset % 4 == 0 && offset <= model->arena_bytes && count * 2 <= model->arena_bytes - offset;
}

static void read_program(kws_model_t *model, const uint8_t *program) {
    model->operators = program + OPERATORS;
    model->num_operators = kws_read_u32(program + NUM_OPERATORS);
    model->input_height = kws_read_u16(program + INPUT_HEIGHT);
    model->input_width = kws_read_u16(program + INPUT_WIDTH);
    model->input_channels = kws_read_u16(program + INPUT_CHANNELS);
    model->input_offset = kws_read_u32(program + INPUT_OFFSET);
    model->output_offset = kws_read_u32(program + OUTPUT_OFFSET);
    model->output_size = kws_read_u32(program + OUTPUT_SIZE);
    model->input_zero_point = (int32_t)kws_read_u32(program + INPUT_ZERO_POINT);
    model->output_zero_point = (int32_t)kws_read_u32(program + OUTPUT_ZERO_POINT);
}

int32_t kws_model_open(kws_model_t *model, const kws_image_t *image) {
    const uint8_t *program;
    const uint8_t *constants;
    if (model == NULL || image == NULL) {
        return KWS_ERROR_ARGUMENT;
    }
    const int32_t program_bytes = kws_image_section(image, KWS_SECTION_PROGRAM, &program);
    const int32_t constants_bytes = kws_image_section(image, KWS_SECTION_CONSTANTS, &constants);
    if (program_bytes < OPERATORS || constants_bytes < 0) {
        return KWS_ERROR_FORMAT;
    }
    *model = (kws_model_t){.constants = constants,
                           .constants_bytes = (uint32_t)constants_bytes,
                           .arena_bytes = image->arena_bytes};
    read_program(model, program);
    const uint64_t input_size = (uint64_t)model->input_height * model->input_width * model->input_channels;
    if (model->num_operators > MAX_OPERATORS ||
        (uint32_t)program_bytes != OPERATORS + model->num_operators * sizeof(kws_operator_t) || input_size == 0 ||
        !tensor_is_valid(model, model->input_offset, input_size) || model->output_size == 0 ||
        model->output_size != image->label_count || !tensor_is_valid(model, model->output_offset, model->output_size)) {
        return KWS_ERROR_FORMAT;
    }
    model->input_size = (uint32_t)input_size;
    uint64_t work = 0;
    for (uint32_t i = 0; i < model->num_operators; i++) {
        const int32_t status = kws_operator_check(kws_operator_at(model, i), model, &work);
        if (status != KWS_OK) {
            return status;
        }
    }
    model->num_macs = (uint32_t)work;
    return KWS_OK;
}

static int32_t arena_check(const kws_model_t *model, const void *arena, size_t arena_bytes) {
    if (model == NULL || arena == NULL || (uintptr_t)arena % KWS_ARENA_ALIGNMENT != 0) {
        return KWS_ERROR_ARGUMENT;
    }
    return arena_bytes >= model->arena_bytes ? KWS_OK : KWS_ERROR_SIZE;
}

int32_t kws_model_load(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *input,
                       size_t input_size) {
    const int32_t status = arena_check(model, arena, arena_bytes);
    if (status != KWS_OK || input == NULL) {
        return status != KWS_OK ? status : KWS_ERROR_ARGUMENT;
    }
    if (input_size != model->input_size) {
        return KWS_ERROR_SIZE;
    }
    int16_t *tensor = (int16_t *)(void *)((uint8_t *)arena + model->input_offset);
#pragma GCC unroll 4
    for (size_t i = 0; i < input_size; i++) {
        tensor[i] = input[i];
    }
    return KWS_OK;
}

int32_t kws_model_step(const kws_model_t *model, void *arena, size_t arena_bytes, uint32_t index) {
    const int32_t status = arena_check(model, arena, arena_bytes);
    if (status != KWS_OK || index >= model->num_operators) {
        return status != KWS_OK ? status : KWS_ERROR_ARGUMENT;
    }
    const kws_operator_t *op = kws_operator_at(model, index);
    switch (op->kind) {
    case KWS_KIND_CONVOLVE:
        kws_run_convolve(op, arena, model->constants);
        break;
    case KWS_KIND_DEPTHWISE:
        kws_run_depthwise(op, arena, model->constants);
        break;
    case KWS_KIND_EXPAND_DEPTHWISE:
        kws_run_expand_depthwise(op, arena, model->constants);
        break;
    case KWS_KIND_ADD:
        kws_run_add(op, arena, model->constants);
        break;
    case KWS_KIND_TABLE:
        kws_run_table(op, arena, model->constants);
        break;
    case KWS_KIND_AVERAGE_POOL:
        kws_run_average_pool(op, arena);
        break;
    case KWS_KIND_MAX_POOL:
        kws_run_max_pool(op, arena);
        break;
    case KWS_KIND_MEAN:
        kws_run_mean(op, arena, model->constants);
        break;
    case KWS_KIND_SOFTMAX:
        kws_run_softmax(op, arena, model->constants);
        break;
    case KWS_KIND_PAD:
        kws_run_pad(op, arena);
        break;
    default:
        return KWS_ERROR_UNSUPPORTED; /* unreachable, since kws_model_open rejects unknown kinds */
    }
    return KWS_OK;
}

int32_t kws_model_store(const kws_model_t *model, const void *arena, size_t arena_bytes, int8_t *output,
                        size_t output_size) {
    const int32_t status = arena_check(model, arena, arena_bytes);
    if (status != KWS_OK || output == NULL) {
        return status != KWS_OK ? status : KWS_ERROR_ARGUMENT;
    }
    if (output_size != model->output_size) {
        return KWS_ERROR_SIZE;
    }
    const int16_t *tensor = (const int16_t *)(const void *)((const uint8_t *)arena + model->output_offset);
    for (size_t i = 0; i < output_size; i++) {
        output[i] = (int8_t)tensor[i];
    }
    return KWS_OK;
}

int32_t kws_model_invoke(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *input,
                         size_t input_size, int8_t *output, size_t output_size) {
    int32_t status = kws_model_load(model, arena, arena_bytes, input, input_size);
    for (uint32_t i = 0; status == KWS_OK && i < model->num_operators; i++) {
        status = kws_model_step(model, arena, arena_bytes, i);
    }
    return status == KWS_OK ? kws_model_store(model, arena, arena_bytes, output, output_size) : status;
}

int32_t kws_model_invoke_batch(const kws_model_t *model, void *arena, size_t arena_bytes, const int8_t *inputs,
                               size_t count, int8_t *outputs) {
    int32_t status = arena_check(model, arena, arena_bytes);
    for (size_t i = 0; status == KWS_OK && i < count; i++) {
        status = kws_model_invoke(model, arena, arena_bytes, inputs + i * model->input_size, model->input_size,
                                  outputs + i * model->output_size, model->output_size);
    }
    return status;
}
