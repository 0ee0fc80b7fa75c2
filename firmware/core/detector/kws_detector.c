#include "detector/kws_detector.h"

#include <string.h>

#include "common/kws_bytes.h"

/* Byte offsets in the settings blob. kws_detector.h describes the fields. */
enum {
    OFFSET_VERSION = 4,
    OFFSET_FLAGS = 5,
    OFFSET_NUM_CLASSES = 6,
    OFFSET_MINIMUM_COUNT = 7,
    OFFSET_QUEUE_LENGTH = 8,
    OFFSET_WINDOW_MS = 10,
    OFFSET_SUPPRESSION_MS = 12,
    OFFSET_LATENCY_MS = 14,
    OFFSET_VOLUME_GAIN = 16,
    OFFSET_RESERVED = 17
};
enum { MAX_WINDOW_MS = 10000, MAX_SUPPRESSION_MS = 60000, MAX_LATENCY_MS = 10000 };

static bool header_is_valid(const uint8_t *blob) {
    const uint32_t num_classes = blob[OFFSET_NUM_CLASSES];
    const uint32_t queue_length = kws_read_u16(blob + OFFSET_QUEUE_LENGTH);
    const int flags = blob[OFFSET_VERSION] == 1
                          ? KWS_DETECTOR_SAME_WORD_ONLY | KWS_DETECTOR_VERBOSE
                          : KWS_DETECTOR_SAME_WORD_ONLY | KWS_DETECTOR_VERBOSE | KWS_DETECTOR_KEYWORDS_ONLY;
    return (blob[OFFSET_FLAGS] & ~flags) == 0 && num_classes >= 1 && num_classes <= KWS_DETECTOR_MAX_CLASSES && queue_length >= 1 &&
           queue_length <= KWS_DETECTOR_MAX_QUEUE_LENGTH && blob[OFFSET_MINIMUM_COUNT] <= queue_length &&
           kws_read_u16(blob + OFFSET_WINDOW_MS) <= MAX_WINDOW_MS &&
           kws_read_u16(blob + OFFSET_SUPPRESSION_MS) <= MAX_SUPPRESSION_MS &&
           kws_read_u16(blob + OFFSET_LATENCY_MS) <= MAX_LATENCY_MS && blob[OFFSET_RESERVED] == 0 &&
           blob[OFFSET_RESERVED + 1] == 0 && blob[OFFSET_RESERVED + 2] == 0;
}

int32_t kws_detector_check(const uint8_t *blob, size_t size_bytes) {
    if (blob == NULL) {
        return KWS_ERROR_ARGUMENT;
    }
    if (size_bytes < KWS_DETECTOR_HEAD_BYTES) {
        return KWS_ERROR_SIZE;
    }
    if (kws_read_u32(blob) != KWS_DETECTOR_MAGIC) {
        return KWS_ERROR_FORMAT;
    }
    if (blob[OFFSET_VERSION] < 1 || blob[OFFSET_VERSION] > KWS_DETECTOR_VERSION) {
        return KWS_ERROR_UNSUPPORTED;
    }
    if (!header_is_valid(blob)) {
        return KWS_ERROR_FORMAT;
    }
    const size_t num_classes = blob[OFFSET_NUM_CLASSES];
    if (size_bytes != KWS_DETECTOR_HEAD_BYTES + 2 * num_classes) {
        return size_bytes < KWS_DETECTOR_HEAD_BYTES + 2 * num_classes ? KWS_ERROR_SIZE : KWS_ERROR_FORMAT;
    }
    for (size_t i = 0; i < num_classes; i++) {
        if (blob[KWS_DETECTOR_HEAD_BYTES + 2 * i + 1] > KWS_DETECTOR_KEYWORD) {
            return KWS_ERROR_FORMAT;
        }
    }
    return KWS_OK;
}

int32_t kws_detector_memory_bytes(const uint8_t *blob, size_t size_bytes) {
    const int32_t status = kws_detector_check(blob, size_bytes);
    if (status != KWS_OK) {
        return status;
    }
    const int32_t num_classes = blob[OFFSET_NUM_CLASSES];
    const int32_t queue_length = kws_read_u16(blob + OFFSET_QUEUE_LENGTH);
    return (4 * num_classes + queue_length * (4 + num_classes) + 3) / 4 * 4;
}

int32_t kws_detector_init(kws_detector_t *detector, const uint8_t *blob, size_t size_bytes, void *memory,
                          size_t memory_bytes) {
    if (detector == NULL || memory == NULL || (uintptr_t)memory % 4 != 0) {
        return KWS_ERROR_ARGUMENT;
    }
    const int32_t needed_bytes = kws_detector_memory_bytes(blob, size_bytes);
    if (needed_bytes < 0) {
        return needed_bytes;
    }
    if (memory_bytes < (size_t)needed_bytes) {
        return KWS_ERROR_SIZE;
    }
    detector->classes = blob + KWS_DETECTOR_HEAD_BYTES;
    detector->flags = blob[OFFSET_FLAGS];
    detector->num_classes = blob[OFFSET_NUM_CLASSES];
    detector->minimum_count = blob[OFFSET_MINIMUM_COUNT];
    detector->queue_length = kws_read_u16(blob + OFFSET_QUEUE_LENGTH);
    detector->window_ms = kws_read_u16(blob + OFFSET_WINDOW_MS);
    detector->suppression_ms = kws_read_u16(blob + OFFSET_SUPPRESSION_MS);
    detector->latency_ms = kws_read_u16(blob + OFFSET_LATENCY_MS);
    detector->volume_gain = blob[OFFSET_VOLUME_GAIN];
    detector->sums = memory;
    detector->times = detector->sums + detector->num_classes;
    detector->scores = (uint8_t *)(detector->times + detector->queue_length);
    kws_detector_reset(detector);
    return KWS_OK;
}

