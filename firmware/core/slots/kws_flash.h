/* The flash memory of the model slots, as the core needs it: what a board must provide. */
#ifndef KWS_FLASH_H
#define KWS_FLASH_H

#include <stdint.h>

/* python:begin */
typedef struct {
    /* Handed to every function below. */
    void *context;
    /* Where slot 0 begins in the address space, aligned to 16 bytes; slot 1 follows it. Models run in place, so
     * the whole area must be readable here at any time; a completed erase or write must show at once. */
    const uint8_t *base;
    /* Bytes that are erased together: at least 2048, a multiple of 16. */
    uint32_t page_bytes;
    /* Bytes of one slot: a multiple of page_bytes, at least 2 pages. */
    uint32_t slot_bytes;
    /* Sets the page that begins `offset_bytes` from base to 0xFF. Returns KWS_OK or KWS_ERROR_FLASH. */
    int (*erase_page)(void *context, uint32_t offset_bytes);
    /* Programs `size_bytes` at `offset_bytes` from base, both multiples of 4; `data` has any alignment. The core
     * writes a 32-bit word at most once between two erases (zeros again, where the power failed while they were
     * written), and never across two pages in one call. Returns KWS_OK, or KWS_ERROR_FLASH where the flash says
     * that it failed. */
    int (*write)(void *context, uint32_t offset_bytes, const uint8_t *data, uint32_t size_bytes);
} kws_flash_t;
/* python:end */

#endif
