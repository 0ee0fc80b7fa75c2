#include "link/kws_link_requests.h"

#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_status.h"

static void write_text(uint8_t *bytes, const char *text, uint32_t size) {
    for (uint32_t i = 0; i + 1 < size && text[i] != '\0'; i++) {
        bytes[i] = (uint8_t)text[i];
    }
}

static void write_id(uint8_t *bytes, const kws_image_id_t *id) {
    kws_write_u32(bytes, id->size_bytes);
    kws_write_u32(bytes + 4, id->crc32);
    memcpy(bytes + 8, id->sha256, KWS_SHA256_BYTES);
}

static int32_t hello(kws_link_t *link, kws_request_t *request) {
    const kws_link_identity_t *identity = &link->identity;
    request->out[1] = KWS_LINK_PROTOCOL;
    kws_write_u16(request->out + 2, identity->image_version);
    kws_write_u32(request->out + 4, identity->window_bytes);
    kws_write_u32(request->out + 8, kws_slots_capacity(link->slots));
    kws_write_u32(request->out + 12, identity->memory_bytes);
    write_text(request->out + 16, identity->board, 16);
    write_text(request->out + 32, identity->firmware, 32);
    write_text(request->out + 64, identity->cycles_name, 16);
    request->out_size = 80;
    return KWS_OK;
}

static int32_t status(kws_link_t *link, kws_request_t *request) {
    const kws_slots_t *slots = link->slots;
    kws_link_activity_t activity = {0};
    link->app.activity(link->app.context, &activity);
    uint8_t *out = request->out;
    out[1] = (uint8_t)slots->push;
    out[2] = (uint8_t)slots->active;
    out[3] = (uint8_t)activity.source;
    kws_write_u32(out + 4, activity.uptime_ms);
    kws_write_u32(out + 8, activity.num_inferences);
    kws_write_u32(out + 12, link->num_events);
    kws_write_u32(out + 16, link->decoder.num_bad);
    kws_write_u32(out + 20, slots->active_sequence);
    write_id(out + 24, &slots->active_id);
    if (slots->push != KWS_PUSH_NONE) {
        kws_write_u32(out + 64, slots->num_received);
        write_id(out + 68, &slots->target_id);
    }
    request->out_size = 108;
    return KWS_OK;
}

static int32_t start_or_stop_feed(kws_link_t *link, uint8_t kind, uint8_t flags) {
    if ((flags & KWS_FEED_STOP) != 0) {
        link->feeding = false;
        return link->app.feed_stop(link->app.context);
    }
    if (kind != KWS_FEED_AUDIO && kind != KWS_FEED_FEATURES) {
        return KWS_ERROR_ARGUMENT;
    }
    int32_t result = link->app.feed_start(link->app.context, (kws_feed_kind_t)kind);
    link->feeding = result == KWS_OK;
    link->feed_kind = (kws_feed_kind_t)kind;
    link->feed_position = 0;
    return result;
}

static int32_t feed(kws_link_t *link, kws_request_t *request) {
    request->out_size = 12;
    if (request->size < 8) {
        return KWS_ERROR_ARGUMENT;
    }
    uint8_t flags = request->data[1];
    uint32_t size = request->size - 8u;
    int32_t result = KWS_OK;
    if (flags != 0) {
        result = size == 0 ? start_or_stop_feed(link, request->data[0], flags) : KWS_ERROR_ARGUMENT;
    } else if (!link->feeding) {
        result = KWS_ERROR_STATE;
    } else if (kws_read_u32(request->data + 4) == link->feed_position) {
        result = link->app.feed(link->app.context, link->feed_kind, request->data + 8, size);
        link->feed_position += result == KWS_OK ? size : 0;
    }
    kws_write_u32(request->out + 4, link->feed_position);
    kws_write_u32(request->out + 8, link->num_events);
    return result;
}

