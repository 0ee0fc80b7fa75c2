/* Device side of the serial link: decodes received bytes, executes requests and provides the bytes to send. The link
 * does not access hardware. The application transfers the bytes and implements the callbacks of kws_link_app_t.
 * docs/specifications/protocol.md describes every verb byte by byte. */
#ifndef KWS_LINK_H
#define KWS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/kws_frame.h"
#include "slots/kws_slots.h"

/* python:begin */
#define KWS_LINK_PROTOCOL 1        /* version in HELLO */
#define KWS_LINK_MAX_RESPONSE 512  /* payload bytes */
#define KWS_LINK_MAX_ENCODED 524   /* an encoded response: 519 bytes, 3 COBS codes, 2 zeros */
#define KWS_LINK_NUM_EVENTS 16     /* stored for EVENTS */
#define KWS_LINK_EVENTS_PER_RESPONSE 4 /* a short response is less likely to be damaged on a noisy line */
#define KWS_LINK_LABEL_BYTES 24
#define KWS_LINK_EVENT_BYTES 36
#define KWS_LINK_EVENT_ENCODED 46

typedef enum {
    KWS_VERB_HELLO = 1,
    KWS_VERB_STATUS = 2,
    KWS_VERB_BEGIN = 3,
    KWS_VERB_DATA = 4,
    KWS_VERB_END = 5,
    KWS_VERB_TEST = 6,
    KWS_VERB_CONFIRM = 7,
    KWS_VERB_ABORT = 8,
    KWS_VERB_FEED = 9,
    KWS_VERB_EVENTS = 10,
    KWS_VERB_PROFILE = 11,
    KWS_VERB_RESET = 12,
    KWS_VERB_EVENT = 64,     /* sent by the device without a request */
    KWS_VERB_RESPONSE = 128  /* added to the verb of the request */
} kws_verb_t;

typedef enum {
    KWS_TARGET_ACTIVE = 0,
    KWS_TARGET_CANDIDATE = 1
} kws_target_t;

typedef enum {
    KWS_FEED_AUDIO = 0,   /* int16 samples */
    KWS_FEED_FEATURES = 1 /* uint16 features, whole frames of the front end */
} kws_feed_kind_t;

/* Flags of BEGIN and FEED. */
#define KWS_BEGIN_RESTART 1
#define KWS_FEED_START 1
#define KWS_FEED_STOP 2

typedef enum {
    KWS_SOURCE_NONE = 0,
    KWS_SOURCE_MICROPHONE = 1,
    KWS_SOURCE_FEED = 2
} kws_source_t;

/* A detection. */
typedef struct {
    uint32_t index; /* number of events since the start of the device; set by kws_link_post() */
    uint32_t time_ms; /* audio time, from the start of the stream */
    uint8_t label_index;
    uint8_t score; /* 0..255, the mean that the detector compared with the threshold */
    char label[24]; /* UTF-8, truncated if longer, padded with zeros */
} kws_event_t;

/* State of the application in the response to STATUS. */
typedef struct {
    kws_source_t source;
    uint32_t uptime_ms;
    uint32_t num_inferences;
} kws_link_activity_t;

/* Identity of the device in the response to HELLO. The strings must remain valid. */
typedef struct {
    const char *board;       /* at most 15 characters */
    const char *firmware;    /* at most 31 */
    const char *cycles_name; /* at most 15 */
    uint32_t window_bytes;   /* encoded bytes that the host may send without a response */
    uint32_t memory_bytes;   /* for a spotter: tensor arena, features, front end, detector */
    uint16_t image_version;  /* format of the images that this firmware can read */
} kws_link_identity_t;

/* Callbacks of the application. Each function returns KWS_OK, a count, or a negative status. A negative status becomes
 * the status of the response. */
typedef struct {
    void *context;
    /* Prepares the image of this slot for a golden input. Returns the size of its input in bytes. */
    int32_t (*test_open)(void *context, int32_t slot);
    /* Stores the next bytes of the input. */
    int32_t (*test_input)(void *context, uint32_t position, const uint8_t *data, uint32_t size_bytes);
    /* Runs the model once. Returns the number of outputs. */
    int32_t (*test_run)(void *context, int8_t *outputs, uint32_t max_outputs);
    /* Runs the active model once and counts cycles of the whole `inference` and of each operator. Writes up to
     * `max_counts` counts, starting with operator `first`. Returns the total number of operators. */
    int32_t (*profile)(void *context, uint32_t first, uint32_t *counts, uint32_t max_counts, uint32_t *inference);
    /* feed_start resets the spotter and replaces the microphone by fed data. feed_stop returns to the microphone. */
    int32_t (*feed_start)(void *context, kws_feed_kind_t kind);
    int32_t (*feed_stop)(void *context);
    int32_t (*feed)(void *context, kws_feed_kind_t kind, const uint8_t *data, uint32_t size_bytes);
    /* Called after CONFIRM and ABORT. Resumes spotting with the active image, which may have changed. */
    void (*model_changed)(void *context);
    void (*activity)(void *context, kws_link_activity_t *activity);
    /* Restarts the device after the response has been sent. */
    void (*reset)(void *context);
} kws_link_app_t;

typedef struct {
    kws_slots_t *slots;
    kws_link_app_t app;
    kws_link_identity_t identity;
    kws_frame_decoder_t decoder;

    uint32_t num_requests;
    bool answered;             /* `response` belongs to the request below */
    uint8_t request_verb;
    uint16_t request_sequence;
    uint32_t request_crc32;
    uint8_t response[524];     /* encoded; stored for a repeated request */
    uint32_t response_size;
    uint32_t response_sent;

    kws_event_t events[16];    /* index % KWS_LINK_NUM_EVENTS */
    uint32_t num_events;
    uint32_t num_events_sent;    /* events sent as EVENT, or no longer stored */
    uint8_t event[46];         /* encoded */
    uint32_t event_size;
    uint32_t event_sent;

    int32_t test_slot;         /* -1: no golden input in progress */
    uint32_t test_size;        /* bytes of its input */
    uint32_t test_position;
    uint32_t num_candidate_runs;
    bool feeding;
    kws_feed_kind_t feed_kind;
    uint32_t feed_position;
} kws_link_t;

/* Opens a link for `slots`, which the caller owns. Returns KWS_OK or KWS_ERROR_ARGUMENT. */
int32_t kws_link_open(kws_link_t *link, kws_slots_t *slots, const kws_link_app_t *app,
                      const kws_link_identity_t *identity);

/* Processes received bytes and executes the requests in them. Returns the number of consumed bytes. Consumes none while
 * a response is waiting to be sent. */
uint32_t kws_link_receive(kws_link_t *link, const uint8_t *data, uint32_t size_bytes);

/* Sets `data` to the bytes to send. Returns their number. */
uint32_t kws_link_pending(kws_link_t *link, const uint8_t **data);

/* Marks size_bytes of the pending bytes as sent. */
void kws_link_sent(kws_link_t *link, uint32_t size_bytes);

/* Queues an event for a detection. The link sets its index. */
void kws_link_post(kws_link_t *link, const kws_event_t *event);
/* python:end */

#endif
