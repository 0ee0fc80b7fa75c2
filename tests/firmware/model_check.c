/* Test firmware for inference on a board. The image is at the start of the slots. Inputs are received over the serial
 * line, outputs and counts are sent. */
#include <stddef.h>

#include "common/kws_status.h"
#include "kws_board.h"
#include "model/kws_image.h"
#include "model/kws_model.h"
#include "serial_bytes.h"

#define ARENA_BYTES 61440
#define MAX_OUTPUTS 64
#define MAX_OPERATORS 128

static _Alignas(KWS_ARENA_ALIGNMENT) uint8_t arena[ARENA_BYTES];
static int8_t input[8192];
static int8_t output[MAX_OUTPUTS];
static uint32_t counts[MAX_OPERATORS];

/* Runs the operators one by one and counts each. The last count is the total. */
static int32_t profile(const kws_model_t *model) {
    int32_t status = kws_model_load(model, arena, sizeof arena, input, model->input_size);
    uint32_t start = board->cycles(board->context);
    for (uint32_t i = 0; i < model->num_operators && i < MAX_OPERATORS && status == KWS_OK; i++) {
        uint32_t before = board->cycles(board->context);
        status = kws_model_step(model, arena, sizeof arena, i);
        counts[i] = board->cycles(board->context) - before;
    }
    uint32_t all = board->cycles(board->context) - start;
    put(&model->num_operators, sizeof model->num_operators);
    put(counts, model->num_operators * 4);
    put(&all, sizeof all);
    return status;
}

int main(int argc, char **argv) {
    board = kws_board_open(argc, argv);
    kws_image_t image;
    kws_model_t model;
    int32_t status = kws_image_open(&image, board->flash.base, board->flash.slot_bytes);
    if (status == KWS_OK) {
        status = kws_model_open(&model, &image);
    }
    if (status == KWS_OK && (model.input_size > sizeof input || model.output_size > sizeof output ||
                             model.num_operators > MAX_OPERATORS)) {
        status = KWS_ERROR_SIZE;
    }
    for (;;) {
        uint8_t command;
        get(&command, 1);
        if (command == 's' || status != KWS_OK) {
            put(&status, sizeof status);
        } else if (command == 'i') {
            get(input, model.input_size);
            status = kws_model_invoke(&model, arena, sizeof arena, input, model.input_size, output, model.output_size);
            put(output, model.output_size);
        } else if (command == 'p') {
            status = profile(&model);
        }
    }
}
