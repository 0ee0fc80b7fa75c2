/* Flash memory in a file, with the behavior of NOR flash. A power failure can be simulated. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/kws_status.h"
#include "host.h"

#define PAGE_BYTES 8192u /* as on the BRD2601 */
#define SLOT_BYTES (512u * 1024u)
#define POWER_CUT_EXIT 3

static uint8_t *flash_bytes;
static uint64_t operations_left;

/* Returns the value of a word whose write was interrupted: some bits are written. The position and the value of the
 * word determine which ones. */
static uint32_t torn_word(uint32_t before, uint32_t after, uint32_t offset) {
    uint32_t mask = (offset ^ after) * 2654435761u;
    return (before & after) | (before & mask);
}

static void count_operation(void) {
    if (operations_left != UINT64_MAX) {
        operations_left--;
    }
}

static int erase_page(void *context, uint32_t offset_bytes) {
    (void)context;
    if (offset_bytes % PAGE_BYTES != 0 || offset_bytes >= 2 * SLOT_BYTES) {
        return KWS_ERROR_FLASH;
    }
    if (operations_left == 0) {
        memset(flash_bytes + offset_bytes, 0xFF, PAGE_BYTES / 3);
        _exit(POWER_CUT_EXIT);
    }
    count_operation();
    memset(flash_bytes + offset_bytes, 0xFF, PAGE_BYTES);
    return KWS_OK;
}

static int write_words(void *context, uint32_t offset_bytes, const uint8_t *data, uint32_t size_bytes) {
    (void)context;
    if (offset_bytes % 4 != 0 || size_bytes % 4 != 0 || offset_bytes > 2 * SLOT_BYTES - size_bytes) {
        return KWS_ERROR_FLASH;
    }
    for (uint32_t i = 0; i < size_bytes; i += 4) {
        uint32_t before;
        uint32_t after;
        memcpy(&before, flash_bytes + offset_bytes + i, 4);
        memcpy(&after, data + i, 4);
        after &= before;
        if (operations_left == 0) {
            after = torn_word(before, after, offset_bytes + i);
            memcpy(flash_bytes + offset_bytes + i, &after, 4);
            _exit(POWER_CUT_EXIT);
        }
        count_operation();
        memcpy(flash_bytes + offset_bytes + i, &after, 4);
    }
    return KWS_OK;
}

bool host_flash_open(kws_flash_t *flash, const host_options_t *options) {
    int fd = open(options->flash_path, O_RDWR | O_CREAT, 0666);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || (status.st_size == 0 && ftruncate(fd, 2 * SLOT_BYTES) != 0)) {
        perror(options->flash_path);
        return false;
    }
    if (status.st_size != 0 && status.st_size != 2 * SLOT_BYTES) {
        fprintf(stderr, "%s: %ld bytes; a flash of this board has %u bytes\n", options->flash_path,
                (long)status.st_size, 2 * SLOT_BYTES);
        return false;
    }
    void *mapped = mmap(NULL, 2 * SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) {
        perror(options->flash_path);
        return false;
    }
    flash_bytes = mapped;
    if (status.st_size == 0) {
        memset(flash_bytes, 0xFF, 2 * SLOT_BYTES);
    }
    operations_left = options->cut_at;
    *flash = (kws_flash_t){.base = flash_bytes,
                           .page_bytes = PAGE_BYTES,
                           .slot_bytes = SLOT_BYTES,
                           .erase_page = erase_page,
                           .write = write_words};
    return true;
}
