/* What a board provides to the application; the only interface between the two.
 *
 * A board is one folder in firmware/boards/ that defines kws_board_open(). All functions are called from the
 * one main loop, never from an interrupt, and none may wait except idle() and the two of the flash. */
#ifndef KWS_BOARD_H
#define KWS_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "slots/kws_flash.h"

typedef enum {
    KWS_LED_KEYWORD = 0, /* red: a keyword was detected */
    KWS_LED_ACTIVITY = 1 /* green: the front end hears something */
} kws_led_t;

typedef struct {
    /* Handed to every function below. */
    void *context;
    /* Name of the board as in conf/board/, at most 15 characters: "brd2601", "host". The emulated board runs
     * the firmware of brd2601 and bears that name. */
    const char *name;
    /* Version of the firmware, at most 31 characters: KWS_FIRMWARE_VERSION of the build. */
    const char *version;

    /* Where the model slots lie. While it erases or writes, the board goes on receiving serial bytes
     * (by DMA, or by polling from code in RAM). */
    kws_flash_t flash;

    /* Encoded bytes the serial receiver can hold while the application is busy for up to 100 ms: the sender
     * keeps at most this many unacknowledged. At least 1024; 2048 lets a 115200 baud line run without gaps. */
    uint32_t serial_window_bytes;
    /* Takes up to `size_bytes` received bytes. Returns how many, 0 when none have come. */
    uint32_t (*serial_read)(void *context, uint8_t *data, uint32_t size_bytes);
    /* Hands over up to `size_bytes` bytes to be sent. Returns how many were taken, 0 when there is no room. */
    uint32_t (*serial_write)(void *context, const uint8_t *data, uint32_t size_bytes);

    /* Starts the microphone at this rate, or stops it (0). Returns KWS_OK, or KWS_ERROR_UNSUPPORTED where the
     * board has no microphone or not this rate: only fed audio is heard then. */
    int (*audio_start)(void *context, uint32_t sample_rate_hz);
    /* Takes up to `num_samples` samples of the microphone, oldest first. Returns how many, 0 when none have come.
     * The board holds at least 100 ms, and drops samples when it is full. */
    uint32_t (*audio_read)(void *context, int16_t *samples, uint32_t num_samples);

    /* Switches a light on or off; does nothing where the board has none. */
    void (*set_led)(void *context, kws_led_t led, bool on);

    /* Milliseconds since some moment before the start; wraps at 2^32. */
    uint32_t (*time_ms)(void *context);
    /* Counter for the profile, in units of `cycles_name`; wraps at 2^32. */
    uint32_t (*cycles)(void *context);
    /* What cycles() counts: "cycles", "instructions" or "nanoseconds"; at most 15 characters. */
    const char *cycles_name;

    /* Waits until a serial byte or a sample has come, room to send has come back, or `max_ms` have passed. May
     * return early at any time. On silicon only a pending, enabled interrupt ends the wait. */
    void (*idle)(void *context, uint32_t max_ms);
    /* Starts the firmware again, as after power-on. Sent bytes leave the board first. Does not return. */
    void (*reset)(void *context);
} kws_board_t;

/* Sets up the hardware. Called once, first of all. The arguments are those of main(): a native process gets its
 * command line, a microcontroller 0 and NULL. Returns NULL only where a native process cannot go on. */
const kws_board_t *kws_board_open(int argc, char **argv);

#endif
