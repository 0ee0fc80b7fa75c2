/* The requests of the serial link, each a function from payload to payload. Only kws_link.c uses this. */
#ifndef KWS_LINK_REQUESTS_H
#define KWS_LINK_REQUESTS_H

#include "kws_link.h"

/* Carries out one request. Writes the response's payload, of which byte 0 is the status, to `response`
 * (KWS_LINK_MAX_RESPONSE bytes, zeros) and returns its size. */
uint32_t kws_link_carry_out(kws_link_t *link, uint8_t verb, const uint8_t *payload, uint32_t size, uint8_t *response);

/* Writes an event as EVENT and EVENTS carry it, KWS_LINK_EVENT_BYTES. */
void kws_link_write_event(const kws_event_t *event, uint8_t *bytes);

#endif
