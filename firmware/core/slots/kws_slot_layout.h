/* What stands where in a slot, and the checked flash operations on it. Only kws_slots.c uses this; PROTOCOL.md,
 * "Slots", describes the layout. */
#ifndef KWS_SLOT_LAYOUT_H
#define KWS_SLOT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "slots/kws_flash.h"
#include "slots/kws_image_id.h"

/* python:begin */
/* Offsets and sizes in the first page of a slot; the image begins with the second page. */
#define KWS_SLOT_RECORD_BYTES 64    /* of the transfer record and of a header */
#define KWS_SLOT_ENTRY_OFFSET 128   /* of the first entry: a header and its confirm words */
#define KWS_SLOT_ENTRY_BYTES 128
#define KWS_SLOT_NUM_ENTRIES 7
#define KWS_SLOT_NUM_CONFIRMS 8     /* confirm words of an entry */
#define KWS_SLOT_PROGRESS_OFFSET 1024 /* of one word for each page of the image */
/* python:end */

#define KWS_SLOT_RECORD_MAGIC 0x5453574Bu /* "KWST": a transfer was begun */
#define KWS_SLOT_HEADER_MAGIC 0x4853574Bu /* "KWSH": the image was verified */
#define KWS_SLOT_CONFIRM_WORD 0x4353574Bu /* "KWSC" */
#define KWS_SLOT_VOID_OFFSET KWS_SLOT_RECORD_BYTES /* of the word that says: the page is about to be erased */

/* A record or a header as found in flash. */
typedef struct {
    kws_image_id_t id;
    uint32_t sequence;
    int32_t slot;
    int32_t entry; /* -1: nothing found */
} kws_slot_header_t;

/* Largest image a slot can hold, in bytes. */
uint32_t kws_slot_capacity(const kws_flash_t *flash);

/* Where the image of a slot begins. */
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

/* The last header of a slot, of the confirmed ones only where asked. */
kws_slot_header_t kws_slot_find_header(const kws_flash_t *flash, int32_t slot, bool confirmed);
uint32_t kws_slot_last_sequence(const kws_flash_t *flash);
bool kws_slot_crc_matches(const kws_flash_t *flash, int32_t slot, const kws_image_id_t *id);

/* Which of `count` places was surely never written to since the erase; `count` if none. The first place that looks
 * blank does not count: an earlier power cycle may have been cut off there. */
int32_t kws_slot_find_unwritten(const kws_flash_t *flash, int32_t slot, uint32_t offset, uint32_t size,
                                int32_t count);
int32_t kws_slot_find_unwritten_entry(const kws_flash_t *flash, int32_t slot);

/* Pages that hold `size_bytes`. */
uint32_t kws_slot_num_pages(const kws_flash_t *flash, uint32_t size_bytes);
/* Pages of this image that an earlier transfer into the slot has completed; 0 where there is none to resume. */
uint32_t kws_slot_find_progress(const kws_flash_t *flash, int32_t slot, const kws_image_id_t *id);

#endif