void kws_detector_reset(kws_detector_t *detector) {
    memset(detector->sums, 0, 4 * (size_t)detector->num_classes);
    detector->first = 0;
    detector->count = 0;
    detector->started = false;
    detector->suppressing = false;
}

static void drop_oldest(kws_detector_t *detector) {
    const uint8_t *const oldest = detector->scores + (size_t)detector->first * detector->num_classes;
    for (uint32_t i = 0; i < detector->num_classes; i++) {
        detector->sums[i] -= oldest[i];
    }
    detector->first = detector->first + 1 < detector->queue_length ? detector->first + 1 : 0;
    detector->count--;
}

static void append(kws_detector_t *detector, const int8_t *scores, uint32_t time_ms) {
    uint32_t place = detector->first + detector->count;
    if (place >= detector->queue_length) {
        place -= detector->queue_length;
    }
    uint8_t *const newest = detector->scores + (size_t)place * detector->num_classes;
    for (uint32_t i = 0; i < detector->num_classes; i++) {
        newest[i] = (uint8_t)(scores[i] + 128);
        detector->sums[i] += newest[i];
    }
    detector->times[place] = time_ms;
    detector->count++;
}

/* Moves the end of the window to time_ms. Unsigned differences of times remain correct when the times wrap. */
static void update_queue(kws_detector_t *detector, const int8_t *scores, uint32_t time_ms) {
    /* Without averaging, the queue holds only the latest inference. */
    const uint32_t limit = detector->minimum_count > 0 ? detector->queue_length : 1;
    while (detector->count > 0 && (detector->count == limit ||
                                   time_ms - detector->times[detector->first] > detector->window_ms)) {
        drop_oldest(detector);
    }
    append(detector, scores, time_ms);
}

static bool is_keyword_above_threshold(const kws_detector_t *detector, uint32_t index, uint32_t mean) {
    return detector->classes[2 * index + 1] == KWS_DETECTOR_KEYWORD && mean > detector->classes[2 * index];
}

/* Returns the class with the highest mean of all classes. With KWS_DETECTOR_KEYWORDS_ONLY, only the keywords above
 * their thresholds are compared. If means are equal, the lowest index is returned. Without any class to compare,
 * num_classes is returned. */
static uint32_t top_class(const kws_detector_t *detector, uint32_t *mean) {
    const bool keywords_only = (detector->flags & KWS_DETECTOR_KEYWORDS_ONLY) != 0;
    uint32_t top = detector->num_classes;
    for (uint32_t i = 0; i < detector->num_classes; i++) {
        const uint32_t candidate = detector->sums[i] / detector->count;
        if ((top == detector->num_classes || candidate > *mean) &&
            (!keywords_only || is_keyword_above_threshold(detector, i, candidate))) {
            *mean = candidate;
            top = i;
        }
    }
    return top;
}

int32_t kws_detector_process(kws_detector_t *detector, const int8_t *scores, uint32_t time_ms,
                             kws_detection_t *detection) {
    if (detector == NULL || scores == NULL || detection == NULL ||
        (detector->started && time_ms - detector->time_ms > INT32_MAX)) {
        return KWS_ERROR_ARGUMENT;
    }
    detector->started = true;
    detector->time_ms = time_ms;
    update_queue(detector, scores, time_ms);
    /* The flag is cleared at the first inference after the suppression time. Otherwise a difference of 2^32 ms would
     * look like a short one. */
    if (detector->suppressing && time_ms - detector->fired_time_ms > detector->suppression_ms) {
        detector->suppressing = false;
    }
    if (detector->count < detector->minimum_count) {
        return 0;
    }
    uint32_t mean = 0;
    const uint32_t top = top_class(detector, &mean);
    const bool same_word_only = (detector->flags & KWS_DETECTOR_SAME_WORD_ONLY) != 0;
    const bool suppressed = detector->suppressing && (!same_word_only || top == detector->fired_index);
    if (top == detector->num_classes || !is_keyword_above_threshold(detector, top, mean) || suppressed) {
        return 0;
    }
    detector->suppressing = true;
    detector->fired_time_ms = time_ms;
    detector->fired_index = top;
    *detection = (kws_detection_t){.index = top, .score = mean, .time_ms = time_ms};
    return 1;
}

int32_t kws_detector_process_many(kws_detector_t *detector, const int8_t *scores, const uint32_t *times_ms,
                                  size_t num_inferences, kws_detection_t *detections) {
    if (detector == NULL || scores == NULL || times_ms == NULL || detections == NULL || num_inferences > INT32_MAX) {
        return KWS_ERROR_ARGUMENT;
    }
    int32_t num_fired = 0;
    for (size_t i = 0; i < num_inferences; i++) {
        const int32_t fired =
            kws_detector_process(detector, scores + i * detector->num_classes, times_ms[i], detections + num_fired);
        if (fired < 0) {
            return fired;
        }
        num_fired += fired;
    }
    return num_fired;
}
