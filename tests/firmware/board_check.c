/* Test firmware for the drivers of a board. Each command is a letter with arguments, followed by a response. */
#include "common/kws_status.h"
#include "kws_board.h"
#include "serial_bytes.h"
#include <string.h>

static uint8_t data[4096];

static uint32_t get_word(void) {
    uint32_t word;
    get(&word, sizeof word);
    return word;
}

static void put_word(uint32_t word) {
    put(&word, sizeof word);
}

static void record(uint32_t num_samples) {
    put_word((uint32_t)board->audio_start(board->context, 16000));
    while (num_samples > 0) {
        /* The samples are recorded before they are sent, because 115200 baud is too slow for audio. */
        static int16_t samples[2048];
        uint32_t wanted = num_samples < 2048 ? num_samples : 2048;
        for (uint32_t have = 0; have < wanted;) {
            uint32_t taken = board->audio_read(board->context, samples + have, wanted - have);
            have += taken;
            if (taken == 0) {
                board->idle(board->context, 100);
            }
        }
        put(samples, wanted * 2);
        num_samples -= wanted;
    }
    (void)board->audio_start(board->context, 0);
}

static void count(void) {
    uint32_t start = board->cycles(board->context);
    for (volatile int i = 0; i < 1000; i++) {
    }
    put_word(board->cycles(board->context) - start);
}

static int overflow(volatile int *depth) {
    volatile int here[64];
    here[0] = *depth;
    return *depth == 0 ? 0 : overflow(here) + here[0];
}

static void spend(uint32_t duration_ms) {
    uint32_t start = board->time_ms(board->context);
    while (board->time_ms(board->context) - start < duration_ms) {
    }
}

int main(int argc, char **argv) {
    board = kws_board_open(argc, argv);
    put("ready\n", 6);
    for (;;) {
        uint8_t command;
        volatile int depth = 1;
        get(&command, 1);
        if (command == 'h') {
            put("hello\n", 6);
        } else if (command == 'e') {
            put_word((uint32_t)board->flash.erase_page(board->flash.context, get_word()));
        } else if (command == 'w') {
            uint32_t offset = get_word();
            uint32_t size = get_word();
            get(data, size);
            put_word((uint32_t)board->flash.write(board->flash.context, offset, data, size));
        } else if (command == 'f') {
            uint32_t offset = get_word();
            put(board->flash.base + offset, get_word());
        } else if (command == 'p') {
            put_word((uint32_t)(uintptr_t)board->flash.base);
            put_word(board->flash.page_bytes);
            put_word(board->flash.slot_bytes);
            put_word(board->serial_window_bytes);
        } else if (command == 'm') {
            record(get_word());
        } else if (command == 'l') {
            uint32_t led = get_word();
            board->set_led(board->context, (kws_led_t)led, get_word() != 0);
            put_word(0);
        } else if (command == 'c') {
            count();
        } else if (command == 'n') {
            put(board->cycles_name, (uint32_t)strlen(board->cycles_name) + 1);
        } else if (command == 'v') {
            put(board->version, (uint32_t)strlen(board->version) + 1);
        } else if (command == 't') {
            spend(get_word());
            put_word(board->time_ms(board->context));
        } else if (command == 'b') {
            spend(get_word());
            uint32_t size = get_word();
            get(data, size);
            put(data, size);
        } else if (command == 'r') {
            put("bye", 3);
            board->reset(board->context);
        } else if (command == 's') {
            put_word((uint32_t)overflow(&depth));
        } else if (command == 'x') {
            put_word(*(volatile uint32_t *)(uintptr_t)get_word());
        }
    }
}
