#include "link/kws_link.h"

#include <string.h>

#include "common/kws_status.h"
#include "link/kws_link_requests.h"

int32_t kws_link_open(kws_link_t *link, kws_slots_t *slots, const kws_link_app_t *app,
                      const kws_link_identity_t *identity) {
    if (link == NULL || slots == NULL || app == NULL || identity == NULL) {
        return KWS_ERROR_ARGUMENT;
    }
    memset(link, 0, sizeof *link);
    link->slots = slots;
    link->app = *app;
    link->identity = *identity;
    link->test_slot = -1;
    return KWS_OK;
}

/* Returns whether the host has repeated the last request because its response was lost. The link then sends the stored
 * response again and does not execute the request again. The CRC32 covers the whole request. */
static bool is_repeated(const kws_link_t *link) {
    const kws_frame_decoder_t *request = &link->decoder;
    return link->answered && request->verb == link->request_verb && request->sequence == link->request_sequence &&
           request->crc32 == link->request_crc32;
}

static void handle_request(kws_link_t *link) {
    const kws_frame_decoder_t *request = &link->decoder;
    link->response_sent = 0;
    link->num_requests++;
    if (is_repeated(link)) {
        return;
    }
    link->answered = true;
    link->request_verb = request->verb;
    link->request_sequence = request->sequence;
    link->request_crc32 = request->crc32;
    uint8_t payload[KWS_LINK_MAX_RESPONSE] = {0};
    uint32_t size = kws_link_execute(link, request->verb, request->payload, request->payload_size, payload);
    link->response_size = (uint32_t)kws_frame_encode(request->verb | KWS_VERB_RESPONSE, request->sequence, payload,
                                                     size, link->response, sizeof link->response);
}

uint32_t kws_link_receive(kws_link_t *link, const uint8_t *data, uint32_t size_bytes) {
    uint32_t taken = 0;
    while (taken < size_bytes && link->response_sent == link->response_size) {
        uint32_t used = 0;
        int found = kws_frame_decode(&link->decoder, data + taken, size_bytes - taken, &used);
        taken += used;
        if (found && link->decoder.verb < KWS_VERB_EVENT) {
            handle_request(link);
        }
    }
    return taken;
}

/* Encodes the next event that has not been sent yet. */
static void encode_next_event(kws_link_t *link) {
    if (link->num_events - link->num_events_sent > KWS_LINK_NUM_EVENTS) {
        link->num_events_sent = link->num_events - KWS_LINK_NUM_EVENTS;
    }
    const kws_event_t *event = &link->events[link->num_events_sent % KWS_LINK_NUM_EVENTS];
    uint8_t payload[KWS_LINK_EVENT_BYTES];
    kws_link_write_event(event, payload);
    link->event_size = (uint32_t)kws_frame_encode(KWS_VERB_EVENT, (uint16_t)event->index, payload, sizeof payload,
                                                  link->event, sizeof link->event);
    link->event_sent = 0;
    link->num_events_sent++;
}

uint32_t kws_link_pending(kws_link_t *link, const uint8_t **data) {
    bool event_begun = link->event_sent > 0 && link->event_sent < link->event_size;
    if (!event_begun && link->response_sent < link->response_size) {
        *data = link->response + link->response_sent;
        return link->response_size - link->response_sent;
    }
    if (link->event_sent == link->event_size && link->num_events_sent != link->num_events) {
        encode_next_event(link);
    }
    *data = link->event + link->event_sent;
    return link->event_size - link->event_sent;
}

void kws_link_sent(kws_link_t *link, uint32_t size_bytes) {
    bool event_begun = link->event_sent > 0 && link->event_sent < link->event_size;
    if (!event_begun && link->response_sent < link->response_size) {
        link->response_sent += size_bytes;
    } else {
        link->event_sent += size_bytes;
    }
}

void kws_link_post(kws_link_t *link, const kws_event_t *event) {
    kws_event_t *place = &link->events[link->num_events % KWS_LINK_NUM_EVENTS];
    *place = *event;
    place->index = link->num_events++;
}
