/* The requests of the serial link, each a function from payload to payload. Only the link's own files use this. */
#ifndef KWS_LINK_REQUESTS_H
#define KWS_LINK_REQUESTS_H

#include "link/kws_link.h"

typedef struct {
    const uint8_t *data;
    uint32_t size;
    uint8_t *out;      /* the response's payload, zeros at first; byte 0 is the status */
    uint32_t out_size; /* 1 unless a request says more */
} kws_request_t;

/* The requests of a push; kws_link_push.c. Each returns the status of the response. */
int32_t kws_link_begin(kws_link_t *link, kws_request_t *request);
int32_t kws_link_data(kws_link_t *link, kws_request_t *request);
int32_t kws_link_end(kws_link_t *link, kws_request_t *request);
int32_t kws_link_test(kws_link_t *link, kws_request_t *request);
int32_t kws_link_confirm(kws_link_t *link, kws_request_t *request);
int32_t kws_link_abort(kws_link_t *link, kws_request_t *request);

/* Carries out one request. Writes the response's payload, of which byte 0 is the status, to `response`
 * (KWS_LINK_MAX_RESPONSE bytes, zeros) and returns its size. */
uint32_t kws_link_execute(kws_link_t *link, uint8_t verb, const uint8_t *payload, uint32_t size, uint8_t *response);

/* Writes an event as EVENT and EVENTS carry it, KWS_LINK_EVENT_BYTES. */
void kws_link_write_event(const kws_event_t *event, uint8_t *bytes);

#endif
