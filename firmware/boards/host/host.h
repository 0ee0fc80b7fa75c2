/* The parts of the native board. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "kws_board.h"

typedef struct {
    const char *flash_path;
    const char *version;
    uint64_t cut_at; /* flash operation (a word written, a page erased) at which the power fails; UINT64_MAX: never */
    uint32_t baud;   /* the line carries no more than this; 0: as fast as it can */
    int fd_in;
    int fd_out;
    bool pseudo_terminal;
} host_options_t;

/* Maps the file as flash, made anew where there is none. Returns false with a message on stderr. */
bool host_flash_open(kws_flash_t *flash, const host_options_t *options);

/* Opens the line; with a pseudo-terminal, prints "port: <path>" on stdout. */
bool host_serial_open(const host_options_t *options);
uint32_t host_serial_read(void *context, uint8_t *data, uint32_t size_bytes);
uint32_t host_serial_write(void *context, const uint8_t *data, uint32_t size_bytes);
void host_serial_idle(void *context, uint32_t max_ms);
/* The descriptors of the line, to hand on to a process that goes on with it. */
void host_serial_fds(int *fd_in, int *fd_out);

uint64_t host_time_ns(void);

#endif
