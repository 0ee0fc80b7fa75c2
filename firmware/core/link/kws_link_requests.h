/* Requests of the serial link, internal to the link. Each request is a function from the request payload to the
 * response payload. */
#ifndef KWS_LINK_REQUESTS_H
#define KWS_LINK_REQUESTS_H

#include "link/kws_link.h"

typedef struct {
    const uint8_t *data;
    uint32_t size;
    uint8_t *out;      /* payload of the response, initially zero; byte 0 is the status */
    uint32_t out_size; /* 1 unless the request sets a larger size */
} kws_request_t;

/* Requests of a push, in kws_link_push.c. Each returns the status of the response. */
int32_t kws_link_begin(kws_link_t *link, kws_request_t *request);
int32_t kws_link_data(kws_link_t *link, kws_request_t *request);
int32_t kws_link_end(kws_link_t *link, kws_request_t *request);
int32_t kws_link_test(kws_link_t *link, kws_request_t *request);
int32_t kws_link_confirm(kws_link_t *link, kws_request_t *request);
int32_t kws_link_abort(kws_link_t *link, kws_request_t *request);

/* Executes one request. Writes the payload of the response to `response` (KWS_LINK_MAX_RESPONSE bytes, initially zero).
 * Byte 0 of the payload is the status. Returns the size of the payload. */
uint32_t kws_link_execute(kws_link_t *link, uint8_t verb, const uint8_t *payload, uint32_t size, uint8_t *response);

/* Writes an event in the format of EVENT and EVENTS, KWS_LINK_EVENT_BYTES. */
void kws_link_write_event(const kws_event_t *event, uint8_t *bytes);

#endif
