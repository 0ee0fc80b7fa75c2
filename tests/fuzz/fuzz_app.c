/* Fuzzer of the whole application: random and mutated frames, requests, slots, power failures and model images.
 *
 *   fuzz_app COUNT SEED [IMAGE]
 *
 * Built with AddressSanitizer and UndefinedBehaviorSanitizer. Sends COUNT frames to the application on a simulated
 * board. IMAGE, a model image, is pushed intact and damaged, so that the readers behind END and TEST are reached.
 * Prints the number of accepted requests and returns 0. A failed check or a sanitizer error aborts the program. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_crc32.h"
#include "common/kws_status.h"
#include "kws_app.h"

#define PAGE_BYTES 8192u
#define SLOT_BYTES (48u * PAGE_BYTES)
#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
            abort();                                                          \
        }                                                                     \
    } while (0)

static uint64_t state;
static uint8_t *flash;
static int64_t operations_left = -1; /* until the power fails; -1: never */
static uint8_t line_in[4096];
static uint32_t line_size;
static uint32_t line_taken;
static kws_frame_decoder_t responses;
static uint32_t clock_ms;
static uint32_t num_responses;
static uint32_t num_accepted[16]; /* per verb */
static uint32_t last_status;
static uint32_t next_position;
static uint8_t *image;
static uint32_t image_size;

static uint32_t random_below(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below > 0 ? (uint32_t)(state >> 20) % below : 0;
}

/* ---- simulated board ---- */

static bool power_fails(void) {
    if (operations_left < 0) {
        return false;
    }
    operations_left -= operations_left > 0;
    return operations_left == 0;
}

static int erase_page(void *context, uint32_t offset) {
    (void)context;
    CHECK(offset % PAGE_BYTES == 0 && offset < 2 * SLOT_BYTES);
    if (power_fails()) {
        memset(flash + offset, 0xFF, random_below(PAGE_BYTES));
        return KWS_ERROR_FLASH;
    }
    memset(flash + offset, 0xFF, PAGE_BYTES);
    return KWS_OK;
}

static int write_words(void *context, uint32_t offset, const uint8_t *data, uint32_t size) {
    (void)context;
    CHECK(offset % 4 == 0 && size % 4 == 0 && size > 0 && offset <= 2 * SLOT_BYTES - size);
    CHECK(offset / PAGE_BYTES == (offset + size - 1) / PAGE_BYTES);
    bool fails = power_fails();
    uint32_t done = fails ? random_below(size) : size;
    for (uint32_t i = 0; i < done; i++) {
        flash[offset + i] &= data[i];
    }
    return fails ? KWS_ERROR_FLASH : KWS_OK;
}

static uint32_t serial_read(void *context, uint8_t *data, uint32_t size) {
    (void)context;
    uint32_t count = line_size - line_taken;
    count = count < size ? count : size;
    count = count > 1 ? 1 + random_below(count) : count;
    memcpy(data, line_in + line_taken, count);
    line_taken += count;
    return count;
}

static uint32_t serial_write(void *context, const uint8_t *data, uint32_t size) {
    (void)context;
    uint32_t taken = 1 + random_below(size);
    for (uint32_t i = 0; i < taken; i++) {
        uint32_t used;
        if (kws_frame_decode(&responses, data + i, 1, &used) && responses.verb != KWS_VERB_EVENT) {
            CHECK((responses.verb & KWS_VERB_RESPONSE) != 0 && responses.payload_size >= 1);
            num_responses++;
            last_status = responses.payload[0];
            if (last_status == 0) {
                num_accepted[responses.verb & 15]++;
            }
            next_position = responses.payload_size >= 8 ? kws_read_u32(responses.payload + 4) : 0;
        }
    }
    CHECK(responses.num_bad == 0);
    return taken;
}

static int audio_start(void *context, uint32_t rate_hz) {
    (void)context;
    return rate_hz < 50000 ? KWS_OK : KWS_ERROR_UNSUPPORTED;
}

static uint32_t audio_read(void *context, int16_t *samples, uint32_t num_samples) {
    (void)context;
    uint32_t count = random_below(8) == 0 ? random_below(num_samples + 1) : 0;
    for (uint32_t i = 0; i < count; i++) {
        samples[i] = (int16_t)random_below(65536);
    }
    return count;
}

static void set_led(void *context, kws_led_t led, bool on) {
    (void)context;
    (void)led;
    (void)on;
}

static uint32_t time_ms(void *context) {
    (void)context;
    return clock_ms += random_below(3);
}

static uint32_t cycles(void *context) {
    (void)context;
    return random_below(0xFFFFFFFF);
}

