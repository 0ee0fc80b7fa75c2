#include "slots/kws_slot_layout.h"

#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_crc32.h"
#include "common/kws_status.h"

#define LAYOUT_VERSION 1u

const uint8_t *kws_slot_address(const kws_flash_t *flash, int32_t slot, uint32_t offset) {
    return flash->base + (uint32_t)slot * flash->slot_bytes + offset;
}

uint32_t kws_slot_capacity(const kws_flash_t *flash) {
    return flash->slot_bytes - flash->page_bytes;
}

const uint8_t *kws_slot_image(const kws_flash_t *flash, int32_t slot) {
    return kws_slot_address(flash, slot, flash->page_bytes);
}

bool kws_slot_is_blank(const uint8_t *bytes, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

int kws_slot_erase_page(const kws_flash_t *flash, int32_t slot, uint32_t offset) {
    int status = flash->erase_page(flash->context, (uint32_t)slot * flash->slot_bytes + offset);
    if (status != KWS_OK || !kws_slot_is_blank(kws_slot_address(flash, slot, offset), flash->page_bytes)) {
        return KWS_ERROR_FLASH;
    }
    return KWS_OK;
}

int kws_slot_program(const kws_flash_t *flash, int32_t slot, uint32_t offset, const uint8_t *data, uint32_t size) {
    int status = flash->write(flash->context, (uint32_t)slot * flash->slot_bytes + offset, data, size);
    if (status != KWS_OK || memcmp(kws_slot_address(flash, slot, offset), data, size) != 0) {
        return KWS_ERROR_FLASH;
    }
    return KWS_OK;
}

int kws_slot_write_record(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t magic,
                          const kws_image_id_t *id, uint32_t sequence) {
    uint8_t bytes[KWS_SLOT_RECORD_BYTES] = {0};
    kws_write_u32(bytes, magic);
    kws_write_u32(bytes + 4, LAYOUT_VERSION);
    kws_write_u32(bytes + 8, sequence);
    kws_write_u32(bytes + 12, id->size_bytes);
    kws_write_u32(bytes + 16, id->crc32);
    memcpy(bytes + 20, id->sha256, KWS_SHA256_BYTES);
    kws_write_u32(bytes + 60, kws_crc32(0, bytes, 60));
    return kws_slot_program(flash, slot, offset, bytes, sizeof bytes);
}

bool kws_slot_read_record(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t magic,
                          kws_slot_header_t *found) {
    const uint8_t *bytes = kws_slot_address(flash, slot, offset);
    if (kws_read_u32(bytes) != magic || kws_read_u32(bytes + 4) != LAYOUT_VERSION ||
        kws_read_u32(bytes + 60) != kws_crc32(0, bytes, 60)) {
        return false;
    }
    found->sequence = kws_read_u32(bytes + 8);
    found->id.size_bytes = kws_read_u32(bytes + 12);
    found->id.crc32 = kws_read_u32(bytes + 16);
    memcpy(found->id.sha256, bytes + 20, KWS_SHA256_BYTES);
    return found->id.size_bytes > 0 && found->id.size_bytes <= kws_slot_capacity(flash);
}

uint32_t kws_slot_entry_offset(int32_t entry) {
    return KWS_SLOT_ENTRY_OFFSET + (uint32_t)entry * KWS_SLOT_ENTRY_BYTES;
}

uint32_t kws_slot_confirm_offset(int32_t entry, int32_t word) {
    return kws_slot_entry_offset(entry) + KWS_SLOT_RECORD_BYTES + 4u * (uint32_t)word;
}

uint32_t kws_slot_count_confirms(const kws_flash_t *flash, int32_t slot, int32_t entry) {
    uint32_t count = 0;
    for (int32_t word = 0; word < KWS_SLOT_NUM_CONFIRMS; word++) {
        const uint8_t *bytes = kws_slot_address(flash, slot, kws_slot_confirm_offset(entry, word));
        count += kws_read_u32(bytes) == KWS_SLOT_CONFIRM_WORD;
    }
    return count;
}

bool kws_slot_same_id(const kws_image_id_t *a, const kws_image_id_t *b) {
    return a->size_bytes == b->size_bytes && a->crc32 == b->crc32 &&
           memcmp(a->sha256, b->sha256, KWS_SHA256_BYTES) == 0;
}

kws_slot_header_t kws_slot_find_header(const kws_flash_t *flash, int32_t slot, bool confirmed) {
    kws_slot_header_t best = {.slot = slot, .entry = -1};
    for (int32_t entry = 0; entry < KWS_SLOT_NUM_ENTRIES; entry++) {
        kws_slot_header_t found = {.slot = slot, .entry = entry};
        if (kws_slot_read_record(flash, slot, kws_slot_entry_offset(entry), KWS_SLOT_HEADER_MAGIC, &found) &&
            (!confirmed || kws_slot_count_confirms(flash, slot, entry) > 0) && found.sequence >= best.sequence) {
            best = found;
        }
    }
    return best;
}

uint32_t kws_slot_last_sequence(const kws_flash_t *flash) {
    kws_slot_header_t first = kws_slot_find_header(flash, 0, false);
    kws_slot_header_t second = kws_slot_find_header(flash, 1, false);
    return first.sequence > second.sequence ? first.sequence : second.sequence;
}

bool kws_slot_crc_matches(const kws_flash_t *flash, int32_t slot, const kws_image_id_t *id) {
    return kws_crc32(0, kws_slot_image(flash, slot), id->size_bytes) == id->crc32;
}

int32_t kws_slot_find_unwritten(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t size,
                                int32_t count) {
    int32_t place = count;
    while (place > 0 && kws_slot_is_blank(kws_slot_address(flash, slot, offset + (uint32_t)(place - 1) * size), size)) {
        place--;
    }
    return place + 1 < count ? place + 1 : count;
}

int32_t kws_slot_find_unwritten_entry(const kws_flash_t *flash, int32_t slot) {
    return kws_slot_find_unwritten(flash, slot, KWS_SLOT_ENTRY_OFFSET, KWS_SLOT_ENTRY_BYTES, KWS_SLOT_NUM_ENTRIES);
}

uint32_t kws_slot_num_pages(const kws_flash_t *flash, uint32_t size_bytes) {
    return (size_bytes + flash->page_bytes - 1u) / flash->page_bytes;
}

uint32_t kws_slot_find_progress(const kws_flash_t *flash, int32_t slot, const kws_image_id_t *id) {
    kws_slot_header_t begun;
    if (!kws_slot_read_record(flash, slot, 0, KWS_SLOT_RECORD_MAGIC, &begun) || !kws_slot_same_id(&begun.id, id) ||
        !kws_slot_is_blank(kws_slot_address(flash, slot, KWS_SLOT_VOID_OFFSET), 4) ||
        kws_slot_find_unwritten_entry(flash, slot) == KWS_SLOT_NUM_ENTRIES) {
        return 0;
    }
    uint32_t pages = kws_slot_num_pages(flash, id->size_bytes);
    const uint8_t *words = kws_slot_address(flash, slot, KWS_SLOT_PROGRESS_OFFSET);
    while (pages > 0 && kws_slot_is_blank(words + 4u * (pages - 1u), 4)) {
        pages--;
    }
    return pages;
}
