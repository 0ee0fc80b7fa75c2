/* Slots for model images. The order of flash operations follows these rules:
 * - A power failure during an erase or a write leaves bits that may read differently each time. Therefore data are
 *   trusted only if the next operation has begun, or if they were written in the current power cycle. If an earlier
 *   power cycle may have been interrupted at a word, the word is skipped, because it can read blank.
 * - A word is written at most once between two erases. Only zeros may be written again after an interrupted write,
 *   because this changes no bit that must remain set. */
#include "slots/kws_slots.h"

#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_status.h"
#include "slots/kws_slot_layout.h"

#define NUM_CONFIRM_WORDS 2u /* per confirmation; a valid second word proves that the first one is complete */

int kws_slots_open(kws_slots_t *slots, const kws_flash_t *flash,
                   int (*check)(void *context, const uint8_t *image, uint32_t size_bytes), void *check_context) {
    if (slots == NULL || flash == NULL || flash->base == NULL || flash->page_bytes < 2048u ||
        flash->page_bytes % 16u != 0 || flash->slot_bytes % flash->page_bytes != 0 ||
        flash->slot_bytes < 2u * flash->page_bytes || flash->slot_bytes > 0x10000000u ||
        KWS_SLOT_PROGRESS_OFFSET + 4u * (flash->slot_bytes / flash->page_bytes) > flash->page_bytes) {
        return KWS_ERROR_ARGUMENT;
    }
    *slots = (kws_slots_t){.flash = *flash, .check = check, .check_context = check_context};
    slots->active = slots->target = -1;
    kws_slot_header_t newer = kws_slot_find_header(&slots->flash, 0, true);
    kws_slot_header_t older = kws_slot_find_header(&slots->flash, 1, true);
    if (older.sequence > newer.sequence) {
        kws_slot_header_t swapped = newer;
        newer = older;
        older = swapped;
    }
    const kws_slot_header_t candidates[KWS_NUM_SLOTS] = {newer, older};
    for (int32_t i = 0; i < KWS_NUM_SLOTS && slots->active < 0; i++) {
        const kws_slot_header_t *found = &candidates[i];
        if (found->entry >= 0 && kws_slot_crc_matches(&slots->flash, found->slot, &found->id) &&
            check(check_context, kws_slots_image(slots, found->slot), found->id.size_bytes) == KWS_OK) {
            slots->active = found->slot;
            slots->active_entry = found->entry;
            slots->active_sequence = found->sequence;
            slots->active_id = found->id;
        }
    }
    return KWS_OK;
}

uint32_t kws_slots_capacity(const kws_slots_t *slots) {
    return kws_slot_capacity(&slots->flash);
}

const uint8_t *kws_slots_image(const kws_slots_t *slots, int32_t slot) {
    return kws_slot_image(&slots->flash, slot);
}

/* The power may have failed while the active image was being confirmed. Before the other image is erased, a complete
 * confirm word must exist. */
static int ensure_active_confirmed(const kws_slots_t *slots) {
    const kws_flash_t *flash = &slots->flash;
    if (kws_slot_count_confirms(flash, slots->active, slots->active_entry) >= NUM_CONFIRM_WORDS) {
        return KWS_OK;
    }
    uint32_t offset = kws_slot_confirm_offset(slots->active_entry, 0);
    int32_t word = kws_slot_find_unwritten(flash, slots->active, offset, 4, KWS_SLOT_NUM_CONFIRMS);
    if (word == KWS_SLOT_NUM_CONFIRMS) {
        return KWS_OK; /* interrupted four times here, so one of the words is complete */
    }
    uint8_t bytes[4];
    kws_write_u32(bytes, KWS_SLOT_CONFIRM_WORD);
    return kws_slot_program(flash, slots->active, offset + 4u * (uint32_t)word, bytes, sizeof bytes);
}

static int32_t choose_target(const kws_slots_t *slots, const kws_image_id_t *id) {
    const kws_flash_t *flash = &slots->flash;
    if (slots->active >= 0) {
        return 1 - slots->active;
    }
    if (kws_slot_find_progress(flash, 1, id) > kws_slot_find_progress(flash, 0, id)) {
        return 1;
    }
    return kws_slot_find_header(flash, 0, true).sequence > kws_slot_find_header(flash, 1, true).sequence ? 1 : 0;
}

/* An interrupted erase can leave a record that still reads as valid in a page that must be erased again. The void word,
 * written before the erase, marks the record as invalid. */
static int void_record(const kws_slots_t *slots) {
    const kws_flash_t *flash = &slots->flash;
    kws_slot_header_t old;
    const uint8_t bytes[4] = {0};
    if (!kws_slot_read_record(flash, slots->target, 0, KWS_SLOT_RECORD_MAGIC, &old) ||
        !kws_slot_is_blank(kws_slot_address(flash, slots->target, KWS_SLOT_VOID_OFFSET), sizeof bytes)) {
        return KWS_OK;
    }
    return kws_slot_program(flash, slots->target, KWS_SLOT_VOID_OFFSET, bytes, sizeof bytes);
}

static int begin_new(kws_slots_t *slots) {
    const kws_flash_t *flash = &slots->flash;
    slots->num_received = 0;
    slots->target_entry = 0;
    int status = void_record(slots);
    if (status == KWS_OK) {
        status = kws_slot_erase_page(flash, slots->target, 0);
    }
    if (status == KWS_OK) {
        status = kws_slot_write_record(flash, slots->target, 0, KWS_SLOT_RECORD_MAGIC, &slots->target_id, 0);
    }
    return status;
}

