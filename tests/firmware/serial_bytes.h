/* Blocking transfer of bytes over the serial line of a board, for test firmware. */
#ifndef SERIAL_BYTES_H
#define SERIAL_BYTES_H

#include "kws_board.h"

static const kws_board_t *board;

static void put(const void *bytes, uint32_t size) {
    const uint8_t *next = bytes;
    while (size > 0) {
        uint32_t sent = board->serial_write(board->context, next, size);
        next += sent;
        size -= sent;
        if (size > 0) {
            board->idle(board->context, 10);
        }
    }
}

static void get(void *bytes, uint32_t size) {
    uint8_t *next = bytes;
    while (size > 0) {
        uint32_t taken = board->serial_read(board->context, next, size);
        next += taken;
        size -= taken;
        if (taken == 0) {
            board->idle(board->context, 10);
        }
    }
}

#endif
