#include "link/kws_frame.h"

#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_crc32.h"
#include "common/kws_status.h"

#define MAX_BLOCK 254u /* maximum number of bytes per COBS code */

typedef struct {
    uint8_t *out;
    uint32_t size;
    uint32_t code_at; /* position of the code of the open block */
    uint8_t code;
} encoder_t;

static void close_block(encoder_t *encoder) {
    encoder->out[encoder->code_at] = encoder->code;
    encoder->code_at = encoder->size++;
    encoder->code = 1;
}

static void encode_bytes(encoder_t *encoder, const uint8_t *data, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        if (encoder->code == MAX_BLOCK + 1u) {
            close_block(encoder);
        }
        if (data[i] == 0) {
            close_block(encoder);
        } else {
            encoder->out[encoder->size++] = data[i];
            encoder->code++;
        }
    }
}

int kws_frame_encode(uint8_t verb, uint16_t sequence, const uint8_t *payload, uint32_t payload_size,
                     uint8_t *encoded, uint32_t capacity) {
    if (encoded == NULL || (payload == NULL && payload_size > 0)) {
        return KWS_ERROR_ARGUMENT;
    }
    if (payload_size > KWS_FRAME_MAX_PAYLOAD) {
        return KWS_ERROR_SIZE;
    }
    uint32_t body_size = payload_size + KWS_FRAME_OVERHEAD;
    if (capacity < body_size + (body_size + MAX_BLOCK - 1u) / MAX_BLOCK + 2u) {
        return KWS_ERROR_SIZE;
    }
    uint8_t head[3] = {verb};
    uint8_t tail[4];
    kws_write_u16(head + 1, sequence);
    uint32_t crc = kws_crc32(0, head, sizeof head);
    if (payload_size > 0) {
        crc = kws_crc32(crc, payload, payload_size);
    }
    kws_write_u32(tail, crc);

    encoded[0] = 0;
    encoder_t encoder = {.out = encoded, .size = 2, .code_at = 1, .code = 1};
    encode_bytes(&encoder, head, sizeof head);
    encode_bytes(&encoder, payload, payload_size);
    encode_bytes(&encoder, tail, sizeof tail);
    encoded[encoder.code_at] = encoder.code;
    encoded[encoder.size++] = 0;
    return (int)encoder.size;
}

static void start_frame(kws_frame_decoder_t *decoder) {
    decoder->body_size = 0;
    decoder->block_left = 0;
    decoder->block_zero = false;
    decoder->discarding = false;
}

static void append(kws_frame_decoder_t *decoder, uint8_t byte) {
    if (decoder->body_size < sizeof decoder->body) {
        decoder->body[decoder->body_size++] = byte;
    } else {
        decoder->discarding = true;
    }
}

static void decode_byte(kws_frame_decoder_t *decoder, uint8_t byte) {
    if (decoder->discarding) {
        return;
    }
    if (decoder->block_left > 0) {
        decoder->block_left--;
        append(decoder, byte);
        return;
    }
    if (decoder->block_zero) {
        append(decoder, 0);
    }
    decoder->block_left = (uint8_t)(byte - 1u);
    decoder->block_zero = decoder->block_left < MAX_BLOCK;
}

/* Processes a zero byte. Returns whether it completed a valid frame. */
static bool end_frame(kws_frame_decoder_t *decoder) {
    bool empty = decoder->body_size == 0 && decoder->block_left == 0 && !decoder->block_zero;
    bool complete = !decoder->discarding && decoder->block_left == 0 && decoder->body_size >= KWS_FRAME_OVERHEAD;
    if (complete) {
        uint32_t size = decoder->body_size - 4u;
        decoder->crc32 = kws_read_u32(decoder->body + size);
        decoder->verb = decoder->body[0];
        decoder->sequence = kws_read_u16(decoder->body + 1);
        decoder->payload = decoder->body + 3;
        decoder->payload_size = size - 3u;
        complete = kws_crc32(0, decoder->body, size) == decoder->crc32;
    }
    if (!complete && !empty) {
        decoder->num_bad++;
    }
    start_frame(decoder);
    return complete;
}

int kws_frame_decode(kws_frame_decoder_t *decoder, const uint8_t *data, uint32_t size, uint32_t *num_used) {
    uint32_t used = 0;
    int found = 0;
    while (used < size && !found) {
        uint8_t byte = data[used++];
        if (byte != 0) {
            decode_byte(decoder, byte);
        } else if (end_frame(decoder)) {
            found = 1;
        }
    }
    *num_used = used;
    return found;
}
