/* BRD2601B, the xG24 Dev Kit: implementation of app/kws_board.h. */
#include "brd2601.h"

static kws_board_t board;

static void idle(void *context, uint32_t max_ms) {
    (void)context;
    /* The counter costs the emulated board most of its speed. No profile spans an idle period. */
    time_stop_cycles();
    if (max_ms != 0 && !serial_pending() && !microphone_pending()) {
        time_wait();
    }
}

static void reset(void *context) {
    (void)context;
    serial_flush();
    REGISTER(SCB_AIRCR) = SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

const kws_board_t *kws_board_open(int argc, char **argv) {
    (void)argc;
    (void)argv;
    clocks_t clocks = clocks_start();
    leds_open();
    dma_open();
    time_open(&clocks);
    serial_open(&clocks);
    microphone_open(&clocks);
    flash_open(&board.flash);
    board.name = "brd2601";
    board.version = KWS_FIRMWARE_VERSION;
    board.serial_window_bytes = 3072; /* of the 4096 bytes of the ring buffer */
    board.serial_read = serial_read;
    board.serial_write = serial_write;
    board.audio_start = microphone_start;
    board.audio_read = microphone_read;
    board.set_led = leds_set;
    board.time_ms = time_ms;
    board.cycles = time_cycles;
    board.cycles_name = board_is_emulated() ? "instructions" : "cycles";
    board.idle = idle;
    board.reset = reset;
    return &board;
}
