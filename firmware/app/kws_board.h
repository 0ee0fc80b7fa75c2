/* Interface between the application and a board.
 *
 * A board is a folder in firmware/boards/ that defines kws_board_open(). All functions are called from the main loop
 * and never from an interrupt. Only idle() and the two flash functions may block. */
#ifndef KWS_BOARD_H
#define KWS_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "slots/kws_flash.h"

typedef enum {
    KWS_LED_KEYWORD = 0, /* red: keyword detected */
    KWS_LED_ACTIVITY = 1 /* green: sound above the activity level */
} kws_led_t;

typedef struct {
    /* Passed to every function below. */
    void *context;
    /* Name of the board as in conf/board/, at most 15 characters: "brd2601", "host". The emulated board runs the
     * firmware of brd2601 and has its name. */
    const char *name;
    /* Firmware version, at most 31 characters: KWS_FIRMWARE_VERSION of the build. */
    const char *version;

    /* Flash memory of the model slots. While it erases or writes, the board must continue to receive serial bytes, by
     * DMA or by polling from code in RAM. */
    kws_flash_t flash;

    /* Encoded bytes that the serial receiver can buffer while the application is busy for up to 100 ms. The sender
     * keeps at most this many bytes unacknowledged. The minimum is 1024. With 2048, a line with 115200 baud has no
     * gaps. */
    uint32_t serial_window_bytes;
    /* Reads up to `size_bytes` received bytes. Returns the number of bytes, 0 if none are available. */
    uint32_t (*serial_read)(void *context, uint8_t *data, uint32_t size_bytes);
    /* Queues up to `size_bytes` bytes for sending. Returns the number of queued bytes, 0 if there is no space. */
    uint32_t (*serial_write)(void *context, const uint8_t *data, uint32_t size_bytes);

    /* Starts the microphone at this rate, or stops it (0). Returns KWS_OK, or KWS_ERROR_UNSUPPORTED if the board has no
     * microphone or does not support the rate. In that case the application processes only fed audio. */
    int (*audio_start)(void *context, uint32_t sample_rate_hz);
    /* Reads up to `num_samples` samples of the microphone, oldest first. Returns the number of samples, 0 if none are
     * available. The board buffers at least 100 ms and drops samples if the buffer is full. */
    uint32_t (*audio_read)(void *context, int16_t *samples, uint32_t num_samples);

    /* Switches an LED on or off. Does nothing if the board does not have this LED. */
    void (*set_led)(void *context, kws_led_t led, bool on);

    /* Returns the milliseconds since an arbitrary time before the start. Wraps at 2^32. */
    uint32_t (*time_ms)(void *context);
    /* Returns the counter for the profile, in units of `cycles_name`. Wraps at 2^32. */
    uint32_t (*cycles)(void *context);
    /* Unit of cycles(): "cycles", "instructions" or "nanoseconds"; at most 15 characters. */
    const char *cycles_name;

    /* Waits until a serial byte or a sample is available, space to send becomes available, or `max_ms` have passed. May
     * return early at any time. On silicon only a pending, enabled interrupt ends the wait. */
    void (*idle)(void *context, uint32_t max_ms);
    /* Restarts the firmware as after power-on. Bytes already queued are sent first. Does not return. */
    void (*reset)(void *context);
} kws_board_t;

/* Initializes the hardware. Must be called before any other function. The arguments are those of main(): the command
 * line in a native process, 0 and NULL on a microcontroller. Returns NULL only if a native process cannot continue. */
const kws_board_t *kws_board_open(int argc, char **argv);

#endif
