/* Layout of a slot and verified flash operations on it, internal to kws_slots.c. The section "Slots" of
 * docs/specifications/protocol.md describes the layout. */
#ifndef KWS_SLOT_LAYOUT_H
#define KWS_SLOT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "slots/kws_flash.h"
#include "slots/kws_image_id.h"

/* python:begin */
/* Offsets and sizes in the first page of a slot. The image begins at the second page. */
#define KWS_SLOT_RECORD_BYTES 64    /* transfer record, or header */
#define KWS_SLOT_ENTRY_OFFSET 128   /* first entry: a header and its confirm words */
#define KWS_SLOT_ENTRY_BYTES 128
#define KWS_SLOT_NUM_ENTRIES 7
#define KWS_SLOT_NUM_CONFIRMS 8     /* confirm words per entry */
#define KWS_SLOT_PROGRESS_OFFSET 1024 /* one word per page of the image */
/* python:end */

#define KWS_SLOT_RECORD_MAGIC 0x5453574Bu /* "KWST": a transfer has begun */
#define KWS_SLOT_HEADER_MAGIC 0x4853574Bu /* "KWSH": the image has been verified */
#define KWS_SLOT_CONFIRM_WORD 0x4353574Bu /* "KWSC" */
#define KWS_SLOT_VOID_OFFSET KWS_SLOT_RECORD_BYTES /* void word: the page is about to be erased */

/* A transfer record or a header read from flash. */
typedef struct {
    kws_image_id_t id;
    uint32_t sequence;
    int32_t slot;
    int32_t entry; /* -1: not found */
} kws_slot_header_t;

/* Returns the size of the largest image that fits into a slot, in bytes. */
uint32_t kws_slot_capacity(const kws_flash_t *flash);

/* Returns the address of the image in a slot. */
const uint8_t *kws_slot_image(const kws_flash_t *flash, int32_t slot);

const uint8_t *kws_slot_address(const kws_flash_t *flash, int32_t slot, uint32_t offset);
bool kws_slot_is_blank(const uint8_t *bytes, uint32_t size);
int kws_slot_erase_page(const kws_flash_t *flash, int32_t slot, uint32_t offset);
int kws_slot_program(const kws_flash_t *flash, int32_t slot, uint32_t offset, const uint8_t *data, uint32_t size);

uint32_t kws_slot_entry_offset(int32_t entry);
uint32_t kws_slot_confirm_offset(int32_t entry, int32_t word);
uint32_t kws_slot_count_confirms(const kws_flash_t *flash, int32_t slot, int32_t entry);
bool kws_slot_same_id(const kws_image_id_t *a, const kws_image_id_t *b);

int kws_slot_write_record(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t magic,
                          const kws_image_id_t *id, uint32_t sequence);
bool kws_slot_read_record(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t magic,
                          kws_slot_header_t *found);

/* Returns the latest header of a slot. With `confirmed`, considers only headers with a confirm word. */
kws_slot_header_t kws_slot_find_header(const kws_flash_t *flash, int32_t slot, bool confirmed);
uint32_t kws_slot_last_sequence(const kws_flash_t *flash);
bool kws_slot_crc_matches(const kws_flash_t *flash, int32_t slot, const kws_image_id_t *id);

/* Returns the first of `count` entries that has certainly not been written since the erase, or `count` if there is
 * none. Skips the first entry that reads blank, because a power failure may have interrupted a write to it. */
int32_t kws_slot_find_unwritten(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t size,
                                int32_t count);
int32_t kws_slot_find_unwritten_entry(const kws_flash_t *flash, int32_t slot);

/* Returns the number of pages for `size_bytes`. */
uint32_t kws_slot_num_pages(const kws_flash_t *flash, uint32_t size_bytes);
/* Returns the number of pages of this image that an earlier transfer into the slot has completed, 0 if there is no
 * transfer to resume. */
uint32_t kws_slot_find_progress(const kws_flash_t *flash, int32_t slot, const kws_image_id_t *id);

#endif
