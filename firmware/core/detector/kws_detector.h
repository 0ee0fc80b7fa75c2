/* Streaming detector: the scores of one inference after another in, a detection now and then out.
 *
 * TensorFlow's RecognizeCommands as Silicon Labs changed it, with one weakness mended. The scores (int8 + 128: 0 to
 * 255) of the inferences of the last average_window_duration_ms are averaged; the class with the highest mean fires
 * if it is a keyword, its mean exceeds the threshold of its class, and no word has fired within suppression_ms. Theirs
 * suppresses only the word that fired last, so that two different words may fire together;
 * KWS_DETECTOR_SAME_WORD_ONLY asks for that.
 *
 * Settings are a blob, little-endian, at any alignment; kwspipe.detector writes it. Its bytes:
 *    0  uint32  KWS_DETECTOR_MAGIC
 *    4  uint8   KWS_DETECTOR_VERSION
 *    5  uint8   flags: KWS_DETECTOR_SAME_WORD_ONLY, KWS_DETECTOR_VERBOSE
 *    6  uint8   num_classes
 *    7  uint8   minimum_count: with fewer inferences in the window nothing fires; 0: no averaging, the latest decides
 *    8  uint16  queue_length: inferences the window can hold, at least minimum_count
 *   10  uint16  average_window_duration_ms, up to 10,000
 *   12  uint16  suppression_ms, up to 60,000
 *   14  uint16  latency_ms: time from one inference to the next, up to 10,000; 0: one a frame
 *   16  uint8   volume_gain: of the microphone
 *   17  3 zeros
 *   20  two bytes a class: threshold, then KWS_DETECTOR_KEYWORD or 0
 *
 * Memory is the caller's: a kws_detector_t and 4 * num_classes + queue_length * (4 + num_classes) bytes, rounded up to
 * a multiple of 4: 224 bytes for 12 classes and a window of 1000 ms at a latency of 100 ms. Times are in ms and may
 * wrap at 32 bits.
 */
#ifndef KWS_DETECTOR_H
#define KWS_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kws_status.h"

/* python:begin */
#define KWS_DETECTOR_MAGIC 1413764939 /* "KWDT" */
#define KWS_DETECTOR_VERSION 1
#define KWS_DETECTOR_HEAD_BYTES 20
#define KWS_DETECTOR_MAX_CLASSES 128
#define KWS_DETECTOR_MAX_QUEUE_LENGTH 256

#define KWS_DETECTOR_SAME_WORD_ONLY 1
#define KWS_DETECTOR_VERBOSE 2
#define KWS_DETECTOR_KEYWORD 1

typedef struct {
    uint32_t index;   /* of the class */
    uint32_t score;   /* its mean, 0 to 255 */
    uint32_t time_ms; /* of the inference that made it fire */
} kws_detection_t;

typedef struct {
    const uint8_t *classes; /* in the blob */
    uint32_t flags;
    uint32_t num_classes;
    uint32_t minimum_count;
    uint32_t queue_length;
    uint32_t window_ms;
    uint32_t suppression_ms;
    uint32_t latency_ms;
    uint32_t volume_gain;

    uint32_t *sums;   /* of the scores in the queue, num_classes */
    uint32_t *times;  /* queue_length */
    uint8_t *scores;  /* queue_length, num_classes */
    uint32_t first;   /* oldest place in the queue */
    uint32_t count;   /* places in use */
    uint32_t time_ms; /* of the last inference */
    uint32_t fired_time_ms;
    uint32_t fired_index;
    bool started;     /* an inference has come since the reset */
    bool suppressing; /* a word has fired within suppression_ms */
} kws_detector_t;

/* Checks every field. KWS_OK or KWS_ERROR_ARGUMENT, _SIZE (blob cut short), _FORMAT, _UNSUPPORTED (another version). */
int32_t kws_detector_check(const uint8_t *blob, size_t size_bytes);

/* Bytes of memory a detector with these settings needs, or the negative status of kws_detector_check. */
int32_t kws_detector_memory_bytes(const uint8_t *blob, size_t size_bytes);

/* Checks the blob, lays the memory out and resets. The blob stays in place while the detector is in use, and so does
 * the memory, which is 4-byte aligned. KWS_OK, the status of kws_detector_check, or KWS_ERROR_SIZE where memory is
 * too small. */
int32_t kws_detector_init(kws_detector_t *detector, const uint8_t *blob, size_t size_bytes, void *memory,
                          size_t memory_bytes);

/* Forgets all inferences and detections. */
void kws_detector_reset(kws_detector_t *detector);

/* Takes the scores (num_classes) of the inference at time_ms. Returns 1 and fills `detection` where a word fires,
 * else 0. When the queue is full, because inferences came faster than latency_ms, the oldest gives way to the new one
 * before its time. KWS_ERROR_ARGUMENT where the time steps back, that is, ahead by 2^31 ms or more; nothing has
 * changed then. */
int32_t kws_detector_process(kws_detector_t *detector, const int8_t *scores, uint32_t time_ms,
                             kws_detection_t *detection);

/* The same for many inferences: scores (num_inferences, num_classes), as many times, and room for as many detections.
 * Returns how many fired; stops with KWS_ERROR_ARGUMENT where a time steps back. */
int32_t kws_detector_process_many(kws_detector_t *detector, const int8_t *scores, const uint32_t *times_ms,
                                  size_t num_inferences, kws_detection_t *detections);
/* python:end */

#endif