static int32_t events(kws_link_t *link, kws_request_t *request) {
    if (request->size != 4) {
        return KWS_ERROR_ARGUMENT;
    }
    uint32_t first = kws_read_u32(request->data);
    uint32_t oldest = link->num_events > KWS_LINK_NUM_EVENTS ? link->num_events - KWS_LINK_NUM_EVENTS : 0;
    first = first < oldest ? oldest : first;
    uint8_t count = 0;
    request->out_size = 8;
    while (first < link->num_events && count < KWS_LINK_EVENTS_PER_RESPONSE) {
        kws_link_write_event(&link->events[first++ % KWS_LINK_NUM_EVENTS], request->out + request->out_size);
        request->out_size += KWS_LINK_EVENT_BYTES;
        count++;
    }
    request->out[1] = count;
    kws_write_u32(request->out + 4, link->num_events);
    return KWS_OK;
}

static int32_t profile(kws_link_t *link, kws_request_t *request) {
    if (request->size != 2) {
        return KWS_ERROR_ARGUMENT;
    }
    uint32_t first = kws_read_u16(request->data);
    uint32_t counts[(KWS_LINK_MAX_RESPONSE - 12) / 4];
    uint32_t max_counts = sizeof counts / sizeof counts[0];
    link->test_slot = -1; /* the profile overwrites the memory of a golden input */
    uint32_t inference = 0;
    int32_t total = link->app.profile(link->app.context, first, counts, max_counts, &inference);
    if (total < 0) {
        return total;
    }
    uint32_t left = (uint32_t)total > first ? (uint32_t)total - first : 0;
    uint32_t count = left < max_counts ? left : max_counts;
    kws_write_u16(request->out + 2, (uint16_t)total);
    kws_write_u16(request->out + 4, (uint16_t)count);
    kws_write_u32(request->out + 8, inference);
    for (uint32_t i = 0; i < count; i++) {
        kws_write_u32(request->out + 12 + 4 * i, counts[i]);
    }
    request->out_size = 12u + 4u * count;
    return KWS_OK;
}

static int32_t reset(kws_link_t *link, kws_request_t *request) {
    (void)request;
    link->app.reset(link->app.context);
    return KWS_OK;
}

void kws_link_write_event(const kws_event_t *event, uint8_t *bytes) {
    memset(bytes, 0, KWS_LINK_EVENT_BYTES);
    kws_write_u32(bytes, event->index);
    kws_write_u32(bytes + 4, event->time_ms);
    bytes[8] = event->label_index;
    bytes[9] = event->score;
    memcpy(bytes + 12, event->label, KWS_LINK_LABEL_BYTES);
}

uint32_t kws_link_execute(kws_link_t *link, uint8_t verb, const uint8_t *payload, uint32_t size, uint8_t *response) {
    typedef int32_t (*handler_t)(kws_link_t *, kws_request_t *);
    static const handler_t by_verb[] = {
        [KWS_VERB_HELLO] = hello,
        [KWS_VERB_STATUS] = status,
        [KWS_VERB_BEGIN] = kws_link_begin,
        [KWS_VERB_DATA] = kws_link_data,
        [KWS_VERB_END] = kws_link_end,
        [KWS_VERB_TEST] = kws_link_test,
        [KWS_VERB_CONFIRM] = kws_link_confirm,
        [KWS_VERB_ABORT] = kws_link_abort,
        [KWS_VERB_FEED] = feed,
        [KWS_VERB_EVENTS] = events,
        [KWS_VERB_PROFILE] = profile,
        [KWS_VERB_RESET] = reset,
    };
    kws_request_t request = {.data = payload, .size = size, .out = response, .out_size = 1};
    int32_t result = KWS_ERROR_UNSUPPORTED;
    if (verb < sizeof by_verb / sizeof by_verb[0] && by_verb[verb] != NULL) {
        result = by_verb[verb](link, &request);
    }
    response[0] = (uint8_t)result;
    return request.out_size;
}