static void idle(void *context, uint32_t max_ms) {
    (void)context;
    clock_ms += random_below(max_ms);
}

static kws_app_t *app;
static kws_board_t board;

static void start(void) {
    operations_left = -1;
    memset(app, 0, sizeof *app);
    CHECK(kws_app_open(app, &board) == KWS_OK);
    CHECK(responses.num_bad == 0);
    memset(&responses, 0, sizeof responses);
    if (app->slots.active >= 0) {
        const kws_image_id_t *id = &app->slots.active_id;
        CHECK(kws_crc32(0, kws_slots_image(&app->slots, app->slots.active), id->size_bytes) == id->crc32);
    }
}

static void reset(void *context) {
    (void)context;
    start();
}

/* ---- frames ---- */

/* Passes the bytes on the line to the application and runs it until all are processed. */
static void deliver(void) {
    uint32_t rounds = 0;
    const uint8_t *waiting;
    do {
        kws_app_step(app);
        CHECK(app->slots.num_received <= kws_slots_capacity(&app->slots));
    } while ((line_taken < line_size || app->received_taken < app->received_size ||
              kws_link_pending(&app->link, &waiting) > 0) &&
             ++rounds < 100000);
    CHECK(rounds < 100000);
    line_size = line_taken = 0;
    if (operations_left == 0) {
        start();
    }
}

static void mutate(uint8_t *bytes, uint32_t size) {
    for (uint32_t i = 1 + random_below(4); i > 0 && size > 0; i--) {
        bytes[random_below(size)] = (uint8_t)(random_below(2) ? random_below(256) : 0xFF * random_below(2));
    }
}

static void send(uint8_t verb, uint8_t *payload, uint32_t size) {
    static uint16_t sequence;
    sequence = (uint16_t)(sequence + (random_below(20) != 0));
    uint8_t encoded[KWS_FRAME_MAX_ENCODED];
    int count = kws_frame_encode(verb, sequence, payload, size, encoded, sizeof encoded);
    CHECK(count > 0);
    if (random_below(12) == 0) {
        mutate(encoded, (uint32_t)count);
    }
    for (int i = 0; i < count && line_size < sizeof line_in; i++) {
        if (random_below(30000) != 0) {
            line_in[line_size++] = encoded[i];
        }
    }
    deliver();
}

static void write_id(uint8_t *payload, const uint8_t *bytes, uint32_t size) {
    kws_write_u32(payload, size);
    kws_write_u32(payload + 4, kws_crc32(0, bytes, size));
    memset(payload + 8, 0, KWS_SHA256_BYTES);
    kws_write_u32(payload + 8, kws_read_u32(payload + 4));
}

/* Damages the content of the image and corrects its checksum, so that the readers process the damaged part. */
static void damage(uint8_t *bytes, uint32_t size) {
    uint32_t crc_offset = 4; /* of the image's CRC32 of all following bytes, docs/specifications/model_image.md */
    mutate(bytes + crc_offset + 4, random_below(3) ? 200 : size - crc_offset - 4);
    kws_write_u32(bytes + crc_offset, kws_crc32(0, bytes + crc_offset + 4, size - crc_offset - 4));
}

static uint32_t send_random_request(void) {
    uint8_t payload[KWS_FRAME_MAX_PAYLOAD];
    uint32_t size = random_below(3) ? random_below(48) : random_below(KWS_FRAME_MAX_PAYLOAD + 1);
    for (uint32_t i = 0; i < size; i++) {
        payload[i] = (uint8_t)(random_below(3) ? 0 : random_below(256));
    }
    if (size >= 8 && random_below(2)) {
        kws_write_u32(payload + 4, next_position);
    }
    send((uint8_t)(random_below(10) ? 1 + random_below(12) : random_below(256)), payload, size);
    return 1;
}

/* Occasionally sends another request in between. */
static void interrupt_sometimes(void) {
    uint32_t position = next_position;
    if (random_below(400) == 0) {
        send_random_request();
    }
    next_position = position;
}

