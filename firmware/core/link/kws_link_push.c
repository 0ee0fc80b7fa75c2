/* Requests of a push: BEGIN, DATA, END, TEST, CONFIRM, ABORT. */
#include <string.h>

#include "common/kws_bytes.h"
#include "common/kws_status.h"
#include "link/kws_link_requests.h"

static kws_image_id_t read_id(const uint8_t *bytes) {
    kws_image_id_t id = {.size_bytes = kws_read_u32(bytes), .crc32 = kws_read_u32(bytes + 4)};
    memcpy(id.sha256, bytes + 8, KWS_SHA256_BYTES);
    return id;
}

int32_t kws_link_begin(kws_link_t *link, kws_request_t *request) {
    request->out_size = 8;
    if (request->size != 44) {
        return KWS_ERROR_ARGUMENT;
    }
    kws_image_id_t id = read_id(request->data + 4);
    bool was_verified = link->slots->push == KWS_PUSH_VERIFIED;
    link->test_slot = -1; /* the push may erase the image under test */
    int32_t offset = kws_slots_begin(link->slots, &id, (request->data[0] & KWS_BEGIN_RESTART) != 0);
    if (offset < 0) {
        return offset;
    }
    if (!was_verified || link->slots->push != KWS_PUSH_VERIFIED) {
        link->num_candidate_runs = 0;
    }
    request->out[1] = (uint8_t)link->slots->target;
    kws_write_u32(request->out + 4, (uint32_t)offset);
    return KWS_OK;
}

int32_t kws_link_data(kws_link_t *link, kws_request_t *request) {
    request->out_size = 8;
    if (request->size <= 4) {
        return KWS_ERROR_ARGUMENT;
    }
    int32_t next = kws_slots_write(link->slots, kws_read_u32(request->data), request->data + 4, request->size - 4u);
    if (next < 0) {
        return next;
    }
    kws_write_u32(request->out + 4, (uint32_t)next);
    return KWS_OK;
}

int32_t kws_link_end(kws_link_t *link, kws_request_t *request) {
    (void)request;
    return kws_slots_verify(link->slots);
}

static int32_t open_test(kws_link_t *link, uint8_t target) {
    const kws_slots_t *slots = link->slots;
    int32_t slot = slots->active;
    if (target == KWS_TARGET_CANDIDATE) {
        slot = slots->push == KWS_PUSH_VERIFIED ? slots->target : -1;
    } else if (target != KWS_TARGET_ACTIVE) {
        return KWS_ERROR_ARGUMENT;
    }
    link->test_slot = -1;
    if (slot < 0) {
        return KWS_ERROR_STATE;
    }
    int32_t size = link->app.test_open(link->app.context, slot);
    if (size <= 0) {
        return size < 0 ? size : KWS_ERROR_STATE;
    }
    link->test_slot = slot;
    link->test_size = (uint32_t)size;
    link->test_position = 0;
    return KWS_OK;
}

static int32_t run_test(kws_link_t *link, kws_request_t *request) {
    const kws_slots_t *slots = link->slots;
    bool is_candidate = slots->push == KWS_PUSH_VERIFIED && link->test_slot == slots->target;
    int32_t count = link->app.test_run(link->app.context, (int8_t *)request->out + 8, KWS_LINK_MAX_RESPONSE - 8);
    link->test_slot = -1;
    if (count < 0) {
        return count;
    }
    link->num_candidate_runs += is_candidate;
    kws_write_u16(request->out + 2, (uint16_t)count);
    request->out_size = 8u + (uint32_t)count;
    return KWS_OK;
}

int32_t kws_link_test(kws_link_t *link, kws_request_t *request) {
    request->out_size = 8;
    if (request->size <= 8) {
        return KWS_ERROR_ARGUMENT;
    }
    uint32_t position = kws_read_u32(request->data + 4);
    uint32_t size = request->size - 8u;
    if (position == 0) {
        int32_t opened = open_test(link, request->data[0]);
        if (opened != KWS_OK) {
            return opened;
        }
    }
    if (link->test_slot < 0 || position != link->test_position) {
        uint32_t expected = link->test_slot < 0 ? 0 : link->test_position;
        kws_write_u32(request->out + 4, expected);
        return KWS_OK;
    }
    if (size > link->test_size - position) {
        return KWS_ERROR_SIZE;
    }
    int32_t taken = link->app.test_input(link->app.context, position, request->data + 8, size);
    if (taken < 0) {
        return taken;
    }
    link->test_position += size;
    kws_write_u32(request->out + 4, link->test_position);
    return link->test_position < link->test_size ? KWS_OK : run_test(link, request);
}

int32_t kws_link_confirm(kws_link_t *link, kws_request_t *request) {
    kws_slots_t *slots = link->slots;
    request->out_size = 4;
    if (request->size != KWS_SHA256_BYTES) {
        return KWS_ERROR_ARGUMENT;
    }
    bool is_active = slots->active >= 0 && memcmp(slots->active_id.sha256, request->data, KWS_SHA256_BYTES) == 0;
    if (slots->push == KWS_PUSH_NONE && is_active) {
        request->out[1] = (uint8_t)slots->active; /* repeated request: the first response was lost */
        return KWS_OK;
    }
    if (slots->push != KWS_PUSH_VERIFIED || link->num_candidate_runs == 0 ||
        memcmp(slots->target_id.sha256, request->data, KWS_SHA256_BYTES) != 0) {
        return KWS_ERROR_STATE;
    }
    int32_t result = kws_slots_confirm(slots);
    request->out[1] = (uint8_t)slots->active;
    link->test_slot = -1;
    link->app.model_changed(link->app.context);
    return result;
}

int32_t kws_link_abort(kws_link_t *link, kws_request_t *request) {
    (void)request;
    kws_slots_abort(link->slots);
    link->test_slot = -1;
    link->app.model_changed(link->app.context);
    return KWS_OK;
}
