/* Firmware for testing link and slots on a board without an inference: its "model" sums up the image and the input,
 * as that of tests/board_model.py does. */
#include <stddef.h>
#include <string.h>

#include "kws_board.h"
#include "kws_link.h"
#include "kws_slots.h"
#include "kws_status.h"

#define INPUT_BYTES 700
#define NUM_OUTPUTS 5

static const kws_board_t *board;
static kws_slots_t slots;
static kws_link_t link_end;
static int8_t input[INPUT_BYTES];
static int32_t tested;
static bool reset_wanted;

static int check(void *context, const uint8_t *image, uint32_t size_bytes) {
    (void)context;
    return size_bytes >= 4 && memcmp(image, "KWSi", 4) == 0 ? KWS_OK : KWS_ERROR_FORMAT;
}

static int32_t test_open(void *context, int32_t slot) {
    (void)context;
    tested = slot;
    return INPUT_BYTES;
}

static int32_t test_input(void *context, uint32_t position, const uint8_t *data, uint32_t size_bytes) {
    (void)context;
    if (size_bytes > INPUT_BYTES || position > INPUT_BYTES - size_bytes) {
        return KWS_ERROR_SIZE;
    }
    memcpy(input + position, data, size_bytes);
    return KWS_OK;
}

static int32_t test_run(void *context, int8_t *outputs, uint32_t max_outputs) {
    (void)context;
    const uint8_t *image = kws_slots_image(&slots, tested);
    uint32_t size = tested == slots.active ? slots.active_id.size_bytes : slots.target_id.size_bytes;
    if (max_outputs < NUM_OUTPUTS) {
        return KWS_ERROR_SIZE;
    }
    uint32_t of_image = 0;
    for (uint32_t i = 0; i < size; i++) {
        of_image += image[i];
    }
    for (int row = 0; row < NUM_OUTPUTS; row++) {
        uint32_t sum = of_image;
        for (int i = 0; i < INPUT_BYTES / NUM_OUTPUTS; i++) {
            sum += (uint32_t)input[row * (INPUT_BYTES / NUM_OUTPUTS) + i];
        }
        outputs[row] = (int8_t)(uint8_t)sum;
    }
    return NUM_OUTPUTS;
}

static int32_t profile(void *context, uint32_t first, uint32_t *counts, uint32_t max_counts, uint32_t *inference) {
    int8_t outputs[NUM_OUTPUTS];
    uint32_t start = board->cycles(board->context);
    tested = slots.active;
    (void)test_run(context, outputs, NUM_OUTPUTS);
    *inference = board->cycles(board->context) - start;
    if (first == 0 && max_counts > 0) {
        counts[0] = *inference;
    }
    return 1;
}

static int32_t feed_start(void *context, kws_feed_kind_t kind) {
    (void)context;
    (void)kind;
    return KWS_ERROR_UNSUPPORTED;
}

static int32_t feed_stop(void *context) {
    (void)context;
    return KWS_ERROR_UNSUPPORTED;
}

static int32_t feed(void *context, kws_feed_kind_t kind, const uint8_t *data, uint32_t size_bytes) {
    (void)context;
    (void)kind;
    (void)data;
    (void)size_bytes;
    return KWS_ERROR_UNSUPPORTED;
}

static void model_changed(void *context) {
    (void)context;
}

static void activity(void *context, kws_link_activity_t *now) {
    (void)context;
    now->uptime_ms = board->time_ms(board->context);
}

static void reset(void *context) {
    (void)context;
    reset_wanted = true;
}

static uint32_t send(void) {
    const uint8_t *data;
    uint32_t size = kws_link_pending(&link_end, &data);
    if (size > 0) {
        kws_link_sent(&link_end, board->serial_write(board->context, data, size));
    }
    return size;
}

int main(int argc, char **argv) {
    static uint8_t received[256];
    uint32_t size = 0;
    uint32_t taken = 0;
    board = kws_board_open(argc, argv);
    const kws_link_app_t app = {NULL, test_open, test_input, test_run, profile, feed_start, feed_stop, feed,
                                model_changed, activity, reset};
    const kws_link_identity_t identity = {board->name, board->version, board->cycles_name, board->serial_window_bytes,
                                          60 * 1024, 1};
    if (kws_slots_open(&slots, &board->flash, check, NULL) != KWS_OK ||
        kws_link_open(&link_end, &slots, &app, &identity) != KWS_OK) {
        return 1;
    }
    for (;;) {
        if (taken == size) {
            size = board->serial_read(board->context, received, sizeof received);
            taken = 0;
        }
        taken += kws_link_receive(&link_end, received + taken, size - taken);
        bool sending = send() > 0;
        if (reset_wanted && !sending) {
            board->reset(board->context);
        }
        if (sending || taken == size) {
            board->idle(board->context, 10);
        }
    }
}
