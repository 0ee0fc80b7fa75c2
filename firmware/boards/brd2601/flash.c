/* Flash controller (MSC): erases and programs the model slots. Not yet run on silicon.
 *
 * The flash cannot be read while it is erased or programmed, so this code runs from RAM. The serial line continues to
 * receive by DMA. */
#include "brd2601.h"

#define PAGE_BYTES 8192u
#define MAX_POLLS 10000000u /* an erase takes about 20 ms */

/* Defined by the linker script: start and end of both slots. */
extern const uint8_t linker_slots_begin[], linker_slots_end[];

RAM_CODE static int wait_for_status(uint32_t mask, uint32_t value) {
    const uint32_t failed = MSC_STATUS_LOCKED | MSC_STATUS_INVADDR | MSC_STATUS_TIMEOUT | MSC_STATUS_REGLOCK;
    for (uint32_t i = 0; i < MAX_POLLS; i++) {
        uint32_t status = REGISTER(MSC_STATUS);
        if ((status & MSC_STATUS_INVADDR) != 0) {
            return KWS_ERROR_FLASH;
        }
        if ((status & mask) == value) {
            return (status & failed) == 0 ? KWS_OK : KWS_ERROR_FLASH;
        }
    }
    return KWS_ERROR_FLASH;
}

RAM_CODE static void unlock(uint32_t address) {
    REGISTER(MSC_LOCK) = MSC_LOCK_UNLOCK;
    SET_BITS(MSC_WRITECTRL, MSC_WRITECTRL_WREN);
    REGISTER(MSC_ADDRB) = address;
}

RAM_CODE static int finish(int status) {
    /* Idle must be read twice, because the controller also reports idle between two queued commands. */
    for (int i = 0; i < 2; i++) {
        if (wait_for_status(MSC_STATUS_BUSY | MSC_STATUS_PENDING, 0) != KWS_OK) {
            status = KWS_ERROR_FLASH;
        }
    }
    CLEAR_BITS(MSC_WRITECTRL, MSC_WRITECTRL_WREN);
    REGISTER(MSC_LOCK) = MSC_LOCK_LOCK;
    return status;
}

RAM_CODE static int erase_page(void *context, uint32_t offset_bytes) {
    (void)context;
    unlock((uint32_t)linker_slots_begin + offset_bytes);
    REGISTER(MSC_WRITECMD) = MSC_WRITECMD_ERASEPAGE;
    return finish(KWS_OK);
}

RAM_CODE static int write_words(void *context, uint32_t offset_bytes, const uint8_t *data, uint32_t size_bytes) {
    (void)context;
    int status = KWS_OK;
    unlock((uint32_t)linker_slots_begin + offset_bytes);
    for (uint32_t i = 0; i < size_bytes && status == KWS_OK; i += 4) {
        status = wait_for_status(MSC_STATUS_WDATAREADY, MSC_STATUS_WDATAREADY);
        if (status == KWS_OK) {
            REGISTER(MSC_WDATA) = (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 |
                                  (uint32_t)data[i + 3] << 24;
        }
    }
    REGISTER(MSC_WRITECMD) = MSC_WRITECMD_WRITEEND;
    return finish(status);
}

static bool in_slots(uint32_t offset_bytes, uint32_t size_bytes) {
    uint32_t area_bytes = (uint32_t)(linker_slots_end - linker_slots_begin);
    return offset_bytes <= area_bytes && size_bytes <= area_bytes - offset_bytes;
}

/* The checks prevent any access to the firmware itself. */
static int erase_checked(void *context, uint32_t offset_bytes) {
    if (!in_slots(offset_bytes, PAGE_BYTES) || offset_bytes % PAGE_BYTES != 0) {
        return KWS_ERROR_FLASH;
    }
    return erase_page(context, offset_bytes);
}

static int write_checked(void *context, uint32_t offset_bytes, const uint8_t *data, uint32_t size_bytes) {
    if (size_bytes == 0) {
        return KWS_OK;
    }
    if (!in_slots(offset_bytes, size_bytes) || offset_bytes % 4 != 0 || size_bytes % 4 != 0 ||
        offset_bytes / PAGE_BYTES != (offset_bytes + size_bytes - 1) / PAGE_BYTES) {
        return KWS_ERROR_FLASH;
    }
    return write_words(context, offset_bytes, data, size_bytes);
}

void flash_open(kws_flash_t *flash) {
    flash->base = linker_slots_begin;
    flash->page_bytes = PAGE_BYTES;
    flash->slot_bytes = (uint32_t)(linker_slots_end - linker_slots_begin) / 2;
    flash->erase_page = erase_checked;
    flash->write = write_checked;
}
