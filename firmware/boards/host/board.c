/* The firmware as a native process: `kwspipe --flash FILE [--pty | --fds IN OUT] [--baud N] [--cut-at N] [--version
 * T]`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/kws_status.h"
#include "host.h"

#define SERIAL_WINDOW_BYTES 2048u
#define MAX_ARGUMENTS 32

static kws_board_t board;
static int argument_count;
static char **arguments;

static int audio_start(void *context, uint32_t sample_rate_hz) {
    (void)context;
    return sample_rate_hz == 0 ? KWS_OK : KWS_ERROR_UNSUPPORTED; /* no microphone, only fed audio */
}

static uint32_t audio_read(void *context, int16_t *samples, uint32_t num_samples) {
    (void)context;
    (void)samples;
    (void)num_samples;
    return 0;
}

static void set_led(void *context, kws_led_t led, bool on) {
    (void)context;
    (void)led;
    (void)on;
}

static uint32_t time_ms(void *context) {
    (void)context;
    return (uint32_t)(host_time_ns() / 1000000u);
}

static uint32_t cycles(void *context) {
    (void)context;
    return (uint32_t)host_time_ns();
}

/* Restarts the program with the same line and flash file. */
static void reset(void *context) {
    (void)context;
    int fd_in;
    int fd_out;
    host_serial_fds(&fd_in, &fd_out);
    char in_text[16];
    char out_text[16];
    snprintf(in_text, sizeof in_text, "%d", fd_in);
    snprintf(out_text, sizeof out_text, "%d", fd_out);
    char *restart_arguments[MAX_ARGUMENTS + 4];
    int count = 0;
    for (int i = 0; i < argument_count; i++) {
        if (strcmp(arguments[i], "--pty") == 0) {
            continue;
        }
        if (strcmp(arguments[i], "--fds") == 0) {
            i += 2;
            continue;
        }
        restart_arguments[count++] = arguments[i];
    }
    restart_arguments[count++] = "--fds";
    restart_arguments[count++] = in_text;
    restart_arguments[count++] = out_text;
    restart_arguments[count] = NULL;
    execv(arguments[0], restart_arguments);
    perror(arguments[0]);
    exit(1);
}

static bool read_options(host_options_t *options) {
    for (int i = 1; i < argument_count; i++) {
        const char *name = arguments[i];
        int left = argument_count - i - 1;
        if (strcmp(name, "--pty") == 0) {
            options->pseudo_terminal = true;
        } else if (strcmp(name, "--fds") == 0 && left >= 2) {
            options->fd_in = atoi(arguments[++i]);
            options->fd_out = atoi(arguments[++i]);
        } else if (strcmp(name, "--flash") == 0 && left >= 1) {
            options->flash_path = arguments[++i];
        } else if (strcmp(name, "--baud") == 0 && left >= 1) {
            options->baud = (uint32_t)strtoul(arguments[++i], NULL, 10);
        } else if (strcmp(name, "--cut-at") == 0 && left >= 1) {
            options->cut_at = strtoull(arguments[++i], NULL, 10);
        } else if (strcmp(name, "--version") == 0 && left >= 1) {
            options->version = arguments[++i];
        } else {
            fprintf(stderr, "%s: unknown option or missing value\n", name);
            return false;
        }
    }
    return options->flash_path != NULL;
}

const kws_board_t *kws_board_open(int argc, char **argv) {
    argument_count = argc;
    arguments = argv;
    host_options_t options = {.version = KWS_FIRMWARE_VERSION,
                              .cut_at = UINT64_MAX,
                              .fd_in = STDIN_FILENO,
                              .fd_out = STDOUT_FILENO};
    if (argc > MAX_ARGUMENTS || !read_options(&options)) {
        fprintf(stderr,
                "usage: %s --flash FILE [--pty | --fds IN OUT] [--baud N] [--cut-at N] [--version TEXT]\n"
                "  --pty     use a pseudo-terminal and print its path; default: stdin and stdout\n"
                "  --baud    limit the rate of the line\n"
                "  --cut-at  simulate a power failure at this flash operation, counted from 0\n",
                argv[0]);
        return NULL;
    }
    board = (kws_board_t){.name = "host",
                          .version = options.version,
                          .serial_window_bytes = SERIAL_WINDOW_BYTES,
                          .serial_read = host_serial_read,
                          .serial_write = host_serial_write,
                          .audio_start = audio_start,
                          .audio_read = audio_read,
                          .set_led = set_led,
                          .time_ms = time_ms,
                          .cycles = cycles,
                          .cycles_name = "nanoseconds",
                          .idle = host_serial_idle,
                          .reset = reset};
    return host_flash_open(&board.flash, &options) && host_serial_open(&options) ? &board : NULL;
}
