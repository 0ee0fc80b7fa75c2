/* Modules of the native board. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "kws_board.h"

typedef struct {
    const char *flash_path;
    const char *version;
    uint64_t cut_at; /* flash operation (word write or page erase) at which the power fails; UINT64_MAX: never */
    uint32_t baud;   /* maximum rate of the line; 0: unlimited */
    int fd_in;
    int fd_out;
    bool pseudo_terminal;
} host_options_t;

/* Maps the file as flash and creates it if it does not exist. Returns false after printing a message to stderr. */
bool host_flash_open(kws_flash_t *flash, const host_options_t *options);

/* Opens the line. With a pseudo-terminal, prints "port: <path>" to stdout. */
bool host_serial_open(const host_options_t *options);
uint32_t host_serial_read(void *context, uint8_t *data, uint32_t size_bytes);
uint32_t host_serial_write(void *context, const uint8_t *data, uint32_t size_bytes);
void host_serial_idle(void *context, uint32_t max_ms);
/* Returns the file descriptors of the line, for a process that continues to use it. */
void host_serial_fds(int *fd_in, int *fd_out);

uint64_t host_time_ns(void);

#endif
