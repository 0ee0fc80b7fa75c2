#include "model/kws_image.h"

#include <stdbool.h>

#include "common/kws_bytes.h"
#include "common/kws_crc32.h"

/* Header layout. See docs/specifications/model_image.md. */
enum {
    MAGIC = 0,          /* "KWSI" */
    CRC32 = 4,          /* of all bytes from TOTAL_SIZE to the end */
    TOTAL_SIZE = 8,
    FORMAT_VERSION = 12,
    SECTION_COUNT = 14,
    SOURCE_SHA256 = 16,
    ARENA_BYTES = 48,
    RESERVED = 52,      /* 12 zero bytes */
    SECTION_TABLE = 64
};

/* Layout of an entry of the section table. */
enum { SECTION_ID = 0, SECTION_OFFSET = 4, SECTION_SIZE = 8, SECTION_RESERVED = 12, SECTION_ENTRY_BYTES = 16 };

#define MAGIC_KWSI 0x4953574Bu
#define MAX_SECTIONS 64u

static const uint8_t *entry_at(const kws_image_t *image, uint32_t index) {
    return image->data + SECTION_TABLE + (size_t)index * SECTION_ENTRY_BYTES;
}

/* Returns whether the sections are aligned, do not overlap, and are in ascending order of id and offset. */
static bool sections_are_valid(const kws_image_t *image) {
    uint32_t end = SECTION_TABLE + image->section_count * SECTION_ENTRY_BYTES;
    uint32_t previous_id = 0;
    for (uint32_t i = 0; i < image->section_count; i++) {
        const uint8_t *entry = entry_at(image, i);
        const uint32_t id = kws_read_u32(entry + SECTION_ID);
        const uint32_t offset = kws_read_u32(entry + SECTION_OFFSET);
        const uint32_t size = kws_read_u32(entry + SECTION_SIZE);
        if (id <= previous_id || kws_read_u32(entry + SECTION_RESERVED) != 0) {
            return false;
        }
        if (offset % KWS_IMAGE_ALIGNMENT != 0 || offset < end || offset > image->size || size > image->size - offset) {
            return false;
        }
        previous_id = id;
        end = offset + size;
    }
    return true;
}

/* Checks the label section: a count (uint32), then for each label a length (uint8) and its bytes. */
static bool labels_are_valid(kws_image_t *image) {
    const uint8_t *section;
    const int32_t size = kws_image_section(image, KWS_SECTION_LABELS, &section);
    if (size < 4) {
        return false;
    }
    const uint32_t count = kws_read_u32(section);
    uint32_t position = 4;
    if (count > (uint32_t)size) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (position >= (uint32_t)size || section[position] > (uint32_t)size - position - 1) {
            return false;
        }
        position += 1u + section[position];
    }
    image->label_count = count;
    return position == (uint32_t)size;
}

int32_t kws_image_open(kws_image_t *image, const void *data, size_t size) {
    const uint8_t *bytes = data;
    if (image == NULL || data == NULL || (uintptr_t)data % KWS_IMAGE_ALIGNMENT != 0) {
        return KWS_ERROR_ARGUMENT;
    }
    if (size < KWS_IMAGE_HEADER_BYTES) {
        return KWS_ERROR_SIZE;
    }
    if (kws_read_u32(bytes + MAGIC) != MAGIC_KWSI) {
        return KWS_ERROR_FORMAT;
    }
    if (kws_read_u16(bytes + FORMAT_VERSION) != KWS_IMAGE_FORMAT_VERSION) {
        return KWS_ERROR_UNSUPPORTED;
    }
    const uint32_t total_size = kws_read_u32(bytes + TOTAL_SIZE);
    /* The functions below return sizes as int32_t. */
    if (total_size > size || total_size > INT32_MAX) {
        return KWS_ERROR_SIZE;
    }
    const uint32_t section_count = kws_read_u16(bytes + SECTION_COUNT);
    if (section_count > MAX_SECTIONS || total_size < SECTION_TABLE + section_count * SECTION_ENTRY_BYTES) {
        return KWS_ERROR_FORMAT;
    }
    const uint32_t crc32 = kws_read_u32(bytes + CRC32);
    if (kws_crc32(0, bytes + TOTAL_SIZE, total_size - TOTAL_SIZE) != crc32) {
        return KWS_ERROR_CHECKSUM;
    }
    *image = (kws_image_t){
        .data = bytes,
        .size = total_size,
        .arena_bytes = kws_read_u32(bytes + ARENA_BYTES),
        .section_count = section_count,
        .label_count = 0,
        .crc32 = crc32,
    };
    return sections_are_valid(image) && labels_are_valid(image) ? KWS_OK : KWS_ERROR_FORMAT;
}

int32_t kws_image_section(const kws_image_t *image, uint32_t id, const uint8_t **section) {
    for (uint32_t i = 0; i < image->section_count; i++) {
        const uint8_t *entry = entry_at(image, i);
        if (kws_read_u32(entry + SECTION_ID) == id) {
            *section = image->data + kws_read_u32(entry + SECTION_OFFSET);
            return (int32_t)kws_read_u32(entry + SECTION_SIZE);
        }
    }
    return KWS_ERROR_FORMAT;
}

int32_t kws_image_label(const kws_image_t *image, uint32_t index, const uint8_t **label) {
    const uint8_t *section;
    if (index >= image->label_count || kws_image_section(image, KWS_SECTION_LABELS, &section) < 0) {
        return KWS_ERROR_ARGUMENT;
    }
    const uint8_t *entry = section + 4;
    for (uint32_t i = 0; i < index; i++) {
        entry += 1u + *entry;
    }
    *label = entry + 1;
    return *entry;
}

const uint8_t *kws_image_source_sha256(const kws_image_t *image) {
    return image->data + SOURCE_SHA256;
}
