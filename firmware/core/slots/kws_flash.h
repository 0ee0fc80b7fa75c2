/* Interface to the flash memory of the model slots, implemented by a board. */
#ifndef KWS_FLASH_H
#define KWS_FLASH_H

#include <stdint.h>

/* python:begin */
typedef struct {
    /* Passed to every function below. */
    void *context;
    /* Address of slot 0, aligned to 16 bytes. Slot 1 follows directly. Models run in place, so the whole area must be
     * readable at any time, and a completed erase or write must be visible immediately. */
    const uint8_t *base;
    /* Size of the erase unit: at least 2048, a multiple of 16. */
    uint32_t page_bytes;
    /* Size of one slot: a multiple of page_bytes, at least 2 pages. */
    uint32_t slot_bytes;
    /* Sets the page at `offset_bytes` from base to 0xFF. Returns KWS_OK or KWS_ERROR_FLASH. */
    int (*erase_page)(void *context, uint32_t offset_bytes);
    /* Programs `size_bytes` at `offset_bytes` from base. Both are multiples of 4, `data` has any alignment. The core
     * writes a 32-bit word at most once between two erases. The only exception is writing zeros again after a power
     * failure during the first write. One call never crosses a page boundary. Returns KWS_OK, or KWS_ERROR_FLASH if the
     * flash reports an error. */
    int (*write)(void *context, uint32_t offset_bytes, const uint8_t *data, uint32_t size_bytes);
} kws_flash_t;
/* python:end */

#endif
