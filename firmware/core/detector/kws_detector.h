/* Streaming detector: converts the scores of consecutive inferences into detections.
 *
 * The algorithm is TensorFlow's RecognizeCommands with the changes of Silicon Labs and one correction. The detector
 * averages the scores (int8 + 128: 0 to 255) of the inferences of the last average_window_duration_ms. A class is
 * detected if all of these conditions hold:
 * - the class is a keyword,
 * - its mean exceeds the threshold of the class,
 * - with KWS_DETECTOR_KEYWORDS_ONLY: its mean is the highest of the keywords that meet these two conditions;
 *   without this flag: its mean is the highest of all classes, including those that are not keywords,
 * - no keyword was detected within suppression_ms.
 *
 * The vendor's version compares all classes. The scores of an inference sum up to about 256, so that a mean above 127
 * is the highest of all classes and both rules are equal. With the vendor's rule, thresholds below 100 have little
 * effect, because the means of the other classes determine the detections.
 *
 * The vendor's version suppresses only the keyword that was detected last, so two different keywords can be detected
 * together. The flag KWS_DETECTOR_SAME_WORD_ONLY selects that behavior.
 *
 * The settings are a little-endian blob at any alignment, written by kwspipe.core.detector:
 *    0  uint32  KWS_DETECTOR_MAGIC
 *    4  uint8   version: 1, or 2 if KWS_DETECTOR_KEYWORDS_ONLY is set, which a reader of version 1 does not support
 *    5  uint8   flags: KWS_DETECTOR_SAME_WORD_ONLY, KWS_DETECTOR_VERBOSE, KWS_DETECTOR_KEYWORDS_ONLY
 *    6  uint8   num_classes
 *    7  uint8   minimum_count: inferences required for a detection; 0: no averaging, latest inference only
 *    8  uint16  queue_length: maximum number of inferences in the window, at least minimum_count
 *   10  uint16  average_window_duration_ms, up to 10,000
 *   12  uint16  suppression_ms, up to 60,000
 *   14  uint16  latency_ms: time between inferences, up to 10,000; 0: one inference per frame
 *   16  uint8   volume_gain: gain of the microphone
 *   17  3 zeros
 *   20  two bytes per class: threshold, then KWS_DETECTOR_KEYWORD or 0
 *
 * The caller provides the memory: a kws_detector_t and 4 * num_classes + queue_length * (4 + num_classes) bytes,
 * rounded up to a multiple of 4. This is 224 bytes for 12 classes and a window of 1000 ms at a latency of 100 ms. Times
 * are in ms and may wrap at 32 bits. */
#ifndef KWS_DETECTOR_H
#define KWS_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kws_status.h"

/* python:begin */
#define KWS_DETECTOR_MAGIC 1413764939 /* "KWDT" */
#define KWS_DETECTOR_VERSION 2 /* highest supported version */
#define KWS_DETECTOR_HEAD_BYTES 20
#define KWS_DETECTOR_MAX_CLASSES 128
#define KWS_DETECTOR_MAX_QUEUE_LENGTH 256

#define KWS_DETECTOR_SAME_WORD_ONLY 1
#define KWS_DETECTOR_VERBOSE 2
#define KWS_DETECTOR_KEYWORDS_ONLY 4
#define KWS_DETECTOR_KEYWORD 1

typedef struct {
    uint32_t index;   /* class index */
    uint32_t score;   /* mean score of the class, 0 to 255 */
    uint32_t time_ms; /* time of the inference that completed the detection */
} kws_detection_t;

typedef struct {
    const uint8_t *classes; /* thresholds and flags in the blob */
    uint32_t flags;
    uint32_t num_classes;
    uint32_t minimum_count;
    uint32_t queue_length;
    uint32_t window_ms;
    uint32_t suppression_ms;
    uint32_t latency_ms;
    uint32_t volume_gain;

    uint32_t *sums;   /* sum of the queued scores per class, num_classes */
    uint32_t *times;  /* queue_length */
    uint8_t *scores;  /* (queue_length, num_classes) */
    uint32_t first;   /* position of the oldest entry in the queue */
    uint32_t count;   /* entries in use */
    uint32_t time_ms; /* time of the last inference */
    uint32_t fired_time_ms;
    uint32_t fired_index;
    bool started;     /* at least one inference since the reset */
    bool suppressing; /* a keyword was detected within suppression_ms */
} kws_detector_t;

/* Checks every field. Returns KWS_OK, KWS_ERROR_ARGUMENT, KWS_ERROR_SIZE (truncated blob), KWS_ERROR_FORMAT or
 * KWS_ERROR_UNSUPPORTED (higher version). */
int32_t kws_detector_check(const uint8_t *blob, size_t size_bytes);

/* Returns the bytes of memory that a detector with these settings requires, or the negative status of
 * kws_detector_check. */
int32_t kws_detector_memory_bytes(const uint8_t *blob, size_t size_bytes);

/* Checks the blob, divides the memory into its arrays and resets the detector. The memory is 4-byte aligned. Blob and
 * memory must remain valid while the detector is in use. Returns KWS_OK, the status of kws_detector_check, or
 * KWS_ERROR_SIZE if the memory is too small. */
int32_t kws_detector_init(kws_detector_t *detector, const uint8_t *blob, size_t size_bytes, void *memory,
                          size_t memory_bytes);

/* Discards all inferences and detections. */
void kws_detector_reset(kws_detector_t *detector);

/* Adds the scores (num_classes) of the inference at time_ms. Returns 1 and fills `detection` if a keyword is detected,
 * else 0. If inferences are more frequent than latency_ms, the queue can be full; the new entry then replaces the
 * oldest one early. Returns KWS_ERROR_ARGUMENT and changes nothing if the time decreases, i.e. the difference is 2^31
 * ms or more. */
int32_t kws_detector_process(kws_detector_t *detector, const int8_t *scores, uint32_t time_ms,
                             kws_detection_t *detection);

/* Processes several inferences: scores (num_inferences, num_classes), times_ms (num_inferences,). `detections` has
 * space for num_inferences entries. Returns the number of detections. Stops with KWS_ERROR_ARGUMENT if a time
 * decreases. */
int32_t kws_detector_process_many(kws_detector_t *detector, const int8_t *scores, const uint32_t *times_ms,
                                  size_t num_inferences, kws_detection_t *detections);
/* python:end */

#endif