/* Performs a whole push in which each step may fail. Returns the number of frames sent. */
static uint32_t push(void) {
    uint32_t size = image_size > 0 && random_below(4) ? image_size : 1 + random_below(3000);
    uint8_t *bytes = malloc(size);
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = size == image_size ? image[i] : (uint8_t)random_below(256);
    }
    if (size == image_size && random_below(3) != 0) {
        damage(bytes, size);
    }
    uint8_t payload[KWS_FRAME_MAX_PAYLOAD] = {(uint8_t)(random_below(8) == 0)};
    uint32_t frames = 1;
    write_id(payload + 4, bytes, size);
    send(KWS_VERB_BEGIN, payload, 44);
    next_position = last_status == 0 && next_position <= size ? next_position : 0;
    if (random_below(5) == 0) {
        operations_left = 1 + random_below(60);
    }
    for (uint32_t tries = 0; next_position < size && tries < size / 512 + 20; tries++, frames++) {
        uint32_t count = random_below(4) ? 1024 : 4 * (1 + random_below(255));
        count = count < size - next_position ? count : size - next_position;
        kws_write_u32(payload, random_below(50) ? next_position : random_below(size));
        memcpy(payload + 4, bytes + next_position, count);
        uint32_t before = next_position;
        interrupt_sometimes();
        send(KWS_VERB_DATA, payload, 4 + count);
        if (last_status != 0 || next_position > size || next_position < before) {
            break;
        }
    }
    send(KWS_VERB_END, payload, 0);
    for (uint32_t position = 0; position < 2891; position += 1000, frames++) {
        payload[0] = (uint8_t)(random_below(10) != 0);
        kws_write_u32(payload + 4, position);
        interrupt_sometimes();
        send(KWS_VERB_TEST, payload, 8 + (2891 - position < 1000 ? 2891 - position : 1000));
    }
    write_id(payload, bytes, size);
    send(KWS_VERB_CONFIRM, payload + 8, KWS_SHA256_BYTES);
    free(bytes);
    return frames + 2;
}

static uint32_t feed(void) {
    uint8_t payload[8 + 1024] = {(uint8_t)random_below(2), 1};
    send(KWS_VERB_FEED, payload, 8);
    next_position = 0;
    uint32_t frames = 2 + random_below(40);
    for (uint32_t i = 0; i < frames; i++) {
        uint32_t size = payload[0] == 0 ? 1024 : 980;
        payload[1] = 0;
        kws_write_u32(payload + 4, next_position);
        for (uint32_t k = 0; k < size; k++) {
            payload[8 + k] = (uint8_t)random_below(256);
        }
        send(KWS_VERB_FEED, payload, 8 + size);
    }
    payload[1] = 2;
    send(KWS_VERB_FEED, payload, 8);
    return frames + 2;
}

static uint32_t noise(void) {
    line_size = 1 + random_below(300);
    for (uint32_t i = 0; i < line_size; i++) {
        line_in[i] = (uint8_t)(random_below(30) ? random_below(256) : 0);
    }
    deliver();
    return 1;
}

static void read_image(const char *path) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    image = malloc(SLOT_BYTES);
    image_size = (uint32_t)fread(image, 1, SLOT_BYTES, file);
    fclose(file);
}

int main(int argc, char **argv) {
    CHECK(argc >= 3);
    uint32_t count = (uint32_t)strtoul(argv[1], NULL, 10);
    state = 0x9E3779B97F4A7C15u ^ strtoull(argv[2], NULL, 10);
    if (argc > 3) {
        read_image(argv[3]);
    }
    app = calloc(1, sizeof *app);
    flash = aligned_alloc(16, 2 * SLOT_BYTES);
    for (uint32_t i = 0; i < 2 * SLOT_BYTES; i++) {
        flash[i] = (uint8_t)random_below(256);
    }
    board = (kws_board_t){.name = "fuzz", .version = "0", .cycles_name = "cycles", .serial_window_bytes = 2048,
                          .flash = {.base = flash, .page_bytes = PAGE_BYTES, .slot_bytes = SLOT_BYTES,
                                    .erase_page = erase_page, .write = write_words},
                          .serial_read = serial_read, .serial_write = serial_write, .audio_start = audio_start,
                          .audio_read = audio_read, .set_led = set_led, .time_ms = time_ms, .cycles = cycles,
                          .idle = idle, .reset = reset};
    start();
    for (uint32_t sent = 0; sent < count;) {
        uint32_t kind = random_below(100);
        sent += kind < 12 ? push() : kind < 20 ? feed() : kind < 40 ? noise() : send_random_request();
        if (random_below(200) == 0) {
            start();
        }
    }
    printf("%" PRIu32 " responses; accepted: begin %" PRIu32 ", data %" PRIu32 ", end %" PRIu32 ", test %" PRIu32
           ", confirm %" PRIu32 ", feed %" PRIu32 ", profile %" PRIu32 "\n",
           num_responses, num_accepted[KWS_VERB_BEGIN], num_accepted[KWS_VERB_DATA], num_accepted[KWS_VERB_END],
           num_accepted[KWS_VERB_TEST], num_accepted[KWS_VERB_CONFIRM], num_accepted[KWS_VERB_FEED],
           num_accepted[KWS_VERB_PROFILE]);
    return 0;
}