int kws_slots_begin(kws_slots_t *slots, const kws_image_id_t *id, bool restart) {
    if (id->size_bytes == 0 || id->size_bytes > kws_slots_capacity(slots)) {
        return KWS_ERROR_SIZE;
    }
    const kws_flash_t *flash = &slots->flash;
    bool known = slots->push != KWS_PUSH_NONE && kws_slot_same_id(&slots->target_id, id);
    if (known && !restart) {
        return (int)slots->num_received;
    }
    slots->push = KWS_PUSH_NONE;
    slots->target = choose_target(slots, id);
    slots->target_id = *id;
    uint32_t pages = restart ? 0 : kws_slot_find_progress(flash, slots->target, id);
    int status = slots->active >= 0 ? ensure_active_confirmed(slots) : KWS_OK;
    if (status == KWS_OK && pages == 0) {
        status = begin_new(slots);
    } else if (status == KWS_OK) {
        uint32_t resume_position = pages * flash->page_bytes;
        slots->num_received = resume_position < id->size_bytes ? resume_position : id->size_bytes;
        slots->target_entry = kws_slot_find_unwritten_entry(flash, slots->target);
    }
    if (status != KWS_OK) {
        return status;
    }
    slots->push = KWS_PUSH_RECEIVING;
    return (int)slots->num_received;
}

/* Writes image bytes that lie in one page. Pads the last word with 0xFF. */
static int write_in_page(kws_slots_t *slots, const uint8_t *data, uint32_t size) {
    const kws_flash_t *flash = &slots->flash;
    uint32_t page_bytes = flash->page_bytes;
    uint32_t offset = page_bytes + slots->num_received;
    int status = offset % page_bytes == 0 ? kws_slot_erase_page(flash, slots->target, offset) : KWS_OK;
    uint32_t num_whole = size & ~3u;
    if (status == KWS_OK && num_whole > 0) {
        status = kws_slot_program(flash, slots->target, offset, data, num_whole);
    }
    if (status == KWS_OK && num_whole < size) {
        uint8_t last[4] = {0xFF, 0xFF, 0xFF, 0xFF};
        memcpy(last, data + num_whole, size - num_whole);
        status = kws_slot_program(flash, slots->target, offset + num_whole, last, sizeof last);
    }
    if (status != KWS_OK) {
        return status;
    }
    slots->num_received += size;
    bool ended = slots->num_received % page_bytes == 0 || slots->num_received == slots->target_id.size_bytes;
    uint32_t page = kws_slot_num_pages(flash, slots->num_received) - 1u;
    if (ended) {
        const uint8_t done[4] = {0};
        return kws_slot_program(flash, slots->target, KWS_SLOT_PROGRESS_OFFSET + 4u * page, done, sizeof done);
    }
    return KWS_OK;
}

int kws_slots_write(kws_slots_t *slots, uint32_t position, const uint8_t *data, uint32_t size_bytes) {
    if (slots->push != KWS_PUSH_RECEIVING) {
        return KWS_ERROR_STATE;
    }
    if (position != slots->num_received) {
        return (int)slots->num_received;
    }
    uint32_t left = slots->target_id.size_bytes - position;
    if (size_bytes > left || (size_bytes % 4u != 0 && size_bytes != left)) {
        return KWS_ERROR_ARGUMENT;
    }
    while (size_bytes > 0) {
        uint32_t page_left = slots->flash.page_bytes - slots->num_received % slots->flash.page_bytes;
        uint32_t size = size_bytes < page_left ? size_bytes : page_left;
        int status = write_in_page(slots, data, size);
        if (status != KWS_OK) {
            slots->push = KWS_PUSH_NONE; /* a new BEGIN resumes after the last complete page */
            return status;
        }
        data += size;
        size_bytes -= size;
    }
    return (int)slots->num_received;
}

int kws_slots_verify(kws_slots_t *slots) {
    if (slots->push == KWS_PUSH_VERIFIED) {
        return KWS_OK;
    }
    const kws_flash_t *flash = &slots->flash;
    const kws_image_id_t *id = &slots->target_id;
    if (slots->push != KWS_PUSH_RECEIVING || slots->num_received < id->size_bytes) {
        return KWS_ERROR_STATE;
    }
    slots->push = KWS_PUSH_NONE;
    if (!kws_slot_crc_matches(flash, slots->target, id)) {
        return KWS_ERROR_CHECKSUM;
    }
    int status = slots->check(slots->check_context, kws_slots_image(slots, slots->target), id->size_bytes);
    if (status == KWS_OK) {
        status = kws_slot_write_record(flash, slots->target, kws_slot_entry_offset(slots->target_entry),
                                       KWS_SLOT_HEADER_MAGIC, id, kws_slot_last_sequence(flash) + 1u);
    }
    if (status == KWS_OK) {
        slots->push = KWS_PUSH_VERIFIED;
    }
    return status;
}

int kws_slots_confirm(kws_slots_t *slots) {
    if (slots->push != KWS_PUSH_VERIFIED) {
        return KWS_ERROR_STATE;
    }
    uint8_t words[4u * NUM_CONFIRM_WORDS];
    for (uint32_t i = 0; i < NUM_CONFIRM_WORDS; i++) {
        kws_write_u32(words + 4u * i, KWS_SLOT_CONFIRM_WORD);
    }
    slots->push = KWS_PUSH_NONE;
    uint32_t offset = kws_slot_confirm_offset(slots->target_entry, 0);
    int status = kws_slot_program(&slots->flash, slots->target, offset, words, sizeof words);
    if (status == KWS_OK) {
        slots->active = slots->target;
        slots->active_entry = slots->target_entry;
        slots->active_sequence = kws_slot_last_sequence(&slots->flash);
        slots->active_id = slots->target_id;
    }
    return status;
}

void kws_slots_abort(kws_slots_t *slots) {
    slots->push = KWS_PUSH_NONE;
}
